//! `rsocket._socket`: the part of the Python package that is written in Rust.
//!
//! Bindings are thin: parse the arguments, call the core, convert the result. `socket/` is the
//! class, `module/` the functions and constants of the module; the files beside them are shared.

mod address;
mod argument;
mod attach;
mod audit;
mod buffer;
mod enums;
mod error;
mod failure;
mod flight;
#[cfg(Py_GIL_DISABLED)]
mod fork_lock;
mod interrupt;
mod module;
mod recursion;
mod socket;
mod wait;

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

#[pymodule(gil_used = false, name = "_socket")]
fn extension(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // From 3.12 on the interpreter itself refuses it.
    // SAFETY: both take nothing, and a thread is attached to an interpreter here.
    if unsafe { ffi::PyInterpreterState_Get() != ffi::PyInterpreterState_Main() } {
        return Err(PyImportError::new_err(
            "rsocket._socket does not support loading in subinterpreters",
        ));
    }
    socket::register(module)?;
    module::register(module)
}
