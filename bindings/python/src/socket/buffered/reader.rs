//! Reading: what io's BufferedReader does with a raw file, read by read.

use std::mem::MaybeUninit;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};

use super::Buffered;
use super::room::Room;
use super::under;
use crate::buffer::{Buffer, bytes_with};
use crate::failure::Failure;
use crate::socket::method::Answer;
use crate::socket::raw::{self, Ask, name, plain};

/// Fills the buffer behind what is in it with one read: the number of bytes, 0 at the end, `None`
/// where nothing is there.
#[inline]
pub(super) fn fill(room: &mut Room, raw: &Bound<'_, PyAny>) -> Result<Option<usize>, Failure> {
    let got = under::read(raw, room.rest()?)?;
    if let Some(len) = got {
        // SAFETY: `read` has filled as much.
        unsafe { room.added(len) };
    }
    Ok(got)
}

/// `read(size)`; -1 reads to the end.
#[inline]
pub(super) fn read<'py>(slf: &Buffered<'_, 'py>, size: isize) -> Answer<'py> {
    let py = slf.py();
    if let Ok(size @ 1..) = usize::try_from(size)
        && slf.is_ready()
        // SAFETY: bytes are made of the buffer, and no code of Python runs.
        && let Some(mut room) = unsafe { slf.state.reader.glance() }
        && let Some(bytes) = room.bytes().get(..size)
    {
        let bytes = under::bytes(py, bytes)?;
        room.consume(size);
        return Ok(bytes.into_any());
    }
    read_more(slf, size)
}

fn read_more<'py>(slf: &Buffered<'_, 'py>, size: isize) -> Answer<'py> {
    let py = slf.py();
    let raw = slf.raw()?;
    if size < -1 {
        let text = "read length must be non-negative or -1";
        return Err(PyValueError::new_err(text).into());
    }
    slf.open_to_read(&raw, "read of closed file")?;
    if size == 0 {
        return Ok(PyBytes::new(py, b"").into_any());
    }
    let mut room = slf.reading()?;
    match usize::try_from(size) {
        Ok(size) => read_exactly(py, &mut room, &raw, size),
        Err(_) => read_all(py, &mut room, &raw),
    }
}

/// As many bytes as asked for, fewer at the end or where no more are there, `None` where none are.
pub(super) fn read_exactly<'py>(
    py: Python<'py>,
    room: &mut Room,
    raw: &Bound<'py, PyAny>,
    size: usize,
) -> Answer<'py> {
    if let Some(bytes) = room.bytes().get(..size) {
        let bytes = under::bytes(py, bytes)?;
        room.consume(size);
        return Ok(bytes.into_any());
    }
    let mut nothing = false;
    let bytes = bytes_with(py, size, |target| {
        let mut written = room.take_into(target);
        room.empty();
        while written < size {
            let rest = target.get_mut(written..).unwrap_or_default();
            // Whole buffers go straight where they belong, the last one through the buffer.
            let whole = rest.len() / room.size() * room.size();
            let got = if whole > 0 {
                under::read(raw, rest.get_mut(..whole).unwrap_or_default())?
            } else {
                fill(room, raw)?.map(|_| room.take_into(rest))
            };
            match got {
                Some(len @ 1..) => written += len,
                None if written == 0 => {
                    nothing = true;
                    break;
                }
                _ => break,
            }
        }
        Ok(written)
    })?;
    if nothing {
        return Ok(py.None().into_bound(py));
    }
    Ok(bytes.into_any())
}

/// Everything to the end, or up to where no more is there; `None` where nothing is.
fn read_all<'py>(py: Python<'py>, room: &mut Room, raw: &Bound<'py, PyAny>) -> Answer<'py> {
    let ahead = under::bytes(py, room.bytes())?;
    room.empty();
    let read_all = name(py, Ask::ReadAll)?;
    if plain(raw, Ask::ReadAll)?.is_some()
        && plain(raw, Ask::Read)?.is_some()
        && let Some(file) = plain(raw, Ask::ReadInto)?
        && raw::is_stream(&file)?
    {
        return read_stream(py, raw, &ahead);
    }
    let all = if let Some(read_all) = raw.getattr_opt(read_all)? {
        let rest = read_all.call0()?;
        if !rest.is_none() && !rest.is_instance_of::<PyBytes>() {
            return Err(PyTypeError::new_err("readall() should return bytes").into());
        }
        rest
    } else {
        read_until_nothing(raw)?
    };
    let ahead_len = ahead.as_bytes().len();
    if ahead_len == 0 {
        return Ok(all);
    }
    if all.is_none() {
        return Ok(ahead.into_any());
    }
    Ok(ahead.into_any().add(all)?)
}

/// What a raw file gives that has no `readall`.
#[cold]
fn read_until_nothing<'py>(raw: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = raw.py();
    let mut all = PyBytes::new(py, b"").into_any();
    loop {
        let chunk = under::call(raw, name(py, Ask::Read)?)?;
        let len = match chunk.cast::<PyBytes>() {
            Ok(bytes) => bytes.as_bytes().len(),
            Err(_) if chunk.is_none() => 0,
            Err(_) => return Err(PyTypeError::new_err("read() should return bytes").into()),
        };
        if len == 0 {
            return Ok(if all.len()? == 0 { chunk } else { all });
        }
        all = all.add(chunk)?;
    }
}

/// The bytes of the first reads of [`read_stream`]; each further one may bring as many as are there.
const FIRST_BYTES: usize = 16 * 1024;

/// `readall` of a stream, into one piece of memory that grows.
fn read_stream<'py>(
    py: Python<'py>,
    raw: &Bound<'py, PyAny>,
    ahead: &Bound<'py, PyBytes>,
) -> Answer<'py> {
    let ahead = ahead.as_bytes();
    let mut all = Vec::new();
    let more = |all: &mut Vec<u8>| {
        let wanted = all.len().max(FIRST_BYTES);
        all.try_reserve(wanted)
            .map_err(|_| pyo3::exceptions::PyMemoryError::new_err(()))
    };
    let mut nothing = false;
    loop {
        if all.capacity() - all.len() < FIRST_BYTES / 4 {
            more(&mut all)?;
            if all.is_empty() {
                all.extend_from_slice(ahead);
            }
        }
        match under::read(raw, all.spare_capacity_mut())? {
            Some(0) => break,
            // SAFETY: `read` has filled so many bytes behind the others.
            Some(len) => unsafe { all.set_len((all.len() + len).min(all.capacity())) },
            None => {
                nothing = all.is_empty();
                break;
            }
        }
    }
    if nothing {
        return Ok(py.None().into_bound(py));
    }
    Ok(under::bytes(py, &all)?.into_any())
}

/// `read1(size)`: what is in the buffer, or else what one read brings.
pub(super) fn read1<'py>(slf: &Buffered<'_, 'py>, size: isize) -> Answer<'py> {
    let py = slf.py();
    let raw = slf.raw()?;
    let size = usize::try_from(size).unwrap_or(slf.state.reader.size());
    slf.open_to_read(&raw, "read of closed file")?;
    if size == 0 {
        return Ok(PyBytes::new(py, b"").into_any());
    }
    let mut room = slf.reading()?;
    if room.len() == 0 {
        room.empty();
        if size > room.left() {
            let bytes = bytes_with(py, size, |target| {
                Ok(under::read(&raw, target)?.unwrap_or(0))
            })?;
            return Ok(bytes.into_any());
        }
        let target = room.rest()?.get_mut(..size).unwrap_or_default();
        let len = under::read(&raw, target)?.unwrap_or(0);
        // SAFETY: `read` has filled as much.
        unsafe { room.added(len) };
    }
    let len = size.min(room.len());
    let bytes = under::bytes(py, room.bytes().get(..len).unwrap_or_default())?;
    room.consume(len);
    Ok(bytes.into_any())
}

/// `peek`: what is in the buffer, or else what fills it.
pub(super) fn peek<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let raw = slf.raw()?;
    slf.open_to_read(&raw, "peek of closed file")?;
    let mut room = slf.reading()?;
    if room.len() == 0 {
        room.empty();
        fill(&mut room, &raw)?;
    }
    Ok(under::bytes(slf.py(), room.bytes())?.into_any())
}

/// `readinto`, and `readinto1` with at most one read.
pub(super) fn read_into<'py>(
    slf: &Buffered<'_, 'py>,
    buffer: &mut Buffer<'py>,
    one_read: bool,
) -> Answer<'py> {
    let py = slf.py();
    let raw = slf.raw()?;
    slf.open_to_read(&raw, "readinto of closed file")?;
    let target = buffer.room();
    let done = |len: usize| Ok(PyInt::new(py, len).into_any());
    let mut written = 0;
    // SAFETY: bytes are copied, and no code of Python runs.
    if let Some(mut room) = unsafe { slf.state.reader.glance() } {
        let ahead = room.len();
        written = room.take_into(target);
        if ahead > 0 && written == target.len() {
            return done(written);
        }
    }
    let mut room = slf.reading()?;
    // Another thread may have filled it since.
    written += room.take_into(rest(target, written));
    if room.len() == 0 {
        room.empty();
    }
    while written < target.len() {
        let rest = rest(target, written);
        let straight = rest.len() > room.size();
        let got = if straight {
            under::read(&raw, rest)?
        } else if one_read && written > 0 {
            break;
        } else {
            fill(&mut room, &raw)?.map(|_| room.take_into(rest))
        };
        match got {
            Some(0) => break,
            Some(len) => written += len,
            None if written > 0 => break,
            None => return Ok(py.None().into_bound(py)),
        }
        if one_read && straight {
            break;
        }
    }
    done(written)
}

fn rest(target: &mut [MaybeUninit<u8>], from: usize) -> &mut [MaybeUninit<u8>] {
    target.get_mut(from..).unwrap_or_default()
}
