//! Names and connections: bind, listen, connect, accept, shutdown.

use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pyo3::prelude::*;
use rsocket::{Address, Blocking, Errno, Error, Op, Readiness, Wait, fd};

use super::native::{self, Method, native};
use super::timeout::{self, Timeout};
use super::{Socket, adopt};
use crate::wait::{Waiting, unlocked};
use crate::{address, audit, error};

pub(super) fn bind(slf: &Bound<'_, Socket>, name: &Bound<'_, PyAny>) -> PyResult<()> {
    let (py, socket) = (slf.py(), slf.get());
    let native = address::parse(socket, name, "bind")?;
    audit::with_address(c"socket.bind", slf.as_any(), name)?;
    let fd = socket.borrow()?;
    // A path is looked up, and a port searched for.
    unlocked(py, || fd::bind(fd, &native)).map_err(|error| error::to_python(py, error))
}

pub(super) fn listen(py: Python<'_>, socket: &Socket, backlog: i32) -> PyResult<()> {
    let fd = socket.borrow()?;
    unlocked(py, || fd::listen(fd, backlog.max(0))).map_err(|error| error::to_python(py, error))
}

/// Connects; `Ok(Err(…))` is what the kernel or the clock had against it.
fn attempt(
    slf: &Bound<'_, Socket>,
    to: &Bound<'_, PyAny>,
    caller: &'static str,
) -> PyResult<Result<(), Error>> {
    let socket = slf.get();
    let native = address::parse(socket, to, caller)?;
    audit::with_address(c"socket.connect", slf.as_any(), to)?;
    let Ok(fd) = socket.borrow() else {
        return Ok(Err(Error::Os {
            op: Op::Connect,
            errno: Errno::EBADF,
        }));
    };
    // Even a connect that does not wait works its way through the network stack.
    let mut waiting = Waiting::unlocked(slf.py(), socket, fd);
    match fd::connect(fd, &native, &mut waiting) {
        Err(Error::Interrupted) => Err(waiting.exception(Error::Interrupted)),
        result => Ok(result),
    }
}

pub(super) fn connect(slf: &Bound<'_, Socket>, to: &Bound<'_, PyAny>) -> PyResult<()> {
    attempt(slf, to, "connect")?.map_err(|error| error::to_python(slf.py(), error))
}

/// `connect_ex`: an errno instead of an exception, EAGAIN for a timeout.
pub(super) fn connect_ex(slf: &Bound<'_, Socket>, to: &Bound<'_, PyAny>) -> PyResult<i32> {
    Ok(match attempt(slf, to, "connect_ex")? {
        Ok(()) => 0,
        Err(Error::TimedOut) => Errno::EAGAIN.raw(),
        Err(error) => error.errno().raw(),
    })
}

/// Takes a connection from the queue of a listener.
fn take(py: Python<'_>, socket: &Socket, nonblocking: bool) -> PyResult<(OwnedFd, Address)> {
    let fd = socket.borrow()?;
    let mut peer = Address::UNSPECIFIED;
    let mut waiting = Waiting::new(py, socket, fd, 0);
    let taken = take_with(fd, &mut peer, nonblocking, &mut waiting, socket.timeout());
    waiting.finish(taken).map(|fd| (fd, peer))
}

fn take_with(
    fd: BorrowedFd<'_>,
    peer: &mut Address,
    nonblocking: bool,
    waiting: &mut Waiting<'_, '_>,
    timeout: Timeout,
) -> rsocket::Result<OwnedFd> {
    if timeout.is_none() {
        return fd::accept(fd, Some(peer), nonblocking, waiting);
    }
    // accept4 has no MSG_DONTWAIT. Only where O_NONBLOCK is still set (whoever shares the file
    // description may have cleared it) can a try not sleep, and keep the interpreter locked.
    if !fd::is_nonblocking(fd)? {
        return fd::accept(fd, Some(peer), nonblocking, waiting.releasing());
    }
    loop {
        let tried = waiting.attempt(|| fd::accept(fd, Some(peer), nonblocking, &mut Blocking));
        match tried {
            Err(error) if error.is_would_block() && !timeout.is_zero() => {
                fd::wait_ready(fd, Readiness::Readable, waiting)?;
            }
            result => return result,
        }
    }
}

/// `_accept`: the descriptor of a connection, and the peer's address.
pub(super) fn accept_descriptor(py: Python<'_>, socket: &Socket) -> PyResult<(i32, Py<PyAny>)> {
    let (accepted, peer) = take(py, socket, false)?;
    let peer = address::render(py, &peer, socket.protocol())?;
    Ok((super::into_raw(accepted), peer))
}

/// `accept`: a socket with the default timeout, never with the listener's.
pub(super) fn accept<'py>(slf: &Bound<'py, Socket>) -> PyResult<(Bound<'py, Socket>, Py<PyAny>)> {
    let (py, socket) = (slf.py(), slf.get());
    let timeout = timeout::DEFAULT.get();
    let (accepted, peer) = match native(slf.as_any(), Method::Accept)? {
        Some(_) => {
            let (accepted, peer) = take(py, socket, !timeout.is_none())?;
            (accepted, address::render(py, &peer, socket.protocol())?)
        }
        None => {
            let pair = slf.call_method0(native::name(py, Method::Accept)?)?;
            let (number, peer): (i32, Py<PyAny>) = pair.extract()?;
            let accepted = super::lifecycle::owned(number)?;
            fd::set_nonblocking(accepted.as_fd(), !timeout.is_none())
                .map_err(|error| error::to_python(py, error))?;
            (accepted, peer)
        }
    };
    let (family, kind) = (socket.family().raw(), socket.kind().raw());
    let accepted = adopt(py, accepted, family, kind, socket.protocol().raw(), timeout)?;
    Ok((accepted, peer))
}

pub(super) fn local_address(py: Python<'_>, socket: &Socket) -> PyResult<Py<PyAny>> {
    let name = fd::local_address(socket.borrow()?).map_err(|error| error::to_python(py, error))?;
    address::render(py, &name, socket.protocol())
}

pub(super) fn peer_address(py: Python<'_>, socket: &Socket) -> PyResult<Py<PyAny>> {
    let name = fd::peer_address(socket.borrow()?).map_err(|error| error::to_python(py, error))?;
    address::render(py, &name, socket.protocol())
}

pub(super) fn shutdown(py: Python<'_>, socket: &Socket, how: i32) -> PyResult<()> {
    let fd = socket.borrow()?;
    let how = match how {
        libc::SHUT_RD => Shutdown::Read,
        libc::SHUT_WR => Shutdown::Write,
        libc::SHUT_RDWR => Shutdown::Both,
        // shutdown(2): the descriptor is judged first, then the number.
        _ => {
            return Err(match fd::get_int(fd, libc::SOL_SOCKET, libc::SO_TYPE) {
                Ok(_) => error::from_errno(Errno::EINVAL),
                Err(error) => error::to_python(py, error),
            });
        }
    };
    unlocked(py, || fd::shutdown(fd, how)).map_err(|error| error::to_python(py, error))
}
