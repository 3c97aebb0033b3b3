//! The classes themselves: how their objects are laid out, collected, finalized and freed.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::exceptions::{PySystemError, PyTypeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use super::table::{PAIR, PAIR_PROPERTIES, PROPERTIES, READER, WRITER};
use super::{Buffered, CLEARED, Kind, State, lines, under};
use crate::attach::Attached;
use crate::error;
use crate::failure::Failure;
use crate::socket::method::Answer;

/// Where the state of an object is: at its end.
///
/// # Safety
/// An object of one of the classes, which has no subclasses.
#[inline]
pub(super) unsafe fn state(object: *mut ffi::PyObject) -> *mut State {
    // SAFETY: the caller's promise: `class` has made the objects as large as the base's and a state.
    unsafe {
        let size = (*ffi::Py_TYPE(object)).tp_basicsize;
        object.byte_offset(size).cast::<State>().sub(1)
    }
}

/// The file that a method was called on.
///
/// # Safety
/// A live object of one of the classes, which outlives the result.
#[inline]
pub(super) unsafe fn receiver<'a, 'py>(
    py: Python<'py>,
    slf: *mut ffi::PyObject,
) -> Buffered<'a, 'py> {
    // SAFETY: the caller's promise.
    unsafe { Buffered::new(Borrowed::from_ptr(py, slf)) }
}

/// Makes a class, on the class of module io that it stands for.
pub(super) fn class(py: Python<'_>, kind: Kind) -> PyResult<Py<PyType>> {
    let (name, full_name, doc): (&str, &CStr, &CStr) = match kind {
        Kind::Reader => (
            "BufferedReader",
            c"_io.BufferedReader",
            c"A file of a socket to read from.",
        ),
        Kind::Writer => (
            "BufferedWriter",
            c"_io.BufferedWriter",
            c"A file of a socket to write to.",
        ),
        Kind::Pair => (
            "BufferedRWPair",
            c"_io.BufferedRWPair",
            c"A file of a socket to read from and write to.",
        ),
    };
    let base = py.import("_io")?.getattr(name)?.cast_into::<PyType>()?;
    // SAFETY: a live type.
    let size = unsafe { (*base.as_type_ptr()).tp_basicsize }
        .checked_add_unsigned(size_of::<State>())
        .filter(|size| size % align_of::<State>().cast_signed() == 0)
        .and_then(|size| c_int::try_from(size).ok());
    let Some(size) = size else {
        return Err(PySystemError::new_err(
            "a file of module io has an odd size",
        ));
    };
    let slot = |slot: c_int, pfunc: *mut c_void| ffi::PyType_Slot { slot, pfunc };
    let mut slots = vec![
        slot(ffi::Py_tp_doc, doc.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_new, new as ffi::newfunc as *mut c_void),
        slot(ffi::Py_tp_init, init as ffi::initproc as *mut c_void),
        slot(
            ffi::Py_tp_dealloc,
            dealloc as ffi::destructor as *mut c_void,
        ),
        slot(
            ffi::Py_tp_traverse,
            traverse as ffi::traverseproc as *mut c_void,
        ),
        slot(ffi::Py_tp_clear, clear as ffi::inquiry as *mut c_void),
    ];
    let methods =
        |table: *const ffi::PyMethodDef| slot(ffi::Py_tp_methods, table.cast_mut().cast());
    let properties =
        |table: *const ffi::PyGetSetDef| slot(ffi::Py_tp_getset, table.cast_mut().cast());
    let finalize = slot(
        ffi::Py_tp_finalize,
        finalize as ffi::destructor as *mut c_void,
    );
    match kind {
        Kind::Reader => slots.extend([
            methods(READER.0.as_ptr()),
            properties(PROPERTIES.0.as_ptr()),
            slot(
                ffi::Py_tp_iternext,
                next_line as ffi::iternextfunc as *mut c_void,
            ),
            finalize,
        ]),
        Kind::Writer => slots.extend([
            methods(WRITER.0.as_ptr()),
            properties(PROPERTIES.0.as_ptr()),
            finalize,
        ]),
        Kind::Pair => slots.extend([
            methods(PAIR.0.as_ptr()),
            properties(PAIR_PROPERTIES.0.as_ptr()),
            slot(
                ffi::Py_tp_iternext,
                next_line as ffi::iternextfunc as *mut c_void,
            ),
        ]),
    }
    slots.push(slot(0, ptr::null_mut()));
    let mut flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC;
    #[cfg(Py_3_10)]
    {
        flags |= ffi::Py_TPFLAGS_IMMUTABLETYPE;
    }
    let mut spec = ffi::PyType_Spec {
        name: full_name.as_ptr(),
        basicsize: size,
        itemsize: 0,
        flags: c_uint::try_from(flags).unwrap_or_default(),
        slots: slots.as_mut_ptr(),
    };
    let bases = PyTuple::new(py, [&base])?;
    // SAFETY: the specification ends in an empty slot, and names functions of the types that its
    // slots ask for; names, documentation and tables are static. The base and its layout are what
    // the size was computed from.
    let class = unsafe {
        let class = ffi::PyType_FromSpecWithBases(&raw mut spec, bases.as_ptr());
        Bound::from_owned_ptr_or_err(py, class)?
    };
    Ok(class.cast_into::<PyType>()?.unbind())
}

/// The class of module io under that of an object.
unsafe fn base(object: *mut ffi::PyObject) -> *mut ffi::PyTypeObject {
    // SAFETY: an object of one of the classes, each of which has one.
    unsafe { (*ffi::Py_TYPE(object)).tp_base }
}

/// Whether a class counts its objects, and shows itself to the garbage collector in their places.
unsafe fn is_on_heap(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: a live type.
    unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HEAPTYPE) != 0 }
}

/// Runs a slot that gives a pointer: null without an exception for `None`.
unsafe fn slot(
    body: impl for<'py> FnOnce(Python<'py>) -> Result<Option<Bound<'py, PyAny>>, Failure>,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls slots on attached threads only.
    let py = unsafe { Python::assume_attached() };
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(object)) => object.map_or(ptr::null_mut(), Bound::into_ptr),
        Ok(Err(failure)) => {
            failure.raise(py);
            ptr::null_mut()
        }
        Err(_) => {
            let text = "a file of a socket panicked; please report it";
            Failure::Raised(PySystemError::new_err(text)).raise(py);
            ptr::null_mut()
        }
    }
}

/// `__new__`: whoever calls the class gets what the class of module io makes of the arguments.
unsafe extern "C" fn new(
    class: *mut ffi::PyTypeObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter passes a type of ours, a tuple, and a dict or null.
    unsafe { ffi::PyObject_Call((*class).tp_base.cast(), arguments, keywords) }
}

/// `__init__`: a file is made once.
unsafe extern "C" fn init(
    _object: *mut ffi::PyObject,
    _arguments: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the interpreter calls slots.
    let attached = unsafe { Attached::assume() };
    attached.run(|py| {
        PyTypeError::new_err("a file of a socket cannot be initialized again").restore(py);
        -1
    })
}

/// `__next__`
unsafe extern "C" fn next_line(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the interpreter passes a live object of the class.
    unsafe {
        let slf = receiver(Python::assume_attached(), object);
        if slf.state.kind == Kind::Reader || !slf.has_attributes() {
            let line = lines::quick_line(&slf);
            if !line.is_null() {
                return line;
            }
        }
        slot(|py| {
            let slf = receiver(py, object);
            let line = next_line_of(&slf)?;
            // SAFETY: bytes, or what else a `readline` gave.
            let len = ffi::PyObject_Size(line.as_ptr());
            if len < 0 {
                // As in module io: the exception stays.
                return Err(PyErr::fetch(py).into());
            }
            Ok((len > 0).then_some(line))
        })
    }
}

fn next_line_of<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    if slf.state.kind == Kind::Reader {
        return lines::read_line(slf, None);
    }
    if slf.has_attributes() {
        return Ok(under::call(&slf.object, intern!(slf.py(), "readline"))?);
    }
    lines::read_line_of_pair(slf, None)
}

/// Closes a reader or writer that was left open, as the base does. Most were closed.
unsafe extern "C" fn finalize(object: *mut ffi::PyObject) {
    // SAFETY: the interpreter finalizes live objects; the base has a finalizer of this type.
    unsafe {
        let py = Python::assume_attached();
        let slf = receiver(py, object);
        let closed = catch_unwind(AssertUnwindSafe(|| is_known_to_be_closed(&slf)));
        if closed.unwrap_or(false) {
            return;
        }
        if let Some(finalize) = (*base(object)).tp_finalize {
            finalize(object);
        }
    }
}

/// Whether the raw file says that it is closed, or there is none, without Python code.
fn is_known_to_be_closed(slf: &Buffered<'_, '_>) -> bool {
    use crate::socket::raw::{Ask, plain};
    use crate::socket::slots::Slot;

    let Some(raw) = slf.raw_if_any() else {
        return !slf.has_attributes();
    };
    match plain(&raw, Ask::Closed) {
        Ok(Some(file)) => file.is(Slot::IsClosed).unwrap_or(false),
        _ => false,
    }
}

unsafe extern "C" fn traverse(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the collector passes a live object of the class, and a function for references, which
    // gives something else than 0 to stop.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let base = base(object);
        if !is_on_heap(base) {
            // From 3.12 on the base shows the class.
            let stop = visit(class.cast(), argument);
            if stop != 0 {
                return stop;
            }
        }
        let raw = (*state(object))
            .raw
            .load(std::sync::atomic::Ordering::Relaxed);
        if !raw.is_null() {
            let stop = visit(raw, argument);
            if stop != 0 {
                return stop;
            }
        }
        (*base)
            .tp_traverse
            .map_or(0, |traverse| traverse(object, visit, argument))
    }
}

unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: the collector passes a live object of the class. PyO3 is not told: the reference is a
    // `Bound`, which is dropped at once.
    unsafe {
        let py = Python::assume_attached();
        drop(receiver(py, object).take_raw(CLEARED));
        (*base(object)).tp_clear.map_or(0, |clear| clear(object))
    }
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the interpreter passes an object whose last reference is gone.
    // PyObject_CallFinalizerFromDealloc: -1 says that the object has a new life; it runs a finalizer
    // once, so the base's own call does nothing. While code of Python may run the collector does not
    // know the object; the base's deallocator expects it to.
    unsafe {
        let py = Python::assume_attached();
        let kind = (*state(object)).kind;
        if kind != Kind::Pair && ffi::PyObject_CallFinalizerFromDealloc(object) < 0 {
            return;
        }
        let class = ffi::Py_TYPE(object);
        let base = base(object);
        ffi::PyObject_GC_UnTrack(object.cast());
        ffi::PyObject_ClearWeakRefs(object);
        let state = state(object);
        let raw = (*state)
            .raw
            .swap(ptr::null_mut(), std::sync::atomic::Ordering::Relaxed);
        ptr::drop_in_place(state);
        if let Some(raw) = Bound::from_owned_ptr_or_opt(py, raw)
            && kind == Kind::Pair
        {
            let _ = catch_unwind(AssertUnwindSafe(|| close_of_pair(py, &raw)));
        }
        ffi::PyObject_GC_Track(object.cast());
        if let Some(dealloc) = (*base).tp_dealloc {
            dealloc(object);
        }
        if !is_on_heap(base) {
            ffi::Py_DECREF(class.cast());
        }
    }
}

/// Closes the raw file of a pair that was left open. As in module io, whose pair gives up its
/// reader first and with it the raw file, what the writer has not sent is lost.
fn close_of_pair(py: Python<'_>, raw: &Bound<'_, PyAny>) {
    // SAFETY: the interpreter has called the deallocator.
    let attached = unsafe { Attached::assume() };
    attached.run(|_| {
        let raised = PyErr::take(py);
        if !under::is_closed(raw).unwrap_or(true) {
            let flushed = under::flush(raw).map(drop);
            let closed = under::close(raw).map(drop);
            let failed = closed.map_err(|failure| failure.exception(py)).and(flushed);
            if let Err(failed) = failed {
                if cfg!(Py_3_13) {
                    failed.write_unraisable(py, Some(raw));
                } else {
                    error::forget(py, failed);
                }
            }
        }
        if let Some(raised) = raised {
            raised.restore(py);
        }
    });
}
