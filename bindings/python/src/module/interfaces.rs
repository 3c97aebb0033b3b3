//! Network interfaces by name and number.

use std::ffi::{CStr, c_char, c_uint};
use std::ptr;

use pyo3::exceptions::PyOSError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList};
use rsocket::Errno;

use super::function::{Answer, Arguments, Table, functions, parse_single};
use super::names::decode;
use crate::error;

pub(super) static FUNCTIONS: Table<4> = functions! {
    noargs if_nameindex "()" = if_nameindex, "The interfaces as a list of (number, name).";
    single if_nametoindex "(oname, /)" = if_nametoindex, "The number of an interface.";
    one if_indextoname "(index, /)" = if_indextoname, "The name of an interface.";
};

fn if_nameindex(py: Python<'_>) -> Answer<'_> {
    /// The array of if_nameindex(3), freed at the end.
    struct Interfaces(*mut libc::if_nameindex);

    impl Drop for Interfaces {
        fn drop(&mut self) {
            // SAFETY: the array came from if_nameindex(3) and is freed once, here.
            unsafe { libc::if_freenameindex(self.0) }
        }
    }

    // SAFETY: if_nameindex(3) takes nothing and returns an array of its own, or null.
    let interfaces = Interfaces(unsafe { libc::if_nameindex() });
    if interfaces.0.is_null() {
        return Err(error::from_errno(Errno::last()));
    }
    let list = PyList::empty(py);
    let mut next = interfaces.0;
    // SAFETY: if_nameindex(3): the array ends with "an entry with if_index set to zero and if_name
    // set to NULL"; the names before it are strings.
    while let Some((index, name)) = unsafe {
        let entry = &*next;
        (entry.if_index != 0 && !entry.if_name.is_null())
            .then(|| (entry.if_index, CStr::from_ptr(entry.if_name)))
    } {
        list.append((index, decode(py, name)?))?;
        // SAFETY: this entry was not the last one.
        next = unsafe { next.add(1) };
    }
    Ok(list.into_any())
}

fn if_nametoindex<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let py = args.py();
    let mut given = ptr::null_mut();
    let converter: unsafe extern "C" fn(_, _) -> _ = ffi::PyUnicode_FSConverter;
    parse_single!(args, c"O&:if_nametoindex", converter, &raw mut given)?;
    // SAFETY: PyUnicode_FSConverter leaves a new bytes object, whose memory ends in NUL.
    let name = unsafe { Bound::from_owned_ptr(py, given) }.cast_into::<PyBytes>()?;
    // SAFETY: if_nametoindex(3) takes a NUL-terminated string.
    let index = unsafe { libc::if_nametoindex(name.as_bytes().as_ptr().cast::<c_char>()) };
    match index {
        0 if cfg!(Py_3_14) => Err(error::from_errno(Errno::last())),
        0 => Err(PyOSError::new_err("no interface with this name")),
        index => Ok(PyInt::new(py, index).into_any()),
    }
}

fn if_indextoname<'py>(argument: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = argument.py();
    // SAFETY: PyLong_AsUnsignedLong takes any object; all ones may come with an exception set.
    let index = unsafe { ffi::PyLong_AsUnsignedLong(argument.as_ptr()) };
    if index == std::ffi::c_ulong::MAX
        && let Some(error) = PyErr::take(py)
    {
        return Err(error);
    }
    #[cfg(Py_3_13)]
    let index = c_uint::try_from(index)
        .map_err(|_| pyo3::exceptions::PyOverflowError::new_err("index is too large"))?;
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: if_indextoname(3) writes at most IF_NAMESIZE bytes, which are there.
    let found = unsafe { libc::if_indextoname(index as c_uint, name.as_mut_ptr()) };
    if found.is_null() {
        return Err(error::from_errno(Errno::last()));
    }
    // SAFETY: filled with a NUL-terminated name, as above.
    decode(py, unsafe { CStr::from_ptr(name.as_ptr()) })
}
