//! Addresses as Python has them, made native.

use std::ffi::{CString, OsStr, c_int};
use std::fmt::Display;
use std::net::{SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;

use pyo3::exceptions::{PyOSError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple};
use rsocket::{Address, PacketAddress, interface};

use super::host::{HostName, resolve_v4, resolve_v6};
use super::native::Writer;
use crate::argument::{int, type_name, wrapping_u32, wrapping_u64};
use crate::buffer::Buffer;
use crate::error::{self, forget};
use crate::socket::Socket;

/// linux/socket.h, not in libc.
pub(super) const AF_QIPCRTR: i32 = 42;
/// bluetooth/bluetooth.h, not in libc.
pub(super) const BTPROTO_L2CAP: i32 = 0;
pub(super) const BTPROTO_HCI: i32 = 1;
pub(super) const BTPROTO_SCO: i32 = 2;
pub(super) const BTPROTO_RFCOMM: i32 = 3;
/// linux/tipc.h, not in libc.
pub(super) const TIPC_ADDR_NAMESEQ: u8 = 1;
pub(super) const TIPC_ADDR_NAME: u8 = 2;
pub(super) const TIPC_ADDR_ID: u8 = 3;
const TIPC_CLUSTER_SCOPE: u32 = 2;
/// The room for a path in `sockaddr_un` (man 7 unix).
const UNIX_PATH_CAPACITY: usize = 108;

type Tuple<'a, 'py> = &'a Bound<'py, PyTuple>;

/// The native address for a socket's family and protocol; `caller` is the method that a message
/// names. Host names are resolved, which may take long and lets other threads run.
///
/// # Errors
/// TypeError for the wrong shape, OverflowError and ValueError for numbers out of range, `gaierror`
/// for an unknown host, OSError for an unknown interface and a path that is too long.
pub(crate) fn parse(
    socket: &Socket,
    object: &Bound<'_, PyAny>,
    caller: &'static str,
) -> PyResult<Address> {
    let method = format_args!("{caller}()");
    match socket.family().raw() {
        // RDS speaks in IPv4 addresses.
        libc::AF_INET | libc::AF_RDS => inet(tuple(object, "AF_INET", &method)?, caller),
        libc::AF_INET6 => inet6(tuple(object, "AF_INET6", &method)?, caller),
        libc::AF_UNIX => unix(object),
        libc::AF_NETLINK => {
            let parts = tuple(object, "AF_NETLINK", &method)?;
            let shape = "AF_NETLINK address must be a pair (pid, groups)";
            let (pid, groups) = pair(parts, || shape.to_owned())?;
            Ok(Address::netlink(pid, groups))
        }
        libc::AF_VSOCK => {
            let parts = tuple(object, "AF_VSOCK", &"getsockaddrarg")?;
            let (cid, port) = pair(parts, || exactly_two(parts.len()))?;
            Ok(Address::vsock(cid, port))
        }
        AF_QIPCRTR => {
            let parts = tuple(object, "AF_QIPCRTR", &"getsockaddrarg")?;
            let (node, port) = pair(parts, || exactly_two(parts.len()))?;
            Writer::new(AF_QIPCRTR).u16(0).u32(node).u32(port).finish()
        }
        libc::AF_PACKET => packet(socket, tuple(object, "AF_PACKET", &method)?, caller),
        libc::AF_CAN => can(socket, object, caller),
        libc::AF_TIPC => tipc(tuple(object, "AF_TIPC", &method)?),
        libc::AF_ALG => alg(tuple(object, "AF_ALG", &method)?),
        libc::AF_BLUETOOTH => bluetooth(object, socket.protocol().raw(), caller),
        _ => Err(PyOSError::new_err(format!("{caller}(): bad family"))),
    }
}

fn tuple<'a, 'py>(
    object: &'a Bound<'py, PyAny>,
    family: &str,
    caller: &dyn Display,
) -> PyResult<Tuple<'a, 'py>> {
    object.cast::<PyTuple>().map_err(|_| {
        let name = type_name(object);
        PyTypeError::new_err(format!(
            "{caller}: {family} address must be tuple, not {name}"
        ))
    })
}

fn exactly_two(given: usize) -> String {
    format!("getsockaddrarg() takes exactly 2 arguments ({given} given)")
}

/// A tuple of `least` to `most` elements, or TypeError with the shape that it should have.
fn shaped<'a, 'py>(
    parts: Tuple<'a, 'py>,
    least: usize,
    most: usize,
    shape: &'static str,
) -> PyResult<Tuple<'a, 'py>> {
    if (least..=most).contains(&parts.len()) {
        Ok(parts)
    } else {
        Err(PyTypeError::new_err(shape))
    }
}

/// As [`shaped`], for what the standard library parses without a text of its own.
fn counted<'a, 'py>(parts: Tuple<'a, 'py>, count: usize) -> PyResult<Tuple<'a, 'py>> {
    crate::argument::arity_of("function", parts.len(), count, count)?;
    Ok(parts)
}

fn pair(parts: Tuple<'_, '_>, shape: impl FnOnce() -> String) -> PyResult<(u32, u32)> {
    if parts.len() != 2 {
        return Err(PyTypeError::new_err(shape()));
    }
    Ok((
        wrapping_u32(&parts.get_item(0)?)?,
        wrapping_u32(&parts.get_item(1)?)?,
    ))
}

/// The element at `index`, or the default where the tuple ends before it.
fn element<T>(
    parts: Tuple<'_, '_>,
    index: usize,
    default: T,
    convert: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<T> {
    if index < parts.len() {
        convert(&parts.get_item(index)?)
    } else {
        Ok(default)
    }
}

/// A C `int`, or OverflowError with `message`.
fn int_within(object: &Bound<'_, PyAny>, message: impl FnOnce() -> String) -> PyResult<c_int> {
    int(object).map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(object.py()) {
            forget(object.py(), error);
            PyOverflowError::new_err(message())
        } else {
            error
        }
    })
}

/// A number from 0 to 65535, or OverflowError that names `what`.
fn sixteen_bits(number: c_int, what: &str, caller: &str) -> PyResult<u16> {
    u16::try_from(number).map_err(|_| PyOverflowError::new_err(out_of_range(what, caller)))
}

fn out_of_range(what: &str, caller: &str) -> String {
    format!("{caller}(): {what} must be 0-65535.")
}

fn inet(parts: Tuple<'_, '_>, caller: &str) -> PyResult<Address> {
    let parts = shaped(parts, 2, 2, "AF_INET address must be a pair (host, port)")?;
    let host = parts.get_item(0)?;
    let host = HostName::extract(&host)?;
    let port = int_within(&parts.get_item(1)?, || out_of_range("port", caller))?;
    let ip = *resolve_v4(parts.py(), &host)?.ip();
    Ok(SocketAddrV4::new(ip, sixteen_bits(port, "port", caller)?).into())
}

fn inet6(parts: Tuple<'_, '_>, caller: &str) -> PyResult<Address> {
    let shape = "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])";
    let parts = shaped(parts, 2, 4, shape)?;
    let host = parts.get_item(0)?;
    let host = HostName::extract(&host)?;
    let port = int_within(&parts.get_item(1)?, || out_of_range("port", caller))?;
    let flow = element(parts, 2, 0, wrapping_u32)?;
    let scope = element(parts, 3, None, |scope| wrapping_u32(scope).map(Some))?;
    let resolved = resolve_v6(parts.py(), &host)?;
    let port = sixteen_bits(port, "port", caller)?;
    if flow > 0xf_ffff {
        let text = format!("{caller}(): flowinfo must be 0-1048575.");
        return Err(PyOverflowError::new_err(text));
    }
    // A zone behind the host (`fe80::1%eth0`) counts where the tuple has no scope id.
    let scope = scope.unwrap_or(resolved.scope_id());
    Ok(SocketAddrV6::new(*resolved.ip(), port, flow, scope).into())
}

fn unix(object: &Bound<'_, PyAny>) -> PyResult<Address> {
    if let Ok(text) = object.cast::<PyString>() {
        return unix_bytes(file_system_bytes(text)?.as_bytes());
    }
    match Buffer::read(object) {
        Ok(bytes) => unix_bytes(bytes.bytes()),
        Err(error) => match file_system_path(object)? {
            Some(path) => {
                forget(object.py(), error);
                unix_bytes(path.as_bytes())
            }
            None => Err(error),
        },
    }
}

/// A name that starts with NUL is abstract and ends where its length says; a path ends in a NUL
/// of its own. The empty name asks bind to choose one (man 7 unix, "autobind").
fn unix_bytes(path: &[u8]) -> PyResult<Address> {
    let named = path.first().is_some_and(|first| *first != 0);
    let len = path.len() + usize::from(named);
    if len > UNIX_PATH_CAPACITY {
        return Err(PyOSError::new_err("AF_UNIX path too long"));
    }
    Writer::new(libc::AF_UNIX).bytes(path, len).finish()
}

/// A str through the file system codec (PEP 383).
fn file_system_bytes<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: takes a str, gives a new bytes object or NULL with an exception.
    let bytes = unsafe {
        let bytes = ffi::PyUnicode_EncodeFSDefault(text.as_ptr());
        Bound::from_owned_ptr_or_err(text.py(), bytes)?
    };
    Ok(bytes.cast_into::<PyBytes>()?)
}

/// The path of an `os.PathLike` object; `None` where it is none.
fn file_system_path<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    if !object
        .get_type()
        .hasattr(intern!(object.py(), "__fspath__"))?
    {
        return Ok(None);
    }
    encode_path(object).map(Some)
}

/// What `os.fsencode` gives, without a NUL.
fn encode_path<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: takes any object, gives a new str or bytes object or NULL with an exception.
    let path =
        unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyOS_FSPath(object.as_ptr()))? };
    let path = match path.cast::<PyString>() {
        Ok(text) => file_system_bytes(text)?,
        Err(_) => path.cast_into::<PyBytes>()?,
    };
    if path.as_bytes().contains(&0) {
        return Err(PyValueError::new_err("embedded null byte"));
    }
    Ok(path)
}

/// A name as a C string, by format `s`: str as UTF-8, without a NUL.
fn c_text(object: &Bound<'_, PyAny>, shape: &'static str) -> PyResult<CString> {
    let text = object
        .cast::<PyString>()
        .map_err(|_| PyTypeError::new_err(shape))?;
    CString::new(text.to_str()?).map_err(|_| PyValueError::new_err("embedded null character"))
}

fn packet(socket: &Socket, parts: Tuple<'_, '_>, caller: &str) -> PyResult<Address> {
    let shape = "AF_PACKET address must be a tuple of two to five elements";
    let parts = shaped(parts, 2, 5, shape)?;
    let name = c_text(&parts.get_item(0)?, shape)?;
    let number = |object: &Bound<'_, PyAny>| {
        int_within(object, || {
            format!("{caller}(): address argument out of range")
        })
    };
    let protocol = number(&parts.get_item(1)?)?;
    let packet_type = element(parts, 2, 0, number)?;
    let hardware_type = element(parts, 3, 0, number)?;
    let hardware = (parts.len() > 4).then(|| parts.get_item(4)).transpose()?;
    let hardware = hardware.as_ref().map(Buffer::read).transpose()?;
    let hardware = hardware.as_ref().map_or(&[][..], Buffer::bytes);
    let interface = interface_number(parts.py(), socket, name.to_bytes())?;
    let mut padded = [0; 8];
    match padded.get_mut(..hardware.len()) {
        Some(room) => room.copy_from_slice(hardware),
        None => {
            return Err(PyValueError::new_err(
                "Hardware address must be 8 bytes or less",
            ));
        }
    }
    let protocol = sixteen_bits(protocol, "proto", caller)?;
    Ok(Address::packet(PacketAddress {
        protocol,
        interface,
        // C cuts these two to the width of their fields.
        packet_type: packet_type as u8,
        hardware_type: hardware_type as u16,
        hardware_len: hardware.len() as u8,
        hardware: padded,
    }))
}

/// The element at `index`, an int modulo 2^64, as format `k` takes it.
fn bits(parts: Tuple<'_, '_>, index: usize) -> PyResult<u64> {
    let element = parts.get_item(index)?;
    if element.is_instance_of::<PyInt>() {
        return wrapping_u64(&element);
    }
    let name = if element.is_none() {
        "None".to_owned()
    } else {
        type_name(&element)
    };
    let text = format!("argument {} must be int, not {name}", index + 1);
    Err(PyTypeError::new_err(text))
}

/// The number of an interface, which the socket is asked for before what follows is looked at.
fn interface_number(py: Python<'_>, socket: &Socket, name: &[u8]) -> PyResult<u32> {
    let fd = socket.descriptor().map_err(error::from_errno)?;
    interface::if_nametoindex_of(fd, OsStr::from_bytes(name))
        .map_err(|error| error::to_python(py, error))
}

/// A CAN interface: a name in the file system codec; the empty one is all interfaces.
fn can_interface(socket: &Socket, name: &Bound<'_, PyBytes>) -> PyResult<u32> {
    match name.as_bytes() {
        b"" => Ok(0),
        bytes if bytes.len() < libc::IF_NAMESIZE => interface_number(name.py(), socket, bytes),
        _ => Err(PyOSError::new_err("AF_CAN interface name too long")),
    }
}

fn can(socket: &Socket, object: &Bound<'_, PyAny>, caller: &str) -> PyResult<Address> {
    let unshaped = || tuple(object, "AF_CAN", &format_args!("{caller}()"));
    // linux/can.h: family, two bytes of padding, the interface, then what the protocol has.
    let head = |interface: u32| Writer::new(libc::AF_CAN).u16(0).u32(interface);
    const LEN: usize = size_of::<libc::sockaddr_can>();
    match socket.protocol().raw() {
        libc::CAN_RAW | libc::CAN_BCM => {
            let parts = shaped(
                unshaped()?,
                1,
                1,
                "AF_CAN address must be a tuple (interface, )",
            )?;
            head(can_interface(socket, &encode_path(&parts.get_item(0)?)?)?)
                .padded(LEN)
                .finish()
        }
        libc::CAN_ISOTP => {
            let parts = counted(unshaped()?, 3)?;
            let interface = encode_path(&parts.get_item(0)?)?;
            let receive = bits(parts, 1)? as u32;
            let transmit = bits(parts, 2)? as u32;
            head(can_interface(socket, &interface)?)
                .u32(receive)
                .u32(transmit)
                .padded(LEN)
                .finish()
        }
        libc::CAN_J1939 => {
            let parts = counted(unshaped()?, 4)?;
            let interface = encode_path(&parts.get_item(0)?)?;
            let name = bits(parts, 1)?;
            let group = wrapping_u32(&parts.get_item(2)?)?;
            let address = wrapping_u64(&parts.get_item(3)?)? as u8;
            head(can_interface(socket, &interface)?)
                .u64(name)
                .u32(group)
                .u8(address)
                .padded(LEN)
                .finish()
        }
        _ => Err(PyOSError::new_err(format!(
            "{caller}(): unsupported CAN protocol"
        ))),
    }
}

fn tipc(parts: Tuple<'_, '_>) -> PyResult<Address> {
    let shape = "AF_TIPC address must be a tuple (addr_type, v1, v2, v3[, scope])";
    let parts = shaped(parts, 4, 5, shape)?;
    let number = |index| wrapping_u32(&parts.get_item(index)?);
    let (kind, first, second, third) = (number(0)?, number(1)?, number(2)?, number(3)?);
    let scope = element(parts, 4, TIPC_CLUSTER_SCOPE, wrapping_u32)?;
    // linux/tipc.h: a name and its domain, a range of names, or a port and its node.
    let (kind, fields) = match u8::try_from(kind) {
        Ok(kind @ TIPC_ADDR_NAMESEQ) => (kind, [first, second, third]),
        Ok(kind @ TIPC_ADDR_NAME) => (kind, [first, second, 0]),
        Ok(kind @ TIPC_ADDR_ID) => (kind, [second, first, 0]),
        _ => return Err(PyTypeError::new_err("Invalid address type")),
    };
    let [one, two, three] = fields;
    Writer::new(libc::AF_TIPC)
        .u8(kind)
        .u8(scope as u8)
        .u32(one)
        .u32(two)
        .u32(three)
        .finish()
}

fn alg(parts: Tuple<'_, '_>) -> PyResult<Address> {
    let shape = "AF_ALG address must be a tuple (type, name[, feat[, mask]])";
    let parts = shaped(parts, 2, 4, shape)?;
    let kind = c_text(&parts.get_item(0)?, shape)?;
    let name = c_text(&parts.get_item(1)?, shape)?;
    let feature = element(parts, 2, 0, wrapping_u32)?;
    let mask = element(parts, 3, 0, wrapping_u32)?;
    let (kind, name) = (kind.as_bytes(), name.as_bytes());
    // linux/if_alg.h: both keep room for their NUL.
    if kind.len() >= 14 {
        return Err(PyValueError::new_err("AF_ALG type too long."));
    }
    if name.len() >= 64 {
        return Err(PyValueError::new_err("AF_ALG name too long."));
    }
    Writer::new(libc::AF_ALG)
        .bytes(kind, 14)
        .u32(feature)
        .u32(mask)
        .bytes(name, 64)
        .finish()
}

fn bluetooth(object: &Bound<'_, PyAny>, protocol: i32, caller: &str) -> PyResult<Address> {
    let wrong_format = || PyOSError::new_err(format!("{caller}(): wrong format"));
    let parts = |len: usize| match object.cast::<PyTuple>() {
        Ok(parts) if parts.len() == len => Ok(parts),
        _ => Err(wrong_format()),
    };
    let device = |object: &Bound<'_, PyAny>| -> PyResult<[u8; 6]> {
        let text = object.cast::<PyString>().map_err(|_| wrong_format())?;
        device_address(text.to_str()?)
    };
    let number = |object: &Bound<'_, PyAny>| int(object).map_err(|_| wrong_format());
    let head = || Writer::new(libc::AF_BLUETOOTH);
    match protocol {
        BTPROTO_L2CAP => {
            let parts = parts(2)?;
            let (device, port) = (device(&parts.get_item(0)?)?, number(&parts.get_item(1)?)?);
            head()
                .u16((port as u16).to_le())
                .bytes(&device, 6)
                .padded(14)
                .finish()
        }
        BTPROTO_RFCOMM => {
            let parts = parts(2)?;
            let (device, channel) = (device(&parts.get_item(0)?)?, number(&parts.get_item(1)?)?);
            head()
                .bytes(&device, 6)
                .u8(channel as u8)
                .padded(10)
                .finish()
        }
        BTPROTO_HCI => {
            let adapter = number(&parts(1)?.get_item(0)?)?;
            head().u16(adapter as u16).padded(6).finish()
        }
        BTPROTO_SCO => {
            let text = object.cast::<PyBytes>().map_err(|_| wrong_format())?;
            let text = std::str::from_utf8(text.as_bytes()).map_err(|_| wrong_format())?;
            head().bytes(&device_address(text)?, 6).finish()
        }
        _ => Err(PyOSError::new_err(format!(
            "{caller}(): unknown Bluetooth protocol"
        ))),
    }
}

/// Six bytes in hexadecimal between colons, stored last one first.
fn device_address(text: &str) -> PyResult<[u8; 6]> {
    let bad = || PyOSError::new_err("bad bluetooth address");
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in bytes.iter_mut().rev() {
        let part = parts.next().ok_or_else(bad)?;
        *byte = u8::from_str_radix(part, 16).map_err(|_| bad())?;
    }
    if parts.next().is_some() {
        Err(bad())
    } else {
        Ok(bytes)
    }
}
