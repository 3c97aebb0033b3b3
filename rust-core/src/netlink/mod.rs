//! Netlink, see netlink(7): a socket to the kernel with strict checking, requests, and replies that
//! are checked for their sender, their sequence number and their length.
//!
//! Attributes are handed out as bytes; crates such as `netlink-packet-route` make types of them.

mod message;

pub use message::{ATTRIBUTE_HEADER_LEN, Attribute, Attributes, HEADER_LEN, Message, Messages};

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

use crate::address::{Address, AddressView};
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, NetlinkError, Result};
use crate::family::{Family, Kind, Protocol};
use crate::fd;
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Wait};
use crate::sys::call::as_uninit;

/// A buffer of this many bytes holds any datagram of a dump (the kernel's own upper bound).
pub const BUFFER_LEN: usize = 32 * 1024;

/// A netlink socket, bound to a port id that the kernel chose.
///
/// ```
/// use rsocket::Protocol;
/// use rsocket::netlink::Netlink;
///
/// // RTM_GETLINK with NLM_F_DUMP and an empty `struct ifinfomsg`: every network interface.
/// let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
/// let mut buf = vec![0; rsocket::netlink::BUFFER_LEN];
/// let mut replies = netlink.request(18, 0x300, &[0; 16], &mut buf)?;
/// let mut names = Vec::new();
/// while let Some(link) = replies.next()? {
///     for attribute in link.attributes(16) {
///         let attribute = attribute?;
///         if attribute.kind == 3 {
///             names.push(String::from_utf8_lossy(attribute.string()).into_owned());
///         }
///     }
/// }
/// assert!(names.contains(&"lo".to_string()));
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Debug)]
pub struct Netlink {
    endpoint: Endpoint,
    sequence: u32,
}

impl Netlink {
    /// Opens a socket of `protocol` with strict checking of dump requests, extended and capped
    /// acknowledgements, where the kernel has them.
    ///
    /// # Errors
    /// EPROTONOSUPPORT for a protocol that the kernel lacks.
    pub fn open(protocol: Protocol) -> Result<Self> {
        let endpoint = Endpoint::new(Family::NETLINK, Kind::RAW, protocol)?;
        prepare(endpoint.as_fd())?;
        endpoint.bind(&Address::netlink(0, 0))?;
        Ok(Netlink {
            endpoint,
            sequence: 0,
        })
    }

    /// The socket.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The port id that the kernel chose.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn pid(&self) -> Result<u32> {
        port_id(self.endpoint.as_fd())
    }

    /// Joins a multicast group, by its number (`RTNLGRP_…`, or as resolved; not a mask).
    ///
    /// # Errors
    /// EINVAL for a number that the protocol lacks, EPERM without the capability.
    pub fn join(&self, group: u32) -> Result<()> {
        join(self.endpoint.as_fd(), group)
    }

    /// Leaves a multicast group.
    ///
    /// # Errors
    /// EINVAL for a number that the protocol lacks.
    pub fn leave(&self, group: u32) -> Result<()> {
        let value = group.to_ne_bytes();
        let fd = self.endpoint.as_fd();
        fd::set_option(fd, libc::SOL_NETLINK, libc::NETLINK_DROP_MEMBERSHIP, &value)
    }

    /// Sends a request of type `kind` with `flags` and reads the replies into `buf`. `NLM_F_REQUEST`
    /// and `NLM_F_ACK` are added, so that the replies end.
    ///
    /// # Errors
    /// Those of sendmsg(2).
    pub fn request<'a>(
        &'a mut self,
        kind: u16,
        flags: u16,
        payload: &[u8],
        buf: &'a mut [u8],
    ) -> Result<Replies<'a>> {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let mut cursor = Cursor::default();
        let fd = self.endpoint.as_fd();
        cursor.request(fd, self.sequence, kind, flags, payload, &mut Blocking)?;
        Ok(Replies { fd, buf, cursor })
    }

    /// Receives one datagram of events into `buf`, from the kernel only.
    ///
    /// # Errors
    /// [`NetlinkError::Overrun`] where events were lost: the socket goes on working;
    /// [`NetlinkError::Truncated`] where `buf` was too short.
    pub fn recv<'b>(&self, buf: &'b mut [u8]) -> Result<Messages<'b>> {
        self.recv_with(buf, Blocking)
    }

    /// [`Netlink::recv`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Netlink::recv`], and [`Error::TimedOut`].
    pub fn recv_with<'b>(&self, buf: &'b mut [u8], mut wait: impl Wait) -> Result<Messages<'b>> {
        let len = recv_datagram(self.endpoint.as_fd(), as_uninit(buf), &mut wait)?;
        Ok(Messages::new(buf.get(..len).unwrap_or_default()))
    }
}

/// The replies to one request.
#[derive(Debug)]
pub struct Replies<'a> {
    fd: BorrowedFd<'a>,
    buf: &'a mut [u8],
    cursor: Cursor,
}

impl Replies<'_> {
    /// The next reply; `None` at the end of the dump, or at the acknowledgement.
    ///
    /// # Errors
    /// [`NetlinkError::Refused`] with the kernel's error number, [`NetlinkError::DumpInterrupted`]
    /// at the end of a dump that changed under way, and those of [`Netlink::recv`].
    #[expect(clippy::should_implement_trait, reason = "an item borrows the buffer")]
    pub fn next(&mut self) -> Result<Option<Message<'_>>> {
        self.cursor.next(self.fd, self.buf, &mut Blocking)
    }
}

/// Where a reader stands in the replies to a request: plain integers, so that a caller of another
/// language can keep it beside its own buffer.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cursor {
    sequence: u32,
    pid: u32,
    start: usize,
    end: usize,
    interrupted: bool,
    done: bool,
}

impl Cursor {
    /// Sends a request and stands before its replies. See [`Netlink::request`].
    ///
    /// # Errors
    /// Those of sendmsg(2) and getsockname(2); EMSGSIZE for a payload beyond 4 GiB.
    pub fn request(
        &mut self,
        fd: BorrowedFd<'_>,
        sequence: u32,
        kind: u16,
        flags: u16,
        payload: &[u8],
        wait: &mut impl Wait,
    ) -> Result<()> {
        let pid = port_id(fd)?;
        let len = u32::try_from(HEADER_LEN + payload.len()).map_err(|_| Error::Os {
            op: crate::Op::SendMsg,
            errno: Errno::EMSGSIZE,
        })?;
        // A dump that begins is not acknowledged, one that is too short to be looked at is: without
        // the flag the kernel would stay silent (netlink_rcv_skb, net/netlink/af_netlink.c).
        let flags = flags | (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        let mut header = [0; HEADER_LEN];
        header[..4].copy_from_slice(&len.to_ne_bytes());
        header[4..6].copy_from_slice(&kind.to_ne_bytes());
        header[6..8].copy_from_slice(&flags.to_ne_bytes());
        header[8..12].copy_from_slice(&sequence.to_ne_bytes());
        header[12..].copy_from_slice(&pid.to_ne_bytes());
        let bufs = [IoSlice::new(&header), IoSlice::new(payload)];
        let kernel = Address::netlink(0, 0);
        fd::send_msg(fd, &bufs, &[], Some(&kernel), MsgFlags::empty(), wait)?;
        *self = Cursor {
            sequence,
            pid,
            ..Cursor::default()
        };
        Ok(())
    }

    /// The next reply, from `buf` or, once that is used up, from the kernel into `buf`.
    ///
    /// # Errors
    /// As [`Replies::next`].
    pub fn next<'b>(
        &mut self,
        fd: BorrowedFd<'_>,
        buf: &'b mut [u8],
        wait: &mut impl Wait,
    ) -> Result<Option<Message<'b>>> {
        let found = loop {
            if self.done {
                return Ok(None);
            }
            if self.start >= self.end {
                self.end = recv_datagram(fd, as_uninit(buf), wait)?;
                self.start = 0;
            }
            let mut walk = Messages::new(buf.get(self.start..self.end).unwrap_or_default());
            let message = match walk.next() {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    self.start = self.end;
                    return Err(error.into());
                }
                None => {
                    self.start = self.end;
                    continue;
                }
            };
            let at = self.start;
            self.start = self.end - walk.rest().len();
            // An answer to an earlier request that was given up, or an event.
            if message.sequence != self.sequence || message.pid != self.pid {
                continue;
            }
            self.interrupted |= message.flags & libc::NLM_F_DUMP_INTR as u16 != 0;
            match i32::from(message.kind) {
                libc::NLMSG_NOOP => {}
                libc::NLMSG_ERROR | libc::NLMSG_DONE => {
                    self.done = true;
                    if let Some(errno) = message.error() {
                        return Err(NetlinkError::Refused(errno).into());
                    }
                    if self.interrupted {
                        return Err(NetlinkError::DumpInterrupted.into());
                    }
                    return Ok(None);
                }
                _ => break at..self.start,
            }
        };
        // Walked once more, because a borrow may not leave the loop that goes on without it.
        let bytes = buf.get(found).unwrap_or_default();
        Messages::new(bytes).next().transpose().map_err(Error::from)
    }
}

/// Sets what every netlink socket of ours has: strict checking, extended and capped acks.
///
/// # Errors
/// Those of setsockopt(2), but for a kernel that lacks an option (ENOPROTOOPT), which is let pass.
pub fn prepare(fd: BorrowedFd<'_>) -> Result<()> {
    let options = [
        libc::NETLINK_EXT_ACK,
        libc::NETLINK_CAP_ACK,
        libc::NETLINK_GET_STRICT_CHK,
    ];
    for option in options {
        match fd::set_int(fd, libc::SOL_NETLINK, option, 1) {
            Ok(())
            | Err(Error::Os {
                errno: Errno::ENOPROTOOPT,
                ..
            }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Joins a multicast group by its number. See [`Netlink::join`].
///
/// # Errors
/// As there.
pub fn join(fd: BorrowedFd<'_>, group: u32) -> Result<()> {
    fd::set_option(
        fd,
        libc::SOL_NETLINK,
        libc::NETLINK_ADD_MEMBERSHIP,
        &group.to_ne_bytes(),
    )
}

fn port_id(fd: BorrowedFd<'_>) -> Result<u32> {
    match fd::local_address(fd)?.view() {
        AddressView::Netlink { pid, .. } => Ok(pid),
        _ => Err(Error::WrongFamily),
    }
}

/// Receives one datagram from the kernel; one from anybody else is thrown away.
fn recv_datagram(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    wait: &mut impl Wait,
) -> Result<usize> {
    loop {
        let mut from = Address::UNSPECIFIED;
        let len = match fd::recv_from(fd, buf, MsgFlags::TRUNC, &mut from, wait) {
            Err(Error::Os {
                errno: Errno::ENOBUFS,
                ..
            }) => {
                return Err(NetlinkError::Overrun.into());
            }
            result => result?,
        };
        if !matches!(from.view(), AddressView::Netlink { pid: 0, .. }) {
            continue;
        }
        if len > buf.len() {
            return Err(NetlinkError::Truncated(u32::try_from(len).unwrap_or(u32::MAX)).into());
        }
        return Ok(len);
    }
}
