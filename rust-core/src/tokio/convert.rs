//! Conversions from and to endpoints that block, and from and to tokio's own sockets.

use std::os::fd::{AsFd, OwnedFd};

use ::tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

use super::AsyncEndpoint;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::fd;
use crate::sys::reactor::{refused, require_runtime};

impl TryFrom<Endpoint> for AsyncEndpoint {
    type Error = Error;

    /// [`AsyncEndpoint::new`].
    fn try_from(endpoint: Endpoint) -> Result<Self> {
        AsyncEndpoint::new(endpoint)
    }
}

impl TryFrom<AsyncEndpoint> for Endpoint {
    type Error = Error;

    /// [`AsyncEndpoint::into_endpoint`].
    fn try_from(endpoint: AsyncEndpoint) -> Result<Self> {
        endpoint.into_endpoint()
    }
}

impl TryFrom<OwnedFd> for AsyncEndpoint {
    type Error = Error;

    /// # Errors
    /// [`Errno::ENOTSOCK`](crate::Errno::ENOTSOCK) for a descriptor that is no socket; it is closed.
    fn try_from(fd: OwnedFd) -> Result<Self> {
        AsyncEndpoint::new(Endpoint::try_from(fd)?)
    }
}

macro_rules! tokio_sockets {
    ($($type:ident = $std:ty;)+) => {
        $(
            impl TryFrom<$type> for Endpoint {
                type Error = Error;

                /// O_NONBLOCK stays set.
                ///
                /// # Errors
                /// Those of epoll_ctl(2).
                fn try_from(socket: $type) -> Result<Self> {
                    OwnedFd::from(socket.into_std().map_err(|error| refused(&error))?).try_into()
                }
            }

            impl TryFrom<$type> for AsyncEndpoint {
                type Error = Error;

                /// O_NONBLOCK stays set, in [`AsyncEndpoint::into_endpoint`] as well.
                ///
                /// # Errors
                /// Those of epoll_ctl(2).
                fn try_from(socket: $type) -> Result<Self> {
                    AsyncEndpoint::new(socket.try_into()?)
                }
            }

            impl TryFrom<Endpoint> for $type {
                type Error = Error;

                /// Sets O_NONBLOCK and registers with the runtime.
                ///
                /// # Errors
                /// [`Error::WrongFamily`], [`Error::WrongKind`], [`Error::NoRuntime`], those of
                /// ioctl(2), FIONBIO, and of epoll_ctl(2); the endpoint is closed then.
                fn try_from(endpoint: Endpoint) -> Result<Self> {
                    require_runtime()?;
                    let socket = <$std>::try_from(endpoint)?;
                    fd::set_nonblocking(socket.as_fd(), true)?;
                    $type::from_std(socket).map_err(|error| refused(&error))
                }
            }

            impl TryFrom<AsyncEndpoint> for $type {
                type Error = Error;

                /// Registers with the runtime.
                ///
                /// # Errors
                /// [`Error::WrongFamily`], [`Error::WrongKind`], [`Error::NoRuntime`], those of
                /// epoll_ctl(2); the endpoint is closed then.
                fn try_from(endpoint: AsyncEndpoint) -> Result<Self> {
                    endpoint.watched.into_endpoint().try_into()
                }
            }
        )+
    };
}

tokio_sockets! {
    TcpListener = std::net::TcpListener;
    TcpStream = std::net::TcpStream;
    UdpSocket = std::net::UdpSocket;
    UnixDatagram = std::os::unix::net::UnixDatagram;
    UnixListener = std::os::unix::net::UnixListener;
    UnixStream = std::os::unix::net::UnixStream;
}
