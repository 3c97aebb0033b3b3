//! What everything below is made of.

use std::ffi::{c_int, c_uint};
use std::mem::offset_of;

use libc::{sockaddr_storage, socklen_t};
use rsocket::Address;

/// An endpoint in C is its descriptor: poll(2), epoll(7), fork(2), dup(2), setsockopt(2) and
/// whatever else takes a socket take it, and it may come from anywhere.
pub type rsocket_endpoint = c_int;

/// An address of any family: native bytes and how many of them count. Copy it, keep it, hand
/// `(struct sockaddr *)&addr.ss` and `addr.len` to any system call.
///
/// A `len` of 0 is no address. Its size is fixed for good.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "C's")]
pub struct rsocket_addr {
    /// The address; read it through a pointer to the family's own structure.
    pub ss: sockaddr_storage,
    /// How many bytes of `ss` count.
    pub len: socklen_t,
}

// `Address` promises to be laid out as the C structure is.
const _: () = assert!(
    size_of::<rsocket_addr>() == size_of::<Address>()
        && align_of::<rsocket_addr>() == align_of::<Address>()
        && size_of::<rsocket_addr>() == 136
        && offset_of!(rsocket_addr, len) == size_of::<sockaddr_storage>()
);

/// The new endpoint is O_NONBLOCK.
pub const RSOCKET_NONBLOCK: c_uint = 1 << 0;
/// The new endpoint stays open across execve(2). Without it every endpoint is close-on-exec.
pub const RSOCKET_INHERIT: c_uint = 1 << 1;
/// rsocket_listen() only: several listeners share the port, SO_REUSEPORT of socket(7).
pub const RSOCKET_REUSEPORT: c_uint = 1 << 2;
/// rsocket_listen() only: an IPv6 listener takes no IPv4 connections, IPV6_V6ONLY of ipv6(7).
pub const RSOCKET_V6ONLY: c_uint = 1 << 3;
