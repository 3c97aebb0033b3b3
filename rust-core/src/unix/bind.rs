//! Binding to a Unix-domain path: over the file that a dead server left, with its permissions set,
//! and removed again at the end.

use std::fmt;
use std::ops::Deref;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::place::{ATTEMPTS, Place, again, os};
use crate::address::{Address, Target};
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::{Family, Kind, Protocol};
use crate::sys::call;
use crate::sys::file::{self, FileId};

/// As many connections as the kernel lets a listener queue (`net.core.somaxconn` caps it).
const BACKLOG: i32 = i32::MAX;

/// Binds a Unix-domain socket to a path, and listens where its kind has connections.
///
/// - **A dead server's file** in the way is removed; a socket that any process has open stays, and
///   so does everything that is no socket: EADDRINUSE. The probe asks the kernel whether a socket
///   is bound to the very file (by a connect(2) of another kind, which it must refuse): no
///   connection reaches a live server.
/// - **Two binders** at a time do not remove each other's socket: both take a lock (flock(2)) on
///   the file `PATH.lock`, which is held, and at the end removed, by [`UnixPath`].
/// - **Permissions** are the socket's from the first moment: never more than [`UnixBind::mode`], nor
///   what the umask leaves; where the umask took bits that were asked for, they are added after.
/// - **A symbolic link** in the last place is never followed.
/// - **The end**: [`UnixPath`] removes the file, if it is still the same one.
///
/// The directory should be one that only trusted users may write to.
///
/// ```
/// use rsocket::{Kind, UnixBind};
///
/// # let directory = std::env::temp_dir().join(format!("rsocket-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory).unwrap();
/// let path = directory.join("app.sock");
/// let server = UnixBind::new(&path).kind(Kind::SEQPACKET).mode(0o660).bind()?;
/// let client = rsocket::connect(&format!("unix-seqpacket:{}", path.display()))?;
/// let (connection, _) = server.accept()?;
/// # drop((client, connection));
/// drop(server);
/// assert!(!path.exists());
/// # std::fs::remove_dir(&directory).unwrap();
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnixBind {
    path: PathBuf,
    kind: Kind,
    mode: Option<u32>,
    reclaim: bool,
    unlink: bool,
    backlog: i32,
}

impl UnixBind {
    /// A stream socket that listens at `path`, over a dead server's file, and removes it at the end.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        UnixBind {
            path: path.into(),
            kind: Kind::STREAM,
            mode: None,
            reclaim: true,
            unlink: true,
            backlog: BACKLOG,
        }
    }

    /// What a target says of a Unix-domain path: its kind, `mode`, `reuse` (a dead server's file is
    /// removed first; not unless it says so) and `unlink` (the file is removed at the end; not
    /// unless it says so).
    ///
    /// ```
    /// use rsocket::{Target, UnixBind};
    ///
    /// # let directory = std::env::temp_dir().display().to_string();
    /// # let process = std::process::id();
    /// let text = format!("unix-seqpacket:{directory}/app-{process}.sock?mode=0600&reuse=1&unlink=1");
    /// let server = UnixBind::at(&Target::parse(text)?)?.bind()?;
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongFamily`] for a target that is no Unix-domain path.
    pub fn at(target: &Target) -> Result<Self> {
        let path = target.address().and_then(Address::as_path);
        let bind = UnixBind {
            kind: target.kind().unwrap_or(Kind::STREAM),
            mode: target.mode(),
            reclaim: target.reuse() == Some(true),
            unlink: target.unlink() == Some(true),
            ..UnixBind::new(path.ok_or(Error::WrongFamily)?)
        };
        Ok(bind)
    }

    /// The socket type: stream, seqpacket or datagram.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The permission bits of the file, such as `0o660`: who may connect needs to write. Without,
    /// they are 0o777 less the umask.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode & 0o777);
        self
    }

    /// Whether a dead server's file is removed first (yes, unless told otherwise). Without, the
    /// lock is not taken either.
    #[must_use]
    pub fn reclaim(mut self, reclaim: bool) -> Self {
        self.reclaim = reclaim;
        self
    }

    /// Whether the file is removed at the end (yes, unless told otherwise).
    #[must_use]
    pub fn unlink_on_drop(mut self, unlink: bool) -> Self {
        self.unlink = unlink;
        self
    }

    /// How many connections wait for accept(2) at most; the kernel caps it.
    #[must_use]
    pub fn backlog(mut self, backlog: i32) -> Self {
        self.backlog = backlog;
        self
    }

    /// Makes the socket.
    ///
    /// # Errors
    /// EADDRINUSE where the path is taken: by a live socket, by something that is no socket, or by
    /// another process that is about to bind it. [`AddressError`](crate::AddressError) for a path
    /// that is empty, longer than 107 bytes or has a NUL byte. Those of open(2) and of
    /// [`Endpoint::bind`] and [`Endpoint::listen`], such as EACCES, ENOENT, ENOTDIR, EROFS. Nothing
    /// is left behind then, but for an empty lock file where the file system refuses to lock it or
    /// to say what it is.
    pub fn bind(&self) -> Result<BoundUnix> {
        let endpoint = Endpoint::new(Family::UNIX, self.kind, Protocol::DEFAULT)?;
        let mut unix_path = self.bind_path(&endpoint)?;
        if self.kind.is_connection_oriented() {
            endpoint.listen(self.backlog)?;
        }
        unix_path.unlink = self.unlink;
        Ok(BoundUnix {
            unix_path,
            endpoint,
        })
    }

    /// Binds a socket that was made elsewhere, to listen later; [`UnixBind::kind`] and
    /// [`UnixBind::backlog`] do not count.
    ///
    /// # Errors
    /// As [`UnixBind::bind`]; [`Error::WrongFamily`] outside the Unix domain.
    pub fn bind_endpoint(&self, endpoint: &Endpoint) -> Result<UnixPath> {
        endpoint.require_unix()?;
        let mut unix_path = self.bind_path(endpoint)?;
        unix_path.unlink = self.unlink;
        Ok(unix_path)
    }

    /// The file is removed on drop whatever was asked for: the caller may fail yet.
    fn bind_path(&self, endpoint: &Endpoint) -> Result<UnixPath> {
        let address = Address::unix(&self.path)?;
        let mut place = Place::open(&self.path)?;
        if self.reclaim {
            place.lock()?;
        }
        if let Some(mode) = self.mode {
            // Linux gives the file the mode of the socket's own inode, less the umask.
            os(Op::Chmod, call::fchmod(endpoint.as_fd(), mode))?;
        }
        let mut attempts = ATTEMPTS;
        loop {
            match endpoint.bind(&address) {
                Err(error) if error.errno() == Errno::EADDRINUSE && self.reclaim => {
                    attempts -= 1;
                    if attempts == 0 || !place.remove_dead()? {
                        return Err(error);
                    }
                }
                result => break result?,
            }
        }
        let unix_path = UnixPath::of(place, self.path.clone())?;
        if let Some(mode) = self.mode {
            unix_path.set_mode(mode)?;
        }
        Ok(unix_path)
    }
}

/// A Unix-domain socket bound to a path that [`UnixBind`] made. Used like the [`Endpoint`] that it
/// dereferences to; on drop the file goes first, then the socket is closed.
///
/// ```
/// use rsocket::UnixBind;
///
/// let path = std::env::temp_dir().join(format!("rsocket-doc-{}.sock", std::process::id()));
/// let server = UnixBind::new(&path).mode(0o600).bind()?;
/// let client = rsocket::connect(&format!("unix:{}", path.display()))?;
/// let (connection, _) = server.accept()?; // a verb of the endpoint
/// assert_eq!(connection.peer_credentials()?.pid, std::process::id() as i32);
/// drop(server);
/// assert!(!path.exists());
/// # drop(client);
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Debug)]
pub struct BoundUnix {
    // Dropped in this order: while the socket is open nobody takes its file for a dead one.
    unix_path: UnixPath,
    endpoint: Endpoint,
}

impl BoundUnix {
    /// The socket, and apart from it what removes the file.
    #[must_use]
    pub fn into_parts(self) -> (Endpoint, UnixPath) {
        (self.endpoint, self.unix_path)
    }

    /// The socket alone: the file stays.
    #[must_use]
    pub fn into_endpoint(self) -> Endpoint {
        self.unix_path.keep();
        self.endpoint
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.unix_path.path()
    }
}

impl Deref for BoundUnix {
    type Target = Endpoint;

    fn deref(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// Owns the file of a bound Unix-domain socket: removes it on drop, if the path still means the
/// same file, and lets go of the lock.
///
/// A process that forks leaves the file to the parent: the child's copy does nothing.
pub struct UnixPath {
    path: PathBuf,
    place: Place,
    /// Keeps the inode in use, so that its number means no other file.
    file: OwnedFd,
    id: FileId,
    unlink: bool,
}

impl UnixPath {
    /// Owns the file that was bound just now; it goes if this fails.
    fn of(place: Place, path: PathBuf) -> Result<Self> {
        let directory = place.directory.as_fd();
        let id = match file::stat_at(directory, &place.name) {
            Ok(stat) => stat.id,
            Err(errno) => {
                // Which file it is cannot be said, but the name was made just now.
                let _ = file::unlink_at(directory, &place.name);
                return os(Op::Stat, Err(errno));
            }
        };
        let file = match again(|| file::open_at(directory, &place.name, libc::O_PATH, 0)) {
            Ok(file) => file,
            Err(errno) => {
                place.unlink_same(id)?;
                return os(Op::Open, Err(errno));
            }
        };
        Ok(UnixPath {
            path,
            place,
            file,
            id,
            unlink: true,
        })
    }

    /// Adds what the umask took: the file never had more than `mode`.
    fn set_mode(&self, mode: u32) -> Result<()> {
        let now = os(Op::Stat, file::stat_at(self.file.as_fd(), c""))?;
        if now.permissions() == mode {
            return Ok(());
        }
        os(Op::Chmod, file::chmod_opened(self.file.as_fd(), mode))
    }

    /// The path, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the file where it is and lets go of the lock.
    pub fn keep(mut self) {
        self.unlink = false;
    }

    /// Removes the file now, if the path still means the same one.
    ///
    /// # Errors
    /// Those of unlink(2): EACCES, EPERM, EROFS.
    pub fn remove(mut self) -> Result<()> {
        self.unlink = false;
        self.place.unlink_same(self.id)
    }
}

impl Drop for UnixPath {
    fn drop(&mut self) {
        if self.unlink && self.place.is_ours() {
            // A drop has nobody to tell; `remove` does.
            let _ = self.place.unlink_same(self.id);
        }
    }
}

impl fmt::Debug for UnixPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixPath")
            .field("path", &self.path)
            .field("unlink", &self.unlink)
            .field("locked", &self.place.is_locked())
            .finish_non_exhaustive()
    }
}
