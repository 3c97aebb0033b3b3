//! Control messages to send.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::values::Credentials;
use crate::error::{ControlError, Result};
use crate::sys::control::{ControlBuffer, MAX_FDS, message_space};

/// Control messages to send, in `N` bytes on the stack. Borrows the descriptors that it passes.
///
/// ```
/// use std::os::fd::AsFd;
/// use rsocket::{Ancillary, ControlBuilder, Endpoint, Kind, MsgFlags};
/// use std::io::{IoSlice, IoSliceMut};
///
/// let (left, right) = Endpoint::pair(Kind::STREAM)?;
/// let stdin = std::io::stdin();
///
/// let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(1) }>::new();
/// control.push_fds(&[stdin.as_fd()])?;
/// left.send_msg(&[IoSlice::new(b"stdin")], &control, None, MsgFlags::empty())?;
///
/// let mut ancillary = Ancillary::<{ ControlBuilder::space_for_fds(1) }>::new();
/// let mut data = [0; 16];
/// let mut bufs = [IoSliceMut::new(&mut data)];
/// let (received, _from) = right.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())?;
/// assert_eq!(received.len, 5);
/// assert_eq!(ancillary.take_fds().count(), 1);
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// An answer from the address that the question came to, with a hop limit of its own:
///
/// ```
/// use std::io::IoSlice;
/// use rsocket::{Address, ControlBuilder, Endpoint, Family, Kind, MsgFlags, Protocol};
///
/// let peer = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
/// peer.bind(&"127.0.0.1:0".parse()?)?;
/// let socket = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
///
/// const ROOM: usize = ControlBuilder::space_for_packet_info() + ControlBuilder::space(4);
/// let mut control = ControlBuilder::<ROOM>::new();
/// control.push_packet_info("127.0.0.2".parse().unwrap(), 0)?.push_time_to_live(3)?;
/// let to = peer.local_address()?;
/// socket.send_msg(&[IoSlice::new(b"answer")], &control, Some(&to), MsgFlags::empty())?;
///
/// let (_, from) = peer.recv_from(&mut [0; 16])?;
/// assert_eq!(from.as_ip().unwrap().ip().to_string(), "127.0.0.2");
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct ControlBuilder<'fd, const N: usize> {
    buffer: ControlBuffer<N>,
    passes_fds: bool,
    fds: PhantomData<BorrowedFd<'fd>>,
}

/// How much room messages take, to add up for `N`. Every message of one C int takes `space(4)`.
impl ControlBuilder<'_, 0> {
    /// The room that one message with `data` bytes takes (`CMSG_SPACE`, cmsg(3)).
    #[must_use]
    pub const fn space(data: usize) -> usize {
        message_space(data)
    }

    /// The room that a message with `count` descriptors takes.
    #[must_use]
    pub const fn space_for_fds(count: usize) -> usize {
        message_space(count.saturating_mul(size_of::<i32>()))
    }

    /// The room that a message with credentials takes.
    #[must_use]
    pub const fn space_for_credentials() -> usize {
        message_space(Credentials::SIZE)
    }

    /// The room that packet information takes, of IPv4 or of IPv6.
    #[must_use]
    pub const fn space_for_packet_info() -> usize {
        message_space(size_of::<libc::in6_pktinfo>())
    }
}

impl<'fd, const N: usize> ControlBuilder<'fd, N> {
    /// No messages yet.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        ControlBuilder {
            buffer: ControlBuffer::new(),
            passes_fds: false,
            fds: PhantomData,
        }
    }

    /// Adds `SCM_RIGHTS`: open descriptors for the peer, Unix domain only.
    ///
    /// # Errors
    /// [`ControlError::TooManyFds`] beyond 253 (`SCM_MAX_FD`), [`ControlError::NoRoom`].
    #[inline]
    pub fn push_fds(&mut self, fds: &[BorrowedFd<'fd>]) -> Result<&mut Self> {
        if fds.len() > MAX_FDS {
            let count = u32::try_from(fds.len()).unwrap_or(u32::MAX);
            return Err(ControlError::TooManyFds(count).into());
        }
        let data = self.reserve(libc::SOL_SOCKET, libc::SCM_RIGHTS, size_of_val(fds))?;
        for (slot, fd) in data.chunks_exact_mut(size_of::<i32>()).zip(fds) {
            slot.copy_from_slice(&fd.as_raw_fd().to_ne_bytes());
        }
        self.passes_fds = true;
        Ok(self)
    }

    /// Adds `SCM_CREDENTIALS`: who sends, checked by the kernel, Unix domain only.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_credentials(&mut self, credentials: Credentials) -> Result<&mut Self> {
        self.push(
            libc::SOL_SOCKET,
            libc::SCM_CREDENTIALS,
            &credentials.to_bytes(),
        )
    }

    /// Adds `IP_PKTINFO` (ip(7)) or `IPV6_PKTINFO` (ipv6(7)): the address that the datagram is sent
    /// from, and the number of the interface that it leaves by. The unspecified address and 0 leave
    /// the choice to the kernel.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_packet_info(&mut self, source: IpAddr, interface: u32) -> Result<&mut Self> {
        match source {
            IpAddr::V4(source) => {
                let mut info = [0; size_of::<libc::in_pktinfo>()];
                info[..4].copy_from_slice(&interface.to_ne_bytes());
                info[4..8].copy_from_slice(&source.octets());
                self.push(libc::SOL_IP, libc::IP_PKTINFO, &info)
            }
            IpAddr::V6(source) => {
                let mut info = [0; size_of::<libc::in6_pktinfo>()];
                info[..16].copy_from_slice(&source.octets());
                info[16..].copy_from_slice(&interface.to_ne_bytes());
                self.push(libc::SOL_IPV6, libc::IPV6_PKTINFO, &info)
            }
        }
    }

    /// Adds `IP_TOS` (ip(7)): the type-of-service byte, DSCP and ECN.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_type_of_service(&mut self, value: u8) -> Result<&mut Self> {
        self.push_int(libc::SOL_IP, libc::IP_TOS, value.into())
    }

    /// Adds `IPV6_TCLASS` (RFC 3542): the traffic class byte, DSCP and ECN.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_traffic_class(&mut self, value: u8) -> Result<&mut Self> {
        self.push_int(libc::SOL_IPV6, libc::IPV6_TCLASS, value.into())
    }

    /// Adds `IP_TTL` (ip(7)): how many hops the datagram may take. 0 is refused by the send.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_time_to_live(&mut self, hops: u8) -> Result<&mut Self> {
        self.push_int(libc::SOL_IP, libc::IP_TTL, hops.into())
    }

    /// Adds `IPV6_HOPLIMIT` (RFC 3542): how many hops the datagram may take.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_hop_limit(&mut self, hops: u8) -> Result<&mut Self> {
        self.push_int(libc::SOL_IPV6, libc::IPV6_HOPLIMIT, hops.into())
    }

    /// Adds `UDP_SEGMENT` (udp(7)): the data goes out as datagrams of `bytes` each, the last of
    /// which may be shorter.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_segment_size(&mut self, bytes: u16) -> Result<&mut Self> {
        self.push(libc::SOL_UDP, libc::UDP_SEGMENT, &bytes.to_ne_bytes())
    }

    /// Adds `SCM_TXTIME`: when the packet is to leave, in nanoseconds of the clock that the
    /// socket's SO_TXTIME option names. See tc-etf(8).
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_transmit_time(&mut self, nanoseconds: u64) -> Result<&mut Self> {
        self.push(
            libc::SOL_SOCKET,
            libc::SCM_TXTIME,
            &nanoseconds.to_ne_bytes(),
        )
    }

    /// Adds `SO_TIMESTAMPING`: which stamps (`SOF_TIMESTAMPING_TX_…`) this one message gets. The
    /// socket's own SO_TIMESTAMPING option must ask for reports (`SOF_TIMESTAMPING_SOFTWARE`).
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_timestamping(&mut self, flags: u32) -> Result<&mut Self> {
        self.push(
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPING,
            &flags.to_ne_bytes(),
        )
    }

    /// Adds `SO_MARK`: the packet's firewall mark; needs CAP_NET_ADMIN or CAP_NET_RAW.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_mark(&mut self, mark: u32) -> Result<&mut Self> {
        self.push(libc::SOL_SOCKET, libc::SO_MARK, &mark.to_ne_bytes())
    }

    /// Adds any other message that is one C int.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_int(&mut self, level: i32, kind: i32, value: i32) -> Result<&mut Self> {
        self.push(level, kind, &value.to_ne_bytes())
    }

    /// Adds any other message, as bytes. For descriptors use [`ControlBuilder::push_fds`], which
    /// borrows them.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push(&mut self, level: i32, kind: i32, data: &[u8]) -> Result<&mut Self> {
        self.reserve(level, kind, data.len())?.copy_from_slice(data);
        self.passes_fds |= level == libc::SOL_SOCKET && kind == libc::SCM_RIGHTS;
        Ok(self)
    }

    #[inline]
    fn reserve(&mut self, level: i32, kind: i32, data_len: usize) -> Result<&mut [u8]> {
        self.buffer
            .append(level, kind, data_len)
            .ok_or_else(|| ControlError::NoRoom.into())
    }

    /// Takes all messages out again.
    pub fn clear(&mut self) {
        self.buffer.forget();
        self.passes_fds = false;
    }

    /// True where it carries descriptors.
    #[must_use]
    #[inline]
    pub const fn passes_fds(&self) -> bool {
        self.passes_fds
    }

    /// The messages as the kernel reads them.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.written()
    }
}

impl<const N: usize> Default for ControlBuilder<'_, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for ControlBuilder<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlBuilder")
            .field("len", &self.as_bytes().len())
            .field("capacity", &N)
            .finish()
    }
}
