//! Methods by the C calling conventions, as hot ones must be: no parsing where the arguments are
//! plain, and the interpreter's own parser, with its messages, where they are not.

use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::Socket;
use crate::failure::Failure;

/// What a method gives: a new object.
pub(super) type Answer<'py> = Result<Bound<'py, PyAny>, Failure>;

/// Methods in the form that the interpreter keeps for ever.
pub(super) struct Table<const N: usize>(pub(super) [ffi::PyMethodDef; N]);

// SAFETY: pointers to functions and to static strings; the interpreter only reads them.
unsafe impl<const N: usize> Sync for Table<N> {}

/// Puts the methods of a table on the class.
pub(super) fn add<const N: usize>(
    class: &Bound<'_, PyType>,
    table: &'static Table<N>,
) -> PyResult<()> {
    for method in &table.0 {
        // SAFETY: a live type, and a static entry whose flags fit its function (`methods!`).
        let descriptor = unsafe {
            let method = ptr::from_ref(method).cast_mut();
            let descriptor = ffi::PyDescr_NewMethod(class.as_type_ptr(), method);
            Bound::from_owned_ptr_or_err(class.py(), descriptor)?
        };
        class.setattr(descriptor.getattr("__name__")?.cast_into()?, descriptor)?;
    }
    Ok(())
}

/// Runs the body of a method.
///
/// PyO3 does not know that this thread is attached, so that references which it drops here would
/// wait for a call that it knows of. Bodies therefore hold objects as `Bound` and hand errors out;
/// [`Failure::raise`] tells PyO3.
///
/// # Safety
/// The interpreter must have called the method at hand.
#[inline]
pub(super) unsafe fn enter<'py>(
    body: impl FnOnce(Python<'py>) -> Answer<'py>,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls methods on attached threads only.
    let py = unsafe { Python::assume_attached() };
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(object)) => object.into_ptr(),
        Ok(Err(failure)) => {
            failure.raise(py);
            ptr::null_mut()
        }
        Err(_) => {
            let text = "a method of socket panicked; please report it";
            Failure::Raised(PySystemError::new_err(text)).raise(py);
            ptr::null_mut()
        }
    }
}

/// The arguments of a call: positional ones, then as many by keyword as there are names.
pub(super) struct Arguments<'a, 'py> {
    py: Python<'py>,
    objects: &'a [*mut ffi::PyObject],
    names: Option<Borrowed<'a, 'py, PyTuple>>,
}

impl<'a, 'py> Arguments<'a, 'py> {
    /// # Safety
    /// `objects` must point to `count` live objects, and to one more for each name in `names`,
    /// which is null or a tuple; all outlive the result.
    #[inline]
    pub(super) unsafe fn new(
        py: Python<'py>,
        objects: *mut *mut ffi::PyObject,
        count: ffi::Py_ssize_t,
        names: *mut ffi::PyObject,
    ) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let names = (!names.is_null())
                .then(|| Borrowed::from_ptr(py, names).cast_unchecked::<PyTuple>());
            let count = count.unsigned_abs() + names.map_or(0, |names| names.len());
            let objects = if count == 0 {
                &[][..]
            } else {
                std::slice::from_raw_parts(objects, count)
            };
            Arguments { py, objects, names }
        }
    }

    fn object(&self, object: *mut ffi::PyObject) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: a live object, as `new` was promised.
        unsafe { Borrowed::from_ptr(self.py, object) }
    }

    /// The first argument and two plain numbers, 0 where they are left out; `None` where the
    /// interpreter's parser has to look at the arguments.
    #[inline]
    pub(super) fn plain(&self) -> Option<(Borrowed<'a, 'py, PyAny>, isize, c_int)> {
        if self.names.is_some() {
            return None;
        }
        let number = |object: *mut ffi::PyObject| plain_number(&self.object(object));
        match *self.objects {
            [first] => Some((self.object(first), 0, 0)),
            [first, second] => Some((self.object(first), number(second)?, 0)),
            [first, second, third] => {
                let third = c_int::try_from(number(third)?).ok()?;
                Some((self.object(first), number(second)?, third))
            }
            _ => None,
        }
    }

    /// All positional arguments, if there are as many.
    #[inline]
    pub(super) fn exactly<const N: usize>(&self) -> Option<[Borrowed<'a, 'py, PyAny>; N]> {
        let objects: &[_; N] = self.objects.try_into().ok()?;
        Some(objects.map(|object| self.object(object)))
    }

    /// [`exactly`](Self::exactly), where none came by keyword.
    #[inline]
    pub(super) fn exactly_positional<const N: usize>(
        &self,
    ) -> Option<[Borrowed<'a, 'py, PyAny>; N]> {
        self.exactly().filter(|_| self.names.is_none())
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The positional arguments.
    pub(super) fn positional(&self) -> impl Iterator<Item = Borrowed<'a, 'py, PyAny>> {
        let named = self.names.map_or(0, |names| names.len());
        let count = self.objects.len() - named;
        let objects = self.objects.iter().take(count);
        objects.map(|object| self.object(*object))
    }

    /// The value of each argument by keyword, in the order of [`names`](Self::names).
    pub(super) fn named(&self) -> impl Iterator<Item = Borrowed<'a, 'py, PyAny>> {
        let first = self.objects.len() - self.names.map_or(0, |names| names.len());
        let objects = self.objects.iter().skip(first);
        objects.map(|object| self.object(*object))
    }

    /// The names of the arguments by keyword.
    pub(super) fn names(&self) -> Option<&Bound<'py, PyTuple>> {
        self.names.as_deref()
    }

    /// The arguments as the interpreter's parser takes them.
    pub(super) fn to_tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        let named = self.names.map_or(0, |names| names.len());
        let positional = self.objects.len() - named;
        let objects = self.objects.iter().take(positional);
        PyTuple::new(
            self.py,
            objects.map(|object| self.object(*object).to_owned()),
        )
    }

    /// The arguments by keyword.
    pub(super) fn to_dict(&self) -> PyResult<Bound<'py, PyDict>> {
        let keywords = PyDict::new(self.py);
        let Some(names) = self.names else {
            return Ok(keywords);
        };
        let objects = self.objects.iter().skip(self.objects.len() - names.len());
        for (name, object) in names.iter().zip(objects) {
            keywords.set_item(name, self.object(*object))?;
        }
        Ok(keywords)
    }
}

/// An int that fits, members of enums and bool among them.
#[inline]
pub(crate) fn plain_number(object: &Bound<'_, PyAny>) -> Option<isize> {
    let mut overflow = 0;
    // SAFETY: PyLong_Check takes any object; PyLong_AsLongAndOverflow takes an int, and has no other
    // failure than the overflow that it reports.
    unsafe {
        if ffi::PyLong_Check(object.as_ptr()) == 0 {
            return None;
        }
        let value = ffi::PyLong_AsLongAndOverflow(object.as_ptr(), &raw mut overflow);
        (overflow == 0).then_some(value as isize)
    }
}

/// The names of keyword arguments for [`parse_keywords!`], ending in a null pointer.
pub(super) struct Names<const N: usize>(pub(super) [*const c_char; N]);

// SAFETY: static strings, which the interpreter only reads.
unsafe impl<const N: usize> Sync for Names<N> {}

/// PyArg_ParseTuple: `parse!(arguments, format, place…)?`.
///
/// Each place must have the C type that its letter in the format writes: `i` c_int, `n`
/// Py_ssize_t, `O` a borrowed `*mut PyObject`, `y*` and `w*` a Py_buffer to release.
macro_rules! parse {
    ($arguments:expr, $format:literal $(, $place:expr)* $(,)?) => {{
        let tuple = $arguments.to_tuple()?;
        // SAFETY: a tuple; the places fit the format, as the macro asks.
        let parsed = unsafe {
            pyo3::ffi::PyArg_ParseTuple(tuple.as_ptr(), $format.as_ptr() $(, $place)*)
        };
        if parsed == 0 { Err(pyo3::PyErr::fetch(tuple.py())) } else { Ok(()) }
    }};
}
pub(super) use parse;

/// PyArg_ParseTupleAndKeywords: as [`parse!`], with the names.
macro_rules! parse_keywords {
    ($arguments:expr, $format:literal, $names:expr $(, $place:expr)* $(,)?) => {{
        let (tuple, keywords) = ($arguments.to_tuple()?, $arguments.to_dict()?);
        // SAFETY: a tuple, a dict and static names; the places fit the format, as the macro asks.
        let parsed = unsafe {
            pyo3::ffi::PyArg_ParseTupleAndKeywords(
                tuple.as_ptr(),
                keywords.as_ptr(),
                $format.as_ptr(),
                $names.0.as_ptr().cast_mut().cast()
                $(, $place)*
            )
        };
        if parsed == 0 { Err(pyo3::PyErr::fetch(tuple.py())) } else { Ok(()) }
    }};
}
pub(super) use parse_keywords;

/// Builds a [`Table`]. Each line is `convention name(signature) = path, doc;` with the convention
/// `noargs` (`fn(&Bound<Socket>)`), `one` (`fn(&Bound<Socket>, &Bound<PyAny>)`), or `fast` and
/// `keywords` (`fn(&Bound<Socket>, &Arguments)`).
macro_rules! methods {
    ($($convention:ident $name:ident $signature:literal = $path:path, $doc:literal;)+) => {
        $crate::socket::method::Table([
            $({
                let (ml_meth, ml_flags) = methods!(@$convention $path);
                pyo3::ffi::PyMethodDef {
                    ml_name: concat!(stringify!($name), "\0").as_ptr().cast(),
                    ml_meth,
                    ml_flags,
                    ml_doc: concat!(stringify!($name), $signature, "\n--\n\n", $doc, "\0")
                        .as_ptr()
                        .cast(),
                }
            },)+
        ])
    };
    (@noargs $path:path) => {{
        unsafe extern "C" fn call(
            slf: *mut pyo3::ffi::PyObject,
            _nothing: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: the interpreter calls methods, on live objects of the class (PyDescr).
            unsafe {
                $crate::socket::method::enter(|py| {
                    $path(&$crate::socket::method::receiver(py, slf))
                })
            }
        }
        (pyo3::ffi::PyMethodDefPointer { PyCFunction: call }, pyo3::ffi::METH_NOARGS)
    }};
    (@one $path:path) => {{
        unsafe extern "C" fn call(
            slf: *mut pyo3::ffi::PyObject,
            argument: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: as for `noargs`; METH_O passes one live object.
            unsafe {
                $crate::socket::method::enter(|py| {
                    let argument = pyo3::Borrowed::from_ptr(py, argument);
                    $path(&$crate::socket::method::receiver(py, slf), &argument)
                })
            }
        }
        (pyo3::ffi::PyMethodDefPointer { PyCFunction: call }, pyo3::ffi::METH_O)
    }};
    (@fast $path:path) => {{
        unsafe extern "C" fn call(
            slf: *mut pyo3::ffi::PyObject,
            objects: *mut *mut pyo3::ffi::PyObject,
            count: pyo3::ffi::Py_ssize_t,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: as for `noargs`; METH_FASTCALL passes `count` live objects.
            unsafe {
                $crate::socket::method::enter(|py| {
                    let arguments = $crate::socket::method::Arguments::new(
                        py,
                        objects,
                        count,
                        std::ptr::null_mut(),
                    );
                    $path(&$crate::socket::method::receiver(py, slf), &arguments)
                })
            }
        }
        (pyo3::ffi::PyMethodDefPointer { PyCFunctionFast: call }, pyo3::ffi::METH_FASTCALL)
    }};
    (@keywords $path:path) => {{
        unsafe extern "C" fn call(
            slf: *mut pyo3::ffi::PyObject,
            objects: *const *mut pyo3::ffi::PyObject,
            count: pyo3::ffi::Py_ssize_t,
            names: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: as for `fast`; the values of the named arguments stand behind the others.
            unsafe {
                $crate::socket::method::enter(|py| {
                    let arguments = $crate::socket::method::Arguments::new(
                        py,
                        objects.cast_mut(),
                        count,
                        names,
                    );
                    $path(&$crate::socket::method::receiver(py, slf), &arguments)
                })
            }
        }
        (
            pyo3::ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: call },
            pyo3::ffi::METH_FASTCALL | pyo3::ffi::METH_KEYWORDS,
        )
    }};
}
pub(super) use methods;

/// The socket that a method was called on.
///
/// # Safety
/// A live object of the class or a subclass, which outlives the result.
#[inline]
pub(super) unsafe fn receiver<'a, 'py>(
    py: Python<'py>,
    slf: *mut ffi::PyObject,
) -> Borrowed<'a, 'py, Socket> {
    // SAFETY: the caller's promise.
    unsafe { Borrowed::from_ptr(py, slf).cast_unchecked() }
}
