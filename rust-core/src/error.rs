//! What can go wrong, in 16 bytes at most, with the errno always recoverable.

use std::fmt;
use std::io;

use crate::Errno;
use crate::activation::ActivationError;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// [`Error::errno`] gives the number that a C or Python caller sees; `From<Error> for io::Error`
/// keeps it where there is one.
///
/// ```
/// use rsocket::{Address, Endpoint, Errno, Family, Kind, Protocol};
///
/// let tcp = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
/// let error = tcp.connect(&"127.0.0.1:1".parse::<Address>()?).unwrap_err();
/// assert_eq!(error.errno(), Errno::ECONNREFUSED);
/// assert_eq!(error.to_string(), "connect: Connection refused");
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel refused a system call.
    #[error("{op}: {errno}")]
    Os {
        /// The system call.
        op: Op,
        /// What it answered.
        errno: Errno,
    },
    /// The deadline of the whole operation passed first.
    #[error("timed out")]
    TimedOut,
    /// The waiting policy gave up after a signal; it knows why.
    #[error("interrupted by a signal")]
    Interrupted,
    /// The socket was closed by another thread, before the call or while it waited.
    #[error("the socket is closed")]
    Closed,
    /// The operation has no meaning for this address family.
    #[error("the operation does not fit a socket of this address family")]
    WrongFamily,
    /// The operation has no meaning for this socket type.
    #[error("the operation does not fit a socket of this type")]
    WrongKind,
    /// The stream ended before all bytes that were asked for had come.
    #[error("end of stream before all bytes had come")]
    UnexpectedEof,
    /// A batch of messages to send has no slot left.
    #[error("the batch has no free slot")]
    BatchFull,
    /// An address, or the text of one, is malformed.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// A control message does not fit its buffer, or passes more descriptors than the kernel takes.
    #[error("{0}")]
    Control(#[from] ControlError),
    /// A netlink message is malformed.
    #[error("{0}")]
    Netlink(#[from] NetlinkError),
    /// A name could not be resolved.
    #[error("{0}")]
    Resolve(#[from] ResolveError),
    /// A socket that the service manager should have handed over is not there.
    #[error("{0}")]
    Activation(#[from] ActivationError),
    /// An asynchronous call was made outside a tokio runtime, or its runtime was shut down.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    #[error("no tokio runtime is running")]
    NoRuntime,
}

impl Error {
    /// The error number that fits, for callers that speak errno.
    ///
    /// Where no system call failed: [`Errno::ETIMEDOUT`] for a deadline, [`Errno::EINTR`] for an
    /// interruption, [`Errno::EBADF`] for a closed socket, [`Errno::EAFNOSUPPORT`], [`Errno::EPROTOTYPE`], [`Errno::ENODATA`] for an early
    /// end of stream, [`Errno::ENOBUFS`] for a full batch, and [`Errno::EINVAL`], [`Errno::ENAMETOOLONG`] or [`Errno::EMSGSIZE`] for
    /// input that was refused.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Error::Os { errno, .. } => *errno,
            Error::TimedOut => Errno::ETIMEDOUT,
            Error::Interrupted => Errno::EINTR,
            Error::Closed => Errno::EBADF,
            Error::WrongFamily => Errno::EAFNOSUPPORT,
            Error::WrongKind => Errno::EPROTOTYPE,
            Error::UnexpectedEof => Errno::ENODATA,
            Error::BatchFull => Errno::ENOBUFS,
            Error::Address(error) => error.errno(),
            Error::Control(error) => error.errno(),
            Error::Netlink(error) => error.errno(),
            Error::Resolve(_) => Errno::EADDRNOTAVAIL,
            #[cfg(feature = "tokio")]
            Error::NoRuntime => Errno::ECANCELED,
            Error::Activation(error) => error.errno(),
        }
    }

    /// True where the call would have had to wait and was told not to.
    #[must_use]
    pub fn is_would_block(&self) -> bool {
        matches!(
            self,
            Error::Os {
                errno: Errno::EAGAIN,
                ..
            }
        )
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Os { errno, .. } => errno.into(),
            Error::UnexpectedEof => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            Error::TimedOut => io::Error::new(io::ErrorKind::TimedOut, error),
            other => io::Error::new(other.errno().kind(), other),
        }
    }
}

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// The system call that an [`Error::Os`] comes from; `Display` gives its name.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = concat!("`", $text, "`(2)")] $name,)+
        }

        impl fmt::Display for Op {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Op::$name => $text,)+ })
            }
        }
    };
}

ops! {
    Accept = "accept4",
    Bind = "bind",
    Chmod = "fchmod",
    Connect = "connect",
    Dup = "fcntl(F_DUPFD_CLOEXEC)",
    EpollCtl = "epoll_ctl",
    EventFd = "eventfd",
    Fcntl = "fcntl",
    GetAddrInfo = "getaddrinfo",
    GetNameInfo = "getnameinfo",
    GetPeerName = "getpeername",
    GetSockName = "getsockname",
    GetSockOpt = "getsockopt",
    IfIndexToName = "if_indextoname",
    IfNameIndex = "if_nameindex",
    IfNameToIndex = "if_nametoindex",
    Ioctl = "ioctl",
    Listen = "listen",
    Lock = "flock",
    Open = "open",
    Pipe = "pipe2",
    Poll = "ppoll",
    Recv = "recv",
    RecvMmsg = "recvmmsg",
    RecvMsg = "recvmsg",
    Send = "send",
    SendFile = "sendfile",
    SendMmsg = "sendmmsg",
    SendMsg = "sendmsg",
    SetSockOpt = "setsockopt",
    Shutdown = "shutdown",
    Socket = "socket",
    SocketPair = "socketpair",
    Splice = "splice",
    Stat = "stat",
    TimerFd = "timerfd_create",
    Unlink = "unlink",
}

/// What is wrong with an address or with its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// A Unix path does not fit `sun_path` with its terminating NUL.
    #[error("unix path is {0} bytes; the kernel's limit is 107")]
    PathTooLong(u32),
    /// An abstract name does not fit `sun_path` behind its leading NUL.
    #[error("abstract unix name is {0} bytes; the kernel's limit is 107")]
    NameTooLong(u32),
    /// A Unix path holds a NUL byte.
    #[error("unix path holds a NUL byte")]
    PathWithNul,
    /// A Unix path is empty where a name is needed.
    #[error("unix path is empty")]
    EmptyPath,
    /// More bytes than `sockaddr_storage` holds.
    #[error("native address is {0} bytes; the kernel's limit is 128")]
    NativeTooLong(u32),
    /// The text of a target starts with no scheme.
    #[error("the text starts with no scheme, such as tcp:// or unix:")]
    MissingScheme,
    /// The text starts with a scheme that this library does not know.
    #[error("unknown address scheme")]
    UnknownScheme,
    /// `//` is missing behind a scheme whose URLs have a host.
    #[error("// is missing between the scheme and the host")]
    MissingSlashes,
    /// `//` stands behind a scheme whose URLs have no host.
    #[error("this scheme has no host, so no // follows it")]
    Slashes,
    /// A relative path stands behind `unix://`.
    #[error("an absolute path follows unix://, as in unix:///run/x.sock; a relative one unix:")]
    RelativeUrl,
    /// The text of an address says a socket type or protocol, which only a target has.
    #[error("an address alone has no socket type or protocol; the text is one of a target")]
    TargetText,
    /// The text names a socket to be inherited, which has no address to parse.
    #[error("the text names an inherited socket, not an address")]
    NoAddress,
    /// No host stands before the port.
    #[error("host is missing; any address is 0.0.0.0 or [::]")]
    EmptyHost,
    /// A host name stands where an address is needed.
    #[error("host is not a numeric IPv4 address or an IPv6 address in brackets")]
    Host,
    /// The host is malformed as a name.
    #[error("host name is not made of labels of 1 to 63 ASCII letters, digits, '-' and '_'")]
    HostName,
    /// The host is numeric and malformed. Octal, hexadecimal and shortened forms are refused.
    #[error("IPv4 address is not four decimal numbers from 0 to 255 without leading zeros")]
    Ipv4,
    /// What stands in the brackets is not an IPv6 address, or they are not closed.
    #[error("what follows [ is not an IPv6 address and a closing bracket")]
    Ipv6,
    /// An IPv6 address stands without brackets.
    #[error("IPv6 address is not in brackets, as in [::1]:80")]
    Brackets,
    /// No network interface has the name behind `%`, or the number is malformed.
    #[error("IPv6 zone is neither a number nor the name of a network interface here")]
    Zone,
    /// The percent sign before an IPv6 zone is not escaped in a URL (RFC 6874).
    #[error("an IPv6 zone in a URL is written behind %25, as in [fe80::1%25eth0]")]
    ZoneSign,
    /// No network interface has the name.
    #[error("neither the number nor the name of a network interface here")]
    Interface,
    /// Nothing stands where the port should be.
    #[error("port is missing")]
    MissingPort,
    /// The port is not a decimal number from 0 to 65535.
    #[error("port is not a decimal number from 0 to 65535 without leading zeros")]
    Port,
    /// A `%` is not followed by two hexadecimal digits.
    #[error("percent sign without two hexadecimal digits behind it")]
    Escape,
    /// A byte stands for itself that has to be percent-escaped.
    #[error("{:?} has to be written as %{:02X}", char::from(*.0), .0)]
    Unescaped(u8),
    /// The query holds a key that this scheme does not have.
    #[error("unknown query key, or one that this kind of address does not have")]
    QueryKey,
    /// The query holds a key twice.
    #[error("a query key comes twice")]
    RepeatedKey,
    /// The file mode is malformed.
    #[error("mode is not an octal number from 0 to 0777")]
    Mode,
    /// The value of a switch is malformed.
    #[error("value of a query key is neither 0 nor 1")]
    Flag,
    /// A number is malformed or out of range.
    #[error("number is not decimal, has leading zeros, or is out of range")]
    Number,
    /// The multicast groups are malformed, or do not fit the mask of an address.
    #[error("groups are not decimal numbers from 1 with commas between (in an address, up to 32)")]
    Groups,
    /// The netlink protocol is neither a known name nor a number.
    #[error("unknown netlink protocol")]
    NetlinkProtocol,
    /// The hardware address is malformed.
    #[error("hardware address is not 1 to 8 pairs of hexadecimal digits with colons between")]
    HardwareAddress,
    /// The name of a descriptor from the service manager is malformed.
    #[error("activation name is not 1 to 255 printable ASCII characters without a colon")]
    ActivationName,
    /// Something stands behind the end of the address.
    #[error("trailing characters behind the address")]
    Trailing,
}

impl AddressError {
    /// [`Errno::ENAMETOOLONG`] for what is too long, [`Errno::EINVAL`] for the rest.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::PathTooLong(_) | Self::NameTooLong(_) | Self::NativeTooLong(_) => {
                Errno::ENAMETOOLONG
            }
            _ => Errno::EINVAL,
        }
    }
}

/// What is wrong with control messages (ancillary data).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The buffer has no room for one more message.
    #[error("control buffer is too small for the message")]
    NoRoom,
    /// More descriptors than one message may carry (`SCM_MAX_FD`).
    #[error("{0} descriptors in one message; the kernel's limit is 253")]
    TooManyFds(u32),
    /// Descriptors or credentials came that had no room and were closed.
    #[error("ancillary data was truncated")]
    Truncated,
}

impl ControlError {
    /// [`Errno::EMSGSIZE`] for truncation, [`Errno::ETOOMANYREFS`] and [`Errno::ENOBUFS`] before it.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::NoRoom => Errno::ENOBUFS,
            Self::TooManyFds(_) => Errno::ETOOMANYREFS,
            Self::Truncated => Errno::EMSGSIZE,
        }
    }
}

/// What is wrong with a netlink exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetlinkError {
    /// A message's length field is below its header or past the end of the datagram.
    #[error("netlink message with a length of {0} does not fit its datagram")]
    Length(u32),
    /// An attribute's length field is below its header or past the end of its message.
    #[error("netlink attribute with a length of {0} does not fit its message")]
    AttributeLength(u16),
    /// The datagram did not fit the receive buffer; what was cut off is lost.
    #[error("netlink datagram was truncated: {0} bytes came")]
    Truncated(u32),
    /// The kernel's receive queue ran over; events were lost (ENOBUFS).
    #[error("netlink receive queue ran over; messages were lost")]
    Overrun,
    /// A dump changed while it was read (NLM_F_DUMP_INTR); read it again.
    #[error("netlink dump was interrupted by a change")]
    DumpInterrupted,
    /// The kernel refused a request.
    #[error("netlink request refused: {0}")]
    Refused(Errno),
}

impl NetlinkError {
    /// The kernel's own number for a refused request, ENOBUFS for an overrun, EINTR for an
    /// interrupted dump, EMSGSIZE for truncation, EBADMSG for a malformed message.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::Length(_) | Self::AttributeLength(_) => Errno::EBADMSG,
            Self::Truncated(_) => Errno::EMSGSIZE,
            Self::Overrun => Errno::ENOBUFS,
            Self::DumpInterrupted => Errno::EINTR,
            Self::Refused(errno) => *errno,
        }
    }
}

/// A failure of `getaddrinfo(3)`: a code of its own, kept apart from errno.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResolveError {
    code: i32,
}

impl ResolveError {
    /// Wraps an `EAI_…` code.
    #[must_use]
    pub const fn from_code(code: i32) -> Self {
        ResolveError { code }
    }

    /// The `EAI_…` code (negative on Linux).
    #[must_use]
    pub const fn code(self) -> i32 {
        self.code
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::sys::gai_strerror(self.code))
    }
}

impl std::error::Error for ResolveError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_at_most_16_bytes() {
        assert!(size_of::<Error>() <= 16, "{}", size_of::<Error>());
        assert!(size_of::<Result<usize>>() <= 16);
    }
}
