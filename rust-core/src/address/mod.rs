//! [`Address`]: the kernel's own bytes with their length, and views of what they mean.

mod compare;
mod convert;
mod grammar;
mod query;
mod scheme;
mod target;
mod text;

pub use target::{Place, Target};

use std::ffi::OsStr;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::error::{AddressError, Result};
use crate::family::Family;
use crate::sys::sockaddr::SockAddr;

/// Where `sun_path` starts in `sockaddr_un`.
const UNIX_PATH: usize = std::mem::offset_of!(libc::sockaddr_un, sun_path);
/// How many bytes `sun_path` has.
const UNIX_PATH_CAPACITY: usize = size_of::<libc::sockaddr_un>() - UNIX_PATH;
/// The longest path (its NUL beside it) and the longest abstract name (its leading NUL beside it).
const UNIX_NAME_MAX: usize = UNIX_PATH_CAPACITY - 1;

/// An address of any family.
///
/// It keeps the native bytes and their length, so nothing is converted on the way to or from the
/// kernel; [`Address::view`] shows what they mean. Compared, ordered and hashed by meaning.
///
/// Text goes both ways through `Display` and `FromStr`:
///
/// ```
/// use rsocket::{Address, AddressView, UnixName};
///
/// let address: Address = "127.0.0.1:80".parse()?;
/// assert_eq!(address.to_string(), "127.0.0.1:80");
///
/// let address: Address = "unix:/run/app.sock".parse()?;
/// let AddressView::Unix(UnixName::Path(path)) = address.view() else { panic!() };
/// assert_eq!(path.to_str(), Some("/run/app.sock"));
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Address(SockAddr);

/// What an [`Address`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressView<'a> {
    /// No address at all: a peer without a name.
    Unspecified,
    /// IPv4, see ip(7).
    Inet(SocketAddrV4),
    /// IPv6, see ipv6(7). Flow information and scope id are kept; both are numbers in host order.
    Inet6(SocketAddrV6),
    /// Unix domain, see unix(7).
    Unix(UnixName<'a>),
    /// Netlink, see netlink(7).
    Netlink {
        /// The port id: 0 is the kernel, or "choose one" in bind.
        pid: u32,
        /// The first 32 multicast groups as a mask.
        groups: u32,
    },
    /// Virtual machine sockets, see vsock(7).
    Vsock {
        /// The machine.
        cid: u32,
        /// The port in it.
        port: u32,
    },
    /// Link layer, see packet(7).
    Packet(PacketAddress),
    /// A family without a view of its own here.
    Other {
        /// The family.
        family: Family,
        /// The bytes behind the family field.
        data: &'a [u8],
    },
}

/// The name of a Unix-domain socket, see unix(7). Names are bytes, not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnixName<'a> {
    /// No name: a socket that was never bound, or one of a pair.
    Unnamed,
    /// A path in the file system.
    Path(&'a Path),
    /// A name of Linux's abstract namespace, without the NUL byte that marks it.
    Abstract(&'a [u8]),
}

/// A link-layer address, see packet(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PacketAddress {
    /// The ethernet protocol (`ETH_P_…`) in host order.
    pub protocol: u16,
    /// The interface number.
    pub interface: u32,
    /// The ARP hardware type.
    pub hardware_type: u16,
    /// The packet type (`PACKET_HOST`, …).
    pub packet_type: u8,
    /// How many bytes of `hardware` count.
    pub hardware_len: u8,
    /// The hardware address.
    pub hardware: [u8; 8],
}

impl Address {
    /// An address of length 0, with no family.
    pub const UNSPECIFIED: Address = Address(SockAddr::empty());

    /// Takes the native bytes as they are, family field first.
    ///
    /// # Errors
    /// [`AddressError::NativeTooLong`] beyond 128 bytes, the size of `sockaddr_storage`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        SockAddr::from_bytes(bytes)
            .map(Address)
            .ok_or_else(|| AddressError::NativeTooLong(saturate(bytes.len())).into())
    }

    /// A Unix-domain path.
    ///
    /// # Errors
    /// [`AddressError::PathTooLong`] from 108 bytes on, [`AddressError::PathWithNul`],
    /// [`AddressError::EmptyPath`].
    pub fn unix(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().as_os_str().as_bytes();
        if path.is_empty() {
            return Err(AddressError::EmptyPath.into());
        }
        if path.contains(&0) {
            return Err(AddressError::PathWithNul.into());
        }
        if path.len() > UNIX_NAME_MAX {
            return Err(AddressError::PathTooLong(saturate(path.len())).into());
        }
        // unix(7): "the returned address length is offsetof(…, sun_path) + strlen(sun_path) + 1":
        // the same length as the kernel gives back, so that equal names are equal bytes.
        Ok(Self::unix_bytes(path, path.len() + 1))
    }

    /// A name in Linux's abstract namespace, without its leading NUL; any bytes.
    ///
    /// # Errors
    /// [`AddressError::NameTooLong`] from 108 bytes on.
    pub fn unix_abstract(name: impl AsRef<[u8]>) -> Result<Self> {
        let name = name.as_ref();
        if name.len() > UNIX_NAME_MAX {
            return Err(AddressError::NameTooLong(saturate(name.len())).into());
        }
        let mut path = [0; UNIX_PATH_CAPACITY];
        path[1..=name.len()].copy_from_slice(name);
        Ok(Self::unix_bytes(&path[..=name.len()], name.len() + 1))
    }

    /// The empty Unix-domain address: in `bind` the kernel chooses a free abstract name (autobind).
    #[must_use]
    pub fn unix_unnamed() -> Self {
        Self::unix_bytes(&[], 0)
    }

    /// `sockaddr_un` with `len` bytes of `sun_path`, of which `path` fills the first.
    fn unix_bytes(path: &[u8], len: usize) -> Self {
        let mut bytes = [0; size_of::<libc::sockaddr_un>()];
        bytes[..2].copy_from_slice(&(libc::AF_UNIX as libc::sa_family_t).to_ne_bytes());
        bytes[UNIX_PATH..UNIX_PATH + path.len()].copy_from_slice(path);
        Address(SockAddr::from_bytes(&bytes[..UNIX_PATH + len]).unwrap_or(SockAddr::empty()))
    }

    /// A netlink address: `pid` 0 is the kernel as a destination, and "choose one" in `bind`;
    /// `groups` is the mask of the first 32 multicast groups.
    #[must_use]
    pub fn netlink(pid: u32, groups: u32) -> Self {
        let mut native = zeroed_netlink();
        native.nl_pid = pid;
        native.nl_groups = groups;
        Address(SockAddr::from_native(&native))
    }

    /// A vsock address.
    #[must_use]
    pub fn vsock(cid: u32, port: u32) -> Self {
        Address(SockAddr::from_native(&libc::sockaddr_vm {
            svm_family: libc::AF_VSOCK as libc::sa_family_t,
            svm_reserved1: 0,
            svm_port: port,
            svm_cid: cid,
            svm_zero: [0; 4],
        }))
    }

    /// A link-layer address.
    #[must_use]
    pub fn packet(address: PacketAddress) -> Self {
        Address(SockAddr::from_native(&libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as libc::c_ushort,
            sll_protocol: address.protocol.to_be(),
            sll_ifindex: address.interface as libc::c_int,
            sll_hatype: address.hardware_type,
            sll_pkttype: address.packet_type,
            sll_halen: address.hardware_len,
            sll_addr: address.hardware,
        }))
    }

    /// The family; [`Family::UNSPEC`] where there is no address.
    #[must_use]
    #[inline]
    pub fn family(&self) -> Family {
        let family = self
            .as_bytes()
            .first_chunk()
            .map_or(0, |raw| u16::from_ne_bytes(*raw));
        Family::from_raw(family.into())
    }

    /// The native bytes, family field first.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// What the bytes mean. A family whose address is shorter than its C structure is shown as
    /// [`AddressView::Other`].
    #[must_use]
    pub fn view(&self) -> AddressView<'_> {
        let family = self.family();
        let view = match family.raw() {
            libc::AF_UNSPEC if self.as_bytes().is_empty() => Some(AddressView::Unspecified),
            libc::AF_INET => self.0.get().map(view_v4).map(AddressView::Inet),
            libc::AF_INET6 => self.0.get().map(view_v6).map(AddressView::Inet6),
            libc::AF_UNIX => Some(AddressView::Unix(self.unix_name())),
            libc::AF_NETLINK => {
                self.0
                    .get::<libc::sockaddr_nl>()
                    .map(|native| AddressView::Netlink {
                        pid: native.nl_pid,
                        groups: native.nl_groups,
                    })
            }
            libc::AF_VSOCK => self
                .0
                .get::<libc::sockaddr_vm>()
                .map(|native| AddressView::Vsock {
                    cid: native.svm_cid,
                    port: native.svm_port,
                }),
            libc::AF_PACKET => self.packet_native().map(view_packet),
            _ => None,
        };
        view.unwrap_or_else(|| AddressView::Other {
            family,
            data: self.as_bytes().get(2..).unwrap_or_default(),
        })
    }

    /// The IP address and port, where it is one. The quick way for internet sockets.
    #[must_use]
    #[inline]
    pub fn as_ip(&self) -> Option<SocketAddr> {
        // The shorter of the two structures starts like the other.
        let native = self.0.get::<libc::sockaddr_in>()?;
        match native.sin_family.into() {
            libc::AF_INET => Some(SocketAddr::V4(view_v4(native))),
            libc::AF_INET6 => {
                let native = self.0.get::<libc::sockaddr_in6>()?;
                Some(SocketAddr::V6(view_v6(native)))
            }
            _ => None,
        }
    }

    /// The port of an internet address, in host order.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.as_ip().map(|address| address.port())
    }

    /// The path, where it is a Unix-domain path.
    #[must_use]
    pub fn as_path(&self) -> Option<&Path> {
        match self.view() {
            AddressView::Unix(UnixName::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// The kernel gives as many bytes of the hardware address as the device has, not all 8
    /// (getsockname and recvfrom on loopback: 18 bytes of 20).
    fn packet_native(&self) -> Option<libc::sockaddr_ll> {
        const LEN: usize = size_of::<libc::sockaddr_ll>();
        let bytes = self.as_bytes();
        if bytes.len() < std::mem::offset_of!(libc::sockaddr_ll, sll_addr) {
            return None;
        }
        let mut whole = [0; LEN];
        for (to, from) in whole.iter_mut().zip(bytes) {
            *to = *from;
        }
        SockAddr::from_bytes(&whole)?.get()
    }

    fn unix_name(&self) -> UnixName<'_> {
        match self.as_bytes().get(UNIX_PATH..).unwrap_or_default() {
            [] => UnixName::Unnamed,
            [0, name @ ..] => UnixName::Abstract(name),
            path => {
                // unix(7), BUGS: sun_path need not be terminated when all 108 bytes are used.
                let end = path
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(path.len());
                UnixName::Path(Path::new(OsStr::from_bytes(&path[..end])))
            }
        }
    }

    pub(crate) fn native(&self) -> &SockAddr {
        &self.0
    }

    pub(crate) fn native_mut(&mut self) -> &mut SockAddr {
        &mut self.0
    }

    pub(crate) fn from_native(native: SockAddr) -> Self {
        Address(native)
    }
}

fn zeroed_netlink() -> libc::sockaddr_nl {
    // SockAddr zeroes what it is not given; nl_pad is private to libc, so read it from zeros.
    let mut bytes = [0; size_of::<libc::sockaddr_nl>()];
    bytes[..2].copy_from_slice(&(libc::AF_NETLINK as libc::sa_family_t).to_ne_bytes());
    match SockAddr::from_bytes(&bytes).and_then(|native| native.get::<libc::sockaddr_nl>()) {
        Some(native) => native,
        None => unreachable!("a sockaddr_nl holds a sockaddr_nl"),
    }
}

#[inline]
fn view_v4(native: libc::sockaddr_in) -> SocketAddrV4 {
    let ip = Ipv4Addr::from(native.sin_addr.s_addr.to_ne_bytes());
    SocketAddrV4::new(ip, u16::from_be(native.sin_port))
}

#[inline]
fn view_v6(native: libc::sockaddr_in6) -> SocketAddrV6 {
    let ip = Ipv6Addr::from(native.sin6_addr.s6_addr);
    let flow = u32::from_be(native.sin6_flowinfo);
    SocketAddrV6::new(
        ip,
        u16::from_be(native.sin6_port),
        flow,
        native.sin6_scope_id,
    )
}

fn view_packet(native: libc::sockaddr_ll) -> AddressView<'static> {
    AddressView::Packet(PacketAddress {
        protocol: u16::from_be(native.sll_protocol),
        interface: native.sll_ifindex as u32,
        hardware_type: native.sll_hatype,
        packet_type: native.sll_pkttype,
        hardware_len: native.sll_halen.min(8),
        hardware: native.sll_addr,
    })
}

/// A length for an error message.
fn saturate(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Default for Address {
    /// [`Address::UNSPECIFIED`], to be filled by a call.
    #[inline]
    fn default() -> Self {
        Address(SockAddr::room())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
