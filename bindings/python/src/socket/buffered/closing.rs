//! The end of a file: `close`, `detach`, and what the finalizer does.

use std::sync::atomic::Ordering;

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;

use super::room::Held;
use super::{Buffered, DETACHED, Kind, under, writer};
use crate::error;
use crate::failure::Failure;
use crate::socket::method::Answer;

/// Flushes a reader or a writer by its `flush`, which the object may have an own one of.
fn flush<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    if slf.has_attributes() {
        return Ok(under::call(&slf.object, intern!(slf.py(), "flush"))?);
    }
    match slf.state.kind {
        Kind::Reader => Ok(under::flush(&slf.raw()?)?),
        Kind::Writer | Kind::Pair => writer::flush(slf),
    }
}

/// `close()`
pub(super) fn close<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    match slf.state.kind {
        Kind::Reader => close_reading(slf),
        Kind::Writer => close_writing(slf),
        Kind::Pair => {
            let written = close_writing(slf);
            let read = close_reading(slf);
            both(slf.py(), written.map(drop), read)
        }
    }
}

fn close_reading<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let flush = || match slf.state.kind {
        Kind::Pair => Ok(under::flush(&slf.raw()?)?),
        _ => flush(slf),
    };
    close_half(slf, || slf.reading(), flush)
}

fn close_writing<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    let flush = || match slf.state.kind {
        Kind::Pair => writer::flush(slf),
        _ => flush(slf),
    };
    close_half(slf, || slf.writing(), flush)
}

/// Flushes, closes the raw file in any case, and frees the buffer.
fn close_half<'a, 'py>(
    slf: &Buffered<'a, 'py>,
    enter: impl Fn() -> PyResult<Held<'a>>,
    flush: impl FnOnce() -> Answer<'py>,
) -> Answer<'py> {
    let py = slf.py();
    let raw = slf.raw()?;
    let held = enter()?;
    if under::is_closed(&raw)? {
        return Ok(py.None().into_bound(py));
    }
    if slf.state.finalizing.load(Ordering::Relaxed) {
        warn_of_dealloc(slf, &slf.object);
    }
    // `flush` takes the lock itself.
    drop(held);
    let flushed = flush();
    let mut held = enter()?;
    let closed = under::close(&raw);
    held.free();
    drop(held);
    both(py, flushed.map(drop), closed)
}

/// The result of two steps of which the second was made in any case: its error tells of the first's.
fn both<'py>(py: Python<'py>, first: Result<(), Failure>, second: Answer<'py>) -> Answer<'py> {
    match (first, second) {
        (Ok(()), second) => second,
        (Err(first), Ok(_)) => Err(first),
        (Err(first), Err(second)) => {
            let (first, second) = (first.exception(py), second.exception(py));
            // SAFETY: two exceptions; the call takes over a reference to the second argument.
            unsafe {
                let context = first.into_value(py).into_ptr();
                ffi::PyException_SetContext(second.value(py).as_ptr(), context);
            }
            Err(second.into())
        }
    }
}

/// `_dealloc_warn(source)`: the raw file warns of a file that was left open, if it does that.
pub(super) fn warn_of_dealloc(slf: &Buffered<'_, '_>, source: &Bound<'_, PyAny>) {
    let py = slf.py();
    if let Some(raw) = slf.raw_if_any() {
        let warned = raw
            .getattr_opt(intern!(py, "_dealloc_warn"))
            .and_then(|warn| warn.map_or(Ok(()), |warn| warn.call1((source,)).map(drop)));
        if let Err(raised) = warned {
            error::forget(py, raised);
        }
    }
}

/// `detach()`: gives the raw file away.
pub(super) fn detach<'py>(slf: &Buffered<'_, 'py>) -> Answer<'py> {
    slf.raw()?;
    flush(slf)?;
    match slf.take_raw(DETACHED) {
        Some(raw) => Ok(raw),
        None => Err(PyValueError::new_err("raw stream has been detached").into()),
    }
}
