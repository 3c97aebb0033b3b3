//! Options of every socket, `SOL_SOCKET`.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use super::BpfInstruction;
use super::codec::{
    Descriptor, FamilyNumber, Flag, GroupIds, Int, KindNumber, Label, LingerTime, Memory,
    Microseconds, Nothing, OptionUint, PeerPidfd, PendingError, Program, ProtocolNumber, SendTimes,
    Stamping, Text, Timeval, Ucred, Uint, Unsigned64,
};
use super::table::options;
use super::value::{Bytes, MemoryInfo, TimestampingFlags, TxTime};
use crate::control::Credentials;
use crate::errno::Errno;
use crate::family::{Family, Kind, Protocol};
use crate::sys::missing;

options! {
    ROWS, SOL_SOCKET, "[socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html)";

    /// Whether it listens.
    AcceptConn = "SO_ACCEPTCONN" libc::SO_ACCEPTCONN, ANY, get(bool, Flag);
    /// Passes to the socket only what an eBPF program accepts. EPERM without `CAP_BPF` or where the
    /// filter is locked.
    AttachBpf = "SO_ATTACH_BPF" libc::SO_ATTACH_BPF, ANY, set(BorrowedFd<'a>, Descriptor);
    /// Passes to the socket only what a classic BPF program accepts. EINVAL for a program that the
    /// kernel refuses, EPERM where the filter is locked.
    AttachFilter = "SO_ATTACH_FILTER" libc::SO_ATTACH_FILTER, ANY,
        set(&'a [BpfInstruction], Program);
    /// Chooses by a classic BPF program which of the sockets that share a port gets a packet.
    AttachReusePortCbpf = "SO_ATTACH_REUSEPORT_CBPF" libc::SO_ATTACH_REUSEPORT_CBPF, IP,
        set(&'a [BpfInstruction], Program);
    /// Chooses by an eBPF program which of the sockets that share a port gets a packet.
    AttachReusePortEbpf = "SO_ATTACH_REUSEPORT_EBPF" libc::SO_ATTACH_REUSEPORT_EBPF, IP,
        set(BorrowedFd<'a>, Descriptor);
    /// The interface that it is bound to, by name; `""` unbinds. ENODEV where there is none, EPERM
    /// for taking a binding away without `CAP_NET_RAW`.
    BindToDevice = "SO_BINDTODEVICE" libc::SO_BINDTODEVICE, ANY,
        get(Bytes<16>, Text), set(&'a str, Text);
    /// The interface that it is bound to, by number; 0 for none. Errors as [`BindToDevice`].
    BindToIfIndex = "SO_BINDTOIFINDEX" libc::SO_BINDTOIFINDEX, ANY, get_set(u32, Uint);
    /// Which BPF extensions the kernel has.
    BpfExtensions = "SO_BPF_EXTENSIONS" libc::SO_BPF_EXTENSIONS, ANY, get(i32, Int);
    /// Whether datagrams may be sent to broadcast addresses; EACCES from send otherwise.
    Broadcast = "SO_BROADCAST" libc::SO_BROADCAST, ANY, get_set(bool, Flag);
    /// Which buffer sizes the kernel leaves alone: 1 the send buffer, 2 the receive buffer.
    BufLock = "SO_BUF_LOCK" libc::SO_BUF_LOCK, ANY, get_set(u32, Uint);
    /// How long a receive asks the interface itself before it sleeps, in whole microseconds. EPERM
    /// for more than the system's without `CAP_NET_ADMIN`.
    BusyPoll = "SO_BUSY_POLL" libc::SO_BUSY_POLL, ANY, get_set(Duration, Microseconds);
    /// How many packets one such question may take. EPERM for raising it without `CAP_NET_ADMIN`.
    BusyPollBudget = "SO_BUSY_POLL_BUDGET" libc::SO_BUSY_POLL_BUDGET, ANY, set(u32, Uint);
    /// Tells IPv6 that the route is bad (1), so that it looks for another.
    CnxAdvice = "SO_CNX_ADVICE" libc::SO_CNX_ADVICE, ANY, set(u32, Uint);
    /// A number that no other socket of this network namespace's life has.
    Cookie = "SO_COOKIE" libc::SO_COOKIE, ANY, get(u64, Unsigned64);
    /// Whether the kernel keeps debugging information. EACCES without `CAP_NET_ADMIN`.
    Debug = "SO_DEBUG" libc::SO_DEBUG, ANY, get_set(bool, Flag);
    /// Takes the filter away. ENOENT where there is none, EPERM where it is locked.
    DetachFilter = "SO_DETACH_FILTER" libc::SO_DETACH_FILTER, ANY, set((), Nothing);
    /// Takes the program of [`AttachReusePortCbpf`] or [`AttachReusePortEbpf`] away. ENOENT where
    /// there is none.
    DetachReusePortBpf = "SO_DETACH_REUSEPORT_BPF" libc::SO_DETACH_REUSEPORT_BPF, IP,
        set((), Nothing);
    /// Whether it sends to directly connected hosts only.
    DontRoute = "SO_DONTROUTE" libc::SO_DONTROUTE, ANY, get_set(bool, Flag);
    /// The processor that packets come in on; set, it makes that a hint for sharing a port.
    IncomingCpu = "SO_INCOMING_CPU" libc::SO_INCOMING_CPU, ANY, get_set(Option<u32>, OptionUint);
    /// The interface's queue that packets come in on, 0 where it is not known.
    IncomingNapiId = "SO_INCOMING_NAPI_ID" libc::SO_INCOMING_NAPI_ID, ANY, get(u32, Uint);
    /// Whether a receive reports how many bytes are left in the queue of a stream, Linux 6.17. The
    /// kernel does not say whether it is set.
    Inq = "SO_INQ" missing::SO_INQ, UNIX, set(bool, Flag);
    /// Whether an idle connection is probed; see [`TcpKeepIdle`](super::TcpKeepIdle).
    KeepAlive = "SO_KEEPALIVE" libc::SO_KEEPALIVE, ANY, get_set(bool, Flag);
    /// How long close(2) waits until everything is sent, in whole seconds, rounded up; zero drops
    /// what is left and resets the connection.
    Linger = "SO_LINGER" libc::SO_LINGER, ANY, get_set(Option<Duration>, LingerTime);
    /// Whether the filter may no longer be changed. EPERM for unlocking.
    LockFilter = "SO_LOCK_FILTER" libc::SO_LOCK_FILTER, ANY, get_set(bool, Flag);
    /// The mark of every packet sent, for routing and filters. EPERM without `CAP_NET_RAW` or
    /// `CAP_NET_ADMIN`.
    Mark = "SO_MARK" libc::SO_MARK, ANY, get_set(u32, Uint);
    /// The pace of sending in bytes per second; `u64::MAX` for none.
    MaxPacingRate = "SO_MAX_PACING_RATE" libc::SO_MAX_PACING_RATE, ANY, get_set(u64, Unsigned64);
    /// How its memory is used.
    MemInfo = "SO_MEMINFO" libc::SO_MEMINFO, ANY, get(MemoryInfo, Memory);
    /// A number that no other network namespace has.
    NetnsCookie = "SO_NETNS_COOKIE" libc::SO_NETNS_COOKIE, ANY, get(u64, Unsigned64);
    /// Whether UDP over IPv4 sends without a checksum.
    NoCheck = "SO_NO_CHECK" libc::SO_NO_CHECK, ANY, get_set(bool, Flag);
    /// Whether the interface leaves the frame check sequence to the sender.
    NoFcs = "SO_NOFCS" libc::SO_NOFCS, ANY, get_set(bool, Flag);
    /// Whether out-of-band data stays in the stream.
    OobInline = "SO_OOBINLINE" libc::SO_OOBINLINE, ANY, get_set(bool, Flag);
    /// Whether messages arrive with the sender's credentials (unix(7)).
    PassCred = "SO_PASSCRED" libc::SO_PASSCRED, CREDENTIALS, get_set(bool, Flag);
    /// Whether messages arrive with a descriptor of the sending process (unix(7)), Linux 6.5.
    PassPidfd = "SO_PASSPIDFD" libc::SO_PASSPIDFD, UNIX, get_set(bool, Flag);
    /// Whether the peer may pass descriptors, Linux 6.16; EPERM from its send otherwise.
    PassRights = "SO_PASSRIGHTS" missing::SO_PASSRIGHTS, UNIX, get_set(bool, Flag);
    /// Whether messages arrive with the sender's security label (unix(7)).
    PassSec = "SO_PASSSEC" libc::SO_PASSSEC, CREDENTIALS, get_set(bool, Flag);
    /// Where in the queue MSG_PEEK looks, in bytes from its start; moves on with each peek, back
    /// with each receive. `None` for the start.
    PeekOff = "SO_PEEK_OFF" libc::SO_PEEK_OFF, ANY, get_set(Option<u32>, OptionUint);
    /// Who connected, or made the pair, as the kernel noted it then (unix(7)). A socket without a
    /// peer answers with pid 0 and uid and gid -1.
    PeerCred = "SO_PEERCRED" libc::SO_PEERCRED, UNIX, get(Credentials, Ucred);
    /// The supplementary groups of who connected. ENODATA without a peer.
    /// A `Vec` is allocated; [`raw_option`](crate::Endpoint::raw_option) reads into a buffer instead.
    PeerGroups = "SO_PEERGROUPS" libc::SO_PEERGROUPS, UNIX, get(Vec<u32>, GroupIds);
    /// The process that connected, as a close-on-exec descriptor, Linux 6.5. ENODATA without a
    /// peer; ESRCH or EINVAL, by the kernel's release, where it has ended.
    PeerPidFd = "SO_PEERPIDFD" libc::SO_PEERPIDFD, UNIX, get(OwnedFd, PeerPidfd);
    /// The security label of who connected. ENOPROTOOPT without a security module that has them.
    /// A `Vec` is allocated; [`raw_option`](crate::Endpoint::raw_option) reads into a buffer instead.
    PeerSec = "SO_PEERSEC" libc::SO_PEERSEC, ANY, get(Vec<u8>, Label);
    /// Whether asking the interface is preferred to its interrupts. EPERM without `CAP_NET_ADMIN`.
    PreferBusyPoll = "SO_PREFER_BUSY_POLL" libc::SO_PREFER_BUSY_POLL, ANY, get_set(bool, Flag);
    /// The priority of every packet sent. EPERM beyond 6 without `CAP_NET_ADMIN`.
    Priority = "SO_PRIORITY" libc::SO_PRIORITY, ANY, get_set(u32, Uint);
    /// The size of the receive buffer in bytes. The kernel doubles what is set, for its own needs,
    /// keeps it within `net.core.rmem_max`, and gives the doubled value back.
    RecvBuffer = "SO_RCVBUF" libc::SO_RCVBUF, ANY, get_set(u32, Uint);
    /// [`RecvBuffer`] beyond the system's limit. EPERM without `CAP_NET_ADMIN`.
    RecvBufferForce = "SO_RCVBUFFORCE" libc::SO_RCVBUFFORCE, ANY, set(u32, Uint);
    /// How many bytes must have come before a receive or a poll returns.
    RecvLowWater = "SO_RCVLOWAT" libc::SO_RCVLOWAT, ANY, get_set(u32, Uint);
    /// Whether messages arrive with their packet's mark.
    RecvMark = "SO_RCVMARK" libc::SO_RCVMARK, ANY, get_set(bool, Flag);
    /// Whether messages arrive with their packet's priority, Linux 6.14.
    RecvPriority = "SO_RCVPRIORITY" missing::SO_RCVPRIORITY, ANY, get_set(bool, Flag);
    /// How long a receive or an accept waits before EAGAIN, rounded up to microseconds (`Some` of
    /// zero is one); `None` for ever. [`Deadline`](crate::Deadline) bounds whole operations.
    RecvTimeout = "SO_RCVTIMEO" libc::SO_RCVTIMEO, ANY, get_set(Option<Duration>, Timeval);
    /// Memory set aside for the socket, in bytes.
    ReserveMem = "SO_RESERVE_MEM" libc::SO_RESERVE_MEM, ANY, get_set(u32, Uint);
    /// Whether bind takes an address that connections in TIME_WAIT still have; among listeners
    /// that are alive it changes nothing.
    ReuseAddr = "SO_REUSEADDR" libc::SO_REUSEADDR, ANY, get_set(bool, Flag);
    /// Whether several sockets of one user may be bound to one address and share what comes.
    ReusePort = "SO_REUSEPORT" libc::SO_REUSEPORT, ANY, get_set(bool, Flag);
    /// Whether messages arrive with the count of those dropped for want of room.
    RecvQueueOverflow = "SO_RXQ_OVFL" libc::SO_RXQ_OVFL, ANY, get_set(bool, Flag);
    /// Whether errors from the error queue wake a poll as exceptional data too.
    SelectErrQueue = "SO_SELECT_ERR_QUEUE" libc::SO_SELECT_ERR_QUEUE, ANY, get_set(bool, Flag);
    /// The size of the send buffer in bytes; doubled and limited as [`RecvBuffer`], by
    /// `net.core.wmem_max`.
    SendBuffer = "SO_SNDBUF" libc::SO_SNDBUF, ANY, get_set(u32, Uint);
    /// [`SendBuffer`] beyond the system's limit. EPERM without `CAP_NET_ADMIN`.
    SendBufferForce = "SO_SNDBUFFORCE" libc::SO_SNDBUFFORCE, ANY, set(u32, Uint);
    /// Always 1 on Linux.
    SendLowWater = "SO_SNDLOWAT" libc::SO_SNDLOWAT, ANY, get(u32, Uint);
    /// How long a send or a connect waits before EAGAIN or EINPROGRESS; as [`RecvTimeout`].
    SendTimeout = "SO_SNDTIMEO" libc::SO_SNDTIMEO, ANY, get_set(Option<Duration>, Timeval);
    /// The address family.
    SocketDomain = "SO_DOMAIN" libc::SO_DOMAIN, ANY, get(Family, FamilyNumber);
    /// The pending error; asking clears it.
    SocketError = "SO_ERROR" libc::SO_ERROR, ANY, get(Option<Errno>, PendingError);
    /// The protocol.
    SocketProtocol = "SO_PROTOCOL" libc::SO_PROTOCOL, ANY, get(Protocol, ProtocolNumber);
    /// The socket type.
    SocketType = "SO_TYPE" libc::SO_TYPE, ANY, get(Kind, KindNumber);
    /// Whether messages arrive with a timestamp in microseconds.
    Timestamp = "SO_TIMESTAMP" libc::SO_TIMESTAMP, ANY, get_set(bool, Flag);
    /// [`Timestamp`] in the form that outlives 2038 on every machine.
    TimestampNew = "SO_TIMESTAMP_NEW" libc::SO_TIMESTAMP_NEW, ANY, get_set(bool, Flag);
    /// Whether messages arrive with a timestamp in nanoseconds.
    TimestampNs = "SO_TIMESTAMPNS" libc::SO_TIMESTAMPNS, ANY, get_set(bool, Flag);
    /// [`TimestampNs`] in the form that outlives 2038 on every machine.
    TimestampNsNew = "SO_TIMESTAMPNS_NEW" libc::SO_TIMESTAMPNS_NEW, ANY, get_set(bool, Flag);
    /// Which timestamps the kernel and the interface make and report. EINVAL for flags that
    /// contradict each other.
    Timestamping = "SO_TIMESTAMPING" libc::SO_TIMESTAMPING, ANY,
        get_set(TimestampingFlags, Stamping);
    /// [`Timestamping`] in the form that outlives 2038 on every machine.
    TimestampingNew = "SO_TIMESTAMPING_NEW" libc::SO_TIMESTAMPING_NEW, ANY,
        get_set(TimestampingFlags, Stamping);
    /// Whether a TCP connection that makes no headway looks for another path: 0 no, 1 yes, 255 as
    /// the system says.
    TxRehash = "SO_TXREHASH" libc::SO_TXREHASH, ANY, get_set(i32, Int);
    /// Whether packets say when they are to leave, and by which clock. EPERM for some clocks
    /// without `CAP_NET_ADMIN`.
    TransmitTime = "SO_TXTIME" libc::SO_TXTIME, ANY, get_set(TxTime, SendTimes);
    /// Whether wireless interfaces report how sending went.
    WifiStatus = "SO_WIFI_STATUS" libc::SO_WIFI_STATUS, ANY, get_set(bool, Flag);
    /// Whether sends may use MSG_ZEROCOPY. EOPNOTSUPP where the protocol cannot.
    ZeroCopy = "SO_ZEROCOPY" libc::SO_ZEROCOPY, ANY, get_set(bool, Flag);
}
