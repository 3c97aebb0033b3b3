//! recvmsg and sendmsg: several buffers and control messages in one call.

use std::ffi::c_int;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::ptr;

use pyo3::exceptions::{PyMemoryError, PyOSError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PySequence};
use rsocket::{Address, Family, fd};

use super::Socket;
use super::method::{Answer, Arguments, Names, parse, parse_keywords};
use crate::argument::{int, items, type_name};
use crate::buffer::{Buffer, bytes_with};
use crate::error::forget;
use crate::failure::Failure;
use crate::wait::Waiting;
use crate::{address, audit};

/// linux/if_alg.h: `struct af_alg_iv` has its length in front.
const ALG_IV_HEADER: usize = 4;

/// What recvmsg gives besides the data.
type Rest<'py> = (Bound<'py, PyList>, i32, Bound<'py, PyAny>);

/// Room for control messages, not zeroed.
fn control_room(asked: isize) -> PyResult<Vec<MaybeUninit<u8>>> {
    let size = i32::try_from(asked)
        .ok()
        .and_then(|size| usize::try_from(size).ok());
    let Some(size) = size else {
        return Err(PyValueError::new_err(
            "invalid ancillary data buffer length",
        ));
    };
    let mut room = Vec::new();
    room.try_reserve_exact(size)
        .map_err(|_| PyMemoryError::new_err(()))?;
    room.resize_with(size, MaybeUninit::uninit);
    Ok(room)
}

/// Receives into `bufs`, and shows the control messages, the flags and the sender.
fn receive<'py>(
    py: Python<'py>,
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    flags: i32,
) -> Result<(usize, Rest<'py>), Failure> {
    let fd = socket.descriptor()?;
    let len = bufs.iter().map(|buf| buf.len()).sum();
    let mut from = Address::UNSPECIFIED;
    let mut waiting = Waiting::new(py, socket, fd, len);
    let flags = waiting.flags(flags);
    let result = fd::recv_msg(fd, bufs, control, Some(&mut from), flags, &mut waiting);
    let info = waiting.finish(result)?;
    // SAFETY: recvmsg(2) wrote `control_len` bytes of control messages, within the room.
    let control = unsafe {
        let len = info.control_len.min(control.len());
        std::slice::from_raw_parts(control.as_ptr().cast::<u8>(), len)
    };
    let rest = (|| -> PyResult<Rest<'py>> {
        let messages = PyList::empty(py);
        for (level, kind, data) in fd::control_messages(control) {
            messages.append((level, kind, PyBytes::new(py, data)))?;
        }
        Ok((
            messages,
            info.flags,
            address::render(py, &from, socket.protocol())?,
        ))
    })();
    if rest.is_err() {
        close_received(control);
    }
    Ok((info.len, rest?))
}

/// Closes the descriptors among control messages that Python will never see.
fn close_received(control: &[u8]) {
    for (level, kind, data) in fd::control_messages(control) {
        if level == libc::SOL_SOCKET && kind == libc::SCM_RIGHTS {
            for number in data.chunks_exact(size_of::<c_int>()) {
                if let Ok(number) = number.try_into() {
                    // The exception at hand says more than one of this close could.
                    // SAFETY: unix(7): the number was made for this process when it was received,
                    // and nobody else has seen it.
                    let _ = unsafe { fd::close(c_int::from_ne_bytes(number)) };
                }
            }
        }
    }
}

/// `recvmsg(bufsize[, ancbufsize[, flags]])`
pub(super) fn recvmsg<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (mut asked, mut control, mut flags) = (0, 0, 0);
    parse!(
        arguments,
        c"n|ni:recvmsg",
        &raw mut asked,
        &raw mut control,
        &raw mut flags
    )?;
    let (asked, control): (ffi::Py_ssize_t, ffi::Py_ssize_t) = (asked, control);
    let py = slf.py();
    let Ok(asked) = usize::try_from(asked) else {
        return Err(PyValueError::new_err("negative buffer size in recvmsg()").into());
    };
    let mut control = control_room(control)?;
    let mut shown = None;
    let data = bytes_with(py, asked, |room| {
        // SAFETY: memory that the interpreter allocated; only the kernel writes to it and nothing
        // reads it before.
        let room =
            unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast::<u8>(), room.len()) };
        let mut bufs = [IoSliceMut::new(room)];
        let (len, rest) = receive(py, slf.get(), &mut bufs, &mut control, flags)?;
        shown = Some(rest);
        Ok(len)
    })?;
    match shown {
        Some((messages, flags, from)) => {
            Ok((data, messages, flags, from).into_pyobject(py)?.into_any())
        }
        None => Err(PyOSError::new_err("recvmsg gave nothing").into()),
    }
}

/// `recvmsg_into(buffers[, ancbufsize[, flags]])`
pub(super) fn recvmsg_into<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (mut given, mut control, mut flags) = (ptr::null_mut::<ffi::PyObject>(), 0, 0);
    parse!(
        arguments,
        c"O|ni:recvmsg_into",
        &raw mut given,
        &raw mut control,
        &raw mut flags
    )?;
    let py = slf.py();
    // SAFETY: the parser gave the first argument, which the caller keeps alive.
    let given = unsafe { Borrowed::from_ptr(py, given) };
    let given = items(&given, "recvmsg_into() argument 1 must be an iterable")?;
    let mut buffers = given
        .iter()
        .map(|buffer| {
            Buffer::write(buffer, "recvmsg_into").map_err(|error| {
                forget(py, error);
                PyTypeError::new_err(
                    "recvmsg_into() argument 1 must be an iterable of single-segment read-write \
                     buffers",
                )
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    let mut control = control_room(control)?;
    let mut bufs: Vec<_> = buffers.iter_mut().map(Buffer::io_slice_mut).collect();
    let (len, (messages, flags, from)) = receive(py, slf.get(), &mut bufs, &mut control, flags)?;
    Ok((len, messages, flags, from).into_pyobject(py)?.into_any())
}

/// The buffers to send, held until dropped.
fn buffers<'py>(given: &[Bound<'py, PyAny>]) -> PyResult<Vec<Buffer<'py>>> {
    given.iter().map(Buffer::read).collect()
}

/// Control messages as bytes: `(level, type, data)` each.
fn control_messages(given: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut control = Vec::new();
    for item in items(given, "sendmsg() argument 2 must be an iterable")? {
        let (level, kind, data) = control_message(&item)?;
        fd::push_control(&mut control, level, kind, data.bytes());
        if i32::try_from(control.len()).is_err() {
            return Err(PyOSError::new_err("too much ancillary data"));
        }
    }
    Ok(control)
}

fn control_message<'py>(item: &Bound<'py, PyAny>) -> PyResult<(i32, i32, Buffer<'py>)> {
    const NAME: &str = "[sendmsg() ancillary data items]";
    let Ok(parts) = item.cast::<PySequence>() else {
        let text = format!(
            "{NAME}() argument must be 3-item sequence, not {}",
            type_name(item)
        );
        return Err(PyTypeError::new_err(text));
    };
    let len = parts.len()?;
    if len != 3 {
        let text = format!("{NAME}() argument must be sequence of length 3, not {len}");
        return Err(PyTypeError::new_err(text));
    }
    Ok((
        int(&parts.get_item(0)?)?,
        int(&parts.get_item(1)?)?,
        Buffer::read(&parts.get_item(2)?)?,
    ))
}

fn send<'py>(
    slf: &Bound<'py, Socket>,
    buffers: &[Buffer<'_>],
    control: &[u8],
    flags: i32,
    to: Option<&Address>,
) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    let bufs: Vec<_> = buffers
        .iter()
        .map(|buffer| IoSlice::new(buffer.bytes()))
        .collect();
    let fd = socket.descriptor()?;
    let len = bufs.iter().map(|buf| buf.len()).sum();
    let mut waiting = Waiting::new(py, socket, fd, len);
    let flags = waiting.flags(flags);
    let result = fd::send_msg(fd, &bufs, control, to, flags, &mut waiting);
    let len = waiting.finish(result)?;
    Ok(PyInt::new(py, len).into_any())
}

/// An argument that the parser may have left out.
///
/// # Safety
/// Null or a live object that outlives the result.
unsafe fn given<'a, 'py>(
    py: Python<'py>,
    object: *mut ffi::PyObject,
) -> Option<Borrowed<'a, 'py, PyAny>> {
    // SAFETY: the caller's promise.
    (!object.is_null()).then(|| unsafe { Borrowed::from_ptr(py, object) })
}

/// `sendmsg(buffers[, ancdata[, flags[, address]]])`
pub(super) fn sendmsg<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let null = ptr::null_mut::<ffi::PyObject>();
    let (mut data, mut control, mut flags, mut to) = (null, null, 0, null);
    parse!(
        arguments,
        c"O|OiO:sendmsg",
        &raw mut data,
        &raw mut control,
        &raw mut flags,
        &raw mut to
    )?;
    let py = slf.py();
    // SAFETY: what the parser gave are arguments, which the caller keeps alive.
    let (data, control, to) = unsafe { (given(py, data), given(py, control), given(py, to)) };
    let to = to.filter(|to| !to.is_none());
    let native = to
        .as_ref()
        .map(|to| address::parse(slf.get(), to, "sendmsg"))
        .transpose()?;
    match to {
        Some(to) => audit::with_address(c"socket.sendmsg", slf.as_any(), &to)?,
        None => audit::with_address(c"socket.sendmsg", slf.as_any(), &py.None().into_bound(py))?,
    }
    let data = match data {
        Some(data) => items(&data, "sendmsg() argument 1 must be an iterable")?,
        None => Vec::new(),
    };
    let buffers = buffers(&data)?;
    let control = control.map_or(Ok(Vec::new()), |control| control_messages(&control))?;
    send(slf, &buffers, &control, flags, native.as_ref())
}

static AFALG_NAMES: Names<6> = Names([
    c"msg".as_ptr(),
    c"op".as_ptr(),
    c"iv".as_ptr(),
    c"assoclen".as_ptr(),
    c"flags".as_ptr(),
    ptr::null(),
]);

/// `sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags]]])`
pub(super) fn sendmsg_afalg<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    if slf.get().family() != Family::ALG {
        return Err(PyOSError::new_err("algset is only supported for AF_ALG").into());
    }
    let py = slf.py();
    let null = ptr::null_mut::<ffi::PyObject>();
    let (mut msg, mut op, mut assoclen, mut flags) = (null, null, null, 0 as c_int);
    let mut iv = ffi::Py_buffer::new();
    let int_type = py.get_type::<PyInt>();
    parse_keywords!(
        arguments,
        c"|O$O!y*O!i:sendmsg_afalg",
        AFALG_NAMES,
        &raw mut msg,
        int_type.as_ptr(),
        &raw mut op,
        &raw mut iv,
        int_type.as_ptr(),
        &raw mut assoclen,
        &raw mut flags
    )?;
    // SAFETY: the parser filled the view where there is an IV; what else it gave are arguments,
    // which the caller keeps alive.
    let (msg, op, assoclen, iv) = unsafe {
        let iv = (!iv.obj.is_null()).then(|| Buffer::from_view(py, iv));
        (given(py, msg), given(py, op), given(py, assoclen), iv)
    };
    let op = match op.map(|op| int(&op)).transpose()? {
        Some(op) if op >= 0 => op,
        _ => return Err(PyTypeError::new_err("Invalid or missing argument 'op'").into()),
    };
    let assoclen = assoclen.map(|assoclen| int(&assoclen)).transpose()?;
    if assoclen.is_some_and(|assoclen| assoclen < 0) {
        return Err(PyTypeError::new_err("assoclen must be positive").into());
    }
    let mut control = Vec::new();
    fd::push_control(
        &mut control,
        libc::SOL_ALG,
        libc::ALG_SET_OP,
        &op.to_ne_bytes(),
    );
    if let Some(iv) = iv {
        let mut value = Vec::with_capacity(ALG_IV_HEADER + iv.len());
        value.extend((iv.len() as u32).to_ne_bytes());
        value.extend(iv.bytes());
        fd::push_control(&mut control, libc::SOL_ALG, libc::ALG_SET_IV, &value);
    }
    if let Some(assoclen) = assoclen {
        let value = assoclen.to_ne_bytes();
        fd::push_control(
            &mut control,
            libc::SOL_ALG,
            libc::ALG_SET_AEAD_ASSOCLEN,
            &value,
        );
    }
    let msg = match msg {
        Some(msg) => items(&msg, "sendmsg_afalg() argument 1 must be an iterable")?,
        None => Vec::new(),
    };
    send(slf, &buffers(&msg)?, &control, flags, None)
}
