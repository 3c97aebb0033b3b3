//! Names and connections: bind, listen, connect, accept, shutdown.

use std::net::Shutdown;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt};
use rsocket::{Address, Blocking, Errno, Error, Op, Readiness, Wait, fd};

use super::method::{Answer, Arguments, parse};
use super::names::{self, Whose};
use super::native::{self, Method, native};
use super::timeout::{self, Timeout};
use super::transfer::pair;
use super::{Socket, adopt};
use crate::argument::lone_int;
use crate::attach::Attached;
use crate::failure::Failure;
use crate::wait::Waiting;
use crate::{address, audit};

/// How many connections wait for accept() where `listen` is not told.
const DEFAULT_BACKLOG: i32 = 128;

pub(super) fn bind<'py>(slf: &Bound<'py, Socket>, name: &Bound<'py, PyAny>) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    let native = address::parse(socket, name, "bind")?;
    audit::with_address(c"socket.bind", slf.as_any(), name)?;
    let fd = socket.descriptor()?;
    // A path is looked up, and a port searched for.
    socket.flights.unlocked(py, || fd::bind(fd, &native))?;
    Ok(py.None().into_bound(py))
}

pub(super) fn listen<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let mut backlog = DEFAULT_BACKLOG;
    parse!(arguments, c"|i:listen", &raw mut backlog)?;
    let (py, socket) = (slf.py(), slf.get());
    let fd = socket.descriptor()?;
    let listen = || fd::listen(fd, backlog.max(0));
    socket.flights.unlocked(py, listen)?;
    Ok(py.None().into_bound(py))
}

/// Connects; `Ok(Err(…))` is what the kernel or the clock had against it.
fn attempt(
    slf: &Bound<'_, Socket>,
    to: &Bound<'_, PyAny>,
    caller: &'static str,
) -> Result<Result<(), Error>, Failure> {
    let socket = slf.get();
    let native = address::parse(socket, to, caller)?;
    audit::with_address(c"socket.connect", slf.as_any(), to)?;
    let Ok(fd) = socket.descriptor() else {
        return Ok(Err(Error::Os {
            op: Op::Connect,
            errno: Errno::EBADF,
        }));
    };
    // Even a connect that does not wait works its way through the network stack.
    let mut waiting = Waiting::unlocked(slf.py(), socket, fd);
    match fd::connect(fd, &native, &mut waiting) {
        Err(Error::Interrupted) => Err(waiting.failure(Error::Interrupted)),
        result => Ok(result),
    }
}

pub(super) fn connect<'py>(slf: &Bound<'py, Socket>, to: &Bound<'py, PyAny>) -> Answer<'py> {
    attempt(slf, to, "connect")??;
    Ok(slf.py().None().into_bound(slf.py()))
}

/// `connect_ex`: an errno instead of an exception, EAGAIN for a timeout.
pub(super) fn connect_ex<'py>(slf: &Bound<'py, Socket>, to: &Bound<'py, PyAny>) -> Answer<'py> {
    let number = match attempt(slf, to, "connect_ex")? {
        Ok(()) => 0,
        Err(Error::TimedOut) => Errno::EAGAIN.raw(),
        Err(error) => error.errno().raw(),
    };
    Ok(PyInt::new(slf.py(), number).into_any())
}

/// Takes a connection from the queue of a listener.
fn take(py: Python<'_>, socket: &Socket, nonblocking: bool) -> Result<(OwnedFd, Address), Failure> {
    let fd = socket.descriptor()?;
    let mut peer = Address::default();
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
    // description may have cleared it) can a try not sleep, and keep the interpreter locked. To
    // unlock it costs less than to ask where nobody else wants it.
    if (timeout.is_zero() && waiting.is_alone()) || !fd::is_nonblocking(fd)? {
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
pub(super) fn accept_descriptor<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    let (accepted, peer) = take(py, socket, false)?;
    let peer = address::render(py, &peer, socket.protocol())?;
    pair(PyInt::new(py, super::into_raw(accepted)).into_any(), peer)
}

/// `accept`: a socket with the default timeout, never with the listener's.
pub(super) fn accept<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    if native(slf.as_any(), Method::Accept)?.is_none() {
        // SAFETY: the interpreter has called the method at hand.
        let attached = unsafe { Attached::assume() };
        return Ok(attached.run(|_| accept_overridden(slf))?);
    }
    let timeout = timeout::DEFAULT.get();
    let (accepted, peer) = take(py, socket, !timeout.is_none())?;
    let peer = address::render(py, &peer, socket.protocol())?;
    let (family, kind) = (socket.family().raw(), socket.kind().raw());
    let accepted = adopt(py, accepted, family, kind, socket.protocol().raw(), timeout)?;
    pair(accepted.into_any(), peer)
}

/// `accept` with a `_accept` that is not this file's, whose answer is what it likes.
#[cold]
fn accept_overridden<'py>(slf: &Bound<'py, Socket>) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    let names = PyDict::new(py);
    names.set_item("answer", native::overriding(slf, Method::Accept)?)?;
    // In the interpreter's own words where it is no pair.
    py.run(c"number, peer = answer", Some(&names), Some(&names))
        .inspect_err(|error| {
            error.set_traceback(py, None);
        })?;
    let names = names.as_any();
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "fileno"), names.get_item("number")?)?;
    let arguments = (
        slf.getattr(intern!(py, "family"))?,
        slf.getattr(intern!(py, "type"))?,
        slf.getattr(intern!(py, "proto"))?,
    );
    let accepted = py.get_type::<Socket>().call(arguments, Some(&keywords))?;
    if timeout::DEFAULT.get().is_none()
        && slf.call_method0(intern!(py, "gettimeout"))?.is_truthy()?
    {
        accepted.call_method1(intern!(py, "setblocking"), (true,))?;
    }
    Ok((accepted, names.get_item("peer")?)
        .into_pyobject(py)?
        .into_any())
}

pub(super) fn getsockname<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let socket = slf.get();
    let name = fd::local_address(socket.descriptor()?)?;
    Ok(names::render(slf.py(), socket, Whose::Own, &name)?)
}

pub(super) fn getpeername<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let socket = slf.get();
    let name = fd::peer_address(socket.descriptor()?)?;
    Ok(names::render(slf.py(), socket, Whose::Peer, &name)?)
}

pub(super) fn shutdown<'py>(slf: &Bound<'py, Socket>, how: &Bound<'py, PyAny>) -> Answer<'py> {
    let how = lone_int(how)?;
    let (py, socket) = (slf.py(), slf.get());
    let fd = socket.descriptor()?;
    let how = match how {
        libc::SHUT_RD => Shutdown::Read,
        libc::SHUT_WR => Shutdown::Write,
        libc::SHUT_RDWR => Shutdown::Both,
        _ => {
            // The kernel judges the socket first, and then the number.
            // SAFETY: shutdown(2) takes any numbers.
            unsafe { libc::shutdown(fd.as_raw_fd(), how) };
            return Err(Errno::last().into());
        }
    };
    socket.flights.unlocked(py, || fd::shutdown(fd, how))?;
    Ok(py.None().into_bound(py))
}
