//! Arrays of messages for recvmmsg(2) and sendmmsg(2). Where the kernel lacks the calls, one by one.

#![allow(
    clippy::unnecessary_cast,
    reason = "the types of the fields differ between C libraries"
)]

mod headers;
mod overlay;
mod owned;

pub use headers::Headers;
pub(crate) use overlay::{RecvOverlay, RecvPlaces, SendOverlay, SendPlaces};
pub(crate) use owned::{RecvArray, RecvEntries, RecvEntry, SendArray, SendQueue};

use std::ffi::{c_int, c_uint, c_void};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::ptr;

use libc::{iovec, mmsghdr};

use super::call::number;
use super::sockaddr::SockAddr;
use crate::errno::Errno;

/// As many messages as one call takes (`UIO_MAXIOV`, recvmmsg(2)).
const MAX_MESSAGES: usize = 1024;

/// A message header that points nowhere.
fn empty_header() -> mmsghdr {
    // SAFETY: mmsghdr is integers and pointers, for which all-zero bits are valid (recvmmsg(2)).
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The kernel's count, or why there is none.
fn count(result: c_int) -> Result<usize, Errno> {
    usize::try_from(result).map_err(|_| Errno::last())
}

/// # Safety
/// As many headers as `len` must stand at `headers`, each fit for recvmsg(2).
unsafe fn recvmmsg<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    headers: *mut mmsghdr,
    len: usize,
    flags: c_int,
) -> Result<usize, Errno> {
    let len = len.min(MAX_MESSAGES) as c_uint;
    // SAFETY: recvmmsg(2) writes through the `vlen` headers, which the caller vouches for. Without
    // a timeout it "will return as soon as" MSG_WAITFORONE or the socket lets it.
    count(unsafe { libc::recvmmsg(number(fd), headers, len, flags as _, ptr::null_mut()) })
}

/// [`recvmmsg`] by single calls, of which only the first may sleep. An error behind the first
/// message ends the batch; it is given beside the count, because the kernel has forgotten it.
///
/// # Safety
/// As [`recvmmsg`].
unsafe fn recv_each<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    headers: *mut mmsghdr,
    len: usize,
    flags: c_int,
) -> Result<(usize, Option<Errno>), Errno> {
    let (fd, mut flags) = (number(fd), flags & !libc::MSG_WAITFORONE);
    for index in 0..len {
        let header = headers.wrapping_add(index);
        // SAFETY: the caller vouches for every header below `len`.
        let result = unsafe { libc::recvmsg(fd, &raw mut (*header).msg_hdr, flags) };
        if result == -1 {
            return match Errno::last() {
                errno if index == 0 => Err(errno),
                Errno::EAGAIN => Ok((index, None)),
                errno => Ok((index, Some(errno))),
            };
        }
        // SAFETY: as above.
        unsafe { (*header).msg_len = result as c_uint };
        flags |= libc::MSG_DONTWAIT;
    }
    Ok((len, None))
}

/// # Safety
/// As many headers as `len` must stand at `headers`, each fit for sendmsg(2).
unsafe fn sendmmsg<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    headers: *mut mmsghdr,
    len: usize,
    flags: c_int,
) -> Result<usize, Errno> {
    let (fd, flags) = (number(fd), flags | libc::MSG_NOSIGNAL);
    let vlen = len.min(MAX_MESSAGES) as c_uint;
    // SAFETY: sendmmsg(2) reads the `vlen` headers, which the caller vouches for, and writes the
    // `msg_len` of those it sent.
    let sent = unsafe { libc::sendmmsg(fd, headers, vlen, flags as _) };
    match count(sent) {
        // SAFETY: as above.
        Err(Errno::ENOSYS) => unsafe { send_each(fd, headers, len, flags) },
        result => result,
    }
}

/// [`sendmmsg`] by single calls. As there, an error behind the first message only ends the batch.
///
/// # Safety
/// As [`sendmmsg`].
#[cold]
unsafe fn send_each(
    fd: c_int,
    headers: *mut mmsghdr,
    len: usize,
    flags: c_int,
) -> Result<usize, Errno> {
    for index in 0..len {
        let header = headers.wrapping_add(index);
        // SAFETY: the caller vouches for every header below `len`.
        let result = unsafe { libc::sendmsg(fd, &raw const (*header).msg_hdr, flags) };
        match result {
            -1 if index == 0 => return Err(Errno::last()),
            -1 => return Ok(index),
            // SAFETY: as above.
            sent => unsafe { (*header).msg_len = sent as c_uint },
        }
    }
    Ok(len)
}

/// Points a header to what sendmsg(2) reads.
#[inline]
fn point(
    header: &mut libc::msghdr,
    iovecs: *mut iovec,
    iovec_count: usize,
    control: &[u8],
    to: Option<&SockAddr>,
) {
    header.msg_iov = iovecs;
    header.msg_iovlen = iovec_count as _;
    (header.msg_name, header.msg_namelen) = match to {
        Some(to) => (to.as_ptr().cast_mut().cast::<c_void>(), to.len()),
        None => (ptr::null_mut(), 0),
    };
    (header.msg_control, header.msg_controllen) = match control {
        [] => (ptr::null_mut(), 0),
        control => (
            control.as_ptr().cast_mut().cast::<c_void>(),
            control.len() as _,
        ),
    };
}
