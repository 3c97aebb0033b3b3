//! The values of options that are more than a number.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::address::Address;
use crate::error::Result;
use crate::{Errno, Error, Op};

/// Newtypes over the C numbers of one option, open to numbers that are not named here.
macro_rules! numbers {
    ($(
        $(#[$doc:meta])*
        $type:ident($raw:ty) { $($(#[$item_doc:meta])* $name:ident = $number:expr,)+ }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
        #[repr(transparent)]
        pub struct $type($raw);

        impl $type {
            $($(#[$item_doc])* pub const $name: $type = $type($number);)+

            /// Takes any number, known here or not: the kernel judges it.
            #[must_use]
            pub const fn from_raw(number: $raw) -> Self {
                $type(number)
            }

            /// The number as C has it.
            #[must_use]
            pub const fn raw(self) -> $raw {
                self.0
            }
        }

        impl std::ops::BitOr for $type {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                $type(self.0 | other.0)
            }
        }
    )+};
}

numbers! {
    /// Whether datagrams may be fragmented, and whether path MTU discovery (RFC 1191, RFC 8201) is
    /// believed: `IP_PMTUDISC_…`, see ip(7). IPv6 has the same numbers.
    PathMtuDiscovery(i32) {
        /// Never sets "don't fragment".
        DONT = libc::IP_PMTUDISC_DONT,
        /// As the route says.
        WANT = libc::IP_PMTUDISC_WANT,
        /// Always sets "don't fragment"; too long a datagram is EMSGSIZE.
        DO = libc::IP_PMTUDISC_DO,
        /// Sets "don't fragment" and takes no notice of the path's MTU.
        PROBE = libc::IP_PMTUDISC_PROBE,
        /// Always uses the interface's MTU; "don't fragment" is not set.
        INTERFACE = libc::IP_PMTUDISC_INTERFACE,
        /// As `INTERFACE`, and longer datagrams are fragmented.
        OMIT = libc::IP_PMTUDISC_OMIT,
    }

    /// Which timestamps are made and reported: `SOF_TIMESTAMPING_…` of the kernel's
    /// [timestamping documentation](https://docs.kernel.org/networking/timestamping.html).
    TimestampingFlags(u32) {
        /// Made by the interface when a packet is sent.
        TX_HARDWARE = libc::SOF_TIMESTAMPING_TX_HARDWARE,
        /// Made by the driver when a packet is sent.
        TX_SOFTWARE = libc::SOF_TIMESTAMPING_TX_SOFTWARE,
        /// Made by the interface when a packet arrives.
        RX_HARDWARE = libc::SOF_TIMESTAMPING_RX_HARDWARE,
        /// Made by the kernel when a packet arrives.
        RX_SOFTWARE = libc::SOF_TIMESTAMPING_RX_SOFTWARE,
        /// Reports what the kernel made.
        SOFTWARE = libc::SOF_TIMESTAMPING_SOFTWARE,
        /// Reports what the interface made, by its own clock.
        RAW_HARDWARE = libc::SOF_TIMESTAMPING_RAW_HARDWARE,
        /// Counts the packets sent, to tell their timestamps apart.
        OPT_ID = libc::SOF_TIMESTAMPING_OPT_ID,
        /// Made before the packet scheduler.
        TX_SCHED = libc::SOF_TIMESTAMPING_TX_SCHED,
        /// Made when the peer acknowledged all of it (TCP).
        TX_ACK = libc::SOF_TIMESTAMPING_TX_ACK,
        /// Reports control messages of the packet too.
        OPT_CMSG = libc::SOF_TIMESTAMPING_OPT_CMSG,
        /// Reports the timestamp without the packet.
        OPT_TSONLY = libc::SOF_TIMESTAMPING_OPT_TSONLY,
        /// Reports TCP's state beside it.
        OPT_STATS = libc::SOF_TIMESTAMPING_OPT_STATS,
        /// Reports the interface and the length that the interface saw.
        OPT_PKTINFO = libc::SOF_TIMESTAMPING_OPT_PKTINFO,
        /// Reports the timestamps of kernel and interface both.
        OPT_TX_SWHW = libc::SOF_TIMESTAMPING_OPT_TX_SWHW,
        /// Counts from the stream's start, not from the option's (TCP).
        OPT_ID_TCP = libc::SOF_TIMESTAMPING_OPT_ID_TCP,
    }

    /// How a packet socket's members of a group share the packets: `PACKET_FANOUT_…` in the upper
    /// half, the group in the lower, see packet(7).
    PacketFanout(u32) {
        /// By the hash of a flow.
        HASH = libc::PACKET_FANOUT_HASH << 16,
        /// In turn.
        LB = libc::PACKET_FANOUT_LB << 16,
        /// By the processor that it arrived on.
        CPU = libc::PACKET_FANOUT_CPU << 16,
        /// One member until its queue is full.
        ROLLOVER = libc::PACKET_FANOUT_ROLLOVER << 16,
        /// At random.
        RND = libc::PACKET_FANOUT_RND << 16,
        /// By the interface's queue.
        QM = libc::PACKET_FANOUT_QM << 16,
        /// As a BPF program says.
        CBPF = libc::PACKET_FANOUT_CBPF << 16,
        /// As an eBPF program says.
        EBPF = libc::PACKET_FANOUT_EBPF << 16,
    }

    /// What a packet socket receives beside what is its interface's own: `PACKET_MR_…`, packet(7).
    PacketMembershipKind(u16) {
        /// What is sent to one multicast address.
        MULTICAST = libc::PACKET_MR_MULTICAST as u16,
        /// Everything that passes the interface.
        PROMISC = libc::PACKET_MR_PROMISC as u16,
        /// What is sent to any multicast address.
        ALLMULTI = libc::PACKET_MR_ALLMULTI as u16,
        /// What is sent to one further unicast address.
        UNICAST = libc::PACKET_MR_UNICAST as u16,
    }
}

impl PacketFanout {
    /// How members share, for the group with the number `group`.
    #[must_use]
    pub const fn of_group(self, group: u16) -> Self {
        PacketFanout(self.0 & 0xffff_0000 | group as u32)
    }
}

/// The local ports that bind(2) to port 0 chooses from: `IP_LOCAL_PORT_RANGE`, Linux 6.3.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct IpPortRange {
    /// The lowest; 0 keeps the system's.
    pub low: u16,
    /// The highest; 0 keeps the system's.
    pub high: u16,
}

impl IpPortRange {
    pub(super) const fn from_raw(raw: u32) -> Self {
        IpPortRange {
            low: (raw & 0xffff) as u16,
            high: (raw >> 16) as u16,
        }
    }

    pub(super) const fn raw(self) -> u32 {
        (self.high as u32) << 16 | self.low as u32
    }
}

/// Up to `N` bytes, as long as the kernel filled them.
#[derive(Clone, Copy)]
pub struct Bytes<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Bytes<N> {
    pub(super) fn new(bytes: [u8; N], len: usize) -> Self {
        Bytes {
            bytes,
            len: len.min(N),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }

    /// The bytes as text, where they are UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_bytes()).ok()
    }
}

impl<const N: usize> std::ops::Deref for Bytes<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<const N: usize> PartialEq for Bytes<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for Bytes<N> {}

impl<const N: usize> PartialEq<str> for Bytes<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> PartialEq<&str> for Bytes<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// A local interface, as IPv4's multicast options name it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Ipv4Interface {
    /// The kernel chooses by its routes.
    #[default]
    Any,
    /// The one that has this address.
    Address(Ipv4Addr),
    /// The one with this number.
    Index(u32),
}

/// An IPv4 multicast group on an interface (`struct ip_mreqn`, ip(7)).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv4Membership {
    /// The group.
    pub group: Ipv4Addr,
    /// Where it is joined.
    pub interface: Ipv4Interface,
}

/// An IPv4 multicast group from one sender (`struct ip_mreq_source`, ip(7); RFC 4607).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv4SourceMembership {
    /// The group.
    pub group: Ipv4Addr,
    /// The address of the interface where it is joined, unspecified for the kernel's choice.
    pub interface: Ipv4Addr,
    /// The sender.
    pub source: Ipv4Addr,
}

/// An IPv6 multicast group, or an anycast address, on an interface (`struct ipv6_mreq`, ipv6(7)).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv6Membership {
    /// The group.
    pub group: Ipv6Addr,
    /// The interface's number, 0 for the kernel's choice.
    pub interface: u32,
}

/// Where `gr_group` starts in `struct group_req`: behind a number, aligned for an address.
const GROUP_OFFSET: usize = align_of::<libc::sockaddr_storage>();
const STORAGE: usize = size_of::<libc::sockaddr_storage>();
/// The size of `struct group_req` (RFC 3678, netinet/in.h).
pub(super) const GROUP_REQ: usize = GROUP_OFFSET + STORAGE;
/// The size of `struct group_source_req`.
pub(super) const GROUP_SOURCE_REQ: usize = GROUP_REQ + STORAGE;

/// A multicast group of either IP version on an interface (`struct group_req`, RFC 3678).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GroupMembership {
    /// The group.
    pub group: IpAddr,
    /// The interface's number, 0 for the kernel's choice.
    pub interface: u32,
}

impl GroupMembership {
    pub(super) fn to_bytes(self) -> [u8; GROUP_REQ] {
        let mut bytes = [0; GROUP_REQ];
        place(&mut bytes, 0, &self.interface.to_ne_bytes());
        place(&mut bytes, GROUP_OFFSET, ip_bytes(self.group).as_bytes());
        bytes
    }
}

/// A multicast group of either IP version from one sender (`struct group_source_req`, RFC 3678).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SourceMembership {
    /// The group.
    pub group: IpAddr,
    /// The sender, of the same IP version.
    pub source: IpAddr,
    /// The interface's number, 0 for the kernel's choice.
    pub interface: u32,
}

impl SourceMembership {
    pub(super) fn to_bytes(self) -> [u8; GROUP_SOURCE_REQ] {
        let mut bytes = [0; GROUP_SOURCE_REQ];
        place(&mut bytes, 0, &self.interface.to_ne_bytes());
        place(&mut bytes, GROUP_OFFSET, ip_bytes(self.group).as_bytes());
        place(&mut bytes, GROUP_REQ, ip_bytes(self.source).as_bytes());
        bytes
    }
}

fn ip_bytes(ip: IpAddr) -> Address {
    SocketAddr::new(ip, 0).into()
}

/// Copies `part` to where it belongs; what does not fit is left out.
fn place(bytes: &mut [u8], at: usize, part: &[u8]) {
    if let Some(room) = bytes.get_mut(at..at + part.len()) {
        room.copy_from_slice(part);
    }
}

/// Where an IPv6 packet comes from or arrived: an address and an interface (`struct in6_pktinfo`,
/// RFC 3542).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv6PacketInfo {
    /// The local address.
    pub address: Ipv6Addr,
    /// The interface's number.
    pub interface: u32,
}

/// How the memory of a socket is used, in bytes (`SO_MEMINFO`, linux/sock_diag.h).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct MemoryInfo {
    /// In the receive queue.
    pub receive_queue: u32,
    /// The most that the receive queue may have.
    pub receive_buffer: u32,
    /// Sent and not yet gone.
    pub send_queue: u32,
    /// The most that the send queue may have.
    pub send_buffer: u32,
    /// Set aside for later.
    pub forward_allocated: u32,
    /// Queued to be sent.
    pub send_queued: u32,
    /// Used by options.
    pub options: u32,
    /// In the backlog.
    pub backlog: u32,
    /// Packets dropped, a count.
    pub drops: u32,
}

impl MemoryInfo {
    pub(super) fn from_raw(raw: [u32; 9]) -> Self {
        let [
            receive_queue,
            receive_buffer,
            send_queue,
            send_buffer,
            rest @ ..,
        ] = raw;
        let [forward_allocated, send_queued, options, backlog, drops] = rest;
        MemoryInfo {
            receive_queue,
            receive_buffer,
            send_queue,
            send_buffer,
            forward_allocated,
            send_queued,
            options,
            backlog,
            drops,
        }
    }
}

/// How packets say when they are to leave (`struct sock_txtime`, linux/net_tstamp.h).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct TxTime {
    /// The clock, `CLOCK_…` of clock_gettime(2).
    pub clock: i32,
    /// `SOF_TXTIME_DEADLINE_MODE` (1), `SOF_TXTIME_REPORT_ERRORS` (2).
    pub flags: u32,
}

/// A key for TCP's MD5 signatures of one peer (`struct tcp_md5sig`, RFC 2385, tcp(7)).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TcpMd5Key<'a> {
    /// The peer; its port does not matter.
    pub peer: SocketAddr,
    /// The key, at most 80 bytes; an empty one removes it.
    pub key: &'a [u8],
}

/// Where the length and the key start in `struct tcp_md5sig`: behind the address, a byte of flags
/// and one of prefix length; and behind the length and the interface's number.
const MD5_LEN_AT: usize = STORAGE + 2;
const MD5_KEY_AT: usize = STORAGE + 8;
const MD5_KEY_MAX: usize = libc::TCP_MD5SIG_MAXKEYLEN;
/// The size of `struct tcp_md5sig`.
pub(super) const MD5_KEY: usize = MD5_KEY_AT + MD5_KEY_MAX;

impl TcpMd5Key<'_> {
    pub(super) fn to_bytes(self) -> Result<[u8; MD5_KEY]> {
        let refused = Error::Os {
            op: Op::SetSockOpt,
            errno: Errno::EINVAL,
        };
        let len = u16::try_from(self.key.len()).map_err(|_| refused)?;
        if self.key.len() > MD5_KEY_MAX {
            return Err(refused);
        }
        let mut bytes = [0; MD5_KEY];
        place(&mut bytes, 0, Address::from(self.peer).as_bytes());
        place(&mut bytes, MD5_LEN_AT, &len.to_ne_bytes());
        place(&mut bytes, MD5_KEY_AT, self.key);
        Ok(bytes)
    }
}

/// What an interface is to receive for a packet socket (`struct packet_mreq`, packet(7)).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PacketMembership {
    /// The interface's number.
    pub interface: u32,
    /// What it receives.
    pub kind: PacketMembershipKind,
    /// The hardware address that `kind` is about, from its start.
    pub address: [u8; 8],
    /// How many bytes of `address` count.
    pub address_len: u16,
}

impl PacketMembership {
    pub(super) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        place(&mut bytes, 0, &self.interface.to_ne_bytes());
        place(&mut bytes, 4, &self.kind.raw().to_ne_bytes());
        place(&mut bytes, 6, &self.address_len.to_ne_bytes());
        place(&mut bytes, 8, &self.address);
        bytes
    }
}

/// A ring of packets to be mapped into memory (`struct tpacket_req`, packet(7)); all zero frees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PacketRing {
    /// The size of a block in bytes, a multiple of the page size.
    pub block_size: u32,
    /// How many blocks.
    pub blocks: u32,
    /// The size of a frame in bytes.
    pub frame_size: u32,
    /// How many frames: as many as fill the blocks.
    pub frames: u32,
}

impl PacketRing {
    pub(super) fn to_raw(self) -> [u32; 4] {
        [self.block_size, self.blocks, self.frame_size, self.frames]
    }
}

/// What a packet socket has seen since it was last asked (`struct tpacket_stats`, packet(7)).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PacketStatistics {
    /// Packets, dropped ones included.
    pub packets: u32,
    /// Packets dropped for want of room.
    pub drops: u32,
}
