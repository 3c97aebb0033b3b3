//! What a buffered file only asks its raw file: names, positions, abilities.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::Ordering;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

use super::{Buffered, Kind, under, writer};
use crate::argument::int;
use crate::socket::method::{Answer, Arguments, Names, parse_keywords};
use crate::socket::raw::{Ask, plain};
use crate::socket::slots::Slot;

/// The answer of a method of the raw file.
fn ask<'py>(slf: &Buffered<'_, 'py>, method: &Bound<'py, PyString>) -> Answer<'py> {
    Ok(under::call(&slf.raw()?, method)?)
}

pub(super) fn fileno<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    ask(slf, intern!(slf.py(), "fileno"))
}

pub(super) fn readable<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    ask(slf, intern!(slf.py(), "readable"))
}

pub(super) fn writable<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    ask(slf, intern!(slf.py(), "writable"))
}

pub(super) fn seekable<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    ask(slf, intern!(slf.py(), "seekable"))
}

/// `isatty()`: of a pair, what either half says.
pub(super) fn isatty<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let isatty = intern!(slf.py(), "isatty");
    let answer = ask(slf, isatty)?;
    if slf.state.kind == Kind::Pair && answer.is(PyBool::new(slf.py(), false)) {
        return ask(slf, isatty);
    }
    Ok(answer)
}

pub(super) fn name<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    Ok(under::attribute(&slf.raw()?, intern!(slf.py(), "name"))?)
}

pub(super) fn mode<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    Ok(under::attribute(&slf.raw()?, intern!(slf.py(), "mode"))?)
}

pub(super) fn raw<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let raw = slf.raw_if_any();
    Ok(raw.unwrap_or_else(|| slf.py().None().into_bound(slf.py())))
}

#[inline]
pub(super) fn closed<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let closed = under::is_closed(&slf.raw()?)?;
    Ok(PyBool::new(slf.py(), closed).to_owned().into_any())
}

/// `closed` where the raw file is a plain one, which is asked for every line of a text file: a new
/// reference, or null and no exception where it takes [`closed`].
///
/// # Safety
/// The interpreter must have called a method of the object at hand.
#[inline]
pub(super) unsafe fn quick_closed(slf: &Buffered<'_, '_>) -> *mut ffi::PyObject {
    let raw = slf.state.raw.load(Ordering::Relaxed);
    if cfg!(Py_GIL_DISABLED) || raw.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a reference of the object's, which nobody takes while the interpreter is locked: no
    // code of Python runs.
    let raw = unsafe { Borrowed::from_ptr(slf.py(), raw) };
    let Ok(Some(file)) = plain(&raw, Ask::Closed) else {
        return ptr::null_mut();
    };
    match file.is(Slot::IsClosed) {
        Ok(closed) => PyBool::new(slf.py(), closed).to_owned().into_ptr().cast(),
        Err(_) => ptr::null_mut(),
    }
}

/// `flush()` of a reader.
pub(super) fn flush<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    Ok(under::flush(&slf.raw()?)?)
}

/// `tell()`: a raw file of a socket has no position, unless it is made to have one.
pub(super) fn tell<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let py = slf.py();
    let position = ask(slf, intern!(py, "tell"))?;
    // SAFETY: nothing is done but to look.
    let waiting = unsafe { slf.state.writer.glance() }.map_or(0, |room| room.len());
    Ok(position.sub(slf.ahead())?.add(waiting)?)
}

/// `seek(target, whence=0)`
pub(super) fn seek<'py>(slf: &Buffered<'_, 'py>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let py = slf.py();
    let whence = match arguments.len() {
        0 => {
            let text = "seek expected at least 1 argument, got 0";
            return Err(PyTypeError::new_err(text).into());
        }
        1 => 0,
        2 => arguments
            .positional()
            .nth(1)
            .map_or(Ok(0), |whence| int(&whence))?,
        given => {
            let text = format!("seek expected at most 2 arguments, got {given}");
            return Err(PyTypeError::new_err(text).into());
        }
    };
    let raw = slf.raw()?;
    let known: [c_int; 5] = [
        libc::SEEK_SET,
        libc::SEEK_CUR,
        libc::SEEK_END,
        libc::SEEK_DATA,
        libc::SEEK_HOLE,
    ];
    if !known.contains(&whence) {
        let text = format!("whence value {whence} unsupported");
        return Err(PyValueError::new_err(text).into());
    }
    if under::is_closed(&raw)? && slf.ahead() == 0 {
        return Err(PyValueError::new_err("seek of closed file").into());
    }
    if under::call(&raw, intern!(py, "seekable"))?.is(PyBool::new(py, true)) {
        return unsupported(py, "seek");
    }
    unsupported(py, "File or stream is not seekable.")
}

/// `truncate(pos=None)`
pub(super) fn truncate<'py>(
    slf: &Buffered<'_, 'py>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    static NAMES: Names<2> = Names([c"pos".as_ptr(), ptr::null()]);

    let py = slf.py();
    if cfg!(Py_3_12) {
        let mut pos = ptr::null_mut::<ffi::PyObject>();
        parse_keywords!(arguments, c"|O:truncate", NAMES, &raw mut pos)?;
    } else if arguments.names().is_some() {
        let class = slf.object.get_type().name()?;
        let text = format!("{class}.truncate() takes no keyword arguments");
        return Err(PyTypeError::new_err(text).into());
    } else if arguments.len() > 1 {
        let text = format!(
            "truncate expected at most 1 argument, got {}",
            arguments.len()
        );
        return Err(PyTypeError::new_err(text).into());
    }
    let raw = slf.raw()?;
    let side = match slf.state.kind {
        Kind::Writer => &slf.state.writer,
        _ => &slf.state.reader,
    };
    if slf.is_closed(side, &raw)? && slf.ahead() == 0 {
        return Err(PyValueError::new_err("truncate of closed file").into());
    }
    if slf.state.kind != Kind::Writer {
        return unsupported(py, "truncate");
    }
    let mut room = slf.writing()?;
    writer::flush_room(py, &mut room, &raw)?;
    let position = arguments.exactly().map(|[position]| position.to_owned());
    let position = position.unwrap_or_else(|| py.None().into_bound(py));
    Ok(raw.call_method1(intern!(py, "truncate"), (position,))?)
}

fn unsupported<'py>(py: Python<'py>, message: &str) -> Answer<'py> {
    let class = py.import("io")?.getattr("UnsupportedOperation")?;
    Err(PyErr::from_value(class.call1((message,))?).into())
}

/// `__sizeof__()`: the object and its buffers.
pub(super) fn sizeof<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let sides = [&slf.state.reader, &slf.state.writer];
    // SAFETY: nothing is done but to look; the type is alive.
    let (buffers, object) = unsafe {
        let buffers = sides.map(|side| side.glance().map_or(0, |room| room.capacity()));
        (buffers, (*slf.object.get_type_ptr()).tp_basicsize)
    };
    let size = buffers.iter().sum::<usize>() + object.unsigned_abs();
    Ok(PyInt::new(slf.py(), size).into_any())
}
