//! Lines: `readline` of a reader, which never reads more than it must, and that of a pair, which in
//! module io is made of `peek` and `read`.

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::{PyMemoryError, PyOSError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::reader::fill;
use super::room::Room;
use super::{Buffered, under};
use crate::failure::Failure;
use crate::socket::method::Answer;

/// How many bytes of `bytes` belong to the line at its start, where it ends there.
#[inline]
fn line_end(bytes: &[u8]) -> Option<usize> {
    // SAFETY: memchr(3) looks at as many bytes as it is told, and gives null or a place in them.
    let place = unsafe { libc::memchr(bytes.as_ptr().cast(), c_int::from(b'\n'), bytes.len()) };
    (!place.is_null()).then(|| place.addr() - bytes.as_ptr().addr() + 1)
}

/// A line from the buffer alone: `None` where the raw file has to be asked, or the object to be
/// looked at more closely.
#[inline]
fn buffered_line<'py>(
    slf: &Buffered<'_, 'py>,
    limit: Option<usize>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if !slf.is_ready() {
        return Ok(None);
    }
    // SAFETY: bytes are made of the buffer, and no code of Python runs.
    let Some(mut room) = (unsafe { slf.state.reader.glance() }) else {
        return Ok(None);
    };
    let Some(len) = line_len(room.bytes(), limit).filter(|len| *len > 0) else {
        return Ok(None);
    };
    let line = under::bytes(slf.py(), room.bytes().get(..len).unwrap_or_default())?;
    room.consume(len);
    Ok(Some(line.into_any()))
}

/// A line that is in the buffer, without an error's having to have a place on the way: a new
/// reference, or null and no exception where it takes [`read_line`] or [`read_line_of_pair`].
///
/// # Safety
/// The interpreter must have called a method of the object at hand.
#[inline]
pub(super) unsafe fn quick_line(slf: &Buffered<'_, '_>) -> *mut ffi::PyObject {
    if !slf.is_ready() {
        return ptr::null_mut();
    }
    // SAFETY: bytes are made of the buffer, and no code of Python runs.
    let Some(mut room) = (unsafe { slf.state.reader.glance() }) else {
        return ptr::null_mut();
    };
    let Some(len) = line_end(room.bytes()) else {
        return ptr::null_mut();
    };
    // SAFETY: so many bytes are there (`line_end`). Where there is no memory for the result, whoever
    // goes the long way finds the buffer as it was, and says so.
    unsafe {
        let line = ffi::PyBytes_FromStringAndSize(room.bytes().as_ptr().cast(), len.cast_signed());
        if line.is_null() {
            ffi::PyErr_Clear();
        } else {
            room.consume(len);
        }
        line
    }
}

/// The length of the line at the start of `bytes`: up to its end or the limit, if either is there.
#[inline]
fn line_len(bytes: &[u8], limit: Option<usize>) -> Option<usize> {
    match limit {
        None => line_end(bytes),
        Some(limit) => {
            let within = bytes.get(..limit);
            line_end(within.unwrap_or(bytes)).or(within.map(<[u8]>::len))
        }
    }
}

/// `readline(limit)` of a reader.
#[inline]
pub(super) fn read_line<'py>(slf: &Buffered<'_, 'py>, limit: Option<usize>) -> Answer<'py> {
    match buffered_line(slf, limit)? {
        Some(line) => Ok(line),
        None => read_rest_of_line(slf, limit),
    }
}

fn read_rest_of_line<'py>(slf: &Buffered<'_, 'py>, limit: Option<usize>) -> Answer<'py> {
    let py = slf.py();
    let raw = slf.raw()?;
    slf.open_to_read(&raw, "readline of closed file")?;
    if limit == Some(0) {
        return Ok(PyBytes::new(py, b"").into_any());
    }
    let mut room = slf.reading()?;
    let mut line = Line::new(limit);
    loop {
        if line.take(&mut room)? {
            break;
        }
        room.empty();
        if matches!(fill(&mut room, &raw)?, None | Some(0)) {
            break;
        }
        // Most lines come in one piece.
        if line.bytes.is_empty()
            && let Some(len) = line_len(room.bytes(), limit)
        {
            let whole = under::bytes(py, room.bytes().get(..len).unwrap_or_default())?;
            room.consume(len);
            return Ok(whole.into_any());
        }
    }
    Ok(under::bytes(py, &line.bytes)?.into_any())
}

/// A line that comes in pieces.
struct Line {
    bytes: Vec<u8>,
    limit: Option<usize>,
}

impl Line {
    const fn new(limit: Option<usize>) -> Self {
        Line {
            bytes: Vec::new(),
            limit,
        }
    }

    /// Takes what belongs to the line; true where it is complete.
    fn take(&mut self, room: &mut Room) -> PyResult<bool> {
        let limit = self
            .limit
            .map(|limit| limit.saturating_sub(self.bytes.len()));
        let (len, complete) = match line_len(room.bytes(), limit) {
            Some(len) => (len, true),
            None => (room.len(), false),
        };
        self.push(room, len)?;
        Ok(complete)
    }

    fn push(&mut self, room: &mut Room, len: usize) -> PyResult<()> {
        self.bytes
            .try_reserve(len)
            .map_err(|_| PyMemoryError::new_err(()))?;
        self.bytes
            .extend_from_slice(room.bytes().get(..len).unwrap_or_default());
        room.consume(len);
        Ok(())
    }
}

/// `readline(limit)` of a pair.
#[inline]
pub(super) fn read_line_of_pair<'py>(slf: &Buffered<'_, 'py>, limit: Option<usize>) -> Answer<'py> {
    match buffered_line(slf, limit)? {
        Some(line) => Ok(line),
        None => read_line_by_peeks(slf, limit),
    }
}

/// A round for each `peek`: it takes a byte at least, and up to `limit` in every round.
fn read_line_by_peeks<'py>(slf: &Buffered<'_, 'py>, limit: Option<usize>) -> Answer<'py> {
    let py = slf.py();
    let mut line = Line::new(limit);
    if limit == Some(0) {
        return Ok(PyBytes::new(py, b"").into_any());
    }
    let raw = slf.raw()?;
    slf.open_to_read(&raw, "peek of closed file")?;
    let mut room = slf.reading()?;
    while limit.is_none_or(|limit| line.bytes.len() < limit) {
        if room.len() == 0 {
            if slf.is_closed(&slf.state.reader, &raw)? {
                let text = "peek of closed file";
                return Err(PyValueError::new_err(text).into());
            }
            room.empty();
            fill(&mut room, &raw)?;
        }
        if room.len() == 0 && !read_one(&mut room, &raw)? {
            break;
        }
        let found = line_len(room.bytes(), limit);
        let len = found.unwrap_or(room.len());
        let ends = room
            .bytes()
            .get(..len)
            .is_some_and(|bytes| bytes.ends_with(b"\n"));
        if ends && line.bytes.is_empty() {
            let whole = under::bytes(py, room.bytes().get(..len).unwrap_or_default())?;
            room.consume(len);
            return Ok(whole.into_any());
        }
        line.push(&mut room, len)?;
        if ends {
            break;
        }
    }
    Ok(under::bytes(py, &line.bytes)?.into_any())
}

/// Reads where `peek` found nothing; false at the end.
#[cold]
fn read_one(room: &mut Room, raw: &Bound<'_, PyAny>) -> Result<bool, Failure> {
    room.empty();
    match fill(room, raw)? {
        Some(len) => Ok(len > 0),
        None => {
            let text = "read() should have returned a bytes object, not 'NoneType'";
            Err(PyOSError::new_err(text).into())
        }
    }
}
