//! Arguments of what the standard library has in Python: taken as its `def` takes them, and where
//! they do not fit, refused in the interpreter's own words.

use std::ffi::CString;

use pyo3::exceptions::PySystemError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::Socket;
use super::method::Arguments;
use crate::failure::Failure;

/// The parameters of a method behind `self`, in order.
pub(super) struct Signature<const N: usize> {
    /// As in Python, from the method's name on: `dup(self)`.
    pub(super) text: &'static str,
    pub(super) names: [&'static str; N],
    /// How many must be given.
    pub(super) required: usize,
    /// How many may be given without their names.
    pub(super) positional: usize,
}

impl<const N: usize> Signature<N> {
    /// The argument for each parameter.
    ///
    /// # Errors
    /// The TypeError of a function of Python, as this version words it.
    pub(super) fn bind<'py>(
        &self,
        slf: &Bound<'py, Socket>,
        arguments: &Arguments<'_, 'py>,
    ) -> Result<[Option<Bound<'py, PyAny>>; N], Failure> {
        match self.fitting(arguments) {
            Some(bound) => Ok(bound),
            None => {
                let (positional, named) = (arguments.to_tuple()?, arguments.to_dict()?);
                Err(refusal(self.text, slf, &positional, &named).into())
            }
        }
    }

    /// As [`Signature::bind`], for arguments as `__init__` gets them.
    ///
    /// # Errors
    /// As [`Signature::bind`].
    pub(super) fn bind_tuple<'py>(
        &self,
        slf: &Bound<'py, Socket>,
        positional: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<[Option<Bound<'py, PyAny>>; N]> {
        match self.fit(positional.iter(), named.into_iter().flatten()) {
            Some(bound) => Ok(bound),
            None => {
                let nothing = PyDict::new(slf.py());
                let named = named.unwrap_or(&nothing);
                Err(refusal(self.text, slf, positional, named))
            }
        }
    }

    fn fitting<'py>(
        &self,
        arguments: &Arguments<'_, 'py>,
    ) -> Option<[Option<Bound<'py, PyAny>>; N]> {
        let named = arguments
            .names()
            .into_iter()
            .flatten()
            .zip(arguments.named());
        self.fit(
            arguments.positional().map(Borrowed::to_owned),
            named.map(|(name, object)| (name, object.to_owned())),
        )
    }

    fn fit<'py>(
        &self,
        positional: impl Iterator<Item = Bound<'py, PyAny>>,
        named: impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    ) -> Option<[Option<Bound<'py, PyAny>>; N]> {
        let mut bound = [const { None }; N];
        let mut places = bound.iter_mut();
        for object in positional {
            *places.next()? = Some(object);
        }
        if places.len() < N.saturating_sub(self.positional) {
            return None;
        }
        for (name, object) in named {
            let name = name.cast::<PyString>().ok()?;
            let name = name.to_str().ok()?;
            let place = self.names.iter().position(|known| *known == name)?;
            let place = bound.get_mut(place).filter(|place| place.is_none())?;
            *place = Some(object);
        }
        let given = |place: &Option<Bound<'py, PyAny>>| place.is_some();
        bound.iter().take(self.required).all(given).then_some(bound)
    }
}

/// Refuses any argument of a method that takes none; `text` is its `def`.
#[inline]
pub(super) fn none<'py>(
    text: &'static str,
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Result<(), Failure> {
    if arguments.len() == 0 {
        return Ok(());
    }
    let empty = Signature {
        text,
        names: [],
        required: 0,
        positional: 0,
    };
    empty.bind(slf, arguments).map(|_| ())
}

/// What the interpreter says to these arguments of a function `text` of Python: such a function is
/// made, and called.
#[cold]
pub(super) fn refusal(
    text: &str,
    slf: &Bound<'_, Socket>,
    positional: &Bound<'_, PyTuple>,
    named: &Bound<'_, PyDict>,
) -> PyErr {
    let py = slf.py();
    let say = || -> PyResult<Bound<'_, PyAny>> {
        let definition = CString::new(format!("class socket:\n def {text}: pass"))?;
        let names = PyDict::new(py);
        py.run(&definition, Some(&names), Some(&names))?;
        let class = names.as_any().get_item(intern!(py, "socket"))?;
        let function = class.getattr(text.split('(').next().unwrap_or_default())?;
        let arguments = std::iter::once(slf.as_any().clone()).chain(positional.iter());
        function.call(
            PyTuple::new(py, arguments.collect::<Vec<_>>())?,
            Some(named),
        )
    };
    match say() {
        Ok(_) => PySystemError::new_err(format!("arguments fit {text} after all")),
        Err(refusal) => {
            refusal.set_traceback(py, None);
            refusal
        }
    }
}
