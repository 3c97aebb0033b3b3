//! What control messages say: the native half of `rsocket.cmsg`.

use std::ffi::c_int;
use std::net::SocketAddr;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use rsocket::{Address, Control, Errno, Protocol, Timestamp};

use crate::address::render;

/// libc has no name for it (asm-generic/socket.h).
const SCM_PIDFD: c_int = 4;

/// The name of a class of `rsocket.cmsg` and the values for it; None for a message that has none.
#[pyfunction]
pub(super) fn decode_control<'py>(
    py: Python<'py>,
    level: c_int,
    r#type: c_int,
    data: &Bound<'py, PyBytes>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let bytes = data.as_bytes();
    if level == libc::SOL_SOCKET && matches!(r#type, libc::SCM_RIGHTS | SCM_PIDFD) {
        let mut numbers = bytes
            .chunks_exact(size_of::<c_int>())
            .filter_map(|number| number.first_chunk())
            .map(|number| c_int::from_ne_bytes(*number));
        return if r#type == libc::SCM_RIGHTS {
            let numbers = PyTuple::new(py, numbers.collect::<Vec<_>>())?;
            ("Rights", numbers).into_pyobject(py).map(Some)
        } else {
            numbers
                .next()
                .map(|number| ("PidFd", number).into_pyobject(py))
                .transpose()
        };
    }
    let stamp = |stamp: Timestamp| (stamp.seconds, stamp.nanoseconds);
    let shown = |address: Option<SocketAddr>| match address {
        Some(address) => render(py, &Address::from(address), Protocol::DEFAULT),
        None => Ok(py.None().into_bound(py)),
    };
    let Some(control) = Control::decode(level, r#type, bytes) else {
        return Ok(None);
    };
    Ok(Some(match control {
        Control::Credentials(who) => {
            ("Credentials", who.pid, who.uid, who.gid).into_pyobject(py)?
        }
        Control::SecurityLabel(_) => ("SecurityLabel", data).into_pyobject(py)?,
        Control::PacketInfo(info) => {
            let (destination, local) = (info.destination.to_string(), info.local.to_string());
            ("PacketInfo", info.interface, destination, local).into_pyobject(py)?
        }
        Control::TypeOfService(value) => ("TypeOfService", value).into_pyobject(py)?,
        Control::TrafficClass(value) => ("TrafficClass", value).into_pyobject(py)?,
        Control::TimeToLive(hops) => ("TimeToLive", hops).into_pyobject(py)?,
        Control::HopLimit(hops) => ("HopLimit", hops).into_pyobject(py)?,
        Control::Timestamp(at) => ("Timestamp", at.seconds, at.nanoseconds).into_pyobject(py)?,
        Control::Timestamps(at) => {
            let [software, transformed, hardware] =
                [at.software, at.transformed, at.hardware].map(|at| at.map(stamp));
            ("Timestamps", software, transformed, hardware).into_pyobject(py)?
        }
        Control::SegmentSize(size) => ("SegmentSize", size).into_pyobject(py)?,
        Control::Error(error) => (
            "ExtendedError",
            error.errno.map_or(0, Errno::raw),
            error.origin.raw(),
            error.kind,
            error.code,
            error.info,
            error.data,
            shown(error.offender)?,
        )
            .into_pyobject(py)?,
        Control::OriginalDestination(address) => {
            ("OriginalDestination", shown(Some(address))?).into_pyobject(py)?
        }
        Control::Dropped(count) => ("Dropped", count).into_pyobject(py)?,
        Control::Mark(mark) => ("Mark", mark).into_pyobject(py)?,
        Control::QueuedBytes(count) => ("QueuedBytes", count).into_pyobject(py)?,
        _ => return Ok(None),
    }))
}
