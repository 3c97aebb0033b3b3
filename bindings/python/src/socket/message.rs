//! recvmsg and sendmsg: several buffers and control messages in one call.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

use pyo3::exceptions::{PyMemoryError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyTuple};
use rsocket::{Address, Family, fd};

use super::Socket;
use crate::argument::{arity, int, items, size, type_name};
use crate::buffer::{Buffer, bytes_with};
use crate::wait::Waiting;
use crate::{address, audit};

/// linux/if_alg.h: `struct af_alg_iv` has its length in front.
const ALG_IV_HEADER: usize = 4;

/// What recvmsg gives besides the data.
type Rest<'py> = (Bound<'py, PyList>, i32, Py<PyAny>);

/// Room for control messages, not zeroed.
fn control_room(asked: isize, method: &str) -> PyResult<Vec<MaybeUninit<u8>>> {
    let size = i32::try_from(asked)
        .ok()
        .and_then(|size| usize::try_from(size).ok());
    let Some(size) = size else {
        let text = "invalid ancillary data buffer length";
        return Err(PyValueError::new_err(format!("{method}(): {text}")));
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
) -> PyResult<(usize, Rest<'py>)> {
    let fd = socket.borrow()?;
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
            for number in data.as_chunks().0 {
                // The exception at hand says more than one of this close could.
                let _ = fd::close(i32::from_ne_bytes(*number));
            }
        }
    }
}

/// `recvmsg(bufsize[, ancbufsize[, flags]])`
pub(super) fn recv_msg<'py>(
    py: Python<'py>,
    socket: &Socket,
    args: &Bound<'py, PyTuple>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyList>, i32, Py<PyAny>)> {
    arity("recvmsg", args.len(), 1, 3)?;
    let asked = size(&args.get_item(0)?)?;
    let (control, flags) = rest(args)?;
    let Ok(asked) = usize::try_from(asked) else {
        return Err(PyValueError::new_err("negative buffer size in recvmsg()"));
    };
    let mut control = control_room(control, "recvmsg")?;
    let mut shown = None;
    let data = bytes_with(py, asked, |room| {
        // SAFETY: memory that the interpreter allocated; only the kernel writes to it and nothing
        // reads it before.
        let room =
            unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast::<u8>(), room.len()) };
        let mut bufs = [IoSliceMut::new(room)];
        let (len, rest) = receive(py, socket, &mut bufs, &mut control, flags)?;
        shown = Some(rest);
        Ok(len)
    })?;
    match shown {
        Some((messages, flags, from)) => Ok((data, messages, flags, from)),
        None => Err(PyOSError::new_err("recvmsg gave nothing")),
    }
}

/// The ancillary buffer size and the flags, behind the first argument.
fn rest(args: &Bound<'_, PyTuple>) -> PyResult<(isize, i32)> {
    let control = args.get_item(1).ok().map_or(Ok(0), |asked| size(&asked))?;
    let flags = args.get_item(2).ok().map_or(Ok(0), |flags| int(&flags))?;
    Ok((control, flags))
}

/// `recvmsg_into(buffers[, ancbufsize[, flags]])`
pub(super) fn recv_msg_into<'py>(
    py: Python<'py>,
    socket: &Socket,
    args: &Bound<'py, PyTuple>,
) -> PyResult<(usize, Bound<'py, PyList>, i32, Py<PyAny>)> {
    arity("recvmsg_into", args.len(), 1, 3)?;
    let (control, flags) = rest(args)?;
    let given = items(
        &args.get_item(0)?,
        "recvmsg_into() argument 1 must be an iterable",
    )?;
    let mut buffers = given
        .iter()
        .map(|buffer| {
            Buffer::write(buffer, "recvmsg_into").map_err(|_| {
                PyTypeError::new_err(
                    "recvmsg_into() argument 1 must be an iterable of single-segment read-write \
                     buffers",
                )
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    let mut control = control_room(control, "recvmsg_into")?;
    let mut bufs: Vec<_> = buffers.iter_mut().map(Buffer::io_slice_mut).collect();
    let (len, (messages, flags, from)) = receive(py, socket, &mut bufs, &mut control, flags)?;
    Ok((len, messages, flags, from))
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
    let Ok(parts) = item.cast::<pyo3::types::PySequence>() else {
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

fn send(
    slf: &Bound<'_, Socket>,
    buffers: &[Buffer<'_>],
    control: &[u8],
    flags: i32,
    to: Option<&Address>,
) -> PyResult<usize> {
    let socket = slf.get();
    let bufs: Vec<_> = buffers
        .iter()
        .map(|buffer| IoSlice::new(buffer.bytes()))
        .collect();
    let fd = socket.borrow()?;
    let len = bufs.iter().map(|buf| buf.len()).sum();
    let mut waiting = Waiting::new(slf.py(), socket, fd, len);
    let flags = waiting.flags(flags);
    let result = fd::send_msg(fd, &bufs, control, to, flags, &mut waiting);
    waiting.finish(result)
}

/// `sendmsg(buffers[, ancdata[, flags[, address]]])`
pub(super) fn send_msg(slf: &Bound<'_, Socket>, args: &Bound<'_, PyTuple>) -> PyResult<usize> {
    arity("sendmsg", args.len(), 1, 4)?;
    let flags = args.get_item(2).ok().map_or(Ok(0), |flags| int(&flags))?;
    let to = args.get_item(3).ok().filter(|to| !to.is_none());
    let native = to
        .as_ref()
        .map(|to| address::parse(slf.get(), to, "sendmsg"))
        .transpose()?;
    let none = slf.py().None().into_bound(slf.py());
    audit::with_address(
        c"socket.sendmsg",
        slf.as_any(),
        to.as_ref().unwrap_or(&none),
    )?;
    let given = items(
        &args.get_item(0)?,
        "sendmsg() argument 1 must be an iterable",
    )?;
    let buffers = buffers(&given)?;
    let control = args
        .get_item(1)
        .ok()
        .map_or(Ok(Vec::new()), |given| control_messages(&given))?;
    send(slf, &buffers, &control, flags, native.as_ref())
}

/// `sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags]]])`
pub(super) fn send_msg_afalg(
    slf: &Bound<'_, Socket>,
    msg: Option<&Bound<'_, PyAny>>,
    op: Option<&Bound<'_, PyAny>>,
    iv: Option<&Bound<'_, PyAny>>,
    assoclen: Option<&Bound<'_, PyAny>>,
    flags: i32,
) -> PyResult<usize> {
    if slf.get().family() != Family::ALG {
        return Err(PyOSError::new_err("algset is only supported for AF_ALG"));
    }
    let number = |given: Option<&Bound<'_, PyAny>>| match given {
        None => Ok(None),
        Some(given) if given.is_instance_of::<PyInt>() => int(given).map(Some),
        Some(given) => {
            let text = format!(
                "sendmsg_afalg() argument must be int, not {}",
                type_name(given)
            );
            Err(PyTypeError::new_err(text))
        }
    };
    let op = match number(op)? {
        Some(op) if op >= 0 => op,
        _ => return Err(PyTypeError::new_err("Invalid or missing argument 'op'")),
    };
    let assoclen = match number(assoclen)? {
        Some(assoclen) if assoclen < 0 => {
            return Err(PyTypeError::new_err("assoclen must be positive"));
        }
        assoclen => assoclen,
    };
    let mut control = Vec::new();
    fd::push_control(
        &mut control,
        libc::SOL_ALG,
        libc::ALG_SET_OP,
        &op.to_ne_bytes(),
    );
    if let Some(iv) = iv {
        let iv = Buffer::read(iv)?;
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
    let given = match msg {
        Some(msg) => items(msg, "sendmsg_afalg() argument 1 must be an iterable")?,
        None => Vec::new(),
    };
    send(slf, &buffers(&given)?, &control, flags, None)
}
