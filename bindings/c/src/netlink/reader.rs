//! Where the reader of a netlink socket stands, behind C's struct.

use std::ffi::{c_char, c_int, c_void};
use std::os::fd::BorrowedFd;
use std::{slice, str};

use rsocket::Errno;
use rsocket::netlink::{self, Cursor, EventCursor, HEADER_LEN, Message};

use super::{nlmsghdr, rsocket_nl};
use crate::support::{Code, Result, Timeout, borrow, object, text};

/// What `state` holds, from rsocket_nl_open() on.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Reader {
    pub(super) replies: Cursor,
    pub(super) events: EventCursor,
}

const _: () = assert!(
    size_of::<Reader>() <= size_of::<[u64; 6]>() && align_of::<Reader>() <= align_of::<u64>()
);

impl rsocket_nl {
    /// The socket, the buffer and the reader.
    pub(super) fn parts(&mut self) -> Result<(BorrowedFd<'_>, &mut [u8], &mut Reader)> {
        let fd = borrow(self.fd)?;
        if self.buf.is_null() {
            return Err(Code::errno(Errno::EFAULT));
        }
        // SAFETY: rsocket_nl_open() took `cap` bytes at `buf` from the caller, who promised to leave
        // them alone while the struct is used, and put a Reader into `state`.
        unsafe {
            let buf = slice::from_raw_parts_mut(self.buf.cast::<u8>(), self.cap);
            Ok((fd, buf, &mut *self.state.as_mut_ptr().cast::<Reader>()))
        }
    }
}

/// The generic family `name` ("nl80211", "ethtool", "nlctrl" itself) as the kernel's controller
/// describes it.
pub(super) fn generic(
    nl: *mut rsocket_nl,
    name: *const c_char,
    timeout_ms: c_int,
) -> Result<netlink::GenericFamily> {
    let mut timeout = Timeout::new(timeout_ms)?.started();
    let nl = object(nl)?;
    let name = str::from_utf8(text(name)?).map_err(|_| Code::errno(Errno::ENOENT))?;
    let (fd, buf, reader) = nl.parts()?;
    let cursor = &mut reader.replies;
    Ok(netlink::resolve_family(
        fd,
        cursor,
        buf,
        name,
        &mut timeout,
    )?)
}

/// Where in the buffer that starts at `start` a message has its header.
pub(super) fn header_of(start: *mut u8, message: &Message<'_>) -> *const nlmsghdr {
    let offset = message.payload.as_ptr().addr() - start.addr() - HEADER_LEN;
    // The buffer was aligned when it was taken, and messages are aligned in it.
    start
        .wrapping_add(offset)
        .cast::<c_void>()
        .cast::<nlmsghdr>()
}
