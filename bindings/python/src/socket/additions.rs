//! The methods that the standard library does not have, in one table.

use pyo3::prelude::*;

use super::deadline::Deadline;
use super::method::{Answer, Table, methods};
use super::{Socket, batch, descriptors, exact, typed};

fn deadline<'py>(slf: &Bound<'py, Socket>, seconds: &Bound<'py, PyAny>) -> Answer<'py> {
    Ok(Bound::new(slf.py(), Deadline::new(slf, seconds)?)?.into_any())
}

pub(super) static METHODS: Table<20> = methods! {
    one deadline "($self, seconds, /)" = deadline,
        "For a with statement: everything in the block must be done within so many seconds.\n\n\
         The deadline takes the place of the timeout, which comes back behind the block; a call that \
         has to wait beyond it raises TimeoutError. What is there already is still received once it \
         has passed. In nested blocks the earlier one counts. None sets no deadline. Gives an object \
         whose method remaining() tells the seconds that are left. Threads that use the socket \
         meanwhile are bound by it as well.";
    noargs getpeereid "($self, /)" = typed::getpeereid,
        "The effective user and group of the process at the other end: (uid, gid); AF_UNIX only.\n\n\
         Raises OSError ENOTCONN where the kernel knows none. See unix(7), SO_PEERCRED.";
    keywords join_group "($self, group, interface=None, *, source=None)" = typed::join_group,
        "Receives what is sent to a multicast group, from one source only where it is given.\n\n\
         Group and source are numeric hosts of either family, or objects of module ipaddress; the \
         interface is a name or a number, and the kernel's choice where it is left out. Raises \
         ValueError for what is no multicast address, OSError ENODEV for an unknown interface, \
         EADDRINUSE where it was joined before. See RFC 3678, ip(7), ipv6(7).";
    keywords leave_group "($self, group, interface=None, *, source=None)" = typed::leave_group,
        "Undoes join_group() with the same arguments. Raises OSError EADDRNOTAVAIL where there is \
         nothing to undo.";
    noargs peercred "($self, /)" = typed::peercred,
        "The process at the other end: a tuple (pid, uid, gid) with those names; AF_UNIX only.\n\n\
         It is who called connect(), listen() or socketpair(). Raises OSError ENOTCONN where the \
         kernel knows none. See unix(7), SO_PEERCRED.";
    noargs peergroups "($self, /)" = typed::peergroups,
        "The supplementary groups of the process at the other end; AF_UNIX only. See SO_PEERGROUPS.";
    noargs peerpidfd "($self, /)" = typed::peerpidfd,
        "A new descriptor of the process at the other end, not inheritable; AF_UNIX only.\n\n\
         Unlike its number it can never come to mean another process. Raises OSError ENOPROTOOPT \
         before Linux 6.5, ESRCH or EINVAL where the process is gone. See pidfd_open(2), SO_PEERPIDFD.";
    keywords readuntil "($self, separator=b'\\n', limit=65536)" = exact::readuntil,
        "Receives everything up to and with the separator, and nothing behind it; streams only.\n\n\
         One timeout covers the whole. Raises asyncio.IncompleteReadError (an EOFError) where the \
         stream ends before, asyncio.LimitOverrunError where limit bytes came without a separator. \
         Those, and what recv() raises, have the bytes that were received as their attribute partial.";
    keywords set_keepalive "($self, on=True, *, idle=None, interval=None, count=None)" =
        typed::set_keepalive,
        "Sets whether a silent TCP connection is probed, and when; None leaves a value as it is.\n\n\
         The first probe goes out after idle seconds of silence, the next every interval seconds (1 to \
         32767, rounded up), and after count (1 to 127) without an answer the connection ends with \
         ETIMEDOUT. Raises OSError EINVAL where one is out of range, and sets nothing then. See tcp(7).";
    noargs tcp_info "($self, /)" = typed::tcp_info,
        "The kernel's account of a TCP connection: a tuple with the names of struct tcp_info.\n\n\
         Times are microseconds. Raises OSError where it is not TCP. See tcp(7), TCP_INFO.";
    fast recvexactly "($self, n, flags=0, /)" = exact::recvexactly,
        "Receives n bytes; streams only.\n\n\
         One timeout covers the whole. Raises asyncio.IncompleteReadError (an EOFError) where the \
         stream ends before; that, and what recv() raises, has the bytes that were received as its \
         attribute partial.";
    keywords recvexactly_into "($self, buffer, nbytes=0, flags=0)" = exact::recvexactly_into,
        "As recvexactly(), into a writable buffer; nbytes 0 means all of it.";
    fast recv_fds "($self, bufsize, maxfds, flags=0, /)" = descriptors::recv_fds,
        "Receives data and up to maxfds descriptors: (data, [descriptor]); AF_UNIX only.\n\n\
         They are the caller's to close, and not inheritable. Where more came, all are closed and \
         OSError EMSGSIZE is raised. See unix(7), SCM_RIGHTS.";
    fast send_fds "($self, data, fds, flags=0, /)" = descriptors::send_fds,
        "Sends descriptors, or objects with fileno(), with data, and gives the number of bytes.\n\n\
         They stay the caller's. Raises OSError EOPNOTSUPP where it is not AF_UNIX, EINVAL for more \
         than 253, and as send() does. See unix(7), SCM_RIGHTS.";
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
         room. Raises OSError EINVAL where the datagrams do not fit the path, and EOPNOTSUPP on what \
         is no UDP socket, besides what sendto() raises. See udp(7), UDP_SEGMENT.";
};
