//! Data that the kernel moves by itself, from a file to a socket or from one socket to another:
//! sendfile(2) and splice(2).
//!
//! Neither call has MSG_NOSIGNAL or MSG_DONTWAIT. SIGPIPE is blocked in the calling thread around
//! each and taken back where it was raised; a deadline is SO_SNDTIMEO while the call runs, as for
//! a connect. A few pages are read and sent instead.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::Kind;
use crate::fd::{Partial, SendTimeout, get_int, is_nonblocking};
use crate::policy::{Blocking, Deadline, Nap, Readiness, Wait, in_time, until_ready};
use crate::sys::{call, transfer};

/// As much as a pipe holds unless it is told otherwise (pipe(7)).
const PIPE_CAPACITY: usize = 64 * 1024;
/// Up to here a copy costs less than the two calls that keep SIGPIPE from sendfile(2).
const COPIED_BYTES_MAX: usize = 8 * 1024;

/// sendfile(2): sends up to `len` bytes of `file` from `offset` on, and says how many; 0 is the end
/// of the file. The file's own position stays where it is. Never raises SIGPIPE. Up to 8 KiB are
/// read and sent instead, which costs less.
///
/// With a deadline a blocking socket has SO_SNDTIMEO set while the call runs, which every duplicate
/// of it shares.
///
/// # Errors
/// EPIPE and ECONNRESET after the peer has gone, EINVAL for a file that cannot be mapped (a socket,
/// some of /proc) or an offset beyond `i64::MAX`, [`Error::TimedOut`].
pub fn send_file(
    fd: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: u64,
    len: usize,
    wait: &mut impl Wait,
) -> Result<usize> {
    bounded(fd, Op::SendFile, wait, |timed| {
        // Each piece that goes through the kernel's own pipe has the whole time anew.
        let len = if timed { len.min(PIPE_CAPACITY) } else { len };
        if len <= COPIED_BYTES_MAX {
            copy(fd, file, offset, len)
        } else {
            transfer::sendfile(fd, file, offset, len)
        }
    })
}

/// What sendfile(2) does, by pread(2) and send(2).
fn copy(fd: BorrowedFd<'_>, file: BorrowedFd<'_>, offset: u64, len: usize) -> Result<usize, Errno> {
    let mut room = [MaybeUninit::uninit(); COPIED_BYTES_MAX];
    let room = room.get_mut(..len).unwrap_or_default();
    match transfer::pread(file, room, offset) {
        Ok([]) => Ok(0),
        Ok(data) => call::send(fd, data, 0),
        // What is wrong with the file is for sendfile(2) to say.
        Err(_) => transfer::sendfile(fd, file, offset, len),
    }
}

/// Sends `len` bytes of `file` from `offset` on under one deadline, or fewer where the file ends
/// before; says how many.
///
/// # Errors
/// As [`send_file`]; [`Partial`] says how much went before the error.
pub fn send_file_all(
    fd: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: u64,
    len: usize,
    wait: &mut impl Wait,
) -> Result<usize, Partial> {
    let mut done = 0;
    while done < len {
        let offset = offset.saturating_add(done as u64);
        match send_file(fd, file, offset, len - done, wait) {
            Ok(0) => break,
            Ok(sent) => done += sent,
            Err(error) => return Err(Partial { done, error }),
        }
        if done < len {
            in_time(wait).map_err(|error| Partial { done, error })?;
        }
    }
    Ok(done)
}

/// Makes `call`, which writes to a socket, until it has a result: with SO_SNDTIMEO set as the policy
/// asks, on a blocking socket, of which `call` is told.
fn bounded(
    fd: BorrowedFd<'_>,
    op: Op,
    wait: &mut impl Wait,
    mut call: impl FnMut(bool) -> Result<usize, Errno>,
) -> Result<usize> {
    let timed = wait.deadline().is_some() || wait.longest_stretch().is_some();
    if !timed || is_nonblocking(fd)? {
        return write_until(fd, op, wait, false, || call(false));
    }
    let previous = SendTimeout::get(fd)?;
    let result = write_until(fd, op, wait, true, || call(true));
    previous.restore(fd)?;
    result
}

fn write_until(
    fd: BorrowedFd<'_>,
    op: Op,
    wait: &mut impl Wait,
    timed: bool,
    mut call: impl FnMut() -> Result<usize, Errno>,
) -> Result<usize> {
    let mut nap = None;
    loop {
        if timed {
            SendTimeout::set(fd, wait)?;
        }
        match wait.block(&mut call) {
            Ok(len) => return Ok(len),
            Err(Errno::EINTR) => {
                wait.interrupted()?;
                in_time(wait)?;
            }
            Err(errno) => match wait.deadline() {
                // A non-blocking socket without room, or SO_SNDTIMEO passed (socket(7)).
                Some(deadline) if errno == Errno::EAGAIN => {
                    wait_again(fd, Readiness::Writable, deadline, wait, &mut nap)?;
                }
                _ => return Err(Error::Os { op, errno }),
            },
        }
    }
}

/// Waits after EAGAIN, and longer where the socket was ready and yet had nothing.
fn wait_again(
    fd: BorrowedFd<'_>,
    readiness: Readiness,
    deadline: Deadline,
    wait: &mut impl Wait,
    nap: &mut Option<Nap>,
) -> Result<()> {
    match nap {
        Some(nap) => nap.take(fd, deadline, wait)?,
        None => *nap = Some(Nap::default()),
    }
    until_ready(fd, readiness, deadline, wait)
}

/// The way from one socket to another through the kernel, by a pipe of its own.
///
/// ```
/// use rsocket::{Endpoint, Kind, Splice};
///
/// let (client, proxy_front) = Endpoint::pair(Kind::STREAM)?;
/// let (proxy_back, server) = Endpoint::pair(Kind::STREAM)?;
/// client.send_all(b"through a proxy")?;
/// drop(client);
///
/// let mut splice = Splice::new()?;
/// let moved = splice.transfer(&proxy_front, &proxy_back, usize::MAX)?;
/// assert_eq!(moved, 15);
/// let mut buf = [0; 32];
/// assert_eq!(server.recv(&mut buf)?.len, 15);
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Debug)]
pub struct Splice {
    read: OwnedFd,
    write: OwnedFd,
    buffered: usize,
}

impl Splice {
    /// Makes the pipe, close-on-exec.
    ///
    /// # Errors
    /// EMFILE, ENFILE.
    pub fn new() -> Result<Self> {
        let [read, write] = transfer::pipe().map_err(|errno| Error::Os {
            op: Op::Pipe,
            errno,
        })?;
        Ok(Splice {
            read,
            write,
            buffered: 0,
        })
    }

    /// Moves `len` bytes, or fewer where `from` ends before; says how many. Streams only.
    ///
    /// # Errors
    /// [`Error::WrongKind`] for a socket with message boundaries, whose messages would be cut off
    /// or joined; those of [splice(2)](https://man7.org/linux/man-pages/man2/splice.2.html), EPIPE
    /// and ECONNRESET after a peer has gone. [`Partial`] says how much reached `to`; what was read
    /// and did not is [`Splice::buffered`], and the next transfer starts with it.
    pub fn transfer(
        &mut self,
        from: &impl AsFd,
        to: &impl AsFd,
        len: usize,
    ) -> Result<usize, Partial> {
        self.transfer_with(from, to, len, Blocking)
    }

    /// [`Splice::transfer`], waiting as `wait` says. With a deadline, `to` has SO_SNDTIMEO set while
    /// a call runs.
    ///
    /// # Errors
    /// As [`Splice::transfer`], and [`Error::TimedOut`].
    pub fn transfer_with(
        &mut self,
        from: &impl AsFd,
        to: &impl AsFd,
        len: usize,
        mut wait: impl Wait,
    ) -> Result<usize, Partial> {
        let (from, to) = (from.as_fd(), to.as_fd());
        for fd in [from, to] {
            refuse_messages(fd).map_err(|error| Partial { done: 0, error })?;
        }
        let mut done = 0;
        while done < len {
            let partial = |error| Partial { done, error };
            if self.buffered == 0 {
                self.buffered = self.fill(from, len - done, &mut wait).map_err(partial)?;
                if self.buffered == 0 {
                    break;
                }
            }
            let moved = self.drain(to, len - done, &mut wait).map_err(partial)?;
            self.buffered -= moved.min(self.buffered);
            done += moved;
            if done < len {
                in_time(&wait).map_err(|error| Partial { done, error })?;
            }
        }
        Ok(done)
    }

    /// How many bytes were read from a source and have not reached a destination.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffered
    }

    fn fill(&self, from: BorrowedFd<'_>, len: usize, wait: &mut impl Wait) -> Result<usize> {
        let len = len.min(PIPE_CAPACITY);
        let mut nap = None;
        loop {
            if let Some(deadline) = wait.deadline() {
                until_ready(from, Readiness::Readable, deadline, wait)?;
            }
            match wait.block(|| transfer::splice(from, self.write.as_fd(), len)) {
                Ok(moved) => return Ok(moved),
                Err(Errno::EINTR) => wait.interrupted()?,
                Err(errno) => match wait.deadline() {
                    Some(deadline) if errno == Errno::EAGAIN => {
                        wait_again(from, Readiness::Readable, deadline, wait, &mut nap)?;
                    }
                    _ => {
                        return Err(Error::Os {
                            op: Op::Splice,
                            errno,
                        });
                    }
                },
            }
        }
    }

    fn drain(&self, to: BorrowedFd<'_>, len: usize, wait: &mut impl Wait) -> Result<usize> {
        let len = len.min(self.buffered);
        bounded(to, Op::Splice, wait, |_| {
            transfer::splice(self.read.as_fd(), to, len)
        })
    }
}

/// Refuses a socket with message boundaries; a pipe or a file has none.
fn refuse_messages(fd: BorrowedFd<'_>) -> Result<()> {
    match get_int(fd, libc::SOL_SOCKET, libc::SO_TYPE) {
        Ok(kind) if Kind::from_raw(kind).is_stream() => Ok(()),
        Ok(_) => Err(Error::WrongKind),
        Err(error) if error.errno() == Errno::ENOTSOCK => Ok(()),
        Err(error) => Err(error),
    }
}

/// Sending files.
impl Endpoint {
    /// Sends `len` bytes of `file` from `offset` on, without a copy through this process; fewer
    /// where the file ends before. Says how many.
    ///
    /// ```
    /// use rsocket::{Endpoint, Kind};
    ///
    /// let (left, right) = Endpoint::pair(Kind::STREAM)?;
    /// let file = std::fs::File::open("Cargo.toml").unwrap();
    /// assert_eq!(left.send_file(&file, 0, 9)?, 9);
    /// let mut buf = [0; 9];
    /// right.recv_exact(&mut buf)?;
    /// assert_eq!(&buf, b"[package]");
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [sendfile(2)](https://man7.org/linux/man-pages/man2/sendfile.2.html): EPIPE and
    /// ECONNRESET after the peer has gone, EINVAL for a file that cannot be mapped. [`Partial`]
    /// says how much went before.
    pub fn send_file(&self, file: &impl AsFd, offset: u64, len: usize) -> Result<usize, Partial> {
        self.send_file_with(file, offset, len, Blocking)
    }

    /// [`Endpoint::send_file`], waiting as `wait` says; a deadline bounds the whole. It sets
    /// SO_SNDTIMEO while a call runs, which every duplicate of the socket shares.
    ///
    /// # Errors
    /// As [`Endpoint::send_file`], and [`Error::TimedOut`].
    pub fn send_file_with(
        &self,
        file: &impl AsFd,
        offset: u64,
        len: usize,
        mut wait: impl Wait,
    ) -> Result<usize, Partial> {
        send_file_all(self.as_fd(), file.as_fd(), offset, len, &mut wait)
    }
}
