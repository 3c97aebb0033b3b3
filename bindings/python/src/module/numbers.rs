//! Byte order and the text of internet addresses.

use std::ffi::{CStr, c_int, c_long};
use std::net::Ipv4Addr;
use std::ptr;
use std::slice;

use pyo3::exceptions::{PyOSError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString};
use rsocket::Errno;

use super::function::{
    Answer, Arguments, Table, functions, optional, parse_fast, parse_single, plain_int,
};
use crate::address::IpText;
use crate::error;

pub(super) static FUNCTIONS: Table<9> = functions! {
    single htons "(x, /)" = htons, "A 16-bit number from host to network byte order.";
    single ntohs "(x, /)" = ntohs, "A 16-bit number from network to host byte order.";
    one htonl "(x, /)" = htonl, "A 32-bit number from host to network byte order.";
    one ntohl "(x, /)" = ntohl, "A 32-bit number from network to host byte order.";
    single inet_aton "(ip_addr, /)" = inet_aton,
        "The four bytes of an IPv4 address in any of its textual forms, such as '127.1'.";
    single inet_ntoa "(packed_ip, /)" = inet_ntoa, "The text of an IPv4 address of four bytes.";
    fast inet_pton "(address_family, ip_string, /)" = inet_pton,
        "The bytes of an IPv4 or IPv6 address.";
    fast inet_ntop "(address_family, packed_ip, /)" = inet_ntop,
        "The text of an IPv4 or IPv6 address.";
};

fn htons<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let number = short(args, |args, place| parse_single!(args, c"i:htons", place))?;
    swapped(args.py(), "htons", number)
}

fn ntohs<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let number = short(args, |args, place| parse_single!(args, c"i:ntohs", place))?;
    swapped(args.py(), "ntohs", number)
}

#[inline]
fn short(
    args: &Arguments<'_, '_>,
    parse: impl FnOnce(&Arguments<'_, '_>, *mut c_int) -> PyResult<()>,
) -> PyResult<c_int> {
    let argument = args.exactly().map(|[argument]| argument);
    if let Some(number) = argument.as_deref().and_then(plain_int) {
        return Ok(number);
    }
    #[cfg(Py_3_13)]
    if let Some(argument) = argument {
        return crate::argument::lone_int(&argument);
    }
    let mut number = 0;
    parse(args, &raw mut number).map(|()| number)
}

fn swapped<'py>(py: Python<'py>, name: &str, number: c_int) -> Answer<'py> {
    if number < 0 {
        let text =
            format!("{name}: can't convert negative Python int to C 16-bit unsigned integer");
        return Err(PyOverflowError::new_err(text));
    }
    let short = match u16::try_from(number) {
        Ok(short) => short,
        #[cfg(Py_3_10)]
        Err(_) => {
            let text =
                format!("{name}: Python int too large to convert to C 16-bit unsigned integer");
            return Err(PyOverflowError::new_err(text));
        }
        #[cfg(not(Py_3_10))]
        Err(_) => {
            let text = std::ffi::CString::new(format!(
                "{name}: Python int too large to convert to C 16-bit unsigned integer \
                 (The silent truncation is deprecated)"
            ))?;
            let class = py.get_type::<pyo3::exceptions::PyDeprecationWarning>();
            PyErr::warn(py, &class, &text, 1)?;
            number as u16
        }
    };
    Ok(PyInt::new(py, short.to_be()).into_any())
}

fn htonl<'py>(argument: &Bound<'py, PyAny>) -> Answer<'py> {
    // One and the same function on every machine: swapping twice changes nothing.
    ntohl(argument)
}

fn ntohl<'py>(argument: &Bound<'py, PyAny>) -> Answer<'py> {
    let py = argument.py();
    // SAFETY: PyLong_Check takes any object.
    if unsafe { ffi::PyLong_Check(argument.as_ptr()) } == 0 {
        let class = argument.get_type();
        let text = format!("expected int, {} found", type_name(&class)?);
        return Err(PyTypeError::new_err(text));
    }
    // SAFETY: PyLong_AsUnsignedLong takes an int; all ones may come with an exception set.
    let number = unsafe { ffi::PyLong_AsUnsignedLong(argument.as_ptr()) };
    if number == std::ffi::c_ulong::MAX
        && let Some(error) = PyErr::take(py)
    {
        return Err(error);
    }
    match u32::try_from(number) {
        Ok(number) => Ok(PyInt::new(py, u32::from_be(number)).into_any()),
        Err(_) => Err(PyOverflowError::new_err("int larger than 32 bits")),
    }
}

/// The name in `tp_name`: with the module for a class of C, without it for one of Python.
fn type_name(class: &Bound<'_, pyo3::types::PyType>) -> PyResult<String> {
    // SAFETY: tp_name of a live type is a NUL-terminated string that lives as long as the type.
    let name = unsafe { CStr::from_ptr((*class.as_type_ptr()).tp_name) };
    Ok(name.to_string_lossy().into_owned())
}

fn inet_aton<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let plain = args
        .exactly()
        .and_then(|[text]| number_in::<Ipv4Addr>(&text));
    if let Some(address) = plain {
        return Ok(PyBytes::new(args.py(), &address.octets()).into_any());
    }
    let mut text = ptr::null();
    parse_single!(args, c"s:inet_aton", &raw mut text)?;
    let mut address = libc::in_addr { s_addr: 0 };
    // SAFETY: format `s` gives a NUL-terminated string; inet_aton(3) writes one in_addr.
    if unsafe { libc_inet_aton(text, &raw mut address) } == 0 {
        return Err(PyOSError::new_err(
            "illegal IP address string passed to inet_aton",
        ));
    }
    Ok(PyBytes::new(args.py(), &address.s_addr.to_ne_bytes()).into_any())
}

/// The address in an exact str, if it is one as std reads it: always the one that the C library
/// reads too, which takes more forms.
#[inline]
fn number_in<T: std::str::FromStr>(text: &Bound<'_, PyAny>) -> Option<T> {
    text.cast_exact::<PyString>()
        .ok()?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Calls with the text of an exact str. The C library reads addresses of IPv6 faster than std.
#[inline]
fn with_c_text<T>(text: &Bound<'_, PyAny>, call: impl FnOnce(&CStr) -> Option<T>) -> Option<T> {
    let text = text.cast_exact::<PyString>().ok()?;
    let mut len = 0;
    // SAFETY: PyUnicode_AsUTF8AndSize takes a str, and gives null with an exception or a buffer that
    // lives as long as the str and "always has an extra null byte appended (not included in size)".
    let text = unsafe {
        let start = ffi::PyUnicode_AsUTF8AndSize(text.as_ptr(), &raw mut len);
        if start.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        slice::from_raw_parts(start.cast::<u8>(), len as usize + 1)
    };
    call(CStr::from_bytes_with_nul(text).ok()?)
}

unsafe extern "C" {
    #[link_name = "inet_aton"]
    fn libc_inet_aton(text: *const std::ffi::c_char, address: *mut libc::in_addr) -> c_int;
}

fn inet_ntoa<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let py = args.py();
    if let Some([packed]) = args.exactly()
        && let Ok(packed) = packed.cast_exact::<PyBytes>()
    {
        return ntoa(py, packed.as_bytes());
    }
    let packed = Packed::parse(|view| parse_single!(args, c"y*:inet_ntoa", view))?;
    ntoa(py, packed.bytes())
}

fn ntoa<'py>(py: Python<'py>, packed: &[u8]) -> Answer<'py> {
    let wrong = |_| PyOSError::new_err("packed IP wrong length for inet_ntoa");
    v4_text(py, packed.try_into().map_err(wrong)?)
}

fn v4_text(py: Python<'_>, octets: [u8; 4]) -> Answer<'_> {
    let mut text = IpText::new();
    text.v4(octets);
    Ok(text.to_python(py).into_any())
}

fn inet_pton<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let py = args.py();
    if let Some([family, text]) = args.exactly() {
        match plain_int(&family) {
            Some(libc::AF_INET) => {
                if let Some(address) = number_in::<Ipv4Addr>(&text) {
                    return Ok(PyBytes::new(py, &address.octets()).into_any());
                }
            }
            Some(family @ libc::AF_INET6) => {
                if let Some(address) = with_c_text(&text, |text| pton::<16>(family, text)) {
                    return Ok(PyBytes::new(py, &address).into_any());
                }
            }
            _ => {}
        }
    }
    let (mut family, mut text) = (0 as c_int, ptr::null());
    parse_fast!(args, c"is:inet_pton", &raw mut family, &raw mut text)?;
    // SAFETY: format `s` gives a NUL-terminated string, which the argument keeps alive.
    let text = unsafe { optional(text) }.unwrap_or(c"");
    let illegal = || PyOSError::new_err("illegal IP address string passed to inet_pton");
    match family {
        libc::AF_INET => {
            let address = pton::<4>(family, text).ok_or_else(illegal)?;
            Ok(PyBytes::new(py, &address).into_any())
        }
        libc::AF_INET6 => {
            let address = pton::<16>(family, text).ok_or_else(illegal)?;
            Ok(PyBytes::new(py, &address).into_any())
        }
        _ => Err(error::from_errno(Errno::EAFNOSUPPORT)),
    }
}

/// inet_pton(3) for the families of four and sixteen bytes.
pub(super) fn pton<const N: usize>(family: c_int, text: &CStr) -> Option<[u8; N]> {
    let mut address = [0; N];
    let needed = if family == libc::AF_INET { 4 } else { 16 };
    if N < needed {
        return None;
    }
    // SAFETY: the text ends in NUL; inet_pton(3) writes 4 bytes for AF_INET and 16 for AF_INET6,
    // which are there.
    let result = unsafe { libc_inet_pton(family, text.as_ptr(), address.as_mut_ptr().cast()) };
    (result == 1).then_some(address)
}

unsafe extern "C" {
    #[link_name = "inet_pton"]
    fn libc_inet_pton(
        family: c_int,
        text: *const std::ffi::c_char,
        address: *mut std::ffi::c_void,
    ) -> c_int;
}

fn inet_ntop<'py>(args: &Arguments<'_, 'py>) -> Answer<'py> {
    let py = args.py();
    if let Some([family, packed]) = args.exactly()
        && let Some(family) = plain_int(&family)
        && let Ok(packed) = packed.cast_exact::<PyBytes>()
    {
        return ntop(py, family, packed.as_bytes());
    }
    let mut family = 0 as c_int;
    let packed = Packed::parse(|view| parse_fast!(args, c"iy*:inet_ntop", &raw mut family, view))?;
    ntop(py, family, packed.bytes())
}

fn ntop<'py>(py: Python<'py>, family: c_int, packed: &[u8]) -> Answer<'py> {
    let wrong = |_| PyValueError::new_err("invalid length of packed IP address string");
    match family {
        libc::AF_INET => v4_text(py, packed.try_into().map_err(wrong)?),
        libc::AF_INET6 => {
            let octets: [u8; 16] = packed.try_into().map_err(wrong)?;
            let mut text = IpText::new();
            text.v6(octets.into());
            Ok(text.to_python(py).into_any())
        }
        other => {
            let text = format!("unknown address family {}", c_long::from(other));
            Err(PyValueError::new_err(text))
        }
    }
}

/// The buffer behind an argument of the format `y*`.
struct Packed(ffi::Py_buffer);

impl Packed {
    fn parse(parse: impl FnOnce(*mut ffi::Py_buffer) -> PyResult<()>) -> PyResult<Self> {
        let mut packed = Packed(ffi::Py_buffer::new());
        parse(&raw mut packed.0)?;
        Ok(packed)
    }

    fn bytes(&self) -> &[u8] {
        match usize::try_from(self.0.len) {
            Ok(0) | Err(_) => &[],
            // SAFETY: format `y*` gives `len` contiguous bytes at `buf` until the release.
            Ok(len) => unsafe { std::slice::from_raw_parts(self.0.buf.cast::<u8>(), len) },
        }
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        // SAFETY: the view is empty or was filled by PyArg_ParseTuple; releasing an empty one does
        // nothing. Functions of the module run attached.
        unsafe { ffi::PyBuffer_Release(&raw mut self.0) }
    }
}
