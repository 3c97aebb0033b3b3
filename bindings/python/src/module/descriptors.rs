//! Bare descriptors, the room of control messages, and the default timeout.

use std::ffi::c_uint;

use pyo3::exceptions::PyOverflowError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyInt;
use rsocket::Errno;

use super::function::{Answer, Arguments, Table, functions, parse_fast, plain_int};
use crate::error;
use crate::socket::timeout::{DEFAULT, Timeout};
use crate::wait::unlocked;

pub(super) static FUNCTIONS: Table<7> = functions! {
    one close "(fd, /)" = close, "Closes a descriptor, whatever it belongs to.";
    one dup "(fd, /)" = dup, "A second descriptor of the same file; it is not inheritable.";
    fast CMSG_LEN "(length, /)" = cmsg_len,
        "The length of a control message with as many bytes of data, without padding.";
    fast CMSG_SPACE "(length, /)" = cmsg_space,
        "The room that a control message with as many bytes of data takes, with padding.";
    noargs getdefaulttimeout "()" = getdefaulttimeout,
        "The timeout of new sockets in seconds, or None.";
    one setdefaulttimeout "(timeout, /)" = setdefaulttimeout,
        "Sets the timeout of new sockets: seconds, or None to wait for ever.";
};

/// The largest `msg_controllen` that every system takes.
const CONTROL_MAX: isize = 0x7fff_ffff;

/// A descriptor as the standard library takes it here: cut to a C int.
fn descriptor(argument: &Bound<'_, PyAny>) -> PyResult<i32> {
    // SAFETY: PyLong_AsLong takes any object; -1 may come with an exception set.
    match unsafe { ffi::PyLong_AsLong(argument.as_ptr()) } {
        -1 => PyErr::take(argument.py()).map_or(Ok(-1), Err),
        number => Ok(number as i32),
    }
}

fn close<'py>(argument: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = argument.py();
    let fd = descriptor(argument)?;
    // SAFETY: the kernel checks the number; the caller gives up whatever it names.
    let result = unlocked(py, || match unsafe { libc::close(fd) } {
        0 => Ok(()),
        _ => Err(Errno::last()),
    });
    match result {
        // The connection was reset before it was closed: it is closed all the same.
        Ok(()) | Err(Errno::ECONNRESET) => Ok(py.None().into_bound(py)),
        Err(errno) => Err(error::from_errno(errno)),
    }
}

fn dup<'py>(argument: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = argument.py();
    let fd = descriptor(argument)?;
    // SAFETY: fcntl(2), F_DUPFD_CLOEXEC: takes integers, returns a new descriptor.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) } {
        -1 => Err(error::from_errno(Errno::last())),
        new => Ok(PyInt::new(py, new).into_any()),
    }
}

fn length(
    args: &Arguments<'_, '_>,
    parse: impl FnOnce(&Arguments<'_, '_>, *mut ffi::Py_ssize_t) -> PyResult<()>,
) -> PyResult<ffi::Py_ssize_t> {
    if let Some(length) = args.exactly().and_then(|[argument]| plain_int(&argument)) {
        return Ok(length as ffi::Py_ssize_t);
    }
    let mut length = 0;
    parse(args, &raw mut length).map(|()| length)
}

fn cmsg_len<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let length = length(args, |args, place| parse_fast!(args, c"n:CMSG_LEN", place))?;
    // SAFETY: CMSG_LEN(3) is arithmetic.
    let size = |length| unsafe { libc::CMSG_LEN(length) };
    match c_uint::try_from(length) {
        Ok(wanted) if length <= CONTROL_MAX - size(0) as isize => {
            Ok(PyInt::new(args.py(), size(wanted)).into_any())
        }
        _ => Err(PyOverflowError::new_err("CMSG_LEN() argument out of range")),
    }
}

fn cmsg_space<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let length = length(args, |args, place| {
        parse_fast!(args, c"n:CMSG_SPACE", place)
    })?;
    // SAFETY: CMSG_SPACE(3) is arithmetic.
    let size = |length| unsafe { libc::CMSG_SPACE(length) };
    match c_uint::try_from(length) {
        Ok(wanted) if length <= CONTROL_MAX - size(1) as isize => {
            Ok(PyInt::new(args.py(), size(wanted)).into_any())
        }
        _ => Err(PyOverflowError::new_err(
            "CMSG_SPACE() argument out of range",
        )),
    }
}

fn getdefaulttimeout(py: Python<'_>) -> Answer<'_> {
    Ok(DEFAULT.get().to_python(py))
}

fn setdefaulttimeout<'py>(argument: &Bound<'py, PyAny>) -> Answer<'py> {
    DEFAULT.set(Timeout::parse(argument)?);
    Ok(argument.py().None().into_bound(argument.py()))
}
