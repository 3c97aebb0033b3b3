//! Network interfaces of this network namespace, by name and number (if_nametoindex(3)).

use std::ffi::{OsStr, OsString};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use crate::error::{Error, Op, Result};
use crate::sys::interface;

/// The number of the interface called `name`, see [if_nametoindex(3)].
///
/// ```
/// let index = rsocket::interface::if_nametoindex("lo")?;
/// assert_eq!(rsocket::interface::if_indextoname(index)?, "lo");
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// # Errors
/// [`ENODEV`](crate::Errno::ENODEV) where there is none.
///
/// [if_nametoindex(3)]: https://man7.org/linux/man-pages/man3/if_nametoindex.3.html
pub fn if_nametoindex(name: impl AsRef<OsStr>) -> Result<u32> {
    interface::if_nametoindex(name.as_ref().as_bytes()).map_err(|errno| Error::Os {
        op: Op::IfNameToIndex,
        errno,
    })
}

/// The number of the interface called `name` in the network namespace of a socket, which need not be
/// that of the caller, see [netdevice(7)], SIOCGIFINDEX.
///
/// ```
/// use std::os::fd::AsFd;
/// use rsocket::interface::{if_nametoindex, if_nametoindex_of};
///
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// assert_eq!(if_nametoindex_of(socket.as_fd(), "lo")?, if_nametoindex("lo")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ENODEV`](crate::Errno::ENODEV) where there is none; EBADF and ENOTTY for what is no socket.
///
/// [netdevice(7)]: https://man7.org/linux/man-pages/man7/netdevice.7.html
pub fn if_nametoindex_of(fd: BorrowedFd<'_>, name: impl AsRef<OsStr>) -> Result<u32> {
    interface::if_nametoindex_of(fd, name.as_ref().as_bytes()).map_err(|errno| Error::Os {
        op: Op::IfNameToIndex,
        errno,
    })
}

/// The name of the interface with the number `index`, see [if_indextoname(3)]; bytes, not text.
///
/// # Errors
/// [`ENXIO`](crate::Errno::ENXIO) where there is none.
///
/// [if_indextoname(3)]: https://man7.org/linux/man-pages/man3/if_nametoindex.3.html
pub fn if_indextoname(index: u32) -> Result<OsString> {
    interface::if_indextoname(index).map_err(|errno| Error::Os {
        op: Op::IfIndexToName,
        errno,
    })
}

/// Every interface: its number and its name, see [if_nameindex(3)].
///
/// ```
/// let interfaces = rsocket::interface::if_nameindex()?;
/// assert!(interfaces.iter().any(|(_, name)| name == "lo"));
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// # Errors
/// [`ENOBUFS`](crate::Errno::ENOBUFS) without memory, and what opening the netlink socket that
/// lists them answers, such as [`EMFILE`](crate::Errno::EMFILE).
///
/// [if_nameindex(3)]: https://man7.org/linux/man-pages/man3/if_nameindex.3.html
pub fn if_nameindex() -> Result<Vec<(u32, OsString)>> {
    interface::if_nameindex().map_err(|errno| Error::Os {
        op: Op::IfNameIndex,
        errno,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Errno;

    #[test]
    fn every_interface_is_found_by_its_name_and_by_its_number() {
        for (index, name) in if_nameindex().unwrap() {
            assert_eq!(if_nametoindex(&name), Ok(index));
            assert_eq!(if_indextoname(index), Ok(name));
        }
    }

    #[test]
    fn names_that_no_interface_can_have_are_not_found() {
        for name in [
            "",
            "no-such-if",
            "lo\0",
            "exactly-16-bytes",
            "a name far too long for it",
        ] {
            assert_eq!(
                if_nametoindex(name).unwrap_err().errno(),
                Errno::ENODEV,
                "{name:?}"
            );
        }
        assert_eq!(if_indextoname(0).unwrap_err().errno(), Errno::ENXIO);
        assert_eq!(if_indextoname(u32::MAX).unwrap_err().errno(), Errno::ENXIO);
    }
}
