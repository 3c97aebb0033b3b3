//! What tokio's reactor must be promised: descriptors that stay open while it watches them, and
//! timers that need nothing of a runtime but its I/O.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::tokio::io::unix::AsyncFd;
use ::tokio::io::{Interest, ReadBuf};
use ::tokio::runtime::Handle;

use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::flags::MsgFlags;
use crate::policy::Blocking;

/// Everything that epoll(7) reports of a socket.
const EVERYTHING: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY)
    .add(Interest::ERROR);

/// An endpoint that the reactor watches from the first wait on.
pub(crate) struct Watched {
    // Dropped in this order: the reactor lets go of the number before it is closed.
    registration: OnceLock<AsyncFd<RawFd>>,
    endpoint: Endpoint,
    registering: Mutex<()>,
}

impl Watched {
    pub(crate) const fn new(endpoint: Endpoint) -> Self {
        Watched {
            registration: OnceLock::new(),
            endpoint,
            registering: Mutex::new(()),
        }
    }

    #[inline]
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its place in the reactor, taken now if it has none yet.
    #[inline]
    pub(crate) fn registration(&self) -> Result<&AsyncFd<RawFd>> {
        match self.registration.get() {
            Some(registration) => Ok(registration),
            None => self.register(),
        }
    }

    #[cold]
    fn register(&self) -> Result<&AsyncFd<RawFd>> {
        // epoll_ctl(2) refuses a second registration with EEXIST: one thread at a time.
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(registration) = self.registration.get() {
            return Ok(registration);
        }
        require_runtime()?;
        let fd = self.endpoint.as_raw_fd();
        // SAFETY: AsyncFd: "must be a valid, open file descriptor, and it must remain open and
        // refer to the same underlying file description for the entire lifetime of the AsyncFd".
        // The endpoint owns it, goes out by reference only, and is dropped after the AsyncFd.
        let registered = unsafe { AsyncFd::register_with_interest(fd, EVERYTHING) };
        let registration = registered.map_err(|error| refused(&error.into_parts().1))?;
        Ok(self.registration.get_or_init(|| registration))
    }

    /// The endpoint, which the reactor lets go of first.
    pub(crate) fn into_endpoint(self) -> Endpoint {
        drop(self.registration);
        self.endpoint
    }
}

/// Watches a descriptor of its own.
fn watch(fd: OwnedFd) -> Result<AsyncFd<OwnedFd>> {
    require_runtime()?;
    // SAFETY: AsyncFd: the descriptor "must remain open": it is the AsyncFd's own, and an OwnedFd
    // keeps its number.
    let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
    registered.map_err(|error| refused(&error.into_parts().1))
}

/// A socket's events one by one, beginning with what it is ready for now. Unlike the reactor's own
/// memory of the socket it knows nothing of the past, and takes no event for final. For one task.
#[derive(Debug)]
pub(crate) struct Events(AsyncFd<OwnedFd>);

impl Events {
    /// The events of `socket` among `events` (`EPOLLIN`, `EPOLLOUT`), and errors and hang-ups.
    pub(crate) fn of(socket: BorrowedFd<'_>, events: i32) -> Result<Self> {
        let op = Op::EpollCtl;
        let epoll = edges(socket, events).map_err(|errno| Error::Os { op, errno })?;
        Ok(Events(watch(epoll)?))
    }

    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            let guard = ready!(self.0.poll_read_ready(cx));
            // Before the event is taken, so that the next one is not taken for this one.
            guard.map_err(|error| refused(&error))?.clear_ready();
            if take_event(self.0.get_ref().as_fd()) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// An epoll instance (epoll(7)) with one socket in it, edge-triggered.
fn edges(socket: BorrowedFd<'_>, events: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: epoll_create1(2) takes an integer only.
    let epoll = match unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) } {
        -1 => return Err(Errno::last()),
        // SAFETY: epoll_create1(2) "returns a file descriptor", which nobody else owns yet.
        fd => unsafe { OwnedFd::from_raw_fd(fd) },
    };
    let mut event = libc::epoll_event {
        events: (events | libc::EPOLLET) as u32,
        u64: 0,
    };
    let (epoll_fd, socket) = (epoll.as_raw_fd(), socket.as_raw_fd());
    // SAFETY: epoll_ctl(2), EPOLL_CTL_ADD reads the event.
    match unsafe { libc::epoll_ctl(epoll_fd, libc::EPOLL_CTL_ADD, socket, &raw mut event) } {
        -1 => Err(Errno::last()),
        _ => Ok(epoll),
    }
}

/// Takes the event that is there; false where there is none.
fn take_event(epoll: BorrowedFd<'_>) -> bool {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: epoll_wait(2) writes at most one event, and with a timeout of 0 returns "immediately".
    unsafe { libc::epoll_wait(epoll.as_raw_fd(), &raw mut event, 1, 0) > 0 }
}

/// Sleeps for `delay`, with nothing of the runtime but its I/O.
pub(crate) async fn sleep(delay: Duration) -> Result<()> {
    let op = Op::TimerFd;
    let timer = watch(timer(delay).map_err(|errno| Error::Os { op, errno })?)?;
    let fired = timer.readable().await;
    fired.map(drop).map_err(|error| refused(&error))
}

/// AsyncFd panics without a runtime.
pub(crate) fn require_runtime() -> Result<()> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::NoRuntime),
    }
}

/// Why the reactor does not take a descriptor, or gave up watching it.
pub(crate) fn refused(error: &io::Error) -> Error {
    match error.raw_os_error() {
        Some(errno) => Error::Os {
            op: Op::EpollCtl,
            errno: Errno::from_raw(errno),
        },
        None => Error::NoRuntime,
    }
}

/// A timer that becomes readable once, `delay` from now.
fn timer(delay: Duration) -> Result<OwnedFd, Errno> {
    let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
    // SAFETY: timerfd_create(2) takes integers only.
    let fd = match unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) } {
        -1 => return Err(Errno::last()),
        // SAFETY: timerfd_create(2) "returns a new file descriptor", which nobody else owns yet.
        fd => unsafe { OwnedFd::from_raw_fd(fd) },
    };
    // timerfd_settime(2): an expiration of zero disarms the timer.
    let delay = delay.max(Duration::from_nanos(1));
    let never_again = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let when = libc::itimerspec {
        it_interval: never_again,
        it_value: libc::timespec {
            tv_sec: libc::time_t::try_from(delay.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: delay.subsec_nanos().into(),
        },
    };
    // SAFETY: timerfd_settime(2) reads `new_value`; `old_value` may be null.
    match unsafe { libc::timerfd_settime(fd.as_raw_fd(), 0, &raw const when, ptr::null_mut()) } {
        -1 => Err(Errno::last()),
        _ => Ok(fd),
    }
}

/// recv(2) into what is unfilled of a [`ReadBuf`].
pub(crate) fn recv_into(fd: BorrowedFd<'_>, buf: &mut ReadBuf<'_>) -> Result<()> {
    // SAFETY: ReadBuf: "the caller must not de-initialize portions of the buffer that have already
    // been initialized": recv(2) only ever writes.
    let unfilled = unsafe { buf.unfilled_mut() };
    let room = unfilled.len();
    let len = crate::fd::recv(fd, unfilled, MsgFlags::DONTWAIT, &mut Blocking)?.min(room);
    // SAFETY: recv(2) returns "the number of bytes received", which it wrote to the start of the
    // buffer; without MSG_TRUNC among the flags that is never more than there was room for.
    unsafe { buf.assume_init(len) };
    buf.advance(len);
    Ok(())
}
