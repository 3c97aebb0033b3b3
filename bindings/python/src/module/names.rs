//! Names of this machine, of hosts, of services and of protocols.

use std::ffi::{CStr, CString, c_int};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

use pyo3::exceptions::{PyOSError, PyOverflowError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyString, PyTuple};
use rsocket::{Address, Errno, Family, Hints, Kind, ResolveFlags};

use super::addresses::is_plain;
use super::function::{Answer, Encoded, Table, functions, optional, parse};
use super::netdb;
use super::numbers::pton;
use crate::address::IpText;
use crate::wait::unlocked;
use crate::{audit, error};

pub(super) static FUNCTIONS: Table<9> = functions! {
    noargs gethostname "()" = gethostname, "The name of this machine.";
    tuple sethostname "(name, /)" = sethostname, "Sets the name of this machine.";
    tuple gethostbyname "(hostname, /)" = gethostbyname, "The first IPv4 address of a host.";
    tuple gethostbyname_ex "(hostname, /)" = gethostbyname_ex,
        "The true name of a host, its other names and its IPv4 addresses.";
    tuple gethostbyaddr "(ip_address, /)" = gethostbyaddr,
        "The true name of the host with an address, its other names and its addresses.";
    tuple getservbyname "(servicename, protocolname=..., /)" = getservbyname,
        "The port of a service.";
    tuple getservbyport "(port, protocolname=..., /)" = getservbyport,
        "The name of the service on a port.";
    tuple getprotobyname "(protocolname, /)" = getprotobyname, "The number of a protocol.";
};

/// As the file system encoding has it, surrogates for what it cannot decode.
pub(super) fn decode<'py>(py: Python<'py>, text: &CStr) -> Answer<'py> {
    // SAFETY: PyUnicode_DecodeFSDefault takes a NUL-terminated string and gives a new reference,
    // or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_DecodeFSDefault(text.as_ptr())) }
}

fn decode_bytes<'py>(py: Python<'py>, text: Vec<u8>) -> Answer<'py> {
    decode(py, &CString::new(text)?)
}

fn gethostname(py: Python<'_>) -> Answer<'_> {
    audit::event(c"socket.gethostname", &PyTuple::empty(py))?;
    let mut name = [0u8; 1024];
    let result = unlocked(py, || {
        // SAFETY: gethostname(2) writes at most as many bytes as it is told that there are.
        unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) }
    });
    match CStr::from_bytes_until_nul(&name) {
        Ok(name) if result == 0 => decode(py, name),
        _ => Err(error::from_errno(Errno::last())),
    }
}

fn sethostname<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let mut given = ptr::null_mut();
    let name = if parse!(args, c"S:sethostname", &raw mut given).is_ok() {
        // SAFETY: format `S` gives a borrowed bytes object, which the arguments keep alive.
        unsafe { Bound::from_borrowed_ptr(py, given) }
    } else {
        let converter: unsafe extern "C" fn(_, _) -> _ = ffi::PyUnicode_FSConverter;
        parse!(args, c"O&:sethostname", converter, &raw mut given)?;
        // SAFETY: PyUnicode_FSConverter leaves a new bytes object.
        unsafe { Bound::from_owned_ptr(py, given) }
    };
    let name = name.cast_into::<PyBytes>()?;
    audit::event(c"socket.sethostname", &PyTuple::new(py, [&name])?)?;
    let bytes = name.as_bytes();
    // SAFETY: sethostname(2) reads as many bytes as it is told that there are.
    if unsafe { libc::sethostname(bytes.as_ptr().cast(), bytes.len()) } == 0 {
        Ok(py.None().into_bound(py))
    } else {
        Err(error::from_errno(Errno::last()))
    }
}

/// The first address of a host, in any form that the standard library takes: '' is the wildcard
/// address, '<broadcast>' is 255.255.255.255.
///
/// # Errors
/// `socket.gaierror`; OSError where the form does not fit the family.
pub(crate) fn host_address(py: Python<'_>, host: &CStr, family: Family) -> PyResult<Address> {
    let any = family == Family::UNSPEC;
    match host.to_bytes() {
        b"" => return wildcard(py, family),
        b"<broadcast>" | b"255.255.255.255" => {
            return if any || family == Family::INET {
                Ok((Ipv4Addr::BROADCAST, 0).into())
            } else {
                Err(PyOSError::new_err("address family mismatched"))
            };
        }
        _ => {}
    }
    if (any || family == Family::INET)
        && let Some(octets) = pton::<4>(libc::AF_INET, host)
    {
        return Ok((Ipv4Addr::from(octets), 0).into());
    }
    if (any || family == Family::INET6)
        && let Some(octets) = pton::<16>(libc::AF_INET6, host)
    {
        return Ok((Ipv6Addr::from(octets), 0).into());
    }
    let hints = Hints {
        family,
        ..Hints::default()
    };
    let first = unlocked(py, || {
        rsocket::resolve_c(Some(host), None, hints).map(|mut all| all.next())
    });
    match first.map_err(|error| error::to_python(py, error))? {
        Some(answer) if answer.address.as_ip().is_some() => Ok(answer.address),
        _ => Err(PyOSError::new_err("unknown address family")),
    }
}

fn wildcard(py: Python<'_>, family: Family) -> PyResult<Address> {
    let hints = Hints {
        family,
        kind: Some(Kind::DGRAM),
        flags: ResolveFlags::PASSIVE,
        ..Hints::default()
    };
    let answers = unlocked(py, || {
        rsocket::resolve_c(None, Some(c"0"), hints).map(|mut all| (all.next(), all.next()))
    });
    match answers.map_err(|error| error::to_python(py, error))? {
        (Some(only), None) if only.address.as_ip().is_some() => Ok(only.address),
        (Some(first), Some(_)) if first.address.as_ip().is_some() => {
            Err(PyOSError::new_err("wildcard resolved to multiple address"))
        }
        _ => Err(PyOSError::new_err("unsupported address family")),
    }
}

/// The host that an argument names, its audit event raised.
fn host_argument(
    args: &Bound<'_, PyTuple>,
    event: &CStr,
    parse: impl FnOnce(*mut *mut std::ffi::c_char) -> PyResult<()>,
) -> PyResult<CString> {
    let host = match plain_host(args) {
        Some(host) => host,
        None => {
            let mut host = Encoded::empty();
            parse(host.place())?;
            host.text().to_owned()
        }
    };
    audit::event(event, args)?;
    Ok(host)
}

/// A sole str argument that the idna codec would leave as it is.
fn plain_host(args: &Bound<'_, PyTuple>) -> Option<CString> {
    let [host] = args.as_slice() else { return None };
    let host = host.cast_exact::<PyString>().ok()?.to_str().ok()?;
    if is_plain(host) {
        CString::new(host).ok()
    } else {
        None
    }
}

fn gethostbyname<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let host = host_argument(args, c"socket.gethostbyname", |place| {
        parse!(args, c"et:gethostbyname", c"idna".as_ptr(), place)
    })?;
    let address = host_address(py, &host, Family::INET)?;
    match address.as_ip() {
        Some(address) => Ok(ip_text(py, address.ip()).into_any()),
        None => Err(error::from_errno(Errno::EAFNOSUPPORT)),
    }
}

fn gethostbyname_ex<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let host = host_argument(args, c"socket.gethostbyname", |place| {
        parse!(args, c"et:gethostbyname_ex", c"idna".as_ptr(), place)
    })?;
    host_address(py, &host, Family::INET)?;
    let found = unlocked(py, || netdb::host_by_name(&host));
    host_tuple(py, found, libc::AF_INET)
}

fn gethostbyaddr<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let host = host_argument(args, c"socket.gethostbyaddr", |place| {
        parse!(args, c"et:gethostbyaddr", c"idna".as_ptr(), place)
    })?;
    let address = host_address(py, &host, Family::UNSPEC)?;
    let family = address.family().raw();
    let found = unlocked(py, || match address.as_ip().map(|address| address.ip()) {
        Some(IpAddr::V4(ip)) => netdb::host_by_address(family, &ip.octets()),
        Some(IpAddr::V6(ip)) => netdb::host_by_address(family, &ip.octets()),
        None => Err(netdb::HostError(0)),
    });
    host_tuple(py, found, family)
}

fn host_tuple(
    py: Python<'_>,
    found: Result<netdb::Host, netdb::HostError>,
    family: c_int,
) -> Answer<'_> {
    let host = found.map_err(|code| error::herror(py, code.0, &code.text()))?;
    if host.family != family {
        return Err(PyOSError::new_err(Errno::EAFNOSUPPORT.to_string()));
    }
    let name = decode_bytes(py, host.name)?;
    let aliases = PyList::empty(py);
    for alias in host.aliases {
        aliases.append(PyString::from_bytes(py, &alias)?)?;
    }
    let addresses = PyList::empty(py);
    for bytes in host.addresses {
        if let Ok(octets) = <[u8; 4]>::try_from(bytes.as_slice()) {
            addresses.append(ip_text(py, octets.into()))?;
        } else if let Ok(octets) = <[u8; 16]>::try_from(bytes.as_slice()) {
            addresses.append(ip_text(py, octets.into()))?;
        }
    }
    Ok((name, aliases, addresses).into_pyobject(py)?.into_any())
}

fn ip_text(py: Python<'_>, ip: IpAddr) -> Bound<'_, PyString> {
    let mut text = IpText::new();
    match ip {
        IpAddr::V4(ip) => text.v4(ip.octets()),
        IpAddr::V6(ip) => text.v6(ip),
    }
    text.to_python(py)
}

fn getservbyname<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let (mut name, mut protocol) = (ptr::null(), ptr::null());
    parse!(args, c"s|s:getservbyname", &raw mut name, &raw mut protocol)?;
    // SAFETY: format `s` gives NUL-terminated strings, which the arguments keep alive.
    let (name, protocol) = unsafe { (optional(name).unwrap_or(c""), optional(protocol)) };
    let event = (text(py, name)?, text_or_none(py, protocol)?);
    audit::event(c"socket.getservbyname", &event.into_pyobject(py)?)?;
    match unlocked(py, || netdb::service_port(name, protocol)) {
        Some(port) => Ok(PyInt::new(py, port).into_any()),
        None => Err(PyOSError::new_err("service/proto not found")),
    }
}

fn getservbyport<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let (mut port, mut protocol) = (0 as c_int, ptr::null());
    parse!(args, c"i|s:getservbyport", &raw mut port, &raw mut protocol)?;
    // SAFETY: as above.
    let protocol = unsafe { optional(protocol) };
    let Ok(port) = u16::try_from(port) else {
        return Err(PyOverflowError::new_err(
            "getservbyport: port must be 0-65535.",
        ));
    };
    let event = (port, text_or_none(py, protocol)?);
    audit::event(c"socket.getservbyport", &event.into_pyobject(py)?)?;
    match unlocked(py, || netdb::service_name(port, protocol)) {
        Some(name) => Ok(PyString::from_bytes(py, &name)?.into_any()),
        None => Err(PyOSError::new_err("port/proto not found")),
    }
}

fn getprotobyname<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let mut name = ptr::null();
    parse!(args, c"s:getprotobyname", &raw mut name)?;
    // SAFETY: as above.
    let name = unsafe { optional(name) }.unwrap_or(c"");
    match unlocked(py, || netdb::protocol_number(name)) {
        Some(number) => Ok(PyInt::new(py, number).into_any()),
        None => Err(PyOSError::new_err("protocol not found")),
    }
}

/// What the interpreter gave as UTF-8.
fn text<'py>(py: Python<'py>, text: &CStr) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(py, text.to_bytes())
}

fn text_or_none<'py>(
    py: Python<'py>,
    optional: Option<&CStr>,
) -> PyResult<Option<Bound<'py, PyString>>> {
    optional.map(|given| text(py, given)).transpose()
}
