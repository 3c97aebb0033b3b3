//! `__del__` for direct instances: PyO3 has no slot for it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::{CLOSED, Socket, lifecycle};
use crate::attach::Attached;

/// What PyO3 made `tp_dealloc`.
static DEALLOC: OnceLock<ffi::destructor> = OnceLock::new();
/// The class itself, to tell its direct instances from those of subclasses.
static CLASS: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(std::ptr::null_mut());

/// Makes `__del__` run for direct instances too: PyO3 has no slot for it. Python subclasses find
/// the method by name and call it before this deallocator.
pub(super) fn install(class: &Bound<'_, PyType>) {
    let class = class.as_type_ptr();
    // SAFETY: the type object is alive for ever, and nobody else has it yet: it is not on the
    // module. PyType_Modified is what must follow a change of a type.
    unsafe {
        if let Some(dealloc) = (*class).tp_dealloc {
            DEALLOC.get_or_init(|| dealloc);
            CLASS.store(class, Ordering::Release);
            (*class).tp_finalize = Some(finalize);
            (*class).tp_dealloc = Some(finalize_and_dealloc);
            ffi::PyType_Modified(class);
        }
    }
}

/// `tp_finalize`: leaves the exception at hand, if any, as it was.
unsafe extern "C" fn finalize(object: *mut ffi::PyObject) {
    // SAFETY: the interpreter calls the slots of a type.
    let attached = unsafe { Attached::assume() };
    attached.run(|py| {
        let raised = PyErr::take(py);
        // SAFETY: the interpreter finalizes live objects only, and this is a slot of our class.
        let object = unsafe { Bound::from_borrowed_ptr(py, object) };
        if let Ok(socket) = object.cast::<Socket>() {
            lifecycle::finalise(socket);
        }
        if let Some(raised) = raised {
            raised.restore(py);
        }
    });
}

unsafe extern "C" fn finalize_and_dealloc(object: *mut ffi::PyObject) {
    // SAFETY: called by the interpreter once the last reference is gone. A subclass has been
    // finalized by its own deallocator, which calls this one. PyObject_CallFinalizerFromDealloc:
    // -1 says that the finalizer gave the object a new life.
    unsafe {
        if ffi::Py_TYPE(object) == CLASS.load(Ordering::Acquire)
            && is_open(object)
            && ffi::PyObject_CallFinalizerFromDealloc(object) < 0
        {
            return;
        }
        if let Some(dealloc) = DEALLOC.get() {
            dealloc(object);
        }
    }
}

/// Whether there is anything to finalize: most sockets were closed.
///
/// # Safety
/// An object of the class on an attached thread, whose last reference may be gone.
unsafe fn is_open(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller's promise; the object is only looked at.
    unsafe {
        let py = Python::assume_attached();
        let socket = Borrowed::from_ptr(py, object).cast_unchecked::<Socket>();
        socket.get().raw() != CLOSED
    }
}
