//! The functions and constants of the module.

mod addresses;
mod constants;
mod descriptors;
mod function;
mod interfaces;
mod names;
mod netdb;
mod numbers;

use pyo3::prelude::*;

/// Puts everything of this folder on the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(addresses::getaddrinfo, module)?)?;
    function::add(module, &addresses::FUNCTIONS)?;
    function::add(module, &descriptors::FUNCTIONS)?;
    function::add(module, &interfaces::FUNCTIONS)?;
    function::add(module, &names::FUNCTIONS)?;
    function::add(module, &numbers::FUNCTIONS)?;
    constants::add(module)
}
