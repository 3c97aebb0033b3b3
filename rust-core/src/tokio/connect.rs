//! Connecting, listening and accepting.

use std::os::fd::BorrowedFd;

use ::tokio::task::spawn_blocking;

use super::AsyncEndpoint;
use super::race::connect_any_with;
use super::wait::{Direction, Naps};
use crate::address::{Address, Place, Target};
use crate::connect::Stagger;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::{Family, Kind};
use crate::policy::Blocking;
use crate::resolve::{Hints, ResolveFlags, resolve};
use crate::sys::reactor::require_runtime;

/// What accept(2) answers where a listener is shut down.
const SHUT_DOWN: Error = Error::Os {
    op: Op::Accept,
    errno: Errno::EINVAL,
};

/// Listens at a target, as text: see [`AsyncEndpoint::listen_at`].
///
/// # Errors
/// Those of [`Target::parse`] and of [`AsyncEndpoint::listen_at`].
pub async fn listen(target: &str) -> Result<AsyncEndpoint> {
    AsyncEndpoint::listen_at(&Target::parse(target)?, |_| Ok(())).await
}

/// Connects to a target, as text: see [`AsyncEndpoint::connect_to`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> rsocket::Result<()> {
/// let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await?;
/// let target = format!("tcp://{}", listener.local_address()?);
/// let (client, accepted) = tokio::join!(rsocket::tokio::connect(&target), listener.accept());
/// let (server, peer) = accepted?;
/// assert_eq!(peer, client?.local_address()?);
/// # drop(server);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`Target::parse`] and of [`AsyncEndpoint::connect_to`].
pub async fn connect(target: &str) -> Result<AsyncEndpoint> {
    AsyncEndpoint::connect_to(&Target::parse(target)?).await
}

impl AsyncEndpoint {
    /// [`Endpoint::connect`].
    ///
    /// A Unix-domain server whose queue is full is tried again until it has room.
    ///
    /// Cancellation: the attempt may go on in the kernel. Calling again joins it; dropping the
    /// endpoint ends it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rsocket::tokio::AsyncEndpoint;
    /// use rsocket::{Errno, Family, Kind, Protocol};
    /// use tokio::time::timeout;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> rsocket::Result<()> {
    /// let tcp = AsyncEndpoint::open(Family::INET, Kind::STREAM, Protocol::TCP)?;
    /// let refused = timeout(Duration::from_secs(5), tcp.connect(&"127.0.0.1:1".parse()?)).await;
    /// assert_eq!(refused.unwrap().unwrap_err().errno(), Errno::ECONNREFUSED);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Endpoint::connect`], and those of [`AsyncEndpoint::readable`].
    pub async fn connect(&self, address: &Address) -> Result<()> {
        let mut naps = Naps::new();
        loop {
            match self.endpoint().connect(address) {
                // EALREADY: an attempt that was cancelled here is still under way.
                Err(Error::Os {
                    errno: Errno::EINPROGRESS | Errno::EALREADY,
                    ..
                }) => {
                    // An internet socket whose attempt failed is ready for another one only after
                    // connect(2) itself has told why.
                    if !matches!(self.family(), Family::INET | Family::INET6) {
                        return self.connected().await;
                    }
                    self.until_ready(Direction::Send).await?;
                }
                // connect(2): in the Unix domain EAGAIN is a full backlog.
                Err(error) if error.is_would_block() && self.family() == Family::UNIX => {
                    naps.next().await?;
                }
                result => return result,
            }
        }
    }

    /// Waits for the answer to a connect.
    pub(super) async fn connected(&self) -> Result<()> {
        self.until_ready(Direction::Send).await?;
        match self.take_error()? {
            None => Ok(()),
            Some(errno) => Err(Error::Os {
                op: Op::Connect,
                errno,
            }),
        }
    }

    /// [`Endpoint::accept`]. The new endpoint is asynchronous too, with O_NONBLOCK from the start.
    ///
    /// Cancellation: no connection is lost.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`]. After EMFILE and ENFILE the connection
    /// is still in the queue: wait a little before accepting again.
    pub async fn accept(&self) -> Result<(Self, Address)> {
        let (endpoint, peer) = self
            .when_ready(
                Direction::Receive,
                |listener| listener.accept_as(true, &mut Blocking),
                || Some(Err(SHUT_DOWN)),
            )
            .await?;
        Ok((Self::take_over(endpoint, false), peer))
    }

    /// Makes a socket and connects it to what a target names: see [`Endpoint::connect_to`]. A host
    /// name is resolved on the runtime's threads for blocking work, and a stream goes to whichever
    /// of its addresses answers first ([`connect_any`](super::connect_any)).
    ///
    /// Cancellation: the socket is closed; a name that is being resolved is resolved in vain.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn connect_to(target: &Target) -> Result<Self> {
        let Place::Host { .. } = target.place() else {
            return Self::connect_one(target).await;
        };
        let targets = addresses(target, ResolveFlags::empty()).await?;
        if target.kind() == Some(Kind::STREAM) {
            let addresses: Vec<_> = targets
                .iter()
                .filter_map(Target::address)
                .copied()
                .collect();
            let stagger = Stagger {
                protocol: target.protocol(),
                ..Stagger::default()
            };
            let connected = connect_any_with(&addresses, stagger, |_| Ok(())).await;
            return connected.map_err(Error::from);
        }
        let mut last = no_address();
        for target in targets {
            match Self::connect_one(&target).await {
                Err(error) => last = error,
                connected => return connected,
            }
        }
        Err(last)
    }

    async fn connect_one(target: &Target) -> Result<Self> {
        let mut naps = Naps::new();
        let endpoint = loop {
            match Endpoint::start_connecting(target) {
                Err(error) if error.is_would_block() && target.family() == Some(Family::UNIX) => {
                    naps.next().await?;
                }
                result => break Self::made_for(target, result?)?,
            }
        };
        if !is_inherited(target) && endpoint.kind().is_connection_oriented() {
            endpoint.connected().await?;
        }
        Ok(endpoint)
    }

    /// Makes the socket that a target names, bound, and listening where its type has connections:
    /// see [`Endpoint::listen_at`]. A host name is resolved on the runtime's threads for blocking
    /// work.
    ///
    /// # Errors
    /// As there; [`Error::NoRuntime`] for a host name.
    pub async fn listen_at(
        target: &Target,
        mut configure: impl FnMut(BorrowedFd<'_>) -> Result<()>,
    ) -> Result<Self> {
        let Place::Host { .. } = target.place() else {
            return Self::made_for(target, Endpoint::listen_at(target, configure)?);
        };
        let mut last = no_address();
        for target in addresses(target, ResolveFlags::PASSIVE).await? {
            match Endpoint::listen_at(&target, &mut configure) {
                Err(error) => last = error,
                Ok(endpoint) => return Self::made_for(&target, endpoint),
            }
        }
        Err(last)
    }

    /// An endpoint that was made just now becomes blocking again at its end; one that was inherited
    /// becomes what it was.
    fn made_for(target: &Target, endpoint: Endpoint) -> Result<Self> {
        let mut made = Self::new(endpoint)?;
        made.was_nonblocking &= is_inherited(target);
        Ok(made)
    }
}

fn is_inherited(target: &Target) -> bool {
    matches!(target.place(), Place::Fd(_) | Place::Activation(_))
}

fn no_address() -> Error {
    Error::Os {
        op: Op::Connect,
        errno: Errno::EADDRNOTAVAIL,
    }
}

/// The target at each address of its host, looked up where blocking does no harm.
async fn addresses(target: &Target, flags: ResolveFlags) -> Result<Vec<Target>> {
    require_runtime()?;
    let target = target.clone();
    let lookup = spawn_blocking(move || {
        let Place::Host { name, port } = target.place() else {
            return Ok(vec![target]);
        };
        let hints = Hints {
            kind: target.kind(),
            flags,
            ..Hints::default()
        };
        let answers = resolve(Some(name), Some(&port.to_string()), hints)?;
        let target_at =
            |answer: crate::ResolvedAddress| target.resolved_to(answer.address, answer.kind);
        Ok(answers.map(target_at).collect())
    });
    // It does not panic, so it was the runtime that gave it up.
    lookup.await.unwrap_or(Err(Error::NoRuntime))
}
