//! `SocketIO`: the raw file under what `makefile` gives.
//!
//! A class of Python, made at import on `io.RawIOBase`, so that every `isinstance` and every
//! subclass finds the bases of the standard library's. Its state is in slots, its methods are here.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::exceptions::{PyOSError, PySystemError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyInt, PyString, PyTuple, PyType};
use rsocket::Errno;

use super::native::{self, Method, native};
use super::{lifecycle, transfer};
use crate::argument::arity;
use crate::attach::Attached;
use crate::buffer::Buffer;
use crate::error;

type Answer<'py> = PyResult<Bound<'py, PyAny>>;

static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The class.
pub(super) fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    CLASS
        .get_or_try_init(py, || make(py))
        .map(|class| class.bind(py))
}

/// Makes the class as a `class` statement would.
fn make(py: Python<'_>) -> PyResult<Py<PyType>> {
    let base = py.import("io")?.getattr("RawIOBase")?;
    let namespace = PyDict::new(py);
    namespace.set_item("__module__", "rsocket")?;
    namespace.set_item(
        "__doc__",
        "Raw I/O on a stream socket; made by socket.makefile().",
    )?;
    let slots = (
        "_sock",
        "_mode",
        "_reading",
        "_writing",
        "_timeout_occurred",
        "_is_closed",
    );
    namespace.set_item("__slots__", slots)?;
    let bases = PyTuple::new(py, [&base])?;
    let class = base
        .get_type()
        .call1(("SocketIO", bases, namespace))?
        .cast_into::<PyType>()?;
    let type_object = class.as_type_ptr();
    for method in &METHODS.0 {
        // SAFETY: a live type, and an entry that is static and fits its function's convention.
        let descriptor = unsafe {
            let method = ptr::from_ref(method).cast_mut();
            Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(type_object, method))?
        };
        class.setattr(
            descriptor.getattr("__name__")?.cast_into::<PyString>()?,
            descriptor,
        )?;
    }
    for property in &PROPERTIES.0 {
        // SAFETY: as above.
        let descriptor = unsafe {
            let property = ptr::from_ref(property).cast_mut();
            Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewGetSet(type_object, property))?
        };
        class.setattr(
            descriptor.getattr("__name__")?.cast_into::<PyString>()?,
            descriptor,
        )?;
    }
    Ok(class.unbind())
}

/// Tables that the interpreter keeps for ever.
struct Static<T>(T);

// SAFETY: pointers to functions and static strings, which nobody writes to.
unsafe impl<T> Sync for Static<T> {}

/// Runs a method's body for the interpreter.
fn enter(
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
) -> *mut ffi::PyObject {
    // SAFETY: every caller is a method that the interpreter calls.
    let attached = unsafe { Attached::assume() };
    attached.run(|py| {
        let answer = catch_unwind(AssertUnwindSafe(|| body(py))).unwrap_or_else(|_| {
            Err(PySystemError::new_err(
                "a method of SocketIO panicked; please report it",
            ))
        });
        match answer {
            Ok(object) => object.into_ptr(),
            Err(error) => {
                error.restore(py);
                ptr::null_mut()
            }
        }
    })
}

/// One entry for a method without arguments, or with one.
macro_rules! method {
    ($name:literal, $doc:literal, $flags:expr, |$slf:ident $(, $argument:ident)?| $body:expr) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            _argument: *mut ffi::PyObject,
        ) -> *mut ffi::PyObject {
            enter(|py| {
                // SAFETY: the interpreter passes live objects, `slf` of this class (PyDescr).
                let $slf = unsafe { &Borrowed::from_ptr(py, slf) };
                $(
                    // SAFETY: as above; METH_O passes an argument.
                    let $argument = unsafe { &Borrowed::from_ptr(py, _argument) };
                )?
                $body
            })
        }
        ffi::PyMethodDef {
            ml_name: concat!($name, "\0").as_ptr().cast(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: call },
            ml_flags: $flags,
            ml_doc: concat!($doc, "\0").as_ptr().cast(),
        }
    }};
}

static METHODS: Static<[ffi::PyMethodDef; 8]> = Static([
    ffi::PyMethodDef {
        ml_name: c"__init__".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionWithKeywords: call_init,
        },
        ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
        ml_doc: c"SocketIO(sock, mode): mode is 'r', 'w' or 'rw', with or without a 'b'.".as_ptr(),
    },
    method!(
        "readinto",
        "Reads into a writable buffer and gives the number of bytes; None where nothing is there.\n\n\
         After a timeout every further read raises OSError.",
        ffi::METH_O,
        |slf, buffer| read_into(slf, buffer)
    ),
    method!(
        "write",
        "Writes what there is room for and gives the number of bytes; None where there is none.",
        ffi::METH_O,
        |slf, data| write(slf, data)
    ),
    method!(
        "readable",
        "True if the file is open for reading.",
        ffi::METH_NOARGS,
        |slf| {
            open(slf)?;
            slf.getattr(intern!(slf.py(), "_reading"))
        }
    ),
    method!(
        "writable",
        "True if the file is open for writing.",
        ffi::METH_NOARGS,
        |slf| {
            open(slf)?;
            slf.getattr(intern!(slf.py(), "_writing"))
        }
    ),
    method!(
        "seekable",
        "False: sockets have no position.",
        ffi::METH_NOARGS,
        |slf| {
            open(slf)?;
            let base = class(slf.py())?.getattr(intern!(slf.py(), "__base__"))?;
            base.call_method1(intern!(slf.py(), "seekable"), (slf,))
        }
    ),
    method!(
        "fileno",
        "The descriptor of the socket.",
        ffi::METH_NOARGS,
        |slf| fileno(slf)
    ),
    method!(
        "close",
        "Closes the file. The socket stays open, unless it was closed before and this is its last \
         file.",
        ffi::METH_NOARGS,
        |slf| close(slf)
    ),
]);

/// One entry for a property that is only read.
macro_rules! property {
    ($name:literal, $doc:literal, |$slf:ident| $body:expr) => {{
        unsafe extern "C" fn get(
            slf: *mut ffi::PyObject,
            _closure: *mut c_void,
        ) -> *mut ffi::PyObject {
            enter(|py| {
                // SAFETY: the interpreter passes a live object of this class (PyDescr).
                let $slf = unsafe { &Borrowed::from_ptr(py, slf) };
                $body
            })
        }
        ffi::PyGetSetDef {
            name: concat!($name, "\0").as_ptr().cast(),
            get: Some(get),
            set: None,
            doc: concat!($doc, "\0").as_ptr().cast(),
            closure: ptr::null_mut(),
        }
    }};
}

static PROPERTIES: Static<[ffi::PyGetSetDef; 3]> = Static([
    property!("closed", "True once the file is closed.", |slf| {
        Ok(PyBool::new(slf.py(), is_closed(slf)?).to_owned().into_any())
    }),
    property!(
        "name",
        "The descriptor of the socket; -1 once the file is closed.",
        |slf| {
            if is_closed(slf)? {
                return Ok(PyInt::new(slf.py(), -1).into_any());
            }
            slf.call_method0(intern!(slf.py(), "fileno"))
        }
    ),
    property!("mode", "The mode, with a 'b'.", |slf| slf
        .getattr(intern!(slf.py(), "_mode"))),
]);

unsafe extern "C" fn call_init(
    slf: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    enter(|py| {
        // SAFETY: METH_VARARGS | METH_KEYWORDS passes a live object of this class, a tuple, and a
        // dict or null.
        let (slf, args, keywords) = unsafe {
            (
                &Borrowed::from_ptr(py, slf),
                &Borrowed::from_ptr(py, args).cast_unchecked::<PyTuple>(),
                (!keywords.is_null()).then(|| Borrowed::from_ptr(py, keywords)),
            )
        };
        let keywords = match &keywords {
            Some(keywords) => Some(keywords.cast::<PyDict>()?.to_owned()),
            None => None,
        };
        init(slf, args, keywords.as_ref())
    })
}

fn init<'py>(
    slf: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> Answer<'py> {
    let py = slf.py();
    let argument = |index: usize, name: &str| -> Answer<'py> {
        if let Ok(argument) = args.get_item(index) {
            return Ok(argument);
        }
        match keywords
            .map(|keywords| keywords.get_item(name))
            .transpose()?
            .flatten()
        {
            Some(argument) => Ok(argument),
            None => Err(PyTypeError::new_err(format!(
                "SocketIO() missing required argument '{name}' (pos {})",
                index + 1
            ))),
        }
    };
    let (sock, mode) = (argument(0, "sock")?, argument(1, "mode")?);
    let given = args.len() + keywords.map_or(0, PyDictMethods::len);
    arity("SocketIO", given, 2, 2)?;
    let text = mode.extract::<String>().unwrap_or_default();
    if !matches!(&*text, "r" | "w" | "rw" | "rb" | "wb" | "rwb") {
        return Err(PyValueError::new_err(format!(
            "invalid mode: {}",
            mode.repr()?
        )));
    }
    let shown = if text.contains('b') {
        text.clone()
    } else {
        text.clone() + "b"
    };
    slf.setattr(intern!(py, "_sock"), sock)?;
    slf.setattr(intern!(py, "_mode"), shown)?;
    slf.setattr(intern!(py, "_reading"), text.contains('r'))?;
    slf.setattr(intern!(py, "_writing"), text.contains('w'))?;
    slf.setattr(intern!(py, "_timeout_occurred"), false)?;
    slf.setattr(intern!(py, "_is_closed"), false)?;
    Ok(py.None().into_bound(py))
}

fn is_closed(slf: &Bound<'_, PyAny>) -> PyResult<bool> {
    // Absent where `__init__` never ran, or failed.
    match slf.getattr_opt(intern!(slf.py(), "_is_closed"))? {
        Some(closed) => closed.is_truthy(),
        None => Ok(false),
    }
}

fn open(slf: &Bound<'_, PyAny>) -> PyResult<()> {
    if is_closed(slf)? {
        return Err(PyValueError::new_err("I/O operation on closed socket."));
    }
    Ok(())
}

/// What `_checkClosed` of the base says.
fn open_file(slf: &Bound<'_, PyAny>) -> PyResult<()> {
    if is_closed(slf)? {
        return Err(PyValueError::new_err("I/O operation on closed file."));
    }
    Ok(())
}

/// Asks `_checkReadable` or `_checkWritable` of the base, unless the answer is known.
fn allowed(
    slf: &Bound<'_, PyAny>,
    flag: &Bound<'_, PyString>,
    check: &Bound<'_, PyString>,
) -> PyResult<()> {
    let exact = slf.get_type().is(class(slf.py())?);
    if exact && slf.getattr(flag)?.is_truthy()? {
        return Ok(());
    }
    slf.call_method0(check).map(drop)
}

/// `None` in place of an error that says that the call would have to wait.
fn none_if_would_block<'py>(py: Python<'py>, error: PyErr) -> Answer<'py> {
    let would_block = error.is_instance_of::<PyOSError>(py)
        && error
            .value(py)
            .getattr(intern!(py, "errno"))?
            .eq(Errno::EAGAIN.raw())?;
    if would_block {
        Ok(py.None().into_bound(py))
    } else {
        Err(error)
    }
}

fn read_into<'py>(slf: &Bound<'py, PyAny>, buffer: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = slf.py();
    open_file(slf)?;
    allowed(slf, intern!(py, "_reading"), intern!(py, "_checkReadable"))?;
    if slf.getattr(intern!(py, "_timeout_occurred"))?.is_truthy()? {
        return Err(PyOSError::new_err("cannot read from timed out object"));
    }
    let sock = slf.getattr(intern!(py, "_sock"))?;
    let received = match native(&sock, Method::RecvInto)? {
        Some(socket) => Buffer::write(buffer, "recv_into").and_then(|mut buffer| {
            let len = transfer::fill(py, socket.get(), &mut buffer, 0, 0);
            Ok(len
                .map_err(|failure| failure.exception(py))?
                .into_pyobject(py)?
                .into_any())
        }),
        None => sock.call_method1(native::name(py, Method::RecvInto)?, (buffer,)),
    };
    match received {
        Ok(len) => Ok(len),
        Err(error) if error.is_instance(py, error::timeout_type(py)?) => {
            slf.setattr(intern!(py, "_timeout_occurred"), true)?;
            Err(error)
        }
        Err(error) => none_if_would_block(py, error),
    }
}

fn write<'py>(slf: &Bound<'py, PyAny>, data: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = slf.py();
    open_file(slf)?;
    allowed(slf, intern!(py, "_writing"), intern!(py, "_checkWritable"))?;
    let sock = slf.getattr(intern!(py, "_sock"))?;
    let sent = match native(&sock, Method::Send)? {
        Some(socket) => Buffer::read(data).and_then(|data| {
            let len = transfer::drain(py, socket.get(), &data, 0);
            Ok(len
                .map_err(|failure| failure.exception(py))?
                .into_pyobject(py)?
                .into_any())
        }),
        None => sock.call_method1(native::name(py, Method::Send)?, (data,)),
    };
    sent.or_else(|error| none_if_would_block(py, error))
}

fn fileno<'py>(slf: &Bound<'py, PyAny>) -> Answer<'py> {
    open_file(slf)?;
    slf.getattr(intern!(slf.py(), "_sock"))?
        .call_method0(native::name(slf.py(), Method::Fileno)?)
}

fn close<'py>(slf: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = slf.py();
    if is_closed(slf)? {
        return Ok(py.None().into_bound(py));
    }
    // The base flushes, which a subclass may override, and is closed then in any case.
    let closed = class(py)?
        .getattr(intern!(py, "__base__"))?
        .call_method1(intern!(py, "close"), (slf,));
    slf.setattr(intern!(py, "_is_closed"), true)?;
    closed?;
    let Some(sock) = slf.getattr_opt(intern!(py, "_sock"))? else {
        // The constructor failed, and the finalizer closes what it left.
        return Ok(py.None().into_bound(py));
    };
    match native(&sock, Method::DecrefSocketIos)? {
        Some(socket) => lifecycle::release_file(socket)?,
        None => {
            sock.call_method0(native::name(py, Method::DecrefSocketIos)?)?;
        }
    }
    slf.setattr(intern!(py, "_sock"), py.None())?;
    Ok(py.None().into_bound(py))
}

/// Puts the class on the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("SocketIO", class(module.py())?)
}
