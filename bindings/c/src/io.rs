//! Moving bytes: one system call where data or room is there; signals do not end a wait, and
//! SIGPIPE is never raised.

mod steps;
mod transfer;

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

use libc::ssize_t;
use rsocket::{MsgFlags, fd};

use self::steps::{First, Steps, recv_all_on, send_all_on};
use self::transfer::{Recv, RecvFrom, Send, SendTo, Transfer, as_bytes, plain};
use crate::support::{Answer, Timeout, again, borrow, guard, keep, lent, put};
use crate::types::{rsocket_addr, rsocket_endpoint};

/// Receives up to `len` bytes into `buf`, as recv(2) does; waits where the endpoint is blocking.
///
/// `flags` are recv(2)'s MSG_.... A datagram that is longer than `len` is cut; with MSG_TRUNC its
/// full length is returned, so that it shows.
///
/// Returns how many bytes came; 0 at the end of a stream, and for an empty datagram. Errors:
/// `-EAGAIN` on a non-blocking endpoint with nothing there, `-ECONNRESET`, `-ENOTCONN`, `-EFAULT`
/// for NULL with a length, `-EINVAL` for a length above SSIZE_MAX, `-EBADF`, `-ENOTSOCK` and the
/// others of recv(2).
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
    Transfer {
        verb: Recv,
        fd,
        buf,
        len,
        flags,
        timeout_ms: (),
    }
    .run()
}

/// rsocket_recv() that waits at most `timeout_ms` milliseconds: -1 for ever, 0 not at all, on a
/// blocking and on a non-blocking endpoint alike.
///
/// Tries first, and sleeps in ppoll(2) only where nothing is there.
///
/// Returns as rsocket_recv(). Errors: those of rsocket_recv(), `-ETIMEDOUT` (never `-EAGAIN`,
/// unless `flags` has MSG_DONTWAIT), and `-EINVAL` for a timeout below -1.
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
    Transfer {
        verb: Recv,
        fd,
        buf,
        len,
        flags,
        timeout_ms,
    }
    .run()
}

/// Sends up to `len` bytes of `buf`, as send(2) does; waits where the endpoint is blocking.
///
/// `flags` are send(2)'s MSG_...; MSG_NOSIGNAL is added.
///
/// Returns how many bytes went: all of a datagram, perhaps fewer on a stream (rsocket_send_all()
/// sends all). Errors: `-EAGAIN` on a non-blocking endpoint without room, `-EPIPE` and
/// `-ECONNRESET` after the peer has gone, `-EMSGSIZE` for a datagram that is too long,
/// `-EDESTADDRREQ` and `-ENOTCONN` without a peer, `-EFAULT` for NULL with a length, `-EINVAL` for
/// a length above SSIZE_MAX, `-EBADF`, `-ENOTSOCK` and the others of send(2).
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
    Transfer {
        verb: Send,
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms: (),
    }
    .run()
}

/// rsocket_send() that waits at most `timeout_ms` milliseconds for room: -1 for ever, 0 not at all.
///
/// Returns as rsocket_send(). Errors: those of rsocket_send(), `-ETIMEDOUT` (never `-EAGAIN`,
/// unless `flags` has MSG_DONTWAIT), and `-EINVAL` for a timeout below -1.
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
    Transfer {
        verb: Send,
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms,
    }
    .run()
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
    Transfer {
        verb: RecvFrom(from),
        fd,
        buf,
        len,
        flags,
        timeout_ms: (),
    }
    .run()
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
    Transfer {
        verb: RecvFrom(from),
        fd,
        buf,
        len,
        flags,
        timeout_ms,
    }
    .run()
}

/// rsocket_send() to an address, as sendto(2) does. With `to` NULL it is rsocket_send().
///
/// Returns and errors: as rsocket_send(); `-EISCONN`, `-ECONNREFUSED` and `-ENOENT` for a
/// Unix-domain name that nobody has, `-EAFNOSUPPORT` and `-EINVAL` for an address that does not
/// fit.
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
    Transfer {
        verb: SendTo(to),
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms: (),
    }
    .run()
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
    Transfer {
        verb: SendTo(to),
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms,
    }
    .run()
}

/// Sends all `len` bytes of `buf`, however many steps it takes, within `timeout_ms` milliseconds
/// for the whole: -1 for ever, 0 without waiting, on a blocking and on a non-blocking endpoint
/// alike.
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
    let (mut place, buf) = (MaybeUninit::<Steps>::uninit(), buf.cast_mut());
    let kept = keep!(
        place,
        Steps {
            fd,
            buf,
            len,
            timeout_ms,
            done
        }
    );
    let memory = match plain(buf, len) {
        Some(memory) if timeout_ms >= -1 => memory,
        _ => return send_all_on(kept, First::None),
    };
    let sent = fd::send_once(lent(fd), as_bytes(memory), MsgFlags::DONTWAIT);
    match sent {
        Ok(sent) if sent == again(&kept.len) => {
            kept.all_done();
            0
        }
        sent => send_all_on(kept, First::of(sent)),
    }
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
    let mut place = MaybeUninit::<Steps>::uninit();
    let kept = keep!(
        place,
        Steps {
            fd,
            buf,
            len,
            timeout_ms,
            done
        }
    );
    let room = match plain(buf, len) {
        Some(room) if timeout_ms >= -1 && len != 0 => room,
        _ => return recv_all_on(kept, First::None),
    };
    let came = fd::recv_once(lent(fd), room, MsgFlags::DONTWAIT);
    match came {
        Ok(came) if came == again(&kept.len) => {
            kept.all_done();
            0
        }
        came => recv_all_on(kept, First::of(came)),
    }
}

/// Sends `len` bytes of the open file `file` from `offset` on within `timeout_ms` milliseconds for
/// the whole: -1 for ever, 0 without waiting. More than a few pages go by sendfile(2), without a
/// copy through this process. The file's own position stays where it is. SIGPIPE is never raised.
///
/// `done`, which may be NULL, gets how many bytes went: `len`, or fewer where the file ended first,
/// and on an error. With a timeout a blocking endpoint has SO_SNDTIMEO set while the call runs,
/// which every duplicate of it shares.
///
/// Returns 0. Errors: `-EPIPE` and `-ECONNRESET` after the peer has gone, `-ESPIPE` for a `file`
/// that is a socket or a pipe, `-EINVAL` for one that cannot be mapped (some of /proc), an offset
/// beyond INT64_MAX, or a timeout below -1; `-ETIMEDOUT`, `-EBADF`, `-ENOTSOCK` and the others of
/// sendfile(2).
///
/// MT-safe. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_FD(2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_file(
    fd: rsocket_endpoint,
    file: c_int,
    offset: u64,
    len: usize,
    timeout_ms: c_int,
    done: *mut usize,
) -> c_int {
    put(done, 0);
    guard(|| {
        let mut timeout = Timeout::new(timeout_ms)?.started();
        let (fd, file) = (borrow(fd)?, borrow(file)?);
        let sent = fd::send_file_all(fd, file, offset, len, &mut timeout);
        put(done, *sent.as_ref().unwrap_or_else(|partial| &partial.done));
        sent?;
        Ok(())
    })
    .answer()
}
