//! What a `SocketIO` does, for itself and for the buffered file over it.

use std::mem::MaybeUninit;

use pyo3::exceptions::{PyOSError, PySystemError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt, PyString, PyType};
use rsocket::{Errno, Error, Kind};

use super::file::class;
use super::method::Answer;
use super::native::{self, Method, native};
use super::slots::{File, Slot};
use super::{lifecycle, transfer};
use crate::buffer::Buffer;
use crate::error;
use crate::failure::Failure;
use crate::recursion::Deeper;

/// What a buffered file asks of the raw one under it.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    ReadInto,
    ReadAll,
    Read,
    Write,
    Flush,
    Close,
    Closed,
}

const ASKED: [&str; 7] = [
    "readinto", "readall", "read", "write", "flush", "close", "closed",
];

/// Name and function of each, as the class was made.
static PLAIN: PyOnceLock<Vec<(Py<PyString>, Py<PyAny>)>> = PyOnceLock::new();

/// Remembers the methods of the class, before anybody can replace one.
pub(super) fn remember(class: &Bound<'_, PyType>) -> PyResult<()> {
    let py = class.py();
    let plain = PLAIN.get_or_try_init(py, || {
        ASKED
            .iter()
            .map(|name| {
                let name = PyString::intern(py, name);
                let function = native::lookup(class.as_type_ptr(), &name);
                // SAFETY: borrowed from the class, or null.
                let function = unsafe { Bound::from_borrowed_ptr_or_opt(py, function) };
                match function {
                    Some(function) => Ok((name.unbind(), function.unbind())),
                    None => Err(PySystemError::new_err("SocketIO lacks a method")),
                }
            })
            .collect::<PyResult<Vec<_>>>()
    });
    plain.map(drop)
}

fn asked<'py>(py: Python<'py>, ask: Ask) -> PyResult<&'py (Py<PyString>, Py<PyAny>)> {
    PLAIN
        .get(py)
        .and_then(|plain| plain.get(ask as usize))
        .ok_or_else(|| PySystemError::new_err("SocketIO before its methods"))
}

/// The name that is asked for.
pub(super) fn name(py: Python<'_>, ask: Ask) -> PyResult<&Bound<'_, PyString>> {
    asked(py, ask).map(|(name, _)| name.bind(py))
}

/// `raw` as the file that it is, where it is exactly of the class, and nobody has replaced what is
/// asked for, in the class or in this object.
#[inline]
pub(super) fn plain<'a, 'py>(
    raw: &'a Bound<'py, PyAny>,
    ask: Ask,
) -> PyResult<Option<File<'a, 'py>>> {
    let py = raw.py();
    let file = File(raw.as_borrowed());
    if !is_exact(&file)? || has_attributes(raw) {
        return Ok(None);
    }
    let (name, function) = asked(py, ask)?;
    let current = native::lookup(raw.get_type_ptr(), name.bind(py));
    Ok((current == function.as_ptr()).then_some(file))
}

/// Whether a file has attributes of its own: any may hide a method.
#[inline]
pub(super) fn has_attributes(file: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the type is alive. Files inherit a place for a dict, or null, from classes of C, which
    // have it at a fixed offset.
    unsafe {
        let offset = (*file.get_type_ptr()).tp_dictoffset;
        if offset <= 0 {
            return true;
        }
        let dict = *file
            .as_ptr()
            .byte_offset(offset)
            .cast::<*mut pyo3::ffi::PyObject>();
        !dict.is_null() && pyo3::ffi::PyDict_Size(dict) != 0
    }
}

/// `readinto` of memory that is no object: the number of bytes, `None` where nothing is there; and
/// nothing at all where the socket's `recv_into` is not the class's own.
#[inline]
pub(super) fn receive(
    slf: &File<'_, '_>,
    room: &mut [MaybeUninit<u8>],
) -> Result<Option<Option<usize>>, Failure> {
    let sock = readable(slf)?;
    let Some(socket) = native(&sock, Method::RecvInto)? else {
        return Ok(None);
    };
    if room.is_empty() {
        return Ok(Some(Some(0)));
    }
    let socket = socket.get();
    let received = match socket.descriptor() {
        Ok(fd) => transfer::receive(slf.py(), socket, fd, room, 0),
        Err(errno) => Err(errno.into()),
    };
    match received {
        Ok(len) => Ok(Some(Some(len))),
        Err(failure) => not_received(slf, failure).map(|()| Some(None)),
    }
}

/// `write` of memory that is no object, as [`receive`].
#[inline]
pub(super) fn send(slf: &File<'_, '_>, bytes: &[u8]) -> Result<Option<Option<usize>>, Failure> {
    let sock = writable(slf)?;
    let Some(socket) = native(&sock, Method::Send)? else {
        return Ok(None);
    };
    match transfer::send_bytes(slf.py(), socket.get(), bytes, 0) {
        Ok(len) => Ok(Some(Some(len))),
        Err(failure) => would_block(slf.py(), failure).map(|()| Some(None)),
    }
}

/// Whether the socket is a stream, of which `readall` may receive as much at a time as it likes.
pub(super) fn is_stream(slf: &File<'_, '_>) -> PyResult<bool> {
    let sock = slf.need(Slot::Sock)?;
    let socket = native(&sock, Method::RecvInto)?;
    Ok(socket.is_some_and(|socket| socket.get().kind() == Kind::STREAM))
}

pub(super) fn open(slf: &File<'_, '_>) -> PyResult<()> {
    if slf.is(Slot::IsClosed)? {
        return Err(PyValueError::new_err("I/O operation on closed socket."));
    }
    Ok(())
}

/// What `_checkClosed` of the base says.
fn open_file(slf: &File<'_, '_>) -> PyResult<()> {
    if slf.is(Slot::IsClosed)? {
        return Err(PyValueError::new_err("I/O operation on closed file."));
    }
    Ok(())
}

/// Whether it is exactly of the class, and no subclass overrides anything.
#[inline]
fn is_exact(slf: &File<'_, '_>) -> PyResult<bool> {
    Ok(slf.object().get_type_ptr() == class(slf.py())?.as_type_ptr())
}

/// Asks `_checkReadable` or `_checkWritable` of the base, unless the answer is known.
fn allowed(slf: &File<'_, '_>, slot: Slot, check: &Bound<'_, PyString>) -> PyResult<()> {
    if is_exact(slf)? && slf.is(slot)? {
        return Ok(());
    }
    slf.object().call_method0(check).map(drop)
}

/// Nothing in place of an error that says that the call would have to wait.
#[cold]
fn would_block(py: Python<'_>, failure: Failure) -> Result<(), Failure> {
    let would_block = match &failure {
        Failure::Core(error) => error.is_would_block(),
        Failure::Raised(raised) => {
            raised.is_instance_of::<PyOSError>(py)
                && raised
                    .value(py)
                    .getattr(intern!(py, "errno"))?
                    .eq(Errno::EAGAIN.raw())?
        }
    };
    if !would_block {
        return Err(failure);
    }
    if let Failure::Raised(raised) = failure {
        error::forget(py, raised);
    }
    Ok(())
}

/// Whether it is the timeout of the socket that a call failed with.
fn is_timeout(py: Python<'_>, failure: &Failure) -> PyResult<bool> {
    match failure {
        // From Python 3.10 on it is TimeoutError, which the kernel's own timeout is, too.
        Failure::Core(Error::Os { errno, .. }) => Ok(cfg!(Py_3_10) && *errno == Errno::ETIMEDOUT),
        Failure::Core(error) => Ok(matches!(error, Error::TimedOut)),
        Failure::Raised(raised) => Ok(raised.is_instance(py, error::timeout_type(py)?)),
    }
}

/// The socket to read from.
#[inline]
fn readable<'py>(slf: &File<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    open_file(slf)?;
    allowed(slf, Slot::Reading, intern!(slf.py(), "_checkReadable"))?;
    if slf.is(Slot::TimeoutOccurred)? {
        return Err(PyOSError::new_err("cannot read from timed out object"));
    }
    slf.need(Slot::Sock)
}

/// The socket to write to.
#[inline]
fn writable<'py>(slf: &File<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    open_file(slf)?;
    allowed(slf, Slot::Writing, intern!(slf.py(), "_checkWritable"))?;
    slf.need(Slot::Sock)
}

/// What a file makes of a receive that failed: it remembers a timeout.
#[cold]
fn not_received(slf: &File<'_, '_>, failure: Failure) -> Result<(), Failure> {
    let py = slf.py();
    if is_timeout(py, &failure)? {
        let yes = PyBool::new(py, true).to_owned().into_any();
        slf.set(Slot::TimeoutOccurred, yes)?;
        return Err(failure);
    }
    would_block(py, failure)
}

/// Calls what stands in the place of a method of the socket, and may call ours again.
fn overridden<'py>(
    sock: &Bound<'py, PyAny>,
    method: Method,
    argument: &Bound<'py, PyAny>,
) -> Answer<'py> {
    let _deeper = Deeper::enter(sock.py())?;
    Ok(sock.call_method1(native::name(sock.py(), method)?, (argument,))?)
}

pub(super) fn read_into<'py>(slf: &File<'_, 'py>, buffer: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = slf.py();
    let sock = readable(slf)?;
    let received = match native(&sock, Method::RecvInto)? {
        Some(socket) => {
            let mut buffer = Buffer::write(buffer, "recv_into")?;
            transfer::fill(py, socket.get(), &mut buffer, 0, 0)
                .map(|len| PyInt::new(py, len).into_any())
        }
        None => overridden(&sock, Method::RecvInto, buffer),
    };
    received.or_else(|failure| {
        not_received(slf, failure)?;
        Ok(py.None().into_bound(py))
    })
}

pub(super) fn write<'py>(slf: &File<'_, 'py>, data: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = slf.py();
    let sock = writable(slf)?;
    let sent = match native(&sock, Method::Send)? {
        Some(socket) => {
            let data = Buffer::read(data)?;
            transfer::drain(py, socket.get(), &data, 0).map(|len| PyInt::new(py, len).into_any())
        }
        None => overridden(&sock, Method::Send, data),
    };
    sent.or_else(|failure| {
        would_block(py, failure)?;
        Ok(py.None().into_bound(py))
    })
}

pub(super) fn fileno<'py>(slf: &File<'_, 'py>) -> Answer<'py> {
    open_file(slf)?;
    let _deeper = Deeper::enter(slf.py())?;
    let name = native::name(slf.py(), Method::Fileno)?;
    Ok(slf.need(Slot::Sock)?.call_method0(name)?)
}

pub(super) fn close<'py>(slf: &File<'_, 'py>) -> Answer<'py> {
    let py = slf.py();
    let none = || py.None().into_bound(py);
    if slf.is(Slot::IsClosed)? {
        return Ok(none());
    }
    // The base flushes, which a subclass may override, and is closed then in any case.
    let closed = if is_exact(slf)? {
        Ok(none())
    } else {
        class(py)?
            .getattr(intern!(py, "__base__"))?
            .call_method1(intern!(py, "close"), (slf.object(),))
    };
    slf.set(Slot::IsClosed, PyBool::new(py, true).to_owned().into_any())?;
    closed?;
    let Some(sock) = slf.get(Slot::Sock)? else {
        // The constructor failed, and the finalizer closes what it left.
        return Ok(none());
    };
    match native(&sock, Method::DecrefSocketIos)? {
        Some(socket) => lifecycle::release_file(socket)?,
        None => {
            sock.call_method0(native::name(py, Method::DecrefSocketIos)?)?;
        }
    }
    slf.set(Slot::Sock, none())?;
    Ok(none())
}
