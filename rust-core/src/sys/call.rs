//! One thin function per system call: pointers in, a value or an errno out.

use std::ffi::{c_int, c_void};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use libc::{socklen_t, ssize_t};

use super::sockaddr::SockAddr;
use super::wake;
use crate::errno::Errno;

type Result<T> = std::result::Result<T, Errno>;

/// The memory of an address in another language, and its length.
pub type NativeName<'a> = (
    &'a mut MaybeUninit<libc::sockaddr_storage>,
    &'a mut socklen_t,
);

/// The kernel's -1 as an errno.
#[inline]
pub(super) fn check(result: c_int) -> Result<c_int> {
    if result == -1 {
        Err(Errno::last())
    } else {
        Ok(result)
    }
}

#[inline]
pub(super) fn check_len(result: ssize_t) -> Result<usize> {
    if result == -1 {
        Err(Errno::last())
    } else {
        Ok(result as usize)
    }
}

/// A descriptor that a system call has just made.
#[inline]
fn owned(result: c_int) -> Result<OwnedFd> {
    let fd = check(result)?;
    // SAFETY: the caller hands in the result of a call that "returns a new file descriptor" on
    // success (socket(2), accept(2), fcntl(2)), which nobody else owns yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The number for the kernel, which answers EBADF where there is none: [`BorrowedFd`] is never -1.
#[inline(always)]
pub(super) fn number<'fd>(fd: impl Into<Option<BorrowedFd<'fd>>>) -> c_int {
    fd.into().map_or(-1, |fd| fd.as_raw_fd())
}

/// A buffer that is initialised, as one that the kernel may write to.
#[inline]
pub(crate) fn as_uninit(buf: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: same layout; the system calls of this file only ever write initialised bytes.
    unsafe { &mut *(ptr::from_mut(buf) as *mut [MaybeUninit<u8>]) }
}

pub(crate) fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<OwnedFd> {
    // SAFETY: socket(2) takes integers only.
    owned(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })
}

pub(crate) fn socketpair(family: c_int, kind: c_int, protocol: c_int) -> Result<[OwnedFd; 2]> {
    let mut fds = [-1; 2];
    let kind = kind | libc::SOCK_CLOEXEC;
    // SAFETY: socketpair(2) writes two descriptors into the array it is given.
    check(unsafe { libc::socketpair(family, kind, protocol, fds.as_mut_ptr()) })?;
    let [left, right] = fds;
    // Never so; it tells the compiler that `from_raw_fd` has nothing to panic about.
    if left == -1 || right == -1 {
        return Err(Errno::EBADF);
    }
    // SAFETY: socketpair(2): "the file descriptors used to reference the new sockets are returned
    // in sv[0] and sv[1]"; nobody else owns them yet.
    Ok(unsafe { [OwnedFd::from_raw_fd(left), OwnedFd::from_raw_fd(right)] })
}

pub(crate) fn bind(fd: BorrowedFd<'_>, address: &SockAddr) -> Result<()> {
    // SAFETY: `address` is readable for its length.
    check(unsafe { libc::bind(fd.as_raw_fd(), address.as_ptr(), address.len()) }).map(drop)
}

pub(crate) fn connect(fd: BorrowedFd<'_>, address: &SockAddr) -> Result<()> {
    // SAFETY: `address` is readable for its length.
    check(unsafe { libc::connect(fd.as_raw_fd(), address.as_ptr(), address.len()) }).map(drop)
}

pub(crate) fn listen(fd: BorrowedFd<'_>, backlog: c_int) -> Result<()> {
    // SAFETY: listen(2) takes integers only.
    check(unsafe { libc::listen(fd.as_raw_fd(), backlog) }).map(drop)
}

/// `accept4` with SOCK_CLOEXEC; `flags` may add SOCK_NONBLOCK.
pub(crate) fn accept(
    fd: BorrowedFd<'_>,
    peer: Option<&mut SockAddr>,
    flags: c_int,
) -> Result<OwnedFd> {
    let flags = flags | libc::SOCK_CLOEXEC;
    let Some(peer) = peer else {
        // SAFETY: accept(2): "when addr is NULL, nothing is filled in; in this case, addrlen is
        // not used, and should also be NULL".
        let result =
            unsafe { libc::accept4(fd.as_raw_fd(), ptr::null_mut(), ptr::null_mut(), flags) };
        return owned(result);
    };
    // SAFETY: accept(2): addrlen "on return will contain the actual size of the peer address".
    unsafe {
        peer.fill_with(|address, len| owned(libc::accept4(fd.as_raw_fd(), address, len, flags)))
    }
}

/// [`accept`] into an address of another language, as [`recv_from_native`] has it.
#[inline]
pub(crate) fn accept_native<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    peer: Option<NativeName<'_>>,
    flags: c_int,
) -> Result<OwnedFd> {
    let (name, len) = match peer {
        Some((name, len)) => (name.as_mut_ptr().cast(), ptr::from_mut(len)),
        None => (ptr::null_mut(), ptr::null_mut()),
    };
    // SAFETY: accept(2): "when addr is NULL, nothing is filled in"; otherwise as many bytes at most
    // as addrlen says before the call.
    owned(unsafe { libc::accept4(number(fd), name, len, flags | libc::SOCK_CLOEXEC) })
}

#[inline]
pub(crate) fn getsockname(fd: BorrowedFd<'_>, name: &mut SockAddr) -> Result<()> {
    // SAFETY: getsockname(2): addrlen "on return contains the actual size of the socket address".
    unsafe {
        name.fill_with(|address, len| check(libc::getsockname(fd.as_raw_fd(), address, len)))
            .map(drop)
    }
}

#[inline]
pub(crate) fn getpeername(fd: BorrowedFd<'_>, name: &mut SockAddr) -> Result<()> {
    // SAFETY: getpeername(2): addrlen "on return contains the actual size of the name returned".
    unsafe {
        name.fill_with(|address, len| check(libc::getpeername(fd.as_raw_fd(), address, len)))
            .map(drop)
    }
}

pub(crate) fn shutdown(fd: BorrowedFd<'_>, how: c_int) -> Result<()> {
    // SAFETY: shutdown(2) takes integers only.
    check(unsafe { libc::shutdown(fd.as_raw_fd(), how) }).map(drop)
}

pub(crate) fn dup(fd: BorrowedFd<'_>) -> Result<OwnedFd> {
    // SAFETY: fcntl(2), F_DUPFD_CLOEXEC: takes an integer, returns a new descriptor.
    owned(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 0) })
}

/// [`dup`] of a number that came from outside.
pub(crate) fn dup_raw(fd: c_int) -> Result<OwnedFd> {
    // SAFETY: fcntl(2), F_DUPFD_CLOEXEC: a number that names nothing is answered with EBADF, and
    // the duplicate is ours whoever owns the original.
    owned(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
}

/// `fchmod`: the permission bits of a socket's own inode, which bind(2) gives to its file.
pub(crate) fn fchmod(fd: BorrowedFd<'_>, mode: u32) -> Result<()> {
    // SAFETY: fchmod(2) takes integers only.
    check(unsafe { libc::fchmod(fd.as_raw_fd(), mode) }).map(drop)
}

pub(crate) fn status_flags(fd: BorrowedFd<'_>) -> Result<c_int> {
    // SAFETY: fcntl(2), F_GETFL takes no argument.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })
}

pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> Result<()> {
    let mut value = c_int::from(nonblocking);
    // SAFETY: ioctl(2), FIONBIO reads one int through the pointer.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO, &raw mut value) }).map(drop)
}

pub(crate) fn descriptor_flags(fd: BorrowedFd<'_>) -> Result<c_int> {
    // SAFETY: fcntl(2), F_GETFD takes no argument.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) })
}

pub(crate) fn set_cloexec(fd: BorrowedFd<'_>, cloexec: bool) -> Result<()> {
    let request = if cloexec {
        libc::FIOCLEX
    } else {
        libc::FIONCLEX
    };
    // SAFETY: ioctl(2), FIOCLEX and FIONCLEX take no argument.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request) }).map(drop)
}

/// close(2) of a number; never repeated after EINTR, since Linux frees the number in every case.
///
/// # Errors
/// [`Errno::EBADF`], or what the kernel reports late of an earlier write.
///
/// # Safety
/// The number is the caller's to close: no [`OwnedFd`] owns it, and nobody uses it any more.
pub unsafe fn close(fd: c_int) -> Result<()> {
    // SAFETY: close(2) takes an integer, and the caller gives up what it names.
    match check(unsafe { libc::close(fd) }) {
        Err(Errno::EINTR) => Ok(()),
        result => result.map(drop),
    }
}

/// A number that arrived in a control message, as a descriptor of ours.
///
/// # Safety
/// `fd` must have come from SCM_RIGHTS or SCM_PIDFD and be owned by nobody else.
pub(crate) unsafe fn received_fd(fd: c_int) -> OwnedFd {
    // SAFETY: unix(7): a received descriptor "behaves as though it had been created with dup(2)".
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[inline]
pub(crate) fn recv<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &mut [MaybeUninit<u8>],
    flags: c_int,
) -> Result<usize> {
    // SAFETY: recv(2) writes at most `len` bytes into the buffer.
    check_len(unsafe { libc::recv(number(fd), buf.as_mut_ptr().cast(), buf.len(), flags) })
}

#[inline]
pub(crate) fn send<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &[u8],
    flags: c_int,
) -> Result<usize> {
    let flags = flags | libc::MSG_NOSIGNAL;
    // SAFETY: send(2) reads at most `len` bytes from the buffer.
    check_len(unsafe { libc::send(number(fd), buf.as_ptr().cast(), buf.len(), flags) })
}

#[inline]
pub(crate) fn recv_from(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: c_int,
    from: &mut SockAddr,
) -> Result<usize> {
    // SAFETY: recvfrom(2) writes at most `len` bytes into the buffer; addrlen "on return will
    // contain the actual size of the source address".
    unsafe {
        from.fill_with(|address, address_len| {
            let (data, len) = (buf.as_mut_ptr().cast::<c_void>(), buf.len());
            let fd = fd.as_raw_fd();
            check_len(libc::recvfrom(fd, data, len, flags, address, address_len))
        })
    }
}

/// recvfrom(2) into an address of another language. `name_len` is its room before the call, and
/// behind it what the kernel says.
#[inline]
pub(crate) fn recv_from_native<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &mut [MaybeUninit<u8>],
    flags: c_int,
    (name, name_len): NativeName<'_>,
) -> Result<usize> {
    debug_assert!(*name_len as usize <= size_of_val(name));
    let (data, len) = (buf.as_mut_ptr().cast::<c_void>(), buf.len());
    let name = name.as_mut_ptr().cast::<libc::sockaddr>();
    // SAFETY: recvfrom(2) writes at most `len` bytes into the buffer, and of the address at most
    // as many as addrlen says before the call.
    check_len(unsafe { libc::recvfrom(number(fd), data, len, flags, name, name_len) })
}

#[inline]
pub(crate) fn send_to<'fd>(
    fd: impl Into<Option<BorrowedFd<'fd>>>,
    buf: &[u8],
    flags: c_int,
    to: &SockAddr,
) -> Result<usize> {
    let flags = flags | libc::MSG_NOSIGNAL;
    let (data, len) = (buf.as_ptr().cast::<c_void>(), buf.len());
    // SAFETY: sendto(2) reads `len` bytes from the buffer and the address for its length.
    check_len(unsafe { libc::sendto(number(fd), data, len, flags, to.as_ptr(), to.len()) })
}

/// What recvmsg(2) said besides the data. Laid out as in C: two `size_t` and an `int`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct MessageInfo {
    /// How many bytes came; with MSG_TRUNC asked for, how long the message was.
    pub len: usize,
    /// How many bytes of control messages came.
    pub control_len: usize,
    /// `msg_flags`: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB, MSG_ERRQUEUE.
    pub flags: c_int,
}

pub(crate) fn recvmsg(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    from: Option<&mut SockAddr>,
    flags: c_int,
) -> Result<MessageInfo> {
    let mut header = header_to_fill(bufs, control);
    let len = match from {
        // SAFETY: recvmsg(2) writes the data, control and name within the lengths in the header,
        // and "upon return" msg_namelen "will contain the length of the returned address".
        Some(from) => unsafe {
            from.fill_with(|address, address_len| {
                header.msg_name = address.cast::<c_void>();
                header.msg_namelen = *address_len;
                let len = check_len(libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags))?;
                *address_len = header.msg_namelen;
                Ok(len)
            })?
        },
        // SAFETY: as above, without a name.
        None => check_len(unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) })?,
    };
    let control_len = header.msg_controllen.min(control.len());
    Ok(MessageInfo {
        len,
        control_len,
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
    let flags = flags | libc::MSG_NOSIGNAL;
    // SAFETY: sendmsg(2) only reads: the header, the buffers, the control data and the name, all
    // of which live until the call returns.
    check_len(unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const header, flags) })
}

/// A message header that points nowhere.
fn empty_header() -> libc::msghdr {
    // SAFETY: msghdr is integers and pointers, for which all-zero bits are valid (recvmsg(2)).
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The header of a message to receive into these, without room for a name.
#[inline(always)]
pub(super) fn header_to_fill(
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
) -> libc::msghdr {
    let mut header = empty_header();
    // std's documentation: IoSliceMut "is guaranteed to be ABI compatible with the iovec type".
    header.msg_iov = bufs.as_mut_ptr().cast::<libc::iovec>();
    header.msg_iovlen = bufs.len() as _;
    if !control.is_empty() {
        header.msg_control = control.as_mut_ptr().cast::<c_void>();
        header.msg_controllen = control.len() as _;
    }
    header
}

/// The header of a message to send from these: pointers, good for as long as what they lead to.
#[inline(always)]
pub(super) fn header_to_send(
    bufs: &[IoSlice<'_>],
    control: &[u8],
    to: Option<&SockAddr>,
) -> libc::msghdr {
    let mut header = empty_header();
    // std's documentation: IoSlice "is guaranteed to be ABI compatible with the iovec type".
    header.msg_iov = bufs.as_ptr().cast_mut().cast::<libc::iovec>();
    header.msg_iovlen = bufs.len() as _;
    if !control.is_empty() {
        header.msg_control = control.as_ptr().cast_mut().cast::<c_void>();
        header.msg_controllen = control.len() as _;
    }
    if let Some(to) = to {
        header.msg_name = to.as_ptr().cast_mut().cast::<c_void>();
        header.msg_namelen = to.len();
    }
    header
}

/// Reads an option's bytes into `value` and says how many there are.
#[inline]
pub(crate) fn getsockopt(
    fd: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &mut [MaybeUninit<u8>],
) -> Result<usize> {
    let mut len = socklen_t::try_from(value.len()).unwrap_or(socklen_t::MAX);
    // SAFETY: getsockopt(2): optlen "initially containing the size of the buffer pointed to by
    // optval, and modified on return to indicate the actual size of the value returned".
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            level,
            name,
            value.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    check(result).map(|_| (len as usize).min(value.len()))
}

#[inline]
pub(crate) fn setsockopt(
    fd: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &[u8],
) -> Result<()> {
    let Ok(len) = socklen_t::try_from(value.len()) else {
        return Err(Errno::EINVAL);
    };
    // SAFETY: setsockopt(2) reads `optlen` bytes from `optval`.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, value.as_ptr().cast(), len) };
    check(result).map(drop)
}

/// `setsockopt` with a null value and a length, as AF_ALG's ALG_SET_AEAD_AUTHSIZE wants it.
pub(crate) fn setsockopt_null(
    fd: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    len: socklen_t,
) -> Result<()> {
    // SAFETY: a null `optval` is not read; the kernel answers EFAULT where it wants bytes.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, ptr::null(), len) }).map(drop)
}

/// Waits until `events` (POLLIN, POLLOUT) or an error is there; false where `timeout` passed. Without
/// a descriptor only time passes.
pub(crate) fn poll(
    fd: Option<BorrowedFd<'_>>,
    events: i16,
    timeout: Option<Duration>,
) -> Result<bool> {
    let mut entry = wake::entry(fd, events);
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: ppoll(2) reads and writes the one entry, and reads the timeout if there is one.
    check(unsafe { libc::ppoll(&raw mut entry, 1, timeout, ptr::null()) }).map(|ready| ready != 0)
}
