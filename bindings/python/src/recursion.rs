//! Bounds how deep native methods may call each other by way of what overrides them.

use pyo3::ffi;
use pyo3::prelude::*;

/// How many levels a call counts for besides its own. Python 3.13 lets C functions be nested 10,000
/// deep, however much of the stack each takes; ours would take more than there is. Before, the limit
/// is that of Python's own calls, and since 3.14 the interpreter looks at the stack itself.
const LEVELS: usize = if cfg!(all(Py_3_13, not(Py_3_14))) {
    7
} else {
    0
};

/// A call in which the program may call us again, until dropped.
pub(crate) struct Deeper<'py> {
    levels: usize,
    _attached: Python<'py>,
}

impl<'py> Deeper<'py> {
    /// # Errors
    /// RecursionError where it is too deep.
    pub(crate) fn enter(py: Python<'py>) -> PyResult<Self> {
        let mut entered = Deeper {
            levels: 0,
            _attached: py,
        };
        for () in std::iter::repeat_n((), LEVELS) {
            // SAFETY: a thread that is attached; every call that returned 0 is left in `drop`.
            if unsafe { ffi::Py_EnterRecursiveCall(c" in a method of a socket".as_ptr()) } != 0 {
                return Err(PyErr::fetch(py));
            }
            entered.levels += 1;
        }
        Ok(entered)
    }
}

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        for _ in 0..self.levels {
            // SAFETY: as many as were entered, on the thread that entered them: `Python` stays on it.
            unsafe { ffi::Py_LeaveRecursiveCall() };
        }
    }
}
