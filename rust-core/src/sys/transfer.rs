//! What moves a file's or a stream's bytes to a socket: pread, sendfile, splice and its pipe.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use super::call::{check, check_len};
use super::signal::without_sigpipe;
use crate::errno::Errno;

type Result<T> = std::result::Result<T, Errno>;

/// pread(2): what the file has from `offset` on, as far as there is room.
pub(crate) fn pread<'a>(
    file: BorrowedFd<'_>,
    room: &'a mut [MaybeUninit<u8>],
    offset: u64,
) -> Result<&'a [u8]> {
    let Ok(offset) = libc::off_t::try_from(offset) else {
        return Err(Errno::EINVAL);
    };
    // SAFETY: pread(2) writes at most as many bytes as it is told that there are.
    let len = check_len(unsafe {
        libc::pread(
            file.as_raw_fd(),
            room.as_mut_ptr().cast(),
            room.len(),
            offset,
        )
    })?;
    let len = len.min(room.len());
    // SAFETY: within `room`; pread(2): "the number of bytes read", which it wrote.
    Ok(unsafe { std::slice::from_raw_parts(room.as_ptr().cast(), len) })
}

/// sendfile(2) from `offset` on; the file's own position stays where it is. Never raises SIGPIPE.
pub(crate) fn sendfile(
    to: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: u64,
    len: usize,
) -> Result<usize> {
    let Ok(mut offset) = libc::off_t::try_from(offset) else {
        return Err(Errno::EINVAL);
    };
    without_sigpipe(len, || {
        // SAFETY: sendfile(2): "if offset is not NULL, then it points to a variable holding the
        // file offset", which is read and written.
        check_len(unsafe { libc::sendfile(to.as_raw_fd(), file.as_raw_fd(), &raw mut offset, len) })
    })
}

/// splice(2) between a pipe and something else, at the place where each stands. Never raises
/// SIGPIPE.
pub(crate) fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, len: usize) -> Result<usize> {
    let (from, to) = (from.as_raw_fd(), to.as_raw_fd());
    let flags = libc::SPLICE_F_MOVE;
    without_sigpipe(len, || {
        // SAFETY: splice(2): null offsets, which pipes and sockets need, are not followed.
        check_len(unsafe { libc::splice(from, ptr::null_mut(), to, ptr::null_mut(), len, flags) })
    })
}

/// pipe2(2), close-on-exec: the end to read from, and the one to write to.
pub(crate) fn pipe() -> Result<[OwnedFd; 2]> {
    let mut fds = [-1; 2];
    // SAFETY: pipe2(2) writes two descriptors into the array it is given.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: pipe2(2): the array "is used to return two file descriptors", which nobody else owns.
    Ok(fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}
