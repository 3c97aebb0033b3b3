//! The place of a Unix-domain path: a name in an open directory, its lock, and what becomes of a dead
//! server's file there.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::address::Address;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{AddressError, Error, Op, Result};
use crate::family::{Family, Kind, Protocol};
use crate::sys::file::{self, FileId};

/// How often a path that keeps changing is looked at again before that is an error.
pub(super) const ATTEMPTS: usize = 16;

pub(super) fn os<T>(op: Op, result: Result<T, Errno>) -> Result<T> {
    result.map_err(|errno| Error::Os { op, errno })
}

/// A call on a file that may sleep, and be interrupted, where the file is far away.
pub(super) fn again<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// A name in an open directory: what it means does not change with the working directory, nor when
/// a directory on the way is renamed.
pub(super) struct Place {
    pub(super) directory: OwnedFd,
    pub(super) name: CString,
    lock: Option<Lock>,
    process: u32,
}

/// The lock file beside a path, locked for as long as it is open.
struct Lock {
    _file: OwnedFd,
    name: CString,
}

impl Place {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = path.as_os_str().as_bytes();
        let (parent, name) = match bytes.iter().rposition(|byte| *byte == b'/') {
            Some(0) => (&b"/"[..], bytes.get(1..)),
            Some(slash) => (
                bytes.get(..slash).unwrap_or_default(),
                bytes.get(slash + 1..),
            ),
            None => (&b"."[..], Some(bytes)),
        };
        let name = name.unwrap_or_default();
        if matches!(name, b"" | b"." | b"..") {
            // bind(2) has no better name for a path that ends in a directory.
            return Err(Error::Os {
                op: Op::Bind,
                errno: Errno::EADDRINUSE,
            });
        }
        let terminated = |bytes| CString::new(bytes).map_err(|_| AddressError::PathWithNul);
        let parent = terminated(parent)?;
        Ok(Place {
            directory: os(Op::Open, again(|| file::open_directory(&parent)))?,
            name: terminated(name)?,
            lock: None,
            process: std::process::id(),
        })
    }

    /// True in the process that made it, false in one that was forked from that.
    pub(super) fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    pub(super) fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Takes the lock file, or fails with EADDRINUSE where another process has it.
    pub(super) fn lock(&mut self) -> Result<()> {
        let mut name = self.name.as_bytes().to_vec();
        name.extend(b".lock");
        let name = CString::new(name).map_err(|_| AddressError::PathWithNul)?;
        let directory = self.directory.as_fd();
        for _ in 0..ATTEMPTS {
            let flags = libc::O_RDWR | libc::O_CREAT;
            let opened = again(|| file::open_at(directory, &name, flags, 0o600));
            let file = os(Op::Open, opened)?;
            match again(|| file::try_lock(file.as_fd())) {
                Err(Errno::EAGAIN) => break,
                result => os(Op::Lock, result)?,
            }
            // Whoever had the lock may have removed the file before it let go: then others lock a
            // new one by now.
            let locked = os(Op::Stat, file::stat_at(file.as_fd(), c""))?;
            match file::stat_at(directory, &name) {
                Ok(named) if named.id == locked.id => {
                    self.lock = Some(Lock { _file: file, name });
                    return Ok(());
                }
                Ok(_) | Err(Errno::ENOENT) => {}
                Err(errno) => return os(Op::Stat, Err(errno)),
            }
        }
        Err(Error::Os {
            op: Op::Lock,
            errno: Errno::EADDRINUSE,
        })
    }

    /// Removes the file if it is a socket that no process has open; false where it must stay.
    pub(super) fn remove_dead(&self) -> Result<bool> {
        let directory = self.directory.as_fd();
        let opened = match again(|| file::open_at(directory, &self.name, libc::O_PATH, 0)) {
            Ok(opened) => opened,
            // Gone in the meantime: there is nothing in the way any more.
            Err(Errno::ENOENT) => return Ok(true),
            Err(errno) => return os(Op::Open, Err(errno)),
        };
        let found = os(Op::Stat, file::stat_at(opened.as_fd(), c""))?;
        if !found.is_socket() || is_bound(&opened)? {
            return Ok(false);
        }
        self.unlink_same(found.id)?;
        Ok(true)
    }

    /// Removes the name while it means that file.
    pub(super) fn unlink_same(&self, id: FileId) -> Result<()> {
        let directory = self.directory.as_fd();
        match file::stat_at(directory, &self.name) {
            Ok(named) if named.id == id => match file::unlink_at(directory, &self.name) {
                Ok(()) | Err(Errno::ENOENT) => Ok(()),
                Err(errno) => os(Op::Unlink, Err(errno)),
            },
            Ok(_) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => os(Op::Stat, Err(errno)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Still locked here, so the file is the one that was locked.
        if let Some(lock) = self.lock.as_ref().filter(|_| self.is_ours()) {
            let _ = file::unlink_at(self.directory.as_fd(), &lock.name);
        }
    }
}

/// True where some process has a socket bound to that very file.
///
/// unix(7): connecting to a file without a socket is ECONNREFUSED. With one of another type it is
/// EPROTOTYPE, whether that listens or not: a datagram probe learns what it needs from stream and
/// seqpacket servers without their noticing, and merely names a datagram server as its peer.
fn is_bound(opened: &OwnedFd) -> Result<bool> {
    // Through /proc it is this file and no other, whatever its name means by now.
    let address = Address::unix(format!("/proc/self/fd/{}", opened.as_raw_fd()))?;
    let probe = Endpoint::new(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT)?;
    match probe.connect(&address) {
        Err(Error::Os {
            errno: Errno::ECONNREFUSED,
            ..
        }) => Ok(false),
        // No /proc here: nothing can be said without a race, so nothing is removed.
        _ => Ok(true),
    }
}
