//! One attempt at a transfer that never sleeps: for whoever waits in a way of their own.
//!
//! Each is one system call with MSG_DONTWAIT. None restarts or waits, none is a cancellation point,
//! and an error is the kernel's: [`Errno::EAGAIN`] where the call would have to wait.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use crate::address::Address;
use crate::errno::Errno;
use crate::flags::MsgFlags;
use crate::sys::bare;
use crate::sys::call::{self, MessageInfo};

/// recv(2) of what is there.
#[inline]
pub fn try_recv(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
) -> Result<usize, Errno> {
    bare::recv(fd, buf, (flags | MsgFlags::DONTWAIT).raw())
}

/// send(2) of as much as there is room for.
#[inline]
pub fn try_send(fd: BorrowedFd<'_>, buf: &[u8], flags: MsgFlags) -> Result<usize, Errno> {
    bare::send(fd, buf, (flags | MsgFlags::DONTWAIT).raw())
}

/// recvfrom(2) of what is there; `from` as [`recv_from`](super::recv_from) leaves it.
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
pub fn send_msg_once(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    control: &[u8],
    to: Option<&Address>,
    flags: MsgFlags,
) -> Result<usize, Errno> {
    call::sendmsg(fd, bufs, control, to.map(Address::native), flags.raw())
}
