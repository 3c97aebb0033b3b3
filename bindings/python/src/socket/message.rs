//! recvmsg and sendmsg: several buffers and control messages in one call.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::ptr;

use pyo3::exceptions::{PyMemoryError, PyOSError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PySequence, PyTuple};
use rsocket::Address;
use rsocket::fd::{self, MessageInfo};

use super::Socket;
use super::method::{Answer, Arguments, parse, plain_number};
use super::names::{self, Whose};
use super::transfer::{go_on, prepare, received};
use crate::argument::{int, items, type_name};
use crate::audit;
use crate::buffer::Buffer;
use crate::error::forget;
use crate::failure::Failure;
use crate::wait::{Attempt, Waiting, receive_now, send_now};

/// What recvmsg gives besides the data.
type Rest<'py> = (Bound<'py, PyList>, i32, Bound<'py, PyAny>);

/// Room for control messages on the stack, as most need it.
const CONTROL_BYTES: usize = 256;

/// Runs `call` with room for control messages, not zeroed.
fn with_control_room<T>(
    asked: isize,
    call: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let size = i32::try_from(asked)
        .ok()
        .and_then(|size| usize::try_from(size).ok());
    let Some(size) = size else {
        let text = "invalid ancillary data buffer length";
        return Err(PyValueError::new_err(text).into());
    };
    let mut small = [MaybeUninit::uninit(); CONTROL_BYTES];
    if let Some(room) = small.get_mut(..size) {
        return call(room);
    }
    let mut room = Vec::new();
    room.try_reserve_exact(size)
        .map_err(|_| PyMemoryError::new_err(()))?;
    room.resize_with(size, MaybeUninit::uninit);
    call(&mut room)
}

/// recvmsg(2).
fn receive_message(
    py: Python<'_>,
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    from: &mut Address,
    flags: i32,
) -> Result<MessageInfo, Failure> {
    let fd = socket.descriptor()?;
    let len = bufs.iter().map(|buf| buf.len()).sum();
    let tried = match receive_now(py, socket, len, flags, |flags| {
        fd::try_recv_msg(fd, bufs, control, from, flags)
    }) {
        Attempt::Done(info) => return Ok(info),
        Attempt::Failed(errno) => return Err(errno.into()),
        Attempt::Wait { tried } => tried,
    };
    let mut waiting = Waiting::to_receive(py, socket, fd, len, tried);
    let flags = waiting.flags(flags);
    let result = fd::recv_msg(fd, bufs, control, Some(from), flags, &mut waiting);
    waiting.finish(result)
}

/// Receives into `bufs`, and shows the control messages, the flags and the sender.
fn receive<'py>(
    py: Python<'py>,
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    flags: i32,
) -> Result<(usize, Rest<'py>), Failure> {
    let messages = PyList::empty(py);
    let add = |level, kind, data: &[u8]| messages.append((level, kind, PyBytes::new(py, data)));
    let (len, flags, from) = receive_each(py, socket, bufs, control, flags, add)?;
    Ok((len, (messages, flags, from)))
}

/// Receives into `bufs`, and hands each control message to `each`. Gives the number of bytes, the
/// flags and the sender.
fn receive_each<'py>(
    py: Python<'py>,
    socket: &Socket,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    flags: i32,
    mut each: impl FnMut(i32, i32, &[u8]) -> PyResult<()>,
) -> Result<(usize, i32, Bound<'py, PyAny>), Failure> {
    let mut from = Address::default();
    let info = receive_message(py, socket, bufs, control, &mut from, flags)?;
    let shown = fd::control_messages(written(control, &info))
        .try_for_each(|(level, kind, data)| each(level, kind, data))
        .and_then(|()| names::render(py, socket, Whose::Peer, &from));
    if shown.is_err() {
        let written = control.get_mut(..info.control_len).unwrap_or_default();
        // SAFETY: recvmsg(2) wrote them, and Python will never see the descriptors among them.
        unsafe { fd::close_received(written) };
    }
    Ok((info.len, info.flags, shown?))
}

/// recvmsg of one buffer whose control messages are not objects: the data, the flags and the
/// sender.
pub(super) fn receive_plain<'py>(
    slf: &Bound<'py, Socket>,
    size: usize,
    control: usize,
    flags: i32,
    each: impl FnMut(i32, i32, &[u8]) -> PyResult<()>,
) -> Result<(Bound<'py, PyBytes>, i32, Bound<'py, PyAny>), Failure> {
    let (py, socket) = (slf.py(), slf.get());
    let mut shown = None;
    let data = received(py, socket, size, |room| {
        let room = prepare(room, flags);
        let most = room.len();
        let bufs = &mut [io_slice(room)];
        let (len, flags, from) = with_control_room(control as isize, |control| {
            receive_each(py, socket, bufs, control, flags, each)
        })?;
        shown = Some((flags, from));
        Ok(len.min(most))
    })?;
    let (flags, from) = shown.ok_or_else(|| PyOSError::new_err("recvmsg gave nothing"))?;
    Ok((data, flags, from))
}

/// sendmsg of buffers with control messages that are native already, to the peer.
pub(super) fn send_plain<'py>(
    slf: &Bound<'py, Socket>,
    data: &Bound<'py, PyAny>,
    control: &[u8],
    flags: i32,
) -> Answer<'py> {
    let nobody = slf.py().None().into_bound(slf.py());
    audit::with_address(c"socket.sendmsg", slf.as_any(), &nobody)?;
    if let Some(only) = only_item(data) {
        return send(slf, &[Buffer::read(&only)?], control, flags, None);
    }
    let data = items(data, "sendmsg() argument 1 must be an iterable")?;
    send(slf, &buffers(&data)?, control, flags, None)
}

/// The control messages that came.
fn written<'a>(control: &'a [MaybeUninit<u8>], info: &MessageInfo) -> &'a [u8] {
    let len = info.control_len.min(control.len());
    // SAFETY: recvmsg(2) wrote `control_len` bytes of control messages, within the room.
    unsafe { std::slice::from_raw_parts(control.as_ptr().cast::<u8>(), len) }
}

/// The room as a call that fills several buffers takes it.
fn io_slice(room: &mut [MaybeUninit<u8>]) -> IoSliceMut<'_> {
    // SAFETY: only the kernel writes to it, and nothing reads it before.
    IoSliceMut::new(unsafe {
        std::slice::from_raw_parts_mut(room.as_mut_ptr().cast::<u8>(), room.len())
    })
}

/// `recvmsg(bufsize[, ancbufsize[, flags]])`
pub(super) fn recvmsg<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (asked, control, flags) = match plain_sizes(arguments) {
        Some(plain) => plain,
        None => {
            let (mut asked, mut control, mut flags) = (0, 0, 0);
            parse!(
                arguments,
                c"n|ni:recvmsg",
                &raw mut asked,
                &raw mut control,
                &raw mut flags
            )?;
            (asked, control, flags)
        }
    };
    let (py, socket) = (slf.py(), slf.get());
    let Ok(asked) = usize::try_from(asked) else {
        return Err(PyValueError::new_err("negative buffer size in recvmsg()").into());
    };
    let mut shown = None;
    let data = received(py, socket, asked, |room| {
        let room = prepare(room, flags);
        let most = room.len();
        let (len, rest) = with_control_room(control, |control| {
            receive(py, socket, &mut [io_slice(room)], control, flags)
        })?;
        shown = Some(rest);
        Ok(len.min(most))
    })?;
    match shown {
        Some((messages, flags, from)) => {
            Ok((data, messages, flags, from).into_pyobject(py)?.into_any())
        }
        None => Err(PyOSError::new_err("recvmsg gave nothing").into()),
    }
}

/// A size, and perhaps one for control messages and flags, where they are plain.
fn plain_sizes(arguments: &Arguments<'_, '_>) -> Option<(isize, isize, i32)> {
    let (size, control, flags) = arguments.plain()?;
    Some((plain_number(&size)?, control, flags))
}

/// `recvmsg_into(buffers[, ancbufsize[, flags]])`
pub(super) fn recvmsg_into<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let (given, control, flags) = match arguments.plain() {
        Some(plain) => plain,
        None => {
            let (mut given, mut control, mut flags) = (ptr::null_mut::<ffi::PyObject>(), 0, 0);
            parse!(
                arguments,
                c"O|ni:recvmsg_into",
                &raw mut given,
                &raw mut control,
                &raw mut flags
            )?;
            // SAFETY: the parser gave the first argument, which the caller keeps alive.
            (unsafe { Borrowed::from_ptr(py, given) }, control, flags)
        }
    };
    let writable = |buffer: &Bound<'py, PyAny>| {
        Buffer::write(buffer, "recvmsg_into").map_err(|error| {
            forget(py, error);
            PyTypeError::new_err(
                "recvmsg_into() argument 1 must be an iterable of single-segment read-write \
                 buffers",
            )
        })
    };
    if let Some(only) = only_item(&given) {
        let mut only = writable(&only)?;
        return with_control_room(control, |control| {
            let bufs = &mut [only.io_slice_mut()];
            let (len, (messages, flags, from)) = receive(py, slf.get(), bufs, control, flags)?;
            Ok((len, messages, flags, from).into_pyobject(py)?.into_any())
        });
    }
    let given = items(&given, "recvmsg_into() argument 1 must be an iterable")?;
    let mut buffers = given.iter().map(writable).collect::<PyResult<Vec<_>>>()?;
    with_control_room(control, |control| {
        let mut bufs: Vec<_> = buffers.iter_mut().map(Buffer::io_slice_mut).collect();
        let (len, (messages, flags, from)) = receive(py, slf.get(), &mut bufs, control, flags)?;
        Ok((len, messages, flags, from).into_pyobject(py)?.into_any())
    })
}

/// The only element of a list or a tuple.
fn only_item<'py>(data: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    if let Ok(list) = data.cast_exact::<PyList>() {
        return (list.len() == 1).then(|| list.get_item(0).ok()).flatten();
    }
    let tuple = data.cast_exact::<PyTuple>().ok()?;
    (tuple.len() == 1).then(|| tuple.get_item(0).ok()).flatten()
}

/// The buffers to send, held until dropped.
pub(super) fn buffers<'py>(given: &[Bound<'py, PyAny>]) -> PyResult<Vec<Buffer<'py>>> {
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
    if let Ok(tuple) = item.cast_exact::<PyTuple>()
        && let [level, kind, data] = tuple.as_slice()
    {
        return Ok((int(level)?, int(kind)?, Buffer::read(data)?));
    }
    // SAFETY: takes any object. Whatever has its items by number is a sequence to it.
    let is_sequence = unsafe { ffi::PySequence_Check(item.as_ptr()) } != 0;
    // As the parser of C has it.
    if !is_sequence || item.is_instance_of::<PyBytes>() {
        let text = format!(
            "{NAME}() argument must be 3-item sequence, not {}",
            type_name(item)
        );
        return Err(PyTypeError::new_err(text));
    }
    // SAFETY: it is one, and the methods of the type ask for no more.
    let parts = unsafe { item.cast_unchecked::<PySequence>() };
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

/// sendmsg(2) of buffers.
pub(super) fn send<'py>(
    slf: &Bound<'py, Socket>,
    buffers: &[Buffer<'_>],
    control: &[u8],
    flags: i32,
    to: Option<&Address>,
) -> Answer<'py> {
    let len = match buffers {
        [only] => send_message(slf, &[IoSlice::new(only.bytes())], control, flags, to)?,
        many => {
            let bufs: Vec<_> = many
                .iter()
                .map(|buffer| IoSlice::new(buffer.bytes()))
                .collect();
            send_message(slf, &bufs, control, flags, to)?
        }
    };
    Ok(PyInt::new(slf.py(), len).into_any())
}

fn send_message(
    slf: &Bound<'_, Socket>,
    bufs: &[IoSlice<'_>],
    control: &[u8],
    flags: i32,
    to: Option<&Address>,
) -> Result<usize, Failure> {
    let (py, socket) = (slf.py(), slf.get());
    let fd = socket.descriptor()?;
    let len = bufs.iter().map(|buf| buf.len()).sum();
    let tried = match send_now(py, socket, len, flags, |flags| {
        fd::try_send_msg(fd, bufs, control, to, flags)
    }) {
        Attempt::Done(sent) if sent < len => {
            let mut rest = bufs.to_vec();
            let mut rest = rest.as_mut_slice();
            IoSlice::advance_slices(&mut rest, sent);
            // The control messages went with the first byte.
            return Ok(sent
                + go_on(py, socket, flags, |flags| {
                    fd::send_msg_once(fd, rest, &[], to, flags)
                }));
        }
        Attempt::Done(sent) => return Ok(sent),
        Attempt::Failed(errno) => return Err(errno.into()),
        Attempt::Wait { tried } => tried,
    };
    let mut waiting = Waiting::to_send(py, socket, fd, len, tried);
    let flags = waiting.flags(flags);
    let result = fd::send_msg(fd, bufs, control, to, flags, &mut waiting);
    waiting.finish(result)
}

/// An argument that the parser may have left out.
///
/// # Safety
/// Null or a live object that outlives the result.
pub(super) unsafe fn given<'a, 'py>(
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
    let py = slf.py();
    let (data, control_given, flags, to) = if let Some([data]) = arguments.exactly_positional() {
        (Some(data), None, 0, None)
    } else if let Some([data, control]) = arguments.exactly_positional() {
        (Some(data), Some(control), 0, None)
    } else {
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
        // SAFETY: what the parser gave are arguments, which the caller keeps alive.
        let (data, control, to) = unsafe { (given(py, data), given(py, control), given(py, to)) };
        (data, control, flags, to)
    };
    let to = to.filter(|to| !to.is_none());
    let native = to
        .as_ref()
        .map(|to| names::parse(slf.get(), to, "sendmsg"))
        .transpose()?;
    match to {
        Some(to) => audit::with_address(c"socket.sendmsg", slf.as_any(), &to)?,
        None => audit::with_address(c"socket.sendmsg", slf.as_any(), &py.None().into_bound(py))?,
    }
    let control = |control: Option<Borrowed<'_, 'py, PyAny>>| {
        control.map_or(Ok(Vec::new()), |control| control_messages(&control))
    };
    if let Some(only) = data.as_deref().and_then(only_item) {
        let only = [Buffer::read(&only)?];
        return send(slf, &only, &control(control_given)?, flags, native.as_ref());
    }
    let data = match data {
        Some(data) => items(&data, "sendmsg() argument 1 must be an iterable")?,
        None => Vec::new(),
    };
    let buffers = buffers(&data)?;
    send(
        slf,
        &buffers,
        &control(control_given)?,
        flags,
        native.as_ref(),
    )
}
