//! [`Endpoint`]: one socket of any family and kind. Making, naming and connecting; the verbs that
//! move data are in `io.rs`.

mod batch;
mod convert;
mod io;
mod options;
mod target;
mod views;

pub use io::Received;
pub use target::{connect, connect_with, listen};
pub use views::{Datagram, Incoming, Listener, Stream};

use std::fmt;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::address::Address;
use crate::control::Credentials;
use crate::errno::Errno;
use crate::error::{Error, Result};
use crate::family::{Family, Kind, Protocol};
use crate::fd;
use crate::policy::{Blocking, Wait};
use crate::sys::call::as_uninit;

/// A socket: its descriptor, and the family, kind and protocol that it was made with.
///
/// Owns the descriptor and closes it on drop. May be shared between threads by reference; every
/// verb takes `&self`.
///
/// ```
/// use rsocket::{Address, Endpoint, Family, Kind, Protocol};
///
/// let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
/// listener.bind(&"127.0.0.1:0".parse()?)?;
/// listener.listen(128)?;
///
/// let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
/// client.connect(&listener.local_address()?)?;
/// let (server, peer) = listener.accept()?;
/// assert_eq!(peer, client.local_address()?);
///
/// client.send_all(b"hello")?;
/// let mut buf = [0; 5];
/// server.recv_exact(&mut buf)?;
/// assert_eq!(&buf, b"hello");
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct Endpoint {
    fd: OwnedFd,
    family: Family,
    kind: Kind,
    protocol: Protocol,
}

impl Endpoint {
    /// Makes a socket, close-on-exec.
    ///
    /// # Errors
    /// Those of [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html): EAFNOSUPPORT,
    /// EPROTONOSUPPORT, ESOCKTNOSUPPORT, EMFILE, and EPERM or EACCES for raw sockets without
    /// CAP_NET_RAW.
    pub fn new(family: Family, kind: Kind, protocol: Protocol) -> Result<Self> {
        let fd = fd::socket(family, kind, protocol)?;
        Ok(Endpoint {
            fd,
            family,
            kind,
            protocol,
        })
    }

    /// Two connected Unix-domain sockets.
    ///
    /// # Errors
    /// Those of [socketpair(2)](https://man7.org/linux/man-pages/man2/socketpair.2.html).
    pub fn pair(kind: Kind) -> Result<(Self, Self)> {
        let (family, protocol) = (Family::UNIX, Protocol::DEFAULT);
        let [left, right] = fd::socketpair(family, kind, protocol)?;
        let endpoint = |fd| Endpoint {
            fd,
            family,
            kind,
            protocol,
        };
        Ok((endpoint(left), endpoint(right)))
    }

    /// The address family it was made with.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The socket type it was made with.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The protocol it was made with.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Gives it a local address.
    ///
    /// # Errors
    /// [`Errno::EADDRINUSE`], EADDRNOTAVAIL, EACCES and the others of
    /// [bind(2)](https://man7.org/linux/man-pages/man2/bind.2.html).
    pub fn bind(&self, address: &Address) -> Result<()> {
        fd::bind(self.as_fd(), address)
    }

    /// Queues connections for [`Endpoint::accept`], `backlog` of them at most (capped by
    /// `net.core.somaxconn`).
    ///
    /// # Errors
    /// Those of [listen(2)](https://man7.org/linux/man-pages/man2/listen.2.html).
    pub fn listen(&self, backlog: i32) -> Result<()> {
        fd::listen(self.as_fd(), backlog)
    }

    /// Takes the next connection, close-on-exec and blocking, with the peer's address.
    ///
    /// A connection that died in the queue is passed over.
    ///
    /// # Errors
    /// EMFILE, ENFILE, EINVAL without [`Endpoint::listen`], and the others of
    /// [accept(2)](https://man7.org/linux/man-pages/man2/accept.2.html).
    pub fn accept(&self) -> Result<(Self, Address)> {
        self.accept_with(&mut Blocking)
    }

    /// [`Endpoint::accept`], waiting as `wait` says.
    ///
    /// With a deadline on a listener that other processes accept from, make the listener
    /// non-blocking: between the wait and the accept another may take the connection.
    ///
    /// # Errors
    /// As [`Endpoint::accept`], and [`Error::TimedOut`].
    pub fn accept_with(&self, mut wait: impl Wait) -> Result<(Self, Address)> {
        self.accept_as(false, &mut wait)
    }

    /// [`Endpoint::accept_with`], the new socket O_NONBLOCK or not.
    pub(crate) fn accept_as(
        &self,
        nonblocking: bool,
        wait: &mut impl Wait,
    ) -> Result<(Self, Address)> {
        let mut peer = Address::default();
        let fd = fd::accept(self.as_fd(), Some(&mut peer), nonblocking, wait)?;
        let accepted = Endpoint {
            fd,
            family: self.family,
            kind: self.kind,
            protocol: self.protocol,
        };
        Ok((accepted, peer))
    }

    /// Connects; for a datagram socket, sets the peer.
    ///
    /// An attempt that a signal interrupts is waited for. On a non-blocking socket the answer is
    /// EINPROGRESS: wait until it is writable, then ask [`Endpoint::take_error`].
    ///
    /// # Errors
    /// ECONNREFUSED, ETIMEDOUT, ENOENT for a missing Unix path, and the others of
    /// [connect(2)](https://man7.org/linux/man-pages/man2/connect.2.html).
    pub fn connect(&self, address: &Address) -> Result<()> {
        fd::connect(self.as_fd(), address, &mut Blocking)
    }

    /// [`Endpoint::connect`], waiting as `wait` says. After [`Error::TimedOut`] the attempt is
    /// still under way: drop the endpoint.
    ///
    /// # Errors
    /// As [`Endpoint::connect`], and [`Error::TimedOut`].
    pub fn connect_with(&self, address: &Address, mut wait: impl Wait) -> Result<()> {
        fd::connect(self.as_fd(), address, &mut wait)
    }

    /// Its own address.
    ///
    /// # Errors
    /// Those of [getsockname(2)](https://man7.org/linux/man-pages/man2/getsockname.2.html).
    pub fn local_address(&self) -> Result<Address> {
        fd::local_address(self.as_fd())
    }

    /// The peer's address.
    ///
    /// # Errors
    /// ENOTCONN and the others of
    /// [getpeername(2)](https://man7.org/linux/man-pages/man2/getpeername.2.html).
    pub fn peer_address(&self) -> Result<Address> {
        fd::peer_address(self.as_fd())
    }

    /// Ends one direction or both, for every duplicate of the socket; wakes blocked calls.
    ///
    /// # Errors
    /// ENOTCONN and the others of
    /// [shutdown(2)](https://man7.org/linux/man-pages/man2/shutdown.2.html).
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        fd::shutdown(self.as_fd(), how)
    }

    /// A second descriptor of the same socket, close-on-exec.
    ///
    /// # Errors
    /// EMFILE (fcntl(2), F_DUPFD_CLOEXEC).
    pub fn try_clone(&self) -> Result<Self> {
        let fd = fd::dup(self.as_fd())?;
        Ok(Endpoint {
            fd,
            family: self.family,
            kind: self.kind,
            protocol: self.protocol,
        })
    }

    /// Sets or clears O_NONBLOCK, which every duplicate of the socket shares.
    ///
    /// # Errors
    /// Those of ioctl(2), FIONBIO.
    pub fn set_nonblocking(&self, nonblocking: bool) -> Result<()> {
        fd::set_nonblocking(self.as_fd(), nonblocking)
    }

    /// Whether O_NONBLOCK is set.
    ///
    /// # Errors
    /// Those of fcntl(2), F_GETFL.
    pub fn is_nonblocking(&self) -> Result<bool> {
        fd::is_nonblocking(self.as_fd())
    }

    /// The pending error, cleared by asking (SO_ERROR).
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn take_error(&self) -> Result<Option<Errno>> {
        fd::take_error(self.as_fd())
    }

    /// Who connected, or who made the pair: as the kernel noted it at that moment (SO_PEERCRED,
    /// unix(7)).
    ///
    /// # Errors
    /// [`Error::WrongFamily`] outside the Unix domain; [`Errno::ENOTCONN`] for a socket without a
    /// peer. The kernel answers both with "success" and a user id of -1. A process outside the
    /// reader's PID namespace has pid 0, which is no error.
    pub fn peer_credentials(&self) -> Result<Credentials> {
        if self.family != Family::UNIX {
            return Err(Error::WrongFamily);
        }
        fd::peer_credentials(self.as_fd())
    }

    /// getsockopt(2) with any bytes: fills `value` and says how many bytes the kernel wrote.
    ///
    /// # Errors
    /// ENOPROTOOPT for an unknown option, EINVAL for a wrong size.
    pub fn raw_option(&self, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
        fd::get_option(self.as_fd(), level, name, as_uninit(value))
    }

    /// setsockopt(2) with any bytes.
    ///
    /// # Errors
    /// ENOPROTOOPT for an unknown option, EINVAL for a wrong size, EPERM without the capability.
    pub fn set_raw_option(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        fd::set_option(self.as_fd(), level, name, value)
    }

    /// Refuses what the kernel would drop silently: descriptors outside the Unix domain.
    pub(crate) fn require_unix(&self) -> Result<()> {
        if self.family == Family::UNIX {
            Ok(())
        } else {
            Err(Error::WrongFamily)
        }
    }
}

impl AsFd for Endpoint {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Endpoint");
        shown
            .field("fd", &self.fd)
            .field("family", &self.family)
            .field("kind", &self.kind);
        shown.field("protocol", &self.protocol.raw());
        if let Ok(address) = self.local_address() {
            shown.field("local", &address);
        }
        if let Ok(address) = self.peer_address() {
            shown.field("peer", &address);
        }
        shown.finish()
    }
}

/// Asks the kernel what a descriptor is (SO_DOMAIN, SO_TYPE, SO_PROTOCOL); ENOTSOCK for a file.
pub(crate) fn identify(fd: BorrowedFd<'_>) -> Result<(Family, Kind, Protocol)> {
    let ask = |name| fd::get_int(fd, libc::SOL_SOCKET, name);
    let family = Family::from_raw(ask(libc::SO_DOMAIN)?);
    let kind = Kind::from_raw(ask(libc::SO_TYPE)?);
    Ok((family, kind, Protocol::from_raw(ask(libc::SO_PROTOCOL)?)))
}
