//! How a call of Python waits: PEP 475, and the interpreter lock given up where it may sleep.

use std::cell::Cell;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use pyo3::ffi;
use pyo3::prelude::*;
use rsocket::{Deadline, Errno, Error, Family, MsgFlags, Op, Wait};

use crate::failure::Failure;
use crate::socket::timeout::Timeout;
use crate::socket::{Socket, is_only_thread};

/// The most bytes that are moved with the interpreter locked: up to here the copy costs less than
/// handing the lock to another thread and back.
pub(crate) const HELD_BYTES_MAX: usize = 16 * 1024;
/// The same where other threads are there, which had better copy at the same time on another core.
const SHARED_BYTES_MAX: usize = 4 * 1024;
/// Who gets the interpreter back later than this has a thread beside it that does not give it up.
const CONTENDED: Duration = Duration::from_micros(300);

/// What an attempt came to that was to be made with the interpreter locked.
pub(crate) enum Attempt<T> {
    /// It worked.
    Done(T),
    /// It failed for good.
    Failed(Errno),
    /// The call has to wait, or could not be tried: [`Waiting`] goes on.
    Wait { tried: bool },
}

/// Makes one attempt to receive, in which nobody sleeps, where that may keep the interpreter locked.
#[inline]
pub(crate) fn receive_now<T>(
    py: Python<'_>,
    socket: &Socket,
    len: usize,
    flags: i32,
    call: impl FnOnce(MsgFlags) -> Result<T, Errno>,
) -> Attempt<T> {
    let much = !is_little(py, len) && !socket.turns.expects_little();
    // MSG_WAITALL asks to wait for more than is there.
    if much || flags & libc::MSG_WAITALL != 0 || !may_hold(socket) {
        return Attempt::Wait { tried: false };
    }
    let timeout = socket.timeout();
    if !timeout.is_zero() && !socket.turns.expects_data() {
        return Attempt::Wait { tried: false };
    }
    match call(MsgFlags::from_raw(flags)) {
        Ok(value) => {
            socket.turns.found_data();
            Attempt::Done(value)
        }
        Err(errno) => refused(socket, timeout, flags, errno, true),
    }
}

/// Makes one attempt to send, in which nobody sleeps, where that may keep the interpreter locked.
#[inline]
pub(crate) fn send_now<T>(
    py: Python<'_>,
    socket: &Socket,
    len: usize,
    flags: i32,
    call: impl FnOnce(MsgFlags) -> Result<T, Errno>,
) -> Attempt<T> {
    if !is_little(py, len) || !may_hold(socket) {
        return Attempt::Wait { tried: false };
    }
    let timeout = socket.timeout();
    if !timeout.is_zero() && !socket.turns.sends_locked(py) {
        return Attempt::Wait { tried: false };
    }
    match call(MsgFlags::from_raw(flags)) {
        Ok(value) => Attempt::Done(value),
        Err(errno) => refused(socket, timeout, flags, errno, false),
    }
}

#[cold]
fn refused<T>(
    socket: &Socket,
    timeout: Timeout,
    flags: i32,
    errno: Errno,
    receiving: bool,
) -> Attempt<T> {
    match errno {
        Errno::EAGAIN if timeout.is_zero() => Attempt::Failed(errno),
        // A timeout is kept even by a call that asks not to wait, as in the standard library.
        Errno::EAGAIN if timeout.is_none() && flags & libc::MSG_DONTWAIT != 0 => {
            Attempt::Failed(errno)
        }
        Errno::EAGAIN => {
            if receiving {
                socket.turns.found_nothing();
            }
            Attempt::Wait { tried: true }
        }
        Errno::EINTR => Attempt::Wait { tried: false },
        errno => Attempt::Failed(errno),
    }
}

/// Whether so few bytes are moved sooner than the interpreter is handed over.
#[inline]
fn is_little(py: Python<'_>, len: usize) -> bool {
    len <= SHARED_BYTES_MAX || (len <= HELD_BYTES_MAX && is_only_thread(py))
}

/// Whether a small transfer costs less than giving the interpreter up. Other families do real work
/// inside their system calls: netlink dumps, encryption.
#[inline]
fn may_hold(socket: &Socket) -> bool {
    // Without a lock to hold, every call counts as one that a close must wait for.
    cfg!(not(Py_GIL_DISABLED))
        && matches!(socket.family(), Family::INET | Family::INET6 | Family::UNIX)
        && !socket.turns.is_laborious()
}

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
    /// Whether an attempt has been made, or would be in vain.
    tried: bool,
    raised: Option<PyErr>,
}

impl<'a, 'py> Waiting<'a, 'py> {
    /// For a call that moves `len` bytes, or does a little more or less work than that.
    pub(crate) fn new(py: Python<'py>, socket: &'a Socket, fd: BorrowedFd<'_>, len: usize) -> Self {
        Waiting {
            py,
            socket,
            fd: fd.as_raw_fd(),
            timeout: socket.timeout(),
            deadline: Cell::new(None),
            holds: may_hold(socket) && is_little(py, len),
            tried: false,
            raised: None,
        }
    }

    /// For a receive that [`receive_now`] could not finish. Unless it is too large for that, an
    /// attempt has been in vain, or would be by what the last calls met.
    pub(crate) fn to_receive(
        py: Python<'py>,
        socket: &'a Socket,
        fd: BorrowedFd<'_>,
        len: usize,
        tried: bool,
    ) -> Self {
        let waiting = Waiting::new(py, socket, fd, len);
        Waiting {
            tried: tried || waiting.holds,
            ..waiting
        }
    }

    /// For a send that [`send_now`] could not finish: there was no room, or it is to be made with
    /// the interpreter free.
    pub(crate) fn to_send(
        py: Python<'py>,
        socket: &'a Socket,
        fd: BorrowedFd<'_>,
        len: usize,
        tried: bool,
    ) -> Self {
        let waiting = Waiting::new(py, socket, fd, len);
        Waiting {
            tried,
            holds: waiting.holds && waiting.timeout.is_zero(),
            ..waiting
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

    /// Whether no other thread can want the interpreter.
    pub(crate) fn is_alone(&self) -> bool {
        is_only_thread(self.py)
    }

    /// The flags for a send or receive: a non-blocking socket says so in each, because whoever
    /// shares its file description may have cleared O_NONBLOCK, and the interpreter may be locked.
    /// With a timeout MSG_DONTWAIT says nothing, as in the standard library: the call is made once
    /// the socket is ready.
    pub(crate) fn flags(&self, flags: i32) -> MsgFlags {
        if self.timeout.is_zero() {
            MsgFlags::from_raw(flags | libc::MSG_DONTWAIT)
        } else if self.timeout.is_none() {
            MsgFlags::from_raw(flags)
        } else {
            MsgFlags::from_raw(flags & !libc::MSG_DONTWAIT)
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
        !self.tried && self.timeout.is_bounded()
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
        if !self.holds {
            return self.socket.flights.unlocked(self.py, call);
        }
        if self.timeout.is_zero() {
            return call();
        }
        // It sleeps: the clock costs little beside that.
        let mut over = None;
        let result = self.socket.flights.unlocked(self.py, || {
            let result = call();
            over = Some(Instant::now());
            result
        });
        if let Some(over) = over {
            self.socket.turns.set_contended(over.elapsed() > CONTENDED);
        }
        result
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
