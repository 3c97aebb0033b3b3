//! Values that are one C int.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::{MICROSECOND, MILLISECOND, Read, SECOND, Wire, Write, duration, units};
use crate::errno::Errno;
use crate::error::Result;
use crate::family::{Family, Kind, Protocol};
use crate::fd;
use crate::option::table::ValueKind;
use crate::option::value::{IpPortRange, PacketFanout, PathMtuDiscovery, TimestampingFlags};
use crate::sys::call::as_uninit;

/// A C int. Less than an int from the kernel leaves the rest zero, which is right on
/// little-endian machines, and no option of the table answers so to a question for an int.
#[inline]
fn read_int(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<i32> {
    let mut value = [0; 4];
    fd::get_option(fd, level, name, as_uninit(&mut value))?;
    Ok(i32::from_ne_bytes(value))
}
/// Codecs for what is one C int: how to read it, how to write it.
macro_rules! ints {
    ($(
        $(#[$doc:meta])+
        $codec:ident: $type:ty, $kind:ident, |$raw:ident| $read:expr, |$value:ident| $write:expr;
    )+) => {$(
        $(#[$doc])+
        pub(in crate::option) struct $codec;

        impl Wire for $codec {
            const KIND: ValueKind = ValueKind::$kind;
        }

        impl Read for $codec {
            type Value = $type;

            #[inline]
            fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<$type> {
                let $raw = read_int(fd, level, name)?;
                Ok($read)
            }
        }

        impl Write for $codec {
            type Value<'a> = $type;

            #[inline]
            fn write(fd: BorrowedFd<'_>, level: i32, name: i32, $value: $type) -> Result<()> {
                fd::set_int(fd, level, name, $write)
            }
        }
    )+};
}

ints! {
    /// On or off.
    Flag: bool, Bool, |raw| raw != 0, |on| on.into();
    /// A number with a sign.
    Int: i32, Int, |raw| raw, |value| value;
    /// A number without one.
    Uint: u32, UnsignedInt, |raw| raw as u32, |value| value as i32;
    /// A number up to 255.
    Byte: u8, Int, |raw| raw.clamp(0, 255) as u8, |value| value.into();
    /// A number that -1 turns off.
    OptionUint: Option<u32>, Int,
        |raw| u32::try_from(raw).ok(),
        |value| value.map_or(-1, |value| i32::try_from(value).unwrap_or(i32::MAX));
    /// An interface number in network byte order.
    NetworkIndex: u32, UnsignedInt,
        |raw| u32::from_be(raw as u32), |index| index.to_be() as i32;
    /// Whole seconds.
    Seconds: Duration, Seconds, |raw| duration(raw, SECOND), |value| units(value, SECOND);
    /// Whole seconds that -1 turns off.
    OptionSeconds: Option<Duration>, Seconds,
        |raw| (raw >= 0).then(|| duration(raw, SECOND)),
        |value| value.map_or(-1, |value| units(value, SECOND));
    /// Milliseconds that 0 turns off.
    OptionMilliseconds: Option<Duration>, Milliseconds,
        |raw| (raw != 0).then(|| duration(raw, MILLISECOND)),
        |value| value.map_or(0, |value| units(value, MILLISECOND).max(1));
    /// Milliseconds.
    Milliseconds: Duration, Milliseconds,
        |raw| duration(raw, MILLISECOND), |value| units(value, MILLISECOND);
    /// Microseconds.
    Microseconds: Duration, Microseconds,
        |raw| duration(raw, MICROSECOND), |value| units(value, MICROSECOND);
    /// `AF_…`
    FamilyNumber: Family, Int, |raw| Family::from_raw(raw), |family| family.raw();
    /// `SOCK_…`
    KindNumber: Kind, Int, |raw| Kind::from_raw(raw), |kind| kind.raw();
    /// `IPPROTO_…` and its like.
    ProtocolNumber: Protocol, Int, |raw| Protocol::from_raw(raw), |protocol| protocol.raw();
    /// An error number, 0 for none.
    PendingError: Option<Errno>, Int,
        |raw| (raw != 0).then(|| Errno::from_raw(raw)), |error| error.map_or(0, Errno::raw);
    /// `IP_PMTUDISC_…`
    PathMtu: PathMtuDiscovery, Int, |raw| PathMtuDiscovery::from_raw(raw), |value| value.raw();
    /// `SOF_TIMESTAMPING_…`
    Stamping: TimestampingFlags, UnsignedInt,
        |raw| TimestampingFlags::from_raw(raw as u32), |flags| flags.raw() as i32;
    /// The lowest port in the lower half, the highest in the upper.
    PortRange: IpPortRange, UnsignedInt,
        |raw| IpPortRange::from_raw(raw as u32), |range| range.raw() as i32;
    /// The group in the lower half, how packets are spread in the upper.
    Fanout: PacketFanout, UnsignedInt,
        |raw| PacketFanout::from_raw(raw as u32), |value| value.raw() as i32;
}
