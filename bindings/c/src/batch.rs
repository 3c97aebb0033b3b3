//! Many messages in one system call.

use std::ffi::{c_int, c_uint, c_void};
use std::mem::MaybeUninit;

use rsocket::fd::{MessageInfo, RecvSlot, SLOTS_MAX, SendSlot};
use rsocket::{MsgFlags, fd};

use crate::address::{read, written};
use crate::support::{Answer, Result, Timeout, borrow, bytes, objects, objects_mut, room};
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

const _: () = assert!(size_of::<rsocket_msg>() == 184);

/// Receives as many messages as are there, `count` at most, waiting for the first alone:
/// `timeout_ms` milliseconds at most, -1 for ever, 0 not at all.
///
/// Each message has `buf` and `cap`; `len`, `addr` and `flags` are filled in. `flags` are
/// recv(2)'s; with MSG_TRUNC a `len` is the full length of its datagram.
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
    let recv = || -> Result<c_int> {
        let mut timeout = Timeout::new(timeout_ms)?;
        let fd = borrow(fd)?;
        let messages = objects_mut(messages, (count as usize).min(SLOTS_MAX))?;
        for message in messages.iter() {
            room(message.buf, message.cap)?;
        }
        let mut infos = [const { MaybeUninit::<MessageInfo>::uninit() }; SLOTS_MAX];
        let slots = messages
            .iter_mut()
            .zip(&mut infos)
            .filter_map(|(message, info)| {
                Some(RecvSlot {
                    data: room(message.buf, message.cap).ok()?,
                    control: &mut [],
                    from: written(&raw mut message.addr),
                    info: info.write(MessageInfo::default()),
                })
            });
        let filled = fd::recv_batch(fd, slots, MsgFlags::from_raw(flags), &mut timeout)?;
        for (message, info) in messages.iter_mut().zip(&infos).take(filled) {
            // SAFETY: every slot that was filled was made above, with an info written.
            let info = unsafe { info.assume_init_ref() };
            message.len = info.len;
            message.flags = info.flags;
        }
        Ok(filled as c_int)
    };
    recv().answer()
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
    let send = || -> Result<c_int> {
        let mut timeout = Timeout::new(timeout_ms)?.started();
        let fd = borrow(fd)?;
        // The answer is an int.
        let count = (count as usize).min(c_int::MAX as usize);
        let messages = objects(messages, count)?;
        for message in messages {
            bytes(message.buf.cast_const(), message.len)?;
            read(&raw const message.addr)?;
        }
        let slots = messages.iter().filter_map(|message| {
            let to = read(&raw const message.addr).ok()?;
            Some(SendSlot {
                data: bytes(message.buf.cast_const(), message.len).ok()?,
                control: &[],
                to: (message.addr.len != 0).then_some(to),
            })
        });
        let sent = fd::send_batch(fd, slots, MsgFlags::from_raw(flags), &mut timeout)?;
        Ok(sent as c_int)
    };
    send().answer()
}
