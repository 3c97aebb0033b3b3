//! The methods that the standard library does not have, in one table.

use super::batch;
use super::method::{Table, methods};

pub(super) static METHODS: Table<6> = methods! {
    fast recvfrom_segments "($self, bufsize=65535, flags=0, /)" = batch::recvfrom_segments,
        "Receives UDP datagrams that the kernel has joined: (data, size, address).\n\n\
         Every size bytes of data are a datagram, the last of which may be shorter. The kernel joins \
         those of one sender once setsockopt(IPPROTO_UDP, UDP_GRO, 1) was called; else size is the \
         length of data. Raises OSError EMSGSIZE where bufsize was too small, besides what recv() \
         raises. See udp(7).";
    fast recvfrom_segments_into "($self, buffer, flags=0, /)" = batch::recvfrom_segments_into,
        "As recvfrom_segments(), into a writable buffer: (number of bytes, size, address).";
    fast recvmmsg "($self, vlen, bufsize=2048, flags=0, /)" = batch::recvmmsg,
        "Receives up to vlen messages in one system call: [(data, address)].\n\n\
         Waits for the first alone, and brings 64 at most. A message longer than bufsize bytes is \
         cut, as by recvfrom(); recvmmsg_into() shows that. Raises what recvfrom() raises. See \
         recvmmsg(2).";
    fast recvmmsg_into "($self, buffer, itemsize, flags=0, /)" = batch::recvmmsg_into,
        "Receives messages in one system call into a writable buffer, one every itemsize bytes.\n\n\
         Gives a list of their lengths, which are more than itemsize where a message was cut. Waits \
         for the first alone, and brings 64 at most. See recvmmsg(2).";
    fast sendmmsg "($self, messages, flags=0, /)" = batch::sendmmsg,
        "Sends messages in as few system calls as it takes and gives the number of messages sent.\n\n\
         Each is a bytes-like object, or a pair of one and an address. A blocking socket waits for \
         room; with a timeout, or without blocking, fewer may go. An error behind the first message \
         ends the call early; it is raised when the rest is sent. See sendmmsg(2).";
    fast sendto_segments "($self, data, size, address=None, flags=0, /)" = batch::sendto_segments,
        "Sends data as UDP datagrams of size bytes, the last of which may be shorter.\n\n\
         The kernel cuts up to 64 of them, and 64 KiB, per system call. Gives the number of bytes: \
         fewer than there are only where an error came between, or a non-blocking socket had no more \
         room. Raises OSError EINVAL where the datagrams do not fit the path, besides what sendto() \
         raises. See udp(7), UDP_SEGMENT.";
};
