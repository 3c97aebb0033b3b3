//! Whether a method is still the one of this file, or was replaced by a subclass or an assignment.
//!
//! Methods call each other through the object, as in the standard library: whoever overrides
//! `close` or `send` changes `__exit__` and `sendfile` too. Where nothing is overridden the call
//! goes straight on.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use super::Socket;
use crate::recursion::Deeper;

macro_rules! methods {
    ($($variant:ident = $name:literal,)+) => {
        /// A method that other methods call.
        #[derive(Clone, Copy)]
        pub(crate) enum Method {
            $($variant,)+
        }

        const NAMES: &[&str] = &[$($name),+];
    };
}

methods! {
    Accept = "_accept",
    CheckSendfileParams = "_check_sendfile_params",
    Close = "close",
    DecrefSocketIos = "_decref_socketios",
    Fileno = "fileno",
    RealClose = "_real_close",
    RecvInto = "recv_into",
    RecvMsg = "recvmsg",
    Send = "send",
    SendMsg = "sendmsg",
    SendfileUseSend = "_sendfile_use_send",
    SendfileUseSendfile = "_sendfile_use_sendfile",
}

unsafe extern "C" {
    // What every attribute of every object is found with, through the type's cache. Not in the
    // documented C API, and yet exported by every CPython.
    fn _PyType_Lookup(
        class: *mut ffi::PyTypeObject,
        name: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject;
}

/// Name and function of each method as this file defines it.
type Table = Vec<(Py<PyString>, Py<PyAny>)>;

static TABLE: PyOnceLock<Table> = PyOnceLock::new();

fn entry(py: Python<'_>, method: Method) -> PyResult<&(Py<PyString>, Py<PyAny>)> {
    let table = TABLE.get_or_try_init(py, || {
        let class = py.get_type::<Socket>();
        NAMES
            .iter()
            .map(|name| {
                let name = PyString::intern(py, name);
                let function = class.getattr(&name)?.unbind();
                Ok((name.unbind(), function))
            })
            .collect::<PyResult<Table>>()
    })?;
    table
        .get(method as usize)
        .ok_or_else(|| pyo3::exceptions::PySystemError::new_err("method without an entry"))
}

/// Remembers the methods, before anybody can replace one.
pub(super) fn remember(py: Python<'_>) -> PyResult<()> {
    entry(py, Method::Close).map(drop)
}

/// The socket, where `object` is exactly of our class and nobody replaced the method there.
pub(crate) fn native<'a, 'py>(
    object: &'a Bound<'py, PyAny>,
    method: Method,
) -> PyResult<Option<&'a Bound<'py, Socket>>> {
    let py = object.py();
    let Ok(socket) = object.cast_exact::<Socket>() else {
        return Ok(None);
    };
    let (name, function) = entry(py, method)?;
    let current = lookup(object.get_type_ptr(), name.bind(py));
    Ok((current == function.as_ptr()).then_some(socket))
}

/// What a class has under a name, itself or from a base: a borrowed reference, or null.
#[inline]
pub(super) fn lookup(
    class: *mut ffi::PyTypeObject,
    name: &Bound<'_, PyString>,
) -> *mut ffi::PyObject {
    // SAFETY: _PyType_Lookup takes a type and a name, and gives a borrowed reference, or null
    // without an exception. Every caller passes the type of a live object, or a class that is kept.
    unsafe { _PyType_Lookup(class, name.as_ptr()) }
}

/// The name of the method, to call it through the object.
pub(crate) fn name<'py>(py: Python<'py>, method: Method) -> PyResult<&'py Bound<'py, PyString>> {
    entry(py, method).map(|(name, _)| name.bind(py))
}

/// Calls what stands in the place of one of our methods, and may call ours again.
pub(super) fn overriding<'py>(
    slf: &Bound<'py, Socket>,
    method: Method,
) -> PyResult<Bound<'py, PyAny>> {
    let _deeper = Deeper::enter(slf.py())?;
    slf.call_method0(name(slf.py(), method)?)
}
