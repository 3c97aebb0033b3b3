//! Receiving as much as was asked for: a number of bytes, or everything up to a separator.

use std::mem::MaybeUninit;
use std::slice;

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyModule};
use rsocket::{Error, MsgFlags, Partial, fd};

use super::Socket;
use super::method::{Answer, Arguments, Names, parse, parse_keywords};
use crate::attach::Attached;
use crate::buffer::{Buffer, bytes_with};
use crate::failure::Failure;
use crate::wait::Waiting;

/// The longest line that readuntil() reads unless it is told otherwise, as in asyncio.
const LIMIT: ffi::Py_ssize_t = 64 * 1024;
/// How much readuntil() looks at in one go.
const CHUNK_BYTES: usize = 8 * 1024;

fn require_stream(socket: &Socket) -> PyResult<()> {
    if socket.kind().is_stream() {
        Ok(())
    } else {
        Err(PyValueError::new_err(
            "only SOCK_STREAM type sockets are supported",
        ))
    }
}

/// Fills `room`.
///
/// # Errors
/// IncompleteReadError at the end of the stream; what recv() raises, with the bytes that came before
/// as `partial`.
fn fill(
    py: Python<'_>,
    socket: &Socket,
    room: &mut [MaybeUninit<u8>],
    flags: i32,
) -> Result<(), Failure> {
    require_stream(socket)?;
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::new(py, socket, fd, room.len());
    let flags = waiting.flags(flags);
    let Err(Partial { done, error }) = fd::recv_exact(fd, room, flags, &mut waiting) else {
        return Ok(());
    };
    // SAFETY: `recv_exact` filled the first `done` bytes.
    let came = unsafe {
        let done = room.get(..done).unwrap_or_default();
        slice::from_raw_parts(done.as_ptr().cast::<u8>(), done.len())
    };
    if error == Error::UnexpectedEof {
        return Err(incomplete(py, came, Some(room.len())));
    }
    Err(with_partial(py, waiting.failure(error), came))
}

/// asyncio.IncompleteReadError: an EOFError with `partial` and `expected`.
#[cold]
fn incomplete(py: Python<'_>, came: &[u8], expected: Option<usize>) -> Failure {
    // SAFETY: `py`.
    let attached = unsafe { Attached::assume() };
    attached.run(|_| {
        let make = || {
            let class = exceptions(py)?.getattr(intern!(py, "IncompleteReadError"))?;
            let error = class.call1((PyBytes::new(py, came), expected))?;
            Ok(PyErr::from_value(error))
        };
        Failure::Raised(make().unwrap_or_else(|error: PyErr| error))
    })
}

/// asyncio.LimitOverrunError, with the bytes that were taken from the stream as `partial`.
#[cold]
fn overrun(py: Python<'_>, came: &[u8]) -> Failure {
    // SAFETY: `py`.
    let attached = unsafe { Attached::assume() };
    let error = attached.run(|_| {
        let make = || {
            let class = exceptions(py)?.getattr(intern!(py, "LimitOverrunError"))?;
            let text = "separator is not found within the limit";
            Ok(PyErr::from_value(class.call1((text, came.len()))?))
        };
        make().unwrap_or_else(|error: PyErr| error)
    });
    with_partial(py, Failure::Raised(error), came)
}

/// Where asyncio has its exceptions. Importing it takes long, and is left until one is needed.
fn exceptions(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import(intern!(py, "asyncio.exceptions"))
}

/// An exception with what had come before it, which would be lost otherwise.
#[cold]
fn with_partial(py: Python<'_>, failure: Failure, came: &[u8]) -> Failure {
    // SAFETY: `py`.
    let attached = unsafe { Attached::assume() };
    attached.run(|_| {
        let error = failure.exception(py);
        let partial = PyBytes::new(py, came);
        match error.value(py).setattr(intern!(py, "partial"), partial) {
            Ok(()) => Failure::Raised(error),
            Err(other) => Failure::Raised(other),
        }
    })
}

/// `recvexactly(n, flags=0)`
pub(super) fn recvexactly<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (mut asked, mut flags): (ffi::Py_ssize_t, _) = (0, 0);
    parse!(
        arguments,
        c"n|i:recvexactly",
        &raw mut asked,
        &raw mut flags
    )?;
    let asked = usize::try_from(asked)
        .map_err(|_| PyValueError::new_err("negative buffersize in recvexactly"))?;
    let py = slf.py();
    let data = bytes_with(py, asked, |room| {
        let len = room.len();
        fill(py, slf.get(), room, flags).map(|()| len)
    })?;
    Ok(data.into_any())
}

static INTO_NAMES: Names<4> = Names([
    c"buffer".as_ptr(),
    c"nbytes".as_ptr(),
    c"flags".as_ptr(),
    std::ptr::null(),
]);

/// `recvexactly_into(buffer, nbytes=0, flags=0)`
pub(super) fn recvexactly_into<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let (mut view, mut nbytes, mut flags): (_, ffi::Py_ssize_t, _) = (ffi::Py_buffer::new(), 0, 0);
    parse_keywords!(
        arguments,
        c"w*|ni:recvexactly_into",
        INTO_NAMES,
        &raw mut view,
        &raw mut nbytes,
        &raw mut flags
    )?;
    // SAFETY: the parser filled it.
    let mut buffer = unsafe { Buffer::from_view(py, view) };
    let nbytes = usize::try_from(nbytes)
        .map_err(|_| PyValueError::new_err("negative buffersize in recvexactly_into"))?;
    let nbytes = if nbytes == 0 { buffer.len() } else { nbytes };
    let room = buffer
        .room()
        .get_mut(..nbytes)
        .ok_or_else(|| PyValueError::new_err("nbytes is greater than the length of the buffer"))?;
    fill(py, slf.get(), room, flags)?;
    Ok(py.None().into_bound(py))
}

/// `readuntil(separator=b"\n", limit=65536)`
pub(super) fn readuntil<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let (mut view, mut limit) = (ffi::Py_buffer::new(), LIMIT);
    parse_keywords!(
        arguments,
        c"|y*n:readuntil",
        UNTIL_NAMES,
        &raw mut view,
        &raw mut limit
    )?;
    // SAFETY: the parser filled it where there is a separator.
    let separator = (!view.obj.is_null()).then(|| unsafe { Buffer::from_view(py, view) });
    let separator = separator
        .as_ref()
        .map_or(&b"\n"[..], Buffer::bytes)
        .to_vec();
    if separator.is_empty() {
        return Err(PyValueError::new_err("separator must have at least one byte").into());
    }
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .ok_or_else(|| PyValueError::new_err("limit must be at least 1"))?;
    let line = take_until(py, slf.get(), &separator, limit)?;
    Ok(PyBytes::new(py, &line).into_any())
}

static UNTIL_NAMES: Names<3> = Names([c"separator".as_ptr(), c"limit".as_ptr(), std::ptr::null()]);

/// Takes everything up to and with the separator, and nothing behind it: what is there is looked at
/// first (MSG_PEEK), then taken.
fn take_until(
    py: Python<'_>,
    socket: &Socket,
    separator: &[u8],
    limit: usize,
) -> Result<Vec<u8>, Failure> {
    require_stream(socket)?;
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::new(py, socket, fd, CHUNK_BYTES);
    let flags = waiting.flags(0);
    let mut line = Vec::new();
    loop {
        let before = line.len();
        let room = CHUNK_BYTES.min(limit - before);
        let mut chunk = [MaybeUninit::uninit(); CHUNK_BYTES];
        let chunk = chunk.get_mut(..room).unwrap_or_default();
        let seen = match fd::recv(fd, chunk, flags | MsgFlags::PEEK, &mut waiting) {
            Ok(0) => return Err(incomplete(py, &line, None)),
            Ok(seen) => seen.min(chunk.len()),
            Err(error) => return Err(with_partial(py, waiting.failure(error), &line)),
        };
        let chunk = chunk.get_mut(..seen).unwrap_or_default();
        // SAFETY: recv(2) wrote as many bytes as it says.
        line.extend_from_slice(unsafe { slice::from_raw_parts(chunk.as_ptr().cast(), seen) });
        // It may have begun in the chunk before.
        let start = before.saturating_sub(separator.len() - 1);
        let found = line
            .get(start..)
            .unwrap_or_default()
            .windows(separator.len())
            .position(|window| window == separator);
        if let Some(place) = found {
            line.truncate(start + place + separator.len());
        }
        let taken = chunk.get_mut(..line.len() - before).unwrap_or_default();
        if let Err(Partial { done, error }) = fd::recv_exact(fd, taken, flags, &mut waiting) {
            line.truncate(before + done);
            return Err(match error {
                // Somebody else took what was there.
                Error::UnexpectedEof => incomplete(py, &line, None),
                error => with_partial(py, waiting.failure(error), &line),
            });
        }
        if found.is_some() {
            return Ok(line);
        }
        if line.len() >= limit {
            return Err(overrun(py, &line));
        }
    }
}
