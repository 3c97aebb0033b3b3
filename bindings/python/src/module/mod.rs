//! The functions and constants of the module.
//!
//! The functions that make, take or configure sockets are in `socket/functions.rs`: `socketpair`,
//! `dup`, `close`, `getdefaulttimeout`, `setdefaulttimeout`.

use pyo3::prelude::*;

/// Puts everything of this folder on the module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
