//! Why a call failed, before it is an exception: making one costs more than most system calls.

use std::ffi::c_int;
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use rsocket::{Errno, Error};

use crate::attach::Attached;
use crate::error;

/// An exception, or an error of the core that is yet to become one.
#[derive(Debug)]
pub(crate) enum Failure {
    Raised(PyErr),
    Core(Error),
}

impl From<PyErr> for Failure {
    fn from(raised: PyErr) -> Self {
        Failure::Raised(raised)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Core(error)
    }
}

impl From<Errno> for Failure {
    /// A call that was not made because of what the kernel would have said.
    fn from(errno: Errno) -> Self {
        Failure::Core(Error::Os {
            op: rsocket::Op::Fcntl,
            errno,
        })
    }
}

impl Failure {
    /// The exception itself.
    pub(crate) fn exception(self, py: Python<'_>) -> PyErr {
        match self {
            Failure::Raised(raised) => raised,
            Failure::Core(error) => error::to_python(py, error),
        }
    }

    /// Raises it in the interpreter, which has called the method at hand.
    #[cold]
    pub(crate) fn raise(self, py: Python<'_>) {
        if let Failure::Core(Error::Os { errno, .. }) = &self
            && raise_errno(py, *errno)
        {
            return;
        }
        // SAFETY: `py`.
        let attached = unsafe { Attached::assume() };
        attached.run(|py| self.exception(py).restore(py));
    }
}

/// The number above those that Linux has given to errors so far.
const ERRNO_END: usize = 134;

/// Raises OSError from arguments that are kept: a program that polls sees EAGAIN for every socket
/// that has nothing more. False where they could not be made.
fn raise_errno(py: Python<'_>, errno: Errno) -> bool {
    static ARGUMENTS: [PyOnceLock<Py<PyTuple>>; ERRNO_END] =
        [const { PyOnceLock::new() }; ERRNO_END];

    let number = errno.raw();
    let Some(kept) = usize::try_from(number)
        .ok()
        .and_then(|index| ARGUMENTS.get(index))
    else {
        return false;
    };
    let arguments = kept.get_or_try_init(py, || {
        let arguments: (c_int, String) = (number, errno.to_string());
        Ok::<_, PyErr>(arguments.into_pyobject(py)?.unbind())
    });
    let Ok(arguments) = arguments else {
        return false;
    };
    // SAFETY: exception classes, and the arguments that their constructors take; OSError's gives an
    // object of the class that fits the number, or null with another exception.
    unsafe {
        if errno == Errno::EAGAIN {
            ffi::PyErr_SetObject(ffi::PyExc_BlockingIOError, arguments.as_ptr());
            return true;
        }
        let raised = ffi::PyObject_Call(ffi::PyExc_OSError, arguments.as_ptr(), ptr::null_mut());
        if !raised.is_null() {
            ffi::PyErr_SetObject(ffi::Py_TYPE(raised).cast(), raised);
            ffi::Py_DECREF(raised);
        }
    }
    true
}
