//! Conversions from and to the descriptor and the socket types of std and socket2.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use super::{Endpoint, identify};
use crate::error::{Error, Result};
use crate::family::{Family, Kind};

impl AsRawFd for Endpoint {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl IntoRawFd for Endpoint {
    fn into_raw_fd(self) -> RawFd {
        self.fd.into_raw_fd()
    }
}

impl From<Endpoint> for OwnedFd {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.fd
    }
}

impl TryFrom<OwnedFd> for Endpoint {
    type Error = Error;

    /// Asks the kernel for family, kind and protocol.
    ///
    /// # Errors
    /// [`Errno::ENOTSOCK`](crate::Errno::ENOTSOCK) for a descriptor that is no socket; it is closed.
    fn try_from(fd: OwnedFd) -> Result<Self> {
        let (family, kind, protocol) = identify(fd.as_fd())?;
        Ok(Endpoint {
            fd,
            family,
            kind,
            protocol,
        })
    }
}

impl From<Endpoint> for socket2::Socket {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.fd.into()
    }
}

macro_rules! from_sockets {
    ($($type:ty),+) => {
        $(
            impl TryFrom<$type> for Endpoint {
                type Error = Error;

                fn try_from(socket: $type) -> Result<Self> {
                    OwnedFd::from(socket).try_into()
                }
            }
        )+
    };
}

from_sockets!(
    TcpListener,
    TcpStream,
    UdpSocket,
    UnixDatagram,
    UnixListener,
    UnixStream,
    socket2::Socket
);

/// The other way, checked: the type must fit.
macro_rules! into_sockets {
    ($($type:ty, $kind:ident, $($family:ident)|+;)+) => {
        $(
            impl TryFrom<Endpoint> for $type {
                type Error = Error;

                /// # Errors
                /// [`Error::WrongFamily`], [`Error::WrongKind`]; the endpoint is closed then.
                fn try_from(endpoint: Endpoint) -> Result<Self> {
                    if !matches!(endpoint.family, $(Family::$family)|+) {
                        return Err(Error::WrongFamily);
                    }
                    if endpoint.kind != Kind::$kind {
                        return Err(Error::WrongKind);
                    }
                    Ok(endpoint.fd.into())
                }
            }
        )+
    };
}

into_sockets! {
    TcpListener, STREAM, INET | INET6;
    TcpStream, STREAM, INET | INET6;
    UdpSocket, DGRAM, INET | INET6;
    UnixDatagram, DGRAM, UNIX;
    UnixListener, STREAM, UNIX;
    UnixStream, STREAM, UNIX;
}
