//! Options that are one int, by one name each; setsockopt(2) takes all others beside them.

use std::ffi::c_int;

use rsocket::{Errno, fd, option};

use crate::support::{Answer, Code, Result, borrow, object};
use crate::types::rsocket_endpoint;

/// The level and the number in an RSOCKET_... option of the header.
fn parts(opt: c_int) -> Result<(c_int, c_int)> {
    let (level, number) = (opt >> 16, opt & 0xffff);
    let mut rows = option::TABLE.iter();
    let known = rows.any(|row| row.level == level && row.number == number && row.value.is_int());
    if known {
        Ok((level, number))
    } else {
        Err(Code::errno(Errno::ENOPROTOOPT))
    }
}

/// Sets an option that is one int.
///
/// Returns 0. Errors: `-ENOPROTOOPT` for an option that is not listed above, that the kernel lacks,
/// or that the socket does not have; `-EOPNOTSUPP` at a level that the socket does not have,
/// `-EINVAL` for a value that the kernel refuses, `-EPERM` without the capability, `-EBADF`,
/// `-ENOTSOCK` and the others of setsockopt(2).
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_set(fd: rsocket_endpoint, opt: c_int, value: c_int) -> c_int {
    let set = || -> Result<()> {
        let (level, number) = parts(opt)?;
        Ok(fd::set_int(borrow(fd)?, level, number, value)?)
    };
    set().answer()
}

/// Asks for an option that is one int.
///
/// Returns 0; on an error `value` is as it was. Errors: `-EFAULT` for NULL, and as rsocket_set().
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_get(fd: rsocket_endpoint, opt: c_int, value: *mut c_int) -> c_int {
    let get = || -> Result<()> {
        let (level, number) = parts(opt)?;
        let value = object(value)?;
        *value = fd::get_int(borrow(fd)?, level, number)?;
        Ok(())
    };
    get().answer()
}
