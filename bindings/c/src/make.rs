//! Making endpoints: a URL, an address or three numbers in, a descriptor out.

use std::ffi::{c_char, c_int, c_uint};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};

use rsocket::{Blocking, Endpoint, Errno, Family, Kind, Protocol, Target, fd};

use crate::address::{fillable, read, shortened, written};
use crate::support::{
    Answer, Code, Result, Timeout, again, borrow, guard, inherit, keep, known, lent, object, text,
};
use crate::types::{
    RSOCKET_INHERIT, RSOCKET_NONBLOCK, RSOCKET_REUSEPORT, RSOCKET_V6ONLY, rsocket_addr,
    rsocket_endpoint,
};

const COMMON: c_uint = RSOCKET_NONBLOCK | RSOCKET_INHERIT;

/// What `flags` ask of a new endpoint.
fn finish(endpoint: OwnedFd, flags: c_uint) -> Result<c_int> {
    if flags & RSOCKET_NONBLOCK != 0 {
        fd::set_nonblocking(endpoint.as_fd(), true)?;
    }
    Ok(inherit(endpoint, flags & RSOCKET_INHERIT != 0)?.into_raw_fd())
}

/// The kind with the flags that socket(2) takes beside it.
fn kind(number: c_int, flags: c_uint) -> Kind {
    let nonblock = if flags & RSOCKET_NONBLOCK != 0 {
        libc::SOCK_NONBLOCK
    } else {
        0
    };
    Kind::from_raw(number | nonblock)
}

/// Makes the endpoint that a URL names and readies it for clients: bound, and listening where the
/// type has connections.
///
/// `url` is one of `tcp://127.0.0.1:80`, `tcp://[::]:80`, `tcp://localhost:80`, `udp://...`,
/// `mptcp://...`, `unix:/run/x.sock`, `unix-dgram:...`, `unix-seqpacket:...`, `unix-abstract:name`
/// (and `-dgram`, `-seqpacket`), `netlink:route?groups=1,5`, `vsock:any:1234`, `fd:3`. `%XX` is any
/// byte; librsocket(7) has the whole grammar. TCP listeners have SO_REUSEADDR, so that a server can
/// start again at once; `?reuse=0` leaves it off.
///
/// `flags`: RSOCKET_NONBLOCK, RSOCKET_INHERIT, RSOCKET_REUSEPORT, RSOCKET_V6ONLY.
///
/// Returns the descriptor, to be closed with rsocket_close(). Errors: `-EINVAL` for a malformed URL
/// (rsocket_url_why() says why) and for an unknown flag, `-ENAMETOOLONG` for a Unix path of more
/// than 107 bytes, `-EOPNOTSUPP` for `?unlink=1`, which a bare descriptor cannot do when it is
/// closed, `-EADDRINUSE`, `-EADDRNOTAVAIL`, `-EACCES`, `-EMFILE` and the others of
/// socket(2), bind(2) and listen(2); codes below RSOCKET_EAI_BASE for a host name that cannot be
/// resolved.
///
/// MT-safe. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_listen(url: *const c_char, flags: c_uint) -> rsocket_endpoint {
    guard(|| {
        known(flags, COMMON | RSOCKET_REUSEPORT | RSOCKET_V6ONLY)?;
        let target = Target::parse(text(url)?)?;
        let endpoint = Endpoint::listen_at(&target, |socket| {
            if flags & RSOCKET_REUSEPORT != 0 {
                fd::set_int(socket, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
            }
            if flags & RSOCKET_V6ONLY != 0 {
                fd::set_int(socket, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
            }
            Ok(())
        })?;
        finish(endpoint.into(), flags)
    })
    .answer()
}

/// Makes an endpoint and connects it to what a URL names; see rsocket_listen() for URLs.
///
/// `timeout_ms` bounds everything but the resolving of a host name: -1 waits for ever. Of a host's
/// addresses a stream goes to whichever answers first (RFC 8305). A Unix datagram endpoint gets a
/// name of its own (autobind, unix(7)), so that it can be answered. A datagram endpoint only notes
/// its peer.
///
/// With RSOCKET_NONBLOCK and a timeout of 0 the endpoint is returned while the attempt goes on, to
/// the first address that did not fail at once: wait until it is writable, then ask
/// rsocket_dial_wait(). Otherwise RSOCKET_NONBLOCK counts from the return on.
///
/// `flags`: RSOCKET_NONBLOCK, RSOCKET_INHERIT.
///
/// Returns the descriptor. Errors: `-EINVAL` for a malformed URL, an unknown flag, or a timeout
/// below -1; `-ETIMEDOUT`, `-ECONNREFUSED`, `-ENOENT`, `-EHOSTUNREACH`, `-EMFILE` and the others of
/// socket(2) and connect(2); codes below RSOCKET_EAI_BASE for a host name that cannot be resolved.
///
/// MT-safe. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_connect(
    url: *const c_char,
    flags: c_uint,
    timeout_ms: c_int,
) -> rsocket_endpoint {
    guard(|| {
        known(flags, COMMON)?;
        let timeout = Timeout::new(timeout_ms)?.started();
        let target = Target::parse(text(url)?)?;
        let endpoint = if flags & RSOCKET_NONBLOCK != 0 && timeout_ms == 0 {
            Endpoint::start_connecting(&target)?
        } else {
            Endpoint::connect_to(&target, timeout)?
        };
        finish(endpoint.into(), flags)
    })
    .answer()
}

/// Makes a socket as socket(2) does, for what a URL does not say.
///
/// `family` is AF_..., `type` SOCK_..., `protocol` 0 or the family's own number. `flags`:
/// RSOCKET_NONBLOCK, RSOCKET_INHERIT.
///
/// Returns the descriptor. Errors: `-EINVAL` for an unknown flag, `-EAFNOSUPPORT`,
/// `-EPROTONOSUPPORT`, `-EMFILE`, `-EPERM` for a raw socket without CAP_NET_RAW, and the others of
/// socket(2).
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_open(
    family: c_int,
    r#type: c_int,
    protocol: c_int,
    flags: c_uint,
) -> rsocket_endpoint {
    let open = || {
        known(flags, COMMON)?;
        let (family, protocol) = (Family::from_raw(family), Protocol::from_raw(protocol));
        let socket = fd::socket(family, kind(r#type, flags), protocol)?;
        inherit(socket, flags & RSOCKET_INHERIT != 0)
    };
    open().answer()
}

/// Makes two connected Unix-domain endpoints of one type, as socketpair(2) does.
///
/// `type` is SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. `flags`: RSOCKET_NONBLOCK, RSOCKET_INHERIT.
///
/// Returns 0 and writes two descriptors to `out`; nothing is written on an error. Errors: `-EINVAL`
/// for an unknown flag, `-EFAULT` for NULL, `-EMFILE` and the others of socketpair(2).
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
/// cbindgen:ptrs-as-arrays=[[out; 2]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_pair(
    r#type: c_int,
    flags: c_uint,
    out: *mut rsocket_endpoint,
) -> c_int {
    let pair = || {
        known(flags, COMMON)?;
        let out = object(out.cast::<[rsocket_endpoint; 2]>())?;
        let kind = kind(r#type, flags);
        let [left, right] = fd::socketpair(Family::UNIX, kind, Protocol::DEFAULT)?;
        let inheritable = flags & RSOCKET_INHERIT != 0;
        let (left, right) = (inherit(left, inheritable)?, inherit(right, inheritable)?);
        *out = [left.into_raw_fd(), right.into_raw_fd()];
        Ok(())
    };
    pair().answer()
}

/// What an accept was given.
struct Accept {
    fd: rsocket_endpoint,
    peer: *mut rsocket_addr,
    flags: c_uint,
}

/// The whole of an accept, or what is left of it where the first try failed.
#[cold]
#[inline(never)]
fn accept_on(accept: &Accept, tried: Option<Errno>) -> rsocket_endpoint {
    let &Accept { fd, peer, flags } = accept;
    let peer = written(peer);
    let accept = || {
        if let Some(errno) = tried
            && !matches!(errno, Errno::EINTR | Errno::ECONNABORTED)
        {
            return Err(errno.into());
        }
        known(flags, COMMON)?;
        let nonblocking = flags & RSOCKET_NONBLOCK != 0;
        let accepted = fd::accept(borrow(fd)?, peer, nonblocking, &mut Blocking)?;
        inherit(accepted, flags & RSOCKET_INHERIT != 0)
    };
    accept().answer()
}

/// Takes the next connection of a listener, waiting for one where the listener is blocking.
///
/// `peer` gets the peer's address, no address on an error; it may be NULL. A connection that died
/// in the queue (ECONNABORTED) is passed over, and signals do not end the wait. `flags`:
/// RSOCKET_NONBLOCK, RSOCKET_INHERIT; the new endpoint is blocking without the first, whatever the
/// listener is.
///
/// Returns the descriptor. Errors: `-EAGAIN` on a non-blocking listener without a connection,
/// `-EMFILE` and `-ENFILE` (the connection stays queued: wait before the next try), `-EINVAL` for
/// an unknown flag or a socket that does not listen, `-EBADF`, `-ENOTSOCK`, `-EOPNOTSUPP` and the
/// others of accept(2).
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_accept(
    fd: rsocket_endpoint,
    peer: *mut rsocket_addr,
    flags: c_uint,
) -> rsocket_endpoint {
    let mut place = MaybeUninit::<Accept>::uninit();
    let kept = keep!(place, Accept { fd, peer, flags });
    // What takes more than one system call.
    if flags & !RSOCKET_NONBLOCK != 0 {
        return accept_on(kept, None);
    }
    let nonblocking = flags & RSOCKET_NONBLOCK != 0;
    let accepted = match fillable(peer) {
        None => fd::accept_native_once(lent(fd), None, nonblocking),
        peer => {
            let accepted = fd::accept_native_once(lent(fd), peer, nonblocking);
            if accepted.is_ok() {
                shortened(again(&kept.peer));
            }
            accepted
        }
    };
    match accepted {
        Ok(accepted) => accepted.into_raw_fd(),
        Err(errno) => accept_on(kept, Some(errno)),
    }
}

/// rsocket_accept() that waits at most `timeout_ms` milliseconds: -1 for ever, 0 not at all.
///
/// A listener that other processes accept from should be O_NONBLOCK: between the wait and the
/// accept another may take the connection, and a blocking listener then sleeps on.
///
/// Returns as rsocket_accept(). Errors: those of rsocket_accept(), `-ETIMEDOUT`, and `-EINVAL` for
/// a timeout below -1.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_accept_timeout(
    fd: rsocket_endpoint,
    peer: *mut rsocket_addr,
    flags: c_uint,
    timeout_ms: c_int,
) -> rsocket_endpoint {
    let peer = written(peer);
    let accept = || {
        known(flags, COMMON)?;
        let nonblocking = flags & RSOCKET_NONBLOCK != 0;
        let mut timeout = Timeout::new(timeout_ms)?;
        let accepted = fd::accept(borrow(fd)?, peer, nonblocking, &mut timeout)?;
        inherit(accepted, flags & RSOCKET_INHERIT != 0)
    };
    accept().answer()
}

/// Gives an endpoint a local address, as bind(2) does.
///
/// Returns 0. Errors: `-EFAULT` for NULL, `-EINVAL` for an address of more than 128 bytes or an
/// endpoint that has one, `-EADDRINUSE`, `-EADDRNOTAVAIL`, `-EACCES`, `-EBADF`, `-ENOTSOCK` and the
/// others of bind(2).
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_bind(fd: rsocket_endpoint, addr: *const rsocket_addr) -> c_int {
    let bind = || Ok(fd::bind(borrow(fd)?, read(addr)?)?);
    bind().answer()
}

/// Connects an endpoint to an address, as connect(2) does, within `timeout_ms` milliseconds: -1 for
/// ever, on a non-blocking endpoint too.
///
/// With a timeout of 0 nothing is waited for: a non-blocking endpoint answers `-EINPROGRESS` while
/// the attempt goes on. After `-EINPROGRESS` and `-ETIMEDOUT` the attempt is still under way:
/// rsocket_dial_wait() waits for its end, rsocket_close() gives it up. A signal does not end it.
///
/// Returns 0. Errors: `-ETIMEDOUT`, `-EINPROGRESS`, `-ECONNREFUSED`, `-ENOENT`, `-ENETUNREACH`,
/// `-EISCONN`, `-EALREADY`, `-EAGAIN` where a non-blocking Unix-domain attempt finds the backlog
/// full, `-EFAULT` for NULL, `-EINVAL` for a timeout below -1 or an address of more than 128 bytes,
/// `-EBADF`, `-ENOTSOCK` and the others of connect(2).
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_dial(
    fd: rsocket_endpoint,
    addr: *const rsocket_addr,
    timeout_ms: c_int,
) -> c_int {
    let dial = || -> Result<()> {
        let (fd, addr) = (borrow(fd)?, read(addr)?);
        let mut timeout = Timeout::new(timeout_ms)?.started();
        if timeout_ms == 0 && fd::is_nonblocking(fd)? {
            return Ok(fd::connect(fd, addr, &mut Blocking)?);
        }
        // A blocking connect(2) for ever needs no clock.
        if timeout_ms < 0 && !fd::is_nonblocking(fd)? {
            return Ok(fd::connect(fd, addr, &mut Blocking)?);
        }
        Ok(fd::connect(fd, addr, &mut timeout)?)
    };
    dial().answer()
}

/// Waits for the end of an attempt to connect that is under way, `timeout_ms` milliseconds at most:
/// -1 for ever, 0 to look only.
///
/// Returns 0 once the endpoint is connected. Errors: `-ETIMEDOUT` while the attempt goes on,
/// `-ECONNREFUSED` or whatever else ended it, `-ENOTCONN` where there is none, `-EINVAL` for a
/// timeout below -1, `-EBADF`, `-ENOTSOCK`.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_dial_wait(fd: rsocket_endpoint, timeout_ms: c_int) -> c_int {
    let wait = || -> Result<()> {
        let mut timeout = Timeout::new(timeout_ms)?.started();
        Ok(fd::finish_connect(borrow(fd)?, &mut timeout)?)
    };
    wait().answer()
}

/// Duplicates a descriptor, as fcntl(2) with F_DUPFD_CLOEXEC does. `flags`: RSOCKET_INHERIT.
///
/// Both share the socket, O_NONBLOCK and options included.
///
/// Returns the new descriptor. Errors: `-EBADF`, `-EMFILE`, `-EINVAL` for an unknown flag.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_dup(fd: rsocket_endpoint, flags: c_uint) -> rsocket_endpoint {
    let dup = || {
        known(flags, RSOCKET_INHERIT)?;
        inherit(fd::dup(borrow(fd)?)?, flags & RSOCKET_INHERIT != 0)
    };
    dup().answer()
}

/// Ends one direction or both, as shutdown(2) does, for every duplicate of the endpoint; calls that
/// wait in it return.
///
/// `how` is SHUT_RD, SHUT_WR or SHUT_RDWR.
///
/// Returns 0. Errors: `-EINVAL` for another `how`, `-ENOTCONN`, `-EBADF`, `-ENOTSOCK`.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_shutdown(fd: rsocket_endpoint, how: c_int) -> c_int {
    let shutdown = || -> Result<()> {
        let how = match how {
            libc::SHUT_RD => Shutdown::Read,
            libc::SHUT_WR => Shutdown::Write,
            libc::SHUT_RDWR => Shutdown::Both,
            _ => return Err(Code::errno(Errno::EINVAL)),
        };
        Ok(fd::shutdown(borrow(fd)?, how)?)
    };
    shutdown().answer()
}

/// Closes a descriptor, as close(2) does. `fd` names nothing afterwards, whatever is returned:
/// never close it again.
///
/// A call that another thread has under way on it is not woken: rsocket_shutdown() does that.
///
/// Returns 0. Errors: `-EBADF`, and what the kernel reports late of an earlier write (`-EIO`,
/// `-ENOSPC`). EINTR is never returned: the descriptor is closed then.
///
/// MT-safe, async-signal-safe. A cancellation point.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_close(fd: rsocket_endpoint) -> c_int {
    // SAFETY: close(2): the caller of a C function that closes says that the number is its own.
    let close = || -> Result<()> { Ok(unsafe { fd::close(fd) }?) };
    close().answer()
}

/// Closes the descriptor that `fd` points to, unless it is negative, and makes it -1. `errno` is
/// left as it was.
///
/// For the cleanup attribute of gcc and clang, which calls it when the variable goes out of scope:
/// `__attribute__((cleanup(rsocket_closep))) rsocket_endpoint fd = rsocket_connect(...);`
///
/// MT-safe, async-signal-safe. A cancellation point.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_closep(fd: *mut rsocket_endpoint) {
    let Ok(fd) = object(fd) else { return };
    let number = std::mem::replace(fd, -1);
    if number >= 0 {
        let before = crate::support::errno();
        // As free(3): there is nobody to tell.
        // SAFETY: as in rsocket_close(), and the caller's variable does not name it any more.
        let _closed: std::result::Result<(), Errno> = unsafe { fd::close(number) };
        crate::support::set_errno(before);
    }
}
