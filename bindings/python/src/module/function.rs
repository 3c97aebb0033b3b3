//! Functions by the C calling conventions: the interpreter itself then parses their arguments and
//! words the errors, in every version as that version does.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::attach::Attached;

/// What a function of the module gives: a new object.
pub(super) type Answer<'py> = PyResult<Bound<'py, PyAny>>;

/// The functions of one file, in the form that the interpreter keeps for ever.
#[repr(transparent)]
pub(super) struct Table<const N: usize>(pub(super) [ffi::PyMethodDef; N]);

// SAFETY: the table holds pointers to functions and to static strings; the interpreter only reads
// it.
unsafe impl<const N: usize> Sync for Table<N> {}

/// Puts the functions of a table, which ends with an empty entry, on the module.
pub(super) fn add<const N: usize>(
    module: &Bound<'_, PyModule>,
    table: &'static Table<N>,
) -> PyResult<()> {
    // SAFETY: the table is static, ends with an empty entry (`functions!` appends it), and each
    // entry's flags are those of its function's convention.
    let result = unsafe {
        ffi::PyModule_AddFunctions(module.as_ptr(), (&raw const table.0).cast_mut().cast())
    };
    if result == 0 {
        Ok(())
    } else {
        Err(PyErr::fetch(module.py()))
    }
}

/// Runs the body of a function.
///
/// PyO3 does not know that this thread is attached: bodies hold objects as `Bound`, and errors are
/// dropped where it is told.
///
/// # Safety
/// The interpreter must have called the function at hand.
#[inline]
pub(super) unsafe fn enter<'py>(
    body: impl FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls functions on attached threads only.
    let py = unsafe { Python::assume_attached() };
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(object)) => object.into_ptr(),
        Ok(Err(error)) => raise(py, error),
        Err(_) => {
            let text = "a function of rsocket panicked; please report it";
            raise(py, PySystemError::new_err(text))
        }
    }
}

#[cold]
fn raise(_py: Python<'_>, error: PyErr) -> *mut ffi::PyObject {
    // SAFETY: `_py`.
    let attached = unsafe { Attached::assume() };
    attached.run(|py| error.restore(py));
    ptr::null_mut()
}

/// Builds a [`Table`]. Each line is `convention name(signature) = path, doc;` with the convention
/// `noargs` (`fn(Python)`), `one` (`fn(&Bound<PyAny>)`), `tuple` (`fn(&Bound<PyTuple>)`), or `fast`
/// and `single` (`fn(&Arguments)`). A `single` function takes one argument, by METH_O from Python
/// 3.13 on and out of a tuple before, as its messages tell.
macro_rules! functions {
    ($($convention:ident $name:ident $signature:literal = $path:path, $doc:literal;)+) => {
        $crate::module::function::Table([
            $({
                let (ml_meth, ml_flags) = functions!(@$convention $path);
                pyo3::ffi::PyMethodDef {
                    ml_name: concat!(stringify!($name), "\0").as_ptr().cast(),
                    ml_meth,
                    ml_flags,
                    ml_doc: concat!(stringify!($name), $signature, "\n--\n\n", $doc, "\0")
                        .as_ptr()
                        .cast(),
                }
            },)+
            pyo3::ffi::PyMethodDef::zeroed(),
        ])
    };
    (@noargs $path:path) => {{
        unsafe extern "C" fn call(
            _module: *mut pyo3::ffi::PyObject,
            _nothing: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: the interpreter calls the functions of a table.
            unsafe { $crate::module::function::enter(|py| $path(py)) }
        }
        (pyo3::ffi::PyMethodDefPointer { PyCFunction: call }, pyo3::ffi::METH_NOARGS)
    }};
    (@one $path:path) => {{
        unsafe extern "C" fn call(
            _module: *mut pyo3::ffi::PyObject,
            argument: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: the interpreter calls the functions of a table; METH_O passes one object,
            // which the caller keeps alive.
            unsafe {
                $crate::module::function::enter(|py| $path(&pyo3::Borrowed::from_ptr(py, argument)))
            }
        }
        (pyo3::ffi::PyMethodDefPointer { PyCFunction: call }, pyo3::ffi::METH_O)
    }};
    (@tuple $path:path) => {{
        unsafe extern "C" fn call(
            _module: *mut pyo3::ffi::PyObject,
            arguments: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: the interpreter calls the functions of a table; METH_VARARGS passes a tuple,
            // which the caller keeps alive.
            unsafe {
                $crate::module::function::enter(|py| {
                    let arguments = pyo3::Borrowed::from_ptr(py, arguments);
                    $path(&arguments.cast_unchecked::<pyo3::types::PyTuple>())
                })
            }
        }
        (pyo3::ffi::PyMethodDefPointer { PyCFunction: call }, pyo3::ffi::METH_VARARGS)
    }};
    (@fast $path:path) => {{
        unsafe extern "C" fn call(
            _module: *mut pyo3::ffi::PyObject,
            arguments: *const *mut pyo3::ffi::PyObject,
            count: pyo3::ffi::Py_ssize_t,
            keywords: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: the interpreter calls the functions of a table; METH_FASTCALL passes `count`
            // objects, which the caller keeps alive, and those of the keywords behind them.
            unsafe {
                $crate::module::function::enter(|py| {
                    let new = $crate::module::function::Arguments::new;
                    $path(&new(py, arguments, count, keywords))
                })
            }
        }
        (
            pyo3::ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: call },
            pyo3::ffi::METH_FASTCALL | pyo3::ffi::METH_KEYWORDS,
        )
    }};
    (@single $path:path) => {
        $crate::module::function::single!($path)
    };
}
pub(super) use functions;

#[cfg(Py_3_13)]
macro_rules! single {
    ($path:path) => {{
        unsafe extern "C" fn call(
            _module: *mut pyo3::ffi::PyObject,
            argument: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: the interpreter calls the functions of a table; METH_O passes one object,
            // which the caller keeps alive.
            unsafe {
                $crate::module::function::enter(|py| {
                    let new = $crate::module::function::Arguments::new;
                    $path(&new(py, &raw const argument, 1, std::ptr::null_mut()))
                })
            }
        }
        (
            pyo3::ffi::PyMethodDefPointer { PyCFunction: call },
            pyo3::ffi::METH_O,
        )
    }};
}
#[cfg(not(Py_3_13))]
macro_rules! single {
    ($path:path) => {
        $crate::module::function::functions!(@fast $path)
    };
}
pub(super) use single;

/// The positional arguments of a `fast` or `single` function.
pub(super) struct Arguments<'a, 'py> {
    py: Python<'py>,
    objects: &'a [*mut ffi::PyObject],
    has_keywords: bool,
}

impl<'a, 'py> Arguments<'a, 'py> {
    /// # Safety
    /// `objects` must point to `count` live objects that outlive the result; `keywords` is null or
    /// a live tuple.
    pub(super) unsafe fn new(
        py: Python<'py>,
        objects: *const *mut ffi::PyObject,
        count: ffi::Py_ssize_t,
        keywords: *mut ffi::PyObject,
    ) -> Self {
        let objects = match usize::try_from(count) {
            Ok(0) | Err(_) => &[][..],
            // SAFETY: the caller's promise.
            Ok(count) => unsafe { std::slice::from_raw_parts(objects, count) },
        };
        // SAFETY: the caller's promise.
        let has_keywords = !keywords.is_null() && unsafe { ffi::PyTuple_Size(keywords) } > 0;
        Arguments {
            py,
            objects,
            has_keywords,
        }
    }

    pub(super) fn py(&self) -> Python<'py> {
        self.py
    }

    /// All arguments, if there are as many.
    #[inline]
    pub(super) fn exactly<const N: usize>(&self) -> Option<[Borrowed<'a, 'py, PyAny>; N]> {
        let objects: &[_; N] = self.objects.try_into().ok()?;
        // SAFETY: live objects, as `new` was promised.
        let objects = objects.map(|object| unsafe { Borrowed::from_ptr(self.py, object) });
        (!self.has_keywords).then_some(objects)
    }

    /// # Errors
    /// TypeError where there are keyword arguments, as for a function of C that takes none;
    /// `format` is that of its arguments, which ends with its name.
    pub(super) fn refuse_keywords(&self, format: &CStr) -> PyResult<()> {
        if self.has_keywords {
            let format = format.to_string_lossy();
            let name = format.rsplit(':').next().unwrap_or_default();
            let text = format!("{name}() takes no keyword arguments");
            return Err(pyo3::exceptions::PyTypeError::new_err(text));
        }
        Ok(())
    }

    /// The arguments as a tuple, for [`parse!`].
    pub(super) fn to_tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        let objects = self.objects.iter().map(|object| {
            // SAFETY: a live object, as `new` was promised.
            unsafe { Borrowed::from_ptr(self.py, *object) }.to_owned()
        });
        PyTuple::new(self.py, objects)
    }
}

/// PyArg_ParseTuple: `parse!(tuple, format, place…)?`.
///
/// Each place must have the C type that its letter in the format writes: `i` c_int, `I` c_uint,
/// `n` Py_ssize_t, `s` a `*const c_char` into the argument, `O` a borrowed `*mut PyObject`, `y*` a
/// Py_buffer to release, `et` an encoding and a `*mut c_char` to free, `O&` a converter and its
/// result.
macro_rules! parse {
    ($tuple:expr, $format:literal $(, $place:expr)* $(,)?) => {{
        let tuple: &pyo3::Bound<'_, pyo3::types::PyTuple> = $tuple;
        // SAFETY: the first argument is a tuple; the places fit the format, as the macro asks.
        let parsed = unsafe {
            pyo3::ffi::PyArg_ParseTuple(tuple.as_ptr(), $format.as_ptr() $(, $place)*)
        };
        if parsed == 0 { Err(pyo3::PyErr::fetch(tuple.py())) } else { Ok(()) }
    }};
}
pub(super) use parse;

/// [`parse!`] for the arguments of a `fast` function.
macro_rules! parse_fast {
    ($arguments:expr, $format:literal $(, $place:expr)* $(,)?) => {
        $arguments.refuse_keywords($format).and_then(|()| {
            $crate::module::function::parse!(&$arguments.to_tuple()?, $format $(, $place)*)
        })
    };
}
pub(super) use parse_fast;

/// [`parse!`] for the argument of a `single` function.
#[cfg(Py_3_13)]
macro_rules! parse_single {
    ($arguments:expr, $format:literal $(, $place:expr)* $(,)?) => {{
        let [argument] = $arguments.exactly().ok_or_else(|| {
            pyo3::exceptions::PyTypeError::new_err("takes exactly one argument")
        })?;
        // SAFETY: PyArg_Parse takes one object; the places fit the format, as `parse!` asks.
        let parsed = unsafe {
            pyo3::ffi::PyArg_Parse(argument.as_ptr(), $format.as_ptr() $(, $place)*)
        };
        if parsed == 0 { Err(pyo3::PyErr::fetch($arguments.py())) } else { Ok(()) }
    }};
}
#[cfg(not(Py_3_13))]
macro_rules! parse_single {
    ($($part:tt)*) => { $crate::module::function::parse_fast!($($part)*) };
}
pub(super) use parse_single;

/// Text that the interpreter encoded for us (format `et`), freed at the end.
pub(super) struct Encoded(*mut c_char);

impl Encoded {
    pub(super) const fn empty() -> Self {
        Encoded(ptr::null_mut())
    }

    /// Where format `et` leaves its text.
    pub(super) fn place(&mut self) -> *mut *mut c_char {
        &raw mut self.0
    }

    pub(super) fn text(&self) -> &CStr {
        if self.0.is_null() {
            return c"";
        }
        // SAFETY: format `et` leaves a NUL-terminated copy, which lives until it is freed.
        unsafe { CStr::from_ptr(self.0) }
    }
}

impl Drop for Encoded {
    fn drop(&mut self) {
        // SAFETY: the C API's documentation of `et`: "the caller is responsible for calling
        // PyMem_Free()"; a null pointer is allowed.
        unsafe { ffi::PyMem_Free(self.0.cast::<c_void>()) }
    }
}

/// A borrowed C string that may be absent (formats `s` and `z`).
///
/// # Safety
/// `text` must be null or end in NUL, and outlive the result.
pub(super) unsafe fn optional<'a>(text: *const c_char) -> Option<&'a CStr> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { CStr::from_ptr(text) })
}

/// An argument of the format `i` that need not be parsed: an int in the range of a C int, members of
/// enums and bool among them.
#[inline]
pub(super) fn plain_int(object: &Bound<'_, PyAny>) -> Option<c_int> {
    let mut overflow = 0;
    // SAFETY: PyLong_Check takes any object; PyLong_AsLongAndOverflow takes an int, and has no other
    // failure than the overflow that it reports.
    unsafe {
        if ffi::PyLong_Check(object.as_ptr()) == 0 {
            return None;
        }
        let value = ffi::PyLong_AsLongAndOverflow(object.as_ptr(), &raw mut overflow);
        if overflow != 0 {
            None
        } else {
            c_int::try_from(value).ok()
        }
    }
}
