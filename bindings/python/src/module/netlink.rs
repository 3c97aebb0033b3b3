//! The class below `rsocket.netlink.Netlink`: requests and replies as tuples.

use std::os::fd::AsRawFd;
use std::sync::{Mutex, TryLockError};

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use rsocket::netlink::{Attributes, BUFFER_LEN, Cursor, Message, Netlink};
use rsocket::{Errno, Error, NetlinkError, Protocol};

use super::detached::{Detached, detached, exception};
use crate::buffer::Buffer;
use crate::error;
use crate::socket::timeout::{AtomicTimeout, Timeout};

pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<NetlinkSocket>()?;
    module.add_function(wrap_pyfunction!(netlink_attributes, module)?)
}

/// A netlink socket, see netlink(7), and where its reader stands.
#[pyclass(frozen, subclass, name = "Netlink", module = "rsocket._socket")]
#[derive(Debug)]
struct NetlinkSocket {
    state: Mutex<State>,
    timeout: AtomicTimeout,
}

#[derive(Debug)]
struct State {
    /// `None` once closed.
    netlink: Option<Netlink>,
    cursor: Cursor,
    buf: Vec<u8>,
}

/// What a message is in Python: type, flags, sequence number, port id, payload.
type Parts = (u16, u16, u32, u32, Vec<u8>);

fn parts(message: Message<'_>) -> Parts {
    let Message {
        kind,
        flags,
        sequence,
        pid,
        payload,
    } = message;
    (kind, flags, sequence, pid, payload.to_vec())
}

fn tuple(
    py: Python<'_>,
    (kind, flags, sequence, pid, payload): Parts,
) -> PyResult<Bound<'_, PyTuple>> {
    (kind, flags, sequence, pid, PyBytes::new(py, &payload)).into_pyobject(py)
}

/// Why a request failed: the error, with the kernel's own words where it refused.
enum Failure {
    Core(Error),
    Refused(Errno, String),
    Busy,
    Closed,
}

impl NetlinkSocket {
    /// Runs a call on the socket while other threads run Python.
    fn with<R: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut Netlink, &mut Cursor, &mut [u8], &mut Detached) -> Result<R, Failure>
        + Send,
    ) -> PyResult<R> {
        let mut failure = None;
        let result = detached(py, self.timeout.get(), |wait| {
            let answer = match self.state.try_lock() {
                Ok(mut state) => {
                    let State {
                        netlink,
                        cursor,
                        buf,
                    } = &mut *state;
                    match netlink {
                        Some(netlink) => call(netlink, cursor, buf, wait),
                        None => Err(Failure::Closed),
                    }
                }
                Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => Err(Failure::Busy),
            };
            answer.map_err(|failed| {
                let error = match &failed {
                    Failure::Core(error) => *error,
                    Failure::Refused(errno, _) => NetlinkError::Refused(*errno).into(),
                    Failure::Busy | Failure::Closed => Error::WrongKind,
                };
                failure = Some(failed);
                error
            })
        });
        match failure {
            Some(Failure::Refused(errno, text)) => Err(PyOSError::new_err((errno.raw(), text))),
            Some(Failure::Busy) => Err(PyRuntimeError::new_err(
                "another call on this netlink socket is under way",
            )),
            Some(Failure::Closed) => Err(error::from_errno(Errno::EBADF)),
            Some(Failure::Core(_)) | None => result,
        }
    }
}

#[pymethods]
impl NetlinkSocket {
    #[new]
    #[pyo3(signature = (protocol, groups))]
    fn new(py: Python<'_>, protocol: i32, groups: Vec<u32>) -> PyResult<Self> {
        let netlink = detached(py, Timeout::NONE, |_| {
            let netlink = Netlink::open(Protocol::from_raw(protocol))?;
            groups
                .into_iter()
                .try_for_each(|group| netlink.join(group))?;
            Ok(netlink)
        })?;
        let state = State {
            netlink: Some(netlink),
            cursor: Cursor::default(),
            buf: vec![0; BUFFER_LEN],
        };
        Ok(NetlinkSocket {
            state: Mutex::new(state),
            timeout: AtomicTimeout::new(Timeout::NONE),
        })
    }

    /// The descriptor, or -1 once closed.
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        match self.with(py, |netlink, _, _, _| Ok(netlink.endpoint().as_raw_fd())) {
            Err(error) if error.is_instance_of::<PyOSError>(py) => Ok(-1),
            result => result,
        }
    }

    /// Closes the socket; a second time does nothing.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let closed = match self.state.try_lock() {
            Ok(mut state) => state.netlink.take(),
            Err(_) => {
                return Err(PyRuntimeError::new_err(
                    "another call on this netlink socket is under way",
                ));
            }
        };
        py.detach(|| drop(closed));
        Ok(())
    }

    /// The port id that the kernel gave to the socket.
    #[getter]
    fn pid(&self, py: Python<'_>) -> PyResult<u32> {
        self.with(py, |netlink, _, _, _| netlink.pid().map_err(Failure::Core))
    }

    /// How long a call waits for the kernel, in seconds; None waits for ever.
    #[getter]
    fn timeout<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.timeout.get().to_python(py)
    }

    #[setter]
    fn set_timeout(&self, timeout: &Bound<'_, PyAny>) -> PyResult<()> {
        self.timeout.set(Timeout::parse(timeout)?);
        Ok(())
    }

    /// Joins a multicast group by its number.
    fn join(&self, py: Python<'_>, group: u32) -> PyResult<()> {
        self.with(py, |netlink, _, _, _| {
            netlink.join(group).map_err(Failure::Core)
        })
    }

    /// Leaves a multicast group.
    fn leave(&self, py: Python<'_>, group: u32) -> PyResult<()> {
        self.with(py, |netlink, _, _, _| {
            netlink.leave(group).map_err(Failure::Core)
        })
    }

    /// Asks for a receive queue of `size` bytes; gives the size that the kernel settled on.
    fn set_receive_buffer(&self, py: Python<'_>, size: usize) -> PyResult<usize> {
        self.with(py, |netlink, _, _, _| {
            netlink.set_receive_buffer(size).map_err(Failure::Core)
        })
    }

    /// Sends a request and gives its sequence number.
    fn start_request(
        &self,
        py: Python<'_>,
        r#type: u16,
        flags: u16,
        payload: &Bound<'_, PyAny>,
    ) -> PyResult<u32> {
        let payload = Buffer::read(payload)?.bytes().to_vec();
        self.with(py, |netlink, cursor, buf, wait| {
            use std::os::fd::AsFd;
            let fd = netlink.endpoint().as_fd();
            cursor.finish(fd, buf, wait).map_err(Failure::Core)?;
            let sequence = cursor.sequence().wrapping_add(1).max(1);
            cursor
                .request(fd, sequence, r#type, flags, &payload, wait)
                .map_err(Failure::Core)?;
            Ok(sequence)
        })
    }

    /// The next reply to the request with that sequence number, or None at the end.
    fn next_reply<'py>(
        &self,
        py: Python<'py>,
        sequence: u32,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let reply = self.with(py, |netlink, cursor, buf, wait| {
            use std::os::fd::AsFd;
            if cursor.sequence() != sequence {
                // A later request has passed over the rest.
                return Ok(None);
            }
            match cursor.next(netlink.endpoint().as_fd(), buf, wait) {
                Ok(reply) => Ok(reply.map(parts)),
                Err(error) => Err(match (error, cursor.refusal(buf)) {
                    (Error::Netlink(NetlinkError::Refused(errno)), Some(refusal)) => {
                        Failure::Refused(errno, refusal.to_string())
                    }
                    (error, _) => Failure::Core(error),
                }),
            }
        })?;
        reply.map(|reply| tuple(py, reply)).transpose()
    }

    /// The messages of one datagram of events.
    fn recv<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let messages = self.with(py, |netlink, cursor, buf, wait| {
            cursor
                .finish(std::os::fd::AsFd::as_fd(netlink.endpoint()), buf, wait)
                .map_err(Failure::Core)?;
            let messages = netlink.recv_with(buf, wait).map_err(Failure::Core)?;
            let messages = messages.map(|message| message.map(parts).map_err(Error::from));
            messages
                .collect::<Result<Vec<_>, _>>()
                .map_err(Failure::Core)
        })?;
        let list = PyList::empty(py);
        for message in messages {
            list.append(tuple(py, message)?)?;
        }
        Ok(list)
    }

    /// A generic netlink family by its name: number, version, header length, groups by name.
    fn find_family(&self, py: Python<'_>, name: &str) -> PyResult<DescribedFamily> {
        self.with(py, |netlink, cursor, buf, wait| {
            cursor
                .finish(std::os::fd::AsFd::as_fd(netlink.endpoint()), buf, wait)
                .map_err(Failure::Core)?;
            let family = netlink.resolve_family(name).map_err(Failure::Core)?;
            let groups = family
                .groups
                .into_iter()
                .map(|group| (group.name, group.id));
            Ok((
                family.id,
                family.version,
                family.header_len,
                groups.collect(),
            ))
        })
    }
}

/// A generic netlink family: number, version, header length, groups by name.
type DescribedFamily = (u16, u32, u32, Vec<(String, u32)>);

/// The attributes in `payload` from `offset` on: a list of (type, nested, network order, bytes).
#[pyfunction]
#[pyo3(signature = (payload, offset))]
fn netlink_attributes<'py>(
    py: Python<'py>,
    payload: &Bound<'py, PyAny>,
    offset: usize,
) -> PyResult<Bound<'py, PyList>> {
    let payload = Buffer::read(payload)?;
    let list = PyList::empty(py);
    // NLMSG_ALIGN: attributes begin at a multiple of four.
    let start = offset.div_ceil(4).saturating_mul(4);
    for attribute in Attributes::new(payload.bytes().get(start..).unwrap_or_default()) {
        let attribute = attribute.map_err(|error| exception(py, error.into()))?;
        let bytes = PyBytes::new(py, attribute.payload);
        list.append((
            attribute.kind,
            attribute.nested,
            attribute.network_order,
            bytes,
        ))?;
    }
    Ok(list)
}
