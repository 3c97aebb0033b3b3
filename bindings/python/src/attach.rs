//! The way in for slots and functions that the interpreter calls without PyO3's own wrapper.

use pyo3::prelude::*;

/// A thread that is attached already, because the interpreter has called it.
///
/// `Python::attach` will not do there: it refuses, by a panic, while the interpreter shuts down,
/// when finalizers still run.
pub(crate) struct Attached(());

impl Attached {
    /// # Safety
    /// The interpreter must have called the code at hand, which must not have detached since.
    pub(crate) unsafe fn assume() -> Self {
        Attached(())
    }

    pub(crate) fn run<R>(self, body: impl for<'py> FnOnce(Python<'py>) -> R) -> R {
        let mut body = Some(body);
        // PyO3 counts how deep a thread is in it, so that it drops references at once.
        let done = Python::try_attach(|py| body.take().map(|body| body(py))).flatten();
        match (done, body) {
            (Some(done), _) => done,
            // SAFETY: whoever made `self` has promised it.
            (None, Some(body)) => body(unsafe { Python::assume_attached() }),
            (None, None) => unreachable!("a body that was taken has run"),
        }
    }
}
