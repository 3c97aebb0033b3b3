//! The class as PyO3 makes it: construction, properties, and what the standard library has in
//! Python. The rest stands in `table.rs`.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::deadline::Deadline;
use super::signature::Signature;
use super::{
    Socket, additions, construct, finalizer, lifecycle, method, native, python_methods, table,
};
use crate::enums;

#[pymethods]
impl Socket {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs),
           text_signature = "(family=-1, type=-1, proto=-1, fileno=None)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Socket::empty()
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __init__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        const SIGNATURE: Signature<4> = Signature {
            text: "__init__(self, family=-1, type=-1, proto=-1, fileno=None)",
            names: ["family", "type", "proto", "fileno"],
            required: 0,
            positional: 4,
        };
        let [family, kind, protocol, fileno] = &SIGNATURE.bind_tuple(slf, args, kwargs)?;
        lifecycle::initialise(
            slf,
            family.as_ref(),
            kind.as_ref(),
            protocol.as_ref(),
            fileno.as_ref(),
        )
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        lifecycle::represent(slf)
    }

    /// Warns about a socket that was not closed, and closes it.
    fn __del__(slf: &Bound<'_, Self>) {
        lifecycle::finalise(slf);
    }

    /// The address family: a member of AddressFamily, or an int that has none.
    #[getter(family)]
    fn family_member(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        enums::family(py, self.family().raw())
    }

    /// The socket type: a member of SocketKind, or an int that has none. Never shows SOCK_NONBLOCK
    /// or SOCK_CLOEXEC.
    #[getter]
    fn r#type(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        enums::kind(py, self.kind().raw())
    }

    /// The protocol number.
    #[getter]
    fn proto(&self) -> i32 {
        self.protocol().raw()
    }

    /// The timeout in seconds; None waits for ever.
    #[getter(timeout)]
    fn timeout_seconds<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.timeout().to_python(py)
    }

    /// The first weak reference to the socket, as classes of Python show it.
    #[getter]
    fn __weakref__<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let all = slf
            .py()
            .import("weakref")?
            .call_method1("getweakrefs", (slf,))?;
        all.try_iter()?.next().transpose()
    }

    #[getter]
    fn _io_refs(&self) -> i32 {
        self.io_refs.load(Ordering::Relaxed)
    }

    #[setter(_io_refs)]
    fn set_io_refs(&self, value: i32) {
        self.io_refs.store(value, Ordering::Relaxed);
    }

    #[getter]
    fn _closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    #[setter(_closed)]
    fn set_closed(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.closed.store(value.is_truthy()?, Ordering::Relaxed);
        Ok(())
    }
}

/// Puts the class on the module, as `socket` and as `SocketType`.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let class = module.py().get_type::<Socket>();
    // PyO3 calls it by its full name in messages, where classes of Python have their own only.
    class.setattr("__name__", "socket")?;
    class.setattr("__slots__", ["__weakref__", "_io_refs", "_closed"])?;
    finalizer::install(&class);
    construct::install(&class);
    method::add(&class, &table::METHODS)?;
    method::add(&class, &python_methods::METHODS)?;
    method::add(&class, &additions::METHODS)?;
    native::remember(module.py())?;
    module.add_class::<Deadline>()?;
    module.add("socket", &class)?;
    module.add("SocketType", &class)
}
