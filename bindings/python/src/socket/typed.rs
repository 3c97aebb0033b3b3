//! Options with types: who the peer is, keepalive, TCP's account of a connection, multicast groups.

use std::ffi::{CString, c_int};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ptr;
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PyString};
use rsocket::{Address, fd, interface};

use super::Socket;
use super::method::{Answer, Arguments, Names, parse_keywords};
use super::timeout::Timeout;
use crate::address::is_ip_address;
use crate::argument::wrapping_u32;
use crate::attach::Attached;
use crate::failure::Failure;

/// linux/in.h: the requests of RFC 3678, for both families; libc lacks some.
const MCAST_JOIN_GROUP: c_int = 42;
const MCAST_LEAVE_GROUP: c_int = 45;
const MCAST_JOIN_SOURCE_GROUP: c_int = 46;
const MCAST_LEAVE_SOURCE_GROUP: c_int = 47;
/// `struct sockaddr_storage`.
const STORAGE: usize = size_of::<libc::sockaddr_storage>();

/// Calls Python code, which PyO3 is to know of.
fn in_python<'py>(
    _py: Python<'py>,
    call: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> Answer<'py> {
    // SAFETY: `py`.
    let attached = unsafe { Attached::assume() };
    attached.run(|_| call().map_err(Failure::Raised))
}

/// `getpeereid`
pub(super) fn getpeereid<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let peer = fd::peer_credentials(slf.get().descriptor()?)?;
    Ok((peer.uid, peer.gid).into_pyobject(slf.py())?.into_any())
}

/// `peercred`
pub(super) fn peercred<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let py = slf.py();
    let peer = fd::peer_credentials(slf.get().descriptor()?)?;
    in_python(py, || {
        py.import(intern!(py, "rsocket.cmsg"))?
            .getattr(intern!(py, "Credentials"))?
            .call1((peer.pid, peer.uid, peer.gid))
    })
}

/// `peergroups`
pub(super) fn peergroups<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let groups = fd::peer_groups(slf.get().descriptor()?)?;
    Ok(PyList::new(slf.py(), groups)?.into_any())
}

/// `peerpidfd`
pub(super) fn peerpidfd<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let pidfd = fd::peer_pidfd(slf.get().descriptor()?)?;
    Ok(PyInt::new(slf.py(), super::into_raw(pidfd)).into_any())
}

/// `tcp_info`
pub(super) fn tcp_info<'py>(slf: &Bound<'py, Socket>) -> Answer<'py> {
    let py = slf.py();
    let info = fd::tcp_info(slf.get().descriptor()?)?;
    in_python(py, || {
        let fields = PyDict::new(py);
        fields.set_item(intern!(py, "filled"), info.len)?;
        for (name, value) in info.fields() {
            fields.set_item(name, value)?;
        }
        py.import(intern!(py, "rsocket._tcpinfo"))?
            .getattr(intern!(py, "TcpInfo"))?
            .call((), Some(&fields))
    })
}

static KEEPALIVE_NAMES: Names<5> = Names([
    c"on".as_ptr(),
    c"idle".as_ptr(),
    c"interval".as_ptr(),
    c"count".as_ptr(),
    ptr::null(),
]);

/// Seconds from an argument that may be None.
fn seconds(given: Option<Borrowed<'_, '_, PyAny>>) -> PyResult<Option<Duration>> {
    let Some(given) = given else {
        return Ok(None);
    };
    let timeout = Timeout::parse(&given)?;
    Ok(Some(timeout.to_wait().unwrap_or(Duration::ZERO)))
}

/// `set_keepalive(on=True, *, idle=None, interval=None, count=None)`
pub(super) fn set_keepalive<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    let null = ptr::null_mut::<ffi::PyObject>();
    let (mut on, mut idle, mut interval, mut count) = (1 as c_int, null, null, null);
    parse_keywords!(
        arguments,
        c"|p$OOO:set_keepalive",
        KEEPALIVE_NAMES,
        &raw mut on,
        &raw mut idle,
        &raw mut interval,
        &raw mut count
    )?;
    let py = slf.py();
    let [idle, interval, count] = [idle, interval, count].map(|object| {
        // SAFETY: null, or an argument, which the caller keeps alive.
        let object = (!object.is_null()).then(|| unsafe { Borrowed::from_ptr(py, object) });
        object.filter(|object| !object.is_none())
    });
    let (idle, interval) = (seconds(idle)?, seconds(interval)?);
    let count = count
        .map(|count| crate::argument::int(&count))
        .transpose()?;
    // What is no number of probes is one that the core refuses.
    let count = count.map(|count| u8::try_from(count).unwrap_or(0));
    let fd = slf.get().descriptor()?;
    fd::set_keepalive_times(fd, idle, interval, count)?;
    fd::set_keepalive(fd, on != 0)?;
    Ok(py.None().into_bound(py))
}

static GROUP_NAMES: Names<4> = Names([
    c"group".as_ptr(),
    c"interface".as_ptr(),
    c"source".as_ptr(),
    ptr::null(),
]);

/// `join_group(group, interface=None, *, source=None)`
pub(super) fn join_group<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    change_group(slf, arguments, MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP)
}

/// `leave_group(group, interface=None, *, source=None)`
pub(super) fn leave_group<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
) -> Answer<'py> {
    change_group(slf, arguments, MCAST_LEAVE_GROUP, MCAST_LEAVE_SOURCE_GROUP)
}

fn change_group<'py>(
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
    from_any: c_int,
    from_source: c_int,
) -> Answer<'py> {
    let null = ptr::null_mut::<ffi::PyObject>();
    let (mut group, mut name, mut source) = (null, null, null);
    parse_keywords!(
        arguments,
        c"O|O$O:multicast group",
        GROUP_NAMES,
        &raw mut group,
        &raw mut name,
        &raw mut source
    )?;
    let (py, socket) = (slf.py(), slf.get());
    // SAFETY: the parser gave the first, which the caller keeps alive.
    let group = unsafe { Borrowed::from_ptr(py, group) };
    let [name, source] = [name, source].map(|object| {
        // SAFETY: null, or an argument, which the caller keeps alive.
        let object = (!object.is_null()).then(|| unsafe { Borrowed::from_ptr(py, object) });
        object.filter(|object| !object.is_none())
    });
    let (group, zone) = ip_address(&group)?;
    if !group.is_multicast() {
        return Err(PyValueError::new_err("group is not a multicast address").into());
    }
    let interface = match name {
        Some(name) => interface_number(&name)?,
        None => zone,
    };
    let source = source.map(|source| ip_address(&source)).transpose()?;
    if source.is_some_and(|(source, _)| source.is_ipv4() != group.is_ipv4()) {
        return Err(PyValueError::new_err("group and source are of different families").into());
    }
    // RFC 3678: struct group_req and group_source_req, an interface and one or two addresses, each
    // aligned as sockaddr_storage is.
    let mut request = [0u8; 8 + 2 * STORAGE];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(room) = request.get_mut(at..at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
    };
    put(0, &interface.to_ne_bytes());
    put(8, storage(group).as_bytes());
    let (option, len) = match source {
        Some((source, _)) => {
            put(8 + STORAGE, storage(source).as_bytes());
            (from_source, 8 + 2 * STORAGE)
        }
        None => (from_any, 8 + STORAGE),
    };
    let level = if group.is_ipv4() {
        libc::IPPROTO_IP
    } else {
        libc::IPPROTO_IPV6
    };
    let fd = socket.descriptor()?;
    let request = request.get(..len).unwrap_or_default();
    // Joining waits for the lock of all network interfaces.
    let change = || fd::set_option(fd, level, option, request);
    socket.flights.unlocked(py, change)?;
    Ok(py.None().into_bound(py))
}

fn storage(ip: IpAddr) -> Address {
    SocketAddr::new(ip, 0).into()
}

/// An IP address as text or as an object of module `ipaddress`, and the interface of its `%zone`.
fn ip_address(object: &Bound<'_, PyAny>) -> PyResult<(IpAddr, u32)> {
    let text = if is_ip_address(object)? {
        object.str()?
    } else {
        object
            .cast::<PyString>()
            .map_err(|_| PyTypeError::new_err("group and source must be str or ipaddress objects"))?
            .clone()
    };
    let text = text.to_str()?;
    let wrong = || PyValueError::new_err(format!("{text:?} is not an IP address"));
    match text.split_once('%') {
        None => Ok((text.parse().map_err(|_| wrong())?, 0)),
        Some((ip, zone)) => {
            let ip: Ipv6Addr = ip.parse().map_err(|_| wrong())?;
            let zone = match zone.parse() {
                Ok(number) => number,
                Err(_) => named_interface(object.py(), zone)?,
            };
            let address = SocketAddrV6::new(ip, 0, 0, zone);
            Ok((IpAddr::V6(*address.ip()), address.scope_id()))
        }
    }
}

/// An interface by its name or its number.
fn interface_number(object: &Bound<'_, PyAny>) -> PyResult<u32> {
    match object.cast::<PyString>() {
        Ok(name) => named_interface(object.py(), name.to_str()?),
        Err(_) => wrapping_u32(object),
    }
}

fn named_interface(py: Python<'_>, name: &str) -> PyResult<u32> {
    if CString::new(name).is_err() {
        return Err(PyValueError::new_err("embedded null character"));
    }
    interface::if_nametoindex(name).map_err(|error| crate::error::to_python(py, error))
}
