//! Many messages in one system call.

use std::ffi::{c_int, c_uint, c_void};
use std::mem::{MaybeUninit, offset_of};

use libc::{iovec, mmsghdr, msghdr, sockaddr_storage, socklen_t};
use rsocket::fd::{self, Headers, SLOTS_MAX};
use rsocket::{Errno, MsgFlags};

use crate::address::read;
use crate::support::{
    Answer, Result, Timeout, borrow, bytes, lent, may_go_on, objects, objects_mut, room,
};
use crate::types::{rsocket_addr, rsocket_endpoint};

/// The most messages that one call of rsocket_recv_batch() receives.
pub const RSOCKET_BATCH_MAX: c_int = 64;
const _: () = assert!(RSOCKET_BATCH_MAX as usize == SLOTS_MAX);

/// One message of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "C's")]
pub struct rsocket_msg {
    /// Where the data is, or goes.
    pub buf: *mut c_void,
    /// To receive: how many bytes `buf` has room for.
    pub cap: usize,
    /// How many bytes to send; or how many came: more than `cap` only with MSG_TRUNC.
    pub len: usize,
    /// The destination, or no address for the peer; or who sent it.
    pub addr: rsocket_addr,
    /// What came with it: MSG_TRUNC where it was cut, MSG_EOR, MSG_CTRUNC. Not read in sending.
    pub flags: c_int,
    /// 0.
    pub reserved: [c_int; 5],
}

// It begins as an iovec does, so that the kernel is told of `buf` and `cap` where they are.
const _: () = assert!(
    size_of::<rsocket_msg>() == 184
        && offset_of!(rsocket_msg, buf) == offset_of!(iovec, iov_base)
        && offset_of!(rsocket_msg, cap) == offset_of!(iovec, iov_len)
);

const NAME_ROOM: socklen_t = size_of::<sockaddr_storage>() as socklen_t;

/// Receives as many messages as are there, `count` at most, waiting for the first alone:
/// `timeout_ms` milliseconds at most, -1 for ever, 0 not at all.
///
/// Each message has `buf` and `cap`; `len`, `addr` and `flags` are filled in, where one came. The
/// argument `flags` is recv(2)'s; with MSG_TRUNC a `len` is the full length of its datagram.
///
/// Returns how many messages came, in the order they came; RSOCKET_BATCH_MAX at most. Errors:
/// those of rsocket_recv_timeout(); an error behind the first message is told by the next call.
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_recv_batch(
    fd: rsocket_endpoint,
    messages: *mut rsocket_msg,
    count: c_uint,
    flags: c_int,
    timeout_ms: c_int,
) -> c_int {
    let batch = Batch {
        fd,
        messages,
        count: (count as usize).min(SLOTS_MAX),
        flags,
        timeout_ms,
    };
    let mut room = [const { MaybeUninit::uninit() }; SLOTS_MAX];
    let filled = match batch.recv_at_once(&mut room) {
        Some(Ok(filled)) => filled,
        tried => match batch.recv_on(&mut room, tried.and_then(std::result::Result::err)) {
            Ok(filled) => filled,
            failed => return failed.answer() as c_int,
        },
    };
    // SAFETY: the kernel has filled as many as it says.
    unsafe { tell(messages, &room, filled) };
    filled as c_int
}

/// Sends `count` messages by as few system calls as it takes, waiting for room `timeout_ms`
/// milliseconds at most: -1 for ever, 0 not at all.
///
/// Each message has `buf`, `len`, and `addr` with a destination or a `len` of 0 for the peer.
/// `flags` are send(2)'s; MSG_NOSIGNAL is added.
///
/// Returns how many messages went. Where that is fewer than `count`, the next one met an error,
/// which another call from there on tells. Errors, where nothing went: those of
/// rsocket_send_to_timeout().
///
/// MT-safe, async-signal-safe. A cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_send_batch(
    fd: rsocket_endpoint,
    messages: *const rsocket_msg,
    count: c_uint,
    flags: c_int,
    timeout_ms: c_int,
) -> c_int {
    // The answer is an int.
    let count = (count as usize).min(c_int::MAX as usize);
    let batch = Batch {
        fd,
        messages: messages.cast_mut(),
        count,
        flags,
        timeout_ms,
    };
    match batch.send_at_once() {
        Some(Ok(sent)) => sent as c_int,
        tried => batch
            .send_on(tried.and_then(std::result::Result::err))
            .answer() as c_int,
    }
}

/// What a call was given.
struct Batch {
    fd: rsocket_endpoint,
    messages: *mut rsocket_msg,
    count: usize,
    flags: c_int,
    timeout_ms: c_int,
}

impl Batch {
    /// Whether nothing is wrong at first sight. What this turns down, the way on looks at closely.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        !self.messages.is_null() && self.count != 0 && self.timeout_ms >= -1
    }

    /// One try, of what is plain.
    #[inline(always)]
    fn recv_at_once(
        &self,
        room: &mut [MaybeUninit<mmsghdr>; SLOTS_MAX],
    ) -> Option<std::result::Result<usize, Errno>> {
        if !self.is_plain() {
            return None;
        }
        // SAFETY: not NULL, so as many as `count` messages, by the caller's promise.
        let (mut headers, is_plain) = unsafe { headers_to_fill(room, self.messages, self.count) };
        let flags = MsgFlags::from_raw(self.flags) | MsgFlags::DONTWAIT;
        is_plain.then(|| fd::recv_headers_once(lent(self.fd), &mut headers, flags))
    }

    /// One try, of what is plain and no more than one array of headers has room for.
    #[inline(always)]
    fn send_at_once(&self) -> Option<std::result::Result<usize, Errno>> {
        if !self.is_plain() || self.count > SLOTS_MAX {
            return None;
        }
        let mut room = Room::new();
        // SAFETY: not NULL, so as many as `count` messages, by the caller's promise.
        let (mut headers, is_plain) =
            unsafe { room.headers_to_send(self.messages.cast_const(), self.count) };
        let flags = MsgFlags::from_raw(self.flags) | MsgFlags::DONTWAIT;
        is_plain.then(|| fd::send_headers_once(lent(self.fd), &mut headers, flags))
    }

    /// The policy of the way on behind a first try, where there was one.
    fn timeout(&self, tried: Option<Errno>) -> Result<Timeout> {
        match tried {
            None => Timeout::new(self.timeout_ms),
            Some(errno) => {
                let waits = !MsgFlags::from_raw(self.flags).contains(MsgFlags::DONTWAIT);
                may_go_on(errno, waits)?;
                Timeout::after_a_try(self.timeout_ms)
            }
        }
    }

    /// The whole of a receive, with every argument looked at, or what is left of it where the first
    /// try failed.
    #[cold]
    #[inline(never)]
    fn recv_on(
        &self,
        headers: &mut [MaybeUninit<mmsghdr>; SLOTS_MAX],
        tried: Option<Errno>,
    ) -> Result<usize> {
        let mut timeout = self.timeout(tried)?;
        let fd = borrow(self.fd)?;
        let messages = objects_mut(self.messages, self.count)?;
        for message in messages.iter() {
            room(message.buf, message.cap)?;
        }
        // SAFETY: as many as `messages`, whose buffers have just been looked at.
        let (mut headers, _) =
            unsafe { headers_to_fill(headers, messages.as_mut_ptr(), messages.len()) };
        let flags = MsgFlags::from_raw(self.flags);
        Ok(fd::recv_headers(fd, &mut headers, flags, &mut timeout)?)
    }

    /// The whole of a send, or what is left of it where the first try failed.
    #[cold]
    #[inline(never)]
    fn send_on(&self, tried: Option<Errno>) -> Result<usize> {
        let mut timeout = self.timeout(tried)?.started();
        let fd = borrow(self.fd)?;
        let messages = objects(self.messages.cast_const(), self.count)?;
        for message in messages {
            bytes(message.buf, message.len)?;
            read(&raw const message.addr)?;
        }
        let flags = MsgFlags::from_raw(self.flags);
        let mut done = 0;
        for messages in messages.chunks(SLOTS_MAX) {
            let mut room = Room::new();
            // SAFETY: as many as `messages`, which have just been looked at.
            let (mut headers, _) =
                unsafe { room.headers_to_send(messages.as_ptr(), messages.len()) };
            match fd::send_headers(fd, &mut headers, flags, &mut timeout) {
                Ok(sent) => {
                    done += sent;
                    if sent < messages.len() {
                        break;
                    }
                }
                Err(error) if done == 0 => return Err(error.into()),
                Err(_) => break,
            }
        }
        Ok(done)
    }
}

/// Headers for the first `count` messages, [`SLOTS_MAX`] at most, and whether nothing is wrong with
/// any of them at first sight: no NULL, and no length beyond SSIZE_MAX.
///
/// # Safety
/// So many messages must stand at `messages`, which nobody else uses as long as the headers live.
#[inline(always)]
unsafe fn headers_to_fill(
    room: &mut [MaybeUninit<mmsghdr>; SLOTS_MAX],
    messages: *mut rsocket_msg,
    count: usize,
) -> (Headers<'_>, bool) {
    let headers = room.get_mut(..count).unwrap_or_default();
    let (mut message, mut signs) = (messages, 0);
    for header in &mut *headers {
        // SAFETY: the caller vouches for `count` messages.
        unsafe {
            signs |= sign((*message).buf, (*message).cap);
            let name = (&raw mut (*message).addr.ss).cast();
            point(header, message.cast(), name, NAME_ROOM);
        }
        message = message.wrapping_add(1);
    }
    // SAFETY: each points to the buffer and the address of its message, which C promises to be
    // writable; where the buffer is NULL or too long, the kernel says so.
    (unsafe { Headers::new(headers) }, signs >= 0)
}

/// Writes into the first `filled` messages what came.
///
/// # Safety
/// The kernel must have filled so many headers that [`headers_to_fill`] made for `messages`.
#[inline(always)]
unsafe fn tell(
    messages: *mut rsocket_msg,
    room: &[MaybeUninit<mmsghdr>; SLOTS_MAX],
    filled: usize,
) {
    let mut message = messages;
    for header in room.iter().take(filled) {
        let header = header.as_ptr();
        // SAFETY: recvmmsg(2) wrote these of each header; as many messages are there.
        unsafe {
            (*message).len = (*header).msg_len as usize;
            (*message).flags = (*header).msg_hdr.msg_flags;
            // accept(2) says that the length may be more than the room was.
            (*message).addr.len = (*header).msg_hdr.msg_namelen.min(NAME_ROOM);
        }
        message = message.wrapping_add(1);
    }
}

/// Room for headers to send, and for their buffers.
struct Room {
    headers: [MaybeUninit<mmsghdr>; SLOTS_MAX],
    iovecs: [MaybeUninit<iovec>; SLOTS_MAX],
}

impl Room {
    #[inline(always)]
    fn new() -> Self {
        Room {
            headers: [const { MaybeUninit::uninit() }; SLOTS_MAX],
            iovecs: [const { MaybeUninit::uninit() }; SLOTS_MAX],
        }
    }

    /// As [`headers_to_fill`]; nor is an address longer than there are.
    ///
    /// # Safety
    /// So many messages must stand at `messages`, which nobody changes as long as the headers live.
    #[inline(always)]
    unsafe fn headers_to_send(
        &mut self,
        messages: *const rsocket_msg,
        count: usize,
    ) -> (Headers<'_>, bool) {
        let headers = self.headers.get_mut(..count).unwrap_or_default();
        let (mut message, mut signs) = (messages, 0);
        for (header, iovec) in headers.iter_mut().zip(&mut self.iovecs) {
            // SAFETY: the caller vouches for `count` messages.
            unsafe {
                let (iov_base, iov_len) = ((*message).buf, (*message).len);
                let name_len = (*message).addr.len;
                signs |= sign(iov_base, iov_len) | (NAME_ROOM as isize - name_len as isize);
                let iovec = iovec.write(libc::iovec { iov_base, iov_len });
                // sendmsg(2): a name of length 0 is none.
                let name = (&raw const (*message).addr.ss).cast_mut().cast();
                point(header, iovec, name, name_len);
            }
            message = message.wrapping_add(1);
        }
        // SAFETY: each points to an iovec that stays where it is, and to the buffer and the address
        // of its message, which C promises to be readable.
        (unsafe { Headers::new(headers) }, signs >= 0)
    }
}

/// Negative for NULL, and for a length beyond SSIZE_MAX.
#[inline(always)]
fn sign(buf: *const c_void, len: usize) -> isize {
    (buf.addr() as isize).wrapping_sub(1) | len as isize
}

/// Writes of a header what recvmsg(2) and sendmsg(2) read: one buffer, a name, no control messages.
#[inline(always)]
fn point(
    header: &mut MaybeUninit<mmsghdr>,
    iovec: *mut iovec,
    name: *mut c_void,
    name_len: socklen_t,
) {
    let header: *mut msghdr = header.as_mut_ptr().cast();
    // SAFETY: the header begins with its msghdr, and there is room for the whole.
    unsafe {
        (&raw mut (*header).msg_name).write(name);
        (&raw mut (*header).msg_namelen).write(name_len);
        (&raw mut (*header).msg_iov).write(iovec);
        (&raw mut (*header).msg_iovlen).write(1);
        (&raw mut (*header).msg_control).write(std::ptr::null_mut());
        (&raw mut (*header).msg_controllen).write(0);
    }
}

const _: () = assert!(offset_of!(mmsghdr, msg_hdr) == 0);
