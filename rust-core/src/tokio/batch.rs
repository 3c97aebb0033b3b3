//! The verbs that move many messages at once.

use super::AsyncEndpoint;
use super::wait::Direction;
use crate::batch::{ReceivedMessages, RecvBatch, SendMessages};
use crate::error::Result;
use crate::fd::Partial;
use crate::flags::MsgFlags;
use crate::policy::Blocking;

/// Many messages in one system call.
impl AsyncEndpoint {
    /// [`Endpoint::recv_batch`](crate::Endpoint::recv_batch).
    ///
    /// Cancellation loses no message.
    ///
    /// ```
    /// use rsocket::tokio::AsyncEndpoint;
    /// use rsocket::{Kind, RecvBatch, SendBatch};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> rsocket::Result<()> {
    /// let (left, right) = AsyncEndpoint::pair(Kind::DGRAM)?;
    /// let mut send = SendBatch::new(16)?;
    /// let mut messages = send.messages();
    /// messages.push(b"one", None)?;
    /// messages.push(b"two", None)?;
    /// left.send_batch_all(&mut messages).await?;
    ///
    /// let mut batch = RecvBatch::new(16, 2048)?;
    /// let received: Vec<_> = right
    ///     .recv_batch(&mut batch)
    ///     .await?
    ///     .map(|message| message.data.to_vec())
    ///     .collect();
    /// assert_eq!(received, [b"one", b"two"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn recv_batch<'b>(&self, batch: &'b mut RecvBatch) -> Result<ReceivedMessages<'b>> {
        self.recv_batch_with(batch, MsgFlags::empty()).await
    }

    /// [`AsyncEndpoint::recv_batch`] with flags, as [`AsyncEndpoint::recv_with`] takes them.
    ///
    /// Cancellation loses no message.
    ///
    /// # Errors
    /// As there.
    pub async fn recv_batch_with<'b>(
        &self,
        batch: &'b mut RecvBatch,
        flags: MsgFlags,
    ) -> Result<ReceivedMessages<'b>> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_ready(
            Direction::of(flags),
            |endpoint| endpoint.recv_batch_with(batch, now, Blocking).map(drop),
            || Some(Ok(())),
        )
        .await?;
        Ok(batch.messages())
    }

    /// [`Endpoint::send_batch`](crate::Endpoint::send_batch).
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send_batch(&self, messages: &mut SendMessages<'_, '_>) -> Result<usize> {
        self.send_batch_with(messages, MsgFlags::empty()).await
    }

    /// [`AsyncEndpoint::send_batch`] with flags.
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there.
    pub async fn send_batch_with(
        &self,
        messages: &mut SendMessages<'_, '_>,
        flags: MsgFlags,
    ) -> Result<usize> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_room(|endpoint| endpoint.send_batch_with(messages, now, Blocking))
            .await
    }

    /// [`Endpoint::send_batch_all`](crate::Endpoint::send_batch_all).
    ///
    /// Cancellation: [`SendMessages::sent`] says how many messages went; another call sends the
    /// rest.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send_batch_all(&self, messages: &mut SendMessages<'_, '_>) -> Result<(), Partial> {
        while messages.sent() < messages.len() {
            if let Err(error) = self.send_batch(messages).await {
                let done = messages.sent();
                return Err(Partial { done, error });
            }
        }
        Ok(())
    }
}
