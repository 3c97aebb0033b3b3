//! How an option's value crosses getsockopt(2) and setsockopt(2): one codec per C shape and unit.

mod bytes;
mod number;
mod structure;

pub(super) use bytes::*;
pub(super) use number::*;
pub(super) use structure::*;

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::table::ValueKind;
use crate::error::Result;

/// The C side of a codec.
pub(in crate::option) trait Wire {
    const KIND: ValueKind;
}

/// A codec that reads.
pub(in crate::option) trait Read: Wire {
    type Value;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<Self::Value>;
}

/// A codec that writes.
pub(in crate::option) trait Write: Wire {
    type Value<'a>;

    fn write(fd: BorrowedFd<'_>, level: i32, name: i32, value: Self::Value<'_>) -> Result<()>;
}
/// `value` in units of `unit`, rounded up; the kernel judges whether it is too much.
fn units(value: Duration, unit: Duration) -> i32 {
    let count = value.as_nanos().div_ceil(unit.as_nanos().max(1));
    i32::try_from(count).unwrap_or(i32::MAX)
}

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const MICROSECOND: Duration = Duration::from_micros(1);

/// That many units; what is negative counts as none.
fn duration(count: i32, unit: Duration) -> Duration {
    unit * u32::try_from(count).unwrap_or(0)
}
