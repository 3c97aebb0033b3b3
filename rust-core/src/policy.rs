//! How a call waits: for ever, until a deadline, or as the host language has it.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::flags::MsgFlags;
use crate::sys::{self, call};

/// How a verb waits. Monomorphised away: [`Blocking`] makes one plain system call.
///
/// A language binding implements it once: [`Wait::interrupted`] runs its signal handlers,
/// [`Wait::block`] gives up its interpreter lock around the system call that may sleep.
pub trait Wait {
    /// Called when a signal interrupted the call (EINTR). `Ok` tries again with what is left of
    /// the deadline.
    ///
    /// # Errors
    /// Whatever the policy returns ends the operation; [`Error::Interrupted`] says that the policy
    /// itself knows the reason.
    #[inline]
    fn interrupted(&mut self) -> Result<()> {
        Ok(())
    }

    /// The end of the *whole* operation on the monotonic clock; `None` waits as the socket does.
    #[inline]
    fn deadline(&self) -> Option<Deadline> {
        None
    }

    /// Whether to try without sleeping before sleeping. With a deadline that saves the `ppoll`
    /// whenever data or room is there already.
    #[inline]
    fn tries_first(&self) -> bool {
        self.deadline().is_some()
    }

    /// Surrounds an attempt that cannot sleep.
    #[inline]
    fn attempt<R>(&mut self, call: impl FnOnce() -> R) -> R {
        call()
    }

    /// Surrounds a system call that may sleep.
    #[inline]
    fn block<R>(&mut self, call: impl FnOnce() -> R) -> R {
        call()
    }

    /// Sleeps in ppoll(2) until `fd` is ready (true) or `timeout` has passed (false).
    ///
    /// # Errors
    /// [`Error::Os`] of ppoll, EINTR included; [`Error::Closed`] from a policy that waits for the
    /// end of a [`Gate`](crate::Gate) as well.
    #[inline]
    fn sleep(
        &mut self,
        fd: BorrowedFd<'_>,
        readiness: Readiness,
        timeout: Option<Duration>,
    ) -> Result<bool> {
        self.block(|| call::poll(readiness.of(fd), readiness.events(), timeout))
            .map_err(|errno| Error::Os {
                op: Op::Poll,
                errno,
            })
    }

    /// The longest stretch that a system call may sleep which nothing but a signal can wake: a
    /// connect on a blocking socket. `None` lets it sleep to the end.
    #[inline]
    fn longest_stretch(&self) -> Option<Duration> {
        None
    }
}

/// Waits as the socket itself does: for ever, or not at all where O_NONBLOCK is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blocking;

impl Wait for Blocking {}

/// A point on the monotonic clock that ends an operation. Waits until then.
///
/// The first attempt is made without sleeping, so a deadline in the past still takes what is
/// there already.
///
/// ```
/// use std::time::Duration;
/// use rsocket::{Deadline, Endpoint, Error, Kind, MsgFlags};
///
/// let (left, _right) = Endpoint::pair(Kind::STREAM)?;
/// let soon = Deadline::after(Duration::from_millis(10));
/// let error = left.recv_with(&mut [0; 8], MsgFlags::empty(), soon).unwrap_err();
/// assert_eq!(error, Error::TimedOut);
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Option<Nanoseconds>);

/// A time of the monotonic clock; there are 584 years of them.
type Nanoseconds = u64;

impl Deadline {
    /// No end: waits for ever.
    pub const NEVER: Deadline = Deadline(None);

    /// `timeout` from now; one too long for the clock is [`Deadline::NEVER`].
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        let timeout = Nanoseconds::try_from(timeout.as_nanos()).ok();
        Deadline(timeout.and_then(|timeout| sys::monotonic().checked_add(timeout)))
    }

    /// At `instant`.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Deadline::after(instant.saturating_duration_since(Instant::now()))
    }

    /// What is left, zero once it has passed; `None` where there is no end.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .map(|end| Duration::from_nanos(end.saturating_sub(sys::monotonic())))
    }
}

impl Wait for Deadline {
    #[inline]
    fn deadline(&self) -> Option<Deadline> {
        Some(*self)
    }
}

impl<W: Wait> Wait for &mut W {
    #[inline]
    fn interrupted(&mut self) -> Result<()> {
        (**self).interrupted()
    }

    #[inline]
    fn deadline(&self) -> Option<Deadline> {
        (**self).deadline()
    }

    #[inline]
    fn tries_first(&self) -> bool {
        (**self).tries_first()
    }

    #[inline]
    fn attempt<R>(&mut self, call: impl FnOnce() -> R) -> R {
        (**self).attempt(call)
    }

    #[inline]
    fn block<R>(&mut self, call: impl FnOnce() -> R) -> R {
        (**self).block(call)
    }

    #[inline]
    fn sleep(
        &mut self,
        fd: BorrowedFd<'_>,
        readiness: Readiness,
        timeout: Option<Duration>,
    ) -> Result<bool> {
        (**self).sleep(fd, readiness, timeout)
    }

    #[inline]
    fn longest_stretch(&self) -> Option<Duration> {
        (**self).longest_stretch()
    }
}

/// What a verb waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Data, a connection to accept, or the end of the stream.
    Readable,
    /// Room to send, or an answer to a connect.
    Writable,
    /// Nothing but what always counts: a message in the error queue, an error, a hang-up.
    Error,
    /// Not even that: time passes, whatever the socket has.
    Nothing,
}

impl Readiness {
    /// The `POLL…` bits to ask poll(2) for.
    #[must_use]
    pub const fn events(self) -> i16 {
        match self {
            Readiness::Readable => libc::POLLIN,
            Readiness::Writable => libc::POLLOUT,
            Readiness::Error | Readiness::Nothing => 0,
        }
    }

    /// The descriptor to poll, if the socket is to be looked at.
    pub(crate) fn of(self, fd: BorrowedFd<'_>) -> Option<BorrowedFd<'_>> {
        (self != Readiness::Nothing).then_some(fd)
    }
}

/// An attempt that does not sleep: the first, or one behind a wait for readiness with the naps that
/// it has cost so far.
type Attempt = Option<Nap>;

/// Makes `call` until it has a result, waiting for `readiness` as the policy says. `call` gets
/// flags to add to its own: MSG_DONTWAIT on an attempt that must not sleep.
#[inline]
pub(crate) fn run<T>(
    fd: BorrowedFd<'_>,
    op: Op,
    readiness: Readiness,
    flags: MsgFlags,
    wait: &mut impl Wait,
    mut call: impl FnMut(MsgFlags) -> Result<T, Errno>,
) -> Result<T> {
    let mut attempt = if wait.tries_first() {
        Some(None)
    } else if wait.deadline().is_none() {
        None
    } else if flags.contains(MsgFlags::DONTWAIT) {
        Some(None)
    } else {
        after_attempt(fd, op, readiness, flags, wait, None, Errno::EAGAIN)?
    };
    while let Some(made) = attempt {
        match wait.attempt(|| call(flags | MsgFlags::DONTWAIT)) {
            Ok(value) => return Ok(value),
            Err(errno) => {
                attempt = after_attempt(fd, op, readiness, flags, wait, made, errno)?;
            }
        }
    }
    loop {
        match wait.block(|| call(flags)) {
            Ok(value) => return Ok(value),
            Err(Errno::EINTR) => wait.interrupted()?,
            Err(errno) => return Err(Error::Os { op, errno }),
        }
    }
}

/// What follows an attempt that failed with `errno`: another one, once the socket is ready; or a call
/// that may sleep, where there is no deadline.
///
/// Out of line and without the call itself, so that one that succeeds at once keeps nothing for it.
#[cold]
#[inline(never)]
fn after_attempt(
    fd: BorrowedFd<'_>,
    op: Op,
    readiness: Readiness,
    flags: MsgFlags,
    wait: &mut impl Wait,
    made: Attempt,
    errno: Errno,
) -> Result<Option<Attempt>> {
    let asked_not_to_wait = flags.contains(MsgFlags::DONTWAIT);
    let deadline = wait.deadline().filter(|_| !asked_not_to_wait);
    match errno {
        Errno::EINTR => wait.interrupted()?,
        Errno::EAGAIN if !asked_not_to_wait => {}
        errno => return Err(Error::Os { op, errno }),
    }
    let Some(deadline) = deadline else {
        return Ok(None);
    };
    let mut nap = made;
    if let Some(nap) = nap.as_mut().filter(|_| errno == Errno::EAGAIN) {
        nap.take(fd, deadline, wait)?;
    }
    until_ready(fd, readiness, deadline, wait)?;
    Ok(Some(Some(nap.unwrap_or_default())))
}

/// Longer and longer sleeps, for what poll cannot wait for: a socket that is ready and yet has nothing.
///
/// poll(2): a socket may be reported ready "but a subsequent read blocks". A message in the error
/// queue makes it ready for as long as nobody reads that queue, which any peer's ICMP can bring about;
/// a Unix datagram socket is writable whether or not the receiver of the next datagram has room.
#[derive(Default)]
pub(crate) struct Nap {
    taken: u32,
}

impl Nap {
    /// Sleeps, at most to the deadline; [`Error::TimedOut`] once that has passed.
    pub(crate) fn take(
        &mut self,
        fd: BorrowedFd<'_>,
        deadline: Deadline,
        wait: &mut impl Wait,
    ) -> Result<()> {
        if deadline.remaining() == Some(Duration::ZERO) {
            return Err(Error::TimedOut);
        }
        // From half a millisecond to 16.
        let nap = Duration::from_micros(500 << self.taken.min(5));
        self.taken = self.taken.saturating_add(1);
        until_passed(fd, nap, deadline, wait)
    }
}

/// Between the steps of one operation: it ends at its deadline even where it never has to wait.
pub(crate) fn in_time(wait: &impl Wait) -> Result<()> {
    match wait.deadline().and_then(Deadline::remaining) {
        Some(Duration::ZERO) => Err(Error::TimedOut),
        _ => Ok(()),
    }
}

/// Sleeps for `nap`, or less where the deadline comes first, whatever the socket has meanwhile.
pub(crate) fn until_passed(
    fd: BorrowedFd<'_>,
    nap: Duration,
    deadline: Deadline,
    wait: &mut impl Wait,
) -> Result<()> {
    let nap = deadline.remaining().map_or(nap, |left| left.min(nap));
    match wait.sleep(fd, Readiness::Nothing, Some(nap)) {
        Ok(_) => Ok(()),
        Err(Error::Os {
            errno: Errno::EINTR,
            ..
        }) => wait.interrupted(),
        Err(error) => Err(error),
    }
}

/// Sleeps until the socket is ready, or fails with [`Error::TimedOut`].
pub(crate) fn until_ready(
    fd: BorrowedFd<'_>,
    readiness: Readiness,
    deadline: Deadline,
    wait: &mut impl Wait,
) -> Result<()> {
    loop {
        match wait.sleep(fd, readiness, deadline.remaining()) {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(Error::TimedOut),
            Err(Error::Os {
                errno: Errno::EINTR,
                ..
            }) => wait.interrupted()?,
            Err(error) => return Err(error),
        }
    }
}
