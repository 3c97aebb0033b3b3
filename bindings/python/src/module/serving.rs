//! Sockets that are made as a whole: servers on a path, those of a service manager, and the first
//! connection of several.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use rsocket::{
    Activation, Address, Errno, Error, Kind, Op, Protocol, Stagger, UnixBind, UnixPath,
    connect_any_with,
};

use super::detached::{detached, exception};
use super::target::object;
use crate::audit;
use crate::socket::Socket;
use crate::socket::timeout::Timeout;

/// Owns the file of a Unix-domain server: removes it with this object, if it is still the same.
#[pyclass(frozen, name = "UnixPath", module = "rsocket._socket")]
pub(super) struct UnixFile(Mutex<Option<UnixPath>>);

#[pymethods]
impl UnixFile {
    /// Removes the file now; in a forked child it is left to the parent.
    fn release(&self) {
        drop(self.take());
    }

    /// Leaves the file where it is.
    fn keep(&self) {
        if let Some(file) = self.take() {
            file.keep();
        }
    }
}

impl UnixFile {
    fn take(&self) -> Option<UnixPath> {
        // Nothing that can panic runs while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A Unix-domain socket bound to a path, and what removes its file; listening, where its type has
/// connections.
///
/// Audit event `rsocket.listen` with the path.
#[pyfunction]
pub(super) fn bind_unix<'py>(
    py: Python<'py>,
    path: PathBuf,
    r#type: i32,
    mode: Option<u32>,
    cleanup: bool,
    backlog: Option<i32>,
) -> PyResult<(Bound<'py, Socket>, Bound<'py, UnixFile>)> {
    audit::event(c"rsocket.listen", &(&path,).into_pyobject(py)?)?;
    let mut bind = UnixBind::new(path)
        .kind(Kind::from_raw(r#type))
        .reclaim(cleanup)
        .unlink_on_drop(cleanup);
    if let Some(mode) = mode {
        if mode > 0o777 {
            return Err(PyValueError::new_err("mode must be 0-0o777"));
        }
        bind = bind.mode(mode);
    }
    if let Some(backlog) = backlog {
        bind = bind.backlog(backlog.max(0));
    }
    let bound = detached(py, Timeout::NONE, |_| bind.bind())?;
    let (endpoint, file) = bound.into_parts();
    let file = Bound::new(py, UnixFile(Mutex::new(Some(file))))?;
    Ok((object(py, endpoint, Timeout::NONE)?, file))
}

/// The sockets that a service manager handed to this process: [(name, socket)]
///
/// See `listen_fds()`; the name is that of the unit's FileDescriptorName=, "unknown" without one.
/// Several may have the same.
#[pyfunction]
pub(super) fn listen_fds_with_names(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let sockets = PyList::empty(py);
    let Some(activation) = Activation::from_env().map_err(|error| exception(py, error))? else {
        return Ok(sockets);
    };
    let taken = activation
        .take_sockets()
        .map_err(|error| exception(py, error))?;
    for (name, endpoint) in taken {
        let nonblocking = endpoint
            .is_nonblocking()
            .map_err(|error| exception(py, error))?;
        let timeout = if nonblocking {
            Timeout::ZERO
        } else {
            Timeout::NONE
        };
        sockets.append((name, object(py, endpoint, timeout)?))?;
    }
    Ok(sockets)
}

/// The sockets that a service manager (systemd, s6, ...) handed to this process: [socket]
///
/// Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; the list is empty where they are not there or
/// are meant for another process. Each socket is given once, moved to a new number that is not
/// inheritable, with the family and type that it has; without blocking where O_NONBLOCK is set on
/// it. What is no socket stays where it is. Raises OSError EINVAL for malformed variables. See
/// sd_listen_fds(3).
#[pyfunction]
pub(super) fn listen_fds(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let named = listen_fds_with_names(py)?;
    let sockets = PyList::empty(py);
    for pair in named {
        sockets.append(pair.cast::<PyTuple>()?.get_item(1)?)?;
    }
    Ok(sockets)
}

/// An address as getaddrinfo gives it, for TCP.
fn numeric(address: &Bound<'_, PyAny>) -> PyResult<Address> {
    let parts = address.cast::<PyTuple>()?;
    let wrong = || PyTypeError::new_err("addresses must be those of getaddrinfo()");
    let host: String = parts.get_item(0)?.extract()?;
    let port: u16 = parts.get_item(1)?.extract()?;
    let host = host.split_once('%').map_or(&*host, |(host, _)| host);
    let ip: IpAddr = host.parse().map_err(|_| wrong())?;
    let number = |index| match parts.get_item(index) {
        Ok(number) => number.extract(),
        Err(_) => Ok(0),
    };
    Ok(match ip {
        IpAddr::V4(_) => SocketAddr::new(ip, port).into(),
        IpAddr::V6(ip) => SocketAddrV6::new(ip, port, number(2)?, number(3)?).into(),
    })
}

fn numerics(addresses: &[Bound<'_, PyAny>]) -> PyResult<Vec<Address>> {
    addresses.iter().map(numeric).collect()
}

/// Connects to whichever of several addresses answers first: (socket or None, the exceptions).
///
/// `sources` are the addresses to connect from: the first of the right family is bound, where
/// there are any. `delay` is the head start of an address before the next, in seconds; `timeout`
/// bounds the whole. Audit event `rsocket.connect` with each address.
#[pyfunction]
pub(super) fn connect_first<'py>(
    py: Python<'py>,
    addresses: Vec<Bound<'py, PyAny>>,
    sources: Option<Vec<Bound<'py, PyAny>>>,
    delay: &Bound<'py, PyAny>,
    timeout: &Bound<'py, PyAny>,
) -> PyResult<(Option<Bound<'py, Socket>>, Bound<'py, PyList>)> {
    let delay = Timeout::parse(delay)?;
    let delay = delay.to_wait().unwrap_or_default();
    let limit = Timeout::parse(timeout)?;
    if limit.is_zero() {
        return Err(PyValueError::new_err("a race of connections has to wait"));
    }
    for address in &addresses {
        audit::event(c"rsocket.connect", &(address,).into_pyobject(py)?)?;
    }
    let addresses = numerics(&addresses)?;
    let sources = sources.map(|sources| numerics(&sources)).transpose()?;
    let stagger = Stagger {
        delay,
        interleave: true,
        kind: Kind::STREAM,
        protocol: Protocol::TCP,
    };
    let raced = detached(py, limit, |wait| {
        let from = |endpoint: &rsocket::Endpoint| match &sources {
            None => Ok(()),
            Some(sources) => {
                let mut sources = sources.iter();
                let source = sources.find(|source| source.family() == endpoint.family());
                let none = Error::Os {
                    op: Op::Bind,
                    errno: Errno::EADDRNOTAVAIL,
                };
                endpoint.bind(source.ok_or(none)?)
            }
        };
        match connect_any_with(&addresses, stagger, from, wait) {
            Err(failure) if failure.error == Error::Interrupted => Err(Error::Interrupted),
            raced => Ok(raced),
        }
    })?;
    let failures = PyList::empty(py);
    match raced {
        Ok(endpoint) => {
            let socket = object(py, endpoint, Timeout::NONE)?;
            Ok((Some(socket), failures))
        }
        Err(failure) => {
            for attempt in failure.attempts {
                failures.append(exception(py, attempt.error).into_value(py))?;
            }
            Ok((None, failures))
        }
    }
}
