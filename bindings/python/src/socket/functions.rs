//! The module's functions that make sockets.

use pyo3::prelude::*;
use rsocket::{Family, Kind, Protocol, fd};

use super::timeout::{self, Timeout};
use super::{Socket, adopt};
use crate::argument::{Given, int_or};
use crate::error;
use crate::wait::unlocked;

/// Puts the functions on the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(socketpair, module)?)?;
    module.add(
        "_GiveupOnSendfile",
        module.py().get_type::<super::sendfile::_GiveupOnSendfile>(),
    )
}

/// socketpair([family[, type[, proto]]]) -> (socket object, socket object)
///
/// Makes a pair of connected sockets with socketpair(2), AF_UNIX and SOCK_STREAM by default. Both
/// are close-on-exec and have the default timeout. Raises OSError where the family has no pairs.
#[pyfunction]
#[pyo3(signature = (family = None, r#type = Given::NOTHING, proto = Given::NOTHING),
       text_signature = "(family=None, type=1, proto=0)")]
fn socketpair<'py>(
    py: Python<'py>,
    family: Option<&Bound<'py, PyAny>>,
    r#type: Given<'py>,
    proto: Given<'py>,
) -> PyResult<(Bound<'py, Socket>, Bound<'py, Socket>)> {
    let family = int_or(family.filter(|family| !family.is_none()), libc::AF_UNIX)?;
    let (kind, protocol) = (
        int_or(r#type.get(), libc::SOCK_STREAM)?,
        int_or(proto.get(), 0)?,
    );
    let timeout = timeout::DEFAULT.get();
    let nonblocking = kind & libc::SOCK_NONBLOCK != 0;
    let made = if nonblocking || timeout.is_none() {
        kind
    } else {
        kind | libc::SOCK_NONBLOCK
    };
    let (domain, made) = (Family::from_raw(family), Kind::from_raw(made));
    let make = || fd::socketpair(domain, made, Protocol::from_raw(protocol));
    let pair = if domain == Family::UNIX {
        make()
    } else {
        unlocked(py, make)
    };
    let [left, right] = pair.map_err(|error| error::to_python(py, error))?;
    let timeout = if nonblocking { Timeout::ZERO } else { timeout };
    Ok((
        adopt(py, left, family, kind, protocol, timeout)?,
        adopt(py, right, family, kind, protocol, timeout)?,
    ))
}
