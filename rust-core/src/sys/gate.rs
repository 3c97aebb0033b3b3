//! [`Gate`]: an owner whose value may be closed while other threads use it.

use std::cell::UnsafeCell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

use super::wake;
use crate::error::{Error, Op, Result};
use crate::policy::{Deadline, Readiness, Wait};

/// No call may begin any more.
const CLOSED: u32 = 1 << 31;
/// The value went elsewhere: the last user does not drop it.
const DETACHED: u32 = 1 << 30;
/// The bits that count the calls in flight.
const USERS: u32 = DETACHED - 1;
/// In place of the event counter's descriptor while nobody has had to sleep.
const NO_EVENT: i32 = -1;

/// How long a call may sleep that no event can wake: a connect on a blocking socket.
const STRETCH: Duration = Duration::from_millis(20);

/// Owns a socket that several threads use and any of them may close.
///
/// [`Gate::enter`] counts a call in and its [`Pass`] counts it out. [`Gate::close`] lets nobody in
/// any more, wakes the calls that sleep, and whoever leaves last drops the socket: a descriptor's
/// number is never free, and so never somebody else's, while a call uses it.
///
/// Entering and leaving are one atomic operation each. Nothing is allocated; the event counter that
/// wakes sleepers (eventfd(2)) is made when a call must sleep for the first time. shutdown(2) would
/// not do instead: it reaches every duplicate, a listener's in other processes too, and netlink and
/// packet sockets do not have it.
///
/// `T` is what is guarded: an [`Endpoint`](crate::Endpoint), or an [`OwnedFd`] in a host language's
/// object. [`SharedEndpoint`](crate::SharedEndpoint) is a ready-made user.
///
/// ```
/// use std::{thread, time::Duration};
/// use rsocket::{Blocking, Endpoint, Errno, Gate, Kind, MsgFlags};
///
/// let (left, _right) = Endpoint::pair(Kind::DGRAM)?;
/// let gate = Gate::new(left);
/// thread::scope(|scope| {
///     let sleeper = scope.spawn(|| {
///         let pass = gate.enter()?;
///         pass.recv_with(&mut [0; 8], MsgFlags::empty(), pass.wait(Blocking))
///     });
///     thread::sleep(Duration::from_millis(20));
///     assert!(gate.close());
///     let error = sleeper.join().unwrap().unwrap_err();
///     assert_eq!(error.errno(), Errno::EBADF);
/// });
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct Gate<T> {
    state: AtomicU32,
    event: AtomicI32,
    value: UnsafeCell<ManuallyDrop<T>>,
}

// SAFETY: the value is shared between threads (T: Sync) and dropped by whichever leaves last
// (T: Send); the counter keeps the two apart.
unsafe impl<T: Send + Sync> Sync for Gate<T> {}

impl<T> Gate<T> {
    /// Guards `value`.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Gate {
            state: AtomicU32::new(0),
            event: AtomicI32::new(NO_EVENT),
            value: UnsafeCell::new(ManuallyDrop::new(value)),
        }
    }

    /// Begins a call.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`Gate::close`] or [`Gate::detach`].
    #[inline]
    pub fn enter(&self) -> Result<Pass<'_, T>> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            // A count that went up behind CLOSED could let two users drop the value. One that ran
            // into the flags needs 2^30 calls at a time.
            if state & CLOSED != 0 || state & USERS >= USERS - 1 {
                return Err(Error::Closed);
            }
            match self.state.compare_exchange_weak(
                state,
                state + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(Pass { gate: self }),
                Err(now) => state = now,
            }
        }
    }

    /// Lets nobody in any more and wakes every sleeping call with [`Error::Closed`]. The value is
    /// dropped now, or by the last call in flight. False where it was closed already: closing twice
    /// does no harm.
    pub fn close(&self) -> bool {
        self.end(CLOSED)
    }

    /// True once closed or detached.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // SeqCst: a sleeper publishes its event counter, then looks here; a closer sets CLOSED,
        // then looks for the counter. One of the two must see the other.
        self.state.load(Ordering::SeqCst) & CLOSED != 0
    }

    /// Closes with `flags`, staying in until the others have been woken.
    fn end(&self, flags: u32) -> bool {
        let close = |state: u32| (state & CLOSED == 0).then_some((state | flags) + 1);
        let (success, failure) = (Ordering::SeqCst, Ordering::Relaxed);
        if self.state.fetch_update(success, failure, close).is_err() {
            return false;
        }
        let _pass = Pass { gate: self };
        if let Some(event) = self.event_fd() {
            // The counter is at 0, is written once, and is not read: nothing can refuse it.
            let _ = wake::signal(event);
        }
        true
    }

    /// The event counter, if there is one by now. Only for whoever is counted in.
    fn event_fd(&self) -> Option<BorrowedFd<'_>> {
        match self.event.load(Ordering::SeqCst) {
            NO_EVENT => None,
            // SAFETY: the descriptor is closed by the last user, and the caller is one.
            fd => Some(unsafe { BorrowedFd::borrow_raw(fd) }),
        }
    }

    /// Counts a call out.
    #[inline]
    fn leave(&self) {
        let before = self.state.fetch_sub(1, Ordering::Release);
        if before & CLOSED != 0 && before & USERS == 1 {
            self.last_left(before);
        }
    }

    #[cold]
    fn last_left(&self, state: u32) {
        // Pairs with the Release of every user that left before.
        self.state.load(Ordering::Acquire);
        self.drop_event();
        if state & DETACHED == 0 {
            // SAFETY: the count is 0 and CLOSED keeps it there, so this runs once and nobody
            // borrows the value now or later.
            unsafe { ManuallyDrop::drop(&mut *self.value.get()) };
        }
    }

    fn drop_event(&self) {
        match self.event.swap(NO_EVENT, Ordering::AcqRel) {
            NO_EVENT => {}
            // SAFETY: the number came from `into_raw_fd` in `Pass::event`, and was taken out once.
            fd => drop(unsafe { OwnedFd::from_raw_fd(fd) }),
        }
    }
}

impl<T: AsRawFd> Gate<T> {
    /// Gives up the descriptor: lets nobody in any more, wakes every sleeping call, and leaves the
    /// number to the caller, who owns it from now on. `None` where it was closed already.
    ///
    /// Calls that are under way when this returns may still use the descriptor; close it only after
    /// they have ended.
    pub fn detach(&self) -> Option<RawFd> {
        let fd = self.raw_fd()?;
        self.end(CLOSED | DETACHED).then_some(fd)
    }

    /// The descriptor's number, or `None` once closed. It may be closed at any time after this.
    #[must_use]
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.enter().ok().map(|pass| pass.as_raw_fd())
    }
}

impl<T> Drop for Gate<T> {
    fn drop(&mut self) {
        self.drop_event();
        // With `&mut self` there are no users: whoever closed has dropped the value as well.
        if *self.state.get_mut() & CLOSED == 0 {
            // SAFETY: nobody borrows the value, and it was not dropped before.
            unsafe { ManuallyDrop::drop(self.value.get_mut()) };
        }
    }
}

impl<T> fmt::Debug for Gate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.load(Ordering::Relaxed);
        f.debug_struct("Gate")
            .field("closed", &(state & CLOSED != 0))
            .field("users", &(state & USERS))
            .finish_non_exhaustive()
    }
}

/// A call in flight: the value stays open until this is dropped.
pub struct Pass<'a, T> {
    gate: &'a Gate<T>,
}

impl<'a, T> Pass<'a, T> {
    /// A policy that waits as `policy` does, and ends with [`Error::Closed`] when the gate is
    /// closed. It tries first and sleeps in ppoll(2) only, with a deadline or without.
    pub fn wait<W: Wait>(&self, policy: W) -> WakingWait<'a, T, W> {
        WakingWait {
            gate: self.gate,
            policy,
            waits: true,
        }
    }

    /// Fails once the gate has been closed.
    ///
    /// # Errors
    /// [`Error::Closed`].
    #[inline]
    pub fn check(&self) -> Result<()> {
        if self.gate.is_closed() {
            Err(Error::Closed)
        } else {
            Ok(())
        }
    }
}

impl<T> Deref for Pass<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this pass is counted in, and the value is dropped by the last that leaves.
        unsafe { &*self.gate.value.get() }
    }
}

impl<T> Drop for Pass<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.gate.leave();
    }
}

impl<T> fmt::Debug for Pass<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

/// A waiting policy that ends when its [`Gate`] is closed; made by [`Pass::wait`], and to be used
/// while that pass is held.
pub struct WakingWait<'a, T, W> {
    gate: &'a Gate<T>,
    policy: W,
    waits: bool,
}

impl<T, W: Wait> WakingWait<'_, T, W> {
    /// For a socket that is O_NONBLOCK: where the policy has no deadline, answers EAGAIN as the
    /// socket does.
    #[must_use]
    pub fn nonblocking(mut self, nonblocking: bool) -> Self {
        self.waits = !nonblocking;
        self
    }

    /// Sees to it that there is an event counter: made now if this is the first call that must sleep.
    fn event(&self, pass: &Pass<'_, T>) -> Result<()> {
        if pass.gate.event_fd().is_some() {
            return Ok(());
        }
        let op = Op::EventFd;
        let event = wake::eventfd().map_err(|errno| Error::Os { op, errno })?;
        let (success, failure) = (Ordering::SeqCst, Ordering::Relaxed);
        let fd = event.as_raw_fd();
        let set = pass
            .gate
            .event
            .compare_exchange(NO_EVENT, fd, success, failure);
        if set.is_ok() {
            // The gate owns it now. Another thread's is dropped here where that was quicker.
            std::mem::forget(event);
        }
        Ok(())
    }
}

impl<T, W: Wait> Wait for WakingWait<'_, T, W> {
    #[inline]
    fn interrupted(&mut self) -> Result<()> {
        if self.gate.is_closed() {
            return Err(Error::Closed);
        }
        self.policy.interrupted()
    }

    #[inline]
    fn deadline(&self) -> Option<Deadline> {
        let deadline = self.policy.deadline();
        deadline.or(self.waits.then_some(Deadline::NEVER))
    }

    #[inline]
    fn tries_first(&self) -> bool {
        true
    }

    #[inline]
    fn attempt<R>(&mut self, call: impl FnOnce() -> R) -> R {
        self.policy.attempt(call)
    }

    #[inline]
    fn block<R>(&mut self, call: impl FnOnce() -> R) -> R {
        self.policy.block(call)
    }

    fn sleep(
        &mut self,
        fd: BorrowedFd<'_>,
        readiness: Readiness,
        timeout: Option<Duration>,
    ) -> Result<bool> {
        // Counted in once more, so that the event counter outlives the sleep whatever the caller
        // does with its own pass.
        let pass = self.gate.enter()?;
        self.event(&pass)?;
        // Closed between the two: the closer may have found no event counter.
        pass.check()?;
        let Some(event) = pass.gate.event_fd() else {
            return Err(Error::Closed);
        };
        let mut entries = [
            wake::entry(readiness.of(fd), readiness.events()),
            wake::entry(Some(event), libc::POLLIN),
        ];
        let ready = self.policy.block(|| wake::poll_many(&mut entries, timeout));
        pass.check()?;
        match ready {
            Ok(0) => Ok(false),
            Ok(_) => Ok(true),
            Err(errno) => Err(Error::Os {
                op: Op::Poll,
                errno,
            }),
        }
    }

    #[inline]
    fn longest_stretch(&self) -> Option<Duration> {
        let inner = self.policy.longest_stretch();
        Some(inner.map_or(STRETCH, |inner| inner.min(STRETCH)))
    }
}

impl<T, W: fmt::Debug> fmt::Debug for WakingWait<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakingWait")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// The descriptor of what is guarded, while it is in use.
impl<T: AsFd> AsFd for Pass<'_, T> {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}
