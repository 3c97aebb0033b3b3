//! What is special to a pair, and arguments as the methods of module io take them.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::{Buffered, forward};
use crate::recursion::Deeper;
use crate::socket::method::{Answer, Arguments};

/// `closed` of a pair.
#[inline]
pub(super) fn closed<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    if !slf.is_ready() {
        let text = "the BufferedRWPair object is being garbage-collected";
        return Err(PyRuntimeError::new_err(text).into());
    }
    forward::closed(slf)
}

/// `readline` of a pair that has attributes of its own: by `peek` and `read`, whatever they are.
#[cold]
pub(super) fn read_line_by_names<'py>(slf: &Buffered<'_, 'py>, limit: isize) -> Answer<'py> {
    let py = slf.py();
    let _deeper = Deeper::enter(py)?;
    let base: Bound<'py, PyType> = py
        .import("_io")?
        .getattr("_IOBase")?
        .cast_into()
        .map_err(PyErr::from)?;
    Ok(base.call_method1(intern!(py, "readline"), (&*slf.object, limit))?)
}

/// The only argument, if there is any.
#[inline]
pub(super) fn optional<'py, T>(
    arguments: &Arguments<'_, 'py>,
    method: &str,
    convert: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Option<T>> {
    match arguments.len() {
        0 => Ok(None),
        1 => arguments
            .exactly()
            .map(|[argument]| convert(&argument))
            .transpose(),
        given => Err(PyTypeError::new_err(format!(
            "{method} expected at most 1 argument, got {given}"
        ))),
    }
}

/// The only argument of a half's method.
#[inline]
pub(super) fn one_argument<'a, 'py>(
    arguments: &Arguments<'a, 'py>,
    method: &str,
) -> PyResult<Borrowed<'a, 'py, PyAny>> {
    match arguments.exactly() {
        Some([argument]) => Ok(argument),
        None => Err(PyTypeError::new_err(format!(
            "{method}() takes exactly one argument ({} given)",
            arguments.len()
        ))),
    }
}
