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
mod interrupt;
mod module;
mod socket;
mod wait;

use pyo3::prelude::*;

#[pymodule(gil_used = false, name = "_socket")]
fn extension(module: &Bound<'_, PyModule>) -> PyResult<()> {
    socket::register(module)?;
    module::register(module)
}
