//! The verbs that move data.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::AsyncEndpoint;
use super::wait::{Direction, Naps, is_ready};
use crate::address::Address;
use crate::control::{Ancillary, ControlBuilder};
use crate::endpoint::{Endpoint, Received};
use crate::error::{Error, Result};
use crate::family::{Family, Kind};
use crate::fd::{self, Partial};
use crate::flags::MsgFlags;
use crate::policy::Blocking;

/// What a receive answers where the socket is shut down.
const NOTHING: Received = Received {
    len: 0,
    full_len: 0,
    flags: MsgFlags::empty(),
};

/// Waiting without moving anything.
impl AsyncEndpoint {
    /// Waits until a receive or an accept would not have to wait.
    ///
    /// Cancellation loses nothing.
    ///
    /// # Errors
    /// [`Error::NoRuntime`]; Error::Os of epoll_ctl(2) at the first wait: ENOMEM, ENOSPC.
    pub async fn readable(&self) -> Result<()> {
        self.until_ready(Direction::Receive).await
    }

    /// Waits until a send would not have to wait.
    ///
    /// Cancellation loses nothing.
    ///
    /// # Errors
    /// As [`AsyncEndpoint::readable`].
    pub async fn writable(&self) -> Result<()> {
        self.until_ready(Direction::Send).await
    }
}

/// Moving data.
impl AsyncEndpoint {
    /// [`Endpoint::recv`].
    ///
    /// Cancellation loses no data.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn recv(&self, buf: &mut [u8]) -> Result<Received> {
        self.recv_with(buf, MsgFlags::empty()).await
    }

    /// [`AsyncEndpoint::recv`] with flags. MSG_OOB and MSG_ERRQUEUE wait for what they name;
    /// MSG_DONTWAIT has no meaning: poll the future once instead. MSG_WAITALL may return early.
    ///
    /// Cancellation loses no data.
    ///
    /// # Errors
    /// As there.
    pub async fn recv_with(&self, buf: &mut [u8], flags: MsgFlags) -> Result<Received> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_ready(
            Direction::of(flags),
            |endpoint| endpoint.recv_with(buf, now, Blocking),
            || Some(Ok(NOTHING)),
        )
        .await
    }

    /// [`Endpoint::send`].
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send(&self, buf: &[u8]) -> Result<usize> {
        self.send_with(buf, MsgFlags::empty()).await
    }

    /// [`AsyncEndpoint::send`] with flags.
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there.
    pub async fn send_with(&self, buf: &[u8], flags: MsgFlags) -> Result<usize> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_ready(
            Direction::Send,
            |endpoint| endpoint.send_with(buf, now, Blocking),
            || None,
        )
        .await
    }

    /// [`Endpoint::recv_from`].
    ///
    /// Cancellation loses no data.
    ///
    /// # Errors
    /// As [`AsyncEndpoint::recv`].
    pub async fn recv_from(&self, buf: &mut [u8]) -> Result<(Received, Address)> {
        self.recv_from_with(buf, MsgFlags::empty()).await
    }

    /// [`AsyncEndpoint::recv_from`] with flags, as [`AsyncEndpoint::recv_with`] takes them.
    ///
    /// Cancellation loses no data.
    ///
    /// # Errors
    /// As [`AsyncEndpoint::recv`].
    pub async fn recv_from_with(
        &self,
        buf: &mut [u8],
        flags: MsgFlags,
    ) -> Result<(Received, Address)> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_ready(
            Direction::of(flags),
            |endpoint| endpoint.recv_from_with(buf, now, Blocking),
            || Some(Ok((NOTHING, Address::UNSPECIFIED))),
        )
        .await
    }

    /// [`Endpoint::send_to`].
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send_to(&self, buf: &[u8], to: &Address) -> Result<usize> {
        self.send_to_with(buf, to, MsgFlags::empty()).await
    }

    /// [`AsyncEndpoint::send_to`] with flags.
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there.
    pub async fn send_to_with(&self, buf: &[u8], to: &Address, flags: MsgFlags) -> Result<usize> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_room(|endpoint| endpoint.send_to_with(buf, to, now, Blocking))
            .await
    }

    /// [`Endpoint::send_all`].
    ///
    /// Cancellation: some of `buf` may have gone, and nobody knows how much.
    /// [`AsyncEndpoint::send_rest`] says.
    ///
    /// # Errors
    /// As [`AsyncEndpoint::send`]; [`Partial`] says how much went out before.
    pub async fn send_all(&self, buf: &[u8]) -> Result<(), Partial> {
        let mut done = 0;
        match self.send_rest(buf, &mut done).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Partial { done, error }),
        }
    }

    /// Sends what is behind the first `done` bytes of `buf`, and counts `done` up as they go.
    ///
    /// Cancellation: `done` says how much went; another call goes on from there.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rsocket::tokio::AsyncEndpoint;
    /// use rsocket::Kind;
    /// use tokio::time::timeout;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> rsocket::Result<()> {
    /// let (left, right) = AsyncEndpoint::pair(Kind::STREAM)?;
    /// let message = vec![7; 1 << 20];
    /// let mut done = 0;
    /// // Nobody reads, so the socket's buffer fills up.
    /// let sent = timeout(Duration::from_millis(10), left.send_rest(&message, &mut done)).await;
    /// assert!(sent.is_err() && done > 0 && done < message.len());
    ///
    /// let reader = tokio::spawn(async move { right.recv_exact(&mut vec![0; 1 << 20]).await });
    /// left.send_rest(&message, &mut done).await?;
    /// reader.await.unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`AsyncEndpoint::send`].
    pub async fn send_rest(&self, buf: &[u8], done: &mut usize) -> Result<()> {
        loop {
            let rest = buf.get(*done..).unwrap_or_default();
            // An empty message is one too: it is sent.
            if rest.is_empty() && !buf.is_empty() {
                return Ok(());
            }
            *done += self.send(rest).await?;
            if *done >= buf.len() {
                return Ok(());
            }
        }
    }

    /// [`Endpoint::recv_exact`].
    ///
    /// Cancellation: some of `buf` may have been filled, and nobody knows how much.
    /// [`AsyncEndpoint::recv_rest`] says.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`]; [`Partial`] says how much came before.
    pub async fn recv_exact(&self, buf: &mut [u8]) -> Result<(), Partial> {
        let mut done = 0;
        match self.recv_rest(buf, &mut done).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Partial { done, error }),
        }
    }

    /// Fills what is behind the first `done` bytes of `buf`, and counts `done` up as they come.
    ///
    /// Cancellation: `done` says how much came; another call goes on from there.
    ///
    /// # Errors
    /// As [`AsyncEndpoint::recv_exact`].
    pub async fn recv_rest(&self, buf: &mut [u8], done: &mut usize) -> Result<()> {
        if !self.kind().is_stream() {
            return Err(Error::WrongKind);
        }
        while let Some(rest) = buf.get_mut(*done..).filter(|rest| !rest.is_empty()) {
            match self.recv(rest).await?.len {
                0 => return Err(Error::UnexpectedEof),
                len => *done += len,
            }
        }
        Ok(())
    }

    /// [`Endpoint::recv_vectored`].
    ///
    /// Cancellation loses no data.
    ///
    /// # Errors
    /// As [`AsyncEndpoint::recv`].
    pub async fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<Received> {
        self.when_ready(
            Direction::Receive,
            |endpoint| endpoint.recv_vectored(bufs),
            || Some(Ok(NOTHING)),
        )
        .await
    }

    /// [`Endpoint::send_vectored`].
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        self.when_ready(
            Direction::Send,
            |endpoint| endpoint.send_vectored(bufs),
            || None,
        )
        .await
    }

    /// [`Endpoint::recv_msg`], with flags as [`AsyncEndpoint::recv_with`] takes them.
    ///
    /// Cancellation loses neither data nor descriptors.
    ///
    /// # Errors
    /// As [`AsyncEndpoint::recv`].
    pub async fn recv_msg<const N: usize>(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary<N>,
        flags: MsgFlags,
    ) -> Result<(Received, Address)> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_ready(
            Direction::of(flags),
            |endpoint| endpoint.recv_msg(bufs, ancillary, now),
            || Some(Ok((NOTHING, Address::UNSPECIFIED))),
        )
        .await
    }

    /// [`Endpoint::send_msg`].
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send_msg<const N: usize>(
        &self,
        bufs: &[IoSlice<'_>],
        control: &ControlBuilder<'_, N>,
        to: Option<&Address>,
        flags: MsgFlags,
    ) -> Result<usize> {
        let now = flags | MsgFlags::DONTWAIT;
        self.when_room(|endpoint| endpoint.send_msg(bufs, control, to, now))
            .await
    }

    /// [`Endpoint::send_fds`].
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send_fds(&self, data: &[u8], fds: &[BorrowedFd<'_>]) -> Result<usize> {
        self.when_ready(
            Direction::Send,
            |endpoint| endpoint.send_fds(data, fds),
            || None,
        )
        .await
    }

    /// [`Endpoint::recv_fds`].
    ///
    /// Cancellation loses neither data nor descriptors.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn recv_fds<const N: usize>(
        &self,
        buf: &mut [u8],
    ) -> Result<(Received, [Option<OwnedFd>; N])> {
        self.when_ready(
            Direction::Receive,
            |endpoint| endpoint.recv_fds::<N>(buf),
            || Some(Ok((NOTHING, [const { None }; N]))),
        )
        .await
    }

    /// sendfile(2): see [`fd::send_file`]. The file should be one whose pages
    /// are in memory: reading it from a disk blocks the thread.
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn send_file(&self, file: BorrowedFd<'_>, offset: u64, len: usize) -> Result<usize> {
        self.when_ready(
            Direction::Send,
            |endpoint| fd::send_file(endpoint.as_fd(), file, offset, len, &mut Blocking),
            || None,
        )
        .await
    }

    /// A send that names its receiver. unix(7) has datagrams to a socket whose queue is full wait
    /// for that queue, of which the sending socket's readiness knows nothing unless it is connected.
    pub(super) async fn when_room(
        &self,
        mut call: impl FnMut(&Endpoint) -> Result<usize>,
    ) -> Result<usize> {
        if self.family() != Family::UNIX || self.kind() != Kind::DGRAM {
            return self.when_ready(Direction::Send, call, || None).await;
        }
        let mut naps = Naps::new();
        loop {
            let sent = self.when_ready(
                Direction::Send,
                |endpoint| match call(endpoint) {
                    // Room here, so it is the receiver that has none.
                    Err(error)
                        if error.is_would_block() && is_ready(endpoint, Direction::Send)? =>
                    {
                        Ok(None)
                    }
                    result => result.map(Some),
                },
                || None,
            );
            match sent.await? {
                Some(len) => return Ok(len),
                None => naps.next().await?,
            }
        }
    }
}
