//! Many messages in one system call: recvmmsg, sendmmsg, and the segments of UDP.

use std::ffi::c_int;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::{array, iter, ptr, slice};

use pyo3::exceptions::{PyMemoryError, PyOSError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyTuple};
use rsocket::fd::{self, MessageInfo, RecvSlot, SLOTS_MAX, SendSlot};
use rsocket::{Address, Errno, Error, Family, Kind, MsgFlags};

use super::Socket;
use super::method::{Answer, Arguments, parse};
use crate::argument::items;
use crate::buffer::{Buffer, bytes_with};
use crate::failure::Failure;
use crate::wait::Waiting;
use crate::{address, audit};

/// The room for a message where the caller does not say: more than a datagram on an Ethernet.
const MESSAGE_ROOM: ffi::Py_ssize_t = 2048;
/// The room for the segments that one call brings: as long as a datagram can be (udp(7)).
const SEGMENTS_ROOM: ffi::Py_ssize_t = 65_535;
/// How many segments the kernel takes in one call (UDP_MAX_SEGMENTS of linux/udp.h).
const SEGMENTS_MAX: usize = 64;
/// The most data in a UDP datagram over IPv4, and so in one call: what the length field of IP
/// leaves beside the headers.
const PAYLOAD_MAX: usize = 65_507;

fn length(asked: ffi::Py_ssize_t, what: &str) -> PyResult<usize> {
    usize::try_from(asked).map_err(|_| PyValueError::new_err(format!("negative {what}")))
}

/// Cuts memory into slots of `size`; without end where `size` is 0.
fn slots<T>(mut memory: &mut [T], size: usize) -> impl Iterator<Item = &mut [T]> {
    iter::from_fn(move || {
        let (slot, rest) = std::mem::take(&mut memory).split_at_mut_checked(size)?;
        memory = rest;
        Some(slot)
    })
}

/// Receives into the slots of `memory`, with the senders where there is room for them. Says how many
/// messages came.
fn receive<'a>(
    py: Python<'_>,
    socket: &Socket,
    memory: impl Iterator<Item = &'a mut [MaybeUninit<u8>]>,
    infos: &mut [MessageInfo],
    from: &mut [Address],
    flags: i32,
) -> Result<usize, Failure> {
    let fd = socket.descriptor()?;
    let mut from = from.iter_mut();
    let slots = memory.zip(infos).map(|(data, info)| RecvSlot {
        data,
        control: &mut [],
        from: from.next(),
        info,
    });
    let mut waiting = Waiting::unlocked(py, socket, fd);
    let flags = waiting.flags(flags);
    let result = fd::recv_batch(fd, slots, flags, &mut waiting);
    waiting.finish(result)
}

/// `recvmmsg(vlen, bufsize=2048, flags=0)`
pub(super) fn recvmmsg<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (mut count, mut size, mut flags): (ffi::Py_ssize_t, _, _) = (0, MESSAGE_ROOM, 0);
    parse!(
        arguments,
        c"n|ni:recvmmsg",
        &raw mut count,
        &raw mut size,
        &raw mut flags
    )?;
    let (py, socket) = (slf.py(), slf.get());
    let count = length(count, "number of messages in recvmmsg")?.min(SLOTS_MAX);
    let size = length(size, "buffersize in recvmmsg")?;
    if count == 0 {
        return Ok(PyList::empty(py).into_any());
    }
    let mut arena: Vec<MaybeUninit<u8>> = Vec::new();
    let len = size.saturating_mul(count);
    arena
        .try_reserve_exact(len)
        .map_err(|_| PyMemoryError::new_err(()))?;
    let room = arena
        .spare_capacity_mut()
        .get_mut(..len)
        .unwrap_or_default();
    // SAFETY: memory that needs no initialising, seen as just that.
    let room: &mut [MaybeUninit<u8>] =
        unsafe { slice::from_raw_parts_mut(room.as_mut_ptr().cast(), len) };
    if flags & libc::MSG_TRUNC != 0 {
        // tcp(7): such bytes are counted, thrown away and not written.
        room.fill(MaybeUninit::new(0));
    }
    let mut infos = [MessageInfo::default(); SLOTS_MAX];
    let mut from: [Address; SLOTS_MAX] = array::from_fn(|_| Address::UNSPECIFIED);
    let received = receive(
        py,
        socket,
        slots(&mut *room, size),
        infos.get_mut(..count).unwrap_or_default(),
        from.get_mut(..count).unwrap_or_default(),
        flags,
    )?;
    let messages = PyList::empty(py);
    let mut sender: Option<(&Address, Bound<'py, PyAny>)> = None;
    for ((data, info), from) in slots(room, size).zip(&infos).zip(&from).take(received) {
        // SAFETY: recvmmsg(2) wrote as many bytes as it says, or filled the slot; with MSG_TRUNC
        // every byte was initialised before.
        let data = unsafe { slice::from_raw_parts(data.as_ptr().cast(), info.len.min(size)) };
        // Often a whole batch comes from one sender.
        let shown = match &sender {
            Some((last, shown)) if *last == from => shown.clone(),
            _ => address::render(py, from, socket.protocol())?,
        };
        messages.append((PyBytes::new(py, data), &shown))?;
        sender = Some((from, shown));
    }
    Ok(messages.into_any())
}

/// `recvmmsg_into(buffer, itemsize, flags=0)`
pub(super) fn recvmmsg_into<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let mut view = ffi::Py_buffer::new();
    let (mut size, mut flags): (ffi::Py_ssize_t, c_int) = (0, 0);
    parse!(
        arguments,
        c"w*n|i:recvmmsg_into",
        &raw mut view,
        &raw mut size,
        &raw mut flags
    )?;
    // SAFETY: the parser filled it.
    let mut buffer = unsafe { Buffer::from_view(py, view) };
    let size = length(size, "itemsize in recvmmsg_into")?;
    if size == 0 {
        return Err(PyValueError::new_err("itemsize must be at least 1").into());
    }
    let count = (buffer.len() / size).min(SLOTS_MAX);
    if count == 0 {
        return Err(PyValueError::new_err("buffer is shorter than itemsize").into());
    }
    let mut infos = [MessageInfo::default(); SLOTS_MAX];
    let infos = infos.get_mut(..count).unwrap_or_default();
    // The full length of a message that was cut, and not that of its slot.
    let flags = flags | libc::MSG_TRUNC;
    let memory = slots(buffer.room(), size);
    let received = receive(py, slf.get(), memory, infos, &mut [], flags)?;
    let lengths = PyList::empty(py);
    for info in infos.iter().take(received) {
        lengths.append(info.len)?;
    }
    Ok(lengths.into_any())
}

/// `sendmmsg(messages, flags=0)`
pub(super) fn sendmmsg<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (mut given, mut flags) = (ptr::null_mut::<ffi::PyObject>(), 0);
    parse!(arguments, c"O|i:sendmmsg", &raw mut given, &raw mut flags)?;
    let (py, socket) = (slf.py(), slf.get());
    // SAFETY: the parser gave the first argument, which the caller keeps alive.
    let given = unsafe { Borrowed::from_ptr(py, given) };
    let given = items(&given, "sendmmsg() argument 1 must be an iterable")?;
    let mut data = Vec::with_capacity(given.len());
    let mut addresses: Vec<Address> = Vec::new();
    // Which of the addresses each message goes to.
    let mut destinations = Vec::with_capacity(given.len());
    let mut last: Option<Bound<'py, PyAny>> = None;
    for message in &given {
        let Ok(parts) = message.cast::<PyTuple>() else {
            data.push(Buffer::read(message)?);
            destinations.push(None);
            continue;
        };
        let (payload, to): (Bound<'py, PyAny>, Bound<'py, PyAny>) =
            parts.extract().map_err(|_| {
                PyTypeError::new_err(
                    "sendmmsg() takes bytes-like objects and pairs of one and an address",
                )
            })?;
        data.push(Buffer::read(&payload)?);
        if to.is_none() {
            destinations.push(None);
            continue;
        }
        if !last.as_ref().is_some_and(|last| last.is(&to)) {
            addresses.push(address::parse(socket, &to, "sendmmsg")?);
            audit::with_address(c"socket.sendmsg", slf.as_any(), &to)?;
            last = Some(to);
        }
        destinations.push(addresses.len().checked_sub(1));
    }
    let slots = data.iter().zip(&destinations).map(|(data, to)| SendSlot {
        data: data.bytes(),
        control: &[],
        to: to.and_then(|index| addresses.get(index)),
    });
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::unlocked(py, socket, fd);
    let flags = waiting.flags(flags);
    let result = fd::send_batch(fd, slots, flags, &mut waiting);
    Ok(PyInt::new(py, waiting.finish(result)?).into_any())
}

/// `sendto_segments(data, size, address=None, flags=0)`
pub(super) fn sendto_segments<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let mut view = ffi::Py_buffer::new();
    let (mut size, mut to, mut flags): (ffi::Py_ssize_t, _, c_int) =
        (0, ptr::null_mut::<ffi::PyObject>(), 0);
    parse!(
        arguments,
        c"y*n|Oi:sendto_segments",
        &raw mut view,
        &raw mut size,
        &raw mut to,
        &raw mut flags
    )?;
    // SAFETY: the parser filled the view; what else it gave are arguments, which the caller keeps
    // alive.
    let (data, to) = unsafe {
        let to = (!to.is_null()).then(|| Borrowed::from_ptr(py, to));
        (Buffer::from_view(py, view), to.filter(|to| !to.is_none()))
    };
    let socket = slf.get();
    require_udp(socket)?;
    let size = u16::try_from(size)
        .ok()
        .filter(|size| *size > 0)
        .ok_or_else(|| PyValueError::new_err("segment size must be 1-65535"))?;
    let native = to
        .as_ref()
        .map(|to| address::parse(socket, to, "sendto_segments"))
        .transpose()?;
    if let Some(to) = &to {
        audit::with_address(c"socket.sendto", slf.as_any(), to)?;
    }
    let fd = socket.descriptor()?;
    let mut waiting = Waiting::unlocked(py, socket, fd);
    let flags = waiting.flags(flags);
    let sent = send_segments(data.bytes(), size, |piece, control| {
        let bufs = [IoSlice::new(piece)];
        fd::send_msg(fd, &bufs, control, native.as_ref(), flags, &mut waiting)
    });
    Ok(PyInt::new(py, waiting.finish(sent)?).into_any())
}

/// Whatever is no UDP sends segments as one message, without a word.
fn require_udp(socket: &Socket) -> PyResult<()> {
    let is_internet = matches!(socket.family(), Family::INET | Family::INET6);
    let protocol = socket.protocol().raw();
    if is_internet && socket.kind() == Kind::DGRAM && matches!(protocol, 0 | libc::IPPROTO_UDP) {
        return Ok(());
    }
    let text = "only UDP sockets send segments";
    Err(PyOSError::new_err((Errno::EOPNOTSUPP.raw(), text)))
}

/// Sends `data` in as many calls as it takes; an error after the first is the next call's to tell.
fn send_segments(
    data: &[u8],
    size: u16,
    mut send: impl FnMut(&[u8], &[u8]) -> rsocket::Result<usize>,
) -> rsocket::Result<usize> {
    let mut control = Vec::new();
    fd::push_control(
        &mut control,
        libc::SOL_UDP,
        libc::UDP_SEGMENT,
        &size.to_ne_bytes(),
    );
    let size = usize::from(size);
    let call_max = size * SEGMENTS_MAX.min((PAYLOAD_MAX / size).max(1));
    let mut sent = 0;
    loop {
        let rest = data.get(sent..).unwrap_or_default();
        let piece = rest.get(..call_max).unwrap_or(rest);
        // A single datagram needs no help, and goes out where the kernel has none to give.
        let control = if piece.len() > size {
            &control[..]
        } else {
            &[]
        };
        match send(piece, control) {
            Ok(len) => sent += len,
            // What a signal handler raised no other call would tell.
            Err(error) if sent == 0 || error == Error::Interrupted => return Err(error),
            Err(_) => return Ok(sent),
        }
        if sent >= data.len() {
            return Ok(sent);
        }
    }
}

/// Receives datagrams that the kernel may have joined: how many bytes, the size of each, the sender.
fn receive_segments<'py>(
    py: Python<'py>,
    socket: &Socket,
    room: &mut [MaybeUninit<u8>],
    flags: i32,
) -> Result<(usize, usize, Bound<'py, PyAny>), Failure> {
    /// linux/udp.h: the size of a segment comes as a C int.
    const CONTROL_ROOM: usize = fd::control_space(size_of::<c_int>());

    let fd = socket.descriptor()?;
    // SAFETY: memory of a Python object that only the kernel writes to, and nothing reads before.
    let room = unsafe { slice::from_raw_parts_mut(room.as_mut_ptr().cast::<u8>(), room.len()) };
    let len = room.len();
    let mut bufs = [IoSliceMut::new(room)];
    let mut control = [MaybeUninit::uninit(); CONTROL_ROOM];
    let mut from = Address::default();
    let mut waiting = Waiting::new(py, socket, fd, len);
    let flags = waiting.flags(flags);
    let result = fd::recv_msg(
        fd,
        &mut bufs,
        &mut control,
        Some(&mut from),
        flags,
        &mut waiting,
    );
    let info = waiting.finish(result)?;
    if MsgFlags::from_raw(info.flags).contains(MsgFlags::TRUNC) {
        // Nobody could tell where the last segment was cut.
        return Err(Errno::EMSGSIZE.into());
    }
    // SAFETY: recvmsg(2) wrote `control_len` bytes of control messages, within the room.
    let control = unsafe {
        let len = info.control_len.min(control.len());
        slice::from_raw_parts(control.as_ptr().cast::<u8>(), len)
    };
    let size = fd::control_messages(control)
        .filter(|(level, kind, _)| (*level, *kind) == (libc::SOL_UDP, libc::UDP_GRO))
        .find_map(|(_, _, size)| size.try_into().ok())
        .and_then(|size| usize::try_from(c_int::from_ne_bytes(size)).ok());
    let from = address::render(py, &from, socket.protocol())?;
    Ok((info.len, size.unwrap_or(info.len), from))
}

/// `recvfrom_segments(bufsize=65535, flags=0)`
pub(super) fn recvfrom_segments<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (mut asked, mut flags) = (SEGMENTS_ROOM, 0);
    parse!(
        arguments,
        c"|ni:recvfrom_segments",
        &raw mut asked,
        &raw mut flags
    )?;
    let py = slf.py();
    let asked = length(asked, "buffersize in recvfrom_segments")?;
    let mut rest = None;
    let data = bytes_with(py, asked, |room| {
        let (len, size, from) = receive_segments(py, slf.get(), room, flags)?;
        rest = Some((size, from));
        Ok(len)
    })?;
    Ok(match rest {
        Some((size, from)) => (data, size, from).into_pyobject(py)?.into_any(),
        None => data.into_any(),
    })
}

/// `recvfrom_segments_into(buffer, flags=0)`
pub(super) fn recvfrom_segments_into<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let py = slf.py();
    let (mut view, mut flags) = (ffi::Py_buffer::new(), 0);
    parse!(
        arguments,
        c"w*|i:recvfrom_segments_into",
        &raw mut view,
        &raw mut flags
    )?;
    // SAFETY: the parser filled it.
    let mut buffer = unsafe { Buffer::from_view(py, view) };
    let (len, size, from) = receive_segments(py, slf.get(), buffer.room(), flags)?;
    Ok((len, size, from).into_pyobject(py)?.into_any())
}
