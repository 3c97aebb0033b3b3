//! Family and type numbers as the members of the package's enums, made once.

use std::ffi::c_int;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// An enum of the package with its members by number.
struct Members {
    name: &'static str,
    table: PyOnceLock<Table>,
}

/// The class, and the member for each number up to [`TABLE_LEN`] that has one.
type Table = (Py<PyAny>, Vec<Option<Py<PyAny>>>);

/// Above every number that Linux has given to a family or a type so far.
const TABLE_LEN: c_int = 64;

static FAMILIES: Members = Members {
    name: "AddressFamily",
    table: PyOnceLock::new(),
};
static KINDS: Members = Members {
    name: "SocketKind",
    table: PyOnceLock::new(),
};

/// A member of `AddressFamily`, or the number where it has none.
pub(crate) fn family(py: Python<'_>, number: c_int) -> PyResult<Py<PyAny>> {
    FAMILIES.get(py, number)
}

/// A member of `SocketKind`, or the number where it has none.
pub(crate) fn kind(py: Python<'_>, number: c_int) -> PyResult<Py<PyAny>> {
    KINDS.get(py, number)
}

impl Members {
    fn get(&self, py: Python<'_>, number: c_int) -> PyResult<Py<PyAny>> {
        let (class, table) = self.table.get_or_try_init(py, || self.load(py))?;
        match usize::try_from(number)
            .ok()
            .and_then(|index| table.get(index))
        {
            Some(Some(member)) => Ok(member.clone_ref(py)),
            Some(None) => Ok(number.into_pyobject(py)?.into_any().unbind()),
            None => Ok(member(class.bind(py), number)?.map_or_else(
                || {
                    number
                        .into_pyobject(py)
                        .map(|number| number.into_any().unbind())
                },
                Ok,
            )?),
        }
    }

    fn load(&self, py: Python<'_>) -> PyResult<Table> {
        let class = py.import(intern!(py, "rsocket"))?.getattr(self.name)?;
        let table = (0..TABLE_LEN)
            .map(|number| member(&class, number))
            .collect::<PyResult<_>>()?;
        Ok((class.unbind(), table))
    }
}

fn member(class: &Bound<'_, PyAny>, number: c_int) -> PyResult<Option<Py<PyAny>>> {
    match class.call1((number,)) {
        Ok(member) => Ok(Some(member.unbind())),
        Err(error) if error.is_instance_of::<PyValueError>(class.py()) => Ok(None),
        Err(error) => Err(error),
    }
}
