//! What control messages say, as plain values.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use crate::address::Address;
use crate::errno::Errno;
use crate::sys::missing;

/// Who a process is, as the kernel vouches for it: see unix(7), `SO_PEERCRED`, `SCM_CREDENTIALS`.
///
/// Plain integers, because the kernel gives 0 for a process outside the reader's PID namespace and
/// 65534 for a user outside its user namespace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Credentials {
    /// Process id.
    pub pid: i32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Credentials {
    pub(crate) const SIZE: usize = size_of::<libc::ucred>();

    /// Reads the data of an SCM_CREDENTIALS message, `struct ucred` of unix(7); `None` where it is
    /// too short.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Reader(bytes);
        Some(Credentials {
            pid: bytes.i32()?,
            uid: bytes.u32()?,
            gid: bytes.u32()?,
        })
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.pid.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.uid.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.gid.to_ne_bytes());
        bytes
    }
}

/// Where a datagram came to: `IP_PKTINFO`, see ip(7), or `IPV6_PKTINFO`, see ipv6(7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PacketInfo {
    /// The number of the interface that it came in by.
    pub interface: u32,
    /// The destination in its header, which may be a multicast or broadcast address.
    pub destination: IpAddr,
    /// The address of this host to answer from; for IPv6 the same as `destination`.
    pub local: IpAddr,
}

impl PacketInfo {
    /// `struct in_pktinfo`: interface, `ipi_spec_dst`, `ipi_addr`.
    pub(crate) fn from_v4(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Reader(bytes);
        Some(PacketInfo {
            interface: bytes.u32()?,
            local: Ipv4Addr::from(bytes.take()?).into(),
            destination: Ipv4Addr::from(bytes.take()?).into(),
        })
    }

    /// `struct in6_pktinfo`: address, interface.
    pub(crate) fn from_v6(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Reader(bytes);
        let destination = Ipv6Addr::from(bytes.take()?).into();
        Some(PacketInfo {
            destination,
            local: destination,
            interface: bytes.u32()?,
        })
    }
}

/// A point on the system's clock, or on a network card's: time since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp {
    /// Whole seconds.
    pub seconds: i64,
    /// The rest, below 1 000 000 000.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// `struct timeval`.
    pub(crate) fn from_timeval(bytes: &[u8]) -> Option<Self> {
        let (seconds, micros) = Reader(bytes).pair()?;
        Self::new(seconds, micros.checked_mul(1000)?)
    }

    /// `struct timespec`.
    pub(crate) fn from_timespec(bytes: &[u8]) -> Option<Self> {
        let (seconds, nanos) = Reader(bytes).pair()?;
        Self::new(seconds, nanos)
    }

    fn new(seconds: i64, nanos: i64) -> Option<Self> {
        let nanoseconds = u32::try_from(nanos).ok()?;
        (nanoseconds < 1_000_000_000).then_some(Timestamp {
            seconds,
            nanoseconds,
        })
    }

    /// The same as std's type; `None` before 1970 or where that type cannot hold it.
    #[must_use]
    pub fn system_time(self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.seconds).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, self.nanoseconds))
    }
}

/// The stamps of `SCM_TIMESTAMPING`; `None` where one was not asked for or not taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Timestamps {
    /// When the kernel saw the packet.
    pub software: Option<Timestamp>,
    /// The hardware's stamp on the system's clock, which only old kernels give.
    pub transformed: Option<Timestamp>,
    /// The network card's own clock.
    pub hardware: Option<Timestamp>,
}

impl Timestamps {
    /// `struct scm_timestamping`: three `timespec`, zero for a stamp that is not there.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let size = bytes.len() / 3;
        let stamp = |index: usize| {
            let stamp = Timestamp::from_timespec(bytes.get(index * size..(index + 1) * size)?)?;
            Some((stamp != Timestamp::default()).then_some(stamp))
        };
        Some(Timestamps {
            software: stamp(0)?,
            transformed: stamp(1)?,
            hardware: stamp(2)?,
        })
    }
}

/// A message of the error queue: `IP_RECVERR` (ip(7)), `IPV6_RECVERR` (ipv6(7)), and the
/// completions and transmission stamps that come the same way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExtendedError {
    /// What the next call on the socket would have answered; `None` for a completion.
    pub errno: Option<Errno>,
    /// Who says so.
    pub origin: ErrorOrigin,
    /// For ICMP, its type.
    pub kind: u8,
    /// For ICMP, its code.
    pub code: u8,
    /// The path MTU for EMSGSIZE; the first send of a zero-copy completion; which stamp it is
    /// (`SCM_TSTAMP_…`).
    pub info: u32,
    /// The last send of a zero-copy completion; the number of the stamped packet.
    pub data: u32,
    /// The host that the error comes from, where one sent it. Its port is 0.
    pub offender: Option<SocketAddr>,
}

impl ExtendedError {
    /// `struct sock_extended_err`, and the offender's address behind it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Reader(bytes);
        let errno = bytes.i32()?;
        let [origin, kind, code, _pad] = bytes.take()?;
        let (info, data) = (bytes.u32()?, bytes.u32()?);
        let offender = Address::from_bytes(bytes.0).ok().and_then(|a| a.as_ip());
        Some(ExtendedError {
            errno: (errno != 0).then(|| Errno::from_raw(errno)),
            origin: ErrorOrigin(origin),
            kind,
            code,
            info,
            data,
            offender,
        })
    }
}

/// Where an [`ExtendedError`] comes from, `SO_EE_ORIGIN_…` of `linux/errqueue.h`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorOrigin(u8);

impl ErrorOrigin {
    /// No origin is given.
    pub const NONE: ErrorOrigin = ErrorOrigin(libc::SO_EE_ORIGIN_NONE);
    /// This host.
    pub const LOCAL: ErrorOrigin = ErrorOrigin(libc::SO_EE_ORIGIN_LOCAL);
    /// An ICMP message.
    pub const ICMP: ErrorOrigin = ErrorOrigin(libc::SO_EE_ORIGIN_ICMP);
    /// An ICMPv6 message.
    pub const ICMP6: ErrorOrigin = ErrorOrigin(libc::SO_EE_ORIGIN_ICMP6);
    /// The time at which a packet went out.
    pub const TIMESTAMPING: ErrorOrigin = ErrorOrigin(libc::SO_EE_ORIGIN_TIMESTAMPING);
    /// The completion of sends with MSG_ZEROCOPY.
    pub const ZEROCOPY: ErrorOrigin = ErrorOrigin(missing::SO_EE_ORIGIN_ZEROCOPY);
    /// A packet with a transmission time that was dropped.
    pub const TXTIME: ErrorOrigin = ErrorOrigin(missing::SO_EE_ORIGIN_TXTIME);

    /// The number as C has it.
    #[must_use]
    pub const fn raw(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for ErrorOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NONE => f.write_str("SO_EE_ORIGIN_NONE"),
            Self::LOCAL => f.write_str("SO_EE_ORIGIN_LOCAL"),
            Self::ICMP => f.write_str("SO_EE_ORIGIN_ICMP"),
            Self::ICMP6 => f.write_str("SO_EE_ORIGIN_ICMP6"),
            Self::TIMESTAMPING => f.write_str("SO_EE_ORIGIN_TIMESTAMPING"),
            Self::ZEROCOPY => f.write_str("SO_EE_ORIGIN_ZEROCOPY"),
            Self::TXTIME => f.write_str("SO_EE_ORIGIN_TXTIME"),
            ErrorOrigin(other) => write!(f, "ErrorOrigin({other})"),
        }
    }
}

/// Takes C integers off the front of some bytes.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    #[inline]
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_ne_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    /// A number that the kernel gives as one byte or as an int, below 256 in both.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        match *self.0 {
            [byte] => Some(byte),
            _ => u8::try_from(self.i32()?).ok(),
        }
    }

    /// `timeval` or `timespec`: two words of 32 or of 64 bits, told apart by their length.
    fn pair(&mut self) -> Option<(i64, i64)> {
        match self.0.len() {
            8 => Some((self.i32()?.into(), self.i32()?.into())),
            _ => Some((
                self.take().map(i64::from_ne_bytes)?,
                self.take().map(i64::from_ne_bytes)?,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_of_32_and_of_64_bits_mean_the_same() {
        let narrow: Vec<u8> = [7i32, 250_000].map(i32::to_ne_bytes).concat();
        let wide: Vec<u8> = [7i64, 250_000].map(i64::to_ne_bytes).concat();
        let expected = Some(Timestamp {
            seconds: 7,
            nanoseconds: 250_000_000,
        });
        assert_eq!(Timestamp::from_timeval(&narrow), expected);
        assert_eq!(Timestamp::from_timeval(&wide), expected);
        let stamps = Timestamps::from_bytes(&[narrow.clone(), vec![0; 8], narrow].concat());
        let stamps = stamps.expect("three stamps");
        assert_eq!(stamps.software.map(|stamp| stamp.seconds), Some(7));
        assert_eq!(stamps.transformed, None);
    }

    #[test]
    fn impossible_stamps_are_refused() {
        let bytes: Vec<u8> = [0i64, 1_000_000_000].map(i64::to_ne_bytes).concat();
        assert_eq!(Timestamp::from_timespec(&bytes), None);
        let bytes: Vec<u8> = [0i64, i64::MAX].map(i64::to_ne_bytes).concat();
        assert_eq!(Timestamp::from_timeval(&bytes), None);
        let bytes: Vec<u8> = [0i64, -1].map(i64::to_ne_bytes).concat();
        assert_eq!(Timestamp::from_timespec(&bytes), None);
    }

    #[test]
    fn short_bytes_are_no_value() {
        for len in 0..60 {
            let bytes = vec![1; len];
            assert_eq!(Credentials::from_bytes(&bytes).is_some(), len >= 12);
            assert_eq!(PacketInfo::from_v4(&bytes).is_some(), len >= 12);
            assert_eq!(PacketInfo::from_v6(&bytes).is_some(), len >= 20);
            assert_eq!(ExtendedError::from_bytes(&bytes).is_some(), len >= 16);
        }
    }
}
