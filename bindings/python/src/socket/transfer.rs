//! Moving bytes: send and receive, with and without addresses.

use std::mem::MaybeUninit;
use std::slice;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use rsocket::{Address, fd};

use super::Socket;
use crate::argument::int;
use crate::buffer::{Buffer, bytes_with};
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
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> PyResult<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
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

pub(super) fn recv<'py>(
    py: Python<'py>,
    socket: &Socket,
    bufsize: isize,
    flags: i32,
) -> PyResult<Bound<'py, PyBytes>> {
    let size = size(bufsize, "recv")?;
    if size == 0 {
        // Nothing was asked for: the kernel is not.
        return Ok(PyBytes::new(py, b""));
    }
    let fd = socket.borrow()?;
    received(py, size, |room| {
        let mut waiting = Waiting::new(py, socket, fd, size);
        let result = fd::recv(fd, room, waiting.flags(flags), &mut waiting);
        waiting.finish(result)
    })
}

pub(super) fn recv_from<'py>(
    py: Python<'py>,
    socket: &Socket,
    bufsize: isize,
    flags: i32,
) -> PyResult<(Bound<'py, PyBytes>, Py<PyAny>)> {
    let size = size(bufsize, "recvfrom")?;
    let fd = socket.borrow()?;
    let mut from = Address::UNSPECIFIED;
    let data = received(py, size, |room| {
        let mut waiting = Waiting::new(py, socket, fd, size);
        let result = fd::recv_from(fd, room, waiting.flags(flags), &mut from, &mut waiting);
        waiting.finish(result)
    })?;
    Ok((data, address::render(py, &from, socket.protocol())?))
}

pub(super) fn recv_into(
    py: Python<'_>,
    socket: &Socket,
    buffer: &Bound<'_, PyAny>,
    nbytes: isize,
    flags: i32,
) -> PyResult<usize> {
    let mut buffer = Buffer::write(buffer, "recv_into")?;
    let room = room(
        &mut buffer,
        nbytes,
        "recv_into",
        "buffer too small for requested bytes",
    )?;
    if room.is_empty() {
        return Ok(0);
    }
    let fd = socket.borrow()?;
    let mut waiting = Waiting::new(py, socket, fd, room.len());
    let result = fd::recv(fd, room, waiting.flags(flags), &mut waiting);
    waiting.finish(result)
}

pub(super) fn recv_from_into(
    py: Python<'_>,
    socket: &Socket,
    buffer: &Bound<'_, PyAny>,
    nbytes: isize,
    flags: i32,
) -> PyResult<(usize, Py<PyAny>)> {
    let mut buffer = Buffer::write(buffer, "recvfrom_into")?;
    let too_small = "nbytes is greater than the length of the buffer";
    let room = room(&mut buffer, nbytes, "recvfrom_into", too_small)?;
    let fd = socket.borrow()?;
    let mut from = Address::UNSPECIFIED;
    let mut waiting = Waiting::new(py, socket, fd, room.len());
    let result = fd::recv_from(fd, room, waiting.flags(flags), &mut from, &mut waiting);
    let len = waiting.finish(result)?;
    Ok((len, address::render(py, &from, socket.protocol())?))
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

pub(super) fn send(
    py: Python<'_>,
    socket: &Socket,
    data: &Bound<'_, PyAny>,
    flags: i32,
) -> PyResult<usize> {
    let data = Buffer::read(data)?;
    let fd = socket.borrow()?;
    let mut waiting = Waiting::new(py, socket, fd, data.len());
    let result = fd::send(fd, data.bytes(), waiting.flags(flags), &mut waiting);
    waiting.finish(result)
}

pub(super) fn send_all(
    py: Python<'_>,
    socket: &Socket,
    data: &Bound<'_, PyAny>,
    flags: i32,
) -> PyResult<()> {
    let data = Buffer::read(data)?;
    let fd = socket.borrow()?;
    let mut waiting = Waiting::new(py, socket, fd, data.len());
    let result = fd::send_all(fd, data.bytes(), waiting.flags(flags), &mut waiting);
    waiting.finish(result.map_err(|partial| partial.error))
}

/// `sendto(data, address)` or `sendto(data, flags, address)`.
pub(super) fn send_to(slf: &Bound<'_, Socket>, args: &Bound<'_, PyTuple>) -> PyResult<usize> {
    let (data, flags, to) = match args.len() {
        2 => (args.get_item(0)?, None, args.get_item(1)?),
        3 => (
            args.get_item(0)?,
            Some(args.get_item(1)?),
            args.get_item(2)?,
        ),
        given => {
            let text = format!("sendto() takes 2 or 3 arguments ({given} given)");
            return Err(PyTypeError::new_err(text));
        }
    };
    let socket = slf.get();
    let data = Buffer::read(&data)?;
    let flags = flags.as_ref().map_or(Ok(0), int)?;
    let native = address::parse(socket, &to, "sendto")?;
    audit::with_address(c"socket.sendto", slf.as_any(), &to)?;
    let fd = socket.borrow()?;
    let mut waiting = Waiting::new(slf.py(), socket, fd, data.len());
    let result = fd::send_to(
        fd,
        data.bytes(),
        waiting.flags(flags),
        &native,
        &mut waiting,
    );
    waiting.finish(result)
}
