//! Moving bytes: one system call where data or room is there; signals do not end a wait, and
//! SIGPIPE is never raised.

use std::ffi::{c_int, c_void};
use std::hint::black_box;

use libc::ssize_t;
use rsocket::{Blocking, Errno, MsgFlags, Partial, fd};

use crate::address::{read, written};
use crate::support::{Answer, Code, Result, Timeout, borrow, bytes, checked, put, room};
use crate::types::{rsocket_addr, rsocket_endpoint};

/// The arguments of a call whose first attempt failed; `T` is the timeout, or nothing.
struct Arguments<T> {
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
    timeout_ms: T,
}

impl<T> Arguments<T> {
    /// On the stack from the start: otherwise they are kept in registers across the system call,
    /// which every call would have to save and restore for the few that go on.
    #[inline(always)]
    fn kept(self) -> Self {
        black_box(self)
    }
}

/// What is left to do where the first attempt of an operation failed with `code`: to wait, or to
/// try again after a signal. `way_on` is the operation from there.
#[inline]
fn go_on(code: Code, way_on: impl FnOnce() -> Result<usize>) -> ssize_t {
    match code {
        AGAIN | INTERRUPTED => way_on(),
        code => Err(code),
    }
    .answer()
}

const AGAIN: Code = Code::errno(Errno::EAGAIN);
const INTERRUPTED: Code = Code::errno(Errno::EINTR);

#[cold]
#[inline(never)]
fn recv_on(
    Arguments {
        fd,
        buf,
        len,
        flags,
        ..
    }: &Arguments<()>,
    code: Code,
) -> ssize_t {
    if code == AGAIN {
        return Err::<usize, _>(code).answer();
    }
    go_on(code, || {
        Ok(fd::recv(
            borrow(*fd)?,
            room(*buf, *len)?,
            MsgFlags::from_raw(*flags),
            &mut Blocking,
        )?)
    })
}

#[cold]
#[inline(never)]
fn send_on(
    Arguments {
        fd,
        buf,
        len,
        flags,
        ..
    }: &Arguments<()>,
    code: Code,
) -> ssize_t {
    if code == AGAIN {
        return Err::<usize, _>(code).answer();
    }
    go_on(code, || {
        Ok(fd::send(
            borrow(*fd)?,
            bytes(*buf, *len)?,
            MsgFlags::from_raw(*flags),
            &mut Blocking,
        )?)
    })
}

#[cold]
#[inline(never)]
fn recv_timeout_on(arguments: &Arguments<c_int>, code: Code) -> ssize_t {
    let Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms,
    } = *arguments;
    let flags = MsgFlags::from_raw(flags);
    if flags.contains(MsgFlags::DONTWAIT) && code == AGAIN {
        return Err::<usize, _>(code).answer();
    }
    go_on(code, || {
        Ok(fd::recv(
            borrow(fd)?,
            room(buf, len)?,
            flags,
            &mut Timeout::after_a_try(timeout_ms)?,
        )?)
    })
}

#[cold]
#[inline(never)]
fn send_timeout_on(arguments: &Arguments<c_int>, code: Code) -> ssize_t {
    let Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms,
    } = *arguments;
    let flags = MsgFlags::from_raw(flags);
    if flags.contains(MsgFlags::DONTWAIT) && code == AGAIN {
        return Err::<usize, _>(code).answer();
    }
    go_on(code, || {
        Ok(fd::send(
            borrow(fd)?,
            bytes(buf, len)?,
            flags,
            &mut Timeout::after_a_try(timeout_ms)?,
        )?)
    })
}

/// Receives up to `len` bytes into `buf`, as recv(2) does; waits where the endpoint is blocking.
///
/// `flags` are recv(2)'s MSG_.... A datagram that is longer than `len` is cut; with MSG_TRUNC its full
/// length is returned, so that it shows.
///
/// Returns how many bytes came; 0 at the end of a stream, and for an empty datagram. Errors: `-EAGAIN` on a non-blocking endpoint with nothing there, `-ECONNRESET`,
/// `-ENOTCONN`, `-EFAULT` for NULL with a length, `-EINVAL` for a length above SSIZE_MAX, `-EBADF`,
/// `-ENOTSOCK` and the others of recv(2).
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
) -> ssize_t {
    let arguments = Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms: (),
    }
    .kept();
    let first = || -> Result<usize> {
        Ok(fd::recv_once(
            borrow(fd)?,
            room(buf, len)?,
            MsgFlags::from_raw(flags),
        )?)
    };
    match first() {
        Ok(len) => len as ssize_t,
        Err(code) => recv_on(&arguments, code),
    }
}

/// rsocket_recv() that waits at most `timeout_ms` milliseconds: -1 for ever, 0 not at all, on a
/// blocking and on a non-blocking endpoint alike.
///
/// Tries first, and sleeps in ppoll(2) only where nothing is there.
///
/// Errors: those of rsocket_recv(), `-ETIMEDOUT` (never `-EAGAIN`, unless `flags` has
/// MSG_DONTWAIT), and `-EINVAL` for a timeout below -1.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv_timeout(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
    timeout_ms: c_int,
) -> ssize_t {
    let arguments = Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms,
    }
    .kept();
    let first = || -> Result<usize> {
        checked(timeout_ms)?;
        let flags = MsgFlags::from_raw(flags) | MsgFlags::DONTWAIT;
        Ok(fd::recv_once(borrow(fd)?, room(buf, len)?, flags)?)
    };
    match first() {
        Ok(len) => len as ssize_t,
        Err(code) => recv_timeout_on(&arguments, code),
    }
}

/// Sends up to `len` bytes of `buf`, as send(2) does; waits where the endpoint is blocking.
///
/// `flags` are send(2)'s MSG_...; MSG_NOSIGNAL is added.
///
/// Returns how many bytes went: all of a datagram, perhaps fewer on a stream (rsocket_send_all()
/// sends all). Errors: `-EAGAIN` on a non-blocking endpoint without room, `-EPIPE` and
/// `-ECONNRESET` after the peer has gone, `-EMSGSIZE` for a datagram that is too long,
/// `-EDESTADDRREQ` and `-ENOTCONN` without a peer, `-EFAULT` for NULL with a length, `-EINVAL` for a
/// length above SSIZE_MAX, `-EBADF`, `-ENOTSOCK` and the others of send(2).
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    flags: c_int,
) -> ssize_t {
    let arguments = Arguments {
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms: (),
    }
    .kept();
    let first = || -> Result<usize> {
        Ok(fd::send_once(
            borrow(fd)?,
            bytes(buf, len)?,
            MsgFlags::from_raw(flags),
        )?)
    };
    match first() {
        Ok(len) => len as ssize_t,
        Err(code) => send_on(&arguments, code),
    }
}

/// rsocket_send() that waits at most `timeout_ms` milliseconds for room: -1 for ever, 0 not at all.
///
/// Errors: those of rsocket_send(), `-ETIMEDOUT` (never `-EAGAIN`, unless `flags` has
/// MSG_DONTWAIT), and `-EINVAL` for a timeout below -1.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_timeout(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    flags: c_int,
    timeout_ms: c_int,
) -> ssize_t {
    let arguments = Arguments {
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms,
    }
    .kept();
    let first = || -> Result<usize> {
        checked(timeout_ms)?;
        let flags = MsgFlags::from_raw(flags) | MsgFlags::DONTWAIT;
        Ok(fd::send_once(borrow(fd)?, bytes(buf, len)?, flags)?)
    };
    match first() {
        Ok(len) => len as ssize_t,
        Err(code) => send_timeout_on(&arguments, code),
    }
}

/// rsocket_recv() that tells the sender's address, as recvfrom(2) does.
///
/// `from` gets the address, with a `len` of 0 where the sender has none (a connected stream, an
/// unnamed Unix-domain peer) and on an error; it may be NULL.
///
/// Returns and errors: as rsocket_recv().
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv_from(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
    from: *mut rsocket_addr,
) -> ssize_t {
    let from = written(from);
    let recv = || -> Result<usize> {
        let (fd, buf, flags) = (borrow(fd)?, room(buf, len)?, MsgFlags::from_raw(flags));
        Ok(match from {
            Some(from) => fd::recv_from(fd, buf, flags, from, &mut Blocking)?,
            None => fd::recv(fd, buf, flags, &mut Blocking)?,
        })
    };
    recv().answer()
}

/// rsocket_recv_from() that waits at most `timeout_ms` milliseconds: -1 for ever, 0 not at all.
///
/// Returns and errors: as rsocket_recv_timeout().
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv_from_timeout(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
    from: *mut rsocket_addr,
    timeout_ms: c_int,
) -> ssize_t {
    let from = written(from);
    let recv = || -> Result<usize> {
        let mut timeout = Timeout::new(timeout_ms)?;
        let (fd, buf, flags) = (borrow(fd)?, room(buf, len)?, MsgFlags::from_raw(flags));
        Ok(match from {
            Some(from) => fd::recv_from(fd, buf, flags, from, &mut timeout)?,
            None => fd::recv(fd, buf, flags, &mut timeout)?,
        })
    };
    recv().answer()
}

/// rsocket_send() to an address, as sendto(2) does. With `to` NULL it is rsocket_send().
///
/// Returns and errors: as rsocket_send(); `-EISCONN`, `-ECONNREFUSED` and `-ENOENT` for a Unix-domain
/// name that nobody has, `-EAFNOSUPPORT` and `-EINVAL` for an address that does not fit.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_to(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    flags: c_int,
    to: *const rsocket_addr,
) -> ssize_t {
    let send = || -> Result<usize> {
        let (fd, buf, flags) = (borrow(fd)?, bytes(buf, len)?, MsgFlags::from_raw(flags));
        if to.is_null() {
            return Ok(fd::send(fd, buf, flags, &mut Blocking)?);
        }
        Ok(fd::send_to(fd, buf, flags, read(to)?, &mut Blocking)?)
    };
    send().answer()
}

/// rsocket_send_to() that waits at most `timeout_ms` milliseconds for room: -1 for ever, 0 not at
/// all.
///
/// Returns and errors: as rsocket_send_to(), `-ETIMEDOUT`, and `-EINVAL` for a timeout below -1.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_to_timeout(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    flags: c_int,
    to: *const rsocket_addr,
    timeout_ms: c_int,
) -> ssize_t {
    let send = || -> Result<usize> {
        let mut timeout = Timeout::new(timeout_ms)?;
        let (fd, buf, flags) = (borrow(fd)?, bytes(buf, len)?, MsgFlags::from_raw(flags));
        if to.is_null() {
            return Ok(fd::send(fd, buf, flags, &mut timeout)?);
        }
        Ok(fd::send_to(fd, buf, flags, read(to)?, &mut timeout)?)
    };
    send().answer()
}

/// How far an operation of several steps came, for C.
fn report(result: std::result::Result<(), Partial>, len: usize, done: *mut usize) -> Result<()> {
    put(
        done,
        result
            .as_ref()
            .map_or_else(|partial| partial.done, |()| len),
    );
    Ok(result?)
}

/// Sends all `len` bytes of `buf`, however many steps it takes, within `timeout_ms` milliseconds for
/// the whole: -1 for ever, 0 without waiting, on a blocking and on a non-blocking endpoint alike.
///
/// `done`, which may be NULL, gets how many bytes went: `len`, or fewer on an error.
///
/// Returns 0. Errors: those of rsocket_send() but `-EAGAIN`, `-ETIMEDOUT`, and `-EINVAL` for a
/// timeout below -1.
///
/// MT-safe, async-signal-safe. Two threads that send on one stream at once may interleave. A
/// cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_all(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    timeout_ms: c_int,
    done: *mut usize,
) -> c_int {
    put(done, 0);
    let send = || {
        let mut timeout = Timeout::started(timeout_ms)?;
        let (fd, buf) = (borrow(fd)?, bytes(buf, len)?);
        report(
            fd::send_all(fd, buf, MsgFlags::empty(), &mut timeout),
            len,
            done,
        )
    };
    send().answer()
}

/// Fills all `len` bytes of `buf` from a stream within `timeout_ms` milliseconds for the whole: -1
/// for ever, 0 without waiting.
///
/// `done`, which may be NULL, gets how many bytes came: `len`, or fewer on an error; they are in
/// `buf`.
///
/// Returns 0. Errors: `-ENODATA` where the stream ended first, those of rsocket_recv() but
/// `-EAGAIN`, `-ETIMEDOUT`, and `-EINVAL` for a timeout below -1.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv_all(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    timeout_ms: c_int,
    done: *mut usize,
) -> c_int {
    put(done, 0);
    let recv = || {
        let mut timeout = Timeout::started(timeout_ms)?;
        let (fd, buf) = (borrow(fd)?, room(buf, len)?);
        report(
            fd::recv_exact(fd, buf, MsgFlags::empty(), &mut timeout),
            len,
            done,
        )
    };
    recv().answer()
}
