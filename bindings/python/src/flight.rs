//! The calls that threads make on a socket without the interpreter's lock: a close wakes them, and
//! the descriptor's number is not given back before the last of them has ended.

use std::cell::Cell;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};
use std::thread;
use std::time::Duration;

use pyo3::ffi;
use pyo3::prelude::*;
use rsocket::{Errno, fd};

use crate::interrupt;
use crate::wait::unlocked;

/// The number where no descriptor waits for its last call to end.
const NONE: RawFd = -1;

/// How long a closing thread sleeps before it looks whether those that it woke have ended, at first
/// and at most: a signal that comes just before its thread goes to sleep must be sent again.
const FIRST_NAP: Duration = Duration::from_micros(20);
const LONGEST_NAP: Duration = Duration::from_millis(5);
/// After so many naps (a tenth of a second) a call is left alone: its thread blocks the signal, or
/// sleeps where none reaches it.
const NAPS: u32 = 26;

/// The calls in flight on one socket. Only used with the interpreter locked.
#[derive(Debug)]
pub(crate) struct InFlight {
    calls: AtomicPtr<Call>,
    /// The descriptor that the last call to end closes.
    orphan: AtomicI32,
    #[cfg(Py_GIL_DISABLED)]
    lock: crate::fork_lock::ForkLock,
}

/// A place for one call, kept for the next. On the heap and never on a stack: in a forked child
/// the other threads' stacks are no more.
///
/// Without the interpreter's lock a fork may come between any two of the stores below. What it leaves
/// in the child is harmless: a place is linked as a whole, and one that a thread of the parent had, or
/// was about to have, names that process, or none, and never the child.
struct Call {
    next: *mut Call,
    /// The thread that makes a call, null where none does.
    state: Cell<*mut ffi::PyThreadState>,
    #[cfg(not(Py_GIL_DISABLED))]
    state_id: Cell<i64>,
    #[cfg(Py_GIL_DISABLED)]
    process: Cell<u32>,
    thread: Cell<libc::pthread_t>,
}

impl InFlight {
    pub(crate) const fn new() -> Self {
        InFlight {
            calls: AtomicPtr::new(ptr::null_mut()),
            orphan: AtomicI32::new(NONE),
            #[cfg(Py_GIL_DISABLED)]
            lock: crate::fork_lock::ForkLock::new(),
        }
    }

    /// Makes a system call on the socket's descriptor while other threads run Python.
    #[inline]
    pub(crate) fn unlocked<R>(&self, py: Python<'_>, call: impl FnOnce() -> R) -> R {
        struct Landing<'a, 'py> {
            flights: &'a InFlight,
            call: *const Call,
            py: Python<'py>,
        }

        impl Drop for Landing<'_, '_> {
            #[inline]
            fn drop(&mut self) {
                self.flights.end(self.py, self.call);
            }
        }

        // Dropped with the lock taken again, also when `call` unwinds.
        let _landing = Landing {
            flights: self,
            call: self.begin(py),
            py,
        };
        unlocked(py, call)
    }

    /// Whoever looks at the calls: the interpreter's lock, where it has one, keeps others out.
    #[inline]
    fn guarded<R>(&self, look: impl FnOnce() -> R) -> R {
        #[cfg(Py_GIL_DISABLED)]
        let _guard = self.lock.lock();
        look()
    }

    fn calls(&self) -> impl Iterator<Item = &Call> {
        let mut next = self.calls.load(Ordering::Relaxed);
        std::iter::from_fn(move || {
            // SAFETY: places are made by `begin` and live as long as `self`.
            let call = unsafe { next.as_ref() }?;
            next = call.next;
            Some(call)
        })
    }

    #[inline]
    fn begin(&self, _py: Python<'_>) -> *const Call {
        self.guarded(|| {
            let free = self.calls().find(|call| call.state.get().is_null());
            let call = free.unwrap_or_else(|| self.place());
            // SAFETY: an attached thread has a state; pthread_self(3) always succeeds.
            unsafe {
                let state = ffi::PyThreadState_Get();
                call.state.set(state);
                #[cfg(not(Py_GIL_DISABLED))]
                call.state_id.set(ffi::PyThreadState_GetID(state));
                call.thread.set(libc::pthread_self());
            }
            #[cfg(Py_GIL_DISABLED)]
            call.process.set(std::process::id());
            ptr::from_ref(call)
        })
    }

    /// One more place.
    #[cold]
    fn place(&self) -> &Call {
        let place = Box::into_raw(Box::new(Call {
            next: self.calls.load(Ordering::Relaxed),
            state: Cell::new(ptr::null_mut()),
            #[cfg(not(Py_GIL_DISABLED))]
            state_id: Cell::new(0),
            #[cfg(Py_GIL_DISABLED)]
            process: Cell::new(0),
            thread: Cell::new(0),
        }));
        // Not before what is in it.
        self.calls.store(place, Ordering::Release);
        // SAFETY: freed with `self` and not before.
        unsafe { &*place }
    }

    #[inline]
    fn end(&self, py: Python<'_>, call: *const Call) {
        self.guarded(|| {
            // SAFETY: a place that `begin` gave.
            unsafe { &*call }.state.set(ptr::null_mut());
        });
        if self.orphan.load(Ordering::Relaxed) != NONE {
            self.bury(py);
        }
    }

    /// Closes the descriptor that a close left to the last call.
    #[cold]
    fn bury(&self, py: Python<'_>) {
        if self.is_idle(py) {
            let orphan = self.orphan.swap(NONE, Ordering::Relaxed);
            if orphan != NONE {
                // The close that left it here has returned: there is nobody to tell.
                // SAFETY: `release` left it to whoever takes it out first.
                let _ = unlocked(py, || unsafe { fd::close(orphan) });
            }
        }
    }

    /// Whether no call is in flight. Threads that a fork left behind in the parent do not count.
    fn is_idle(&self, py: Python<'_>) -> bool {
        self.guarded(|| self.calls().all(|call| !call.is_under_way(py)))
    }

    /// Wakes the calls in flight and waits for them to end. False where one goes on all the same.
    #[cold]
    fn wake(&self, py: Python<'_>) -> bool {
        let signal = interrupt::signal();
        let mut nap = FIRST_NAP;
        for _ in 0..NAPS {
            self.guarded(|| {
                for call in self.calls().filter(|call| call.is_under_way(py)) {
                    if let Some(signal) = signal {
                        // SAFETY: its thread's state exists, and it cannot leave the call without
                        // the lock that we have.
                        unsafe { interrupt::interrupt(call.thread.get(), signal) };
                    }
                }
            });
            unlocked(py, || thread::sleep(nap));
            if self.is_idle(py) {
                return true;
            }
            nap = (nap * 2).min(LONGEST_NAP);
        }
        false
    }

    /// Wakes the calls that are in flight on a descriptor which is no longer the socket's.
    pub(crate) fn interrupt(&self, py: Python<'_>) {
        if !self.is_idle(py) {
            self.wake(py);
        }
    }

    /// Closes a descriptor that is no longer the socket's, once no call uses it: such calls are
    /// woken, and one that will not wake closes it when it ends.
    ///
    /// # Errors
    /// Those of close(2).
    pub(crate) fn release(&self, py: Python<'_>, number: RawFd) -> Result<(), Errno> {
        while !self.is_idle(py) && !self.wake(py) {
            let left =
                self.orphan
                    .compare_exchange(NONE, number, Ordering::Relaxed, Ordering::Relaxed);
            if left.is_ok() {
                // Without an interpreter's lock the last call may have ended before it could see it.
                self.bury(py);
                return Ok(());
            }
        }
        // close(2) may linger (SO_LINGER), and does the work of tearing down a connection.
        // SAFETY: the number was the socket's, which has it no more, and no call uses it.
        unlocked(py, || unsafe { fd::close(number) })
    }
}

impl Call {
    /// Whether a thread is in it that exists: one that was forked away does not, and none comes
    /// back into an interpreter that is going down.
    fn is_under_way(&self, _py: Python<'_>) -> bool {
        let state = self.state.get();
        if state.is_null() || is_finalizing() {
            return false;
        }
        // Without the interpreter's lock the list of its threads may change under whoever reads it.
        #[cfg(Py_GIL_DISABLED)]
        return self.process.get() == std::process::id();
        #[cfg(not(Py_GIL_DISABLED))]
        thread_exists(_py, self.state_id.get())
    }
}

/// Whether a thread has the state of this id.
#[cfg(not(Py_GIL_DISABLED))]
pub(crate) fn thread_exists(_py: Python<'_>, state_id: i64) -> bool {
    // SAFETY: the states of an interpreter's threads form a list that is whole while the
    // interpreter is locked. Ids are never used again.
    unsafe {
        let mut known = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        while !known.is_null() {
            if ffi::PyThreadState_GetID(known) == state_id {
                return true;
            }
            known = ffi::PyThreadState_Next(known);
        }
        false
    }
}

pub(crate) fn is_finalizing() -> bool {
    #[cfg(not(Py_3_13))]
    unsafe extern "C" {
        // Exported by every version before it became public.
        #[link_name = "_Py_IsFinalizing"]
        fn Py_IsFinalizing() -> std::ffi::c_int;
    }
    #[cfg(Py_3_13)]
    use ffi::Py_IsFinalizing;
    // SAFETY: takes nothing and may be called at any time.
    unsafe { Py_IsFinalizing() != 0 }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut next = *self.calls.get_mut();
        while !next.is_null() {
            // SAFETY: made by `place`, and taken out of the list once. A call in flight keeps the
            // object that `self` is in alive.
            next = unsafe { Box::from_raw(next) }.next;
        }
    }
}
