//! The functions and constants of the module.

mod addresses;
mod constants;
mod control;
mod descriptors;
mod detached;
mod function;
mod interfaces;
mod names;
mod netdb;
mod netlink;
mod numbers;
mod serving;
mod target;

use pyo3::prelude::*;

pub(crate) use names::host_address;

/// Puts everything of this folder on the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(addresses::getaddrinfo, module)?)?;
    function::add(module, &addresses::FUNCTIONS)?;
    function::add(module, &descriptors::FUNCTIONS)?;
    function::add(module, &interfaces::FUNCTIONS)?;
    function::add(module, &names::FUNCTIONS)?;
    function::add(module, &numbers::FUNCTIONS)?;
    module.add_function(wrap_pyfunction!(control::decode_control, module)?)?;
    module.add_function(wrap_pyfunction!(target::connect, module)?)?;
    module.add_function(wrap_pyfunction!(target::listen, module)?)?;
    module.add_function(wrap_pyfunction!(serving::bind_unix, module)?)?;
    module.add_function(wrap_pyfunction!(serving::connect_first, module)?)?;
    module.add_function(wrap_pyfunction!(serving::listen_fds, module)?)?;
    module.add_function(wrap_pyfunction!(serving::listen_fds_with_names, module)?)?;
    module.add_class::<serving::UnixFile>()?;
    netlink::add(module)?;
    constants::add(module)?;
    module.add("has_ipv6", true)?;
    module.add("__version__", version())
}

/// The version of the crate as Python spells it (PEP 440): 1.0.0-alpha.1 is 1.0.0a1.
fn version() -> String {
    env!("CARGO_PKG_VERSION")
        .replace("-alpha.", "a")
        .replace("-beta.", "b")
        .replace("-rc.", "rc")
}
