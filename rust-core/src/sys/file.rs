//! What a Unix-domain socket's file needs: flock, stat and unlink beside a directory's descriptor.

use std::ffi::{CStr, CString, c_int};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::errno::Errno;

/// What tells a file from every other that exists at the same time, and its type and mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileId {
    device: libc::dev_t,
    inode: libc::ino_t,
}

/// What stat(2) says of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileStat {
    pub(crate) id: FileId,
    mode: libc::mode_t,
}

impl FileStat {
    pub(crate) fn is_socket(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFSOCK
    }

    /// The permission bits.
    pub(crate) fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }
}

fn check(result: c_int) -> Result<c_int, Errno> {
    if result == -1 {
        Err(Errno::last())
    } else {
        Ok(result)
    }
}

/// `openat`, close-on-exec and never through a symbolic link in the last place.
pub(crate) fn open_at(
    directory: BorrowedFd<'_>,
    name: &CStr,
    flags: c_int,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    let flags = flags | libc::O_CLOEXEC | libc::O_NOFOLLOW;
    // SAFETY: openat(2) reads the terminated name.
    let fd = check(unsafe { libc::openat(directory.as_raw_fd(), name.as_ptr(), flags, mode) })?;
    // SAFETY: openat(2) "returns the new file descriptor", which nobody else owns yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `open` of a directory, to name files beside it; symbolic links on the way are followed.
pub(crate) fn open_directory(path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: open(2) reads the terminated path.
    let fd = check(unsafe { libc::open(path.as_ptr(), flags) })?;
    // SAFETY: open(2) "returns the new file descriptor", which nobody else owns yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `fstatat` of `name` itself, not of what a symbolic link points to; of the descriptor where
/// `name` is empty.
pub(crate) fn stat_at(directory: BorrowedFd<'_>, name: &CStr) -> Result<FileStat, Errno> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH;
    // SAFETY: fstatat(2) reads the terminated name and fills the structure.
    check(unsafe {
        libc::fstatat(
            directory.as_raw_fd(),
            name.as_ptr(),
            stat.as_mut_ptr(),
            flags,
        )
    })?;
    // SAFETY: filled by the successful call.
    let stat = unsafe { stat.assume_init() };
    Ok(FileStat {
        id: FileId {
            device: stat.st_dev,
            inode: stat.st_ino,
        },
        mode: stat.st_mode,
    })
}

/// `unlinkat`.
pub(crate) fn unlink_at(directory: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    // SAFETY: unlinkat(2) reads the terminated name.
    check(unsafe { libc::unlinkat(directory.as_raw_fd(), name.as_ptr(), 0) }).map(drop)
}

/// `chmod` of the very file behind an O_PATH descriptor, which fchmod(2) refuses.
pub(crate) fn chmod_opened(file: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let path = path.map_err(|_| Errno::ENOENT)?;
    // SAFETY: chmod(2) reads the terminated path.
    check(unsafe { libc::chmod(path.as_ptr(), mode) }).map(drop)
}

/// Takes the exclusive lock of an open file, or fails with EAGAIN (flock(2)).
pub(crate) fn try_lock(file: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: flock(2) takes integers only.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }).map(drop)
}
