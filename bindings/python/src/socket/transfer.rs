//! Moving bytes: send and receive, with and without addresses.

use std::mem::MaybeUninit;
use std::slice;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};
use rsocket::{Address, fd};

use super::Socket;
use super::method::{Answer, Arguments, Names, parse, parse_keywords, plain_number};
use crate::buffer::{Buffer, bytes_with};
use crate::failure::Failure;
use crate::wait::Waiting;
use crate::{address, audit};

/// Up to here data is received on the stack, and bytes are made of exactly what came.
const STACK_BYTES: usize = 16 * 1024;

/// The first `len` bytes, which a receive has filled.
///
/// # Safety
/// The first `len` bytes must be initialised, or as many as there are.
unsafe fn filled(room: &[MaybeUninit<u8>], len: usize) -> &[u8] {
    let len = len.min(room.len());
    // SAFETY: within `room`, and initialised by the caller's promise.
    unsafe { slice::from_raw_parts(room.as_ptr().cast(), len) }
}

/// Bytes of at most `size`, received by `receive`, which says how many bytes it wrote (with
/// MSG_TRUNC: how long the datagram was).
fn received<'py>(
    py: Python<'py>,
    size: usize,
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, Failure>,
) -> Result<Bound<'py, PyBytes>, Failure> {
    let mut room = [MaybeUninit::uninit(); STACK_BYTES];
    match room.get_mut(..size) {
        Some(room) => {
            let len = receive(room)?;
            // SAFETY: recv(2) wrote as many bytes as it says, or filled the room.
            Ok(PyBytes::new(py, unsafe { filled(room, len) }))
        }
        None => bytes_with(py, size, receive),
    }
}

fn size(asked: isize, method: &str) -> PyResult<usize> {
    usize::try_from(asked)
        .map_err(|_| PyValueError::new_err(format!("negative buffersize in {method}")))
}

/// A number of bytes and flags, where they are plain.
fn plain_size(arguments: &Arguments<'_, '_>) -> Option<(isize, i32)> {
    let (size, flags) = plain_flags(arguments)?;
    Some((plain_number(&size)?, flags))
}

/// The first argument, and flags behind it, where they are plain.
fn plain_flags<'a, 'py>(arguments: &Arguments<'a, 'py>) -> Option<(Borrowed<'a, 'py, PyAny>, i32)> {
    let (first, flags, _) = arguments.plain().filter(|_| arguments.len() <= 2)?;
    Some((first, i32::try_from(flags).ok()?))
}

pub(super) fn recv<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let (size, flags) = match plain_size(arguments) {
        Some(plain) => plain,
        None => {
            let (mut size, mut flags) = (0, 0);
            parse!(arguments, c"n|i:recv", &raw mut size, &raw mut flags)?;
            (size, flags)
        }
    };
    let (py, socket) = (slf.py(), slf.get());
    let size = self::size(size, "recv")?;
    if size == 0 {
        // Nothing was asked for: the kernel is not.
        return Ok(PyBytes::new(py, b"").into_any());
    }
    let fd = socket.descriptor()?;
    let data = received(py, size, |room| {
        let mut waiting = Waiting::new(py, socket, fd, size);
        let result = fd::recv(fd, room, waiting.flags(flags), &mut waiting);
        waiting.finish(result)
    })?;
    Ok(data.into_any())
}

pub(super) fn recvfrom<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (size, flags) = match plain_size(arguments) {
        Some(plain) => plain,
        None => {
            let (mut size, mut flags) = (0, 0);
            parse!(arguments, c"n|i:recvfrom", &raw mut size, &raw mut flags)?;
            (size, flags)
        }
    };
    let (py, socket) = (slf.py(), slf.get());
    let size = self::size(size, "recvfrom")?;
    let fd = socket.descriptor()?;
    let mut from = Address::UNSPECIFIED;
    let data = received(py, size, |room| {
        let mut waiting = Waiting::new(py, socket, fd, size);
        let result = fd::recv_from(fd, room, waiting.flags(flags), &mut from, &mut waiting);
        waiting.finish(result)
    })?;
    pair(
        data.into_any(),
        address::render(py, &from, socket.protocol())?,
    )
}

/// A tuple of two.
pub(super) fn pair<'py>(first: Bound<'py, PyAny>, second: Bound<'py, PyAny>) -> Answer<'py> {
    let py = first.py();
    Ok((first, second).into_pyobject(py)?.into_any())
}

static INTO_NAMES: Names<4> = Names([
    c"buffer".as_ptr(),
    c"nbytes".as_ptr(),
    c"flags".as_ptr(),
    std::ptr::null(),
]);

pub(super) fn recv_into<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let (mut buffer, nbytes, flags) = match arguments.plain() {
        Some((buffer, nbytes, flags)) => (Buffer::write(&buffer, "recv_into")?, nbytes, flags),
        None => {
            let (mut view, mut nbytes, mut flags) = (ffi::Py_buffer::new(), 0, 0);
            parse_keywords!(
                arguments,
                c"w*|ni:recv_into",
                INTO_NAMES,
                &raw mut view,
                &raw mut nbytes,
                &raw mut flags
            )?;
            // SAFETY: the parser filled it.
            (unsafe { Buffer::from_view(py, view) }, nbytes, flags)
        }
    };
    let len = fill(py, slf.get(), &mut buffer, nbytes, flags)?;
    Ok(PyInt::new(py, len).into_any())
}

/// `recv_into` of a buffer, or of its first `nbytes`.
pub(super) fn fill(
    py: Python<'_>,
    socket: &Socket,
    buffer: &mut Buffer<'_>,
    nbytes: isize,
    flags: i32,
) -> Result<usize, Failure> {
    let room = room(
        buffer,
        nbytes,
        "recv_into",
        "buffer too small for requested bytes",
    )?;
    if room.is_empty() {
        return Ok(0);
    }
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::new(py, socket, fd, room.len());
    let result = fd::recv(fd, room, waiting.flags(flags), &mut waiting);
    waiting.finish(result)
}

pub(super) fn recvfrom_into<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    let (mut buffer, nbytes, flags) = match arguments.plain() {
        Some((buffer, nbytes, flags)) => (Buffer::write(&buffer, "recvfrom_into")?, nbytes, flags),
        None => {
            let (mut view, mut nbytes, mut flags) = (ffi::Py_buffer::new(), 0, 0);
            parse_keywords!(
                arguments,
                c"w*|ni:recvfrom_into",
                INTO_NAMES,
                &raw mut view,
                &raw mut nbytes,
                &raw mut flags
            )?;
            // SAFETY: the parser filled it.
            (unsafe { Buffer::from_view(py, view) }, nbytes, flags)
        }
    };
    let too_small = "nbytes is greater than the length of the buffer";
    let room = room(&mut buffer, nbytes, "recvfrom_into", too_small)?;
    let fd = socket.descriptor()?;
    let mut from = Address::UNSPECIFIED;
    let mut waiting = Waiting::new(py, socket, fd, room.len());
    let result = fd::recv_from(fd, room, waiting.flags(flags), &mut from, &mut waiting);
    let len = waiting.finish(result)?;
    pair(
        PyInt::new(py, len).into_any(),
        address::render(py, &from, socket.protocol())?,
    )
}

/// The first `nbytes` of a buffer, or all of it for 0.
fn room<'a>(
    buffer: &'a mut Buffer<'_>,
    nbytes: isize,
    method: &str,
    too_small: &'static str,
) -> PyResult<&'a mut [MaybeUninit<u8>]> {
    match size(nbytes, method)? {
        0 => Ok(buffer.room()),
        len => buffer
            .room()
            .get_mut(..len)
            .ok_or_else(|| PyValueError::new_err(too_small)),
    }
}

pub(super) fn send<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let py = slf.py();
    let (data, flags) = match plain_flags(arguments) {
        Some((data, flags)) => (Buffer::read(&data)?, flags),
        None => {
            let (mut view, mut flags) = (ffi::Py_buffer::new(), 0);
            parse!(arguments, c"y*|i:send", &raw mut view, &raw mut flags)?;
            // SAFETY: the parser filled it.
            (unsafe { Buffer::from_view(py, view) }, flags)
        }
    };
    let len = drain(py, slf.get(), &data, flags)?;
    Ok(PyInt::new(py, len).into_any())
}

/// `send` of a buffer.
pub(super) fn drain(
    py: Python<'_>,
    socket: &Socket,
    data: &Buffer<'_>,
    flags: i32,
) -> Result<usize, Failure> {
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::new(py, socket, fd, data.len());
    let result = fd::send(fd, data.bytes(), waiting.flags(flags), &mut waiting);
    waiting.finish(result)
}

pub(super) fn sendall<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    let (data, flags) = match plain_flags(arguments) {
        Some((data, flags)) => (Buffer::read(&data)?, flags),
        None => {
            let (mut view, mut flags) = (ffi::Py_buffer::new(), 0);
            parse!(arguments, c"y*|i:sendall", &raw mut view, &raw mut flags)?;
            // SAFETY: the parser filled it.
            (unsafe { Buffer::from_view(py, view) }, flags)
        }
    };
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::new(py, socket, fd, data.len());
    let result = fd::send_all(fd, data.bytes(), waiting.flags(flags), &mut waiting);
    waiting.finish(result.map_err(|partial| partial.error))?;
    Ok(py.None().into_bound(py))
}

/// `sendto(data, address)` or `sendto(data, flags, address)`.
pub(super) fn sendto<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    let (data, flags, to) = if let Some([data, to]) = arguments.exactly() {
        (Buffer::read(&data)?, 0, to)
    } else if let Some([data, flags, to]) = arguments.exactly() {
        match plain_number(&flags).and_then(|flags| i32::try_from(flags).ok()) {
            Some(flags) => (Buffer::read(&data)?, flags, to),
            None => {
                let (mut view, mut flags) = (ffi::Py_buffer::new(), 0);
                let mut object = std::ptr::null_mut::<ffi::PyObject>();
                parse!(
                    arguments,
                    c"y*iO:sendto",
                    &raw mut view,
                    &raw mut flags,
                    &raw mut object
                )?;
                // SAFETY: the parser filled it.
                (unsafe { Buffer::from_view(py, view) }, flags, to)
            }
        }
    } else {
        let text = format!(
            "sendto() takes 2 or 3 arguments ({} given)",
            arguments.len()
        );
        return Err(PyTypeError::new_err(text).into());
    };
    let native = address::parse(socket, &to, "sendto")?;
    audit::with_address(c"socket.sendto", slf.as_any(), &to)?;
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::new(py, socket, fd, data.len());
    let result = fd::send_to(
        fd,
        data.bytes(),
        waiting.flags(flags),
        &native,
        &mut waiting,
    );
    let len = waiting.finish(result)?;
    Ok(PyInt::new(py, len).into_any())
}
