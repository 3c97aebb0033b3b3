//! Options that are one int, by one name each; setsockopt(2) takes all others beside them.

use std::ffi::c_int;

use rsocket::{Errno, fd, option};

use crate::support::{Answer, Code, Result, borrow, object};
use crate::types::rsocket_endpoint;

/// The options of one level that are one int, each number a bit.
#[derive(Clone, Copy)]
struct Level {
    level: c_int,
    numbers: [u64; 2],
}

/// [`option::TABLE`] by levels, which is quicker to look into.
// A number beyond 127 would not compile.
const LEVELS: &[Level] = {
    const ALL: ([Level; 16], usize) = by_levels();
    ALL.0.split_at(ALL.1).0
};

const fn by_levels() -> ([Level; 16], usize) {
    let mut levels = [Level {
        level: 0,
        numbers: [0; 2],
    }; 16];
    let (mut count, mut rows) = (0, option::TABLE);
    while let [row, rest @ ..] = rows {
        rows = rest;
        if !row.value.is_int() {
            continue;
        }
        let mut at = 0;
        while at < count && levels[at].level != row.level {
            at += 1;
        }
        if at == count {
            count += 1;
        }
        levels[at].level = row.level;
        levels[at].numbers[row.number as usize / 64] |= 1 << (row.number % 64);
    }
    (levels, count)
}

/// The level and the number in an RSOCKET_... option of the header.
#[inline]
fn parts(opt: c_int) -> Result<(c_int, c_int)> {
    let (level, number) = (opt >> 16, opt & 0xffff);
    let of_level = LEVELS.iter().find(|row| row.level == level);
    let bits = of_level.and_then(|row| row.numbers.get(number as usize / 64));
    if bits.is_some_and(|bits| bits >> (number % 64) & 1 != 0) {
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
