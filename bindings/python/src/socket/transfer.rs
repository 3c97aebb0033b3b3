//! Moving bytes: send and receive, with and without addresses.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::slice;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};
use rsocket::{Address, Errno, MsgFlags, fd};

use super::Socket;
use super::method::{Answer, Arguments, Names, parse, parse_keywords, plain_number};
use super::names::{self, Whose};
use crate::audit;
use crate::buffer::{Buffer, bytes_with};
use crate::failure::Failure;
use crate::wait::{Attempt, HELD_BYTES_MAX, Waiting, receive_now, send_now};

/// Up to here data is received on the stack, and bytes are made of exactly what came.
const STACK_BYTES: usize = HELD_BYTES_MAX;
/// The same for a receive that is asked for more than it is thought to bring.
const MUCH_STACK_BYTES: usize = 64 * 1024;

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
#[inline]
pub(super) fn received<'py>(
    py: Python<'py>,
    socket: &Socket,
    size: usize,
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, Failure>,
) -> Result<Bound<'py, PyBytes>, Failure> {
    if size > STACK_BYTES {
        return much_received(py, socket, size, receive);
    }
    let mut room = [MaybeUninit::uninit(); STACK_BYTES];
    let room = room.get_mut(..size).unwrap_or_default();
    let len = receive(room)?;
    // SAFETY: recv(2) wrote as many bytes as it says, or filled the room.
    Ok(PyBytes::new(py, unsafe { filled(room, len) }))
}

/// [`received`] where it was asked for a lot. Out of line, for its stack.
#[inline(never)]
fn much_received<'py>(
    py: Python<'py>,
    socket: &Socket,
    size: usize,
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, Failure>,
) -> Result<Bound<'py, PyBytes>, Failure> {
    if size > MUCH_STACK_BYTES || !socket.turns.expects_little() {
        return bytes_with(py, size, receive);
    }
    let mut room = [MaybeUninit::uninit(); MUCH_STACK_BYTES];
    let room = room.get_mut(..size).unwrap_or_default();
    let len = receive(room)?;
    // SAFETY: recv(2) wrote as many bytes as it says, or filled the room.
    Ok(PyBytes::new(py, unsafe { filled(room, len) }))
}

/// More than this is not received at once with MSG_TRUNC.
const COUNTED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Room that nobody has written to, made ready for these flags: with MSG_TRUNC the kernel counts
/// bytes that it throws away and does not write (tcp(7)). A stream may bring less than there is room
/// for, and no datagram is as long as what is left of the room here.
#[inline]
pub(super) fn prepare(room: &mut [MaybeUninit<u8>], flags: i32) -> &mut [MaybeUninit<u8>] {
    if flags & libc::MSG_TRUNC == 0 {
        return room;
    }
    let len = room.len().min(COUNTED_BYTES_MAX);
    let room = room.get_mut(..len).unwrap_or_default();
    room.fill(MaybeUninit::new(0));
    room
}

/// recv(2) into `room`.
#[inline]
pub(super) fn receive(
    py: Python<'_>,
    socket: &Socket,
    fd: BorrowedFd<'_>,
    room: &mut [MaybeUninit<u8>],
    flags: i32,
) -> Result<usize, Failure> {
    let tried = match receive_now(py, socket, room.len(), flags, |flags| {
        fd::try_recv(fd, room, flags)
    }) {
        Attempt::Done(len) => {
            socket.turns.brought(room.len(), len);
            return Ok(len);
        }
        Attempt::Failed(errno) => return Err(errno.into()),
        Attempt::Wait { tried } => tried,
    };
    let mut waiting = Waiting::to_receive(py, socket, fd, room.len(), tried);
    let result = fd::recv(fd, room, waiting.flags(flags), &mut waiting);
    let len = waiting.finish(result)?;
    socket.turns.brought(room.len(), len);
    Ok(len)
}

/// recvfrom(2) into `room`.
#[inline]
fn receive_from(
    py: Python<'_>,
    socket: &Socket,
    fd: BorrowedFd<'_>,
    room: &mut [MaybeUninit<u8>],
    flags: i32,
    from: &mut Address,
) -> Result<usize, Failure> {
    let tried = match receive_now(py, socket, room.len(), flags, |flags| {
        fd::try_recv_from(fd, room, flags, from)
    }) {
        Attempt::Done(len) => return Ok(len),
        Attempt::Failed(errno) => return Err(errno.into()),
        Attempt::Wait { tried } => tried,
    };
    let mut waiting = Waiting::to_receive(py, socket, fd, room.len(), tried);
    let result = fd::recv_from(fd, room, waiting.flags(flags), from, &mut waiting);
    waiting.finish(result)
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
    let data = received(py, socket, size, |room| {
        let room = prepare(room, flags);
        let len = receive(py, socket, fd, room, flags)?;
        Ok(len.min(room.len()))
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
    let mut from = Address::default();
    let data = received(py, socket, size, |room| {
        let room = prepare(room, flags);
        let len = receive_from(py, socket, fd, room, flags, &mut from)?;
        Ok(len.min(room.len()))
    })?;
    pair(
        data.into_any(),
        names::render(py, socket, Whose::Peer, &from)?,
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
    receive(py, socket, fd, room, flags)
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
    let mut from = Address::default();
    let len = receive_from(py, socket, fd, room, flags, &mut from)?;
    pair(
        PyInt::new(py, len).into_any(),
        names::render(py, socket, Whose::Peer, &from)?,
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
    send_bytes(py, socket, data.bytes(), flags)
}

/// send(2) of `bytes`.
#[inline]
pub(super) fn send_bytes(
    py: Python<'_>,
    socket: &Socket,
    bytes: &[u8],
    flags: i32,
) -> Result<usize, Failure> {
    let fd = socket.descriptor()?;
    let tried = match send_now(py, socket, bytes.len(), flags, |flags| {
        fd::try_send(fd, bytes, flags)
    }) {
        Attempt::Done(len) if len < bytes.len() => {
            let rest = bytes.get(len..).unwrap_or_default();
            return Ok(len + go_on(py, socket, flags, |flags| fd::send_once(fd, rest, flags)));
        }
        Attempt::Done(len) => return Ok(len),
        Attempt::Failed(errno) => return Err(errno.into()),
        Attempt::Wait { tried } => tried,
    };
    let mut waiting = Waiting::to_send(py, socket, fd, bytes.len(), tried);
    let result = fd::send(fd, bytes, waiting.flags(flags), &mut waiting);
    waiting.finish(result)
}

/// Sends the rest of what an attempt sent in part: a blocking socket takes all of it, and gives what
/// has gone out where a signal or an error comes between.
#[cold]
pub(super) fn go_on(
    py: Python<'_>,
    socket: &Socket,
    flags: i32,
    send: impl FnOnce(MsgFlags) -> Result<usize, Errno>,
) -> usize {
    if !socket.timeout().is_none() || flags & libc::MSG_DONTWAIT != 0 {
        return 0;
    }
    // The error, if it lasts, is the next call's.
    let send = || send(MsgFlags::from_raw(flags));
    socket.flights.unlocked(py, send).unwrap_or(0)
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
    let mut bytes = data.bytes();
    let tried = match send_now(py, socket, bytes.len(), flags, |flags| {
        fd::try_send(fd, bytes, flags)
    }) {
        Attempt::Done(len) if len >= bytes.len() => return Ok(py.None().into_bound(py)),
        Attempt::Done(len) => {
            bytes = bytes.get(len..).unwrap_or_default();
            // As after every part that went out.
            py.check_signals()?;
            if socket.raw() != fd.as_raw_fd() {
                return Err(Errno::EBADF.into());
            }
            false
        }
        Attempt::Failed(errno) => return Err(errno.into()),
        Attempt::Wait { tried } => tried,
    };
    let mut waiting = Waiting::to_send(py, socket, fd, bytes.len(), tried);
    let result = fd::send_all(fd, bytes, waiting.flags(flags), &mut waiting);
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
    let native = names::parse(socket, &to, "sendto")?;
    audit::with_address(c"socket.sendto", slf.as_any(), &to)?;
    let fd = socket.descriptor()?;
    let bytes = data.bytes();
    let tried = match send_now(py, socket, bytes.len(), flags, |flags| {
        fd::try_send_to(fd, bytes, flags, &native)
    }) {
        Attempt::Done(mut len) => {
            if let Some(rest) = bytes.get(len..).filter(|rest| !rest.is_empty()) {
                len += go_on(py, socket, flags, |flags| fd::send_once(fd, rest, flags));
            }
            return Ok(PyInt::new(py, len).into_any());
        }
        Attempt::Failed(errno) => return Err(errno.into()),
        Attempt::Wait { tried } => tried,
    };
    let mut waiting = Waiting::to_send(py, socket, fd, bytes.len(), tried);
    let result = fd::send_to(fd, bytes, waiting.flags(flags), &native, &mut waiting);
    let len = waiting.finish(result)?;
    Ok(PyInt::new(py, len).into_any())
}
