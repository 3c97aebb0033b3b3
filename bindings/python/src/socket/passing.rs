//! send_fds and recv_fds: descriptors over a Unix-domain socket.

use std::ffi::c_int;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyTuple};
use rsocket::fd;

use super::Socket;
use super::message::{receive_plain, send_plain};
use super::method::plain_number;
use super::native::{self, Method, native};
use crate::argument::Given;

/// unix(7), SCM_RIGHTS: no message carries more.
const DESCRIPTORS_MAX: usize = 253;

/// Puts the functions on the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(send_fds, module)?)?;
    module.add_function(wrap_pyfunction!(recv_fds, module)?)
}

/// Sends descriptors with `buffers` over a Unix-domain socket; returns the bytes sent.
///
/// Raises OSError as sendmsg() does. See unix(7), SCM_RIGHTS.
#[pyfunction]
#[pyo3(signature = (sock, buffers, fds, flags = Given::NOTHING, address = None),
       text_signature = "(sock, buffers, fds, flags=0, address=None)")]
fn send_fds<'py>(
    sock: &Bound<'py, PyAny>,
    buffers: &Bound<'py, PyAny>,
    fds: &Bound<'py, PyAny>,
    flags: Given<'py>,
    address: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = sock.py();
    if let (Some(socket), Some(flags), None) =
        (native(sock, Method::SendMsg)?, plain(&flags), address)
        && let Some(rights) = rights(fds)
    {
        return send_plain(socket, buffers, &rights, flags)
            .map_err(|failure| failure.exception(py));
    }
    let send = sock.getattr(native::name(py, Method::SendMsg)?)?;
    let array = py
        .import(intern!(py, "array"))?
        .getattr(intern!(py, "array"))?;
    let rights = (libc::SOL_SOCKET, libc::SCM_RIGHTS, array.call1(("i", fds))?);
    let control = PyList::new(py, [rights.into_pyobject(py)?])?;
    let zero = PyInt::new(py, 0).into_any();
    let flags = flags.get().unwrap_or(&zero);
    match address {
        None => send.call1((buffers, control, flags)),
        Some(address) => send.call1((buffers, control, flags, address)),
    }
}

/// Flags that need no conversion.
fn plain(flags: &Given<'_>) -> Option<c_int> {
    flags
        .get()
        .map_or(Some(0), |flags| plain_number(flags)?.try_into().ok())
}

/// The control message for a list or a tuple of plain numbers.
fn rights(fds: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    let mut numbers = [0; DESCRIPTORS_MAX * size_of::<c_int>()];
    let mut places = numbers.chunks_exact_mut(size_of::<c_int>());
    let mut count = 0;
    let mut add = |number: Borrowed<'_, '_, PyAny>| {
        let number = c_int::try_from(plain_number(&number)?).ok()?;
        places.next()?.copy_from_slice(&number.to_ne_bytes());
        count += size_of::<c_int>();
        Some(())
    };
    if let Ok(list) = fds.cast_exact::<PyList>() {
        for number in list.iter() {
            add(number.as_borrowed())?;
        }
    } else {
        for number in fds.cast_exact::<PyTuple>().ok()?.iter_borrowed() {
            add(number)?;
        }
    }
    let mut control = Vec::with_capacity(fd::control_space(count));
    let numbers = numbers.get(..count)?;
    fd::push_control(&mut control, libc::SOL_SOCKET, libc::SCM_RIGHTS, numbers);
    Some(control)
}

/// Receives up to `bufsize` bytes and `maxfds` descriptors.
///
/// Returns `(data, descriptors, flags, address)`. The flags hold MSG_CTRUNC where more descriptors
/// came than asked for. Raises OSError as recvmsg() does. See unix(7), SCM_RIGHTS.
#[pyfunction]
#[pyo3(signature = (sock, bufsize, maxfds, flags = Given::NOTHING),
       text_signature = "(sock, bufsize, maxfds, flags=0)")]
fn recv_fds<'py>(
    sock: &Bound<'py, PyAny>,
    bufsize: &Bound<'py, PyAny>,
    maxfds: &Bound<'py, PyAny>,
    flags: Given<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = sock.py();
    let count = plain_number(maxfds)
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| *count <= DESCRIPTORS_MAX);
    let size = plain_number(bufsize).and_then(|size| usize::try_from(size).ok());
    if let (Some(socket), Some(count), Some(size), Some(flags)) =
        (native(sock, Method::RecvMsg)?, count, size, plain(&flags))
    {
        return natively(socket, size, count, flags);
    }
    let receive = sock.getattr(native::name(py, Method::RecvMsg)?)?;
    let bytes = maxfds.mul(size_of::<c_int>())?;
    let room = py
        .import(intern!(py, "rsocket._socket"))?
        .call_method1(intern!(py, "CMSG_LEN"), (bytes,))?;
    let zero = PyInt::new(py, 0).into_any();
    let flags = flags.get().unwrap_or(&zero);
    let (data, messages, flags, address): (
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
    ) = receive.call1((bufsize, room, flags))?.extract()?;
    let fds = PyList::empty(py);
    for message in messages.try_iter()? {
        let (level, kind, content): (c_int, c_int, Bound<'_, PyBytes>) = message?.extract()?;
        if (level, kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            add(&fds, content.as_bytes())?;
        }
    }
    Ok((data, fds, flags, address).into_pyobject(py)?.into_any())
}

/// [`recv_fds`] on a socket of our own, without control messages as objects between.
fn natively<'py>(
    socket: &Bound<'py, Socket>,
    size: usize,
    count: usize,
    flags: c_int,
) -> PyResult<Bound<'py, PyAny>> {
    let py = socket.py();
    let room = fd::control_len(count * size_of::<c_int>());
    let fds = PyList::empty(py);
    let received = receive_plain(socket, size, room, flags, |level, kind, content| {
        if (level, kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            add(&fds, content)?;
        }
        Ok(())
    });
    let (data, flags, address) = received.map_err(|failure| failure.exception(py))?;
    Ok((data, fds, flags, address).into_pyobject(py)?.into_any())
}

/// Adds the numbers in a control message.
fn add(fds: &Bound<'_, PyList>, content: &[u8]) -> PyResult<()> {
    for number in content.chunks_exact(size_of::<c_int>()) {
        if let Ok(number) = number.try_into() {
            fds.append(c_int::from_ne_bytes(number))?;
        }
    }
    Ok(())
}
