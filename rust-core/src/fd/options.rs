//! Options of a descriptor as numbers and bytes, and what a socket says of itself.

use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use super::os;
use crate::control::Credentials;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::Family;
use crate::sys::call::{self, as_uninit};

/// The address family that the socket was made with (SO_DOMAIN, socket(7)).
///
/// # Errors
/// ENOTSOCK for a descriptor of something else.
pub fn family(fd: BorrowedFd<'_>) -> Result<Family> {
    get_int(fd, libc::SOL_SOCKET, libc::SO_DOMAIN).map(Family::from_raw)
}

/// The pending error of the socket, cleared by asking (SO_ERROR, socket(7)).
///
/// # Errors
/// ENOTSOCK for a descriptor of something else.
pub fn take_error(fd: BorrowedFd<'_>) -> Result<Option<Errno>> {
    let errno = get_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)?;
    Ok((errno != 0).then_some(Errno::from_raw(errno)))
}

/// SO_PEERCRED (unix(7)): who connected, or who made the pair.
///
/// # Errors
/// [`Errno::ENOTCONN`] where the kernel has nobody to name: it answers a socket without a peer, and
/// any socket outside the Unix domain, with "success" and a user id of -1.
pub fn peer_credentials(fd: BorrowedFd<'_>) -> Result<Credentials> {
    let mut bytes = [0; Credentials::SIZE];
    get_option(
        fd,
        libc::SOL_SOCKET,
        libc::SO_PEERCRED,
        as_uninit(&mut bytes),
    )?;
    Credentials::from_bytes(&bytes)
        .filter(|credentials| credentials.uid != u32::MAX)
        .ok_or(Error::Os {
            op: Op::GetSockOpt,
            errno: Errno::ENOTCONN,
        })
}

/// getsockopt(2) for an option that is one C int.
///
/// ```
/// use std::os::fd::AsFd;
/// use rsocket::fd;
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// assert_eq!(fd::get_int(listener.as_fd(), libc::SOL_SOCKET, libc::SO_ACCEPTCONN)?, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of getsockopt(2): ENOPROTOOPT for an option that this socket or kernel lacks, ENOTSOCK.
#[inline]
pub fn get_int(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<i32> {
    let mut value = [0; 4];
    let len = get_option(fd, level, name, as_uninit(&mut value))?;
    // A few options answer with a single byte (IP_MULTICAST_LOOP and its like, where asked so).
    Ok(if len == 1 {
        value[0].into()
    } else {
        i32::from_ne_bytes(value)
    })
}

/// setsockopt(2) for an option that is one C int.
///
/// # Errors
/// Those of setsockopt(2): ENOPROTOOPT for an option that this socket or kernel lacks, EINVAL for a
/// value that it refuses, EPERM, ENOTSOCK.
#[inline]
pub fn set_int(fd: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> Result<()> {
    set_option(fd, level, name, &value.to_ne_bytes())
}

/// getsockopt(2) of any size: fills `value` and says how many bytes the kernel wrote.
///
/// # Errors
/// Those of getsockopt(2): ENOPROTOOPT for an option that this socket or kernel lacks, ENOTSOCK.
#[inline]
pub fn get_option(
    fd: BorrowedFd<'_>,
    level: i32,
    name: i32,
    value: &mut [MaybeUninit<u8>],
) -> Result<usize> {
    os(Op::GetSockOpt, call::getsockopt(fd, level, name, value))
}

/// setsockopt(2) with any bytes.
///
/// # Errors
/// Those of setsockopt(2): ENOPROTOOPT for an option that this socket or kernel lacks, EINVAL for a
/// value that it refuses, EPERM, ENOTSOCK.
#[inline]
pub fn set_option(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> Result<()> {
    os(Op::SetSockOpt, call::setsockopt(fd, level, name, value))
}

/// setsockopt(2) with a null pointer and a length, which AF_ALG's options take.
///
/// # Errors
/// As [`set_option`]; EFAULT for an option that wants bytes.
pub fn set_option_null(fd: BorrowedFd<'_>, level: i32, name: i32, len: u32) -> Result<()> {
    os(Op::SetSockOpt, call::setsockopt_null(fd, level, name, len))
}
