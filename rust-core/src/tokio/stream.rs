//! [`AsyncStream`]: a byte stream for whatever takes tokio's `AsyncRead` and `AsyncWrite`.

use std::borrow::Borrow;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::AsyncEndpoint;
use super::wait::Direction;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Result};
use crate::flags::MsgFlags;
use crate::policy::Blocking;
use crate::sys::reactor::{Events, recv_into, refused};

/// A byte stream: [`AsyncRead`] and [`AsyncWrite`].
///
/// `E` is `&AsyncEndpoint`, an [`AsyncEndpoint`] of its own, or an `Arc` of one: two of these with
/// the same `Arc` are a reading and a writing half. One task may read and one may write through
/// such streams at the same time; of two that read, only the last is woken. The verbs of
/// [`AsyncEndpoint`] have no such limit.
///
/// A shutdown shuts the sending direction down (shutdown(2)). A read or write that was cancelled
/// took nothing.
///
/// ```
/// use rsocket::tokio::AsyncEndpoint;
/// use rsocket::Kind;
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (left, right) = AsyncEndpoint::pair(Kind::STREAM)?;
/// left.as_stream()?.write_all(b"first\nsecond\n").await?;
/// drop(left);
///
/// let mut lines = BufReader::new(right.into_stream()?).lines();
/// assert_eq!(lines.next_line().await?.as_deref(), Some("first"));
/// assert_eq!(lines.next_line().await?.as_deref(), Some("second"));
/// assert_eq!(lines.next_line().await?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AsyncStream<E> {
    endpoint: E,
    /// In place of the endpoint's own registration, while that cannot say what is ready.
    reading: Option<Events>,
    writing: Option<Events>,
}

impl AsyncEndpoint {
    /// Itself as a byte stream.
    ///
    /// # Errors
    /// [`Error::WrongKind`] unless it is SOCK_STREAM.
    pub fn as_stream(&self) -> Result<AsyncStream<&AsyncEndpoint>> {
        AsyncStream::new(self)
    }

    /// Itself as a byte stream that owns it.
    ///
    /// # Errors
    /// [`Error::WrongKind`] unless it is SOCK_STREAM; the endpoint is closed then.
    pub fn into_stream(self) -> Result<AsyncStream<AsyncEndpoint>> {
        AsyncStream::new(self)
    }
}

impl<E: Borrow<AsyncEndpoint>> AsyncStream<E> {
    /// `endpoint` as a byte stream.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use rsocket::tokio::{AsyncEndpoint, AsyncStream};
    /// use rsocket::Kind;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // An echo server: what it reads it writes.
    /// let (client, server) = AsyncEndpoint::pair(Kind::STREAM)?;
    /// tokio::spawn(async move {
    ///     let server = Arc::new(server);
    ///     let mut reader = AsyncStream::new(server.clone())?;
    ///     let mut writer = AsyncStream::new(server)?;
    ///     copy(&mut reader, &mut writer).await
    /// });
    /// let mut client = client.into_stream()?;
    /// client.write_all(b"echo").await?;
    /// client.shutdown().await?;
    /// let mut text = String::new();
    /// client.read_to_string(&mut text).await?;
    /// assert_eq!(text, "echo");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongKind`] unless it is SOCK_STREAM.
    pub fn new(endpoint: E) -> Result<Self> {
        if !endpoint.borrow().kind().is_stream() {
            return Err(Error::WrongKind);
        }
        Ok(AsyncStream {
            endpoint,
            reading: None,
            writing: None,
        })
    }

    /// The endpoint.
    pub fn get_ref(&self) -> &AsyncEndpoint {
        self.endpoint.borrow()
    }

    /// What the stream was made from.
    pub fn into_inner(self) -> E {
        self.endpoint
    }
}

/// Makes `call` until it has another answer than EAGAIN.
fn poll_call<R>(
    endpoint: &AsyncEndpoint,
    events: &mut Option<Events>,
    direction: Direction,
    cx: &mut Context<'_>,
    mut call: impl FnMut(&Endpoint) -> Result<R>,
) -> Poll<Result<R>> {
    let registration = endpoint.watched.registration()?;
    loop {
        let mut guard = match events {
            Some(events) => {
                ready!(events.poll_next(cx))?;
                None
            }
            None => {
                let ready = match direction {
                    Direction::Send => registration.poll_write_ready(cx),
                    _ => registration.poll_read_ready(cx),
                };
                Some(ready!(ready).map_err(|error| refused(&error))?)
            }
        };
        match call(endpoint.endpoint()) {
            Err(error) if error.is_would_block() => {
                if let Some(guard) = &mut guard {
                    *events = direction.not_ready(guard, endpoint.endpoint())?;
                }
            }
            result => {
                *events = None;
                return Poll::Ready(result);
            }
        }
    }
}

impl<E: Borrow<AsyncEndpoint> + Unpin> AsyncRead for AsyncStream<E> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (endpoint, events) = (this.endpoint.borrow(), &mut this.reading);
        let received = poll_call(endpoint, events, Direction::Receive, cx, |endpoint| {
            recv_into(endpoint.as_fd(), buf)
        });
        received.map_err(io::Error::from)
    }
}

impl<E: Borrow<AsyncEndpoint> + Unpin> AsyncWrite for AsyncStream<E> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let (endpoint, events) = (this.endpoint.borrow(), &mut this.writing);
        let sent = poll_call(endpoint, events, Direction::Send, cx, |endpoint| {
            endpoint.send_with(buf, MsgFlags::DONTWAIT, Blocking)
        });
        sent.map_err(io::Error::from)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let (endpoint, events) = (this.endpoint.borrow(), &mut this.writing);
        // sendmsg(2) refuses more than UIO_MAXIOV buffers; a write may take some of them only.
        let bufs = bufs.get(..1024).unwrap_or(bufs);
        let sent = poll_call(endpoint, events, Direction::Send, cx, |endpoint| {
            endpoint.send_vectored(bufs)
        });
        sent.map_err(io::Error::from)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.get_ref().shutdown(Shutdown::Write) {
            // The peer has gone already, and with it what there was to shut down.
            Err(error) if error.errno() == Errno::ENOTCONN => Ok(()),
            result => result.map_err(io::Error::from),
        })
    }
}
