//! Netlink: requests and their replies, checked, in a buffer of the caller's; see netlink(7).

mod attributes;
mod reader;

use std::ffi::{c_char, c_int, c_void};
use std::os::fd::{AsFd, IntoRawFd};
use std::{ptr, slice, str};

use libc::ssize_t;
use rsocket::netlink::{self, Event, EventCursor, HEADER_LEN};
use rsocket::{Address, Blocking, Errno, Error, Family, Kind, NetlinkError, Protocol, fd};

use self::attributes::{next_attribute, payload_of};
use self::reader::{Reader, generic, header_of};
use crate::address::Text;
use crate::support::{
    Answer, Code, Result, Timeout, borrow, bytes, guard, object, objects_mut, put, room, text,
};
use crate::types::rsocket_endpoint;

/// `struct nlmsghdr` of linux/netlink.h, of which only the length is read here.
#[repr(C)]
#[allow(missing_debug_implementations, reason = "C's")]
pub struct nlmsghdr {
    nlmsg_len: u32,
    rest: [u32; 3],
}

/// `struct nlattr` of linux/netlink.h.
#[repr(C)]
#[allow(missing_debug_implementations, reason = "C's")]
pub struct nlattr {
    nla_len: u16,
    nla_type: u16,
}

const _: () = assert!(size_of::<nlmsghdr>() == HEADER_LEN);

/// A netlink socket and where its reader stands; keep it on the stack. `fd` is for the caller, to
/// poll, to give options, to close; the rest is the library's.
///
/// For one thread at a time.
#[repr(C)]
#[derive(Debug)]
pub struct rsocket_nl {
    /// The socket, or -1.
    pub fd: rsocket_endpoint,
    /// The library's.
    pub buf: *mut c_void,
    /// The library's.
    pub cap: usize,
    /// The library's.
    pub state: [u64; 6],
    /// 0.
    pub reserved: [u64; 2],
}

/// Opens a netlink socket for requests or for events, bound to a port id of the kernel's choice,
/// with strict checking and extended acknowledgements where the kernel has them.
///
/// `protocol` is NETLINK_ROUTE or another of linux/netlink.h; `groups` the mask of the first 32
/// multicast groups to join, or 0: rsocket_nl_join() takes a group by its number. Replies are read
/// into the `cap` bytes at `buf`, which belong to the library until `nl` is used no more: 32768
/// bytes hold every message that the kernel sends.
///
/// Returns the descriptor, which is `nl->fd` too: close it with rsocket_close(). On an error
/// `nl->fd` is -1. Errors: `-EPROTONOSUPPORT`, `-EPERM` for a group that takes a capability,
/// `-EINVAL` for fewer than 64 bytes, `-EFAULT` for NULL, `-EMFILE` and the others of socket(2).
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_open(
    nl: *mut rsocket_nl,
    protocol: c_int,
    groups: u32,
    buf: *mut c_void,
    cap: usize,
) -> rsocket_endpoint {
    const EMPTY: rsocket_nl = rsocket_nl {
        fd: -1,
        buf: ptr::null_mut(),
        cap: 0,
        state: [0; 6],
        reserved: [0; 2],
    };
    guard(|| {
        if nl.is_null() {
            return Err(Code::errno(Errno::EFAULT));
        }
        // SAFETY: not null; the caller's promise is one writable object.
        let nl = unsafe {
            nl.write(EMPTY);
            &mut *nl
        };
        if buf.is_null() {
            return Err(Code::errno(Errno::EFAULT));
        }
        // netlink(7): messages are aligned to four bytes; a char array need not be.
        let padding = buf.cast::<u8>().align_offset(align_of::<nlmsghdr>());
        let room = room(buf, cap)?.get_mut(padding..).unwrap_or_default();
        if room.len() < 64 {
            return Err(Code::errno(Errno::EINVAL));
        }
        let protocol = Protocol::from_raw(protocol);
        let socket = fd::socket(Family::NETLINK, Kind::RAW, protocol)?;
        netlink::prepare(socket.as_fd())?;
        fd::bind(socket.as_fd(), &Address::netlink(0, groups))?;
        nl.buf = room.as_mut_ptr().cast::<c_void>();
        nl.cap = room.len();
        // SAFETY: `state` has the size and alignment of a Reader (asserted beside it).
        unsafe {
            nl.state
                .as_mut_ptr()
                .cast::<Reader>()
                .write(Reader::default());
        };
        nl.fd = socket.into_raw_fd();
        Ok(nl.fd)
    })
    .answer()
}

/// Joins a multicast group by its number, RTNLGRP_LINK or what rsocket_nl_group() found.
///
/// Returns 0. Errors: `-EINVAL` for a number that the protocol lacks, `-EPERM` for a group that
/// takes a capability, `-EBADF`, `-ENOTSOCK`, `-ENOPROTOOPT` on a socket that is not netlink.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_nl_join(fd: rsocket_endpoint, group: u32) -> c_int {
    let join = || -> Result<()> { Ok(netlink::join(borrow(fd)?, group)?) };
    join().answer()
}

/// Leaves a multicast group.
///
/// Returns 0. Errors: those of rsocket_nl_join().
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_nl_leave(fd: rsocket_endpoint, group: u32) -> c_int {
    let leave = || -> Result<()> { Ok(netlink::leave(borrow(fd)?, group)?) };
    leave().answer()
}

/// Sends a request: a message of `type` whose payload is the `len` bytes at `payload`.
/// rsocket_nl_next() reads the replies. Replies to an earlier request that were not read are
/// passed over, what is left of a dump is read from the kernel for that.
///
/// `flags` are NLM_F_...; NLM_F_REQUEST and NLM_F_ACK are added, so that the replies end.
///
/// Returns 0. Errors: `-EBADF`, `-EFAULT` for NULL with a length, `-EMSGSIZE` for too long a
/// payload and the others of sendmsg(2) and recvmsg(2).
///
/// MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_READS(4, 5)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_request(
    nl: *mut rsocket_nl,
    r#type: u16,
    flags: u16,
    payload: *const c_void,
    len: usize,
) -> c_int {
    guard(|| {
        let nl = object(nl)?;
        let payload = bytes(payload, len)?;
        let (fd, buf, reader) = nl.parts()?;
        let cursor = &mut reader.replies;
        // The kernel answers EBUSY to a dump while another goes on. What it has for that is there at
        // once, on a non-blocking socket too.
        cursor.finish(fd, buf, &mut Timeout::new(-1)?)?;
        reader.events = EventCursor::default();
        let sequence = cursor.next_sequence();
        Ok(cursor.request(fd, sequence, r#type, flags, payload, &mut Blocking)?)
    })
    .answer()
}

/// Writes an attribute behind the `*len` bytes of a request's payload in the `cap` bytes at
/// `payload`: `type`, and the `size` bytes at `data`. `*len` becomes the length of the whole, a
/// multiple of four; begin with the size of the family's own structure, such as `sizeof (struct
/// ifinfomsg)`, or with 0.
///
/// An attribute of attributes has `type` `| NLA_F_NESTED` and a payload of its own as `data`.
///
/// Returns 0; on an error nothing was written. Errors: `-EMSGSIZE` where `cap` is too small, and
/// for more than 65531 bytes; `-EFAULT` for NULL; `-EINVAL` for a length above SSIZE_MAX.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_READS(5, 6)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_put(
    payload: *mut c_void,
    cap: usize,
    len: *mut usize,
    r#type: u16,
    data: *const c_void,
    size: usize,
) -> c_int {
    let put = || -> Result<()> {
        let (payload, len) = (objects_mut(payload.cast::<u8>(), cap)?, object(len)?);
        *len = netlink::put_attribute(payload, *len, r#type, bytes(data, size)?)?;
        Ok(())
    };
    put().answer()
}

/// The next reply to the request, waiting `timeout_ms` milliseconds at most: -1 for ever, 0 not at
/// all.
///
/// `message` gets a pointer into the buffer, valid until the next call with this `nl`; its length
/// has been checked.
///
/// Returns 1 with a message, 0 at the end of the replies. Errors: what the kernel answered, such as
/// `-ENODEV`, `-EPERM` or `-EINVAL`, and rsocket_nl_why() has its words; `-EINTR` at the end of a
/// dump that changed while it was read: ask again; `-ENOBUFS` where messages were lost: the socket
/// goes on working; `-EMSGSIZE` where the buffer was too small; `-EBADMSG` for a malformed message;
/// `-ETIMEDOUT`; `-EFAULT` for NULL; `-EINVAL` for a timeout below -1; `-EBADF`.
///
/// MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_next(
    nl: *mut rsocket_nl,
    message: *mut *const nlmsghdr,
    timeout_ms: c_int,
) -> c_int {
    guard(|| {
        let (nl, message) = (object(nl)?, object(message)?);
        *message = ptr::null();
        let mut timeout = Timeout::new(timeout_ms)?.started();
        let start = nl.buf.cast::<u8>();
        let (fd, buf, reader) = nl.parts()?;
        let Some(next) = reader.replies.next(fd, buf, &mut timeout)? else {
            return Ok(0);
        };
        *message = header_of(start, &next);
        Ok(1)
    })
    .answer()
}

/// Says in a sentence why the kernel refused the last request, by its extended acknowledgement,
/// such as "Invalid argument: Invalid values in header for link dump request". Right behind the
/// rsocket_nl_next() that failed.
///
/// Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0; 256 bytes hold
/// every sentence of today's kernels.
///
/// Returns the length of the whole sentence, 0 where the last request was not refused. Errors:
/// `-EFAULT` for NULL, `-EBADF` where `nl` was not opened.
///
/// MT-safe for different `nl`. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_why(
    nl: *mut rsocket_nl,
    buf: *mut c_char,
    cap: usize,
) -> ssize_t {
    guard(|| {
        let mut why = Text::new(buf, cap)?;
        let (_, replies, reader) = object(nl)?.parts()?;
        if let Some(refusal) = reader.replies.refusal(replies) {
            why.show(&refusal);
        }
        Ok(why.len)
    })
    .answer()
}

/// The next event of the multicast groups that were joined, waiting `timeout_ms` milliseconds at
/// most: -1 for ever, 0 not at all. Only what the kernel itself sent. Events never end.
///
/// `message` gets a pointer into the buffer, valid until the next call with this `nl`; its length
/// has been checked. Requests and events want an `nl` each: what a request finds unread is dropped.
///
/// Returns 1 with a message. Errors: `-ENOBUFS` where the receive queue ran over and events were
/// lost: what was learned from them is out of date, dump it again (the socket goes on working, and
/// a larger RSOCKET_SO_RCVBUF makes it rarer); `-EMSGSIZE` where the buffer was too small and
/// `-EBADMSG` for a malformed message, whose datagram is lost; `-ETIMEDOUT`; `-EFAULT` for NULL;
/// `-EINVAL` for a timeout below -1; `-EBADF`.
///
/// MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_event(
    nl: *mut rsocket_nl,
    message: *mut *const nlmsghdr,
    timeout_ms: c_int,
) -> c_int {
    guard(|| {
        let (nl, message) = (object(nl)?, object(message)?);
        *message = ptr::null();
        let mut timeout = Timeout::new(timeout_ms)?.started();
        let start = nl.buf.cast::<u8>();
        let (fd, buf, reader) = nl.parts()?;
        match reader.events.next(fd, buf, &mut timeout)? {
            Event::Message(next) => *message = header_of(start, &next),
            Event::Overrun => return Err(Error::from(NetlinkError::Overrun).into()),
        }
        Ok(1)
    })
    .answer()
}

/// Looks up a generic netlink family by its name ("nl80211", "ethtool", "nlctrl"), on an `nl` of
/// NETLINK_GENERIC, within `timeout_ms` milliseconds: -1 for ever.
///
/// Returns its number, the `type` of requests to it. Errors: `-ENOENT` where the kernel has no such
/// family; `-EPROTOTYPE` on a socket of another protocol, `-EFAULT` for NULL, and those of
/// rsocket_nl_request() and rsocket_nl_next().
///
/// MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_family(
    nl: *mut rsocket_nl,
    name: *const c_char,
    timeout_ms: c_int,
) -> c_int {
    guard(|| Ok(c_int::from(generic(nl, name, timeout_ms)?.id))).answer()
}

/// Looks up a multicast group of a generic netlink family by both names, such as "nlctrl" and
/// "notify", for rsocket_nl_join().
///
/// Returns its number. Errors: `-ENOENT` where there is no such family or group, and those of
/// rsocket_nl_family().
///
/// MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_group(
    nl: *mut rsocket_nl,
    family: *const c_char,
    group: *const c_char,
    timeout_ms: c_int,
) -> c_int {
    guard(|| {
        let group = str::from_utf8(text(group)?).map_err(|_| Code::errno(Errno::ENOENT))?;
        let family = generic(nl, family, timeout_ms)?;
        let number = family.group(group).ok_or(Code::errno(Errno::ENOENT))?;
        // The kernel counts groups from 16 on.
        c_int::try_from(number).map_err(|_| Code::errno(Errno::EBADMSG))
    })
    .answer()
}

/// The attributes of a message, one by one: the first for `previous` NULL, then the one behind
/// `previous`. `fixed` is the size of the structure between header and attributes, such as `sizeof
/// (struct ifinfomsg)`.
///
/// `message` must come from rsocket_nl_next(), and `previous` from this function for it.
///
/// Returns NULL at the end; also where an attribute's length is malformed, with `errno` EBADMSG,
/// which is not touched otherwise.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_attr(
    message: *const nlmsghdr,
    fixed: usize,
    previous: *const nlattr,
) -> *const nlattr {
    if message.is_null() {
        return ptr::null();
    }
    // SAFETY: not null; the caller's promise is a message whose length was checked.
    let payload = unsafe {
        let len = (*message).nlmsg_len as usize;
        let payload = message.cast::<u8>().add(HEADER_LEN);
        slice::from_raw_parts(payload, len.saturating_sub(HEADER_LEN))
    };
    let start = fixed.saturating_add(3) & !3;
    next_attribute(payload.get(start..).unwrap_or_default(), previous)
}

/// The attributes inside of a nested attribute, one by one: the first for `previous` NULL, then the
/// one behind `previous`.
///
/// Returns as rsocket_nl_attr(); NULL for NULL.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_nested(
    attribute: *const nlattr,
    previous: *const nlattr,
) -> *const nlattr {
    match payload_of(attribute) {
        Some(payload) => next_attribute(payload, previous),
        None => ptr::null(),
    }
}

/// The bytes of an attribute; `len`, which may be NULL, gets how many there are.
///
/// Returns a pointer to them, aligned to four bytes, or NULL for NULL.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_nl_data(
    attribute: *const nlattr,
    len: *mut usize,
) -> *const c_void {
    let payload = payload_of(attribute);
    put(len, payload.map_or(0, <[u8]>::len));
    payload.map_or(ptr::null(), |payload| payload.as_ptr().cast::<c_void>())
}
