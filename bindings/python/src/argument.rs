//! Arguments as the C API converts them, with its messages.

use std::ffi::{CStr, c_int, c_long};

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList, PyTuple};

use crate::error::forget;
use crate::socket::plain_number;

/// An argument that is a C `int`, as format `i` of PyArg_ParseTuple takes it.
pub(crate) fn int(object: &Bound<'_, PyAny>) -> PyResult<c_int> {
    let value = long(object)?;
    c_int::try_from(value).map_err(|_| {
        PyOverflowError::new_err(if value > 0 {
            "signed integer is greater than maximum"
        } else {
            "signed integer is less than minimum"
        })
    })
}

/// An optional argument that is a C `int`.
pub(crate) fn int_or(object: Option<&Bound<'_, PyAny>>, default: c_int) -> PyResult<c_int> {
    object.map_or(Ok(default), int)
}

/// A single argument that is a C `int`, whose message differs from that of several arguments.
pub(crate) fn lone_int(object: &Bound<'_, PyAny>) -> PyResult<c_int> {
    let mut overflow = 0;
    // SAFETY: PyLong_AsLongAndOverflow takes any object; -1 may come with an exception set.
    let value = unsafe { ffi::PyLong_AsLongAndOverflow(object.as_ptr(), &raw mut overflow) };
    if value == -1 && overflow == 0 {
        return PyErr::take(object.py()).map_or(Ok(-1), Err);
    }
    c_int::try_from(value)
        .ok()
        .filter(|_| overflow == 0)
        .ok_or_else(|| PyOverflowError::new_err("Python int too large to convert to C int"))
}

/// An argument that is a C `long`.
pub(crate) fn long(object: &Bound<'_, PyAny>) -> PyResult<c_long> {
    if cfg!(not(Py_3_10)) {
        refuse_float(object)?;
    }
    any_long(object)
}

/// What Python 3.9 says to a float where it does not cut off the fraction with a warning.
pub(crate) fn refuse_float(object: &Bound<'_, PyAny>) -> PyResult<()> {
    if object.is_instance_of::<PyFloat>() {
        return Err(PyTypeError::new_err("integer argument expected, got float"));
    }
    Ok(())
}

/// A C `long` of whatever the interpreter converts to one: in Python 3.9 that includes floats.
pub(crate) fn any_long(object: &Bound<'_, PyAny>) -> PyResult<c_long> {
    // SAFETY: PyLong_AsLong takes any object; -1 may come with an exception set.
    let value = unsafe { ffi::PyLong_AsLong(object.as_ptr()) };
    match value {
        -1 => PyErr::take(object.py()).map_or(Ok(-1), Err),
        value => Ok(value),
    }
}

/// An argument that is a C `unsigned int`, taken modulo 2^32 as format `I` takes it.
pub(crate) fn wrapping_u32(object: &Bound<'_, PyAny>) -> PyResult<u32> {
    wrapping_u64(object).map(|value| value as u32)
}

/// An argument that is a C `unsigned long`, taken modulo 2^64 as format `k` takes it.
pub(crate) fn wrapping_u64(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    if cfg!(not(Py_3_10)) {
        refuse_float(object)?;
    }
    // SAFETY: PyLong_AsUnsignedLongLongMask takes any object; all ones may come with an exception.
    let value = unsafe { ffi::PyLong_AsUnsignedLongLongMask(object.as_ptr()) };
    match value {
        u64::MAX => PyErr::take(object.py()).map_or(Ok(value), Err),
        value => Ok(value),
    }
}

/// An argument that is a C `Py_ssize_t`.
#[inline]
pub(crate) fn size(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    match plain_number(object) {
        Some(number) => Ok(number),
        None => any_size(object),
    }
}

#[cold]
fn any_size(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    if cfg!(not(Py_3_10)) {
        refuse_float(object)?;
    }
    // SAFETY: PyNumber_Index takes any object, and gives an int or null with an exception;
    // PyLong_AsSsize_t takes an int; -1 may come with an exception.
    unsafe {
        let index = ffi::PyNumber_Index(object.as_ptr());
        let index = Bound::from_owned_ptr_or_err(object.py(), index)?;
        match ffi::PyLong_AsSsize_t(index.as_ptr()) {
            -1 => PyErr::take(object.py()).map_or(Ok(-1), Err),
            number => Ok(number),
        }
    }
}

/// An argument that is a C `Py_ssize_t`, or None for -1.
#[inline]
pub(crate) fn size_or_none(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    match plain_number(object) {
        Some(number) => Ok(number),
        None if object.is_none() => Ok(-1),
        None => any_size_or_none(object),
    }
}

#[cold]
fn any_size_or_none(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    // SAFETY: both take any object; PyNumber_AsSsize_t also a class to raise, and gives -1, which
    // may come with an exception.
    let number = unsafe {
        if ffi::PyIndex_Check(object.as_ptr()) == 0 {
            return Err(PyTypeError::new_err(format!(
                "argument should be integer or None, not '{}'",
                type_name(object)
            )));
        }
        ffi::PyNumber_AsSsize_t(object.as_ptr(), ffi::PyExc_OverflowError)
    };
    match number {
        -1 => PyErr::take(object.py()).map_or(Ok(-1), Err),
        number => Ok(number),
    }
}

/// The name of an object's class, as messages of C show it: that of a class written in C has its
/// module in front.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    // SAFETY: the name is a NUL-terminated string, which lives as long as the type; the object keeps
    // that alive.
    let name = unsafe { CStr::from_ptr((*ffi::Py_TYPE(object.as_ptr())).tp_name) };
    name.to_string_lossy().into_owned()
}

/// Everything in an iterable.
///
/// # Errors
/// TypeError with `message` where it is none, and whatever the iteration raises.
pub(crate) fn items<'py>(
    object: &Bound<'py, PyAny>,
    message: &'static str,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if let Ok(list) = object.cast_exact::<PyList>() {
        return Ok(list.iter().collect());
    }
    if let Ok(tuple) = object.cast_exact::<PyTuple>() {
        return Ok(tuple.iter().collect());
    }
    match object.try_iter() {
        Ok(items) => items.collect(),
        Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => {
            forget(object.py(), error);
            Err(PyTypeError::new_err(message))
        }
        Err(error) => Err(error),
    }
}

/// Checks how many positional arguments came, with PyArg_ParseTuple's messages.
///
/// # Errors
/// TypeError `…() takes exactly 3 arguments (2 given)`.
pub(crate) fn arity(method: &str, given: usize, least: usize, most: usize) -> PyResult<()> {
    arity_of(&format!("{method}()"), given, least, most)
}

/// As [`arity`], for what is no method.
pub(crate) fn arity_of(what: &str, given: usize, least: usize, most: usize) -> PyResult<()> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let (bound, count) = match (least == most, given < least) {
        (true, _) => ("exactly", least),
        (false, true) => ("at least", least),
        (false, false) => ("at most", most),
    };
    let plural = if count == 1 { "" } else { "s" };
    let text = format!("{what} takes {bound} {count} argument{plural} ({given} given)");
    Err(PyTypeError::new_err(text))
}

/// An optional argument of which `None` is a value like any other.
pub(crate) struct Given<'py>(Option<Bound<'py, PyAny>>);

impl<'py> Given<'py> {
    pub(crate) const NOTHING: Given<'static> = Given(None);

    pub(crate) fn get(&self) -> Option<&Bound<'py, PyAny>> {
        self.0.as_ref()
    }
}

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = std::convert::Infallible;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> Result<Self, Self::Error> {
        Ok(Given(Some(object.to_owned())))
    }
}
