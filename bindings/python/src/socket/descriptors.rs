//! The methods send_fds and recv_fds: descriptors that cannot leak.

use std::ffi::c_int;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::{ptr, slice};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList};
use rsocket::{Errno, Family, MsgFlags, fd};

use super::Socket;
use super::method::{Answer, Arguments, parse};
use crate::argument::items;
use crate::buffer::{Buffer, bytes_with};
use crate::failure::Failure;
use crate::wait::Waiting;

/// unix(7), SCM_RIGHTS: no message carries more (SCM_MAX_FD).
const DESCRIPTORS_MAX: usize = 253;
/// Room for what may come along: credentials, a label, a pidfd.
const OTHER_CONTROL: usize = 256;

fn refused(errno: Errno, text: &'static str) -> Failure {
    PyOSError::new_err((errno.raw(), text)).into()
}

/// The kernel drops descriptors in silence outside the Unix domain.
fn require_unix(socket: &Socket) -> Result<(), Failure> {
    if socket.family() == Family::UNIX {
        Ok(())
    } else {
        Err(refused(
            Errno::EOPNOTSUPP,
            "only Unix-domain sockets pass descriptors",
        ))
    }
}

/// `send_fds(data, fds, flags=0)`
pub(super) fn send_fds<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let (mut view, mut given, mut flags) = (ffi::Py_buffer::new(), ptr::null_mut(), 0);
    parse!(
        arguments,
        c"y*O|i:send_fds",
        &raw mut view,
        &raw mut given,
        &raw mut flags
    )?;
    // SAFETY: the parser filled the view, and gave an argument, which the caller keeps alive.
    let (data, given) = unsafe {
        let given = Borrowed::from_ptr(py, given);
        (Buffer::from_view(py, view), given)
    };
    let socket = slf.get();
    require_unix(socket)?;
    let given = items(&given, "send_fds() argument 2 must be an iterable")?;
    if given.len() > DESCRIPTORS_MAX {
        return Err(refused(
            Errno::EINVAL,
            "a message carries 253 descriptors at most",
        ));
    }
    let mut numbers = Vec::with_capacity(given.len() * size_of::<c_int>());
    for object in &given {
        // SAFETY: takes any object: an int, or one with fileno(); -1 comes with an exception.
        match unsafe { ffi::PyObject_AsFileDescriptor(object.as_ptr()) } {
            -1 => return Err(PyErr::fetch(py).into()),
            number => numbers.extend(number.to_ne_bytes()),
        }
    }
    let mut control = Vec::new();
    if !numbers.is_empty() {
        fd::push_control(&mut control, libc::SOL_SOCKET, libc::SCM_RIGHTS, &numbers);
    }
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::new(py, socket, fd, data.len());
    let flags = waiting.flags(flags);
    let bufs = [IoSlice::new(data.bytes())];
    let result = fd::send_msg(fd, &bufs, &control, None, flags, &mut waiting);
    Ok(PyInt::new(py, waiting.finish(result)?).into_any())
}

/// `recv_fds(bufsize, maxfds, flags=0)`
pub(super) fn recv_fds<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (mut size, mut most, mut flags): (ffi::Py_ssize_t, ffi::Py_ssize_t, _) = (0, 0, 0);
    parse!(
        arguments,
        c"nn|i:recv_fds",
        &raw mut size,
        &raw mut most,
        &raw mut flags
    )?;
    let (py, socket) = (slf.py(), slf.get());
    let size = usize::try_from(size)
        .map_err(|_| PyValueError::new_err("negative buffersize in recv_fds"))?;
    let most = usize::try_from(most)
        .map_err(|_| PyValueError::new_err("negative number of descriptors in recv_fds"))?
        .min(DESCRIPTORS_MAX);
    require_unix(socket)?;
    let mut fds = Vec::new();
    let data = bytes_with(py, size, |room| {
        let (len, came) = receive(py, socket, room, most, flags)?;
        fds = came;
        Ok(len)
    })?;
    let numbers = PyList::new(py, fds.iter().map(AsRawFd::as_raw_fd))?;
    let answer = (data, numbers).into_pyobject(py)?;
    // Python owns them from here on.
    fds.into_iter().map(IntoRawFd::into_raw_fd).for_each(drop);
    Ok(answer.into_any())
}

/// Receives data, and every descriptor that came with it.
///
/// # Errors
/// EMSGSIZE where there were more than `most`; those that came are closed.
fn receive(
    py: Python<'_>,
    socket: &Socket,
    room: &mut [MaybeUninit<u8>],
    most: usize,
    flags: i32,
) -> Result<(usize, Vec<OwnedFd>), Failure> {
    let fd = socket.descriptor()?;
    // SAFETY: memory that the interpreter allocated; only the kernel writes to it and nothing reads
    // it before.
    let room = unsafe { slice::from_raw_parts_mut(room.as_mut_ptr().cast::<u8>(), room.len()) };
    let mut waiting = Waiting::new(py, socket, fd, room.len());
    let mut bufs = [IoSliceMut::new(room)];
    let mut control = vec![0u8; fd::control_space(most * size_of::<c_int>()) + OTHER_CONTROL];
    // SAFETY: initialised memory is valid as memory that need not be.
    let into = unsafe { slice::from_raw_parts_mut(control.as_mut_ptr().cast(), control.len()) };
    let flags = waiting.flags(flags) | MsgFlags::CMSG_CLOEXEC;
    let result = fd::recv_msg(fd, &mut bufs, into, None, flags, &mut waiting);
    let info = waiting.finish(result)?;
    let mut rights = Vec::new();
    let written = control.get(..info.control_len).unwrap_or(&control);
    for (level, kind, data) in fd::control_messages(written) {
        let owned = |number: &[u8]| {
            let number = c_int::from_ne_bytes(*number.first_chunk()?);
            // SAFETY: unix(7): the number was made for this process when it was received, and
            // nobody else has seen it. -1 stands for one that could not be made.
            (number >= 0).then(|| unsafe { OwnedFd::from_raw_fd(number) })
        };
        let came = data.chunks_exact(size_of::<c_int>()).filter_map(owned);
        match (level, kind) {
            (libc::SOL_SOCKET, libc::SCM_RIGHTS) => rights.extend(came),
            (libc::SOL_SOCKET, SCM_PIDFD) => came.for_each(drop),
            _ => {}
        }
    }
    let truncated = MsgFlags::from_raw(info.flags).contains(MsgFlags::CTRUNC);
    if truncated || rights.len() > most {
        return Err(refused(
            Errno::EMSGSIZE,
            "more descriptors came than there was room for",
        ));
    }
    Ok((info.len, rights))
}

/// libc has no name for it (asm-generic/socket.h).
const SCM_PIDFD: c_int = 4;
