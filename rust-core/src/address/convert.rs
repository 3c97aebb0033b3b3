//! [`Address`] from and to the addresses of std.

use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::Address;
use crate::error::{Error, Result};
use crate::sys::sockaddr::SockAddr;

impl From<SocketAddrV4> for Address {
    #[inline]
    fn from(address: SocketAddrV4) -> Self {
        Address(SockAddr::from_native(&libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr {
                s_addr: u32::from_ne_bytes(address.ip().octets()),
            },
            sin_zero: [0; 8],
        }))
    }
}

impl From<SocketAddrV6> for Address {
    #[inline]
    fn from(address: SocketAddrV6) -> Self {
        Address(SockAddr::from_native(&libc::sockaddr_in6 {
            sin6_family: libc::AF_INET6 as libc::sa_family_t,
            sin6_port: address.port().to_be(),
            sin6_flowinfo: address.flowinfo().to_be(),
            sin6_addr: libc::in6_addr {
                s6_addr: address.ip().octets(),
            },
            sin6_scope_id: address.scope_id(),
        }))
    }
}

impl From<SocketAddr> for Address {
    #[inline]
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => address.into(),
            SocketAddr::V6(address) => address.into(),
        }
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for Address {
    fn from(pair: (I, u16)) -> Self {
        SocketAddr::from(pair).into()
    }
}

impl TryFrom<&std::os::unix::net::SocketAddr> for Address {
    type Error = Error;

    fn try_from(address: &std::os::unix::net::SocketAddr) -> Result<Self> {
        use std::os::linux::net::SocketAddrExt;
        match (address.as_pathname(), address.as_abstract_name()) {
            (Some(path), _) => Address::unix(path),
            (None, Some(name)) => Address::unix_abstract(name),
            (None, None) => Ok(Address::unix_unnamed()),
        }
    }
}

/// An address that is no IP address.
impl TryFrom<&Address> for SocketAddr {
    type Error = Error;

    fn try_from(address: &Address) -> Result<Self> {
        address.as_ip().ok_or(Error::WrongFamily)
    }
}
