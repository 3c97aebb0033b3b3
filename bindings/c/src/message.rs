//! Several buffers at once, and whole messages with their control data.

use std::ffi::c_int;
use std::io::{IoSlice, IoSliceMut};

use libc::{iovec, msghdr, socklen_t, ssize_t};
use rsocket::{Address, Blocking, Errno, MsgFlags, fd};

use crate::support::{
    Answer, Code, Result, Timeout, borrow, bytes, object, objects, objects_mut, room,
};
use crate::types::rsocket_endpoint;

/// `count` buffers to read from.
fn sources<'a>(iov: *const iovec, count: usize) -> Result<&'a [IoSlice<'a>]> {
    // IoSlice "is guaranteed to be ABI compatible with the iovec type on Unix platforms" (std); the
    // core hands them to the kernel and looks into none.
    objects(iov.cast::<IoSlice<'a>>(), at_most_1024(count)?)
}

/// `count` buffers to write to.
fn sinks<'a>(iov: *const iovec, count: usize) -> Result<&'a mut [IoSliceMut<'a>]> {
    // IoSliceMut is laid out as iovec (std); the kernel does not change the array.
    objects_mut(
        iov.cast_mut().cast::<IoSliceMut<'a>>(),
        at_most_1024(count)?,
    )
}

fn count(number: c_int) -> Result<usize> {
    usize::try_from(number).map_err(|_| Code::errno(Errno::EINVAL))
}

/// As many buffers as one call takes (UIO_MAXIOV, sendmsg(2)); the kernel would say the same.
fn at_most_1024(count: usize) -> Result<usize> {
    if count > 1024 {
        return Err(Code::errno(Errno::EMSGSIZE));
    }
    Ok(count)
}

/// Receives into `count` buffers in turn, as readv(2) does, with recv(2)'s `flags`.
///
/// Returns and errors: as rsocket_recv(); `-EMSGSIZE` for more than 1024 buffers, `-EINVAL` for a
/// negative count.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recvv(
    fd: rsocket_endpoint,
    iov: *const iovec,
    count: c_int,
    flags: c_int,
) -> ssize_t {
    let recv = || -> Result<usize> {
        let (fd, bufs) = (borrow(fd)?, sinks(iov, self::count(count)?)?);
        let flags = MsgFlags::from_raw(flags);
        Ok(fd::recv_msg(fd, bufs, &mut [], None, flags, &mut Blocking)?.len)
    };
    recv().answer()
}

/// Sends `count` buffers as one, as writev(2) does, with send(2)'s `flags`; never raises SIGPIPE.
///
/// Returns and errors: as rsocket_send(); `-EMSGSIZE` for more than 1024 buffers, `-EINVAL` for a
/// negative count.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_sendv(
    fd: rsocket_endpoint,
    iov: *const iovec,
    count: c_int,
    flags: c_int,
) -> ssize_t {
    let send = || -> Result<usize> {
        let (fd, bufs) = (borrow(fd)?, sources(iov, self::count(count)?)?);
        Ok(fd::send_msg(
            fd,
            bufs,
            &[],
            None,
            MsgFlags::from_raw(flags),
            &mut Blocking,
        )?)
    };
    send().answer()
}

/// Receives a message with its control messages and the sender's address, as recvmsg(2) does,
/// within `timeout_ms` milliseconds: -1 for ever.
///
/// MSG_CMSG_CLOEXEC is added: received descriptors are close-on-exec, and the caller's, whatever
/// number of them the rounding of CMSG_SPACE lets in. `msg_flags` says what was cut (MSG_TRUNC,
/// MSG_CTRUNC). rsocket_recv_fds() is the safe way for descriptors.
///
/// Returns and errors: as rsocket_recv_timeout(); `-EMSGSIZE` for more than 1024 buffers. On an
/// error `message` is as it was.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv_msg(
    fd: rsocket_endpoint,
    message: *mut msghdr,
    flags: c_int,
    timeout_ms: c_int,
) -> ssize_t {
    let recv = || -> Result<usize> {
        let message = object(message)?;
        let mut timeout = Timeout::new(timeout_ms)?;
        let fd = borrow(fd)?;
        let bufs = sinks(message.msg_iov, message.msg_iovlen as usize)?;
        let control = room(message.msg_control, message.msg_controllen as usize)?;
        let name = room(message.msg_name, message.msg_namelen as usize)?;
        let mut from = Address::default();
        let wants_name = (!name.is_empty()).then_some(&mut from);
        let flags = MsgFlags::from_raw(flags) | MsgFlags::CMSG_CLOEXEC;
        let info = fd::recv_msg(fd, bufs, control, wants_name, flags, &mut timeout)?;
        for (slot, byte) in name.iter_mut().zip(from.as_bytes()) {
            slot.write(*byte);
        }
        // recvmsg(2): the length of the address, also where the room was less.
        message.msg_namelen = from.as_bytes().len() as socklen_t;
        message.msg_controllen = info.control_len as _;
        message.msg_flags = info.flags;
        Ok(info.len)
    };
    recv().answer()
}

/// Sends a message with its control messages, as sendmsg(2) does, within `timeout_ms` milliseconds:
/// -1 for ever. Never raises SIGPIPE.
///
/// Returns and errors: as rsocket_send_to_timeout(); `-EMSGSIZE` for more than 1024 buffers. The
/// kernel judges the control messages; outside the Unix domain it drops descriptors silently, which
/// rsocket_send_fds() refuses to try.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_msg(
    fd: rsocket_endpoint,
    message: *const msghdr,
    flags: c_int,
    timeout_ms: c_int,
) -> ssize_t {
    let send = || -> Result<usize> {
        let message = object(message.cast_mut())?;
        let mut timeout = Timeout::new(timeout_ms)?;
        let fd = borrow(fd)?;
        let bufs = sources(message.msg_iov, message.msg_iovlen as usize)?;
        let control = bytes(message.msg_control, message.msg_controllen as usize)?;
        let name = bytes(message.msg_name.cast_const(), message.msg_namelen as usize)?;
        let flags = MsgFlags::from_raw(flags);
        if name.is_empty() {
            return Ok(fd::send_msg(fd, bufs, control, None, flags, &mut timeout)?);
        }
        let to = Address::from_bytes(name)?;
        Ok(fd::send_msg(
            fd,
            bufs,
            control,
            Some(&to),
            flags,
            &mut timeout,
        )?)
    };
    send().answer()
}
