//! Options of IPv4, `IPPROTO_IP`; an IPv6 socket that speaks IPv4 has most of them too.

use std::net::Ipv4Addr;

use super::codec::{
    Byte, Flag, Group, Ipv4, Ipv4Group, Ipv4OutInterface, Ipv4SourceGroup, NetworkIndex, PathMtu,
    PortRange, ProtocolNumber, RawBytes, SocketName, SourceGroup, Uint,
};
use super::table::options;
use super::value::{
    Bytes, GroupMembership, IpPortRange, Ipv4Interface, Ipv4Membership, Ipv4SourceMembership,
    PathMtuDiscovery, SourceMembership,
};
use crate::address::Address;
use crate::family::Protocol;
use crate::sys::missing;

options! {
    ROWS, IPPROTO_IP, "[ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html)";

    /// Joins a multicast group. EADDRINUSE where it is joined already, ENODEV without an
    /// interface, ENOBUFS beyond `net.ipv4.igmp_max_memberships`.
    IpAddMembership = "IP_ADD_MEMBERSHIP" libc::IP_ADD_MEMBERSHIP, IP,
        set(Ipv4Membership, Ipv4Group);
    /// Joins a multicast group for one sender; again for further senders.
    IpAddSourceMembership = "IP_ADD_SOURCE_MEMBERSHIP" libc::IP_ADD_SOURCE_MEMBERSHIP, IP,
        set(Ipv4SourceMembership, Ipv4SourceGroup);
    /// Lets connect choose the port of an address bound with port 0, so that many sockets can
    /// share it.
    IpBindAddressNoPort = "IP_BIND_ADDRESS_NO_PORT" libc::IP_BIND_ADDRESS_NO_PORT, IP,
        get_set(bool, Flag);
    /// Stops data from one sender of a multicast group.
    IpBlockSource = "IP_BLOCK_SOURCE" libc::IP_BLOCK_SOURCE, IP,
        set(Ipv4SourceMembership, Ipv4SourceGroup);
    /// Whether UDP messages arrive with the checksum of their payload.
    IpChecksum = "IP_CHECKSUM" libc::IP_CHECKSUM, IP, get_set(bool, Flag);
    /// Leaves a multicast group. EADDRNOTAVAIL where it was not joined.
    IpDropMembership = "IP_DROP_MEMBERSHIP" libc::IP_DROP_MEMBERSHIP, IP,
        set(Ipv4Membership, Ipv4Group);
    /// Leaves a multicast group for one sender. EADDRNOTAVAIL where it was not joined.
    IpDropSourceMembership = "IP_DROP_SOURCE_MEMBERSHIP" libc::IP_DROP_SOURCE_MEMBERSHIP, IP,
        set(Ipv4SourceMembership, Ipv4SourceGroup);
    /// Whether bind takes an address that this host does not have, or not yet.
    IpFreebind = "IP_FREEBIND" libc::IP_FREEBIND, IP, get_set(bool, Flag);
    /// Whether the sender of a raw socket writes the IP header itself.
    IpHdrIncl = "IP_HDRINCL" libc::IP_HDRINCL, IP, get_set(bool, Flag);
    /// The ports that bind to port 0 chooses from, Linux 6.3.
    IpLocalPortRange = "IP_LOCAL_PORT_RANGE" missing::IP_LOCAL_PORT_RANGE, IP,
        get_set(IpPortRange, PortRange);
    /// Joins a multicast group, the interface by its number (RFC 3678).
    IpJoinGroup = "MCAST_JOIN_GROUP" libc::MCAST_JOIN_GROUP, IP, set(GroupMembership, Group);
    /// Leaves a multicast group (RFC 3678).
    IpLeaveGroup = "MCAST_LEAVE_GROUP" libc::MCAST_LEAVE_GROUP, IP, set(GroupMembership, Group);
    /// Joins a multicast group for one sender, the interface by its number (RFC 3678).
    IpJoinSourceGroup = "MCAST_JOIN_SOURCE_GROUP" libc::MCAST_JOIN_SOURCE_GROUP, IP,
        set(SourceMembership, SourceGroup);
    /// Leaves a multicast group for one sender (RFC 3678).
    IpLeaveSourceGroup = "MCAST_LEAVE_SOURCE_GROUP" libc::MCAST_LEAVE_SOURCE_GROUP, IP,
        set(SourceMembership, SourceGroup);
    /// Stops data from one sender of a multicast group (RFC 3678).
    IpBlockGroupSource = "MCAST_BLOCK_SOURCE" libc::MCAST_BLOCK_SOURCE, IP,
        set(SourceMembership, SourceGroup);
    /// Takes data from a stopped sender again (RFC 3678).
    IpUnblockGroupSource = "MCAST_UNBLOCK_SOURCE" libc::MCAST_UNBLOCK_SOURCE, IP,
        set(SourceMembership, SourceGroup);
    /// The least time to live of packets that are taken (RFC 5082); 0 takes all.
    IpMinTtl = "IP_MINTTL" libc::IP_MINTTL, IP, get_set(u8, Byte);
    /// The path's MTU in bytes, as far as it is known. ENOTCONN without a peer.
    IpMtu = "IP_MTU" libc::IP_MTU, IP, get(u32, Uint);
    /// Whether datagrams may be fragmented.
    IpMtuDiscover = "IP_MTU_DISCOVER" libc::IP_MTU_DISCOVER, IP,
        get_set(PathMtuDiscovery, PathMtu);
    /// Whether it gets data of every multicast group that the host joined, or of its own alone.
    IpMulticastAll = "IP_MULTICAST_ALL" libc::IP_MULTICAST_ALL, IP, get_set(bool, Flag);
    /// The interface that multicast leaves by. The answer is its address where it was set by
    /// address, and unspecified otherwise.
    IpMulticastIf = "IP_MULTICAST_IF" libc::IP_MULTICAST_IF, IP,
        get(Ipv4Addr, Ipv4), set(Ipv4Interface, Ipv4OutInterface);
    /// Whether multicast that it sends comes back to this host.
    IpMulticastLoop = "IP_MULTICAST_LOOP" libc::IP_MULTICAST_LOOP, IP, get_set(bool, Flag);
    /// How many routers multicast may pass: its time to live, 1 by default.
    IpMulticastTtl = "IP_MULTICAST_TTL" libc::IP_MULTICAST_TTL, IP, get_set(u8, Byte);
    /// Whether packets that a raw socket sends are left unassembled by connection tracking.
    IpNoDefrag = "IP_NODEFRAG" libc::IP_NODEFRAG, IP, get_set(bool, Flag);
    /// The IP options of every packet sent, at most 40 bytes (RFC 791).
    IpOptions = "IP_OPTIONS" libc::IP_OPTIONS, IP,
        get(Bytes<40>, Bytes<40>), set(&'a [u8], RawBytes);
    /// Where a connection was meant to go before it was redirected. ENOENT where it was not.
    IpOriginalDst = "SO_ORIGINAL_DST" libc::SO_ORIGINAL_DST, IP, get(Address, SocketName);
    /// Whether messages arrive with their destination, interface and local address.
    IpPacketInfo = "IP_PKTINFO" libc::IP_PKTINFO, IP, get_set(bool, Flag);
    /// Whether messages arrive with the sender's security label.
    IpPassSec = "IP_PASSSEC" libc::IP_PASSSEC, IP, get_set(bool, Flag);
    /// The protocol number of a raw socket, Linux 6.4.
    IpProtocol = "IP_PROTOCOL" missing::IP_PROTOCOL, IP, get(Protocol, ProtocolNumber);
    /// Whether errors queue up with what they are about, for MSG_ERRQUEUE.
    IpRecvErr = "IP_RECVERR" libc::IP_RECVERR, IP, get_set(bool, Flag);
    /// Whether queued errors say what their extensions hold (RFC 4884).
    IpRecvErrRfc4884 = "IP_RECVERR_RFC4884" missing::IP_RECVERR_RFC4884, IP, get_set(bool, Flag);
    /// Whether messages arrive with the size of their largest fragment.
    IpRecvFragSize = "IP_RECVFRAGSIZE" libc::IP_RECVFRAGSIZE, IP, get_set(bool, Flag);
    /// Whether messages arrive with their IP options.
    IpRecvOpts = "IP_RECVOPTS" libc::IP_RECVOPTS, IP, get_set(bool, Flag);
    /// Whether messages arrive with their destination before it was redirected.
    IpRecvOrigDstAddr = "IP_RECVORIGDSTADDR" libc::IP_RECVORIGDSTADDR, IP, get_set(bool, Flag);
    /// Whether messages arrive with their type of service.
    IpRecvTos = "IP_RECVTOS" libc::IP_RECVTOS, IP, get_set(bool, Flag);
    /// Whether messages arrive with their time to live.
    IpRecvTtl = "IP_RECVTTL" libc::IP_RECVTTL, IP, get_set(bool, Flag);
    /// Whether messages arrive with their IP options as a reply would have them.
    IpRetOpts = "IP_RETOPTS" libc::IP_RETOPTS, IP, get_set(bool, Flag);
    /// Whether a raw socket gets the packets to be forwarded that have the router alert option.
    IpRouterAlert = "IP_ROUTER_ALERT" libc::IP_ROUTER_ALERT, IP, get_set(bool, Flag);
    /// The type of service of every packet sent: six bits of DSCP (RFC 2474), two of ECN. TCP
    /// keeps the ECN bits to itself.
    IpTos = "IP_TOS" libc::IP_TOS, IP, get_set(u8, Byte);
    /// Whether it may be bound to, and take, addresses of other hosts. EPERM without
    /// `CAP_NET_ADMIN` or `CAP_NET_RAW`.
    IpTransparent = "IP_TRANSPARENT" libc::IP_TRANSPARENT, IP, get_set(bool, Flag);
    /// The time to live of every packet sent, from 1.
    IpTtl = "IP_TTL" libc::IP_TTL, IP, get_set(u8, Byte);
    /// Takes data from a stopped sender of a multicast group again.
    IpUnblockSource = "IP_UNBLOCK_SOURCE" libc::IP_UNBLOCK_SOURCE, IP,
        set(Ipv4SourceMembership, Ipv4SourceGroup);
    /// The interface that packets leave by, by number; 0 for none in particular.
    IpUnicastIf = "IP_UNICAST_IF" libc::IP_UNICAST_IF, IP, get_set(u32, NetworkIndex);
}

options! {
    RAW_ROWS, SOL_RAW, "[raw(7)](https://man7.org/linux/man-pages/man7/raw.7.html)";

    /// Which ICMP messages a raw ICMP socket does not get: a bit per type.
    IcmpFilter = "ICMP_FILTER" missing::ICMP_FILTER, IP, get_set(u32, Uint);
}
