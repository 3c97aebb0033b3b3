//! Writing: what io's BufferedWriter does with a raw file, write by write.

use pyo3::exceptions::{PyBlockingIOError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyInt;
use rsocket::Errno;

use super::room::Room;
use super::{Buffered, under};
use crate::buffer::Buffer;
use crate::error;
use crate::failure::Failure;
use crate::socket::method::Answer;

/// Why not everything was written.
enum Stopped {
    /// There is no room for now, as the raw file says in its way: with an exception, or without.
    Full(Option<PyErr>),
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Stopped {
    fn from(failure: E) -> Self {
        Stopped::Failed(failure.into())
    }
}

/// What a write says that took `written` bytes of those it was given.
#[cold]
fn would_block(written: usize) -> Failure {
    let text = "write could not complete without blocking";
    PyBlockingIOError::new_err((Errno::EAGAIN.raw(), text, written)).into()
}

/// `write(buffer)`: into the buffer as long as it fits.
#[inline]
pub(super) fn write<'py>(slf: &Buffered<'_, 'py>, data: &Buffer<'py>) -> Answer<'py> {
    let py = slf.py();
    let raw = slf.raw()?;
    if slf.is_closed(&slf.state.writer, &raw)? {
        return write_with_lock(slf, &raw, data);
    }
    let bytes = data.bytes();
    // SAFETY: bytes are copied, and no code of Python runs.
    if let Some(mut room) = unsafe { slf.state.writer.glance() }
        && bytes.len() <= room.left()
        && !goes_straight(&room, bytes)
    {
        room.put(bytes)?;
        return Ok(PyInt::new(py, bytes.len()).into_any());
    }
    write_with_lock(slf, &raw, data)
}

/// The same where another thread may use the file. Whether it is closed is asked again, since that
/// thread may close it.
fn write_with_lock<'py>(
    slf: &Buffered<'_, 'py>,
    raw: &Bound<'py, PyAny>,
    data: &Buffer<'py>,
) -> Answer<'py> {
    let mut room = slf.writing()?;
    if slf.is_closed(&slf.state.writer, raw)? {
        return Err(PyValueError::new_err("write to closed file").into());
    }
    let written = write_held(slf.py(), &mut room, raw, data.bytes())?;
    Ok(PyInt::new(slf.py(), written).into_any())
}

/// Whether bytes are sent without a copy: those that do not fit in an empty buffer and, from Python
/// 3.13 on, those that would fill it.
#[inline]
fn goes_straight(room: &Room, bytes: &[u8]) -> bool {
    if cfg!(Py_3_13) {
        bytes.len() >= room.size()
    } else {
        bytes.len() > room.size()
    }
}

fn write_held(
    py: Python<'_>,
    room: &mut Room,
    raw: &Bound<'_, PyAny>,
    bytes: &[u8],
) -> Result<usize, Failure> {
    if bytes.len() <= room.left() && !goes_straight(room, bytes) {
        return Ok(room.put(bytes)?);
    }
    match flush_held(py, room, raw) {
        Ok(()) => {}
        Err(Stopped::Full(raised)) => {
            if let Some(raised) = raised {
                error::forget(py, raised);
            }
            room.shift();
            let put = room.put(bytes)?;
            if put < bytes.len() {
                return Err(would_block(put));
            }
            return Ok(put);
        }
        Err(Stopped::Failed(failure)) => return Err(failure),
    }
    let mut written = 0;
    loop {
        let rest = bytes.get(written..).unwrap_or_default();
        if !goes_straight(room, rest) {
            break;
        }
        match under::write(raw, rest)? {
            Some(len) => written += len.min(rest.len()),
            None if rest.len() > room.size() => {
                return Err(would_block(written + room.put(rest)?));
            }
            None => break,
        }
        py.check_signals()?;
    }
    room.put(bytes.get(written..).unwrap_or_default())?;
    Ok(bytes.len())
}

/// Sends what is in the buffer.
fn flush_held(py: Python<'_>, room: &mut Room, raw: &Bound<'_, PyAny>) -> Result<(), Stopped> {
    while room.len() > 0 {
        let sent = match under::write(raw, room.bytes()) {
            Ok(Some(len)) => len,
            Ok(None) => return Err(Stopped::Full(None)),
            Err(Failure::Raised(raised)) if raised.is_instance_of::<PyBlockingIOError>(py) => {
                return Err(Stopped::Full(Some(raised)));
            }
            Err(failure) => return Err(failure.into()),
        };
        room.consume(sent);
        // The raw file may have come back because of a signal.
        py.check_signals()?;
    }
    room.empty();
    Ok(())
}

/// `flush()`
#[inline]
pub(super) fn flush<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let raw = slf.raw()?;
    if slf.is_closed(&slf.state.writer, &raw)? {
        return Err(PyValueError::new_err("flush of closed file").into());
    }
    let mut room = slf.writing()?;
    flush_room(slf.py(), &mut room, &raw)
}

/// `flush` with the lock held.
pub(super) fn flush_room<'py>(
    py: Python<'py>,
    room: &mut Room,
    raw: &Bound<'py, PyAny>,
) -> Answer<'py> {
    match flush_held(py, room, raw) {
        Ok(()) => Ok(py.None().into_bound(py)),
        Err(Stopped::Full(raised)) => Err(raised.map_or_else(|| would_block(0), Failure::Raised)),
        Err(Stopped::Failed(failure)) => Err(failure),
    }
}
