//! The buffered files of `makefile`: subclasses of module io's, with buffers of their own.
//!
//! Each method of a base that touches its buffer has one here in its place, and the base's own
//! buffer is never set up: whoever calls `io.BufferedReader.read(file)` is told that the object is
//! uninitialized, and loses nothing. What the bases do by calling other methods is inherited.

mod closing;
mod forward;
mod lines;
mod lock;
mod object;
mod pair;
mod reader;
mod room;
mod table;
mod under;
mod writer;

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::PyType;

use room::{Held, Side};

use super::slots::{File, Slot};

/// The classes.
pub(super) struct Classes {
    reader: Py<PyType>,
    writer: Py<PyType>,
    pair: Py<PyType>,
}

/// What a buffered file can do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Reader,
    Writer,
    Pair,
}

/// A file has its raw one.
const READY: u8 = 0;
/// `detach` has given it away.
const DETACHED: u8 = 1;
/// The garbage collector has taken it.
const CLEARED: u8 = 2;

/// What an object has behind what its base has.
#[repr(C)]
struct State {
    raw: AtomicPtr<ffi::PyObject>,
    status: AtomicU8,
    finalizing: AtomicBool,
    kind: Kind,
    reader: Side,
    writer: Side,
}

/// An object of one of the classes.
struct Buffered<'a, 'py> {
    object: Borrowed<'a, 'py, PyAny>,
    state: &'a State,
}

fn classes(py: Python<'_>) -> PyResult<&Classes> {
    static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();
    CLASSES.get_or_try_init(py, || {
        Ok(Classes {
            reader: object::class(py, Kind::Reader)?,
            writer: object::class(py, Kind::Writer)?,
            pair: object::class(py, Kind::Pair)?,
        })
    })
}

/// A buffered file over a raw one, with a buffer of `size` bytes for each direction.
///
/// # Errors
/// MemoryError
pub(super) fn open<'py>(
    raw: Bound<'py, PyAny>,
    kind: Kind,
    size: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = raw.py();
    let classes = classes(py)?;
    let class = match kind {
        Kind::Reader => &classes.reader,
        Kind::Writer => &classes.writer,
        Kind::Pair => &classes.pair,
    };
    // The direction that a file has not is never asked for its memory.
    let state = State {
        raw: AtomicPtr::new(ptr::null_mut()),
        status: AtomicU8::new(READY),
        finalizing: AtomicBool::new(false),
        kind,
        reader: Side::new(if kind == Kind::Writer { 0 } else { size })?,
        writer: Side::new(if kind == Kind::Reader { 0 } else { size })?,
    };
    // SAFETY: PyType_GenericAlloc gives a new object of a class whose objects have room for a state
    // (`object::class`), or null with an exception. No code of Python, nor the garbage collector,
    // runs between that and the state's being written.
    unsafe {
        let class = class.as_ptr().cast::<ffi::PyTypeObject>();
        let object = ffi::PyType_GenericAlloc(class, 0);
        if object.is_null() {
            return Err(PyErr::fetch(py));
        }
        let raw = raw.into_ptr();
        state.raw.store(raw, Ordering::Relaxed);
        object::state(object).write(state);
        let object = Bound::from_owned_ptr(py, object);
        if kind == Kind::Pair {
            // The collector finalizes garbage in the order in which it came to know it. A pair must
            // come before its raw file and that one's socket, to send what is left. Before Python
            // 3.12 module io's pair hides them from the collector, with the same effect; later ones
            // lose what is left.
            come_last(raw);
            let file = File(Borrowed::from_ptr(py, raw));
            if let Some(sock) = file.get(Slot::Sock)? {
                come_last(sock.as_ptr());
            }
        }
        Ok(object)
    }
}

/// Makes the collector come to know an object anew.
///
/// # Safety
/// A live object, on an attached thread.
unsafe fn come_last(object: *mut ffi::PyObject) {
    // SAFETY: the caller's promise; only what the collector knows is taken from it, and given back.
    unsafe {
        if ffi::PyObject_GC_IsTracked(object) != 0 {
            ffi::PyObject_GC_UnTrack(object.cast());
            ffi::PyObject_GC_Track(object.cast());
        }
    }
}

impl<'a, 'py> Buffered<'a, 'py> {
    /// # Safety
    /// A live object of one of the classes.
    #[inline]
    unsafe fn new(object: Borrowed<'a, 'py, PyAny>) -> Self {
        // SAFETY: the caller's promise; the state lives as long as the object.
        let state = unsafe { &*object::state(object.as_ptr()) };
        Buffered { object, state }
    }

    fn py(&self) -> Python<'py> {
        self.object.py()
    }

    fn is_ready(&self) -> bool {
        self.state.status.load(Ordering::Relaxed) == READY
    }

    /// The raw file.
    ///
    /// # Errors
    /// ValueError once it is detached.
    #[inline]
    fn raw(&self) -> PyResult<Bound<'py, PyAny>> {
        self.raw_if_any().ok_or_else(|| self.without_raw())
    }

    #[inline]
    fn raw_if_any(&self) -> Option<Bound<'py, PyAny>> {
        let py = self.py();
        // Without the interpreter's lock another thread might give the last reference away between
        // the look at it and the new one.
        with_critical_section(&self.object, || {
            // SAFETY: a reference of ours, or null.
            unsafe {
                let raw = self.state.raw.load(Ordering::Relaxed);
                Bound::from_borrowed_ptr_or_opt(py, raw)
            }
        })
    }

    /// Takes the raw file out.
    fn take_raw(&self, status: u8) -> Option<Bound<'py, PyAny>> {
        with_critical_section(&self.object, || {
            self.state.status.store(status, Ordering::Relaxed);
            let raw = self.state.raw.swap(ptr::null_mut(), Ordering::Relaxed);
            // SAFETY: the reference was ours, and is handed over.
            unsafe { Bound::from_owned_ptr_or_opt(self.py(), raw) }
        })
    }

    #[cold]
    fn without_raw(&self) -> PyErr {
        let detached = self.state.status.load(Ordering::Relaxed) == DETACHED;
        PyValueError::new_err(if detached {
            "raw stream has been detached"
        } else {
            "I/O operation on uninitialized object"
        })
    }

    /// Whether the object has attributes of its own, which may hide methods.
    fn has_attributes(&self) -> bool {
        super::raw::has_attributes(&self.object)
    }

    /// The reading direction, once no other thread uses it.
    #[inline]
    fn reading(&self) -> PyResult<Held<'a>> {
        let state = self.state;
        state
            .reader
            .enter(self.py(), || self.describe("_io.BufferedReader"))
    }

    /// The writing direction, once no other thread uses it.
    #[inline]
    fn writing(&self) -> PyResult<Held<'a>> {
        let state = self.state;
        state
            .writer
            .enter(self.py(), || self.describe("_io.BufferedWriter"))
    }

    /// The file as messages show it; of a pair the half that is in use.
    fn describe(&self, half: &str) -> PyResult<String> {
        if self.state.kind != Kind::Pair {
            return Ok(self.object.repr()?.to_string());
        }
        let name = self.raw()?.getattr("name")?;
        Ok(format!("<{half} name={}>", name.repr()?))
    }

    /// Whether a direction is of no more use.
    #[inline]
    fn is_closed(&self, side: &Side, raw: &Bound<'py, PyAny>) -> PyResult<bool> {
        Ok(side.is_freed() || under::is_closed(raw)?)
    }

    /// Refuses to read where the file is closed and nothing is left in its buffer.
    #[inline]
    fn open_to_read(&self, raw: &Bound<'py, PyAny>, message: &'static str) -> PyResult<()> {
        if self.is_closed(&self.state.reader, raw)? && self.ahead() == 0 {
            return Err(PyValueError::new_err(message));
        }
        Ok(())
    }

    /// How many bytes a read gets without the raw file; 0 while another thread uses the buffer.
    fn ahead(&self) -> usize {
        // SAFETY: nothing is done but to look.
        unsafe { self.state.reader.glance() }.map_or(0, |room| room.len())
    }
}
