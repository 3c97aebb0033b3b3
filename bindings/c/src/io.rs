//! Moving bytes: one system call where data or room is there; signals do not end a wait, and
//! SIGPIPE is never raised.

use std::ffi::{c_int, c_void};
use std::hint::assert_unchecked;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::slice;

use libc::ssize_t;
use rsocket::{Blocking, Errno, MsgFlags, Partial, Wait, fd};

use crate::address::{read, written};
use crate::support::{Answer, Result, Timeout, borrow, bytes, guard, put, room};
use crate::types::{rsocket_addr, rsocket_endpoint};

// The verbs below try once, with as few instructions as it takes, and leave everything else to a
// function out of line: arguments that need a closer look, waiting, and trying again.

/// What a call was given, kept for the way on. `A` is the address and `T` the timeout, or nothing.
#[derive(Clone, Copy)]
struct Arguments<T, A = ()> {
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
    timeout_ms: T,
    addr: A,
}

impl<T: Copy, A: Copy> Arguments<T, A> {
    /// Writes them to the stack, here and now: otherwise they are kept in registers across the
    /// system call, which every call would have to save and restore for the few that go on.
    #[inline(always)]
    fn kept(self, place: &mut MaybeUninit<Self>) -> &Self {
        let kept = place.as_mut_ptr();
        // SAFETY: `kept` points to room for them, and every field is written.
        unsafe {
            (&raw mut (*kept).fd).write_volatile(self.fd);
            (&raw mut (*kept).buf).write_volatile(self.buf);
            (&raw mut (*kept).len).write_volatile(self.len);
            (&raw mut (*kept).flags).write_volatile(self.flags);
            (&raw mut (*kept).timeout_ms).write_volatile(self.timeout_ms);
            (&raw mut (*kept).addr).write_volatile(self.addr);
            place.assume_init_ref()
        }
    }
}

/// The descriptor and the memory where nothing is wrong with them at first sight: no negative
/// number, not NULL, no length beyond SSIZE_MAX, no timeout below -1.
///
/// In one comparison for each size of integer. What it turns down, the way on looks at one by one.
#[inline(always)]
fn plain<'a>(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    timeout_ms: c_int,
) -> Option<(BorrowedFd<'a>, &'a mut [MaybeUninit<u8>])> {
    let before = (buf.addr() as isize).wrapping_sub(1);
    if (fd | timeout_ms.wrapping_add(1)) < 0 || (before | len as isize) < 0 {
        return None;
    }
    // SAFETY: `fd` is not negative, or its sign would have shown; that it stays open is as for
    // `support::borrow`. The memory is not NULL and at most isize::MAX bytes, which the caller
    // promises to be there, and only to be read where C's pointer is to const.
    Some(unsafe {
        assert_unchecked(fd >= 0);
        (
            BorrowedFd::borrow_raw(fd),
            slice::from_raw_parts_mut(buf.cast(), len),
        )
    })
}

/// [`plain`] for memory that is only read.
#[inline(always)]
fn plain_bytes<'a>(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    timeout_ms: c_int,
) -> Option<(BorrowedFd<'a>, &'a [u8])> {
    let (fd, memory) = plain(fd, buf.cast_mut(), len, timeout_ms)?;
    // SAFETY: C's memory holds bytes.
    Some((fd, unsafe { &*(&raw const *memory as *const [u8]) }))
}

/// Ends the operation where its first try has shown an error that time does not change.
fn may_go_on(tried: Errno, waits: bool) -> Result<()> {
    match tried {
        Errno::EINTR => Ok(()),
        Errno::EAGAIN if waits => Ok(()),
        errno => Err(errno.into()),
    }
}

impl<T> Arguments<T> {
    fn recv(&self, wait: &mut impl Wait) -> Result<usize> {
        let flags = MsgFlags::from_raw(self.flags);
        let room = room(self.buf, self.len)?;
        Ok(fd::recv(borrow(self.fd)?, room, flags, wait)?)
    }

    fn send(&self, wait: &mut impl Wait) -> Result<usize> {
        let flags = MsgFlags::from_raw(self.flags);
        let bytes = bytes(self.buf, self.len)?;
        Ok(fd::send(borrow(self.fd)?, bytes, flags, wait)?)
    }
}

impl<T> Arguments<T, *mut rsocket_addr> {
    fn recv_from(&self, wait: &mut impl Wait) -> Result<usize> {
        let from = written(self.addr);
        let (fd, room) = (borrow(self.fd)?, room(self.buf, self.len)?);
        let flags = MsgFlags::from_raw(self.flags);
        Ok(match from {
            Some(from) => fd::recv_from(fd, room, flags, from, wait)?,
            None => fd::recv(fd, room, flags, wait)?,
        })
    }
}

impl<T> Arguments<T, *const rsocket_addr> {
    fn send_to(&self, wait: &mut impl Wait) -> Result<usize> {
        let (fd, bytes) = (borrow(self.fd)?, bytes(self.buf, self.len)?);
        let flags = MsgFlags::from_raw(self.flags);
        if self.addr.is_null() {
            return Ok(fd::send(fd, bytes, flags, wait)?);
        }
        Ok(fd::send_to(fd, bytes, flags, read(self.addr)?, wait)?)
    }
}

impl<A> Arguments<c_int, A> {
    /// MSG_DONTWAIT of the caller's own.
    fn waits(&self) -> bool {
        !MsgFlags::from_raw(self.flags).contains(MsgFlags::DONTWAIT)
    }
}

/// The whole of a call that is not [`plain`].
#[cold]
#[inline(never)]
fn recv_closely(arguments: &Arguments<()>) -> ssize_t {
    arguments.recv(&mut Blocking).answer()
}

/// A call from behind its first try on, which failed.
#[cold]
#[inline(never)]
fn recv_on(arguments: &Arguments<()>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, false)?;
        arguments.recv(&mut Blocking)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn send_closely(arguments: &Arguments<()>) -> ssize_t {
    arguments.send(&mut Blocking).answer()
}

#[cold]
#[inline(never)]
fn send_on(arguments: &Arguments<()>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, false)?;
        arguments.send(&mut Blocking)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn recv_timeout_closely(arguments: &Arguments<c_int>) -> ssize_t {
    let recv = || arguments.recv(&mut Timeout::new(arguments.timeout_ms)?);
    recv().answer()
}

#[cold]
#[inline(never)]
fn recv_timeout_on(arguments: &Arguments<c_int>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, arguments.waits())?;
        arguments.recv(&mut Timeout::after_a_try(arguments.timeout_ms)?)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn send_timeout_closely(arguments: &Arguments<c_int>) -> ssize_t {
    let send = || arguments.send(&mut Timeout::new(arguments.timeout_ms)?);
    send().answer()
}

#[cold]
#[inline(never)]
fn send_timeout_on(arguments: &Arguments<c_int>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, arguments.waits())?;
        arguments.send(&mut Timeout::after_a_try(arguments.timeout_ms)?)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn recv_from_closely(arguments: &Arguments<(), *mut rsocket_addr>) -> ssize_t {
    arguments.recv_from(&mut Blocking).answer()
}

#[cold]
#[inline(never)]
fn recv_from_on(arguments: &Arguments<(), *mut rsocket_addr>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, false)?;
        arguments.recv_from(&mut Blocking)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn recv_from_timeout_closely(arguments: &Arguments<c_int, *mut rsocket_addr>) -> ssize_t {
    // What is not asked for is not looked at, but the address is always told.
    let _none = written(arguments.addr);
    let recv = || arguments.recv_from(&mut Timeout::new(arguments.timeout_ms)?);
    recv().answer()
}

#[cold]
#[inline(never)]
fn recv_from_timeout_on(arguments: &Arguments<c_int, *mut rsocket_addr>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, arguments.waits())?;
        arguments.recv_from(&mut Timeout::after_a_try(arguments.timeout_ms)?)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn send_to_closely(arguments: &Arguments<(), *const rsocket_addr>) -> ssize_t {
    arguments.send_to(&mut Blocking).answer()
}

#[cold]
#[inline(never)]
fn send_to_on(arguments: &Arguments<(), *const rsocket_addr>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, false)?;
        arguments.send_to(&mut Blocking)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn send_to_timeout_closely(arguments: &Arguments<c_int, *const rsocket_addr>) -> ssize_t {
    let send = || arguments.send_to(&mut Timeout::new(arguments.timeout_ms)?);
    send().answer()
}

#[cold]
#[inline(never)]
fn send_to_timeout_on(arguments: &Arguments<c_int, *const rsocket_addr>, tried: Errno) -> ssize_t {
    let way_on = || {
        may_go_on(tried, arguments.waits())?;
        arguments.send_to(&mut Timeout::after_a_try(arguments.timeout_ms)?)
    };
    way_on().answer()
}

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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms: (),
        addr: (),
    }
    .kept(&mut place);
    let Some((fd, room)) = plain(fd, buf, len, 0) else {
        return recv_closely(arguments);
    };
    match fd::recv_once(fd, room, MsgFlags::from_raw(flags)) {
        Ok(len) => len as ssize_t,
        Err(errno) => recv_on(arguments, errno),
    }
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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms,
        addr: (),
    }
    .kept(&mut place);
    let Some((fd, room)) = plain(fd, buf, len, timeout_ms) else {
        return recv_timeout_closely(arguments);
    };
    match fd::recv_once(fd, room, MsgFlags::from_raw(flags) | MsgFlags::DONTWAIT) {
        Ok(len) => len as ssize_t,
        Err(errno) => recv_timeout_on(arguments, errno),
    }
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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms: (),
        addr: (),
    }
    .kept(&mut place);
    let Some((fd, bytes)) = plain_bytes(fd, buf, len, 0) else {
        return send_closely(arguments);
    };
    match fd::send_once(fd, bytes, MsgFlags::from_raw(flags)) {
        Ok(len) => len as ssize_t,
        Err(errno) => send_on(arguments, errno),
    }
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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms,
        addr: (),
    }
    .kept(&mut place);
    let Some((fd, bytes)) = plain_bytes(fd, buf, len, timeout_ms) else {
        return send_timeout_closely(arguments);
    };
    match fd::send_once(fd, bytes, MsgFlags::from_raw(flags) | MsgFlags::DONTWAIT) {
        Ok(len) => len as ssize_t,
        Err(errno) => send_timeout_on(arguments, errno),
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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms: (),
        addr: from,
    }
    .kept(&mut place);
    let (Some((fd, room)), Some(from)) = (plain(fd, buf, len, 0), written(from)) else {
        return recv_from_closely(arguments);
    };
    let flags = MsgFlags::from_raw(flags);
    match fd::recv_from_once(fd, room, flags, from) {
        Ok(len) => len as ssize_t,
        Err(errno) => recv_from_on(arguments, errno),
    }
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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf,
        len,
        flags,
        timeout_ms,
        addr: from,
    }
    .kept(&mut place);
    let (Some((fd, room)), Some(from)) = (plain(fd, buf, len, timeout_ms), written(from)) else {
        return recv_from_timeout_closely(arguments);
    };
    let flags = MsgFlags::from_raw(flags) | MsgFlags::DONTWAIT;
    match fd::recv_from_once(fd, room, flags, from) {
        Ok(len) => len as ssize_t,
        Err(errno) => recv_from_timeout_on(arguments, errno),
    }
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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms: (),
        addr: to,
    }
    .kept(&mut place);
    let (Some((fd, bytes)), Ok(to)) = (plain_bytes(fd, buf, len, 0), read(to)) else {
        return send_to_closely(arguments);
    };
    let flags = MsgFlags::from_raw(flags);
    match fd::send_to_once(fd, bytes, flags, to) {
        Ok(len) => len as ssize_t,
        Err(errno) => send_to_on(arguments, errno),
    }
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
    let mut place = MaybeUninit::uninit();
    let arguments = Arguments {
        fd,
        buf: buf.cast_mut(),
        len,
        flags,
        timeout_ms,
        addr: to,
    }
    .kept(&mut place);
    let (Some((fd, bytes)), Ok(to)) = (plain_bytes(fd, buf, len, timeout_ms), read(to)) else {
        return send_to_timeout_closely(arguments);
    };
    let flags = MsgFlags::from_raw(flags) | MsgFlags::DONTWAIT;
    match fd::send_to_once(fd, bytes, flags, to) {
        Ok(len) => len as ssize_t,
        Err(errno) => send_to_timeout_on(arguments, errno),
    }
}

/// How the first step of an operation of several ended.
#[derive(Clone, Copy)]
enum First {
    /// It was not made.
    None,
    /// It moved less than all.
    Moved(usize),
    Failed(Errno),
}

/// An operation of several steps behind its first.
struct Steps {
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    timeout_ms: c_int,
    done: *mut usize,
    first: First,
}

impl Steps {
    /// How many bytes the first step moved.
    fn moved(&self) -> usize {
        match self.first {
            First::Moved(moved) => moved,
            First::None | First::Failed(_) => 0,
        }
    }

    /// The policy for the steps that are left, which counts from now. Where the first step found
    /// too little room or data, the next one waits before it tries.
    fn begin(&self) -> Result<Timeout> {
        put(self.done, self.moved());
        let timeout = match self.first {
            First::None => Timeout::new(self.timeout_ms)?,
            First::Moved(_) => Timeout::after_a_try(self.timeout_ms)?,
            First::Failed(errno) => {
                may_go_on(errno, true)?;
                Timeout::after_a_try(self.timeout_ms)?
            }
        };
        Ok(timeout.started())
    }

    /// Tells C how far the operation came.
    fn end(&self, result: std::result::Result<(), Partial>) -> Result<()> {
        let moved = self.moved();
        let done = match &result {
            Ok(()) => self.len,
            Err(partial) => moved.saturating_add(partial.done),
        };
        put(self.done, done);
        Ok(result?)
    }
}

#[cold]
#[inline(never)]
fn send_all_on(steps: &Steps) -> c_int {
    let way_on = || {
        let mut timeout = steps.begin()?;
        let (fd, buf) = (borrow(steps.fd)?, bytes(steps.buf, steps.len)?);
        let rest = buf.get(steps.moved()..).unwrap_or_default();
        steps.end(fd::send_all(fd, rest, MsgFlags::empty(), &mut timeout))
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
fn recv_all_on(steps: &Steps) -> c_int {
    let way_on = || {
        let mut timeout = steps.begin()?;
        let (fd, buf) = (borrow(steps.fd)?, room(steps.buf, steps.len)?);
        let rest = buf.get_mut(steps.moved()..).unwrap_or_default();
        steps.end(fd::recv_exact(fd, rest, MsgFlags::empty(), &mut timeout))
    };
    way_on().answer()
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
    let first = match plain_bytes(fd, buf, len, timeout_ms) {
        None => First::None,
        Some((fd, bytes)) => match fd::send_once(fd, bytes, MsgFlags::DONTWAIT) {
            Ok(sent) if sent == len => {
                put(done, len);
                return 0;
            }
            Ok(sent) => First::Moved(sent),
            Err(errno) => First::Failed(errno),
        },
    };
    send_all_on(&Steps {
        fd,
        buf: buf.cast_mut(),
        len,
        timeout_ms,
        done,
        first,
    })
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
    let first = match plain(fd, buf, len, timeout_ms) {
        Some((fd, room)) if len > 0 => match fd::recv_once(fd, room, MsgFlags::DONTWAIT) {
            Ok(came) if came == len => {
                put(done, len);
                return 0;
            }
            Ok(0) => First::Failed(Errno::ENODATA),
            Ok(came) => First::Moved(came),
            Err(errno) => First::Failed(errno),
        },
        _ => First::None,
    };
    recv_all_on(&Steps {
        fd,
        buf,
        len,
        timeout_ms,
        done,
        first,
    })
}

/// Sends `len` bytes of the open file `file` from `offset` on without a copy through this process,
/// as sendfile(2) does, within `timeout_ms` milliseconds for the whole: -1 for ever, 0 without
/// waiting. The file's own position stays where it is. SIGPIPE is never raised.
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
