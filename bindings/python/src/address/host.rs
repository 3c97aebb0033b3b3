//! Hosts in addresses: names and numbers as str, bytes or bytearray, resolved when used.

use std::borrow::Cow;
use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString};
use rsocket::Family;

use crate::error::forget;
use crate::module::host_address;

/// The host of an address as it goes to the resolver: bytes without a NUL.
pub(crate) struct HostName<'a>(Cow<'a, [u8]>);

impl<'a> HostName<'a> {
    /// Takes a str (beyond ASCII through the idna codec), bytes or bytearray; beyond what the
    /// standard library takes, the addresses of module `ipaddress`.
    ///
    /// # Errors
    /// TypeError for anything else, for an embedded NUL, and where the idna codec refuses.
    pub(crate) fn extract(object: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        let bytes = if let Ok(text) = object.cast::<PyString>() {
            match ascii(text) {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(encode_idna(text)?),
            }
        } else if let Ok(bytes) = object.cast::<PyBytes>() {
            Cow::Borrowed(bytes.as_bytes())
        } else if let Ok(bytes) = object.cast::<PyByteArray>() {
            Cow::Owned(bytes.to_vec())
        } else if is_ip_address(object)? {
            Cow::Owned(object.str()?.to_cow()?.into_owned().into_bytes())
        } else {
            let name = object.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "str, bytes or bytearray expected, not {name}"
            )));
        };
        if bytes.contains(&0) {
            return Err(PyTypeError::new_err(
                "host name must not contain null character",
            ));
        }
        Ok(HostName(bytes))
    }

    fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// For the C library.
    pub(crate) fn to_c(&self) -> PyResult<CString> {
        CString::new(&*self.0)
            .map_err(|_| PyTypeError::new_err("host name must not contain null character"))
    }
}

/// The characters of an ASCII string where they are stored.
fn ascii<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a [u8]> {
    let text = text.to_str().ok()?;
    text.is_ascii().then_some(text.as_bytes())
}

fn encode_idna(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    let py = text.py();
    // SAFETY: PyUnicode_AsEncodedString takes a str and two C strings or NULL, and gives a new
    // bytes object or NULL with an exception.
    let encoded = unsafe {
        let encoded =
            ffi::PyUnicode_AsEncodedString(text.as_ptr(), c"idna".as_ptr(), std::ptr::null());
        Bound::from_owned_ptr_or_err(py, encoded)
    };
    match encoded {
        Ok(encoded) => Ok(encoded.cast::<PyBytes>()?.as_bytes().to_vec()),
        Err(error) => {
            forget(py, error);
            Err(PyTypeError::new_err("encoding of hostname failed"))
        }
    }
}

/// True for ipaddress.IPv4Address and IPv6Address. Who holds one has imported the module.
pub(crate) fn is_ip_address(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    let modules = py
        .import(intern!(py, "sys"))?
        .getattr(intern!(py, "modules"))?
        .cast_into::<PyDict>()?;
    let Some(module) = modules.get_item(intern!(py, "ipaddress"))? else {
        return Ok(false);
    };
    Ok(
        object.is_instance(&module.getattr(intern!(py, "IPv4Address"))?)?
            || object.is_instance(&module.getattr(intern!(py, "IPv6Address"))?)?,
    )
}

/// The IPv4 address of a host, port 0.
pub(super) fn resolve_v4(py: Python<'_>, host: &HostName<'_>) -> PyResult<SocketAddrV4> {
    if let Some(ip) = host.as_str().and_then(|host| host.parse::<Ipv4Addr>().ok()) {
        return Ok(SocketAddrV4::new(ip, 0));
    }
    match host_address(py, &host.to_c()?, Family::INET)?.as_ip() {
        Some(std::net::SocketAddr::V4(address)) => Ok(address),
        _ => Err(mismatched()),
    }
}

/// The IPv6 address of a host, port 0; with the scope that a `%zone` names.
pub(super) fn resolve_v6(py: Python<'_>, host: &HostName<'_>) -> PyResult<SocketAddrV6> {
    if let Some(ip) = host.as_str().and_then(|host| host.parse::<Ipv6Addr>().ok()) {
        return Ok(SocketAddrV6::new(ip, 0, 0, 0));
    }
    match host_address(py, &host.to_c()?, Family::INET6)?.as_ip() {
        Some(std::net::SocketAddr::V6(address)) => Ok(address),
        _ => Err(mismatched()),
    }
}

fn mismatched() -> PyErr {
    PyOSError::new_err("address family mismatched")
}
