//! Reading the replies to a request: sender, sequence and lengths checked, refusals in the kernel's
//! own words.

use std::fmt;
use std::io::IoSlice;
use std::ops::Range;
use std::os::fd::BorrowedFd;

use super::message::{HEADER_LEN, Message, Messages};
use super::{port_id, recv_datagram};
use crate::address::Address;
use crate::errno::Errno;
use crate::error::{Error, NetlinkError, Op, Result};
use crate::fd;
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Wait};
use crate::sys::call::as_uninit;

// linux/netlink.h; libc has no names for them.
const NLMSGERR_ATTR_MSG: i32 = 1;
const NLMSGERR_ATTR_OFFS: i32 = 2;
const NLMSGERR_ATTR_MISS_TYPE: i32 = 5;

/// The replies to one request.
#[derive(Debug)]
pub struct Replies<'a> {
    fd: BorrowedFd<'a>,
    buf: &'a mut [u8],
    cursor: &'a mut Cursor,
}

impl<'a> Replies<'a> {
    pub(super) fn new(fd: BorrowedFd<'a>, buf: &'a mut [u8], cursor: &'a mut Cursor) -> Self {
        Replies { fd, buf, cursor }
    }

    /// The next reply; `None` at the end of the dump, or at the acknowledgement.
    ///
    /// # Errors
    /// [`NetlinkError::Refused`] with the kernel's error number ([`Replies::refusal`] has its
    /// words), [`NetlinkError::DumpInterrupted`] at the end of a dump that changed under way, and
    /// those of [`Netlink::recv`](super::Netlink::recv).
    #[expect(clippy::should_implement_trait, reason = "an item borrows the buffer")]
    pub fn next(&mut self) -> Result<Option<Message<'_>>> {
        self.next_with(Blocking)
    }

    /// [`Replies::next`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Replies::next`], and [`Error::TimedOut`].
    pub fn next_with(&mut self, mut wait: impl Wait) -> Result<Option<Message<'_>>> {
        self.cursor.next(self.fd, self.buf, &mut wait)
    }

    /// What the kernel said with its refusal, after [`NetlinkError::Refused`].
    ///
    /// ```
    /// use rsocket::Protocol;
    /// use rsocket::netlink::{BUFFER_LEN, Netlink};
    ///
    /// // RTM_GETLINK for an interface that cannot be: the header's index is negative.
    /// let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
    /// let mut buf = vec![0; BUFFER_LEN];
    /// let mut ifinfomsg = [0; 16];
    /// ifinfomsg[4..8].copy_from_slice(&(-1i32).to_ne_bytes());
    /// let mut replies = netlink.request(18, 0, &ifinfomsg, &mut buf)?;
    /// let error = replies.next().unwrap_err();
    /// if let Some(refusal) = replies.refusal() {
    ///     println!("{error}: {refusal}");
    /// }
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal<'_>> {
        self.cursor.refusal(self.buf)
    }
}

/// Why the kernel refused a request: its extended acknowledgement (NETLINK_EXT_ACK, netlink(7)).
/// `Display` gives it as a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal<'a> {
    /// The error number.
    pub errno: Errno,
    /// The kernel's own words (NLMSGERR_ATTR_MSG), without a NUL.
    pub message: Option<&'a [u8]>,
    /// Where in the request the attribute is that it refuses, in bytes from the header's beginning
    /// (NLMSGERR_ATTR_OFFS).
    pub offset: Option<u32>,
    /// The attribute that the request lacks (NLMSGERR_ATTR_MISS_TYPE).
    pub missing: Option<u32>,
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.errno)?;
        if let Some(message) = self.message {
            write!(f, ": {}", message.escape_ascii())?;
        }
        if let Some(offset) = self.offset {
            write!(f, " (at byte {offset} of the request)")?;
        }
        if let Some(missing) = self.missing {
            write!(f, " (attribute {missing} is missing)")?;
        }
        Ok(())
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
    dump: bool,
    /// A datagram of the dump was cut off, with which its end may have gone.
    cut: bool,
    interrupted: bool,
    done: bool,
}

impl Cursor {
    /// The sequence number of the last request; 0 before the first.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// A sequence number for the next request: never 0.
    #[must_use]
    pub fn next_sequence(&self) -> u32 {
        self.sequence.wrapping_add(1).max(1)
    }

    /// True where every reply to the last request has been read.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done || self.sequence == 0
    }

    /// Reads what is left of a dump and passes over it, so that another request can be made: the
    /// kernel answers EBUSY to a dump while one goes on. The replies to anything else are told
    /// apart by their sequence number.
    ///
    /// # Errors
    /// Those of recv(2), and of the policy.
    pub fn finish(
        &mut self,
        fd: BorrowedFd<'_>,
        buf: &mut [u8],
        wait: &mut impl Wait,
    ) -> Result<()> {
        while self.dump && !self.is_done() {
            match self.next(fd, buf, wait) {
                // What was asked for once and is not wanted now may be malformed or cut off.
                Ok(_) | Err(Error::Netlink(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What the kernel said with its refusal, after [`NetlinkError::Refused`]; `buf` is the one
    /// that [`Cursor::next`] was given.
    #[must_use]
    pub fn refusal<'b>(&self, buf: &'b [u8]) -> Option<Refusal<'b>> {
        if !self.done {
            return None;
        }
        let mut last = Messages::new(buf.get(self.start..self.end)?);
        let message = last.next()?.ok()?;
        let mut refusal = Refusal {
            errno: message.error()?,
            message: None,
            offset: None,
            missing: None,
        };
        for attribute in message.extended_ack().filter_map(Result::ok) {
            match i32::from(attribute.kind) {
                NLMSGERR_ATTR_MSG => refusal.message = Some(attribute.string()),
                NLMSGERR_ATTR_OFFS => refusal.offset = attribute.u32(),
                NLMSGERR_ATTR_MISS_TYPE => refusal.missing = attribute.u32(),
                _ => {}
            }
        }
        Some(refusal)
    }

    /// Sends a request and stands before its replies. See [`Netlink::request`](super::Netlink::request).
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
            op: Op::SendMsg,
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
            dump: flags & libc::NLM_F_DUMP as u16 == libc::NLM_F_DUMP as u16,
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
        let Some(found) = self.advance(fd, buf, wait)? else {
            return Ok(None);
        };
        let bytes = buf.get(found).unwrap_or_default();
        Messages::new(bytes).next().transpose().map_err(Error::from)
    }

    /// True where the next reply may be in the buffer already.
    #[cfg(feature = "tokio")]
    pub(crate) const fn has_unread(&self) -> bool {
        self.done || self.start < self.end
    }

    /// Receives a datagram into `buf`; `None` where the dump has ended without a word.
    ///
    /// The kernel puts the next part of a dump in the queue before it returns from the receive of
    /// the last one (netlink_recvmsg, net/netlink/af_netlink.c): after a part that was cut off, an
    /// empty queue says that the end was in it.
    fn receive(
        &mut self,
        fd: BorrowedFd<'_>,
        buf: &mut [u8],
        wait: &mut impl Wait,
    ) -> Result<Option<usize>> {
        let flags = if self.cut {
            MsgFlags::DONTWAIT
        } else {
            MsgFlags::empty()
        };
        match recv_datagram(fd, as_uninit(buf), flags, wait) {
            Ok(len) => Ok(Some(len)),
            Err(error) if self.cut && error.is_would_block() => {
                self.done = true;
                Ok(None)
            }
            Err(error) => {
                let truncated = matches!(error, Error::Netlink(NetlinkError::Truncated(_)));
                self.cut |= self.dump && truncated;
                Err(error)
            }
        }
    }

    /// Where in `buf` the next reply is.
    pub(crate) fn advance(
        &mut self,
        fd: BorrowedFd<'_>,
        buf: &mut [u8],
        wait: &mut impl Wait,
    ) -> Result<Option<Range<usize>>> {
        loop {
            if self.done {
                return Ok(None);
            }
            if self.start >= self.end {
                match self.receive(fd, buf, wait)? {
                    Some(len) => (self.start, self.end) = (0, len),
                    None => continue,
                }
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
                        // Left in place for `refusal`.
                        (self.start, self.end) = (at, self.start);
                        return Err(NetlinkError::Refused(errno).into());
                    }
                    if self.interrupted {
                        return Err(NetlinkError::DumpInterrupted.into());
                    }
                    return Ok(None);
                }
                _ => return Ok(Some(at..self.start)),
            }
        }
    }
}
