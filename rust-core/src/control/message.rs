//! Received control messages as they are read: an iterator over typed values.

use std::fmt;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use super::values::{Credentials, ExtendedError, PacketInfo, Reader, Timestamp, Timestamps};
use crate::address::Address;
use crate::sys::control::{ReceivedFds, ReceivedMessage, ReceivedMessages};
use crate::sys::missing::{SCM_PIDFD, SCM_SECURITY, SOL_VSOCK, VSOCK_RECVERR};

/// One received control message. The option that asks the kernel for it is named with it.
///
/// ```
/// use std::io::IoSliceMut;
/// use rsocket::{Ancillary, Control, ControlBuilder, MsgFlags, connect, listen, option};
///
/// let server = listen("udp://127.0.0.1:0")?;
/// server.set(option::IpRecvTtl, true)?;
/// let client = connect(&format!("udp://{}", server.local_address()?))?;
/// client.set(option::IpTtl, 7)?;
/// client.send(b"hello")?;
///
/// let mut ancillary = Ancillary::<{ ControlBuilder::space(4) }>::new();
/// let mut data = [0; 16];
/// let mut bufs = [IoSliceMut::new(&mut data)];
/// let (received, _) = server.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())?;
/// assert!(!received.control_truncated());
/// for message in ancillary.messages() {
///     match message {
///         Control::TimeToLive(hops) => assert_eq!(hops, 7),
///         Control::Other { level, kind, data } => println!("{level} {kind}: {data:?}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Control<'a> {
    /// `SCM_RIGHTS`: descriptors, to be taken.
    Rights(Fds<'a>),
    /// `SCM_PIDFD` (SO_PASSPIDFD): a descriptor of the sending process, from the kernel; `None`
    /// once taken.
    PidFd(Option<OwnedFd>),
    /// `SCM_CREDENTIALS` (SO_PASSCRED): who sent the message.
    Credentials(Credentials),
    /// `SCM_SECURITY` (SO_PASSSEC): the sender's security label, as the security module writes it.
    SecurityLabel(&'a [u8]),
    /// `IP_PKTINFO` (IP_PKTINFO), `IPV6_PKTINFO` (IPV6_RECVPKTINFO): where the datagram came to.
    PacketInfo(PacketInfo),
    /// `IP_TOS` (IP_RECVTOS): the type-of-service byte, DSCP and ECN.
    TypeOfService(u8),
    /// `IPV6_TCLASS` (IPV6_RECVTCLASS): the traffic class byte, DSCP and ECN.
    TrafficClass(u8),
    /// `IP_TTL` (IP_RECVTTL): how many hops were left.
    TimeToLive(u8),
    /// `IPV6_HOPLIMIT` (IPV6_RECVHOPLIMIT): how many hops were left.
    HopLimit(u8),
    /// `SO_TIMESTAMP`, `SO_TIMESTAMPNS`: when the kernel saw the packet, in microseconds or
    /// nanoseconds.
    Timestamp(Timestamp),
    /// `SCM_TIMESTAMPING` (SO_TIMESTAMPING): software and hardware stamps.
    Timestamps(Timestamps),
    /// `UDP_GRO` (UDP_GRO): the length in bytes of the datagrams that were joined into one; the
    /// last may be shorter.
    SegmentSize(u16),
    /// `IP_RECVERR`, `IPV6_RECVERR` and their like: an entry of the error queue, read with
    /// [`MsgFlags::ERRQUEUE`](crate::MsgFlags::ERRQUEUE).
    Error(ExtendedError),
    /// `IP_ORIGDSTADDR` (IP_RECVORIGDSTADDR), `IPV6_ORIGDSTADDR`: where the datagram was going
    /// before it was redirected here (transparent proxies).
    OriginalDestination(SocketAddr),
    /// `SO_RXQ_OVFL` (SO_RXQ_OVFL): how many datagrams this socket has dropped so far.
    Dropped(u32),
    /// `SO_MARK` (SO_RCVMARK): the packet's firewall mark.
    Mark(u32),
    /// `TCP_CM_INQ` (TCP_INQ): how many bytes the queue still holds.
    QueuedBytes(u32),
    /// A message that has no variant of its own here, as bytes.
    Other {
        /// `cmsg_level`.
        level: i32,
        /// `cmsg_type`.
        kind: i32,
        /// The bytes behind the header.
        data: &'a [u8],
    },
}

impl<'a> Control<'a> {
    pub(crate) fn new(message: ReceivedMessage<'a>) -> Self {
        let (level, kind) = (message.level, message.kind);
        if level == libc::SOL_SOCKET {
            match kind {
                libc::SCM_RIGHTS => return Control::Rights(Fds(message.into_fds())),
                SCM_PIDFD => return Control::PidFd(message.into_fds().next()),
                _ => {}
            }
        }
        let data = message.into_data();
        Self::decode(level, kind, data).unwrap_or(Control::Other { level, kind, data })
    }

    /// What [`control_messages`](crate::fd::control_messages) gave, typed; `None` for a message that
    /// is unknown, shorter than it must be, or carries descriptors.
    ///
    /// ```
    /// use rsocket::Control;
    ///
    /// let data = 64_i32.to_ne_bytes();
    /// let ttl = Control::decode(0, 2, &data); // IPPROTO_IP, IP_TTL
    /// assert!(matches!(ttl, Some(Control::TimeToLive(64))));
    /// ```
    #[must_use]
    pub fn decode(level: i32, kind: i32, data: &'a [u8]) -> Option<Self> {
        let mut value = Reader(data);
        Some(match (level, kind) {
            (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => {
                Control::Credentials(Credentials::from_bytes(data)?)
            }
            (libc::SOL_SOCKET, SCM_SECURITY) => Control::SecurityLabel(data),
            (libc::SOL_SOCKET, libc::SO_TIMESTAMP | libc::SO_TIMESTAMP_NEW) => {
                Control::Timestamp(Timestamp::from_timeval(data)?)
            }
            (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS | libc::SO_TIMESTAMPNS_NEW) => {
                Control::Timestamp(Timestamp::from_timespec(data)?)
            }
            (libc::SOL_SOCKET, libc::SO_TIMESTAMPING | libc::SO_TIMESTAMPING_NEW) => {
                Control::Timestamps(Timestamps::from_bytes(data)?)
            }
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => Control::Dropped(value.u32()?),
            (libc::SOL_SOCKET, libc::SO_MARK) => Control::Mark(value.u32()?),
            (libc::SOL_IP, libc::IP_PKTINFO) => Control::PacketInfo(PacketInfo::from_v4(data)?),
            (libc::SOL_IP, libc::IP_TOS) => Control::TypeOfService(value.byte()?),
            (libc::SOL_IP, libc::IP_TTL) => Control::TimeToLive(value.byte()?),
            (libc::SOL_IPV6, libc::IPV6_PKTINFO) => Control::PacketInfo(PacketInfo::from_v6(data)?),
            (libc::SOL_IPV6, libc::IPV6_TCLASS) => Control::TrafficClass(value.byte()?),
            (libc::SOL_IPV6, libc::IPV6_HOPLIMIT) => Control::HopLimit(value.byte()?),
            (libc::SOL_UDP, libc::UDP_GRO) => {
                Control::SegmentSize(u16::try_from(value.i32()?).ok()?)
            }
            (libc::SOL_TCP, libc::TCP_CM_INQ) => Control::QueuedBytes(value.u32()?),
            (libc::SOL_IP, libc::IP_RECVERR)
            | (libc::SOL_IPV6, libc::IPV6_RECVERR)
            | (libc::SOL_PACKET, libc::PACKET_TX_TIMESTAMP)
            | (SOL_VSOCK, VSOCK_RECVERR) => Control::Error(ExtendedError::from_bytes(data)?),
            (libc::SOL_IP, libc::IP_ORIGDSTADDR) | (libc::SOL_IPV6, libc::IPV6_ORIGDSTADDR) => {
                Control::OriginalDestination(Address::from_bytes(data).ok()?.as_ip()?)
            }
            _ => return None,
        })
    }
}

/// The control messages of one receive, in the order they came. Descriptors can be taken once.
pub struct Messages<'a>(pub(crate) ReceivedMessages<'a>);

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Messages")
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Control<'a>;

    fn next(&mut self) -> Option<Control<'a>> {
        self.0.next().map(Control::new)
    }
}

/// Received descriptors; each is taken as it is yielded, and what is not taken is closed later by
/// whatever holds the messages.
pub struct Fds<'a>(ReceivedFds<'a>);

impl fmt::Debug for Fds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fds({} left)", self.0.remaining())
    }
}

impl Iterator for Fds<'_> {
    type Item = OwnedFd;

    #[inline]
    fn next(&mut self) -> Option<OwnedFd> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.0.remaining()))
    }
}

/// The descriptors of all messages of one receive; each is taken as it is yielded.
pub struct TakeFds<'a> {
    messages: ReceivedMessages<'a>,
    fds: ReceivedFds<'a>,
    /// Told once no descriptor is left.
    may_hold_fds: Option<&'a mut bool>,
}

impl<'a> TakeFds<'a> {
    /// From the first message on.
    #[inline]
    pub(crate) fn new(messages: ReceivedMessages<'a>, may_hold_fds: Option<&'a mut bool>) -> Self {
        TakeFds {
            messages,
            fds: ReceivedFds::none(),
            may_hold_fds,
        }
    }

    /// The next descriptor of the message at hand.
    #[inline]
    fn take(&mut self) -> Option<OwnedFd> {
        let fd = self.fds.next()?;
        let is_last = self.fds.remaining() == 0 && self.messages.is_finished();
        if let Some(may_hold_fds) = self.may_hold_fds.as_mut().filter(|_| is_last) {
            **may_hold_fds = false;
        }
        Some(fd)
    }
}

impl fmt::Debug for TakeFds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakeFds")
    }
}

impl Iterator for TakeFds<'_> {
    type Item = OwnedFd;

    #[inline]
    fn next(&mut self) -> Option<OwnedFd> {
        if let Some(fd) = self.take() {
            return Some(fd);
        }
        loop {
            self.fds = self.messages.next()?.into_fds();
            if let Some(fd) = self.take() {
                return Some(fd);
            }
        }
    }
}
