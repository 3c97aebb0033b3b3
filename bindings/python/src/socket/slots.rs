//! The state of a `SocketIO`: slots of a class of Python, read where they are in the object.

use std::sync::OnceLock;

use pyo3::exceptions::{PyAttributeError, PySystemError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyType};

/// Where a [`File`] keeps what.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Sock,
    Mode,
    Reading,
    Writing,
    TimeoutOccurred,
    IsClosed,
}

/// The slots, as the class statement of Python would name them.
pub(super) const SLOTS: [&str; 6] = [
    "_sock",
    "_mode",
    "_reading",
    "_writing",
    "_timeout_occurred",
    "_is_closed",
];

/// How far into an object each slot is.
static OFFSETS: OnceLock<[isize; SLOTS.len()]> = OnceLock::new();

/// Finds out where the slots of the class are.
pub(super) fn locate(class: &Bound<'_, PyType>) -> PyResult<()> {
    let mut offsets = [0; SLOTS.len()];
    for (offset, name) in offsets.iter_mut().zip(SLOTS) {
        let descriptor = class.getattr(name)?;
        if descriptor.get_type().name()? != "member_descriptor" {
            return Err(PySystemError::new_err("a slot without a member"));
        }
        // SAFETY: a `member_descriptor` has this layout in every CPython, and its member lives as
        // long as the class. PyO3 knows the type of the member from 3.11 on.
        *offset = unsafe {
            let descriptor = descriptor.as_ptr().cast::<ffi::PyMemberDescrObject>();
            (*(*descriptor).d_member.cast::<ffi::PyMemberDef>()).offset
        };
    }
    OFFSETS.get_or_init(|| offsets);
    Ok(())
}

/// An object of the class, or of a subclass.
pub(super) struct File<'a, 'py>(pub(super) Borrowed<'a, 'py, PyAny>);

impl<'py> File<'_, 'py> {
    pub(super) fn py(&self) -> Python<'py> {
        self.0.py()
    }

    pub(super) fn object(&self) -> &Bound<'py, PyAny> {
        &self.0
    }

    /// The place of a slot in the object.
    fn place(&self, slot: Slot) -> PyResult<*mut *mut ffi::PyObject> {
        let offset = OFFSETS.get().and_then(|offsets| offsets.get(slot as usize));
        let Some(offset) = offset else {
            return Err(PySystemError::new_err("SocketIO before its slots"));
        };
        // SAFETY: an object of the class has a reference, or null, at each of the offsets.
        Ok(unsafe { self.0.as_ptr().byte_offset(*offset).cast() })
    }

    /// What a slot holds; nothing where `__init__` never ran, or failed.
    #[inline]
    pub(super) fn get(&self, slot: Slot) -> PyResult<Option<Bound<'py, PyAny>>> {
        if cfg!(Py_GIL_DISABLED) {
            let name = SLOTS.get(slot as usize).copied().unwrap_or_default();
            return self.0.getattr_opt(name);
        }
        let place = self.place(slot)?;
        // SAFETY: a reference or null, which nobody changes while the interpreter is locked.
        Ok(unsafe { Bound::from_borrowed_ptr_or_opt(self.py(), *place) })
    }

    /// What a slot must hold.
    pub(super) fn need(&self, slot: Slot) -> PyResult<Bound<'py, PyAny>> {
        match self.get(slot)? {
            Some(value) => Ok(value),
            None => {
                let name = SLOTS.get(slot as usize).copied().unwrap_or_default();
                Err(PyAttributeError::new_err(name))
            }
        }
    }

    pub(super) fn set(&self, slot: Slot, value: Bound<'py, PyAny>) -> PyResult<()> {
        if cfg!(Py_GIL_DISABLED) {
            let name = SLOTS.get(slot as usize).copied().unwrap_or_default();
            return self.0.setattr(name, value);
        }
        let place = self.place(slot)?;
        // SAFETY: as in `get`; the place takes over the new reference, and gives up the old one
        // once it is not seen any more.
        drop(unsafe {
            let before = place.replace(value.into_ptr());
            Bound::from_owned_ptr_or_opt(self.py(), before)
        });
        Ok(())
    }

    /// Whether a slot holds something true.
    #[inline]
    pub(super) fn is(&self, slot: Slot) -> PyResult<bool> {
        if cfg!(not(Py_GIL_DISABLED)) {
            // SAFETY: a reference or null, which is only compared; the constants live for ever.
            let (value, yes, no) = unsafe { (*self.place(slot)?, ffi::Py_True(), ffi::Py_False()) };
            if value == no || value.is_null() {
                return Ok(false);
            }
            if value == yes {
                return Ok(true);
            }
        }
        self.get(slot)?.map_or(Ok(false), |value| value.is_truthy())
    }

    /// A new file's state.
    pub(super) fn fill(&self, sock: &Bound<'py, PyAny>, mode: &str) -> PyResult<()> {
        let py = self.py();
        let flag = |flag: bool| PyBool::new(py, flag).to_owned().into_any();
        let shown = match mode {
            "r" | "rb" => intern!(py, "rb"),
            "w" | "wb" => intern!(py, "wb"),
            _ => intern!(py, "rwb"),
        };
        self.set(Slot::Sock, sock.clone())?;
        self.set(Slot::Mode, shown.clone().into_any())?;
        self.set(Slot::Reading, flag(mode.contains('r')))?;
        self.set(Slot::Writing, flag(mode.contains('w')))?;
        self.set(Slot::TimeoutOccurred, flag(false))?;
        self.set(Slot::IsClosed, flag(false))
    }
}
