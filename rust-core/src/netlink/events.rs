//! Multicast events, one message at a time, with a lost one as a value.

use std::os::fd::BorrowedFd;

use super::message::{Message, Messages};
use super::recv_datagram;
use crate::error::{Error, NetlinkError, Result};
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Wait};
use crate::sys::call::as_uninit;

/// What [`Events`] yields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// An event, from the kernel itself: whatever other processes send is thrown away.
    Message(Message<'a>),
    /// The receive queue ran over and events were lost (ENOBUFS): whatever was learned from them is
    /// out of date, so dump it again. The socket goes on working.
    Overrun,
}

/// The events of the multicast groups that a [`Netlink`](super::Netlink) has joined. They never
/// end.
///
/// Messages of one datagram come one after the other without a system call. Dropping this drops
/// what was received and not yielded.
#[derive(Debug)]
pub struct Events<'a> {
    fd: BorrowedFd<'a>,
    buf: &'a mut [u8],
    cursor: EventCursor,
}

impl<'a> Events<'a> {
    pub(crate) fn new(fd: BorrowedFd<'a>, buf: &'a mut [u8]) -> Self {
        Events {
            fd,
            buf,
            cursor: EventCursor::default(),
        }
    }

    /// The next event.
    ///
    /// # Errors
    /// [`Error::is_would_block`] on a non-blocking socket; [`NetlinkError::Truncated`] where the
    /// buffer was too short, [`NetlinkError::Length`] for a malformed message: what that datagram
    /// held is lost, and the next call goes on with the next one.
    #[expect(clippy::should_implement_trait, reason = "an item borrows the buffer")]
    pub fn next(&mut self) -> Result<Event<'_>> {
        self.next_with(Blocking)
    }

    /// [`Events::next`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Events::next`], and [`Error::TimedOut`].
    pub fn next_with(&mut self, mut wait: impl Wait) -> Result<Event<'_>> {
        self.cursor.next(self.fd, self.buf, &mut wait)
    }

    /// True where the next event is in the buffer already.
    #[cfg(feature = "tokio")]
    pub(crate) fn has_unread(&self) -> bool {
        self.cursor.start < self.cursor.end
    }

    /// Sees to it that there is a message in the buffer.
    #[cfg(feature = "tokio")]
    pub(crate) fn fill(&mut self, wait: &mut impl Wait) -> Result<()> {
        self.cursor.fill(self.fd, self.buf, wait)
    }
}

/// Where a reader stands in the events: plain integers, so that a caller of another language can
/// keep it beside its own buffer.
#[derive(Clone, Copy, Default, Debug)]
pub struct EventCursor {
    start: usize,
    end: usize,
}

impl EventCursor {
    /// The next event, from `buf` or, once that is used up, from the kernel into `buf`.
    ///
    /// # Errors
    /// As [`Events::next_with`].
    pub fn next<'b>(
        &mut self,
        fd: BorrowedFd<'_>,
        buf: &'b mut [u8],
        wait: &mut impl Wait,
    ) -> Result<Event<'b>> {
        match self.fill(fd, buf, wait) {
            Err(Error::Netlink(NetlinkError::Overrun)) => return Ok(Event::Overrun),
            result => result?,
        }
        let datagram = buf.get(self.start..self.end).unwrap_or_default();
        let mut messages = Messages::new(datagram);
        let message = messages.next();
        // A malformed message leaves no rest: what stands behind it cannot be found.
        self.start = self.end - messages.rest().len();
        match message {
            Some(message) => Ok(Event::Message(message?)),
            None => Err(NetlinkError::Length(0).into()),
        }
    }

    fn fill(&mut self, fd: BorrowedFd<'_>, buf: &mut [u8], wait: &mut impl Wait) -> Result<()> {
        while self.start >= self.end {
            (self.start, self.end) = (
                0,
                recv_datagram(fd, as_uninit(buf), MsgFlags::empty(), wait)?,
            );
        }
        Ok(())
    }
}
