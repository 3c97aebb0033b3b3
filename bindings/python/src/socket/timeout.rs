//! Timeouts: seconds as Python has them, nanoseconds inside.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyFloat;

const SECOND: i64 = 1_000_000_000;
/// Keeps deadlines apart from the numbers that mean something else.
const DEADLINE_BIAS: u64 = 2;

/// `None` (wait for ever, -1), zero (never wait), a time to wait in nanoseconds, or, below -1, a point
/// of the monotonic clock: the end of a `with sock.deadline()`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Timeout(i64);

impl Timeout {
    pub(crate) const NONE: Timeout = Timeout(-1);
    pub(crate) const ZERO: Timeout = Timeout(0);

    pub(crate) fn is_none(self) -> bool {
        self.0 == Self::NONE.0
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether to wait, neither for ever nor not at all.
    #[inline]
    pub(crate) fn is_bounded(self) -> bool {
        !matches!(self, Timeout::NONE | Timeout::ZERO)
    }

    /// How long to wait, where that is neither for ever nor not at all.
    #[inline]
    pub(crate) fn to_wait(self) -> Option<Duration> {
        if self.0 > 0 {
            Some(Duration::from_nanos(self.0.unsigned_abs()))
        } else {
            self.until_deadline()
        }
    }

    /// How long until a deadline, where it is one; zero once it has passed.
    #[cold]
    fn until_deadline(self) -> Option<Duration> {
        let end = self.end()?;
        Some(Duration::from_nanos(end.saturating_sub(monotonic())))
    }

    /// A deadline on the monotonic clock, in nanoseconds.
    fn end(self) -> Option<u64> {
        (self.0 < Self::NONE.0).then(|| self.0.unsigned_abs() - DEADLINE_BIAS)
    }

    /// The deadline that is this long from now.
    pub(super) fn to_deadline(self) -> Self {
        if self.is_none() {
            return self;
        }
        let end = monotonic().saturating_add(self.0.unsigned_abs());
        let biased = i64::try_from(end.saturating_add(DEADLINE_BIAS));
        Timeout(-biased.unwrap_or(i64::MAX))
    }

    /// Whichever of two deadlines is earlier; a timeout that is no deadline gives way.
    pub(super) fn earlier(self, deadline: Self) -> Self {
        match (self.end(), deadline.end()) {
            (Some(ours), Some(theirs)) if ours > theirs => deadline,
            (Some(_), _) => self,
            (None, _) => deadline,
        }
    }

    /// A timeout as long as what is left of a deadline, for another socket; others as they are.
    pub(super) fn relative(self) -> Self {
        match self.until_deadline() {
            // Nothing left is not the same as never waiting.
            Some(left) => Timeout(i64::try_from(left.as_nanos()).unwrap_or(i64::MAX).max(1)),
            None => self,
        }
    }

    /// The seconds that are left of a deadline, `None` where it is none.
    pub(super) fn remaining_to_python(self, py: Python<'_>) -> Bound<'_, PyAny> {
        match self.until_deadline() {
            Some(left) => PyFloat::new(py, left.as_secs_f64()).into_any(),
            None => py.None().into_bound(py),
        }
    }

    /// What `settimeout` takes: `None`, or a number of seconds, rounded up to the nanosecond.
    ///
    /// # Errors
    /// TypeError for what is no number; ValueError below zero and for NaN; OverflowError beyond
    /// 2^63 nanoseconds (292 years).
    pub(crate) fn parse(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Timeout::NONE);
        }
        let nanos = match object.cast::<PyFloat>() {
            Ok(seconds) => from_float(seconds.value())?,
            Err(_) => from_integer(object)?,
        };
        if nanos < 0 {
            return Err(PyValueError::new_err("Timeout value out of range"));
        }
        Ok(Timeout(nanos))
    }

    /// What `gettimeout` gives: `None` or seconds as a float.
    pub(crate) fn to_python(self, py: Python<'_>) -> Bound<'_, PyAny> {
        if self.is_none() {
            return py.None().into_bound(py);
        }
        let Timeout(nanos) = self.relative();
        // Whole seconds first: the quotient of two rounded doubles need not be whole.
        let seconds = if nanos % SECOND == 0 {
            (nanos / SECOND) as f64
        } else {
            nanos as f64 / SECOND as f64
        };
        PyFloat::new(py, seconds).into_any()
    }
}

/// The monotonic clock (CLOCK_MONOTONIC), in nanoseconds.
fn monotonic() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: clock_gettime(2) fills the struct; the clock exists everywhere.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * SECOND as u64 + now.tv_nsec as u64
}

fn from_float(seconds: f64) -> PyResult<i64> {
    if seconds.is_nan() {
        return Err(PyValueError::new_err("Invalid value NaN (not a number)"));
    }
    let nanos = seconds * SECOND as f64;
    // Away from zero, as the standard library rounds: a tiny timeout must not become none at all.
    let nanos = if nanos < 0.0 {
        nanos.floor()
    } else {
        nanos.ceil()
    };
    // 2^63 is a double; i64::MAX is not.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&nanos) {
        Ok(nanos as i64)
    } else {
        Err(if cfg!(Py_3_11) {
            PyOverflowError::new_err("timestamp out of range for platform time_t")
        } else {
            too_large()
        })
    }
}

fn from_integer(object: &Bound<'_, PyAny>) -> PyResult<i64> {
    // The interpreter's own conversion has its own message in every version.
    // SAFETY: PyLong_AsLongLong takes any object; -1 may come with an exception set.
    let seconds = unsafe { ffi::PyLong_AsLongLong(object.as_ptr()) };
    if seconds == -1
        && let Some(error) = PyErr::take(object.py())
    {
        let overflow = error.is_instance_of::<PyOverflowError>(object.py());
        return Err(if overflow { too_large() } else { error });
    }
    seconds.checked_mul(SECOND).ok_or_else(too_large)
}

fn too_large() -> PyErr {
    PyOverflowError::new_err(if cfg!(Py_3_13) {
        "timestamp too large to convert to C PyTime_t"
    } else {
        "timestamp too large to convert to C _PyTime_t"
    })
}

/// A timeout that several threads may read and change.
#[derive(Debug)]
pub(crate) struct AtomicTimeout(AtomicI64);

impl AtomicTimeout {
    pub(crate) const fn new(timeout: Timeout) -> Self {
        AtomicTimeout(AtomicI64::new(timeout.0))
    }

    #[inline]
    pub(crate) fn get(&self) -> Timeout {
        Timeout(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, timeout: Timeout) {
        self.0.store(timeout.0, Ordering::Relaxed);
    }
}

/// What `setdefaulttimeout` set.
pub(crate) static DEFAULT: AtomicTimeout = AtomicTimeout::new(Timeout::NONE);
