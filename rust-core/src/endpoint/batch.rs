//! The verbs that move many messages at once.

use std::os::fd::AsFd;

use super::Endpoint;
use crate::batch::{ReceivedMessages, RecvBatch, SendMessages};
use crate::error::Result;
use crate::fd::Partial;
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Wait};

/// Many messages in one system call.
impl Endpoint {
    /// Receives as many messages as are there and as `batch` has slots for; waits for the first
    /// alone. What `batch` held before is gone.
    ///
    /// # Errors
    /// As [`Endpoint::recv`]; see
    /// [recvmmsg(2)](https://man7.org/linux/man-pages/man2/recvmmsg.2.html).
    #[inline]
    pub fn recv_batch<'b>(&self, batch: &'b mut RecvBatch) -> Result<ReceivedMessages<'b>> {
        self.recv_batch_with(batch, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv_batch`] with flags, waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::recv_batch`], and [`Error::TimedOut`](crate::Error::TimedOut).
    #[inline]
    pub fn recv_batch_with<'b>(
        &self,
        batch: &'b mut RecvBatch,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<ReceivedMessages<'b>> {
        batch.receive(self.as_fd(), self.receive_flags(flags), &mut wait)?;
        Ok(batch.messages())
    }

    /// Sends messages by one system call and says how many went. Those that did not are sent by the
    /// next call; where the first of them meets an error, that call tells it.
    ///
    /// # Errors
    /// As [`Endpoint::send_msg`]; see
    /// [sendmmsg(2)](https://man7.org/linux/man-pages/man2/sendmmsg.2.html).
    #[inline]
    pub fn send_batch(&self, messages: &mut SendMessages<'_, '_>) -> Result<usize> {
        self.send_batch_with(messages, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send_batch`] with flags, waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::send_batch`], and [`Error::TimedOut`](crate::Error::TimedOut).
    #[inline]
    pub fn send_batch_with(
        &self,
        messages: &mut SendMessages<'_, '_>,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<usize> {
        if messages.passes_fds() {
            self.require_unix()?;
        }
        messages.send(self.as_fd(), flags, &mut wait)
    }

    /// Sends all messages, by as many system calls as it takes.
    ///
    /// # Errors
    /// As [`Endpoint::send_batch`]; [`Partial`] says how many messages went before. The one that
    /// met the error is the first that has not gone: send again, or
    /// [skip](SendMessages::skip) it.
    pub fn send_batch_all(&self, messages: &mut SendMessages<'_, '_>) -> Result<(), Partial> {
        self.send_batch_all_with(messages, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send_batch_all`] with flags; a deadline bounds the whole.
    ///
    /// # Errors
    /// As [`Endpoint::send_batch_all`], and [`Error::TimedOut`](crate::Error::TimedOut).
    pub fn send_batch_all_with(
        &self,
        messages: &mut SendMessages<'_, '_>,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<(), Partial> {
        if messages.passes_fds() {
            self.require_unix()
                .map_err(|error| Partial { done: 0, error })?;
        }
        messages.send_all(self.as_fd(), flags, &mut wait)
    }
}
