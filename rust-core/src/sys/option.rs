//! Socket options whose value is a C structure, a program or a descriptor.

use std::ffi::{c_int, c_ushort};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::slice;

use libc::socklen_t;

use super::call;
use crate::errno::Errno;

/// A C structure as an option's value.
///
/// # Safety
/// The type is `#[repr(C)]`, holds integers only, has no padding bytes, and any bits are valid.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: an integer.
unsafe impl Plain for u64 {}
// SAFETY: integers, one behind the other.
unsafe impl<const N: usize> Plain for [u32; N] {}
// SAFETY: bytes.
unsafe impl<const N: usize> Plain for [u8; N] {}
// SAFETY: two ints (socket(7)).
unsafe impl Plain for libc::linger {}
// SAFETY: two integers of one size on every Linux (timeval(3type)).
unsafe impl Plain for libc::timeval {}
// SAFETY: three 32-bit integers (unix(7)).
unsafe impl Plain for libc::ucred {}
// SAFETY: two 32-bit addresses in arrays of bytes and an int (ip(7)).
unsafe impl Plain for libc::ip_mreqn {}
// SAFETY: three 32-bit addresses in arrays of bytes (ip(7)).
unsafe impl Plain for libc::ip_mreq_source {}
// SAFETY: 16 bytes and a 32-bit integer (ipv6(7)).
unsafe impl Plain for libc::ipv6_mreq {}
// SAFETY: 16 bytes and a 32-bit integer (ipv6(7)).
unsafe impl Plain for libc::in6_pktinfo {}

/// The structure's bytes, to hand to the kernel.
#[inline]
pub(crate) fn bytes_of<T: Plain>(value: &T) -> &[u8] {
    // SAFETY: `Plain` promises that all `size_of::<T>()` bytes are initialised.
    unsafe { slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }
}

/// Asks for an option that is a structure; what the kernel does not fill is zero.
#[inline]
pub(crate) fn get<T: Plain>(fd: BorrowedFd<'_>, level: c_int, name: c_int) -> Result<T, Errno> {
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the room of `value` itself, as bytes that need not be initialised.
    let bytes = unsafe {
        slice::from_raw_parts_mut(value.as_mut_ptr().cast::<MaybeUninit<u8>>(), size_of::<T>())
    };
    call::getsockopt(fd, level, name, bytes)?;
    // SAFETY: all bytes are zero or the kernel's, and `Plain` promises that any bits are valid.
    Ok(unsafe { value.assume_init() })
}

/// The process that connected, as a descriptor of the kernel's own making (SO_PEERPIDFD).
pub(crate) fn peer_pidfd(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let mut number = (-1 as c_int).to_ne_bytes();
    let number_bytes = call::as_uninit(&mut number);
    call::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERPIDFD, number_bytes)?;
    match c_int::from_ne_bytes(number) {
        number @ 0.. => {
            // SAFETY: include/net/sock.h of the kernel: SO_PEERPIDFD installs a new descriptor,
            // close-on-exec, at every call; nobody else owns it yet.
            Ok(unsafe { OwnedFd::from_raw_fd(number) })
        }
        _ => Err(Errno::EBADF),
    }
}

/// One instruction of a classic BPF program, as `struct sock_filter` of linux/filter.h.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(C)]
pub struct BpfInstruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to pass over where a comparison holds.
    pub jump_true: u8,
    /// How many instructions to pass over where it does not.
    pub jump_false: u8,
    /// The operand.
    pub operand: u32,
}

const _: () = {
    assert!(size_of::<BpfInstruction>() == size_of::<libc::sock_filter>());
    assert!(align_of::<BpfInstruction>() == align_of::<libc::sock_filter>());
};

/// Hands the kernel a classic BPF program (socket(7), SO_ATTACH_FILTER).
pub(crate) fn set_program(
    fd: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    program: &[BpfInstruction],
) -> Result<(), Errno> {
    let len = c_ushort::try_from(program.len()).map_err(|_| Errno::EINVAL)?;
    let native = libc::sock_fprog {
        len,
        filter: program.as_ptr().cast_mut().cast(),
    };
    // SAFETY: the structure lives until the call returns, as does the program that it points to,
    // which has the layout of sock_filter, is `len` long, and is only read.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            (&raw const native).cast(),
            size_of_val(&native) as socklen_t,
        )
    };
    if result == -1 {
        Err(Errno::last())
    } else {
        Ok(())
    }
}
