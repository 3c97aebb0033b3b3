//! Typed socket options: one marker per option, fed from tables, one file per protocol level.
//!
//! [`Endpoint::get`](crate::Endpoint::get) and [`Endpoint::set`](crate::Endpoint::set) take a
//! marker; [`get`] and [`set`] do the same for any descriptor. [`TABLE`] lists every option with
//! its C name, level and number. An option that is not here is read and set as bytes, or becomes
//! typed by implementing [`SocketOption`] with [`Get`] or [`Set`]. Left out are those of DCCP, which
//! Linux 6.16 took out, and XDP_UMEM_REG, which hands memory to the kernel for good.
//!
//! ```
//! use std::time::Duration;
//! use rsocket::{Endpoint, Error, Family, Kind, Protocol, option};
//!
//! let tcp = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
//! tcp.set(option::TcpNoDelay, true)?;
//! tcp.set(option::TcpKeepIdle, Duration::from_secs(30))?;
//! assert!(tcp.get(option::TcpNoDelay)?);
//! assert_eq!(tcp.get(option::RecvTimeout)?, None);
//!
//! let unix = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT)?;
//! assert_eq!(unix.set(option::TcpNoDelay, true), Err(Error::WrongFamily));
//! # Ok::<(), rsocket::Error>(())
//! ```

mod codec;
mod ip;
mod ipv6;
mod link;
mod netlink;
mod other;
mod socket;
mod table;
mod tcp;
mod udp;
mod value;

pub use ip::*;
pub use ipv6::*;
pub use link::*;
pub use netlink::*;
pub use other::*;
pub use socket::*;
pub use table::{Access, Families, OptionInfo, TABLE, ValueKind};
pub use tcp::*;
pub use udp::*;
pub use value::*;

pub use crate::sys::option::BpfInstruction;

use std::os::fd::{AsFd, BorrowedFd};

use crate::error::Result;

/// A socket option by its level and number, as getsockopt(2) and setsockopt(2) take them.
///
/// An option that this library does not list takes a few lines:
///
/// ```
/// use std::os::fd::{AsFd, BorrowedFd};
/// use rsocket::option::{Families, Get, SocketOption};
/// use rsocket::{Endpoint, Kind, Result, fd};
///
/// struct SendQueue;
///
/// impl SocketOption for SendQueue {
///     const LEVEL: i32 = 1;
///     const NAME: i32 = 7;
///     const C_NAME: &'static str = "SO_SNDBUF";
///     const FAMILIES: Families = Families::ANY;
/// }
///
/// impl Get for SendQueue {
///     type Value = i32;
///
///     fn get(fd: BorrowedFd<'_>) -> Result<i32> {
///         fd::get_int(fd, Self::LEVEL, Self::NAME)
///     }
/// }
///
/// let (left, _right) = Endpoint::pair(Kind::STREAM)?;
/// assert!(left.get(SendQueue)? > 0);
/// # Ok::<(), rsocket::Error>(())
/// ```
pub trait SocketOption {
    /// The protocol level, `SOL_…` or `IPPROTO_…`.
    const LEVEL: i32;
    /// The option's number at that level.
    const NAME: i32;
    /// The name of that number in C.
    const C_NAME: &'static str;
    /// The families whose sockets have it.
    const FAMILIES: Families;
}

/// An option that can be asked for.
pub trait Get: SocketOption {
    /// What the answer is.
    type Value;

    /// Asks the kernel, without looking at the family.
    ///
    /// # Errors
    /// Those of getsockopt(2): ENOPROTOOPT where the kernel or the socket lacks the option,
    /// ENOTSOCK, EBADF.
    fn get(fd: BorrowedFd<'_>) -> Result<Self::Value>;
}

/// An option that can be set.
pub trait Set: SocketOption {
    /// What it is set to.
    type Value<'a>;

    /// Tells the kernel, without looking at the family.
    ///
    /// # Errors
    /// Those of setsockopt(2): ENOPROTOOPT where the kernel or the socket lacks the option, EINVAL
    /// for a value that it refuses, EPERM without the capability, ENOTSOCK, EBADF.
    fn set(fd: BorrowedFd<'_>, value: Self::Value<'_>) -> Result<()>;
}

/// Asks for an option of any descriptor; the kernel alone judges whether the socket has it.
///
/// ```
/// use rsocket::option;
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// assert!(option::get(&listener, option::AcceptConn)?);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As [`Get::get`].
#[inline]
pub fn get<O: Get>(fd: impl AsFd, option: O) -> Result<O::Value> {
    let _ = option;
    O::get(fd.as_fd())
}

/// Sets an option of any descriptor; the kernel alone judges whether the socket has it.
///
/// # Errors
/// As [`Set::set`].
#[inline]
pub fn set<O: Set>(fd: impl AsFd, option: O, value: O::Value<'_>) -> Result<()> {
    let _ = option;
    O::set(fd.as_fd(), value)
}
