//! Addresses that a socket has shown or been given before, so that the same peer costs nothing to
//! convert again.
//!
//! What is kept is immutable in Python, text and numbers in tuples. The system call that asks for
//! an address is made each time: only making it an object, or native, is saved.

use std::net::IpAddr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple};
use rsocket::{Address, Family};

use super::Socket;
use crate::address;

/// Longer names, which only paths have, are converted each time.
const LEN_MAX: usize = size_of::<libc::sockaddr_in6>();

/// Whose name it is.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    /// The socket's own.
    Own,
    /// That of the peer, or of the last sender.
    Peer,
}

struct Name {
    bytes: [u8; LEN_MAX],
    len: usize,
    object: Py<PyAny>,
}

#[derive(Default)]
struct Known {
    own: Option<Name>,
    peer: Option<Name>,
    destination: Option<Name>,
}

/// The names of one socket. Whoever looks takes them out meanwhile: threads never wait for each
/// other, and the one that comes second converts anew.
#[derive(Debug)]
pub(crate) struct Names(AtomicPtr<Known>);

impl Names {
    pub(super) const fn new() -> Self {
        Names(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts another pointer in the place of the one there, which nobody else gets.
    #[inline]
    fn exchange(&self, known: *mut Known) -> *mut Known {
        if cfg!(Py_GIL_DISABLED) {
            return self.0.swap(known, Ordering::AcqRel);
        }
        // The interpreter's lock keeps others out, and a swap costs as much as a small method.
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(known, Ordering::Relaxed);
        before
    }

    fn take(&self) -> Option<Box<Known>> {
        let known = self.exchange(ptr::null_mut());
        // SAFETY: only `put` stores pointers, each from a box, and the exchange has taken it out.
        (!known.is_null()).then(|| unsafe { Box::from_raw(known) })
    }

    fn put(&self, py: Python<'_>, known: Box<Known>) {
        let before = self.exchange(Box::into_raw(known));
        if !before.is_null() {
            // SAFETY: as in `take`.
            unsafe { Box::from_raw(before) }.release(py);
        }
    }

    /// Forgets everything: the socket has become another one.
    pub(super) fn clear(&self, py: Python<'_>) {
        if let Some(known) = self.take() {
            known.release(py);
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // The interpreter is deallocating the object, and PyO3 knows of it.
        drop(self.take());
    }
}

impl Known {
    /// Gives the objects up where PyO3 does not know that this thread is attached.
    fn release(self, py: Python<'_>) {
        for name in [self.own, self.peer, self.destination]
            .into_iter()
            .flatten()
        {
            drop(name.object.into_bound(py));
        }
    }

    fn slot(&mut self, whose: Whose) -> &mut Option<Name> {
        match whose {
            Whose::Own => &mut self.own,
            Whose::Peer => &mut self.peer,
        }
    }
}

impl Name {
    fn new(address: &Address, object: &Bound<'_, PyAny>) -> Option<Self> {
        let given = address.as_bytes();
        let mut bytes = [0; LEN_MAX];
        bytes.get_mut(..given.len())?.copy_from_slice(given);
        Some(Name {
            bytes,
            len: given.len(),
            object: object.clone().unbind(),
        })
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn keep(py: Python<'_>, slot: &mut Option<Name>, name: Option<Name>) {
    if let Some(before) = slot.take() {
        drop(before.object.into_bound(py));
    }
    *slot = name;
}

/// [`address::render`], or the object from the last time.
pub(super) fn render<'py>(
    py: Python<'py>,
    socket: &Socket,
    whose: Whose,
    address: &Address,
) -> PyResult<Bound<'py, PyAny>> {
    let bytes = address.as_bytes();
    // A name without anything behind its family costs nothing.
    if !(3..=LEN_MAX).contains(&bytes.len()) || !is_lasting_family(socket) {
        return address::render(py, address, socket.protocol());
    }
    let mut known = socket.names.take().unwrap_or_default();
    let slot = known.slot(whose);
    if let Some(name) = slot.as_ref().filter(|name| name.bytes() == bytes) {
        let object = name.object.bind(py).clone();
        socket.names.put(py, known);
        return Ok(object);
    }
    let rendered = address::render(py, address, socket.protocol());
    if let Ok(object) = &rendered {
        keep(py, slot, Name::new(address, object));
    }
    socket.names.put(py, known);
    rendered
}

/// [`address::parse`], or the address from the last time for the same object.
pub(super) fn parse(
    socket: &Socket,
    object: &Bound<'_, PyAny>,
    caller: &'static str,
) -> PyResult<Address> {
    let py = object.py();
    let mut known = socket.names.take();
    if let Some(found) = &known {
        let same = [&found.destination, &found.peer]
            .into_iter()
            .flatten()
            .find(|name| name.object.is(object));
        if let Some(address) = same.and_then(|name| Address::from_bytes(name.bytes()).ok()) {
            socket.names.put(py, known.take().unwrap_or_default());
            return Ok(address);
        }
    }
    // Resolving a host lets other threads use the socket.
    if let Some(known) = known {
        socket.names.put(py, known);
    }
    let address = address::parse(socket, object, caller)?;
    if is_lasting_family(socket) && is_lasting(object) {
        let mut known = socket.names.take().unwrap_or_default();
        keep(py, &mut known.destination, Name::new(&address, object));
        socket.names.put(py, known);
    }
    Ok(address)
}

fn is_lasting_family(socket: &Socket) -> bool {
    matches!(socket.family(), Family::INET | Family::INET6 | Family::UNIX)
}

/// Whether the object will mean the same the next time: it cannot change, and no host is looked up.
fn is_lasting(object: &Bound<'_, PyAny>) -> bool {
    if object.is_exact_instance_of::<PyString>() || object.is_exact_instance_of::<PyBytes>() {
        return true;
    }
    // SAFETY: PyTuple_CheckExact takes any object.
    if unsafe { ffi::PyTuple_CheckExact(object.as_ptr()) } == 0 {
        return false;
    }
    let Ok(parts) = object.cast::<PyTuple>() else {
        return false;
    };
    let mut parts = parts.iter_borrowed();
    let is_number = |host: Borrowed<'_, '_, PyAny>| {
        host.is_exact_instance_of::<PyString>()
            && host.cast::<PyString>().is_ok_and(|host| {
                host.to_str()
                    .is_ok_and(|host| host.parse::<IpAddr>().is_ok())
            })
    };
    parts.next().is_some_and(is_number) && parts.all(|part| part.is_exact_instance_of::<PyInt>())
}
