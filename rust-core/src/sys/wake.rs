//! What wakes a sleeping thread: poll over several descriptors, and event counters (eventfd(2)).

use std::ffi::c_void;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use crate::errno::Errno;

/// An entry for [`poll_many`]; without a descriptor one that is never ready.
pub(crate) fn entry(fd: Option<BorrowedFd<'_>>, events: i16) -> libc::pollfd {
    libc::pollfd {
        // poll(2): a negative fd is "ignored and the revents field returns zero".
        fd: fd.map_or(-1, |fd| fd.as_raw_fd()),
        events,
        revents: 0,
    }
}

/// ppoll(2): how many entries are ready, 0 where `timeout` passed.
pub(crate) fn poll_many(
    entries: &mut [libc::pollfd],
    timeout: Option<Duration>,
) -> Result<usize, Errno> {
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let count = entries.len() as libc::nfds_t;
    // SAFETY: ppoll(2) reads and writes `count` entries, and reads the timeout if there is one.
    let ready = unsafe { libc::ppoll(entries.as_mut_ptr(), count, timeout, ptr::null()) };
    usize::try_from(ready).map_err(|_| Errno::last())
}

/// A new event counter at 0, close-on-exec and non-blocking.
pub(crate) fn eventfd() -> Result<OwnedFd, Errno> {
    // SAFETY: eventfd(2) takes integers only.
    match unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) } {
        -1 => Err(Errno::last()),
        // SAFETY: eventfd(2) "returns a new file descriptor", which nobody else owns yet.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

/// Makes an event counter readable for good, as long as nobody reads it.
pub(crate) fn signal(event: BorrowedFd<'_>) -> Result<(), Errno> {
    let one = 1u64;
    // SAFETY: write(2) reads the eight bytes of `one`.
    match unsafe { libc::write(event.as_raw_fd(), (&raw const one).cast::<c_void>(), 8) } {
        -1 => Err(Errno::last()),
        _ => Ok(()),
    }
}
