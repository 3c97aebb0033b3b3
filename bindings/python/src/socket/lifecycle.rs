//! From making a socket to giving up its descriptor.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::Ordering;

use pyo3::exceptions::{PyAttributeError, PyOSError, PyValueError, PyWarning};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyString};
use rsocket::{Errno, Error, Family, Kind, Protocol, fd};

use super::method::{Answer, Arguments};
use super::native::{self, Method, native};
use super::timeout::{self, Timeout};
use super::{CLOSED, Socket, into_raw};
#[cfg(not(Py_3_11))]
use crate::argument::int as constructor_int;
#[cfg(Py_3_11)]
use crate::argument::lone_int as constructor_int;
use crate::argument::{any_long, lone_int, long, refuse_float};
use crate::recursion::Deeper;
use crate::wait::unlocked;
use crate::{audit, error};

/// `socket.__init__`: -1 stands for what is left out.
pub(super) fn initialise(
    slf: &Bound<'_, Socket>,
    family: Option<&Bound<'_, PyAny>>,
    kind: Option<&Bound<'_, PyAny>>,
    protocol: Option<&Bound<'_, PyAny>>,
    fileno: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let py = slf.py();
    let fileno = fileno.filter(|fileno| !fileno.is_none());
    let number = |object: Option<&Bound<'_, PyAny>>| match object {
        None => Ok(-1),
        // The constructor is parsed in another way than the rest, with another message.
        Some(object) => constructor_int(object),
    };
    let given = [family, kind, protocol];
    let (mut family, mut kind, mut protocol) = (number(family)?, number(kind)?, number(protocol)?);
    let mut shown = [family, kind, protocol];
    if fileno.is_none() {
        let defaults = [libc::AF_INET, libc::SOCK_STREAM, 0];
        for ((number, given), default) in shown.iter_mut().zip(given).zip(defaults) {
            // The event shows what the socket will be, but -1 for what only converts to that.
            let is_int = given.is_none_or(PyAnyMethods::is_instance_of::<PyInt>);
            *number = if *number == -1 && is_int {
                default
            } else {
                *number
            };
        }
        family = if family == -1 { libc::AF_INET } else { family };
        kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
        protocol = if protocol == -1 { 0 } else { protocol };
    }
    let [family_shown, kind_shown, protocol_shown] = shown;
    // SAFETY: `slf` is alive.
    unsafe {
        let object = slf.as_ptr();
        audit::created(py, object, family_shown, kind_shown, protocol_shown)?;
    }
    let socket = slf.get();
    let number = match fileno {
        Some(fileno) => {
            let number = descriptor(fileno)?;
            (family, kind, protocol) = identify(number, family, kind, protocol)?;
            number
        }
        None => {
            let (family, kind) = (Family::from_raw(family), Kind::from_raw(kind));
            let make = || fd::socket(family, kind, Protocol::from_raw(protocol));
            // The first socket of some families loads a kernel module.
            let made = match family {
                Family::INET | Family::INET6 | Family::UNIX => make(),
                _ => unlocked(py, make),
            };
            into_raw(made.map_err(|error| error::to_python(py, error))?)
        }
    };
    let owned = fileno.is_none();
    let timeout = initial_timeout(number, kind).inspect_err(|_| {
        if owned {
            // The error at hand says more than one of this close could.
            // SAFETY: socket(2) made it a moment ago, and nobody else has seen it.
            let _ = unsafe { fd::close(number) };
        }
    })?;
    socket.names.clear(py);
    socket.family.store(family, Ordering::Relaxed);
    socket.kind.store(visible_kind(kind), Ordering::Relaxed);
    socket.protocol.store(protocol, Ordering::Relaxed);
    socket.timeout.set(timeout);
    socket.io_refs.store(0, Ordering::Relaxed);
    socket.closed.store(false, Ordering::Relaxed);
    let previous = socket.fd.swap(number, Ordering::AcqRel);
    if previous != CLOSED && previous != number {
        // Initialised for a second time: the first descriptor has no owner any more.
        let released = socket.flights.release(py, previous);
        released.map_err(error::from_errno)?;
    }
    Ok(())
}

/// The type without the flags that Linux takes in the same argument (socket(2)).
fn visible_kind(kind: i32) -> i32 {
    kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
}

/// The timeout of a new socket, with O_NONBLOCK set where it has one.
fn initial_timeout(number: RawFd, kind: i32) -> PyResult<Timeout> {
    if kind & libc::SOCK_NONBLOCK != 0 {
        return Ok(Timeout::ZERO);
    }
    let timeout = timeout::DEFAULT.get();
    if !timeout.is_none() {
        set_nonblocking(number, true)?;
    }
    Ok(timeout)
}

fn set_nonblocking(number: RawFd, nonblocking: bool) -> PyResult<()> {
    fd::set_nonblocking(borrowed(number)?, nonblocking)
        .map_err(|error| error::from_errno(error.errno()))
}

/// What `fileno=` takes.
fn descriptor(fileno: &Bound<'_, PyAny>) -> PyResult<RawFd> {
    // C keeps the lower half of the number.
    match long(fileno)? as RawFd {
        number if number < 0 => Err(PyValueError::new_err("negative file descriptor")),
        number => Ok(number),
    }
}

/// A second descriptor for the same socket, close-on-exec.
pub(super) fn duplicate(py: Python<'_>, number: RawFd) -> PyResult<OwnedFd> {
    fd::dup(borrowed(number)?).map_err(|error| error::to_python(py, error))
}

/// A number for one system call.
///
/// # Errors
/// OSError EBADF for a negative one.
fn borrowed<'a>(number: RawFd) -> PyResult<BorrowedFd<'a>> {
    if number < 0 {
        return Err(error::from_errno(Errno::EBADF));
    }
    // SAFETY: not -1; the kernel answers EBADF where it is not open.
    Ok(unsafe { BorrowedFd::borrow_raw(number) })
}

/// Checks that the descriptor is a socket, and asks it what the caller left out.
fn identify(number: RawFd, family: i32, kind: i32, protocol: i32) -> PyResult<(i32, i32, i32)> {
    let refused = |error: Error| error::from_errno(error.errno());
    let fd = borrowed(number)?;
    let family = match fd::local_address(fd) {
        Ok(address) if family == -1 => address.family().raw(),
        Ok(_) => family,
        // AF_ALG sockets have no name, but are sockets.
        Err(error)
            if family != -1
                && error.errno() != Errno::EBADF
                && error.errno() != Errno::ENOTSOCK =>
        {
            family
        }
        Err(error) => return Err(refused(error)),
    };
    let ask = |given: i32, option| match given {
        -1 => fd::get_int(fd, libc::SOL_SOCKET, option).map_err(refused),
        given => Ok(given),
    };
    Ok((
        family,
        ask(kind, libc::SO_TYPE)?,
        ask(protocol, libc::SO_PROTOCOL)?,
    ))
}

/// A socket object of our own class for a descriptor whose nature is known.
///
/// # Errors
/// What an audit hook raises; the descriptor is closed then.
pub(crate) fn adopt<'py>(
    py: Python<'py>,
    fd: OwnedFd,
    family: i32,
    kind: i32,
    protocol: i32,
    timeout: Timeout,
) -> PyResult<Bound<'py, Socket>> {
    let object = Bound::new(py, Socket::empty())?;
    // SAFETY: `object` is alive.
    unsafe { audit::created(py, object.as_ptr(), family, kind, protocol)? };
    let socket = object.get();
    socket.family.store(family, Ordering::Relaxed);
    socket.kind.store(visible_kind(kind), Ordering::Relaxed);
    socket.protocol.store(protocol, Ordering::Relaxed);
    socket.timeout.set(timeout);
    socket.fd.store(into_raw(fd), Ordering::Release);
    Ok(object)
}

/// Also sets or clears O_NONBLOCK, which every duplicate shares.
pub(super) fn set_timeout(socket: &Socket, timeout: Timeout) -> PyResult<()> {
    socket.timeout.set(timeout);
    set_nonblocking(socket.raw(), !timeout.is_none())
}

/// Puts an earlier timeout back; a socket that was closed meanwhile has no O_NONBLOCK to set.
pub(super) fn restore_timeout(socket: &Socket, timeout: Timeout) -> PyResult<()> {
    if socket.raw() == CLOSED {
        socket.timeout.set(timeout);
        return Ok(());
    }
    set_timeout(socket, timeout)
}

/// `close`: at once, or with the last file of `makefile`.
pub(super) fn close<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    close_now(slf)?;
    Ok(slf.py().None().into_bound(slf.py()))
}

fn close_now(slf: &Bound<'_, Socket>) -> PyResult<()> {
    let socket = slf.get();
    socket.closed.store(true, Ordering::Relaxed);
    if socket.io_refs.load(Ordering::Relaxed) > 0 {
        return Ok(());
    }
    match native(slf.as_any(), Method::RealClose)? {
        Some(slf) => real_close(slf),
        None => native::overriding(slf, Method::RealClose).map(drop),
    }
}

/// `__enter__`
pub(super) fn enter_context<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    Ok(slf.clone().into_any())
}

/// `__exit__`
pub(super) fn exit_context<'py>(
    slf: &Bound<'py, Socket>,
    _arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    if !slf.get().closed.load(Ordering::Relaxed) {
        call_close(slf)?;
    }
    Ok(slf.py().None().into_bound(slf.py()))
}

/// `_real_close`: gives the descriptor back to the kernel.
pub(super) fn real_close(slf: &Bound<'_, Socket>) -> PyResult<()> {
    match slf.get().take() {
        CLOSED => Ok(()),
        number => match slf.get().flights.release(slf.py(), number) {
            // The peer's reset says nothing new, and the number is free in any case.
            Ok(()) | Err(Errno::ECONNRESET) => Ok(()),
            Err(errno) => Err(error::from_errno(errno)),
        },
    }
}

/// `_decref_socketios`: a file of `makefile` was closed.
pub(super) fn release_file(slf: &Bound<'_, Socket>) -> PyResult<()> {
    let socket = slf.get();
    let open = |refs: i32| (refs > 0).then(|| refs - 1);
    // An error here only says that no file was open.
    let _ = socket
        .io_refs
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, open);
    if socket.closed.load(Ordering::Relaxed) {
        call_close(slf)
    } else {
        Ok(())
    }
}

/// `close`, or whatever overrides it.
pub(super) fn call_close(slf: &Bound<'_, Socket>) -> PyResult<()> {
    match native(slf.as_any(), Method::Close)? {
        Some(slf) => close_now(slf),
        None => native::overriding(slf, Method::Close).map(drop),
    }
}

/// `detach`: the descriptor without its object; -1 the second time.
pub(super) fn detach<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let socket = slf.get();
    socket.closed.store(true, Ordering::Relaxed);
    let number = socket.take();
    if number != CLOSED {
        // Whoever gets the number may close it: no call of this object must use it any more.
        socket.flights.interrupt(slf.py());
    }
    Ok(PyInt::new(slf.py(), number).into_any())
}

/// `fileno`
pub(super) fn fileno<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    Ok(PyInt::new(slf.py(), slf.get().raw()).into_any())
}

/// `getblocking`
pub(super) fn getblocking<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let blocking = !slf.get().timeout().is_zero();
    Ok(PyBool::new(slf.py(), blocking).to_owned().into_any())
}

/// `setblocking`: from Python 3.12 on it takes any truth value.
pub(super) fn setblocking<'py>(slf: &Bound<'py, Socket>, flag: &Bound<'py, PyAny>) -> Answer<'py> {
    #[cfg(Py_3_12)]
    let blocking = flag.is_truthy()?;
    #[cfg(not(Py_3_12))]
    let blocking = any_long(flag)? != 0;
    set_timeout(
        slf.get(),
        if blocking {
            Timeout::NONE
        } else {
            Timeout::ZERO
        },
    )?;
    Ok(slf.py().None().into_bound(slf.py()))
}

/// `gettimeout`
pub(super) fn gettimeout<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    Ok(slf.get().timeout().to_python(slf.py()))
}

/// `settimeout`
pub(super) fn settimeout<'py>(
    slf: &Bound<'py, Socket>,
    timeout: &Bound<'py, PyAny>,
) -> Answer<'py> {
    set_timeout(slf.get(), Timeout::parse(timeout)?)?;
    Ok(slf.py().None().into_bound(slf.py()))
}

/// `dup`: an object of the same class, made through its constructor.
pub(super) fn dup<'py>(slf: &Bound<'py, Socket>) -> PyResult<Bound<'py, PyAny>> {
    let (py, socket) = (slf.py(), slf.get());
    let copy = duplicate(
        py,
        // C keeps the lower half of the number.
        number(slf, |given| Ok(any_long(given)? as RawFd))?,
    )?;
    let (family, kind) = (socket.family().raw(), socket.kind().raw());
    let (protocol, timeout) = (socket.protocol().raw(), socket.timeout().relative());
    if slf.as_any().is_exact_instance_of::<Socket>() {
        let copy = adopt(py, copy, family, kind, protocol, timeout)?;
        // The file description is shared: its O_NONBLOCK is that of this timeout already, unless
        // another duplicate changed it.
        set_timeout(copy.get(), timeout)?;
        return Ok(copy.into_any());
    }
    let _deeper = Deeper::enter(py)?;
    let keywords = PyDict::new(py);
    keywords.set_item("fileno", copy.as_raw_fd())?;
    let arguments = (
        slf.getattr(intern!(py, "family"))?,
        slf.getattr(intern!(py, "type"))?,
        slf.getattr(intern!(py, "proto"))?,
    );
    let object = slf.get_type().call(arguments, Some(&keywords))?;
    // The new object owns it now.
    into_raw(copy);
    let timeout = slf.call_method0(intern!(py, "gettimeout"))?;
    object.call_method1(intern!(py, "settimeout"), (timeout,))?;
    Ok(object)
}

/// `fileno()`, or whatever overrides it.
fn number(
    slf: &Bound<'_, Socket>,
    convert: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<RawFd>,
) -> PyResult<RawFd> {
    match native(slf.as_any(), Method::Fileno)? {
        Some(slf) => Ok(slf.get().raw()),
        None => convert(&native::overriding(slf, Method::Fileno)?),
    }
}

/// `get_inheritable`
pub(super) fn inheritable(slf: &Bound<'_, Socket>) -> PyResult<bool> {
    let py = slf.py();
    borrowed(number(slf, keyword_int)?)
        .and_then(|fd| fd::is_inheritable(fd).map_err(|error| error::to_python(py, error)))
}

/// A C `int` of a function that Python 3.9 gives no float.
fn keyword_int(object: &Bound<'_, PyAny>) -> PyResult<i32> {
    if cfg!(not(Py_3_10)) {
        refuse_float(object)?;
    }
    lone_int(object)
}

/// `set_inheritable`
pub(super) fn set_inheritable(
    slf: &Bound<'_, Socket>,
    inheritable: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let (py, number) = (slf.py(), number(slf, keyword_int)?);
    let inheritable = keyword_int(inheritable)? != 0;
    borrowed(number).and_then(|fd| {
        fd::set_inheritable(fd, inheritable).map_err(|error| error::to_python(py, error))
    })
}

/// The finalizer: warns about a socket that nobody closed, and closes it.
pub(super) fn finalise(slf: &Bound<'_, Socket>) {
    let socket = slf.get();
    if socket.raw() == CLOSED {
        return;
    }
    let py = slf.py();
    // SAFETY: takes the object that the warning is about, a stack level and a format with its
    // argument; returns -1 with an exception where the warning became one.
    let warned = unsafe {
        ffi::PyErr_ResourceWarning(slf.as_ptr(), 1, c"unclosed %R".as_ptr(), slf.as_ptr())
    };
    if warned != 0 {
        let raised = PyErr::fetch(py);
        // Anything else comes of an interpreter that is being taken down.
        if raised.is_instance_of::<PyWarning>(py) {
            raised.write_unraisable(py, Some(slf.as_any()));
        }
    }
    // After the warning: whoever logs it may want to ask the socket for its name.
    let number = socket.take();
    if number != CLOSED {
        // A finalizer has nobody to tell.
        let _ = socket.flights.release(py, number);
    }
}

/// `__repr__`: the real class, and both addresses where the kernel gives them.
pub(super) fn represent<'py>(slf: &Bound<'py, Socket>) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    let _deeper = Deeper::enter(py)?;
    let class = slf.get_type();
    let closed = slf.getattr(intern!(py, "_closed"))?.is_truthy()?;
    let number = |object: Bound<'py, PyAny>| PyString::new(py, "%i").rem((object,))?.str();
    let fileno = slf.call_method0(intern!(py, "fileno"))?;
    let family = slf.getattr(intern!(py, "family"))?;
    let kind = slf.getattr(intern!(py, "type"))?;
    let protocol = slf.getattr(intern!(py, "proto"))?;
    let text = format!(
        "<{}.{}{} fd={}, family={}, type={}, proto={}",
        class.getattr(intern!(py, "__module__"))?.str()?,
        class.qualname()?,
        if closed { " [closed]" } else { "" },
        number(fileno)?,
        family.str()?,
        kind.str()?,
        number(protocol)?,
    );
    let mut text = PyString::new(py, &text).into_any();
    if !closed {
        for (label, method) in [("laddr", "getsockname"), ("raddr", "getpeername")] {
            match slf.call_method0(method) {
                // Names in the file system may have surrogates, which are no text of Rust.
                Ok(address) if address.is_truthy()? => {
                    text = text.add(format!(", {label}="))?.add(address.str()?)?;
                }
                Ok(_) => {}
                Err(error) if error.is_instance_of::<PyOSError>(py) => {}
                Err(error) if error.is_instance_of::<PyAttributeError>(py) => {}
                Err(error) => return Err(error),
            }
        }
    }
    text.add(">")
}
