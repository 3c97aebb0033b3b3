//! The `socket` class.

use pyo3::prelude::*;

/// Puts the class, and the functions that make or take sockets, on the module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
