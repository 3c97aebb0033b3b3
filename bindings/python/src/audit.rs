//! Audit events (PEP 578), with the names and arguments of the standard library's `socket`.

use std::ffi::{CStr, c_char, c_int};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

unsafe extern "C" {
    fn PySys_Audit(event: *const c_char, format: *const c_char, ...) -> c_int;
}

/// What `PySys_Audit` said: 0, or an exception that a hook raised.
fn check(py: Python<'_>, result: c_int) -> PyResult<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(PyErr::fetch(py))
    }
}

/// Raises `event` with any arguments.
///
/// # Errors
/// What a hook raised: the operation must not go on.
pub(crate) fn event(event: &CStr, args: &Bound<'_, PyTuple>) -> PyResult<()> {
    // SAFETY: the C API's documentation: "the format string and other arguments are the same as
    // for Py_BuildValue"; "O" takes one object, and a tuple is passed to the hooks as it is.
    let result = unsafe { PySys_Audit(event.as_ptr(), c"O".as_ptr(), args.as_ptr()) };
    check(args.py(), result)
}

/// Raises `event` with a socket and an address, without building a tuple where no hook listens.
pub(crate) fn with_address(
    event: &CStr,
    socket: &Bound<'_, PyAny>,
    address: &Bound<'_, PyAny>,
) -> PyResult<()> {
    // SAFETY: as in `event`; "OO" takes two objects, which outlive the call.
    let result = unsafe {
        PySys_Audit(
            event.as_ptr(),
            c"OO".as_ptr(),
            socket.as_ptr(),
            address.as_ptr(),
        )
    };
    check(socket.py(), result)
}

/// Raises `socket.__new__` for a socket that is being made or adopted.
///
/// # Safety
/// `socket` must point to a live object.
pub(crate) unsafe fn created(
    py: Python<'_>,
    socket: *mut ffi::PyObject,
    family: c_int,
    kind: c_int,
    protocol: c_int,
) -> PyResult<()> {
    // SAFETY: as in `event`; "Oiii" takes an object, alive by the caller's promise, and three ints.
    let result = unsafe {
        PySys_Audit(
            c"socket.__new__".as_ptr(),
            c"Oiii".as_ptr(),
            socket,
            family,
            kind,
            protocol,
        )
    };
    check(py, result)
}

/// Raises `socket.getaddrinfo`, without building a tuple where no hook listens.
pub(crate) fn resolved(
    host: &Bound<'_, PyAny>,
    port: &Bound<'_, PyAny>,
    family: c_int,
    kind: c_int,
    protocol: c_int,
) -> PyResult<()> {
    // SAFETY: as in `event`; "OOiii" takes two objects, which outlive the call, and three ints.
    let result = unsafe {
        PySys_Audit(
            c"socket.getaddrinfo".as_ptr(),
            c"OOiii".as_ptr(),
            host.as_ptr(),
            port.as_ptr(),
            family,
            kind,
            protocol,
        )
    };
    check(host.py(), result)
}
