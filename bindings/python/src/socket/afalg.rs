//! sendmsg_afalg: the parameters of the kernel's cryptography (AF_ALG).

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyInt;
use rsocket::{Family, fd};

use super::Socket;
use super::message::{buffers, given, send};
use super::method::{Answer, Arguments, Names, parse_keywords};
use crate::argument::{int, items};
use crate::buffer::Buffer;

/// linux/if_alg.h: `struct af_alg_iv` has its length in front.
const ALG_IV_HEADER: usize = 4;

static AFALG_NAMES: Names<6> = Names([
    c"msg".as_ptr(),
    c"op".as_ptr(),
    c"iv".as_ptr(),
    c"assoclen".as_ptr(),
    c"flags".as_ptr(),
    ptr::null(),
]);

/// `sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags]]])`
pub(super) fn sendmsg_afalg<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    if slf.get().family() != Family::ALG {
        return Err(PyOSError::new_err("algset is only supported for AF_ALG").into());
    }
    let py = slf.py();
    let null = ptr::null_mut::<ffi::PyObject>();
    let (mut msg, mut op, mut assoclen, mut flags) = (null, null, null, 0 as c_int);
    let mut iv = ffi::Py_buffer::new();
    let int_type = py.get_type::<PyInt>();
    parse_keywords!(
        arguments,
        c"|O$O!y*O!i:sendmsg_afalg",
        AFALG_NAMES,
        &raw mut msg,
        int_type.as_ptr(),
        &raw mut op,
        &raw mut iv,
        int_type.as_ptr(),
        &raw mut assoclen,
        &raw mut flags
    )?;
    // SAFETY: the parser filled the view where there is an IV; what else it gave are arguments,
    // which the caller keeps alive.
    let (msg, op, assoclen, iv) = unsafe {
        let iv = (!iv.obj.is_null()).then(|| Buffer::from_view(py, iv));
        (given(py, msg), given(py, op), given(py, assoclen), iv)
    };
    let op = match op.map(|op| int(&op)).transpose()? {
        Some(op) if op >= 0 => op,
        _ => return Err(PyTypeError::new_err("Invalid or missing argument 'op'").into()),
    };
    let assoclen = assoclen.map(|assoclen| int(&assoclen)).transpose()?;
    if assoclen.is_some_and(|assoclen| assoclen < 0) {
        return Err(PyTypeError::new_err("assoclen must be positive").into());
    }
    let mut control = Vec::new();
    fd::push_control(
        &mut control,
        libc::SOL_ALG,
        libc::ALG_SET_OP,
        &op.to_ne_bytes(),
    );
    if let Some(iv) = iv {
        let mut value = Vec::with_capacity(ALG_IV_HEADER + iv.len());
        value.extend((iv.len() as u32).to_ne_bytes());
        value.extend(iv.bytes());
        fd::push_control(&mut control, libc::SOL_ALG, libc::ALG_SET_IV, &value);
    }
    if let Some(assoclen) = assoclen {
        let value = assoclen.to_ne_bytes();
        fd::push_control(
            &mut control,
            libc::SOL_ALG,
            libc::ALG_SET_AEAD_ASSOCLEN,
            &value,
        );
    }
    let msg = match msg {
        Some(msg) => items(&msg, "sendmsg_afalg() argument 1 must be an iterable")?,
        None => Vec::new(),
    };
    send(slf, &buffers(&msg)?, &control, flags, None)
}
