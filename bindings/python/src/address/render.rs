//! Native addresses as Python has them.

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use rsocket::{Address, AddressView, Protocol, UnixName};

use super::ip_text::IpText;
use super::native::{Reader, interface_name};
use super::parse::{BTPROTO_HCI, BTPROTO_L2CAP, BTPROTO_RFCOMM, BTPROTO_SCO};

/// The address as the standard library shows it: a tuple, a str or bytes by family, and `None`
/// where there is none.
///
/// `protocol` is the socket's: CAN and Bluetooth addresses differ by it.
///
/// # Errors
/// ValueError for a TIPC address of an unknown kind.
pub(crate) fn render<'py>(
    py: Python<'py>,
    address: &Address,
    protocol: Protocol,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match address.view() {
        AddressView::Unspecified => py.None().into_bound(py),
        AddressView::Inet(address) => {
            let mut text = IpText::new();
            text.v4(address.ip().octets());
            (text.to_python(py), address.port())
                .into_pyobject(py)?
                .into_any()
        }
        AddressView::Inet6(address) => {
            let mut text = IpText::new();
            text.v6(*address.ip());
            let (flow, scope) = (address.flowinfo(), address.scope_id());
            (text.to_python(py), address.port(), flow, scope)
                .into_pyobject(py)?
                .into_any()
        }
        AddressView::Unix(UnixName::Unnamed) => PyString::new(py, "").into_any(),
        AddressView::Unix(UnixName::Path(path)) => {
            use std::os::unix::ffi::OsStrExt;
            file_system_text(py, path.as_os_str().as_bytes())?
        }
        // With the NUL in front: what is shown is what bind and connect take.
        AddressView::Unix(UnixName::Abstract(_)) => {
            let path = address.as_bytes().get(2..).unwrap_or_default();
            PyBytes::new(py, path).into_any()
        }
        AddressView::Netlink { pid, groups } => (pid, groups).into_pyobject(py)?.into_any(),
        AddressView::Vsock { cid, port } => (cid, port).into_pyobject(py)?.into_any(),
        AddressView::Packet(packet) => {
            let name = interface_name(packet.interface);
            let hardware = packet
                .hardware
                .get(..packet.hardware_len.into())
                .unwrap_or(&packet.hardware);
            (
                file_system_text(py, name.as_bytes())?,
                packet.protocol,
                packet.packet_type,
                packet.hardware_type,
                PyBytes::new(py, hardware),
            )
                .into_pyobject(py)?
                .into_any()
        }
        _ => other(py, address, protocol)?,
    })
}

/// The families that the core keeps as bytes, and families that nobody knows.
fn other<'py>(
    py: Python<'py>,
    address: &Address,
    protocol: Protocol,
) -> PyResult<Bound<'py, PyAny>> {
    let family = address.family().raw();
    let mut fields = Reader(address.as_bytes()).skip(2);
    Ok(match family {
        libc::AF_CAN => can(py, fields.skip(2), protocol)?,
        libc::AF_TIPC => tipc(py, fields)?,
        libc::AF_ALG => {
            let kind = fields.text(14);
            let (feature, mask) = (fields.u32(), fields.u32());
            let name = fields.text(64);
            (
                file_system_text(py, kind)?,
                file_system_text(py, name)?,
                feature,
                mask,
            )
                .into_pyobject(py)?
                .into_any()
        }
        super::parse::AF_QIPCRTR => {
            let mut fields = fields.skip(2);
            (fields.u32(), fields.u32()).into_pyobject(py)?.into_any()
        }
        libc::AF_BLUETOOTH => bluetooth(py, fields, protocol)?,
        _ => {
            // The standard library shows the 14 bytes of `struct sockaddr` behind the family.
            let mut data = [0; 14];
            let shown = fields.take(14);
            for (to, from) in data.iter_mut().zip(shown) {
                *to = *from;
            }
            (family, PyBytes::new(py, &data))
                .into_pyobject(py)?
                .into_any()
        }
    })
}

fn can<'py>(
    py: Python<'py>,
    mut fields: Reader<'_>,
    protocol: Protocol,
) -> PyResult<Bound<'py, PyAny>> {
    let number = fields.u32();
    let name = if number == 0 {
        Default::default()
    } else {
        interface_name(number)
    };
    let name = file_system_text(py, name.as_bytes())?;
    Ok(match protocol.raw() {
        libc::CAN_ISOTP => (name, fields.u32(), fields.u32())
            .into_pyobject(py)?
            .into_any(),
        libc::CAN_J1939 => (name, fields.u64(), fields.u32(), fields.u8())
            .into_pyobject(py)?
            .into_any(),
        _ => (name, libc::AF_CAN).into_pyobject(py)?.into_any(),
    })
}

fn tipc<'py>(py: Python<'py>, mut fields: Reader<'_>) -> PyResult<Bound<'py, PyAny>> {
    use super::parse::{TIPC_ADDR_ID, TIPC_ADDR_NAME, TIPC_ADDR_NAMESEQ};

    let kind = fields.u8();
    let scope = fields.u8() as i8;
    let (first, second, third) = (fields.u32(), fields.u32(), fields.u32());
    let third = match kind {
        TIPC_ADDR_NAMESEQ => third,
        TIPC_ADDR_NAME => second,
        TIPC_ADDR_ID => 0,
        _ => return Err(PyValueError::new_err("Invalid address type")),
    };
    Ok((kind, first, second, third, scope)
        .into_pyobject(py)?
        .into_any())
}

fn bluetooth<'py>(
    py: Python<'py>,
    mut fields: Reader<'_>,
    protocol: Protocol,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match protocol.raw() {
        BTPROTO_L2CAP => {
            let port = u16::from_le(fields.u16());
            (device_address(fields.take(6)), port)
                .into_pyobject(py)?
                .into_any()
        }
        BTPROTO_RFCOMM => {
            let device = device_address(fields.take(6));
            (device, fields.u8()).into_pyobject(py)?.into_any()
        }
        BTPROTO_HCI => fields.u16().into_pyobject(py)?.into_any(),
        BTPROTO_SCO => device_address(fields.take(6)).into_pyobject(py)?.into_any(),
        _ => return Err(PyValueError::new_err("unknown Bluetooth protocol")),
    })
}

/// A Bluetooth address, which is stored last byte first.
fn device_address(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes
        .iter()
        .rev()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    bytes.join(":")
}

/// Bytes as the file system codec shows them (PEP 383).
pub(super) fn file_system_text<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: reads `len` bytes, gives a new str or NULL with an exception. A slice's length fits.
    unsafe {
        let text = ffi::PyUnicode_DecodeFSDefaultAndSize(
            bytes.as_ptr().cast(),
            bytes.len() as ffi::Py_ssize_t,
        );
        Bound::from_owned_ptr_or_err(py, text)
    }
}
