//! Sockets from the text of a target: a URL that names family, type and address.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use rsocket::{Endpoint, Target};

use super::detached::{detached, exception};
use crate::argument::lone_int;
use crate::audit;
use crate::socket::timeout::Timeout;
use crate::socket::{Socket, adopt};

/// Makes a socket and connects it to what a URL names.
///
/// `tcp://HOST:PORT`, `udp://HOST:PORT`, `unix:PATH`, `unix-dgram:PATH`, `unix-seqpacket:PATH`,
/// `unix-abstract:NAME`, `netlink:route?groups=1,5`, `vsock:CID:PORT`, `packet:eth0`, `fd:N`
/// (a duplicate of that descriptor) and `activation:NAME`; `%XX` stands for any byte. `timeout` in
/// seconds bounds the whole attempt, but for looking up a host name, and stays set on the socket;
/// None waits for ever. The addresses of a host name are tried in turn.
///
/// Raises OSError: EINVAL with what is wrong with the URL, or the error of the last attempt;
/// TimeoutError; gaierror. Audit event `rsocket.connect` with the URL.
#[pyfunction]
#[pyo3(signature = (url, timeout=None))]
pub(super) fn connect<'py>(
    py: Python<'py>,
    url: &Bound<'py, PyAny>,
    timeout: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, Socket>> {
    let limit = timeout.map_or(Ok(Timeout::NONE), Timeout::parse)?;
    let target = parse(url)?;
    audit::event(c"rsocket.connect", &(url,).into_pyobject(py)?)?;
    if limit.is_zero() {
        let endpoint = detached(py, limit, |_| Endpoint::start_connecting(&target))?;
        return object(py, endpoint, limit);
    }
    let endpoint = detached(py, limit, |wait| Endpoint::connect_to(&target, wait))?;
    let socket = object(py, endpoint, Timeout::NONE)?;
    if !limit.is_none() {
        socket.call_method1("settimeout", (timeout,))?;
    }
    Ok(socket)
}

/// Makes the socket that a URL names, bound, and listening where its type has connections.
///
/// The URLs are those of `connect`. TCP listeners have SO_REUSEADDR unless the URL says
/// `?reuse=0`; a Unix path takes `?mode=660`, the permission bits of its file in octal, and
/// `?reuse`, which removes a file that nobody listens on. `backlog` limits how many connections
/// wait to be accepted; without it the system's own limit does.
///
/// Raises OSError: EINVAL with what is wrong with the URL, EADDRINUSE, EACCES and the others of
/// bind(2) and listen(2); gaierror. Audit event `rsocket.listen` with the URL.
#[pyfunction]
#[pyo3(signature = (url, backlog=None))]
pub(super) fn listen<'py>(
    py: Python<'py>,
    url: &Bound<'py, PyAny>,
    backlog: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, Socket>> {
    let backlog = backlog.map(lone_int).transpose()?;
    let target = parse(url)?;
    audit::event(c"rsocket.listen", &(url,).into_pyobject(py)?)?;
    let endpoint = detached(py, Timeout::NONE, |_| {
        let endpoint = Endpoint::listen_at(&target, |_| Ok(()))?;
        if let Some(backlog) = backlog {
            // listen(2) may be called again, to change the number.
            endpoint.listen(backlog.max(0))?;
        }
        Ok(endpoint)
    })?;
    object(py, endpoint, Timeout::NONE)
}

fn parse(url: &Bound<'_, PyAny>) -> PyResult<Target> {
    let parsed = if let Ok(text) = url.cast::<PyString>() {
        Target::parse(text.to_str()?)
    } else if let Ok(bytes) = url.cast::<PyBytes>() {
        Target::parse(bytes.as_bytes())
    } else {
        let name = url.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "url must be str or bytes, not {name}"
        )));
    };
    parsed.map_err(|error| exception(url.py(), error))
}

pub(super) fn object(
    py: Python<'_>,
    endpoint: Endpoint,
    timeout: Timeout,
) -> PyResult<Bound<'_, Socket>> {
    let (family, kind, protocol) = (endpoint.family(), endpoint.kind(), endpoint.protocol());
    adopt(
        py,
        endpoint.into(),
        family.raw(),
        kind.raw(),
        protocol.raw(),
        timeout,
    )
}
