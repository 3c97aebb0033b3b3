//! The lock of a buffered file: one thread at a time, and an error where a thread would wait for
//! itself.

use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::flight;
use crate::wait::unlocked;

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and somebody sleeps until it is not.
const AWAITED: u32 = 2;

/// The holder of a lock that is taken for a moment.
#[cfg(Py_GIL_DISABLED)]
const NOBODY_WHO_WAITS: i64 = -1;

/// How long a thread sleeps before it looks whether the holder still exists.
const NAP: libc::timespec = libc::timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// What guards the buffer of a file while its raw file reads or writes.
///
/// The state changes with the interpreter locked only, where it has a lock.
#[derive(Debug)]
pub(super) struct Lock {
    state: AtomicU32,
    /// The id of the holder's thread state, which no other thread ever has.
    holder: AtomicI64,
    /// Where the holder took it: a child that is forked meanwhile does not have the holder.
    #[cfg(Py_GIL_DISABLED)]
    process: AtomicU32,
}

impl Lock {
    pub(super) const fn new() -> Self {
        Lock {
            state: AtomicU32::new(FREE),
            holder: AtomicI64::new(0),
            #[cfg(Py_GIL_DISABLED)]
            process: AtomicU32::new(0),
        }
    }

    /// Takes the lock for a moment in which the interpreter stays locked: where it has a lock, that
    /// nobody holds ours is enough. False where somebody does.
    #[inline]
    pub(super) fn glance(&self) -> bool {
        #[cfg(Py_GIL_DISABLED)]
        {
            let taken = self.take(HELD);
            if taken {
                self.belongs_to(NOBODY_WHO_WAITS);
            }
            taken
        }
        #[cfg(not(Py_GIL_DISABLED))]
        {
            self.state.load(Ordering::Relaxed) == FREE
        }
    }

    /// Ends such a moment.
    #[inline]
    pub(super) fn look_away(&self) {
        if cfg!(Py_GIL_DISABLED) {
            self.release();
        }
    }

    #[inline]
    fn take(&self, as_what: u32) -> bool {
        if cfg!(Py_GIL_DISABLED) {
            let taken =
                self.state
                    .compare_exchange(FREE, as_what, Ordering::Acquire, Ordering::Relaxed);
            return taken.is_ok();
        }
        if self.state.load(Ordering::Relaxed) != FREE {
            return false;
        }
        self.state.store(as_what, Ordering::Relaxed);
        true
    }

    /// Takes the lock; waits, with the interpreter free, while another thread holds it.
    ///
    /// # Errors
    /// RuntimeError `reentrant call inside …` where this thread holds it; `describe` names the file.
    #[inline]
    pub(super) fn acquire(
        &self,
        py: Python<'_>,
        describe: impl FnOnce() -> PyResult<String>,
    ) -> PyResult<()> {
        let me = thread_id(py);
        if !self.take(HELD) {
            self.wait(py, me, describe)?;
        }
        self.belongs_to(me);
        Ok(())
    }

    /// Says who has taken it.
    #[inline]
    fn belongs_to(&self, holder: i64) {
        #[cfg(Py_GIL_DISABLED)]
        {
            // The process first: whoever sees the holder must see whose it is.
            self.process.store(std::process::id(), Ordering::Relaxed);
            self.holder.store(holder, Ordering::Release);
        }
        #[cfg(not(Py_GIL_DISABLED))]
        self.holder.store(holder, Ordering::Relaxed);
    }

    #[cold]
    fn wait(
        &self,
        py: Python<'_>,
        me: i64,
        describe: impl FnOnce() -> PyResult<String>,
    ) -> PyResult<()> {
        if self.holder.load(Ordering::Relaxed) == me {
            let text = format!("reentrant call inside {}", describe()?);
            return Err(PyRuntimeError::new_err(text));
        }
        let mut slept = false;
        // As AWAITED: others may sleep, too, and whoever releases it must wake the next.
        while !self.take(AWAITED) {
            let before = self.state.load(Ordering::Relaxed);
            if before != FREE && self.is_abandoned(py) {
                // Neither does anybody wait in a process that has just been forked.
                let taken =
                    self.state
                        .compare_exchange(before, HELD, Ordering::Acquire, Ordering::Relaxed);
                if taken.is_ok() {
                    return Ok(());
                }
                continue;
            }
            if slept && flight::is_finalizing() {
                let text = format!(
                    "could not acquire lock for {} at interpreter shutdown, possibly due to daemon \
                     threads",
                    describe()?
                );
                return Err(PyRuntimeError::new_err(text));
            }
            let marked =
                self.state
                    .compare_exchange(before, AWAITED, Ordering::Relaxed, Ordering::Relaxed);
            if before == FREE || marked.is_err() {
                continue;
            }
            unlocked(py, || self.sleep());
            slept = true;
        }
        Ok(())
    }

    /// Sleeps while the lock is awaited, a second at most.
    fn sleep(&self) {
        // SAFETY: futex(2), FUTEX_WAIT: "tests that the value at the futex word pointed to by the
        // address uaddr still contains the expected value val, and if so, then sleeps"; the word
        // and the timeout outlive the call. Whatever ends it, the caller looks again.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.state.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                AWAITED,
                ptr::from_ref(&NAP),
            );
        }
    }

    /// Gives the lock back.
    #[inline]
    pub(super) fn release(&self) {
        self.holder.store(0, Ordering::Relaxed);
        let before = if cfg!(Py_GIL_DISABLED) {
            self.state.swap(FREE, Ordering::Release)
        } else {
            let before = self.state.load(Ordering::Relaxed);
            self.state.store(FREE, Ordering::Relaxed);
            before
        };
        if before == AWAITED {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        // SAFETY: futex(2), FUTEX_WAKE: "wakes at most val of the waiters"; the word is alive.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.state.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                1,
            );
        }
    }

    /// Whether somebody holds it, perhaps a thread that never comes back.
    pub(super) fn is_held(&self) -> bool {
        self.state.load(Ordering::Relaxed) != FREE
    }

    /// Whether the holder does not exist: it was a thread of the process that this one was forked
    /// from. An interpreter that goes down forgets threads that are still in their system calls.
    fn is_abandoned(&self, _py: Python<'_>) -> bool {
        if flight::is_finalizing() {
            return false;
        }
        #[cfg(Py_GIL_DISABLED)]
        {
            // Between taking it and saying so, a holder has said nothing.
            self.holder.load(Ordering::Acquire) != 0
                && self.process.load(Ordering::Relaxed) != std::process::id()
        }
        #[cfg(not(Py_GIL_DISABLED))]
        !flight::thread_exists(_py, self.holder.load(Ordering::Relaxed))
    }
}

#[inline]
fn thread_id(_py: Python<'_>) -> i64 {
    // SAFETY: an attached thread has a state.
    unsafe { ffi::PyThreadState_GetID(ffi::PyThreadState_Get()) }
}
