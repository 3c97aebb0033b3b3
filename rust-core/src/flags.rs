//! Per-call flags, `MSG_…`.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign};

/// Flags of one send or receive, as in [recv(2)] and [send(2)]; unknown bits go to the kernel.
///
/// Every send adds MSG_NOSIGNAL by itself: this library never raises SIGPIPE.
///
/// ```
/// use rsocket::{Blocking, Endpoint, Kind, MsgFlags};
///
/// let (left, right) = Endpoint::pair(Kind::DGRAM)?;
/// left.send(b"look")?;
/// let peek = MsgFlags::PEEK | MsgFlags::DONTWAIT;
/// assert_eq!(right.recv_with(&mut [0; 8], peek, Blocking)?.len, 4);
/// assert_eq!(right.recv(&mut [0; 8])?.len, 4); // still there
/// assert_eq!(format!("{peek:?}"), "MSG_DONTWAIT | MSG_PEEK");
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// [recv(2)]: https://man7.org/linux/man-pages/man2/recv.2.html
/// [send(2)]: https://man7.org/linux/man-pages/man2/send.2.html
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct MsgFlags(i32);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $value:ident,)+) => {
        impl MsgFlags {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nC: `", stringify!($value), "`.")]
                pub const $name: MsgFlags = MsgFlags(libc::$value);
            )+
        }

        impl fmt::Debug for MsgFlags {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut rest = self.0;
                let mut separator = "";
                $(
                    if rest & libc::$value != 0 {
                        write!(f, "{separator}{}", stringify!($value))?;
                        rest &= !libc::$value;
                        separator = " | ";
                    }
                )+
                if rest != 0 || separator.is_empty() {
                    write!(f, "{separator}{rest:#x}")?;
                }
                Ok(())
            }
        }
    };
}

flags! {
    /// This call does not sleep: EAGAIN instead.
    DONTWAIT = MSG_DONTWAIT,
    /// Looks at the data and leaves it in the queue.
    PEEK = MSG_PEEK,
    /// Waits until the whole buffer is full (streams only).
    WAITALL = MSG_WAITALL,
    /// Asks for a datagram's full length where the buffer is shorter; set on return where it was.
    TRUNC = MSG_TRUNC,
    /// Set on return where control messages were cut off.
    CTRUNC = MSG_CTRUNC,
    /// Out-of-band data (TCP's urgent byte, and on recent kernels unix streams).
    OOB = MSG_OOB,
    /// Ends a record (seqpacket); set on return at the end of one.
    EOR = MSG_EOR,
    /// More data follows at once (TCP, UDP corking).
    MORE = MSG_MORE,
    /// Sends to directly connected hosts only.
    DONTROUTE = MSG_DONTROUTE,
    /// Tells the link layer that the peer is alive.
    CONFIRM = MSG_CONFIRM,
    /// Does not raise SIGPIPE; always added.
    NOSIGNAL = MSG_NOSIGNAL,
    /// Reads the error queue.
    ERRQUEUE = MSG_ERRQUEUE,
    /// Received descriptors are close-on-exec; always added.
    CMSG_CLOEXEC = MSG_CMSG_CLOEXEC,
    /// `recvmmsg` waits for the first datagram only.
    WAITFORONE = MSG_WAITFORONE,
    /// TCP fast open: data with the SYN.
    FASTOPEN = MSG_FASTOPEN,
    /// Sends without a copy; a completion arrives on the error queue.
    ZEROCOPY = MSG_ZEROCOPY,
}

impl MsgFlags {
    /// No flags.
    #[must_use]
    pub const fn empty() -> Self {
        MsgFlags(0)
    }

    /// Any bits: the kernel judges them.
    #[must_use]
    pub const fn from_raw(bits: i32) -> Self {
        MsgFlags(bits)
    }

    /// The bits as C has them.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// True where every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: MsgFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for MsgFlags {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        MsgFlags(self.0 | other.0)
    }
}

impl BitOrAssign for MsgFlags {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for MsgFlags {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        MsgFlags(self.0 & other.0)
    }
}
