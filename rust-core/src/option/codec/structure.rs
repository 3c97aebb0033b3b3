//! Values that are a C structure of one size.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::{Read, SECOND, Wire, Write, duration, units};
use crate::control::Credentials;
use crate::error::{Error, Op, Result};
use crate::fd;
use crate::option::table::ValueKind;
use crate::option::value::{
    GROUP_REQ, GROUP_SOURCE_REQ, GroupMembership, Ipv4Interface, Ipv4Membership,
    Ipv4SourceMembership, Ipv6Membership, Ipv6PacketInfo, MD5_KEY, MemoryInfo, PacketMembership,
    PacketRing, PacketStatistics, SourceMembership, TcpMd5Key, TxTime,
};
use crate::sys::option::{self as sys, Plain};

#[inline]
fn read_plain<T: Plain>(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<T> {
    sys::get(fd, level, name).map_err(|errno| Error::Os {
        op: Op::GetSockOpt,
        errno,
    })
}

#[inline]
fn write_plain<T: Plain>(fd: BorrowedFd<'_>, level: i32, name: i32, value: &T) -> Result<()> {
    fd::set_option(fd, level, name, sys::bytes_of(value))
}
/// Codecs for values that are a C structure, here as a [`Plain`] type.
macro_rules! structs {
    ($(
        $(#[$doc:meta])+
        $codec:ident: $native:ty, $kind:ident
        $(, read $read_type:ty, |$raw:pat_param| $read:expr)?
        $(, write $write_type:ty, |$value:pat_param| $write:expr)?;
    )+) => {$(
        $(#[$doc])+
        pub(in crate::option) struct $codec;

        impl Wire for $codec {
            const KIND: ValueKind = ValueKind::$kind;
        }

        $(impl Read for $codec {
            type Value = $read_type;

            #[inline]
            fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<$read_type> {
                let $raw: $native = read_plain(fd, level, name)?;
                Ok($read)
            }
        })?

        $(impl Write for $codec {
            type Value<'a> = $write_type;

            #[inline]
            fn write(
                fd: BorrowedFd<'_>,
                level: i32,
                name: i32,
                $value: Self::Value<'_>,
            ) -> Result<()> {
                let native: $native = $write;
                write_plain(fd, level, name, &native)
            }
        })?
    )+};
}

structs! {
    /// A 64-bit number.
    Unsigned64: u64, Unsigned64, read u64, |raw| raw, write u64, |value| value;
    /// A time that zero turns off.
    Timeval: libc::timeval, Timeval,
        read Option<Duration>, |raw| from_timeval(raw),
        write Option<Duration>, |value| to_timeval(value);
    /// Whether and how long close waits.
    LingerTime: libc::linger, Struct,
        read Option<Duration>, |raw| (raw.l_onoff != 0).then(|| duration(raw.l_linger, SECOND)),
        write Option<Duration>, |value| libc::linger {
            l_onoff: value.is_some().into(),
            l_linger: value.map_or(0, |value| units(value, SECOND)),
        };
    /// Process, user and group.
    Ucred: libc::ucred, Struct,
        read Credentials, |raw| Credentials { pid: raw.pid, uid: raw.uid, gid: raw.gid };
    /// Nine counters.
    Memory: [u32; 9], Struct, read MemoryInfo, |raw| MemoryInfo::from_raw(raw);
    /// A clock and flags.
    SendTimes: [u32; 2], Struct,
        read TxTime, |[clock, flags]| TxTime { clock: clock as i32, flags },
        write TxTime, |value| [value.clock as u32, value.flags];
    /// An IPv4 address.
    Ipv4: [u8; 4], Struct, read Ipv4Addr, |raw| raw.into();
    /// `struct ip_mreqn` without a group.
    Ipv4OutInterface: libc::ip_mreqn, Struct,
        write Ipv4Interface, |value| mreqn(Ipv4Addr::UNSPECIFIED, value);
    /// `struct ip_mreqn`
    Ipv4Group: libc::ip_mreqn, Struct,
        write Ipv4Membership, |value| mreqn(value.group, value.interface);
    /// `struct ip_mreq_source`
    Ipv4SourceGroup: libc::ip_mreq_source, Struct,
        write Ipv4SourceMembership, |value| libc::ip_mreq_source {
            imr_multiaddr: in_addr(value.group),
            imr_interface: in_addr(value.interface),
            imr_sourceaddr: in_addr(value.source),
        };
    /// `struct ipv6_mreq`
    Ipv6Group: libc::ipv6_mreq, Struct,
        write Ipv6Membership, |value| libc::ipv6_mreq {
            ipv6mr_multiaddr: in6_addr(value.group),
            ipv6mr_interface: value.interface,
        };
    /// `struct in6_pktinfo`
    Ipv6Info: libc::in6_pktinfo, Struct,
        write Ipv6PacketInfo, |value| libc::in6_pktinfo {
            ipi6_addr: in6_addr(value.address),
            ipi6_ifindex: value.interface,
        };
    /// `struct group_req`
    Group: [u8; GROUP_REQ], Struct, write GroupMembership, |value| value.to_bytes();
    /// `struct group_source_req`
    SourceGroup: [u8; GROUP_SOURCE_REQ], Struct, write SourceMembership, |value| value.to_bytes();
    /// `struct ip6_mtuinfo`: an address of 28 bytes, then the size.
    Ipv6MtuInfo: [u32; 8], Struct, read u32, |[.., mtu]| mtu;
    /// `struct icmp6_filter`
    Words8: [u32; 8], Struct, read [u32; 8], |raw| raw, write [u32; 8], |value| value;
    /// `struct tcp_md5sig`
    Md5Key: [u8; MD5_KEY], Struct, write TcpMd5Key<'a>, |value| value.to_bytes()?;
    /// `struct packet_mreq`
    PacketGroup: [u8; 16], Struct, write PacketMembership, |value| value.to_bytes();
    /// `struct tpacket_req`
    Ring: [u32; 4], Struct, write PacketRing, |value| value.to_raw();
    /// `struct tpacket_stats`
    Statistics: [u32; 2], Struct,
        read PacketStatistics, |[packets, drops]| PacketStatistics { packets, drops };
}

#[inline]
fn from_timeval(raw: libc::timeval) -> Option<Duration> {
    let seconds = u64::try_from(raw.tv_sec).unwrap_or(0);
    let micros = u32::try_from(raw.tv_usec).unwrap_or(0).min(999_999);
    (seconds != 0 || micros != 0).then(|| Duration::new(seconds, micros * 1000))
}

/// Rounded up to microseconds, so that a short time does not become the zero that means for ever.
fn to_timeval(value: Option<Duration>) -> libc::timeval {
    let Some(value) = value else {
        return libc::timeval {
            tv_sec: 0,
            tv_usec: 0,
        };
    };
    let micros = value.as_nanos().div_ceil(1000).max(1);
    libc::timeval {
        tv_sec: (micros / 1_000_000).try_into().unwrap_or(libc::time_t::MAX),
        tv_usec: (micros % 1_000_000).try_into().unwrap_or(0),
    }
}

fn in_addr(address: Ipv4Addr) -> libc::in_addr {
    libc::in_addr {
        s_addr: u32::from_ne_bytes(address.octets()),
    }
}

fn in6_addr(address: Ipv6Addr) -> libc::in6_addr {
    libc::in6_addr {
        s6_addr: address.octets(),
    }
}

fn mreqn(group: Ipv4Addr, interface: Ipv4Interface) -> libc::ip_mreqn {
    let (address, index) = match interface {
        Ipv4Interface::Any => (Ipv4Addr::UNSPECIFIED, 0),
        Ipv4Interface::Address(address) => (address, 0),
        Ipv4Interface::Index(index) => (Ipv4Addr::UNSPECIFIED, index),
    };
    libc::ip_mreqn {
        imr_multiaddr: in_addr(group),
        imr_address: in_addr(address),
        imr_ifindex: index as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::super::MILLISECOND;
    use super::*;

    #[test]
    fn times_are_rounded_up_and_never_become_no_time() {
        let micros = |value: Option<Duration>| {
            let native = to_timeval(value);
            (native.tv_sec, native.tv_usec)
        };
        assert_eq!(micros(None), (0, 0));
        assert_eq!(micros(Some(Duration::ZERO)), (0, 1));
        assert_eq!(micros(Some(Duration::from_nanos(1))), (0, 1));
        assert_eq!(micros(Some(Duration::new(1, 999_999_001))), (2, 0));
        assert_eq!(micros(Some(Duration::MAX)).0, libc::time_t::MAX);
        assert_eq!(units(Duration::from_nanos(1), SECOND), 1);
        assert_eq!(units(Duration::from_secs(2), SECOND), 2);
        assert_eq!(units(Duration::MAX, SECOND), i32::MAX);
        assert_eq!(units(Duration::ZERO, MILLISECOND), 0);
    }

    #[test]
    fn times_of_the_kernel_are_read_as_they_are() {
        let time = |tv_sec, tv_usec| from_timeval(libc::timeval { tv_sec, tv_usec });
        assert_eq!(time(0, 0), None);
        assert_eq!(time(1, 500_000), Some(Duration::from_millis(1500)));
        assert_eq!(time(-1, -1), None);
    }
}
