//! getsockopt and setsockopt.

use std::mem::MaybeUninit;

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyInt;
use rsocket::{Error, Family, fd};

use super::Socket;
use super::method::{Answer, Arguments, parse, plain_number};
use crate::argument::{arity, int, type_name, wrapping_u32, wrapping_u64};
use crate::buffer::{Buffer, bytes_with};
use crate::error::forget;
use crate::failure::Failure;

/// The longest option value that getsockopt makes bytes of, as in the standard library. A buffer
/// may be longer.
const VALUE_MAX: usize = 1024;

/// Makes the system call; only options that the kernel answers at once keep the interpreter locked
/// (joining a group, for one, waits for the lock of all network interfaces).
fn call<T>(
    py: Python<'_>,
    socket: &Socket,
    level: i32,
    call: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Failure> {
    let quick = level == libc::SOL_SOCKET || level == libc::IPPROTO_TCP;
    Ok(if quick {
        call()
    } else {
        socket.flights.unlocked(py, call)
    }?)
}

/// `getsockopt(level, optname)` as an int, `getsockopt(level, optname, buflen)` as bytes, or
/// `getsockopt(level, optname, buffer)` into a buffer that may hold what the kernel shall read.
pub(super) fn getsockopt<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    if let Some(answer) = read_option(slf, arguments) {
        return answer;
    }
    let (mut level, mut name, mut len) = (0, 0, 0);
    match arguments.exactly().and_then(plain_ints) {
        Some([plain_level, plain_name]) => (level, name) = (plain_level, plain_name),
        None => {
            parse!(
                arguments,
                c"ii|i:getsockopt",
                &raw mut level,
                &raw mut name,
                &raw mut len
            )?;
        }
    }
    let vsock = socket.family() == Family::VSOCK;
    if vsock && len != 0 {
        return Err(PyOSError::new_err("getsockopt string buffer not allowed").into());
    }
    match usize::try_from(len) {
        Ok(0) if vsock => {
            // man 7 vsock: its options are 64 bits wide.
            let mut value = [MaybeUninit::new(0u8); 8];
            let fd = socket.descriptor()?;
            call(py, socket, level, || {
                fd::get_option(fd, level, name, &mut value)
            })?;
            // SAFETY: zeros from the start; the kernel wrote over some of them.
            let value = value.map(|byte| unsafe { byte.assume_init() });
            Ok(PyInt::new(py, u64::from_ne_bytes(value)).into_any())
        }
        Ok(0) => {
            let fd = socket.descriptor()?;
            let value = call(py, socket, level, || fd::get_int(fd, level, name))?;
            Ok(PyInt::new(py, value).into_any())
        }
        Ok(len) if len <= VALUE_MAX => {
            let fd = socket.descriptor()?;
            let value = bytes_with(py, len, |room| {
                call(py, socket, level, || fd::get_option(fd, level, name, room))
            })?;
            Ok(value.into_any())
        }
        _ => Err(PyOSError::new_err("getsockopt buflen out of range").into()),
    }
}

/// `getsockopt` into writable memory: how many bytes the kernel wrote. `None` where the third
/// argument is none.
fn read_option<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Option<Answer<'py>> {
    let [level, name, buffer] = arguments.exactly()?;
    if plain_number(&buffer).is_some() {
        return None;
    }
    let (py, socket) = (slf.py(), slf.get());
    let mut buffer = Buffer::write(&buffer, "getsockopt")
        .map_err(|error| forget(py, error))
        .ok()?;
    let mut read = || {
        let (level, name) = (int(&level)?, int(&name)?);
        let fd = socket.descriptor()?;
        let len = call(py, socket, level, || {
            fd::get_option(fd, level, name, buffer.room())
        })?;
        Ok(PyInt::new(py, len).into_any())
    };
    Some(read())
}

/// C ints, where all are plain.
fn plain_ints<const N: usize>(objects: [Borrowed<'_, '_, PyAny>; N]) -> Option<[i32; N]> {
    let mut ints = [0; N];
    for (int, object) in ints.iter_mut().zip(&objects) {
        *int = plain_number(object)?.try_into().ok()?;
    }
    Some(ints)
}

/// `setsockopt(level, optname, value)` with an int or a buffer, or `(level, optname, None, optlen)`.
pub(super) fn setsockopt<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let (py, socket) = (slf.py(), slf.get());
    let vsock = socket.family() == Family::VSOCK;
    let plain = arguments.exactly().and_then(plain_ints).filter(|_| !vsock);
    if let Some([level, name, number]) = plain {
        let fd = socket.descriptor()?;
        call(py, socket, level, || fd::set_int(fd, level, name, number))?;
    } else if vsock {
        set_vsock(py, socket, arguments)?;
    } else {
        set(py, socket, arguments)?;
    }
    Ok(py.None().into_bound(py))
}

fn set_vsock(
    py: Python<'_>,
    socket: &Socket,
    arguments: &Arguments<'_, '_>,
) -> Result<(), Failure> {
    arity("setsockopt", arguments.len(), 3, 3)?;
    let Some([level, name, value]) = arguments.exactly() else {
        return Ok(());
    };
    let (level, name) = (int(&level)?, int(&name)?);
    if !value.is_instance_of::<PyInt>() {
        let given = if value.is_none() {
            "None".to_owned()
        } else {
            type_name(&value)
        };
        let text = format!("setsockopt() argument 3 must be int, not {given}");
        return Err(PyTypeError::new_err(text).into());
    }
    let value = wrapping_u64(&value)?.to_ne_bytes();
    let fd = socket.descriptor()?;
    call(py, socket, level, || {
        fd::set_option(fd, level, name, &value)
    })
}

fn set(py: Python<'_>, socket: &Socket, arguments: &Arguments<'_, '_>) -> Result<(), Failure> {
    if let Some([level, name, value, len]) = arguments.exactly() {
        match null_option(&level, &name, &value, &len) {
            Ok(None) => {}
            Ok(Some((level, name, len))) => {
                let fd = socket.descriptor()?;
                return call(py, socket, level, || {
                    fd::set_option_null(fd, level, name, len)
                });
            }
            // The error is worded for the form with three arguments.
            Err(error) => forget(py, error),
        }
    }
    arity("setsockopt", arguments.len(), 3, 3)?;
    let Some([level, name, value]) = arguments.exactly() else {
        return Ok(());
    };
    let (level, name) = (int(&level)?, int(&name)?);
    // What is no C int is taken for a buffer, and the message says so.
    match int(&value) {
        Ok(number) => {
            let fd = socket.descriptor()?;
            call(py, socket, level, || fd::set_int(fd, level, name, number))
        }
        Err(error) => {
            forget(py, error);
            let value = Buffer::read(&value)?;
            let fd = socket.descriptor()?;
            call(py, socket, level, || {
                fd::set_option(fd, level, name, value.bytes())
            })?;
            if (level, name) == (libc::IPPROTO_TCP, libc::TCP_ULP) {
                socket.turns.set_laborious();
            }
            Ok(())
        }
    }
}

/// The numbers of `setsockopt(level, optname, None, optlen)`, if it is that.
fn null_option(
    level: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    len: &Bound<'_, PyAny>,
) -> PyResult<Option<(i32, i32, u32)>> {
    let (level, name) = (int(level)?, int(name)?);
    if !value.is_none() {
        return Ok(None);
    }
    Ok(Some((level, name, wrapping_u32(len)?)))
}
