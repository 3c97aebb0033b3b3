//! From a [`Target`] to an endpoint: one call that makes, readies and connects a socket, the same
//! for every language.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::{Endpoint, identify};
use crate::activation::{Activation, ActivationError};
use crate::address::{Address, Place, Target};
use crate::connect::{Stagger, connect_any_with};
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::{Family, Kind, Protocol};
use crate::fd;
use crate::netlink;
use crate::policy::{Blocking, Wait};
use crate::resolve::{Hints, ResolveFlags, resolve};
use crate::sys::call;
use crate::unix::{UnixBind, UnixPath};

/// How many connections a listener queues: more than `net.core.somaxconn` ever is, which caps it.
const BACKLOG: i32 = i32::MAX;

/// Listens at a target, as text: see [`Endpoint::listen_at`].
///
/// ```
/// let listener = rsocket::listen("tcp://127.0.0.1:0")?;
/// let client = rsocket::connect(&format!("tcp://{}", listener.local_address()?))?;
/// let (server, _) = listener.accept()?;
/// client.send_all(b"hello")?;
/// server.recv_exact(&mut [0; 5])?;
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// # Errors
/// Those of [`Target::parse`] and of [`Endpoint::listen_at`].
pub fn listen(target: &str) -> Result<Endpoint> {
    Endpoint::listen_at(&Target::parse(target)?, |_| Ok(()))
}

/// Connects to a target, as text: see [`Endpoint::connect_to`].
///
/// ```
/// let listener = rsocket::listen("unix-abstract-seqpacket:rsocket-doc-connect")?;
/// let client = rsocket::connect("unix-abstract-seqpacket:rsocket-doc-connect")?;
/// client.send(b"one message")?;
/// let (server, _) = listener.accept()?;
/// assert_eq!(server.recv(&mut [0; 64])?.len, 11);
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// # Errors
/// Those of [`Target::parse`] and of [`Endpoint::connect_to`].
pub fn connect(target: &str) -> Result<Endpoint> {
    Endpoint::connect_to(&Target::parse(target)?, Blocking)
}

/// [`connect`], waiting as `wait` says.
///
/// ```
/// use std::time::Duration;
/// use rsocket::{Deadline, Errno};
///
/// let soon = Deadline::after(Duration::from_secs(5));
/// let error = rsocket::connect_with("tcp://127.0.0.1:1", soon).unwrap_err();
/// assert_eq!(error.errno(), Errno::ECONNREFUSED);
/// ```
///
/// # Errors
/// As [`connect`], and [`Error::TimedOut`].
pub fn connect_with(target: &str, wait: impl Wait) -> Result<Endpoint> {
    Endpoint::connect_to(&Target::parse(target)?, wait)
}

/// What a target says of the socket itself.
#[derive(Clone, Copy)]
struct Shape {
    kind: Kind,
    protocol: Protocol,
}

/// From a target to an endpoint.
impl Endpoint {
    /// Makes the socket that a target names, bound, and listening where its type has connections.
    ///
    /// A TCP listener has SO_REUSEADDR unless the target says `reuse=0`. A Unix path gets the
    /// target's `mode` before anybody can connect; with `reuse` a socket file that no process has
    /// open is removed first ([`UnixBind`]). A netlink target joins its groups. `fd:N` is a duplicate of that
    /// descriptor, as it is. A host name is resolved; its addresses are tried in turn.
    ///
    /// `configure` sees the socket before it is bound, to set options.
    ///
    /// # Errors
    /// EADDRINUSE and the others of [`Endpoint::bind`] and [`Endpoint::listen`]; those of
    /// [`resolve`]; what `configure` returns; ENOTSOCK for an inherited descriptor that is no
    /// socket; ENOENT for an activation that is not there or was taken before; EOPNOTSUPP for
    /// `unlink=1`, which a bare socket cannot do when it is closed ([`UnixBind::at`] can).
    pub fn listen_at(
        target: &Target,
        mut configure: impl FnMut(BorrowedFd<'_>) -> Result<()>,
    ) -> Result<Self> {
        if target.unlink() == Some(true) {
            return Err(unsupported(Op::Unlink));
        }
        match target.place() {
            Place::Address(address) => {
                let shape = Shape::of(target, address);
                listen_on(target, shape, address, &mut configure)
            }
            Place::Host { name, port } => each_address(
                target,
                name,
                *port,
                ResolveFlags::PASSIVE,
                |shape, address| listen_on(target, shape, address, &mut configure),
            ),
            Place::Fd(number) => inherited(*number),
            Place::Activation(name) => activated(name),
        }
    }

    /// Makes a socket and connects it to what a target names; the policy bounds all but the
    /// resolving of a host name. A stream goes to whichever of a host's addresses answers first
    /// ([`connect_any`](crate::connect_any)).
    ///
    /// A datagram socket only notes its peer; in the Unix domain it gets a name of its own first
    /// (autobind, unix(7)), so that it can be answered. A netlink target joins its groups. `fd:N`
    /// is a duplicate of that descriptor, as it is.
    ///
    /// # Errors
    /// Those of [`Endpoint::connect_with`] and of [`resolve`]; of several addresses, the last's.
    pub fn connect_to(target: &Target, mut wait: impl Wait) -> Result<Self> {
        if let (Place::Host { name, port }, Some(Kind::STREAM)) = (target.place(), target.kind()) {
            return connect_host(target, name, *port, wait);
        }
        connect_each(target, |endpoint, address| {
            fd::connect(endpoint.as_fd(), address, &mut wait)
        })
    }

    /// [`Endpoint::connect_to`] without waiting: the endpoint is non-blocking and its attempt may
    /// still be under way. Wait until it is writable, then ask [`Endpoint::take_error`].
    ///
    /// # Errors
    /// Those of [`Endpoint::connect_to`] that show at once. EAGAIN from a Unix-domain listener
    /// whose queue is full.
    pub fn start_connecting(target: &Target) -> Result<Self> {
        connect_each(target, |endpoint, address| {
            endpoint.set_nonblocking(true)?;
            match endpoint.connect(address) {
                Err(Error::Os {
                    errno: Errno::EINPROGRESS,
                    ..
                }) => Ok(()),
                result => result,
            }
        })
    }
}

impl Shape {
    fn of(target: &Target, address: &Address) -> Self {
        let usual = match address.family() {
            Family::NETLINK => Kind::RAW,
            _ => Kind::STREAM,
        };
        Shape {
            kind: target.kind().unwrap_or(usual),
            protocol: target.protocol(),
        }
    }

    fn socket(self, address: &Address) -> Result<Endpoint> {
        Endpoint::new(address.family(), self.kind, self.protocol)
    }
}

fn unsupported(op: Op) -> Error {
    Error::Os {
        op,
        errno: Errno::EOPNOTSUPP,
    }
}

/// A duplicate of a descriptor that this process inherited.
fn inherited(number: i32) -> Result<Endpoint> {
    let fd: OwnedFd = call::dup_raw(number).map_err(|errno| Error::Os { op: Op::Dup, errno })?;
    let (family, kind, protocol) = identify(fd.as_fd())?;
    Ok(Endpoint {
        fd,
        family,
        kind,
        protocol,
    })
}

/// The first socket of that name which the service manager handed over and nobody has taken.
fn activated(name: &str) -> Result<Endpoint> {
    let activation = Activation::from_env()?.ok_or(ActivationError::NoSuchName)?;
    activation.take(name)
}

fn listen_on(
    target: &Target,
    shape: Shape,
    address: &Address,
    configure: &mut impl FnMut(BorrowedFd<'_>) -> Result<()>,
) -> Result<Endpoint> {
    let endpoint = shape.socket(address)?;
    let fd = endpoint.as_fd();
    match address.family() {
        Family::NETLINK => return netlink_endpoint(target, endpoint, address, configure),
        Family::INET | Family::INET6 => {
            let usual = shape.kind.is_stream();
            if target.reuse().unwrap_or(usual) {
                fd::set_int(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
            }
        }
        _ => {}
    }
    configure(fd)?;
    let unix_path = bind_unix_or_other(target, &endpoint, address)?;
    if shape.kind.is_connection_oriented() {
        endpoint.listen(BACKLOG)?;
    }
    if let Some(unix_path) = unix_path {
        unix_path.keep();
    }
    Ok(endpoint)
}

fn netlink_endpoint(
    target: &Target,
    endpoint: Endpoint,
    address: &Address,
    configure: &mut impl FnMut(BorrowedFd<'_>) -> Result<()>,
) -> Result<Endpoint> {
    netlink::prepare(endpoint.as_fd())?;
    configure(endpoint.as_fd())?;
    endpoint.bind(address)?;
    for group in target.groups() {
        netlink::join(endpoint.as_fd(), *group)?;
    }
    Ok(endpoint)
}

/// Binds; a Unix path with the target's mode, over a file that no process has open where it says
/// so. What is returned is to be kept once the socket listens, and takes the file away otherwise.
fn bind_unix_or_other(
    target: &Target,
    endpoint: &Endpoint,
    address: &Address,
) -> Result<Option<UnixPath>> {
    let reclaim = target.reuse() == Some(true);
    match address.as_path() {
        Some(path) if reclaim || target.mode().is_some() => {
            let mut bind = UnixBind::new(path).reclaim(reclaim);
            if let Some(mode) = target.mode() {
                bind = bind.mode(mode);
            }
            bind.bind_endpoint(endpoint).map(Some)
        }
        _ => endpoint.bind(address).map(|()| None),
    }
}

fn connect_each(
    target: &Target,
    mut connect: impl FnMut(&Endpoint, &Address) -> Result<()>,
) -> Result<Endpoint> {
    let mut connect_one = |shape: Shape, address: &Address| {
        let endpoint = shape.socket(address)?;
        match address.family() {
            Family::NETLINK => {
                return netlink_endpoint(target, endpoint, address, &mut |_| Ok(()));
            }
            Family::UNIX if !shape.kind.is_connection_oriented() => {
                endpoint.bind(&Address::unix_unnamed())?;
            }
            _ => {}
        }
        connect(&endpoint, address)?;
        Ok(endpoint)
    };
    match target.place() {
        Place::Address(address) => connect_one(Shape::of(target, address), address),
        Place::Host { name, port } => {
            each_address(target, name, *port, ResolveFlags::empty(), connect_one)
        }
        Place::Fd(number) => inherited(*number),
        Place::Activation(name) => activated(name),
    }
}

/// Connects a stream to whichever address of a host answers first.
fn connect_host(target: &Target, name: &str, port: u16, wait: impl Wait) -> Result<Endpoint> {
    let stagger = Stagger {
        protocol: target.protocol(),
        ..Stagger::default()
    };
    let hints = Hints {
        kind: Some(stagger.kind),
        ..Hints::default()
    };
    let answers = resolve(Some(name), Some(&port.to_string()), hints)?;
    let addresses: Vec<_> = answers.map(|answer| answer.address).collect();
    connect_any_with(&addresses, stagger, |_| Ok(()), wait).map_err(Error::from)
}

/// Tries the addresses of a host in turn; the last one's error where none succeeds.
fn each_address(
    target: &Target,
    name: &str,
    port: u16,
    flags: ResolveFlags,
    mut attempt: impl FnMut(Shape, &Address) -> Result<Endpoint>,
) -> Result<Endpoint> {
    let hints = Hints {
        kind: target.kind(),
        flags,
        ..Hints::default()
    };
    let mut last = Error::Os {
        op: Op::Connect,
        errno: Errno::EADDRNOTAVAIL,
    };
    for answer in resolve(Some(name), Some(&port.to_string()), hints)? {
        let shape = Shape {
            kind: answer.kind,
            protocol: target.protocol(),
        };
        match attempt(shape, &answer.address) {
            Err(error) => last = error,
            endpoint => return endpoint,
        }
    }
    Err(last)
}
