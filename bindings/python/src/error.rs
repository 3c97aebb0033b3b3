//! Errors of the core as Python exceptions.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use rsocket::{Errno, Error};

use crate::attach::Attached;

/// `OSError(errno, strerror)`: Python itself picks the subclass (`BlockingIOError`, …).
pub(crate) fn from_errno(errno: Errno) -> PyErr {
    PyOSError::new_err((errno.raw(), errno.to_string()))
}

/// An error of the core as the exception that the standard library raises in its place.
///
/// [`Error::Interrupted`] belongs to the waiting policy, which keeps the exception itself: use
/// `Waiting::finish` for results of verbs that take a policy.
pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    match error {
        Error::TimedOut => timeout(py, "timed out"),
        Error::Resolve(error) => gaierror(py, error.code(), &error.to_string()),
        Error::Address(error) => PyOSError::new_err((error.errno().raw(), error.to_string())),
        other => from_errno(other.errno()),
    }
}

/// Drops an exception that another one replaces, in a method that PyO3 does not know to be called
/// by the interpreter: dropped there, its references would wait for a call that PyO3 knows of.
#[cold]
pub(crate) fn forget(_py: Python<'_>, error: PyErr) {
    // SAFETY: `_py`.
    let attached = unsafe { Attached::assume() };
    attached.run(|_| drop(error));
}

/// `socket.timeout`: TimeoutError, and on Python 3.9 a class of its own.
pub(crate) fn timeout(py: Python<'_>, text: &'static str) -> PyErr {
    match timeout_type(py) {
        Ok(class) => PyErr::from_type(class.clone(), (text,)),
        Err(error) => error,
    }
}

/// The class that `socket.timeout` names.
pub(crate) fn timeout_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    stdlib_class(py, &CLASS, "timeout")
}

/// The class that `socket.gaierror` names.
pub(crate) fn gaierror_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    stdlib_class(py, &CLASS, "gaierror")
}

/// The class that `socket.herror` names.
pub(crate) fn herror_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    stdlib_class(py, &CLASS, "herror")
}

/// `socket.gaierror` with an `EAI_…` code.
pub(crate) fn gaierror(py: Python<'_>, code: i32, text: &str) -> PyErr {
    match gaierror_type(py) {
        Ok(class) => PyErr::from_type(class.clone(), (code, text.to_owned())),
        Err(error) => error,
    }
}

/// `socket.herror` with an `h_errno` code.
pub(crate) fn herror(py: Python<'_>, code: i32, text: &str) -> PyErr {
    match herror_type(py) {
        Ok(class) => PyErr::from_type(class.clone(), (code, text.to_owned())),
        Err(error) => error,
    }
}

/// An exception class of the interpreter's own `_socket`: code that catches the standard
/// library's classes must catch ours.
fn stdlib_class<'py>(
    py: Python<'py>,
    class: &'static PyOnceLock<Py<PyType>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyType>> {
    class
        .get_or_try_init(py, || {
            Ok(py
                .import("_socket")?
                .getattr(name)?
                .cast_into::<PyType>()?
                .unbind())
        })
        .map(|class| class.bind(py))
}
