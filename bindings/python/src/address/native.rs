//! Native addresses of the families that the core keeps as bytes: their fields in C's order.
//!
//! linux/can.h, linux/tipc.h, linux/if_alg.h, linux/qrtr.h, bluetooth.h.

use std::ffi::{CStr, CString, c_char};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use rsocket::Address;

/// Builds a native address field by field.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(family: i32) -> Self {
        Writer((family as libc::sa_family_t).to_ne_bytes().to_vec())
    }

    pub(super) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(super) fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    /// `bytes` in a field of `len` bytes.
    pub(super) fn bytes(mut self, bytes: &[u8], len: usize) -> Self {
        let end = self.0.len() + len;
        self.0.extend(bytes.iter().take(len));
        self.0.resize(end, 0);
        self
    }

    /// Zeros up to an address of `len` bytes.
    pub(super) fn padded(mut self, len: usize) -> Self {
        self.0.resize(len, 0);
        self
    }

    pub(super) fn finish(self) -> PyResult<Address> {
        Address::from_bytes(&self.0)
            .map_err(|_| PyOSError::new_err("address is longer than the kernel takes"))
    }
}

/// Reads a native address field by field; what is cut off reads as zeros.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn skip(mut self, len: usize) -> Self {
        self.0 = self.0.get(len..).unwrap_or_default();
        self
    }

    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        for (to, from) in array.iter_mut().zip(taken) {
            *to = *from;
        }
        array
    }

    pub(super) fn u8(&mut self) -> u8 {
        u8::from_ne_bytes(self.array())
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_ne_bytes(self.array())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.array())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.array())
    }

    /// A text in a field of `len` bytes, up to its NUL.
    pub(super) fn text(&mut self, len: usize) -> &'a [u8] {
        let field = self.take(len);
        field.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// The name of a network interface; empty where there is none with the number.
pub(super) fn interface_name(number: u32) -> CString {
    let mut name = [0u8; libc::IF_NAMESIZE];
    // SAFETY: if_indextoname(3) writes at most IF_NAMESIZE bytes, NUL included.
    let found = unsafe { libc::if_indextoname(number, name.as_mut_ptr().cast::<c_char>()) };
    match CStr::from_bytes_until_nul(&name) {
        Ok(name) if !found.is_null() => name.to_owned(),
        _ => CString::default(),
    }
}
