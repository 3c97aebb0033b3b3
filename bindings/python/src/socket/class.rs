//! The class as PyO3 makes it: construction, properties, and what the standard library has in
//! Python. The rest stands in `table.rs`.

use std::sync::atomic::Ordering;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::deadline::Deadline;
use super::{
    Socket, additions, construct, finalizer, lifecycle, makefile, method, native, sendfile, table,
};
use crate::argument::Given;
use crate::enums;

#[pymethods]
impl Socket {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Socket::empty()
    }

    #[pyo3(signature = (family = Given::NOTHING, r#type = Given::NOTHING, proto = Given::NOTHING, fileno = Given::NOTHING))]
    fn __init__(
        slf: &Bound<'_, Self>,
        family: Given<'_>,
        r#type: Given<'_>,
        proto: Given<'_>,
        fileno: Given<'_>,
    ) -> PyResult<()> {
        lifecycle::initialise(slf, family.get(), r#type.get(), proto.get(), fileno.get())
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        lifecycle::represent(slf)
    }

    fn __getstate__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let name = slf.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "cannot pickle {} object",
            name.repr()?
        )))
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

    #[getter]
    fn _io_refs(&self) -> isize {
        self.io_refs.load(Ordering::Relaxed)
    }

    #[setter(_io_refs)]
    fn set_io_refs(&self, value: isize) {
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

    #[pyo3(signature = (_ss = None))]
    fn _real_close(slf: &Bound<'_, Self>, _ss: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        lifecycle::real_close(slf)
    }

    fn _decref_socketios(slf: &Bound<'_, Self>) -> PyResult<()> {
        lifecycle::release_file(slf)
    }

    /// dup() -> socket object
    ///
    /// A second socket of the same class on the same connection, with the same timeout. It is not
    /// inheritable.
    fn dup<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        lifecycle::dup(slf)
    }

    /// get_inheritable() -> bool
    ///
    /// Whether programs that this process starts get the descriptor.
    fn get_inheritable(slf: &Bound<'_, Self>) -> PyResult<bool> {
        lifecycle::inheritable(slf)
    }

    /// set_inheritable(inheritable)
    ///
    /// Sets whether programs that this process starts get the descriptor.
    fn set_inheritable(slf: &Bound<'_, Self>, inheritable: &Bound<'_, PyAny>) -> PyResult<()> {
        lifecycle::set_inheritable(slf, inheritable)
    }

    /// makefile(...) -> an I/O stream connected to the socket
    ///
    /// The arguments are as for io.open() after the filename, except the only supported mode values
    /// are 'r' (default), 'w', 'b', or a combination of those.
    #[pyo3(signature = (
        mode = Given::NOTHING, buffering = Given::NOTHING, *, encoding = None, errors = None, newline = None
    ))]
    fn makefile<'py>(
        slf: &Bound<'py, Self>,
        mode: Given<'py>,
        buffering: Given<'py>,
        encoding: Option<&Bound<'py, PyAny>>,
        errors: Option<&Bound<'py, PyAny>>,
        newline: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        makefile::makefile(slf, &mode, &buffering, encoding, errors, newline)
    }

    /// sendfile(file[, offset[, count]]) -> sent
    ///
    /// Sends a binary file from `offset` on, up to its end or `count` bytes, with sendfile(2) where
    /// that can read the file, else with send(). The socket must be a stream and not non-blocking.
    /// Moves the file to behind what was sent.
    #[pyo3(signature = (file, offset = Given::NOTHING, count = Given::NOTHING),
           text_signature = "($self, file, offset=0, count=None)")]
    fn sendfile<'py>(
        slf: &Bound<'py, Self>,
        file: &Bound<'py, PyAny>,
        offset: Given<'py>,
        count: Given<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        sendfile::send_file(slf, file, offset.get(), count.get())
    }

    #[pyo3(signature = (file, offset = Given::NOTHING, count = Given::NOTHING))]
    fn _sendfile_use_sendfile(
        slf: &Bound<'_, Self>,
        file: &Bound<'_, PyAny>,
        offset: Given<'_>,
        count: Given<'_>,
    ) -> PyResult<u64> {
        sendfile::with_sendfile(slf, file, offset.get(), count.get())
    }

    #[pyo3(signature = (file, offset = Given::NOTHING, count = Given::NOTHING))]
    fn _sendfile_use_send(
        slf: &Bound<'_, Self>,
        file: &Bound<'_, PyAny>,
        offset: Given<'_>,
        count: Given<'_>,
    ) -> PyResult<u64> {
        sendfile::with_send(slf, file, offset.get(), count.get())
    }

    #[expect(unused_variables, reason = "the standard library's takes it too")]
    fn _check_sendfile_params(
        slf: &Bound<'_, Self>,
        file: &Bound<'_, PyAny>,
        offset: &Bound<'_, PyAny>,
        count: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        sendfile::check(slf, file, Some(count))
    }
}

/// Puts the class on the module, as `socket` and as `SocketType`.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let class = module.py().get_type::<Socket>();
    // PyO3 calls it by its full name in messages, where classes of Python have their own only.
    class.setattr("__name__", "socket")?;
    finalizer::install(&class);
    construct::install(&class);
    method::add(&class, &table::METHODS)?;
    method::add(&class, &additions::METHODS)?;
    native::remember(module.py())?;
    module.add_class::<Deadline>()?;
    module.add("socket", &class)?;
    module.add("SocketType", &class)
}
