//! Addresses to names: getnameinfo(3).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{NameFlags, error};
use crate::address::Address;
use crate::error::{Op, Result};
use crate::sys::resolve as sys;

/// The names of an address: what [`name_info`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameInfo {
    /// The host's name, or its number where it has none.
    pub host: OsString,
    /// The service's name, or the port where it has none.
    pub service: OsString,
}

/// Looks up the names of an address, as [getnameinfo(3)] does.
///
/// Unless [`NameFlags::NUMERIC_HOST`] is set it may take as long as the system's resolver takes.
/// May be called from any thread.
///
/// # Errors
/// [`Error::Resolve`](crate::Error::Resolve) with the `EAI_…` code: EAI_FAMILY for a family that the C library has no
/// names for (glibc has them for the internet and Unix-domain ones), EAI_NONAME with
/// [`NameFlags::NAME_REQUIRED`]; [`Error::Os`](crate::Error::Os) where a system call failed (EAI_SYSTEM).
///
/// ```
/// use rsocket::{Address, NameFlags, name_info};
///
/// let address: Address = "[::1]:80".parse()?;
/// let names = name_info(&address, NameFlags::NUMERIC_HOST | NameFlags::NUMERIC_SERVICE)?;
/// assert_eq!((names.host.to_str(), names.service.to_str()), (Some("::1"), Some("80")));
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// [getnameinfo(3)]: https://man7.org/linux/man-pages/man3/getnameinfo.3.html
#[doc(alias = "getnameinfo")]
pub fn name_info(address: &Address, flags: NameFlags) -> Result<NameInfo> {
    match sys::getnameinfo(address.native(), flags.raw()) {
        Ok((host, service)) => Ok(NameInfo {
            host: OsString::from_vec(host),
            service: OsString::from_vec(service),
        }),
        Err(failure) => Err(error(failure, Op::GetNameInfo)),
    }
}
