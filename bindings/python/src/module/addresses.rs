//! getaddrinfo and getnameinfo.

use std::ffi::{CStr, CString, c_char, c_int, c_uint};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use pyo3::exceptions::{PyOSError, PyOverflowError, PyTypeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyString, PyTuple};
use rsocket::{Address, Family, Hints, Kind, NameFlags, Protocol, ResolveFlags, ResolvedAddresses};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use super::function::{Answer, Table, functions, optional, parse, plain_int};
use super::names::decode;
use crate::address::{is_ip_address, render};
use crate::argument::Given;
use crate::wait::unlocked;
use crate::{audit, enums, error};

pub(super) static FUNCTIONS: Table<2> = functions! {
    tuple getnameinfo "(sockaddr, flags, /)" = getnameinfo,
        "The host and the service of an address, as names or numbers.";
};

/// The addresses of a host and a service.
///
/// Returns a list of (family, type, protocol, canonical name, address). A numeric host is answered
/// at once; any other waits for the system's resolver, other threads running meanwhile.
#[pyfunction]
#[pyo3(signature = (host, port, family=Given::NOTHING, r#type=Given::NOTHING, proto=Given::NOTHING, flags=Given::NOTHING),
       text_signature = "(host, port, family=0, type=0, proto=0, flags=0)")]
pub(super) fn getaddrinfo<'py>(
    py: Python<'py>,
    host: &Bound<'py, PyAny>,
    port: &Bound<'py, PyAny>,
    family: Given<'py>,
    r#type: Given<'py>,
    proto: Given<'py>,
    flags: Given<'py>,
) -> PyResult<Bound<'py, PyList>> {
    let [family, kind, protocol, flags] = integers(py, [family, r#type, proto, flags])?;
    let hints = Hints {
        family: Family::from_raw(family),
        kind: Some(Kind::from_raw(kind)),
        protocol: Protocol::from_raw(protocol),
        flags: ResolveFlags::from_raw(flags),
    };
    let host_text = Host::extract(host)?;
    let service = Service::extract(port)?;
    audit::resolved(host, port, family, kind, protocol)?;
    let quick = match (&host_text, &service) {
        (Host::Number(host), Service::Port(port)) => rsocket::resolve_number(host, *port, hints),
        (Host::Number(host), Service::None) => rsocket::resolve_number(host, 0, hints),
        _ => None,
    };
    let answers = match quick {
        Some(answers) => answers,
        None => {
            let (host, service) = (host_text.to_c()?, service.to_c()?);
            unlocked(py, || {
                rsocket::resolve_c(host.as_deref(), service.as_deref(), hints)
            })
            .map_err(|error| error::to_python(py, error))?
        }
    };
    to_list(py, answers, Protocol::from_raw(protocol))
}

fn integers(py: Python<'_>, given: [Given<'_>; 4]) -> PyResult<[c_int; 4]> {
    let mut numbers = [0; 4];
    for (number, argument) in numbers.iter_mut().zip(&given) {
        match argument.get().map(plain_int) {
            None => {}
            Some(Some(plain)) => *number = plain,
            Some(None) => {
                let objects = given.iter().map(|argument| match argument.get() {
                    Some(argument) => argument.clone(),
                    None => PyInt::new(py, 0).into_any(),
                });
                return parsed(&PyTuple::new(py, objects)?);
            }
        }
    }
    Ok(numbers)
}

fn parsed(given: &Bound<'_, PyTuple>) -> PyResult<[c_int; 4]> {
    let mut numbers = [0; 4];
    let [family, kind, protocol, flags] = &mut numbers;
    parse!(
        given,
        c"iiii:getaddrinfo",
        ptr::from_mut(family),
        ptr::from_mut(kind),
        ptr::from_mut(protocol),
        ptr::from_mut(flags),
    )?;
    Ok(numbers)
}

/// The host argument of getaddrinfo.
enum Host<'a> {
    None,
    /// ASCII text, perhaps a number, that the idna codec would leave as it is.
    Number(&'a str),
    Encoded(Bound<'a, PyBytes>),
}

impl<'a> Host<'a> {
    fn extract<'py: 'a>(host: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        if host.is_none() {
            return Ok(Host::None);
        }
        if let Ok(text) = host.cast::<PyString>() {
            if let Some(text) = text
                .to_str()
                .ok()
                .filter(|text| is_number(text) || is_plain(text))
            {
                return Ok(Host::Number(text));
            }
            // SAFETY: PyUnicode_AsEncodedString takes a str, the name of an encoding and no error
            // handler, and gives a new reference, or null with an exception.
            let encoded = unsafe {
                let encoded =
                    ffi::PyUnicode_AsEncodedString(text.as_ptr(), c"idna".as_ptr(), ptr::null());
                Bound::from_owned_ptr_or_err(host.py(), encoded)?
            };
            return Ok(Host::Encoded(encoded.cast_into::<PyBytes>()?));
        }
        if let Ok(bytes) = host.cast::<PyBytes>() {
            return Ok(Host::Encoded(bytes.clone()));
        }
        if is_ip_address(host)? {
            let text = host.str()?;
            return Ok(Host::Encoded(PyBytes::new(
                host.py(),
                text.to_str()?.as_bytes(),
            )));
        }
        Err(PyTypeError::new_err(
            "getaddrinfo() argument 1 must be string or None",
        ))
    }

    fn to_c(&self) -> PyResult<Option<CString>> {
        Ok(match self {
            Host::None => None,
            Host::Number(text) => Some(CString::new(*text)?),
            Host::Encoded(bytes) => Some(until_nul(bytes.as_bytes())?),
        })
    }
}

/// Whether it is an address that the idna codec leaves as it is, because its labels are short.
fn is_number(text: &str) -> bool {
    text.len() < 64 && text.parse::<IpAddr>().is_ok()
}

/// True for ASCII with labels as the idna codec wants them, which is then the same after it.
pub(super) fn is_plain(text: &str) -> bool {
    let (before, last) = text
        .rsplit_once('.')
        .map_or((None, text), |(a, b)| (Some(a), b));
    text.is_ascii()
        && !text.contains('\0')
        && last.len() < 64
        && before.is_none_or(|before| {
            before
                .split('.')
                .all(|label| (1..64).contains(&label.len()))
        })
}

/// The service argument of getaddrinfo.
enum Service {
    None,
    Port(u16),
    Text(CString),
}

impl Service {
    fn extract(service: &Bound<'_, PyAny>) -> PyResult<Self> {
        if service.is_none() {
            return Ok(Service::None);
        }
        if service.is_exact_instance_of::<PyInt>() {
            if let Some(port) = plain_int(service).and_then(|port| u16::try_from(port).ok()) {
                return Ok(Service::Port(port));
            }
            let text = if cfg!(Py_3_12) {
                service.str()?.to_str()?.to_owned()
            } else {
                crate::argument::long(service)?.to_string()
            };
            return Ok(Service::Text(CString::new(text)?));
        }
        if let Ok(text) = service.cast::<PyString>() {
            let text = text.to_str()?;
            let port = text
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse());
            return match port {
                Some(Ok(port)) => Ok(Service::Port(port)),
                _ => Ok(Service::Text(until_nul(text.as_bytes())?)),
            };
        }
        match service.cast::<PyBytes>() {
            Ok(bytes) => Ok(Service::Text(until_nul(bytes.as_bytes())?)),
            Err(_) => Err(PyOSError::new_err("Int or String expected")),
        }
    }

    fn to_c(&self) -> PyResult<Option<CString>> {
        Ok(match self {
            Service::None => None,
            Service::Port(port) => Some(CString::new(port.to_string())?),
            Service::Text(text) => Some(text.clone()),
        })
    }
}

/// The bytes as the C library reads them: up to the first NUL.
fn until_nul(bytes: &[u8]) -> PyResult<CString> {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    Ok(CString::new(bytes.get(..end).unwrap_or_default())?)
}

fn to_list(
    py: Python<'_>,
    answers: ResolvedAddresses,
    protocol: Protocol,
) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for answer in answers {
        let address = render(py, &answer.address, protocol)?;
        let name = match &answer.canonical_name {
            Some(name) => PyString::from_bytes(py, name.as_bytes())?,
            None => intern!(py, "").clone(),
        };
        let family = enums::family(py, answer.family.raw())?;
        let kind = enums::kind(py, answer.kind.raw())?;
        list.append((family, kind, answer.protocol.raw(), name, address))?;
    }
    Ok(list)
}

fn getnameinfo<'py>(args: &Bound<'py, PyTuple>) -> Answer<'py> {
    let py = args.py();
    let (mut given, mut flags) = (ptr::null_mut::<ffi::PyObject>(), 0 as c_int);
    parse!(args, c"Oi:getnameinfo", &raw mut given, &raw mut flags)?;
    // SAFETY: format `O` gives a borrowed object, which the arguments keep alive.
    let given = unsafe { Bound::from_borrowed_ptr(py, given) };
    let Ok(given) = given.cast_into::<PyTuple>() else {
        return Err(PyTypeError::new_err(
            "getnameinfo() argument 1 must be a tuple",
        ));
    };
    let given = with_host_as_text(given)?;
    let (mut host, mut port) = (ptr::null::<c_char>(), 0 as c_int);
    let (mut flow, mut scope) = (0 as c_uint, 0 as c_uint);
    parse!(
        &given,
        c"si|II;getnameinfo(): illegal sockaddr argument",
        &raw mut host,
        &raw mut port,
        &raw mut flow,
        &raw mut scope,
    )?;
    if flow > 0xfffff {
        return Err(PyOverflowError::new_err(
            "getnameinfo(): flowinfo must be 0-1048575.",
        ));
    }
    audit::event(c"socket.getnameinfo", &PyTuple::new(py, [&given])?)?;
    // SAFETY: format `s` gives a NUL-terminated string, which the tuple keeps alive.
    let host = unsafe { optional(host) }.unwrap_or(c"");
    let address = numeric_address(py, host, port)?;
    let address = match address.as_ip() {
        Some(SocketAddr::V4(_)) if given.len() != 2 => {
            return Err(PyOSError::new_err("IPv4 sockaddr must be 2 tuple"));
        }
        Some(SocketAddr::V6(v6)) => {
            Address::from(SocketAddrV6::new(*v6.ip(), v6.port(), flow, scope))
        }
        _ => address,
    };
    let names = unlocked(py, || {
        rsocket::name_info(&address, NameFlags::from_raw(flags))
    })
    .map_err(|error| error::to_python(py, error))?;
    let host = decode(py, &CString::new(names.host.as_bytes())?)?;
    let service = PyString::from_bytes(py, names.service.as_bytes())?;
    Ok((host, service).into_pyobject(py)?.into_any())
}

/// An address whose host is an object of module `ipaddress`, with its text in that place.
fn with_host_as_text(address: Bound<'_, PyTuple>) -> PyResult<Bound<'_, PyTuple>> {
    match address.get_item(0) {
        Ok(host) if is_ip_address(&host)? => {
            let rest = address.iter().skip(1);
            let parts = std::iter::once(host.str()?.into_any()).chain(rest);
            PyTuple::new(address.py(), parts.collect::<Vec<_>>())
        }
        _ => Ok(address),
    }
}

fn numeric_address(py: Python<'_>, host: &CStr, port: c_int) -> PyResult<Address> {
    let hints = Hints {
        kind: Some(Kind::DGRAM),
        flags: ResolveFlags::NUMERIC_HOST,
        ..Hints::default()
    };
    let quick = (host.to_str().ok())
        .zip(u16::try_from(port).ok())
        .and_then(|(host, port)| rsocket::resolve_number(host, port, hints)?.next());
    if let Some(answer) = quick {
        return Ok(answer.address);
    }
    let service = CString::new(port.to_string())?;
    let answers = unlocked(py, || {
        rsocket::resolve_c(Some(host), Some(&service), hints)
            .map(|mut all| (all.next(), all.next()))
    });
    match answers.map_err(|error| error::to_python(py, error))? {
        (Some(only), None) => Ok(only.address),
        _ => Err(PyOSError::new_err(
            "sockaddr resolved to multiple addresses",
        )),
    }
}
