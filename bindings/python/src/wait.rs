//! How a call of Python waits: PEP 475, and the interpreter lock given up where it may sleep.

use std::cell::Cell;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use pyo3::ffi;
use pyo3::prelude::*;
use rsocket::{Deadline, Errno, Error, Family, MsgFlags, Op, Wait};

use crate::failure::Failure;
use crate::socket::Socket;
use crate::socket::timeout::Timeout;

/// The most bytes that are moved with the interpreter locked: up to here the copy costs less than
/// handing the lock to another thread and back.
const HELD_BYTES_MAX: usize = 16 * 1024;

/// The waiting policy of one call on one socket.
///
/// A socket without a timeout sleeps in its system call. One with a timeout tries first and then
/// polls until its deadline, which covers the whole call. A non-blocking one never sleeps.
pub(crate) struct Waiting<'a, 'py> {
    py: Python<'py>,
    socket: &'a Socket,
    fd: RawFd,
    timeout: Timeout,
    deadline: Cell<Option<Deadline>>,
    /// Whether attempts that cannot sleep keep the interpreter locked.
    holds: bool,
    raised: Option<PyErr>,
}

impl<'a, 'py> Waiting<'a, 'py> {
    /// For a call that moves `len` bytes, or does a little more or less work than that.
    pub(crate) fn new(py: Python<'py>, socket: &'a Socket, fd: BorrowedFd<'_>, len: usize) -> Self {
        let cheap = matches!(socket.family(), Family::INET | Family::INET6 | Family::UNIX);
        Waiting {
            py,
            socket,
            fd: fd.as_raw_fd(),
            timeout: socket.timeout(),
            deadline: Cell::new(None),
            // Other families do real work inside their system calls: netlink dumps, encryption.
            // Without a lock to hold, every call counts as one that a close must wait for.
            holds: cheap && len <= HELD_BYTES_MAX && cfg!(not(Py_GIL_DISABLED)),
            raised: None,
        }
    }

    /// For a system call that may do much work even where it need not wait.
    pub(crate) fn unlocked(py: Python<'py>, socket: &'a Socket, fd: BorrowedFd<'_>) -> Self {
        Waiting {
            holds: false,
            ..Waiting::new(py, socket, fd, 0)
        }
    }

    /// The same, from now on giving the lock up around every system call.
    pub(crate) fn releasing(&mut self) -> &mut Self {
        self.holds = false;
        self
    }

    /// The flags for a send or receive: a non-blocking socket says so in each, because whoever
    /// shares its file description may have cleared O_NONBLOCK, and the interpreter may be locked.
    pub(crate) fn flags(&self, flags: i32) -> MsgFlags {
        let flags = MsgFlags::from_raw(flags);
        if self.timeout.is_zero() {
            flags | MsgFlags::DONTWAIT
        } else {
            flags
        }
    }

    /// What to raise for an error of a verb that was given this policy.
    pub(crate) fn failure(&mut self, error: Error) -> Failure {
        match (error, self.raised.take()) {
            (Error::Interrupted, Some(raised)) => Failure::Raised(raised),
            (error, _) => Failure::Core(error),
        }
    }

    /// The result of a verb.
    #[inline]
    pub(crate) fn finish<T>(mut self, result: rsocket::Result<T>) -> Result<T, Failure> {
        result.map_err(|error| self.failure(error))
    }
}

impl Wait for Waiting<'_, '_> {
    fn interrupted(&mut self) -> rsocket::Result<()> {
        // A handler may run for long: its time counts.
        self.deadline();
        if let Err(raised) = self.py.check_signals() {
            self.raised = Some(raised);
            return Err(Error::Interrupted);
        }
        // The handler or another thread may have closed the socket, and woken this one by that.
        if self.socket.raw() == self.fd {
            Ok(())
        } else {
            Err(Error::Os {
                op: Op::Poll,
                errno: Errno::EBADF,
            })
        }
    }

    fn deadline(&self) -> Option<Deadline> {
        if !self.timeout.is_bounded() {
            return None;
        }
        if let Some(deadline) = self.deadline.get() {
            return Some(deadline);
        }
        // Only a call that has to wait looks at the clock.
        let deadline = Deadline::after(self.timeout.to_wait()?);
        self.deadline.set(Some(deadline));
        Some(deadline)
    }

    #[inline]
    fn tries_first(&self) -> bool {
        self.timeout.is_bounded()
    }

    #[inline]
    fn attempt<R>(&mut self, call: impl FnOnce() -> R) -> R {
        if self.holds {
            call()
        } else {
            self.socket.flights.unlocked(self.py, call)
        }
    }

    #[inline]
    fn block<R>(&mut self, call: impl FnOnce() -> R) -> R {
        if self.holds && self.timeout.is_zero() {
            call()
        } else {
            self.socket.flights.unlocked(self.py, call)
        }
    }
}

/// Makes a call that touches no Python object while other threads run Python.
#[inline]
pub(crate) fn unlocked<R>(_py: Python<'_>, call: impl FnOnce() -> R) -> R {
    struct Unlocked(*mut ffi::PyThreadState);

    impl Drop for Unlocked {
        fn drop(&mut self) {
            // SAFETY: the state that PyEval_SaveThread gave on this thread, once.
            unsafe { ffi::PyEval_RestoreThread(self.0) }
        }
    }

    // SAFETY: `_py` proves that this thread is attached; the guard attaches it again, also when
    // `call` unwinds. Every caller in this crate passes a system call on plain memory.
    let _unlocked = Unlocked(unsafe { ffi::PyEval_SaveThread() });
    call()
}
