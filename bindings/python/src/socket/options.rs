//! getsockopt and setsockopt.

use std::mem::MaybeUninit;

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyTuple};
use rsocket::{Error, Family, fd};

use super::Socket;
use crate::argument::{arity, int, type_name, wrapping_u32, wrapping_u64};
use crate::buffer::{Buffer, bytes_with};
use crate::error;
use crate::wait::unlocked;

/// The longest option value that getsockopt is asked for.
const VALUE_MAX: usize = 1024;

/// Makes the system call; only options that the kernel answers at once keep the interpreter locked
/// (joining a group, for one, waits for the lock of all network interfaces).
fn call<T>(py: Python<'_>, level: i32, call: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    let quick = level == libc::SOL_SOCKET || level == libc::IPPROTO_TCP;
    let result = if quick { call() } else { unlocked(py, call) };
    result.map_err(|error| error::to_python(py, error))
}

/// `getsockopt(level, optname)` as an int, `getsockopt(level, optname, buflen)` as bytes.
pub(super) fn get<'py>(
    py: Python<'py>,
    socket: &Socket,
    args: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    arity("getsockopt", args.len(), 2, 3)?;
    let (level, name) = (int(&args.get_item(0)?)?, int(&args.get_item(1)?)?);
    let len = args.get_item(2).ok().map_or(Ok(0), |len| int(&len))?;
    let vsock = socket.family() == Family::VSOCK;
    if vsock && len != 0 {
        return Err(PyOSError::new_err("getsockopt string buffer not allowed"));
    }
    match usize::try_from(len) {
        Ok(0) if vsock => {
            // man 7 vsock: its options are 64 bits wide.
            let mut value = [MaybeUninit::new(0u8); 8];
            let fd = socket.borrow()?;
            call(py, level, || fd::get_option(fd, level, name, &mut value))?;
            // SAFETY: zeros from the start; the kernel wrote over some of them.
            let value = value.map(|byte| unsafe { byte.assume_init() });
            Ok(u64::from_ne_bytes(value).into_pyobject(py)?.into_any())
        }
        Ok(0) => {
            let fd = socket.borrow()?;
            let value = call(py, level, || fd::get_int(fd, level, name))?;
            Ok(value.into_pyobject(py)?.into_any())
        }
        Ok(len) if len <= VALUE_MAX => {
            let fd = socket.borrow()?;
            let value = bytes_with(py, len, |room| {
                call(py, level, || fd::get_option(fd, level, name, room))
            })?;
            Ok(value.into_any())
        }
        _ => Err(PyOSError::new_err("getsockopt buflen out of range")),
    }
}

/// `setsockopt(level, optname, value)` with an int or a buffer, or `(level, optname, None, optlen)`.
pub(super) fn set(py: Python<'_>, socket: &Socket, args: &Bound<'_, PyTuple>) -> PyResult<()> {
    let vsock = socket.family() == Family::VSOCK;
    if args.len() != 4 || vsock {
        arity("setsockopt", args.len(), 3, 3)?;
    }
    let (level, name) = (int(&args.get_item(0)?)?, int(&args.get_item(1)?)?);
    let value = args.get_item(2)?;
    if let Ok(len) = args.get_item(3) {
        let len = if value.is_none() {
            wrapping_u32(&len).ok()
        } else {
            None
        };
        let Some(len) = len else {
            return arity("setsockopt", 4, 3, 3);
        };
        let fd = socket.borrow()?;
        return call(py, level, || fd::set_option_null(fd, level, name, len));
    }
    if vsock {
        if !value.is_instance_of::<PyInt>() {
            let given = if value.is_none() {
                "None".to_owned()
            } else {
                type_name(&value)
            };
            let text = format!("setsockopt() argument 3 must be int, not {given}");
            return Err(PyTypeError::new_err(text));
        }
        let value = wrapping_u64(&value)?.to_ne_bytes();
        let fd = socket.borrow()?;
        return call(py, level, || fd::set_option(fd, level, name, &value));
    }
    // What is no C int is taken for a buffer, and the message says so.
    if let Ok(number) = int(&value) {
        let fd = socket.borrow()?;
        return call(py, level, || fd::set_int(fd, level, name, number));
    }
    let value = Buffer::read(&value)?;
    let fd = socket.borrow()?;
    call(py, level, || fd::set_option(fd, level, name, value.bytes()))
}
