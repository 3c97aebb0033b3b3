//! The transfer calls without glibc around them.
//!
//! pthreads(7) makes send, recv and their like cancellation points: in a process of several threads
//! glibc then does two atomic operations more in each. A call that never sleeps needs none of that,
//! and syscall(2) is no cancellation point.

use std::ffi::{c_int, c_long};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::call::{MessageInfo, header_to_fill, header_to_send};
use super::sockaddr::{CAPACITY, SockAddr};
use crate::errno::Errno;

type Result<T> = std::result::Result<T, Errno>;

#[inline]
fn check_len(result: c_long) -> Result<usize> {
    usize::try_from(result).map_err(|_| Errno::last())
}

#[inline]
pub(crate) fn recv(fd: BorrowedFd<'_>, buf: &mut [MaybeUninit<u8>], flags: c_int) -> Result<usize> {
    let (fd, data, len) = (fd.as_raw_fd(), buf.as_mut_ptr(), buf.len());
    let nowhere = ptr::null_mut::<libc::sockaddr>();
    let no_len = ptr::null_mut::<libc::socklen_t>();
    // SAFETY: recvfrom(2) writes at most `len` bytes into the buffer, and no address where it is
    // given none.
    check_len(unsafe { libc::syscall(libc::SYS_recvfrom, fd, data, len, flags, nowhere, no_len) })
}

#[inline]
pub(crate) fn send(fd: BorrowedFd<'_>, buf: &[u8], flags: c_int) -> Result<usize> {
    let (fd, data, len) = (fd.as_raw_fd(), buf.as_ptr(), buf.len());
    let flags = flags | libc::MSG_NOSIGNAL;
    let nowhere = ptr::null::<libc::sockaddr>();
    // SAFETY: sendto(2) reads at most `len` bytes from the buffer, and no address.
    check_len(unsafe { libc::syscall(libc::SYS_sendto, fd, data, len, flags, nowhere, 0usize) })
}

#[inline]
pub(crate) fn recv_from(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: c_int,
    from: &mut SockAddr,
) -> Result<usize> {
    let (fd, data, len) = (fd.as_raw_fd(), buf.as_mut_ptr(), buf.len());
    let (memory, mut room) = memory_of(from);
    // SAFETY: recvfrom(2) writes at most `len` bytes into the buffer; addrlen "on return will
    // contain the actual size of the source address".
    let received = check_len(unsafe {
        let room = &raw mut room;
        libc::syscall(libc::SYS_recvfrom, fd, data, len, flags, memory, room)
    });
    // SAFETY: the kernel wrote so much of the address, and nothing where it failed.
    unsafe { from.set_len(if received.is_ok() { room } else { 0 }) };
    received
}

/// Where a system call writes an address, and how many bytes there are.
fn memory_of(address: &mut SockAddr) -> (*mut libc::sockaddr, libc::socklen_t) {
    // `SockAddr` is `repr(C)`, and the memory is its first field.
    (
        ptr::from_mut(address).cast::<libc::sockaddr>(),
        CAPACITY as libc::socklen_t,
    )
}

#[inline]
pub(crate) fn send_to(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    flags: c_int,
    to: &SockAddr,
) -> Result<usize> {
    let (fd, data, len) = (fd.as_raw_fd(), buf.as_ptr(), buf.len());
    let (flags, to_len) = (flags | libc::MSG_NOSIGNAL, to.len() as usize);
    // SAFETY: sendto(2) reads `len` bytes from the buffer and the address for its length.
    check_len(unsafe { libc::syscall(libc::SYS_sendto, fd, data, len, flags, to.as_ptr(), to_len) })
}

pub(crate) fn recvmsg(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    from: &mut SockAddr,
    flags: c_int,
) -> Result<MessageInfo> {
    let mut header = header_to_fill(bufs, control);
    let (memory, room) = memory_of(from);
    header.msg_name = memory.cast();
    header.msg_namelen = room;
    // SAFETY: recvmsg(2) writes the data, control and name within the lengths in the header.
    let received = check_len(unsafe {
        libc::syscall(libc::SYS_recvmsg, fd.as_raw_fd(), &raw mut header, flags)
    });
    let written = if received.is_ok() {
        header.msg_namelen
    } else {
        0
    };
    // SAFETY: "upon return" msg_namelen "will contain the length of the returned address".
    unsafe { from.set_len(written) };
    let len = received?;
    Ok(MessageInfo {
        len,
        control_len: header.msg_controllen.min(control.len()),
        flags: header.msg_flags,
    })
}

pub(crate) fn sendmsg(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    control: &[u8],
    to: Option<&SockAddr>,
    flags: c_int,
) -> Result<usize> {
    let header = header_to_send(bufs, control, to);
    let (header, flags) = (&raw const header, flags | libc::MSG_NOSIGNAL);
    // SAFETY: sendmsg(2) only reads: the header, the buffers, the control data and the name, all
    // of which live until the call returns.
    check_len(unsafe { libc::syscall(libc::SYS_sendmsg, fd.as_raw_fd(), header, flags) })
}
