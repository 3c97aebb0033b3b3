//! Memory of Python objects: borrowed buffers on the stack, and bytes that are not zeroed first.

use std::ffi::c_int;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use pyo3::exceptions::{PyBufferError, PyOverflowError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::argument::type_name;
use crate::error::forget;
use crate::failure::Failure;

/// A contiguous buffer of an object (`bytes`, `bytearray`, `array`, `memoryview`, …), held until
/// dropped: while it lives the object keeps its memory where it is (buffer protocol).
pub(crate) struct Buffer<'py> {
    memory: Memory,
    _py: Python<'py>,
}

enum Memory {
    /// What the object was asked for.
    View(ffi::Py_buffer),
    /// A bytes object, which never moves or changes, kept alive.
    Bytes(NonNull<ffi::PyObject>),
}

impl<'py> Buffer<'py> {
    /// The object's bytes to read from.
    ///
    /// # Errors
    /// TypeError `a bytes-like object is required, not '…'`; BufferError where it is not contiguous.
    pub(crate) fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if object.is_exact_instance_of::<PyBytes>()
            && let Some(bytes) = NonNull::new(object.clone().into_ptr())
        {
            return Ok(Buffer {
                memory: Memory::Bytes(bytes),
                _py: object.py(),
            });
        }
        Self::get(object, ffi::PyBUF_SIMPLE)
    }

    /// The object's memory to write to; `method` is what a message names.
    ///
    /// # Errors
    /// TypeError where it is read-only, not contiguous, or no buffer at all.
    pub(crate) fn write(object: &Bound<'py, PyAny>, method: &str) -> PyResult<Self> {
        Self::write_as(object, method, "argument 1")
    }

    /// As [`write`](Self::write), for the only argument of a method.
    pub(crate) fn write_only(object: &Bound<'py, PyAny>, method: &str) -> PyResult<Self> {
        Self::write_as(object, method, "argument")
    }

    fn write_as(object: &Bound<'py, PyAny>, method: &str, argument: &str) -> PyResult<Self> {
        Self::get(object, ffi::PyBUF_WRITABLE).map_err(|error| {
            forget(object.py(), error);
            let given = if object.is_none() {
                "None".to_owned()
            } else {
                type_name(object)
            };
            PyTypeError::new_err(format!(
                "{method}() {argument} must be read-write bytes-like object, not {given}"
            ))
        })
    }

    /// A buffer that the interpreter's argument parser got (formats `y*` and `w*`).
    ///
    /// # Safety
    /// `view` must have been filled, and is released by nobody else.
    pub(crate) unsafe fn from_view(py: Python<'py>, view: ffi::Py_buffer) -> Self {
        Buffer {
            memory: Memory::View(view),
            _py: py,
        }
    }

    fn get(object: &Bound<'py, PyAny>, flags: c_int) -> PyResult<Self> {
        let mut view = MaybeUninit::<ffi::Py_buffer>::zeroed();
        // SAFETY: PyObject_GetBuffer fills `view` and returns 0, or sets an exception and returns
        // -1; a zeroed Py_buffer is valid memory for it.
        let result = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), flags) };
        if result != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: filled, as above, and nobody else's to release.
        let view = unsafe { view.assume_init() };
        let negative = view.len < 0;
        // SAFETY: as above.
        let buffer = unsafe { Self::from_view(object.py(), view) };
        if negative {
            return Err(PyBufferError::new_err("buffer with a negative length"));
        }
        Ok(buffer)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match &self.memory {
            Memory::View(view) => view.len as usize,
            // SAFETY: a live bytes object; its length is not negative.
            Memory::Bytes(bytes) => unsafe { ffi::Py_SIZE(bytes.as_ptr()) as usize },
        }
    }

    /// The bytes to read from. Another thread may write to them meanwhile, as with any buffer of
    /// Python: only system calls should read them.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        let len = self.len();
        if len == 0 {
            return &[];
        }
        let data = match &self.memory {
            Memory::View(view) => view.buf.cast::<u8>(),
            // SAFETY: a live bytes object.
            Memory::Bytes(bytes) => unsafe { ffi::PyBytes_AsString(bytes.as_ptr()).cast::<u8>() },
        };
        // SAFETY: PyBUF_SIMPLE promises `len` contiguous bytes at `buf` until PyBuffer_Release, and
        // a bytes object has them as long as it lives.
        unsafe { slice::from_raw_parts(data, len) }
    }

    /// Where there is memory to write to.
    fn writable(&self) -> Option<(*mut u8, usize)> {
        match &self.memory {
            Memory::View(view) if view.len > 0 && view.readonly == 0 => {
                Some((view.buf.cast(), view.len as usize))
            }
            _ => None,
        }
    }

    /// The memory to write to, of a buffer got by [`Buffer::write`].
    pub(crate) fn room(&mut self) -> &mut [MaybeUninit<u8>] {
        match self.writable() {
            // SAFETY: PyBUF_WRITABLE promises `len` contiguous writable bytes at `buf` until
            // PyBuffer_Release; `MaybeUninit<u8>` takes any byte.
            Some((data, len)) => unsafe { slice::from_raw_parts_mut(data.cast(), len) },
            None => &mut [],
        }
    }

    /// The memory to write to, for a call that fills several buffers.
    pub(crate) fn io_slice_mut(&mut self) -> IoSliceMut<'_> {
        match self.writable() {
            // SAFETY: as in `room`; a buffer that Python code can read is initialised.
            Some((data, len)) => IoSliceMut::new(unsafe { slice::from_raw_parts_mut(data, len) }),
            None => IoSliceMut::new(&mut []),
        }
    }
}

impl Drop for Buffer<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the view was filled by PyObject_GetBuffer and is released once, or the reference
        // is ours; with the interpreter attached: `_py` outlives self.
        unsafe {
            match &mut self.memory {
                Memory::View(view) => ffi::PyBuffer_Release(view),
                Memory::Bytes(bytes) => ffi::Py_DECREF(bytes.as_ptr()),
            }
        }
    }
}

unsafe extern "C" {
    // In the documented C API, but not in pyo3-ffi's public part.
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> c_int;
}

/// Builds `bytes` of at most `capacity` bytes: `fill` writes the first of them and says how many.
///
/// # Errors
/// MemoryError, or what `fill` failed with.
pub(crate) fn bytes_with<'py>(
    py: Python<'py>,
    capacity: usize,
    fill: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, Failure>,
) -> Result<Bound<'py, PyBytes>, Failure> {
    let Ok(size) = ffi::Py_ssize_t::try_from(capacity) else {
        return Err(PyOverflowError::new_err("too many bytes asked for").into());
    };
    // SAFETY: "if v is NULL, the contents of the bytes object are uninitialized": a new reference
    // or NULL with an exception.
    let bytes = unsafe {
        let object = ffi::PyBytes_FromStringAndSize(std::ptr::null(), size);
        Bound::from_owned_ptr_or_err(py, object)?
    };
    // SAFETY: PyBytes_AsString of a bytes object gives its `capacity` bytes. Nobody else has the
    // object yet ("the data must not be modified in any way, unless the string was just created
    // using PyBytes_FromStringAndSize(NULL, size)").
    let room = unsafe {
        let data = ffi::PyBytes_AsString(bytes.as_ptr()).cast::<MaybeUninit<u8>>();
        slice::from_raw_parts_mut(data, capacity)
    };
    let len = fill(room)?.min(capacity);
    let mut object = bytes.into_ptr();
    if len != capacity {
        // SAFETY: the only reference to a bytes object that nobody else has seen; on failure it is
        // freed, the pointer is NULL and MemoryError is set. `len` fits: it is at most `capacity`.
        unsafe { _PyBytes_Resize(&raw mut object, len as ffi::Py_ssize_t) };
    }
    // SAFETY: a bytes object that we own, or NULL with an exception, as above.
    unsafe { Ok(Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked()) }
}
