//! `with sock.deadline(seconds)`: one deadline over everything that the block does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::timeout::Timeout;
use super::{Socket, lifecycle};

/// What `deadline()` gives: a context manager for one `with` statement at a time.
#[pyclass(frozen, name = "Deadline", module = "rsocket._socket")]
#[derive(Debug)]
pub(super) struct Deadline {
    socket: Py<Socket>,
    timeout: Timeout,
    /// The timeout to put back, and the one that is in force.
    entered: Mutex<Option<(Timeout, Timeout)>>,
}

impl Deadline {
    /// For so many seconds from the entry on, or no end at all for None.
    pub(super) fn new(socket: &Bound<'_, Socket>, seconds: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Deadline {
            socket: socket.clone().unbind(),
            timeout: Timeout::parse(seconds)?,
            entered: Mutex::new(None),
        })
    }

    fn entered(&self) -> MutexGuard<'_, Option<(Timeout, Timeout)>> {
        // Nothing that can panic runs while it is locked.
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Deadline {
    fn __enter__<'a, 'py>(slf: &'a Bound<'py, Self>) -> PyResult<&'a Bound<'py, Self>> {
        let this = slf.get();
        let socket = this.socket.get();
        let mut entered = this.entered();
        if entered.is_some() {
            return Err(PyRuntimeError::new_err("deadline is in force already"));
        }
        let before = socket.timeout();
        let until = before.earlier(this.timeout.to_deadline());
        lifecycle::set_timeout(socket, until)?;
        *entered = Some((before, until));
        drop(entered);
        Ok(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, _args: &Bound<'_, PyTuple>) -> PyResult<()> {
        let Some((before, _)) = self.entered().take() else {
            return Ok(());
        };
        lifecycle::restore_timeout(self.socket.get(), before)
    }

    /// remaining() -> float or None
    ///
    /// The seconds that are left, 0.0 once the deadline has passed; None where there is none, or
    /// outside of the `with` statement.
    fn remaining<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match *self.entered() {
            Some((_, until)) => until.remaining_to_python(py),
            None => py.None().into_bound(py),
        }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("cannot pickle 'Deadline' object"))
    }
}
