//! Descriptors by number that this process was started with, and that nobody in it owns yet.

use std::os::fd::{AsRawFd, OwnedFd};

use super::{call, wake};
use crate::errno::Errno;

/// True for an open descriptor that survives execve(2), as an inherited one has; whoever takes one
/// over makes it close-on-exec.
pub(crate) fn is_inherited(number: i32) -> bool {
    // SAFETY: fcntl(2), F_GETFD takes no argument; EBADF where nothing is open.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    flags != -1 && flags & libc::FD_CLOEXEC == 0
}

/// True where the number names a socket.
pub(crate) fn is_socket(number: i32) -> bool {
    let mut kind = 0;
    let mut len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `len` bytes, the size of the integer; ENOTSOCK or EBADF
    // where there is no socket.
    let result = unsafe {
        libc::getsockopt(
            number,
            libc::SOL_SOCKET,
            libc::SO_TYPE,
            (&raw mut kind).cast(),
            &raw mut len,
        )
    };
    result == 0
}

/// Moves an inherited descriptor to a new number, close-on-exec.
///
/// The old number stays in use, by an event counter that nobody waits for, so that it never comes to
/// mean something else: two takers at a time each get a duplicate of their own, never one number.
pub(crate) fn take(number: i32) -> Result<OwnedFd, Errno> {
    let taken = call::dup_raw(number)?;
    let placeholder = wake::eventfd()?;
    // SAFETY: dup3(2) takes integers; the number is an inherited one, which no Rust object owns.
    match unsafe { libc::dup3(placeholder.as_raw_fd(), number, libc::O_CLOEXEC) } {
        -1 => Err(Errno::last()),
        _ => Ok(taken),
    }
}

/// How many descriptors this process may have open (RLIMIT_NOFILE, getrlimit(2)).
pub(crate) fn open_max() -> usize {
    // SAFETY: sysconf(3) takes an integer; -1 where there is no bound.
    let most = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) };
    usize::try_from(most).unwrap_or(usize::MAX)
}
