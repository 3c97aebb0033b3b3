//! The `socket` class: its state, and what of it the rest of the extension uses.

mod additions;
mod afalg;
mod batch;
mod buffered;
mod class;
mod connection;
mod construct;
mod deadline;
mod descriptors;
mod exact;
mod file;
mod finalizer;
mod functions;
mod lifecycle;
mod makefile;
mod message;
mod method;
mod names;
mod native;
mod options;
mod passing;
mod python_methods;
mod raw;
mod sendfile;
mod signature;
mod slots;
mod table;
pub(crate) mod timeout;
mod transfer;
mod turns;
mod typed;

use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use pyo3::prelude::*;
use rsocket::{Errno, Family, Kind, Protocol};

pub(crate) use lifecycle::adopt;
pub(crate) use method::plain_number;
use names::Names;
use timeout::{AtomicTimeout, Timeout};
use turns::Turns;
pub(crate) use turns::is_only_thread;

use crate::flight::InFlight;

/// What the number is where there is no descriptor.
const CLOSED: RawFd = -1;

/// A socket of any family.
///
/// `socket(family=AF_INET, type=SOCK_STREAM, proto=0, fileno=None)` makes one, or takes over the
/// descriptor `fileno`, of which it finds out what is left out. Every method may be called from
/// any thread at any time; a call that waits lets other threads run.
#[pyclass(frozen, subclass, weakref, name = "socket", module = "rsocket")]
#[derive(Debug)]
pub(crate) struct Socket {
    fd: AtomicI32,
    family: AtomicI32,
    kind: AtomicI32,
    protocol: AtomicI32,
    timeout: AtomicTimeout,
    /// How many files of `makefile` are open: the last one closes a socket that was closed before.
    io_refs: AtomicI32,
    closed: AtomicBool,
    pub(crate) turns: Turns,
    names: Names,
    pub(crate) flights: InFlight,
}

impl Socket {
    /// A socket without a descriptor, as `__new__` leaves it.
    const fn empty() -> Self {
        Socket {
            fd: AtomicI32::new(CLOSED),
            family: AtomicI32::new(0),
            kind: AtomicI32::new(0),
            protocol: AtomicI32::new(0),
            timeout: AtomicTimeout::new(Timeout::NONE),
            io_refs: AtomicI32::new(0),
            closed: AtomicBool::new(false),
            turns: Turns::new(),
            names: Names::new(),
            flights: InFlight::new(),
        }
    }

    /// The number of the descriptor, -1 where there is none.
    #[inline]
    pub(crate) fn raw(&self) -> RawFd {
        self.fd.load(Ordering::Acquire)
    }

    /// The descriptor for one call.
    ///
    /// # Errors
    /// EBADF on a socket that is closed or detached.
    #[inline]
    pub(crate) fn descriptor(&self) -> Result<BorrowedFd<'_>, Errno> {
        match self.raw() {
            CLOSED => Err(Errno::EBADF),
            // SAFETY: open now, and not -1. It stays so while the interpreter is locked, and during a
            // system call that `flights` knows of; `Waiting` looks again after other threads ran.
            fd => Ok(unsafe { BorrowedFd::borrow_raw(fd) }),
        }
    }

    /// Takes the descriptor out: at most one thread gets it.
    fn take(&self) -> RawFd {
        self.fd.swap(CLOSED, Ordering::AcqRel)
    }

    pub(crate) fn family(&self) -> Family {
        Family::from_raw(self.family.load(Ordering::Relaxed))
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::from_raw(self.kind.load(Ordering::Relaxed))
    }

    pub(crate) fn protocol(&self) -> Protocol {
        Protocol::from_raw(self.protocol.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn timeout(&self) -> Timeout {
        self.timeout.get()
    }
}

/// Puts the class, and the functions that make or take sockets, on the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    class::register(module)?;
    functions::register(module)?;
    passing::register(module)?;
    file::register(module)
}

/// An [`OwnedFd`]'s number, given up.
fn into_raw(fd: OwnedFd) -> RawFd {
    std::os::fd::IntoRawFd::into_raw_fd(fd)
}
