//! connect(2) under a policy: resumed after EINTR, bounded without flipping O_NONBLOCK.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::{get_option, is_nonblocking, peer_address, set_option, take_error};
use crate::address::Address;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::Family;
use crate::policy::{Deadline, Readiness, Wait, until_passed, until_ready};
use crate::sys::call::{self, as_uninit};

/// connect(2). After EINTR, and with a deadline, the attempt is waited for, not repeated.
///
/// Without a deadline an O_NONBLOCK socket answers EINPROGRESS (EAGAIN in the Unix domain), as
/// connect(2) says. After [`Error::TimedOut`] the attempt is still under way: close the socket.
///
/// # Errors
/// ECONNREFUSED, ENETUNREACH, EISCONN, EAFNOSUPPORT, and the others of connect(2); those of the
/// policy.
pub fn connect(fd: BorrowedFd<'_>, address: &Address, wait: &mut impl Wait) -> Result<()> {
    // connect has no MSG_DONTWAIT, and O_NONBLOCK would show in every duplicate: socket(7)'s
    // SO_SNDTIMEO bounds a connect, and even a Unix-domain one that waits for the backlog.
    let bounded = wait.deadline().is_some() || wait.longest_stretch().is_some();
    if !bounded || is_nonblocking(fd)? {
        return connect_until(fd, address, false, wait);
    }
    let previous = SendTimeout::get(fd)?;
    let result = connect_until(fd, address, true, wait);
    result.and(previous.restore(fd))
}

fn connect_until(
    fd: BorrowedFd<'_>,
    address: &Address,
    timed: bool,
    wait: &mut impl Wait,
) -> Result<()> {
    loop {
        if timed {
            SendTimeout::set(fd, wait)?;
        }
        let errno = match wait.block(|| call::connect(fd, address.native())) {
            Ok(()) => return Ok(()),
            Err(errno) => errno,
        };
        let deadline = wait.deadline();
        match errno {
            // unix(7), vsock(7): a connect that a signal interrupts has not begun, or was taken back.
            Errno::EINTR if matches!(address.family(), Family::UNIX | Family::VSOCK) => {
                wait.interrupted()?;
                // The socket's own timeout is rounded up to a tick of the kernel, and begins again
                // with each attempt: signals that come faster would keep it from ever ending.
                if deadline.and_then(Deadline::remaining) == Some(Duration::ZERO) {
                    return Err(Error::TimedOut);
                }
            }
            // connect(2): after EINTR the attempt goes on "asynchronously".
            Errno::EINTR => {
                wait.interrupted()?;
                match finish_connect(fd, wait) {
                    // Not every family goes on: then it is begun again.
                    Err(Error::Os {
                        errno: Errno::ENOTCONN,
                        ..
                    }) => {}
                    result => return result,
                }
            }
            // socket(7): "if a timeout has been reached then […] EINPROGRESS"; it goes on.
            Errno::EINPROGRESS if timed || deadline.is_some() => {
                return connected(fd, deadline.unwrap_or(Deadline::NEVER), wait);
            }
            // connect(2): in the Unix domain EAGAIN is a full backlog, which poll cannot wait for.
            Errno::EAGAIN if address.family() == Family::UNIX && (timed || deadline.is_some()) => {
                let deadline = deadline.unwrap_or(Deadline::NEVER);
                if deadline.remaining() == Some(Duration::ZERO) {
                    return Err(Error::TimedOut);
                }
                let nap = if timed {
                    Duration::ZERO
                } else {
                    Duration::from_millis(5)
                };
                until_passed(fd, nap, deadline, wait)?;
            }
            errno => {
                return Err(Error::Os {
                    op: Op::Connect,
                    errno,
                });
            }
        }
    }
}

/// Waits for the end of a connect that is under way; the socket is connected where this succeeds.
///
/// # Errors
/// What ended the attempt; [`Error::TimedOut`] while it goes on, [`Errno::ENOTCONN`] where none is.
pub fn finish_connect(fd: BorrowedFd<'_>, wait: &mut impl Wait) -> Result<()> {
    connected(fd, wait.deadline().unwrap_or(Deadline::NEVER), wait)?;
    // A socket that never began is writable too, and has no error.
    peer_address(fd).map(drop)
}

/// Waits for the answer to a connect that is under way.
fn connected(fd: BorrowedFd<'_>, deadline: Deadline, wait: &mut impl Wait) -> Result<()> {
    until_ready(fd, Readiness::Writable, deadline, wait)?;
    match take_error(fd)? {
        None => Ok(()),
        Some(errno) => Err(Error::Os {
            op: Op::Connect,
            errno,
        }),
    }
}

/// SO_SNDTIMEO as it was before a connect with a deadline.
pub(crate) struct SendTimeout([u8; size_of::<libc::timeval>()]);

impl SendTimeout {
    pub(crate) fn get(fd: BorrowedFd<'_>) -> Result<Self> {
        let mut previous = [0; size_of::<libc::timeval>()];
        get_option(
            fd,
            libc::SOL_SOCKET,
            libc::SO_SNDTIMEO,
            as_uninit(&mut previous),
        )?;
        Ok(SendTimeout(previous))
    }

    /// What is left of the deadline, or the longest stretch of the policy where that is less.
    pub(crate) fn set(fd: BorrowedFd<'_>, wait: &impl Wait) -> Result<()> {
        let left = wait.deadline().and_then(Deadline::remaining);
        let timeout = [left, wait.longest_stretch()].into_iter().flatten().min();
        let mut value = [0; size_of::<libc::timeval>()];
        if let Some(timeout) = timeout {
            // Zero means for ever (socket(7)), so the least that can be waited is a microsecond.
            let micros = timeout.as_micros().max(1);
            let seconds = i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX);
            value[..8].copy_from_slice(&seconds.to_ne_bytes());
            value[8..].copy_from_slice(&((micros % 1_000_000) as i64).to_ne_bytes());
        }
        set_option(fd, libc::SOL_SOCKET, libc::SO_SNDTIMEO, &value)
    }

    pub(crate) fn restore(self, fd: BorrowedFd<'_>) -> Result<()> {
        set_option(fd, libc::SOL_SOCKET, libc::SO_SNDTIMEO, &self.0)
    }
}
