//! The methods and properties of the classes, in the form that the interpreter keeps for ever.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::Ordering;

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::object::receiver;
use super::pair::{one_argument, optional};
use super::{Buffered, closing, forward, lines, reader, writer};
use crate::argument::{size, size_or_none};
use crate::attach::Attached;
use crate::buffer::Buffer;
use crate::socket::method::{Answer, Arguments, enter};

/// Tables that nobody writes to.
pub(super) struct Static<T>(pub(super) T);

// SAFETY: pointers to functions and to static strings.
unsafe impl<T> Sync for Static<T> {}

/// One entry: `convention name(signature) = path, doc`, where the convention is `noargs`, `one`,
/// `fast` or `keywords`.
macro_rules! entry {
    // With a way that may answer a call without arguments, by an object or null.
    (quick $name:literal $signature:literal = $quick:path, $path:path, $doc:literal) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            objects: *mut *mut ffi::PyObject,
            count: ffi::Py_ssize_t,
        ) -> *mut ffi::PyObject {
            // SAFETY: as for `fast`.
            unsafe {
                if count == 0 {
                    let answer = $quick(&receiver(Python::assume_attached(), slf));
                    if !answer.is_null() {
                        return answer;
                    }
                }
                enter(|py| {
                    let arguments = Arguments::new(py, objects, count, ptr::null_mut());
                    $path(&receiver(py, slf), &arguments)
                })
            }
        }
        ffi::PyMethodDef {
            ml_name: concat!($name, "\0").as_ptr().cast(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: call },
            ml_flags: ffi::METH_FASTCALL,
            ml_doc: concat!($name, $signature, "\n--\n\n", $doc, "\0").as_ptr().cast(),
        }
    }};
    ($convention:ident $name:literal $signature:literal = $path:expr, $doc:literal) => {{
        let (ml_meth, ml_flags) = entry!(@$convention $path);
        ffi::PyMethodDef {
            ml_name: concat!($name, "\0").as_ptr().cast(),
            ml_meth,
            ml_flags,
            ml_doc: concat!($name, $signature, "\n--\n\n", $doc, "\0").as_ptr().cast(),
        }
    }};
    (@noargs $path:expr) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            _nothing: *mut ffi::PyObject,
        ) -> *mut ffi::PyObject {
            // SAFETY: the interpreter calls methods, on live objects of the class (PyDescr).
            unsafe { enter(|py| $path(&receiver(py, slf))) }
        }
        (ffi::PyMethodDefPointer { PyCFunction: call }, ffi::METH_NOARGS)
    }};
    (@one $path:expr) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            argument: *mut ffi::PyObject,
        ) -> *mut ffi::PyObject {
            // SAFETY: as for `noargs`; METH_O passes one live object.
            unsafe {
                enter(|py| {
                    let argument = Borrowed::from_ptr(py, argument);
                    $path(&receiver(py, slf), &argument)
                })
            }
        }
        (ffi::PyMethodDefPointer { PyCFunction: call }, ffi::METH_O)
    }};
    (@fast $path:expr) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            objects: *mut *mut ffi::PyObject,
            count: ffi::Py_ssize_t,
        ) -> *mut ffi::PyObject {
            // SAFETY: as for `noargs`; METH_FASTCALL passes `count` live objects.
            unsafe {
                enter(|py| {
                    let arguments = Arguments::new(py, objects, count, ptr::null_mut());
                    $path(&receiver(py, slf), &arguments)
                })
            }
        }
        (ffi::PyMethodDefPointer { PyCFunctionFast: call }, ffi::METH_FASTCALL)
    }};
    (@keywords $path:expr) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            objects: *const *mut ffi::PyObject,
            count: ffi::Py_ssize_t,
            names: *mut ffi::PyObject,
        ) -> *mut ffi::PyObject {
            // SAFETY: as for `fast`; the values of the named arguments stand behind the others.
            unsafe {
                enter(|py| {
                    let arguments = Arguments::new(py, objects.cast_mut(), count, names);
                    $path(&receiver(py, slf), &arguments)
                })
            }
        }
        (
            ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: call },
            ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        )
    }};
}

/// What ends a table.
const END: ffi::PyMethodDef = ffi::PyMethodDef::zeroed();

type File<'a, 'py> = Buffered<'a, 'py>;
type Many<'a, 'py> = Arguments<'a, 'py>;
type One<'py> = Bound<'py, PyAny>;

fn read<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    let size = optional(arguments, "read", size_or_none)?;
    reader::read(slf, size.unwrap_or(-1))
}

fn read1<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    let size = optional(arguments, "read1", size)?;
    reader::read1(slf, size.unwrap_or(-1))
}

fn peek<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    optional(arguments, "peek", size)?;
    reader::peek(slf)
}

fn read_into<'py>(slf: &File<'_, 'py>, buffer: &One<'py>) -> Answer<'py> {
    reader::read_into(slf, &mut Buffer::write_only(buffer, "readinto")?, false)
}

fn read_into1<'py>(slf: &File<'_, 'py>, buffer: &One<'py>) -> Answer<'py> {
    reader::read_into(slf, &mut Buffer::write_only(buffer, "readinto1")?, true)
}

fn read_line<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    let limit = optional(arguments, "readline", size_or_none)?;
    lines::read_line(slf, limit.and_then(|limit| usize::try_from(limit).ok()))
}

fn read_line_of_pair<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    let limit = optional(arguments, "readline", size_or_none)?;
    if slf.has_attributes() {
        return super::pair::read_line_by_names(slf, limit.unwrap_or(-1));
    }
    lines::read_line_of_pair(slf, limit.and_then(|limit| usize::try_from(limit).ok()))
}

/// # Safety
/// As for `quick_line`.
unsafe fn quick_line_of_pair(slf: &File<'_, '_>) -> *mut ffi::PyObject {
    if slf.has_attributes() {
        return ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    unsafe { lines::quick_line(slf) }
}

fn write<'py>(slf: &File<'_, 'py>, data: &One<'py>) -> Answer<'py> {
    writer::write(slf, &Buffer::read(data)?)
}

fn read_into_of_pair<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    read_into(slf, &*one_argument(arguments, "BufferedReader.readinto")?)
}

fn read_into1_of_pair<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    read_into1(slf, &*one_argument(arguments, "BufferedReader.readinto1")?)
}

fn write_to_pair<'py>(slf: &File<'_, 'py>, arguments: &Many<'_, 'py>) -> Answer<'py> {
    write(slf, &*one_argument(arguments, "BufferedWriter.write")?)
}

fn warn_of_dealloc<'py>(slf: &File<'_, 'py>, source: &One<'py>) -> Answer<'py> {
    if slf.is_ready() {
        closing::warn_of_dealloc(slf, source);
    }
    Ok(slf.py().None().into_bound(slf.py()))
}

pub(super) static READER: Static<[ffi::PyMethodDef; 19]> = Static([
    entry!(fast "read" "($self, size=-1, /)" = read,
        "Reads that many bytes, or to the end; fewer at the end. None where nothing is there."),
    entry!(fast "read1" "($self, size=-1, /)" = read1,
        "Gives what is in the buffer, or else what one read of the raw file brings."),
    entry!(fast "peek" "($self, size=0, /)" = peek,
        "Shows what is in the buffer, which is filled by one read where it is empty."),
    entry!(one "readinto" "($self, buffer, /)" = read_into,
        "Fills a writable buffer, and gives the number of bytes."),
    entry!(one "readinto1" "($self, buffer, /)" = read_into1,
        "Reads into a writable buffer, with one read of the raw file at most."),
    entry!(quick "readline" "($self, size=-1, /)" = lines::quick_line, read_line,
        "Reads a line, or that many bytes of it."),
    entry!(noargs "flush" "($self, /)" = forward::flush, "Flushes the raw file."),
    entry!(noargs "close" "($self, /)" = closing::close, "Closes the raw file."),
    entry!(noargs "detach" "($self, /)" = closing::detach,
        "Gives the raw file away; this one is of no more use."),
    entry!(noargs "seekable" "($self, /)" = forward::seekable, "What the raw file says."),
    entry!(noargs "readable" "($self, /)" = forward::readable, "What the raw file says."),
    entry!(noargs "fileno" "($self, /)" = forward::fileno, "The descriptor."),
    entry!(noargs "isatty" "($self, /)" = forward::isatty, "What the raw file says."),
    entry!(fast "seek" "($self, target, whence=0, /)" = forward::seek,
        "Not for sockets: raises UnsupportedOperation."),
    entry!(noargs "tell" "($self, /)" = forward::tell,
        "Not for sockets: raises UnsupportedOperation."),
    entry!(keywords "truncate" "($self, pos=None, /)" = forward::truncate,
        "Not for sockets: raises UnsupportedOperation."),
    entry!(noargs "__sizeof__" "($self, /)" = forward::sizeof,
        "The bytes of the object and its buffer."),
    entry!(one "_dealloc_warn" "($self, source, /)" = warn_of_dealloc,
        "Lets the raw file warn of a file that was left open."),
    END,
]);

pub(super) static WRITER: Static<[ffi::PyMethodDef; 14]> = Static([
    entry!(one "write" "($self, buffer, /)" = write,
        "Puts bytes into the buffer, or sends them where they do not fit."),
    entry!(noargs "flush" "($self, /)" = writer::flush, "Sends what is in the buffer."),
    entry!(noargs "close" "($self, /)" = closing::close,
        "Flushes the file and closes the raw one."),
    entry!(noargs "detach" "($self, /)" = closing::detach,
        "Flushes the file and gives the raw one away; this one is of no more use."),
    entry!(noargs "seekable" "($self, /)" = forward::seekable, "What the raw file says."),
    entry!(noargs "writable" "($self, /)" = forward::writable, "What the raw file says."),
    entry!(noargs "fileno" "($self, /)" = forward::fileno, "The descriptor."),
    entry!(noargs "isatty" "($self, /)" = forward::isatty, "What the raw file says."),
    entry!(fast "seek" "($self, target, whence=0, /)" = forward::seek,
        "Not for sockets: raises UnsupportedOperation."),
    entry!(noargs "tell" "($self, /)" = forward::tell,
        "Not for sockets: raises UnsupportedOperation."),
    entry!(keywords "truncate" "($self, pos=None, /)" = forward::truncate,
        "Flushes the file. Not for sockets: raises UnsupportedOperation."),
    entry!(noargs "__sizeof__" "($self, /)" = forward::sizeof,
        "The bytes of the object and its buffer."),
    entry!(one "_dealloc_warn" "($self, source, /)" = warn_of_dealloc,
        "Lets the raw file warn of a file that was left open."),
    END,
]);

pub(super) static PAIR: Static<[ffi::PyMethodDef; 14]> = Static([
    entry!(fast "read" "($self, size=-1, /)" = read,
        "Reads that many bytes, or to the end; fewer at the end. None where nothing is there."),
    entry!(fast "read1" "($self, size=-1, /)" = read1,
        "Gives what is in the buffer, or else what one read of the raw file brings."),
    entry!(fast "peek" "($self, size=0, /)" = peek,
        "Shows what is in the buffer, which is filled by one read where it is empty."),
    entry!(fast "readinto" "($self, buffer, /)" = read_into_of_pair,
        "Fills a writable buffer, and gives the number of bytes."),
    entry!(fast "readinto1" "($self, buffer, /)" = read_into1_of_pair,
        "Reads into a writable buffer, with one read of the raw file at most."),
    entry!(quick "readline" "($self, size=-1, /)" = quick_line_of_pair, read_line_of_pair,
        "Reads a line, or that many bytes of it."),
    entry!(fast "write" "($self, buffer, /)" = write_to_pair,
        "Puts bytes into the buffer, or sends them where they do not fit."),
    entry!(noargs "flush" "($self, /)" = writer::flush, "Sends what is in the buffer."),
    entry!(noargs "close" "($self, /)" = closing::close,
        "Flushes the file and closes the raw one."),
    entry!(noargs "readable" "($self, /)" = forward::readable, "What the raw file says."),
    entry!(noargs "writable" "($self, /)" = forward::writable, "What the raw file says."),
    entry!(noargs "isatty" "($self, /)" = forward::isatty, "What the raw file says."),
    entry!(noargs "__sizeof__" "($self, /)" = forward::sizeof,
        "The bytes of the object and its buffers."),
    END,
]);

/// One property that is only read.
macro_rules! property {
    ($name:literal, $set:expr, $doc:literal, $path:expr $(, $quick:path)?) => {{
        unsafe extern "C" fn get(
            slf: *mut ffi::PyObject,
            _closure: *mut c_void,
        ) -> *mut ffi::PyObject {
            // SAFETY: the interpreter passes a live object of the class (PyDescr).
            unsafe {
                $(
                    let answer = $quick(&receiver(Python::assume_attached(), slf));
                    if !answer.is_null() {
                        return answer;
                    }
                )?
                enter(|py| $path(&receiver(py, slf)))
            }
        }
        ffi::PyGetSetDef {
            name: concat!($name, "\0").as_ptr().cast(),
            get: Some(get),
            set: $set,
            doc: concat!($doc, "\0").as_ptr().cast(),
            closure: ptr::null_mut(),
        }
    }};
}

fn finalizing<'py>(slf: &File<'_, 'py>) -> Answer<'py> {
    let finalizing = slf.state.finalizing.load(Ordering::Relaxed);
    Ok(PyBool::new(slf.py(), finalizing).to_owned().into_any())
}

/// Runs the body of a setter.
///
/// # Safety
/// The interpreter must have called the setter at hand.
unsafe fn set(body: impl FnOnce(Python<'_>) -> PyResult<()>) -> c_int {
    // SAFETY: the caller's promise.
    let attached = unsafe { Attached::assume() };
    attached.run(|py| match body(py) {
        Ok(()) => 0,
        Err(raised) => {
            raised.restore(py);
            -1
        }
    })
}

unsafe extern "C" fn set_finalizing(
    slf: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> c_int {
    // SAFETY: the interpreter passes a live object of the class, and one or null where the
    // attribute is deleted.
    unsafe {
        set(|py| {
            let value = Bound::from_borrowed_ptr_or_opt(py, value);
            let Some(value) = value else {
                return Err(PyTypeError::new_err("can't delete numeric/char attribute"));
            };
            let Ok(finalizing) = value.cast::<PyBool>() else {
                return Err(PyTypeError::new_err("attribute value type must be bool"));
            };
            let slf = receiver(py, slf);
            slf.state
                .finalizing
                .store(finalizing.is_true(), Ordering::Relaxed);
            Ok(())
        })
    }
}

unsafe extern "C" fn refuse(
    _slf: *mut ffi::PyObject,
    _value: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> c_int {
    // SAFETY: the interpreter calls setters.
    unsafe { set(|_| Err(PyAttributeError::new_err("readonly attribute"))) }
}

const NO_MORE: ffi::PyGetSetDef = ffi::PyGetSetDef {
    name: ptr::null(),
    get: None,
    set: None,
    doc: ptr::null(),
    closure: ptr::null_mut(),
};

pub(super) static PROPERTIES: Static<[ffi::PyGetSetDef; 6]> = Static([
    property!(
        "closed",
        None,
        "True once the file is closed.",
        forward::closed
    ),
    property!("name", None, "The descriptor of the socket.", forward::name),
    property!("mode", None, "The mode of the raw file.", forward::mode),
    property!("raw", Some(refuse), "The raw file.", forward::raw),
    property!(
        "_finalizing",
        Some(set_finalizing),
        "True while the file is finalized.",
        finalizing
    ),
    NO_MORE,
]);

pub(super) static PAIR_PROPERTIES: Static<[ffi::PyGetSetDef; 2]> = Static([
    property!(
        "closed",
        None,
        "True once the file is closed.",
        super::pair::closed,
        forward::quick_closed
    ),
    NO_MORE,
]);
