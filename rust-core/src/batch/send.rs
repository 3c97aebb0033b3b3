//! [`SendBatch`]: slots to send many messages from at once.

use std::fmt;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;

use crate::address::Address;
use crate::control::ControlBuilder;
use crate::error::{Error, Op, Result};
use crate::fd::Partial;
use crate::flags::MsgFlags;
use crate::policy::{Readiness, Wait, run};
use crate::sys::mmsg::{SendArray, SendQueue};

/// Slots for many messages, sent by one system call and used again for the next.
///
/// All memory is allocated when it is made. Data, addresses and control messages are borrowed where
/// they stand, from [`SendBatch::messages`] until the messages are dropped.
///
/// ```
/// use rsocket::{Endpoint, Family, Kind, Protocol, SendBatch};
///
/// let receiver = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
/// receiver.bind(&"127.0.0.1:0".parse()?)?;
/// let to = receiver.local_address()?;
/// let sender = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
///
/// let mut batch = SendBatch::new(32)?;
/// for round in ["first", "second"] {
///     let mut messages = batch.messages();
///     messages.push(round.as_bytes(), Some(&to))?;
///     messages.push(b"round", Some(&to))?;
///     sender.send_batch_all(&mut messages)?;
/// }
///
/// let mut buf = [0; 16];
/// let received = receiver.recv(&mut buf)?;
/// assert_eq!(&buf[..received.len], b"first");
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct SendBatch {
    array: SendArray,
}

impl SendBatch {
    /// Slots for `slots` messages. The kernel sends 1024 at most in one call (`UIO_MAXIOV`).
    ///
    /// # Errors
    /// [`Errno::ENOMEM`](crate::Errno::ENOMEM).
    pub fn new(slots: usize) -> Result<Self> {
        let array = SendArray::new(slots).map_err(|errno| Error::Os {
            op: Op::SendMmsg,
            errno,
        })?;
        Ok(SendBatch { array })
    }

    /// How many messages it has slots for.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.array.slots()
    }

    /// Starts over with every slot free: push messages, then send them.
    #[inline]
    pub fn messages<'data>(&mut self) -> SendMessages<'_, 'data> {
        SendMessages {
            queue: self.array.queue(),
            passes_fds: false,
        }
    }
}

impl fmt::Debug for SendBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBatch")
            .field("slots", &self.slots())
            .finish_non_exhaustive()
    }
}

/// Messages in the slots of a [`SendBatch`]; what has gone is not sent again.
pub struct SendMessages<'batch, 'data> {
    queue: SendQueue<'batch, 'data>,
    passes_fds: bool,
}

impl<'data> SendMessages<'_, 'data> {
    /// Adds a message, to `to` where the socket is not connected.
    ///
    /// # Errors
    /// [`Error::BatchFull`].
    #[inline]
    pub fn push(&mut self, data: &'data [u8], to: Option<&'data Address>) -> Result<()> {
        full(self.queue.push(data, to.map(Address::native)))
    }

    /// Adds data that goes out as datagrams of `size` bytes each, the last of which may be shorter
    /// (UDP_SEGMENT, udp(7)): at most 64 of them, and 64 KiB in all.
    ///
    /// The send answers EINVAL where the pieces do not fit the path, and EIO where the network card
    /// cannot compute checksums.
    ///
    /// # Errors
    /// [`Error::BatchFull`].
    #[inline]
    pub fn push_segments(
        &mut self,
        data: &'data [u8],
        size: u16,
        to: Option<&'data Address>,
    ) -> Result<()> {
        full(
            self.queue
                .push_segments(data, size, to.map(Address::native)),
        )
    }

    /// Adds a message of several buffers with control messages.
    ///
    /// # Errors
    /// [`Error::BatchFull`].
    pub fn push_message<const N: usize>(
        &mut self,
        bufs: &'data [IoSlice<'data>],
        control: &'data ControlBuilder<'_, N>,
        to: Option<&'data Address>,
    ) -> Result<()> {
        let to = to.map(Address::native);
        full(self.queue.push_message(bufs, control.as_bytes(), to))?;
        self.passes_fds |= control.passes_fds();
        Ok(())
    }

    /// How many messages were pushed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// True where no message was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages have gone, or were skipped.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.queue.sent()
    }

    /// How many bytes of a message have gone: on a stream perhaps fewer than were pushed. `None`
    /// for one that has not gone.
    #[must_use]
    pub fn sent_len(&self, index: usize) -> Option<usize> {
        self.queue.sent_len(index)
    }

    /// Gives up the first message that has not gone, such as one whose destination refuses it, so
    /// that the next call goes on behind it.
    pub fn skip(&mut self) {
        self.queue.skip();
    }

    /// True where a control message carries descriptors.
    pub(crate) fn passes_fds(&self) -> bool {
        self.passes_fds
    }

    /// One system call; says how many messages it sent.
    #[inline]
    pub(crate) fn send(
        &mut self,
        fd: BorrowedFd<'_>,
        flags: MsgFlags,
        wait: &mut impl Wait,
    ) -> Result<usize> {
        if self.sent() == self.len() {
            return Ok(0);
        }
        run(
            fd,
            Op::SendMmsg,
            Readiness::Writable,
            flags,
            wait,
            |flags| self.queue.send(fd, flags.raw()),
        )
    }

    /// System calls until all has gone, under one deadline.
    pub(crate) fn send_all(
        &mut self,
        fd: BorrowedFd<'_>,
        flags: MsgFlags,
        wait: &mut impl Wait,
    ) -> Result<(), Partial> {
        while self.sent() < self.len() {
            let done = self.sent();
            self.send(fd, flags, wait)
                .map_err(|error| Partial { done, error })?;
        }
        Ok(())
    }
}

#[inline]
fn full(pushed: bool) -> Result<()> {
    if pushed {
        Ok(())
    } else {
        Err(Error::BatchFull)
    }
}

impl fmt::Debug for SendMessages<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMessages")
            .field("len", &self.len())
            .field("sent", &self.sent())
            .finish_non_exhaustive()
    }
}
