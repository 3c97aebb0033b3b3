//! Single attempts, for whoever waits in a way of their own: one system call each, with the kernel's
//! own number as the error, EINTR and all.
//!
//! `try_…` never sleeps: MSG_DONTWAIT is added, [`Errno::EAGAIN`] says that the call would have to
//! wait, and it is no cancellation point. `…_once` sleeps as the socket does; where it may be given
//! no descriptor, that is one that the kernel does not know: [`Errno::EBADF`].

use std::ffi::c_int;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::address::Address;
use crate::errno::Errno;
use crate::flags::MsgFlags;
use crate::sys::bare;
use crate::sys::call::{self, MessageInfo, NativeName};
use crate::sys::mmsg::Headers;

/// recv(2) of what is there.
///
/// # Errors
/// EAGAIN where nothing is there, and the others of recv(2).
#[inline]
pub fn try_recv(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
) -> Result<usize, Errno> {
    bare::recv(fd, buf, (flags | MsgFlags::DONTWAIT).raw())
}

/// send(2) of as much as there is room for.
///
/// # Errors
/// EAGAIN where there is no room, EPIPE, and the others of send(2).
#[inline]
pub fn try_send(fd: BorrowedFd<'_>, buf: &[u8], flags: MsgFlags) -> Result<usize, Errno> {
    bare::send(fd, buf, (flags | MsgFlags::DONTWAIT).raw())
}

/// recvfrom(2) of what is there; `from` as [`recv_from`](super::recv_from) leaves it.
///
/// # Errors
/// As [`try_recv`].
#[inline]
pub fn try_recv_from(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
    from: &mut Address,
) -> Result<usize, Errno> {
    let flags = (flags | MsgFlags::DONTWAIT).raw();
    bare::recv_from(fd, buf, flags, from.native_mut())
}

/// sendto(2) where there is room.
///
/// # Errors
/// As [`try_send`]; EMSGSIZE, EDESTADDRREQ, and the others of sendto(2).
#[inline]
pub fn try_send_to(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    flags: MsgFlags,
    to: &Address,
) -> Result<usize, Errno> {
    bare::send_to(fd, buf, (flags | MsgFlags::DONTWAIT).raw(), to.native())
}

/// recvmsg(2) of what is there, with the control messages as [`recv_msg`](super::recv_msg) has them.
///
/// # Errors
/// As [`try_recv`].
pub fn try_recv_msg(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    from: &mut Address,
    flags: MsgFlags,
) -> Result<MessageInfo, Errno> {
    let flags = (flags | MsgFlags::DONTWAIT).raw();
    bare::recvmsg(fd, bufs, control, from.native_mut(), flags)
}

/// sendmsg(2) where there is room, with control messages as bytes.
///
/// # Errors
/// As [`try_send_to`].
pub fn try_send_msg(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    control: &[u8],
    to: Option<&Address>,
    flags: MsgFlags,
) -> Result<usize, Errno> {
    let flags = (flags | MsgFlags::DONTWAIT).raw();
    bare::sendmsg(fd, bufs, control, to.map(Address::native), flags)
}

/// One sendmsg(2) as it is, which may sleep: EINTR and all.
///
/// # Errors
/// As [`send_to_once`].
pub fn send_msg_once(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    control: &[u8],
    to: Option<&Address>,
    flags: MsgFlags,
) -> Result<usize, Errno> {
    call::sendmsg(fd, bufs, control, to.map(Address::native), flags.raw())
}

/// One recv(2) as it is: it sleeps as the socket does.
///
/// # Errors
/// EINTR, EAGAIN of a non-blocking socket, and the others of recv(2).
#[inline]
pub fn recv_once<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
) -> Result<usize, Errno> {
    call::recv(fd, buf, flags.raw())
}

/// One send(2) as it is: it sleeps as the socket does.
///
/// # Errors
/// EINTR, EAGAIN of a non-blocking socket, EPIPE, and the others of send(2).
#[inline]
pub fn send_once<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &[u8],
    flags: MsgFlags,
) -> Result<usize, Errno> {
    call::send(fd, buf, flags.raw())
}

/// One recvfrom(2) as it is: it sleeps as the socket does.
///
/// # Errors
/// As [`recv_once`].
#[inline]
pub fn recv_from_once(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
    from: &mut Address,
) -> Result<usize, Errno> {
    call::recv_from(fd, buf, flags.raw(), from.native_mut())
}

/// [`recv_from_once`] into an address of another language: its length is the room for it
/// before the call, and then what the kernel says, which may be more. On an error it is left alone.
///
/// # Errors
/// As [`recv_once`].
#[inline]
pub fn recv_from_native_once<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
    from: NativeName<'_>,
) -> Result<usize, Errno> {
    call::recv_from_native(fd, buf, flags.raw(), from)
}

/// One sendto(2) as it is: it sleeps as the socket does.
///
/// # Errors
/// As [`send_once`]; EMSGSIZE, EDESTADDRREQ, and the others of sendto(2).
#[inline]
pub fn send_to_once<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &[u8],
    flags: MsgFlags,
    to: &Address,
) -> Result<usize, Errno> {
    call::send_to(fd, buf, flags.raw(), to.native())
}

/// One accept4(2) as it is, close-on-exec: it sleeps as the socket does.
///
/// # Errors
/// EINTR, EAGAIN of a non-blocking socket, ECONNABORTED, EMFILE, and the others of accept(2).
#[inline]
pub fn accept_once(
    fd: BorrowedFd<'_>,
    peer: Option<&mut Address>,
    nonblocking: bool,
) -> Result<OwnedFd, Errno> {
    let flags = if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
    call::accept(fd, peer.map(Address::native_mut), flags)
}

/// [`accept_once`] with the peer's address as [`recv_from_native_once`] has it.
///
/// # Errors
/// As [`accept_once`].
#[inline]
pub fn accept_native_once<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    peer: Option<NativeName<'_>>,
    nonblocking: bool,
) -> Result<OwnedFd, Errno> {
    let flags = c_int::from(nonblocking) * libc::SOCK_NONBLOCK;
    call::accept_native(fd, peer, flags)
}

/// One recvmmsg(2) as it is, of as many messages as are there: for the first it sleeps as the socket
/// does.
///
/// # Errors
/// As [`recv_once`].
#[inline]
pub fn recv_headers_once<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    headers: &mut Headers<'_>,
    flags: MsgFlags,
) -> Result<usize, Errno> {
    headers.receive(fd.into(), (flags | MsgFlags::WAITFORONE).raw())
}

/// One sendmmsg(2) as it is, of 1024 messages at most: it sleeps as the socket does.
///
/// # Errors
/// As [`send_to_once`], where nothing went.
#[inline]
pub fn send_headers_once<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    headers: &mut Headers<'_>,
    flags: MsgFlags,
) -> Result<usize, Errno> {
    headers.send(fd.into(), flags.raw())
}
