//! Why a call failed, before it is an exception: making one costs more than most system calls.

use std::ffi::c_int;

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
        if let Failure::Core(error) = &self
            && error.is_would_block()
            && raise_would_block(py)
        {
            return;
        }
        // SAFETY: `py`.
        let attached = unsafe { Attached::assume() };
        attached.run(|py| self.exception(py).restore(py));
    }
}

/// Raises BlockingIOError (EAGAIN) from arguments that are kept: programs that poll see it for
/// every socket that has nothing more. False where they could not be made.
fn raise_would_block(py: Python<'_>) -> bool {
    static ARGUMENTS: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();
    let arguments = ARGUMENTS.get_or_try_init(py, || {
        let errno: (c_int, String) = (Errno::EAGAIN.raw(), Errno::EAGAIN.to_string());
        Ok::<_, PyErr>(errno.into_pyobject(py)?.unbind())
    });
    let Ok(arguments) = arguments else {
        return false;
    };
    // SAFETY: an exception class, and the arguments that its constructor takes.
    unsafe { ffi::PyErr_SetObject(ffi::PyExc_BlockingIOError, arguments.as_ptr()) };
    true
}
