//! Calls of the core that own no socket object yet, made while other threads run Python.

use pyo3::prelude::*;
use rsocket::{Deadline, Error, NetlinkError, Wait};

use crate::error;
use crate::socket::timeout::Timeout;

/// How such a call waits: until its deadline, running signal handlers when they are due (PEP 475).
pub(super) struct Detached {
    deadline: Option<Deadline>,
    raised: Option<PyErr>,
}

impl Wait for Detached {
    fn interrupted(&mut self) -> rsocket::Result<()> {
        if let Err(raised) = Python::attach(|py: Python<'_>| py.check_signals()) {
            self.raised = Some(raised);
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }
}

/// Makes a call of the core with the interpreter free for other threads.
///
/// # Errors
/// What a signal handler raised, or the error of the call as `convert` makes an exception of it.
pub(super) fn detached<R: Send>(
    py: Python<'_>,
    timeout: Timeout,
    call: impl FnOnce(&mut Detached) -> rsocket::Result<R> + Send,
) -> PyResult<R> {
    let mut wait = Detached {
        deadline: timeout.to_wait().map(Deadline::after),
        raised: None,
    };
    let result = py.detach(|| call(&mut wait));
    result.map_err(|error| match (error, wait.raised) {
        (Error::Interrupted, Some(raised)) => raised,
        (error, _) => exception(py, error),
    })
}

/// The exception for an error of the core, with its own text where that says more than the errno.
pub(super) fn exception(py: Python<'_>, error: Error) -> PyErr {
    match error {
        Error::Netlink(NetlinkError::Refused(errno)) => error::from_errno(errno),
        Error::Netlink(_) | Error::WrongFamily | Error::WrongKind => {
            pyo3::exceptions::PyOSError::new_err((error.errno().raw(), error.to_string()))
        }
        error => error::to_python(py, error),
    }
}
