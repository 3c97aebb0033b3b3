//! Open descriptors and credentials over Unix-domain endpoints, see unix(7).

use std::ffi::{c_char, c_int, c_void};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{BorrowedFd, IntoRawFd};

use libc::{gid_t, msghdr, pid_t, ssize_t, uid_t};
use rsocket::{
    Address, Ancillary, ControlBuilder, ControlError, Credentials, Errno, Error, Family, MsgFlags,
    fd,
};

use crate::address::Text;
use crate::support::{
    Answer, Code, Result, Timeout, borrow, bytes, guard, object, objects, objects_mut, put, room,
};
use crate::types::rsocket_endpoint;

/// The most descriptors that one message takes (`SCM_MAX_FD`, unix(7)).
pub const RSOCKET_MAX_FDS: c_int = 253;
const MAX_FDS: usize = RSOCKET_MAX_FDS as usize;

/// Who a peer is, as the kernel vouches for it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rsocket_cred {
    /// Process id; 0 for a process outside the caller's PID namespace.
    pub pid: pid_t,
    /// Effective user id.
    pub uid: uid_t,
    /// Effective group id.
    pub gid: gid_t,
    /// 0.
    pub reserved: c_int,
}

impl From<Credentials> for rsocket_cred {
    fn from(from: Credentials) -> Self {
        rsocket_cred {
            pid: from.pid,
            uid: from.uid,
            gid: from.gid,
            reserved: 0,
        }
    }
}

/// The room for what may come with a message: descriptors, and what the endpoint was told to ask
/// for besides (credentials, a pidfd, a security label, timestamps).
const CONTROL_ROOM: usize = ControlBuilder::space_for_fds(MAX_FDS)
    + ControlBuilder::space_for_credentials()
    + ControlBuilder::space_for_fds(1)
    + ControlBuilder::space(512);

/// The kernel takes descriptors over other families as well, and drops them silently.
fn require_unix(fd: BorrowedFd<'_>) -> Result<()> {
    if fd::family(fd)? == Family::UNIX {
        Ok(())
    } else {
        Err(Error::WrongFamily.into())
    }
}

/// Sends `len` bytes of `buf` and `count` open descriptors with them, which the peer gets as
/// duplicates; the caller's stay open.
///
/// On a stream at least one byte must go, or the descriptors do not. With `timeout_ms` the call
/// waits for room that many milliseconds at most: -1 for ever, 0 not at all.
///
/// Returns how many bytes went: all of a datagram, perhaps fewer on a stream, with all descriptors.
/// Errors: `-EAFNOSUPPORT` for an endpoint outside the Unix domain, `-ETOOMANYREFS` for more than
/// RSOCKET_MAX_FDS descriptors and where too many are in flight, `-EBADF` for a descriptor that is
/// not open, `-EINVAL` for descriptors without a byte on a stream and for a timeout below -1,
/// `-ETIMEDOUT`, `-EFAULT` for NULL with a length, and those of rsocket_send(). Nothing is sent
/// then.
///
/// MT-safe. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3) RSOCKET_READS(4, 5)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_fds(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    fds: *const c_int,
    count: usize,
    timeout_ms: c_int,
) -> ssize_t {
    guard(|| {
        let mut timeout = Timeout::new(timeout_ms)?.started();
        let (fd, buf, numbers) = (borrow(fd)?, bytes(buf, len)?, objects(fds, count)?);
        require_unix(fd)?;
        if numbers.len() > MAX_FDS {
            let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            return Err(Error::from(ControlError::TooManyFds(count)).into());
        }
        if !numbers.is_empty() && buf.is_empty() && is_stream(fd)? {
            return Err(Code::errno(Errno::EINVAL));
        }
        let mut passed = [fd; MAX_FDS];
        for (slot, number) in passed.iter_mut().zip(numbers) {
            *slot = borrow(*number)?;
        }
        let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(MAX_FDS) }>::new();
        if let Some(passed) = passed
            .get(..numbers.len())
            .filter(|passed| !passed.is_empty())
        {
            control.push_fds(passed)?;
        }
        let (bufs, flags) = ([IoSlice::new(buf)], MsgFlags::empty());
        Ok(fd::send_msg(
            fd,
            &bufs,
            control.as_bytes(),
            None,
            flags,
            &mut timeout,
        )?)
    })
    .answer()
}

fn is_stream(fd: BorrowedFd<'_>) -> Result<bool> {
    Ok(fd::get_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)? == libc::SOCK_STREAM)
}

/// Receives up to `len` bytes into `buf`, and the descriptors that came with them into `fds`. They
/// are the caller's from then on, close-on-exec.
///
/// `count` points to how many `fds` has room for, and gets how many came. Where more came than
/// there is room for, all of them are closed and the call fails with `-EMSGSIZE`: a peer that sends
/// what was not asked for is best hung up on. `flags` are recv(2)'s: a message longer than `len` is
/// cut, and with MSG_TRUNC its full length is returned. `timeout_ms`: -1 waits for ever, 0 not at
/// all.
///
/// Returns how many bytes came, 0 at the end of a stream. On an error no descriptor was received
/// and `count` gets 0. Errors: `-EMSGSIZE`, `-EAFNOSUPPORT` for an endpoint outside the Unix
/// domain, `-ETIMEDOUT`, `-EFAULT` for NULL with a length or for `count`, `-EINVAL` for a timeout
/// below -1, and those of rsocket_recv(). At the limit of open descriptors (RLIMIT_NOFILE) the
/// kernel delivers those that fit, and the answer is `-EMSGSIZE` too.
///
/// MT-safe. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv_fds(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    flags: c_int,
    fds: *mut c_int,
    count: *mut usize,
    timeout_ms: c_int,
) -> ssize_t {
    guard(|| {
        let count = object(count)?;
        let room_for_fds = std::mem::take(count);
        let mut timeout = Timeout::new(timeout_ms)?.started();
        let (fd, buf) = (borrow(fd)?, room(buf, len)?);
        if fds.is_null() && room_for_fds > 0 {
            return Err(Code::errno(Errno::EFAULT));
        }
        require_unix(fd)?;
        let mut ancillary = Ancillary::<CONTROL_ROOM>::new();
        let mut from = Address::default();
        let mut bufs = [as_io_slice(buf)];
        let flags = MsgFlags::from_raw(flags);
        let info = fd::recv_ancillary(
            fd,
            &mut bufs,
            &mut ancillary,
            &mut from,
            flags,
            &mut timeout,
        )?;
        let mut came = [const { None }; MAX_FDS + 1];
        let mut number = 0;
        for (slot, fd) in came.iter_mut().zip(ancillary.take_fds()) {
            *slot = Some(fd);
            number += 1;
        }
        if number > room_for_fds || info.flags & libc::MSG_CTRUNC != 0 {
            return Err(Error::from(ControlError::Truncated).into());
        }
        for (index, fd) in came.into_iter().flatten().enumerate() {
            put(fds.wrapping_add(index), fd.into_raw_fd());
        }
        *count = number;
        Ok(info.len)
    })
    .answer()
}

/// The memory of `buf` for recvmsg(2), which only writes to it.
fn as_io_slice(buf: &mut [std::mem::MaybeUninit<u8>]) -> IoSliceMut<'_> {
    // SAFETY: the core hands the buffer to recvmsg(2) and never reads it; C's memory holds bytes.
    IoSliceMut::new(unsafe { &mut *(std::ptr::from_mut(buf) as *mut [u8]) })
}

/// Who connected, or who made the pair: as the kernel noted it at that moment (SO_PEERCRED,
/// unix(7)).
///
/// Returns 0; on an error `out` is not written. Errors: `-EAFNOSUPPORT` for an endpoint outside the
/// Unix domain, which the kernel would answer for with a user id of -1; `-ENOTCONN` without a peer;
/// `-EFAULT` for NULL, `-EBADF`, `-ENOTSOCK`.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_peer_cred(fd: rsocket_endpoint, out: *mut rsocket_cred) -> c_int {
    let cred = || -> Result<()> {
        let (fd, out) = (borrow(fd)?, object(out)?);
        require_unix(fd)?;
        *out = fd::peer_credentials(fd)?.into();
        Ok(())
    };
    cred().answer()
}

/// A descriptor of the process that connected, or made the pair, for as long as it lives and behind
/// its end: poll it, send signals by it (pidfd_open(2)), SO_PEERPIDFD, Linux 6.5. Unlike a process
/// id it cannot come to mean another process.
///
/// Returns the descriptor, close-on-exec. Errors: `-EAFNOSUPPORT` for an endpoint outside the Unix
/// domain, `-ENODATA` without a peer, `-ESRCH` where the process has been reaped, `-ENOPROTOOPT` on
/// an older kernel, `-EMFILE`, `-EBADF`, `-ENOTSOCK`.
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_peer_pidfd(fd: rsocket_endpoint) -> rsocket_endpoint {
    guard(|| {
        let fd = borrow(fd)?;
        require_unix(fd)?;
        Ok(fd::peer_pidfd(fd)?)
    })
    .answer()
}

/// The supplementary groups of the process that connected, or made the pair, as the kernel noted
/// them at that moment: SO_PEERGROUPS, Linux 4.13.
///
/// `count` points to how many `groups` has room for, and gets how many there are.
///
/// Returns 0. Errors: `-ERANGE` where there are more than there is room for, and nothing but
/// `count` is written; `-EAFNOSUPPORT` for an endpoint outside the Unix domain, `-ENODATA` without
/// a peer, `-EFAULT` for NULL, `-EBADF`, `-ENOTSOCK`.
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_peer_groups(
    fd: rsocket_endpoint,
    groups: *mut gid_t,
    count: *mut usize,
) -> c_int {
    guard(|| {
        let (fd, count) = (borrow(fd)?, object(count)?);
        let room = objects_mut(groups, *count)?;
        require_unix(fd)?;
        let came = fd::peer_groups(fd)?;
        *count = came.len();
        let Some(room) = room.get_mut(..came.len()) else {
            return Err(Code::errno(Errno::ERANGE));
        };
        room.copy_from_slice(&came);
        Ok(0)
    })
    .answer()
}

/// The security label of the process that connected, such as an SELinux context: SO_PEERSEC.
///
/// Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0.
///
/// Returns the length of the whole label. Errors: `-ENOPROTOOPT` where no security module gives
/// one, `-EAFNOSUPPORT` for an endpoint outside the Unix domain, `-EFAULT` for NULL, `-EBADF`,
/// `-ENOTSOCK`.
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_peer_security(
    fd: rsocket_endpoint,
    buf: *mut c_char,
    cap: usize,
) -> ssize_t {
    guard(|| {
        let fd = borrow(fd)?;
        let mut out = Text::new(buf, cap)?;
        require_unix(fd)?;
        out.bytes(&fd::peer_security(fd)?);
        Ok(out.len)
    })
    .answer()
}

/// Who sent a message that rsocket_recv_msg() received: the credentials among its control messages,
/// which the kernel vouches for. They come where RSOCKET_SO_PASSCRED is set, one set with each
/// message; `msg_control` needs room for CMSG_SPACE(sizeof (struct ucred)).
///
/// Returns 0; on an error `out` is not written. Errors: `-ENODATA` where the message has none,
/// `-EFAULT` for NULL, `-EINVAL` for a length above SSIZE_MAX.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_msg_cred(message: *const msghdr, out: *mut rsocket_cred) -> c_int {
    let cred = || -> Result<()> {
        let (message, out) = (object(message.cast_mut())?, object(out)?);
        #[allow(clippy::unnecessary_cast, reason = "it is shorter in musl")]
        let len = message.msg_controllen as usize;
        let control = bytes(message.msg_control, len)?;
        let sent = fd::control_messages(control).find_map(|(level, kind, data)| {
            let wanted = level == libc::SOL_SOCKET && kind == libc::SCM_CREDENTIALS;
            Credentials::from_bytes(data).filter(|_| wanted)
        });
        let sent = sent.ok_or(Code::errno(Errno::ENODATA))?;
        *out = rsocket_cred::from(sent);
        Ok(())
    };
    cred().answer()
}
