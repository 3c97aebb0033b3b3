//! `makefile`: a raw file on a socket, and what goes over it.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use super::buffered::{self, Kind};
use super::method::plain_number;
use super::{Socket, file};
use crate::argument;

/// What the mode string asks for.
struct Mode {
    reading: bool,
    writing: bool,
    binary: bool,
}

impl Mode {
    fn parse(mode: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(mode) = Self::common(mode) {
            return Ok(mode);
        }
        let letters = mode
            .try_iter()?
            .map(|letter| letter?.extract::<String>())
            .collect::<PyResult<HashSet<_>>>();
        let letters = match letters {
            Ok(letters)
                if letters
                    .iter()
                    .all(|letter| matches!(&**letter, "r" | "w" | "b")) =>
            {
                letters
            }
            _ => {
                let text = format!("invalid mode {} (only r, w, b allowed)", mode.repr()?);
                return Err(PyValueError::new_err(text));
            }
        };
        let writing = letters.contains("w");
        Ok(Mode {
            reading: letters.contains("r") || !writing,
            writing,
            binary: letters.contains("b"),
        })
    }

    /// The modes that programs write.
    fn common(mode: &Bound<'_, PyAny>) -> Option<Self> {
        let text = mode.cast_exact::<PyString>().ok()?.to_str().ok()?;
        let (reading, writing, binary) = match text {
            "r" => (true, false, false),
            "w" => (false, true, false),
            "rb" | "br" => (true, false, true),
            "wb" | "bw" => (false, true, true),
            "rw" | "wr" => (true, true, false),
            "rwb" | "wrb" => (true, true, true),
            _ => return None,
        };
        Some(Mode {
            reading,
            writing,
            binary,
        })
    }

    fn raw(&self) -> &'static str {
        match (self.reading, self.writing) {
            (true, true) => "rw",
            (false, true) => "w",
            (_, false) => "r",
        }
    }
}

pub(super) fn makefile<'py>(
    slf: &Bound<'py, Socket>,
    mode: Option<&Bound<'py, PyAny>>,
    buffering: Option<&Bound<'py, PyAny>>,
    encoding: Option<&Bound<'py, PyAny>>,
    errors: Option<&Bound<'py, PyAny>>,
    newline: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    let default = PyString::intern(py, "r").into_any();
    let mode_text = mode.unwrap_or(&default);
    let mode = Mode::parse(mode_text)?;
    let raw = file::open_on(slf, mode.raw())?;
    slf.get().io_refs.fetch_add(1, Ordering::Relaxed);
    let io = module(py)?;
    let buffering = buffering.filter(|buffering| !buffering.is_none());
    let size = match buffering {
        Some(size) if !size.lt(0)? => size.clone(),
        _ => io.getattr(intern!(py, "DEFAULT_BUFFER_SIZE"))?,
    };
    if plain_number(&size).map_or_else(|| size.eq(0), |size| Ok(size == 0))? {
        if !mode.binary {
            return Err(PyValueError::new_err("unbuffered streams must be binary"));
        }
        return Ok(raw);
    }
    let kind = match (mode.reading, mode.writing) {
        (true, true) => Kind::Pair,
        (_, false) => Kind::Reader,
        (false, true) => Kind::Writer,
    };
    let size = argument::size(&size)?.unsigned_abs();
    let buffered = buffered::open(raw, kind, size)?;
    if mode.binary {
        return Ok(buffered);
    }
    let keywords = PyDict::new(py);
    keywords.set_item("encoding", text_encoding(io, encoding)?)?;
    keywords.set_item("errors", errors)?;
    keywords.set_item("newline", newline)?;
    let text = io
        .getattr(intern!(py, "TextIOWrapper"))?
        .call((buffered,), Some(&keywords))?;
    text.setattr(intern!(py, "mode"), mode_text)?;
    Ok(text)
}

/// Module `io`, whose names are looked up each time.
fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    MODULE
        .get_or_try_init(py, || Ok(py.import("io")?.unbind()))
        .map(|module| module.bind(py))
}

/// From Python 3.10 on the encoding that is left out may be warned about (PEP 597).
fn text_encoding<'py>(
    io: &Bound<'py, PyModule>,
    encoding: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if cfg!(Py_3_10) {
        // No frame of Python stands between makefile's caller and this call.
        return io
            .getattr(intern!(io.py(), "text_encoding"))?
            .call1((encoding, 1))
            .map(Some);
    }
    Ok(encoding.cloned())
}
