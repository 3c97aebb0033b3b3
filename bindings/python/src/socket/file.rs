//! `SocketIO`: the raw file under what `makefile` gives.
//!
//! A class of Python, made at import on `io.RawIOBase`, so that every `isinstance` and every
//! subclass finds the bases of the standard library's. Its state is in slots, its methods are here.

use std::ffi::c_void;
use std::ptr;

use pyo3::exceptions::{PySystemError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyInt, PyString, PyTuple, PyType};

use super::Socket;
use super::method::{Answer, Arguments, enter};
use super::raw::{self, close, fileno, open, read_into, write};
use super::slots::{File, SLOTS, Slot, locate};
use crate::argument::arity;

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
    namespace.set_item("__slots__", PyTuple::new(py, SLOTS)?)?;
    let bases = PyTuple::new(py, [&base])?;
    let class = base
        .get_type()
        .call1(("SocketIO", bases, namespace))?
        .cast_into::<PyType>()?;
    locate(&class)?;
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
    raw::remember(&class)?;
    Ok(class.unbind())
}

/// Tables that the interpreter keeps for ever.
struct Static<T>(T);

// SAFETY: pointers to functions and static strings, which nobody writes to.
unsafe impl<T> Sync for Static<T> {}

/// One entry for a method without arguments, or with one, which may come by its name.
macro_rules! method {
    ($name:literal, $doc:literal, |$slf:ident| $body:expr) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            _nothing: *mut ffi::PyObject,
        ) -> *mut ffi::PyObject {
            // SAFETY: the interpreter calls methods with live objects, `slf` of this class
            // (PyDescr).
            unsafe {
                enter(|py| {
                    let $slf = &File(Borrowed::from_ptr(py, slf));
                    $body
                })
            }
        }
        ffi::PyMethodDef {
            ml_name: concat!($name, "\0").as_ptr().cast(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: call },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: concat!($name, "($self)\n--\n\n", $doc, "\0")
                .as_ptr()
                .cast(),
        }
    }};
    ($name:literal, $parameter:literal, $doc:literal, $body:path) => {{
        unsafe extern "C" fn call(
            slf: *mut ffi::PyObject,
            objects: *const *mut ffi::PyObject,
            count: ffi::Py_ssize_t,
            names: *mut ffi::PyObject,
        ) -> *mut ffi::PyObject {
            // SAFETY: as above; METH_FASTCALL passes `count` live objects, and METH_KEYWORDS one
            // more for each name.
            unsafe {
                enter(|py| {
                    let arguments = Arguments::new(py, objects.cast_mut(), count, names);
                    let argument = only(&arguments, $name, $parameter)?;
                    $body(&File(Borrowed::from_ptr(py, slf)), &argument)
                })
            }
        }
        ffi::PyMethodDef {
            ml_name: concat!($name, "\0").as_ptr().cast(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionFastWithKeywords: call,
            },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: concat!($name, "($self, ", $parameter, ")\n--\n\n", $doc, "\0")
                .as_ptr()
                .cast(),
        }
    }};
}

/// The one argument of a method written in Python, with the messages of one.
#[inline]
fn only<'a, 'py>(
    arguments: &Arguments<'a, 'py>,
    method: &str,
    parameter: &str,
) -> PyResult<Borrowed<'a, 'py, PyAny>> {
    match arguments.exactly_positional() {
        Some([argument]) => Ok(argument),
        None => only_by_name(arguments, method, parameter),
    }
}

#[cold]
fn only_by_name<'a, 'py>(
    arguments: &Arguments<'a, 'py>,
    method: &str,
    parameter: &str,
) -> PyResult<Borrowed<'a, 'py, PyAny>> {
    let class = if cfg!(Py_3_10) { "SocketIO." } else { "" };
    let fail = |what: String| Err(PyTypeError::new_err(format!("{class}{method}() {what}")));
    for name in arguments.names().into_iter().flatten() {
        let name: String = name.extract()?;
        if name != parameter {
            return fail(format!("got an unexpected keyword argument '{name}'"));
        }
    }
    match (arguments.positional().count(), arguments.named().next()) {
        (0, Some(argument)) => Ok(argument),
        (_, Some(_)) => fail(format!("got multiple values for argument '{parameter}'")),
        (0, None) => fail(format!(
            "missing 1 required positional argument: '{parameter}'"
        )),
        (given, None) => fail(format!(
            "takes 2 positional arguments but {} were given",
            given + 1
        )),
    }
}

static METHODS: Static<[ffi::PyMethodDef; 8]> = Static([
    ffi::PyMethodDef {
        ml_name: c"__init__".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionWithKeywords: call_init,
        },
        ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
        ml_doc: c"__init__($self, sock, mode)\n--\n\n\
            The mode is 'r', 'w' or 'rw', with or without a 'b'."
            .as_ptr(),
    },
    method!(
        "readinto",
        "b",
        "Reads into a writable buffer and gives the number of bytes; None where nothing is there.\n\n\
         After a timeout every further read raises OSError.",
        read_into
    ),
    method!(
        "write",
        "b",
        "Writes what there is room for and gives the number of bytes; None where there is none.",
        write
    ),
    method!("readable", "True if the file is open for reading.", |slf| {
        open(slf)?;
        Ok(slf.need(Slot::Reading)?)
    }),
    method!("writable", "True if the file is open for writing.", |slf| {
        open(slf)?;
        Ok(slf.need(Slot::Writing)?)
    }),
    method!("seekable", "False: sockets have no position.", |slf| {
        open(slf)?;
        let base = class(slf.py())?.getattr(intern!(slf.py(), "__base__"))?;
        Ok(base.call_method1(intern!(slf.py(), "seekable"), (slf.object(),))?)
    }),
    method!("fileno", "The descriptor of the socket.", |slf| fileno(slf)),
    method!(
        "close",
        "Closes the file. The socket stays open, unless it was closed before and this is its last \
         file.",
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
            // SAFETY: the interpreter passes a live object of this class (PyDescr).
            unsafe {
                enter(|py| {
                    let $slf = &File(Borrowed::from_ptr(py, slf));
                    $body
                })
            }
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
        Ok(PyBool::new(slf.py(), slf.is(Slot::IsClosed)?)
            .to_owned()
            .into_any())
    }),
    property!(
        "name",
        "The descriptor of the socket; -1 once the file is closed.",
        |slf| {
            if slf.is(Slot::IsClosed)? {
                return Ok(PyInt::new(slf.py(), -1).into_any());
            }
            Ok(slf.object().call_method0(intern!(slf.py(), "fileno"))?)
        }
    ),
    property!("mode", "The mode, with a 'b'.", |slf| Ok(
        slf.need(Slot::Mode)?
    )),
]);

unsafe extern "C" fn call_init(
    slf: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_VARARGS | METH_KEYWORDS passes a live object of this class, a tuple, and a dict
    // or null.
    unsafe {
        enter(|py| {
            let args = Borrowed::from_ptr(py, args).cast_unchecked::<PyTuple>();
            let keywords = (!keywords.is_null())
                .then(|| Borrowed::from_ptr(py, keywords).cast_unchecked::<PyDict>());
            init(
                &File(Borrowed::from_ptr(py, slf)),
                &args,
                keywords.as_deref(),
            )
        })
    }
}

fn init<'py>(
    slf: &File<'_, 'py>,
    args: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> Answer<'py> {
    let py = slf.py();
    let argument = |index: usize, name: &str| -> PyResult<Bound<'py, PyAny>> {
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
        let text = format!("invalid mode: {}", mode.repr()?);
        return Err(PyValueError::new_err(text).into());
    }
    slf.fill(&sock, &text)?;
    Ok(py.None().into_bound(py))
}

/// A file on a socket, in one of the modes of `SocketIO`.
pub(super) fn open_on<'py>(sock: &Bound<'py, Socket>, mode: &str) -> PyResult<Bound<'py, PyAny>> {
    let py = sock.py();
    let class = class(py)?;
    // SAFETY: a type that was made by a class statement has `tp_new`, which takes the type, a tuple
    // of arguments and a dict of keywords or null, and gives a new object or null.
    let object = unsafe {
        let Some(new) = (*class.as_type_ptr()).tp_new else {
            return Err(PySystemError::new_err("SocketIO cannot be made"));
        };
        let nothing = PyTuple::empty(py);
        let object = new(class.as_type_ptr(), nothing.as_ptr(), ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, object)?
    };
    File(object.as_borrowed()).fill(sock.as_any(), mode)?;
    Ok(object)
}

/// Puts the class on the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("SocketIO", class(module.py())?)
}
