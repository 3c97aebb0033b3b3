//! Asynchronous endpoints on tokio's reactor (feature `tokio`): [`AsyncEndpoint`] has the verbs of
//! [`Endpoint`], with the same names and results.
//!
//! ```
//! use rsocket::tokio as rsocket_tokio;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> rsocket::Result<()> {
//! let listener = rsocket_tokio::listen("unix-abstract-seqpacket:rsocket-doc-mod").await?;
//! let client = rsocket_tokio::connect("unix-abstract-seqpacket:rsocket-doc-mod").await?;
//! let (server, _) = listener.accept().await?;
//!
//! client.send(b"one message").await?;
//! let mut buf = [0; 64];
//! let received = server.recv(&mut buf).await?;
//! assert_eq!(&buf[..received.len], b"one message");
//! # Ok(())
//! # }
//! ```
//!
//! # Policies
//!
//! Those of the crate, and these:
//!
//! - **Cancellation.** A verb waits first and makes its system call last: a future that is dropped
//!   before it is ready has taken nothing, sent nothing, and accepted nobody. The exceptions make
//!   several system calls: [`AsyncEndpoint::send_all`] and [`AsyncEndpoint::recv_exact`] have
//!   `send_rest` and `recv_rest` beside them, which keep the count outside the future. A cancelled
//!   connect goes on in the kernel, and the next call of [`AsyncEndpoint::connect`] joins it.
//! - **Deadlines.** `tokio::time::timeout` around a verb; by the above nothing is lost.
//! - **Sharing.** Every verb takes `&self`, and any number of tasks may wait at the same time: an
//!   `Arc<AsyncEndpoint>` needs no splitting into halves.
//! - **O_NONBLOCK** is set for as long as an endpoint is asynchronous, and restored by
//!   [`AsyncEndpoint::into_endpoint`]. Duplicates of the socket, in other processes too, share it.
//! - **The runtime.** An endpoint can be made anywhere. It registers where it waits for the first
//!   time, and belongs to that runtime from then on: any other may poll it, but once its own was
//!   shut down every wait ends with [`Error::NoRuntime`](crate::Error::NoRuntime). Nothing is asked
//!   of the runtime but I/O (`enable_io`); timers need not be enabled.
//! - **Fairness.** A verb takes part in tokio's cooperative budget: a peer that never stops sending
//!   does not keep the other tasks of the thread from running.
//! - **Memory.** No verb that moves data allocates.
//! - **Readiness** is what the socket has, not what the reactor remembers. A socket that was
//!   registered before it was connected, or that has had an error, is looked at afresh, where
//!   tokio's own types would spin; a datagram socket wakes its reader for an error such as
//!   ECONNREFUSED; and a send to a Unix-domain datagram socket whose queue is full, which neither
//!   poll(2) nor epoll(7) can wait for, is tried again every half to 20 milliseconds.

mod batch;
mod connect;
mod convert;
mod io;
mod netlink;
mod race;
mod stream;
mod wait;

pub use connect::{connect, listen};
pub use netlink::{AsyncEvents, AsyncNetlink, AsyncReplies};
pub use race::{connect_any, connect_any_with};
pub use stream::AsyncStream;

use std::fmt;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use crate::address::Address;
use crate::control::Credentials;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::Result;
use crate::family::{Family, Kind, Protocol};
use crate::option::{Get, Set};
use crate::sys::reactor::Watched;

/// An [`Endpoint`] whose verbs are asynchronous.
///
/// See the [module](self) for what holds for all of them. Dropping it closes the socket.
///
/// ```
/// use std::time::Duration;
/// use rsocket::tokio::AsyncEndpoint;
/// use rsocket::Kind;
/// use tokio::time::timeout;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> rsocket::Result<()> {
/// let (left, right) = AsyncEndpoint::pair(Kind::DGRAM)?;
/// let mut buf = [0; 16];
///
/// // A deadline. The receive is given up, and no datagram with it.
/// let early = timeout(Duration::from_millis(10), left.recv(&mut buf)).await;
/// assert!(early.is_err());
///
/// right.send(b"late").await?;
/// assert_eq!(left.recv(&mut buf).await?.len, 4);
/// # Ok(())
/// # }
/// ```
pub struct AsyncEndpoint {
    watched: Watched,
    /// O_NONBLOCK as it was found.
    was_nonblocking: bool,
}

impl AsyncEndpoint {
    /// Takes over an endpoint and sets O_NONBLOCK, which its duplicates share.
    ///
    /// Needs no runtime: the first wait does.
    ///
    /// # Errors
    /// Those of fcntl(2), F_GETFL, and of ioctl(2), FIONBIO.
    pub fn new(endpoint: Endpoint) -> Result<Self> {
        let was_nonblocking = endpoint.is_nonblocking()?;
        if !was_nonblocking {
            endpoint.set_nonblocking(true)?;
        }
        Ok(Self::take_over(endpoint, was_nonblocking))
    }

    /// An endpoint that is O_NONBLOCK already.
    fn take_over(endpoint: Endpoint, was_nonblocking: bool) -> Self {
        AsyncEndpoint {
            watched: Watched::new(endpoint),
            was_nonblocking,
        }
    }

    /// Makes a socket: see [`Endpoint::new`].
    ///
    /// # Errors
    /// As there.
    pub fn open(family: Family, kind: Kind, protocol: Protocol) -> Result<Self> {
        let nonblocking = Kind::from_raw(kind.raw() | libc::SOCK_NONBLOCK);
        let fd = crate::fd::socket(family, nonblocking, protocol)?;
        Ok(Self::take_over(Endpoint::try_from(fd)?, false))
    }

    /// Two connected Unix-domain sockets: see [`Endpoint::pair`].
    ///
    /// # Errors
    /// As there.
    pub fn pair(kind: Kind) -> Result<(Self, Self)> {
        let (left, right) = Endpoint::pair(kind)?;
        Ok((Self::new(left)?, Self::new(right)?))
    }

    /// The endpoint itself, for whatever does not wait: options, names, credentials. Its own verbs
    /// answer [`is_would_block`](crate::Error::is_would_block) where they would have to wait.
    ///
    /// O_NONBLOCK must stay as it is: without it `accept` and the verbs for descriptors would block
    /// the thread.
    #[must_use]
    #[inline]
    pub fn endpoint(&self) -> &Endpoint {
        self.watched.endpoint()
    }

    /// The endpoint, with O_NONBLOCK as it was before [`AsyncEndpoint::new`]. One that was made or
    /// accepted here becomes blocking.
    ///
    /// # Errors
    /// Those of ioctl(2), FIONBIO; the socket is closed then.
    pub fn into_endpoint(self) -> Result<Endpoint> {
        let endpoint = self.watched.into_endpoint();
        if !self.was_nonblocking {
            endpoint.set_nonblocking(false)?;
        }
        Ok(endpoint)
    }

    /// [`Endpoint::family`].
    #[must_use]
    pub fn family(&self) -> Family {
        self.endpoint().family()
    }

    /// [`Endpoint::kind`].
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.endpoint().kind()
    }

    /// [`Endpoint::protocol`].
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.endpoint().protocol()
    }

    /// [`Endpoint::bind`].
    ///
    /// # Errors
    /// As there.
    pub fn bind(&self, address: &Address) -> Result<()> {
        self.endpoint().bind(address)
    }

    /// [`Endpoint::listen`].
    ///
    /// # Errors
    /// As there.
    pub fn listen(&self, backlog: i32) -> Result<()> {
        self.endpoint().listen(backlog)
    }

    /// [`Endpoint::local_address`].
    ///
    /// # Errors
    /// As there.
    pub fn local_address(&self) -> Result<Address> {
        self.endpoint().local_address()
    }

    /// [`Endpoint::peer_address`].
    ///
    /// # Errors
    /// As there.
    pub fn peer_address(&self) -> Result<Address> {
        self.endpoint().peer_address()
    }

    /// [`Endpoint::peer_credentials`].
    ///
    /// # Errors
    /// As there.
    pub fn peer_credentials(&self) -> Result<Credentials> {
        self.endpoint().peer_credentials()
    }

    /// [`Endpoint::shutdown`]: tasks that wait to receive see the end of the stream.
    ///
    /// # Errors
    /// As there.
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        self.endpoint().shutdown(how)
    }

    /// [`Endpoint::take_error`].
    ///
    /// # Errors
    /// As there.
    pub fn take_error(&self) -> Result<Option<Errno>> {
        self.endpoint().take_error()
    }

    /// [`Endpoint::get`].
    ///
    /// # Errors
    /// As there.
    pub fn get<O: Get>(&self, option: O) -> Result<O::Value> {
        self.endpoint().get(option)
    }

    /// [`Endpoint::set`].
    ///
    /// # Errors
    /// As there.
    pub fn set<O: Set>(&self, option: O, value: O::Value<'_>) -> Result<()> {
        self.endpoint().set(option, value)
    }
}

impl AsFd for AsyncEndpoint {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.endpoint().as_fd()
    }
}

impl AsRawFd for AsyncEndpoint {
    fn as_raw_fd(&self) -> RawFd {
        self.endpoint().as_raw_fd()
    }
}

impl fmt::Debug for AsyncEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncEndpoint")
            .field(self.endpoint())
            .finish()
    }
}
