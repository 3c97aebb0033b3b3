//! The raw file under a buffered one: straight to the socket where nothing on the way is
//! overridden, and otherwise through its methods, by name.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use rsocket::Errno;

use crate::error;
use crate::failure::Failure;
use crate::recursion::Deeper;
use crate::socket::raw::{self, Ask, name, plain};
use crate::socket::slots::Slot;

/// Reads into `room`: the number of bytes, 0 at the end, `None` where nothing is there.
#[inline]
pub(super) fn read(
    raw: &Bound<'_, PyAny>,
    room: &mut [MaybeUninit<u8>],
) -> Result<Option<usize>, Failure> {
    if let Some(file) = plain(raw, Ask::ReadInto)?
        && let Some(received) = raw::receive(&file, room)?
    {
        return Ok(received);
    }
    read_by_name(raw, room)
}

/// Reads with `readinto` of the raw file. It gets memory of its own, which it may keep.
#[cold]
fn read_by_name(
    raw: &Bound<'_, PyAny>,
    room: &mut [MaybeUninit<u8>],
) -> Result<Option<usize>, Failure> {
    let py = raw.py();
    let len = room.len();
    // SAFETY: a new bytearray of `len` bytes or null with an exception; it is zeroed before anybody
    // else sees it; PyMemoryView_FromObject takes any object.
    let (bytes, view) = unsafe {
        let bytes = ffi::PyByteArray_FromStringAndSize(ptr::null::<c_char>(), as_ssize(len));
        let bytes = Bound::from_owned_ptr_or_err(py, bytes)?.cast_into_unchecked::<PyByteArray>();
        ffi::PyByteArray_AsString(bytes.as_ptr()).write_bytes(0, len);
        let view = Bound::from_owned_ptr_or_err(py, ffi::PyMemoryView_FromObject(bytes.as_ptr()))?;
        (bytes, view)
    };
    let Some(got) = call_through_signals(raw, Ask::ReadInto, &view)? else {
        return Ok(None);
    };
    let got = match number(&got) {
        Ok(got) => got,
        Err(raised) if cfg!(not(Py_3_10)) => {
            error::forget(py, raised);
            -1
        }
        Err(raised) => {
            let failed = PyOSError::new_err("raw readinto() failed");
            // SAFETY: two exceptions; the call takes over a reference to the second argument.
            unsafe {
                let context = raised.value(py).clone().into_ptr();
                ffi::PyException_SetContext(failed.value(py).as_ptr(), context);
            }
            failed.set_cause(py, Some(raised));
            return Err(failed.into());
        }
    };
    let got = within("readinto", got, len)?;
    // The view keeps the bytearray at its length.
    // SAFETY: no code of Python runs while the bytes are copied.
    let source = unsafe { bytes.as_bytes() };
    for (to, from) in room.iter_mut().zip(source.iter().take(got)) {
        to.write(*from);
    }
    Ok(Some(got))
}

/// Writes `bytes`, and says how many of them went out; `None` where there is no room for any.
#[inline]
pub(super) fn write(raw: &Bound<'_, PyAny>, bytes: &[u8]) -> Result<Option<usize>, Failure> {
    if let Some(file) = plain(raw, Ask::Write)?
        && let Some(sent) = raw::send(&file, bytes)?
    {
        return Ok(sent);
    }
    write_by_name(raw, bytes)
}

/// Writes with `write` of the raw file. It gets a copy, which it may keep.
#[cold]
fn write_by_name(raw: &Bound<'_, PyAny>, bytes: &[u8]) -> Result<Option<usize>, Failure> {
    let py = raw.py();
    let copy = self::bytes(py, bytes)?;
    // SAFETY: PyMemoryView_FromObject takes any object.
    let view =
        unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyMemoryView_FromObject(copy.as_ptr()))? };
    let Some(sent) = call_through_signals(raw, Ask::Write, &view)? else {
        return Ok(None);
    };
    let sent = number(&sent).unwrap_or_else(|raised| {
        error::forget(py, raised);
        -1
    });
    Ok(Some(within("write", sent, bytes.len())?))
}

/// Calls a method with one argument, again where a signal has interrupted it; `None` for `None`.
fn call_through_signals<'py>(
    raw: &Bound<'py, PyAny>,
    ask: Ask,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = raw.py();
    let _deeper = Deeper::enter(py)?;
    loop {
        match raw.call_method1(name(py, ask)?, (argument,)) {
            Ok(answer) => return Ok(Some(answer).filter(|answer| !answer.is_none())),
            Err(raised) if is_interrupted(py, &raised) => error::forget(py, raised),
            Err(raised) => return Err(raised),
        }
    }
}

/// Whether a call failed with EINTR.
pub(super) fn is_interrupted(py: Python<'_>, raised: &PyErr) -> bool {
    raised.is_instance_of::<PyOSError>(py)
        && raised
            .value(py)
            .getattr(intern!(py, "errno"))
            .and_then(|errno| errno.eq(Errno::EINTR.raw()))
            .unwrap_or(false)
}

fn number(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    // SAFETY: PyNumber_AsSsize_t takes any object and a class to raise; -1 may come with an
    // exception.
    let number = unsafe { ffi::PyNumber_AsSsize_t(object.as_ptr(), ffi::PyExc_ValueError) };
    match number {
        -1 => PyErr::take(object.py()).map_or(Ok(-1), Err),
        number => Ok(number),
    }
}

fn within(method: &str, got: isize, len: usize) -> PyResult<usize> {
    match usize::try_from(got) {
        Ok(got) if got <= len => Ok(got),
        _ => Err(PyOSError::new_err(format!(
            "raw {method}() returned invalid length {got} (should have been between 0 and {len})"
        ))),
    }
}

/// An attribute of an object, which may ask for one of ours.
pub(super) fn attribute<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    let _deeper = Deeper::enter(object.py())?;
    object.getattr(name)
}

/// Calls a method of an object, which may call one of ours.
pub(super) fn call<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    let _deeper = Deeper::enter(object.py())?;
    object.call_method0(name)
}

/// Whether the raw file is closed.
#[inline]
pub(super) fn is_closed(raw: &Bound<'_, PyAny>) -> PyResult<bool> {
    match plain(raw, Ask::Closed)? {
        Some(file) => file.is(Slot::IsClosed),
        None => attribute(raw, name(raw.py(), Ask::Closed)?)?.is_truthy(),
    }
}

/// `flush` of the raw file, which has nothing to flush.
pub(super) fn flush<'py>(raw: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = raw.py();
    match plain(raw, Ask::Flush)? {
        Some(file) if file.is(Slot::IsClosed)? => {
            Err(PyValueError::new_err("I/O operation on closed file."))
        }
        Some(_) => Ok(py.None().into_bound(py)),
        None => call(raw, name(py, Ask::Flush)?),
    }
}

/// `close` of the raw file.
pub(super) fn close<'py>(raw: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Failure> {
    match plain(raw, Ask::Close)? {
        Some(file) => raw::close(&file),
        None => Ok(call(raw, name(raw.py(), Ask::Close)?)?),
    }
}

/// A new bytes object.
///
/// # Errors
/// MemoryError
#[inline]
pub(super) fn bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: PyBytes_FromStringAndSize copies that many bytes: a new reference, or null with an
    // exception.
    unsafe {
        let object = ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), as_ssize(bytes.len()));
        Ok(Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked())
    }
}

/// A length as Python counts: memory is never longer than that.
fn as_ssize(len: usize) -> ffi::Py_ssize_t {
    ffi::Py_ssize_t::try_from(len).unwrap_or(ffi::Py_ssize_t::MAX)
}
