//! Options of IPv6, `IPPROTO_IPV6`.

use super::codec::{
    Byte, FamilyNumber, Flag, Group, Int, Ipv6Group, Ipv6Info, Ipv6MtuInfo, NetworkIndex,
    OptionUint, PathMtu, RawBytes, SocketName, SourceGroup, Uint, Words8,
};
use super::table::options;
use super::value::{
    Bytes, GroupMembership, Ipv6Membership, Ipv6PacketInfo, PathMtuDiscovery, SourceMembership,
};
use crate::address::Address;
use crate::family::Family;
use crate::sys::missing;

options! {
    ROWS, IPPROTO_IPV6, "[ipv6(7)](https://man7.org/linux/man-pages/man7/ipv6.7.html)";

    /// Joins a multicast group. EADDRINUSE where it is joined already, ENODEV without an interface.
    Ipv6AddMembership = "IPV6_ADD_MEMBERSHIP" libc::IPV6_ADD_MEMBERSHIP, INET6,
        set(Ipv6Membership, Ipv6Group);
    /// Turns a socket connected to an IPv4-mapped address into one of IPv4.
    Ipv6AddrForm = "IPV6_ADDRFORM" libc::IPV6_ADDRFORM, INET6, set(Family, FamilyNumber);
    /// Which source addresses are preferred: `IPV6_PREFER_SRC_…` (RFC 5014).
    Ipv6AddrPreferences = "IPV6_ADDR_PREFERENCES" libc::IPV6_ADDR_PREFERENCES, INET6,
        get_set(u32, Uint);
    /// Whether every flow gets a flow label by itself (RFC 6438).
    Ipv6AutoFlowLabel = "IPV6_AUTOFLOWLABEL" libc::IPV6_AUTOFLOWLABEL, INET6, get_set(bool, Flag);
    /// Where in its packets the checksum of a raw socket stands, in bytes, even; `None` for no
    /// checksum (RFC 3542).
    Ipv6Checksum = "IPV6_CHECKSUM" libc::IPV6_CHECKSUM, INET6, get_set(Option<u32>, OptionUint);
    /// Whether datagrams longer than the path's MTU are refused with EMSGSIZE.
    Ipv6DontFrag = "IPV6_DONTFRAG" libc::IPV6_DONTFRAG, INET6, get_set(bool, Flag);
    /// Leaves a multicast group. EADDRNOTAVAIL where it was not joined.
    Ipv6DropMembership = "IPV6_DROP_MEMBERSHIP" libc::IPV6_DROP_MEMBERSHIP, INET6,
        set(Ipv6Membership, Ipv6Group);
    /// The destination options of every packet sent (RFC 3542). EPERM without `CAP_NET_RAW`.
    Ipv6DstOpts = "IPV6_DSTOPTS" libc::IPV6_DSTOPTS, INET6,
        get(Bytes<256>, Bytes<256>), set(&'a [u8], RawBytes);
    /// Whether messages arrive with their flow label and traffic class.
    Ipv6FlowInfo = "IPV6_FLOWINFO" libc::IPV6_FLOWINFO, INET6, get_set(bool, Flag);
    /// Whether the flow information of an address that data is sent to is taken.
    Ipv6FlowInfoSend = "IPV6_FLOWINFO_SEND" libc::IPV6_FLOWINFO_SEND, INET6, get_set(bool, Flag);
    /// Whether bind takes an address that this host does not have, or not yet.
    Ipv6Freebind = "IPV6_FREEBIND" libc::IPV6_FREEBIND, INET6, get_set(bool, Flag);
    /// Whether the sender of a raw socket writes the IPv6 header itself.
    Ipv6HdrIncl = "IPV6_HDRINCL" libc::IPV6_HDRINCL, INET6, get_set(bool, Flag);
    /// The hop-by-hop options of every packet sent (RFC 3542). EPERM without `CAP_NET_RAW`.
    Ipv6HopOpts = "IPV6_HOPOPTS" libc::IPV6_HOPOPTS, INET6,
        get(Bytes<256>, Bytes<256>), set(&'a [u8], RawBytes);
    /// Takes an anycast address. EPERM without `CAP_NET_ADMIN`.
    Ipv6JoinAnycast = "IPV6_JOIN_ANYCAST" libc::IPV6_JOIN_ANYCAST, INET6,
        set(Ipv6Membership, Ipv6Group);
    /// Gives an anycast address up. ENOENT where it was not taken.
    Ipv6LeaveAnycast = "IPV6_LEAVE_ANYCAST" libc::IPV6_LEAVE_ANYCAST, INET6,
        set(Ipv6Membership, Ipv6Group);
    /// Joins a multicast group (RFC 3678).
    Ipv6JoinGroup = "MCAST_JOIN_GROUP" libc::MCAST_JOIN_GROUP, INET6, set(GroupMembership, Group);
    /// Leaves a multicast group (RFC 3678).
    Ipv6LeaveGroup = "MCAST_LEAVE_GROUP" libc::MCAST_LEAVE_GROUP, INET6,
        set(GroupMembership, Group);
    /// Joins a multicast group for one sender (RFC 3678).
    Ipv6JoinSourceGroup = "MCAST_JOIN_SOURCE_GROUP" libc::MCAST_JOIN_SOURCE_GROUP, INET6,
        set(SourceMembership, SourceGroup);
    /// Leaves a multicast group for one sender (RFC 3678).
    Ipv6LeaveSourceGroup = "MCAST_LEAVE_SOURCE_GROUP" libc::MCAST_LEAVE_SOURCE_GROUP, INET6,
        set(SourceMembership, SourceGroup);
    /// Stops data from one sender of a multicast group (RFC 3678).
    Ipv6BlockSource = "MCAST_BLOCK_SOURCE" libc::MCAST_BLOCK_SOURCE, INET6,
        set(SourceMembership, SourceGroup);
    /// Takes data from a stopped sender of a multicast group again (RFC 3678).
    Ipv6UnblockSource = "MCAST_UNBLOCK_SOURCE" libc::MCAST_UNBLOCK_SOURCE, INET6,
        set(SourceMembership, SourceGroup);
    /// The least hop limit of packets that are taken (RFC 5082); 0 takes all.
    Ipv6MinHopCount = "IPV6_MINHOPCOUNT" libc::IPV6_MINHOPCOUNT, INET6, get_set(u8, Byte);
    /// The path's MTU in bytes, as far as it is known (ENOTCONN without a peer); set, it is a limit
    /// of its own, at least 1280.
    Ipv6Mtu = "IPV6_MTU" libc::IPV6_MTU, INET6, get_set(u32, Uint);
    /// Whether datagrams may be fragmented.
    Ipv6MtuDiscover = "IPV6_MTU_DISCOVER" libc::IPV6_MTU_DISCOVER, INET6,
        get_set(PathMtuDiscovery, PathMtu);
    /// Whether it gets data of every multicast group that the host joined, or of its own alone.
    Ipv6MulticastAll = "IPV6_MULTICAST_ALL" libc::IPV6_MULTICAST_ALL, INET6, get_set(bool, Flag);
    /// How many routers multicast may pass, 1 by default.
    Ipv6MulticastHops = "IPV6_MULTICAST_HOPS" libc::IPV6_MULTICAST_HOPS, INET6, get_set(u8, Byte);
    /// The interface that multicast leaves by, by number; 0 for the kernel's choice.
    Ipv6MulticastIf = "IPV6_MULTICAST_IF" libc::IPV6_MULTICAST_IF, INET6, get_set(u32, Uint);
    /// Whether multicast that it sends comes back to this host.
    Ipv6MulticastLoop = "IPV6_MULTICAST_LOOP" libc::IPV6_MULTICAST_LOOP, INET6,
        get_set(bool, Flag);
    /// Where a connection was meant to go before it was redirected. ENOENT where it was not.
    Ipv6OriginalDst = "IP6T_SO_ORIGINAL_DST" libc::IP6T_SO_ORIGINAL_DST, INET6,
        get(Address, SocketName);
    /// The source address and interface of every packet sent (RFC 3542). EINVAL for another
    /// interface than the one that it is bound to.
    Ipv6PktInfo = "IPV6_PKTINFO" libc::IPV6_PKTINFO, INET6, set(Ipv6PacketInfo, Ipv6Info);
    /// The path's MTU in bytes (RFC 3542). ENOTCONN without a peer.
    Ipv6PathMtu = "IPV6_PATHMTU" libc::IPV6_PATHMTU, INET6, get(u32, Ipv6MtuInfo);
    /// Whether messages arrive with their destination options.
    Ipv6RecvDstOpts = "IPV6_RECVDSTOPTS" libc::IPV6_RECVDSTOPTS, INET6, get_set(bool, Flag);
    /// Whether errors queue up with what they are about, for MSG_ERRQUEUE.
    Ipv6RecvErr = "IPV6_RECVERR" libc::IPV6_RECVERR, INET6, get_set(bool, Flag);
    /// Whether queued errors say what their extensions hold (RFC 4884).
    Ipv6RecvErrRfc4884 = "IPV6_RECVERR_RFC4884" missing::IPV6_RECVERR_RFC4884, INET6,
        get_set(bool, Flag);
    /// Whether messages arrive with the size of their largest fragment.
    Ipv6RecvFragSize = "IPV6_RECVFRAGSIZE" libc::IPV6_RECVFRAGSIZE, INET6, get_set(bool, Flag);
    /// Whether messages arrive with their hop limit.
    Ipv6RecvHopLimit = "IPV6_RECVHOPLIMIT" libc::IPV6_RECVHOPLIMIT, INET6, get_set(bool, Flag);
    /// Whether messages arrive with their hop-by-hop options.
    Ipv6RecvHopOpts = "IPV6_RECVHOPOPTS" libc::IPV6_RECVHOPOPTS, INET6, get_set(bool, Flag);
    /// Whether messages arrive with their destination before it was redirected.
    Ipv6RecvOrigDstAddr = "IPV6_RECVORIGDSTADDR" libc::IPV6_RECVORIGDSTADDR, INET6,
        get_set(bool, Flag);
    /// Whether a change of the path's MTU arrives as a message (RFC 3542).
    Ipv6RecvPathMtu = "IPV6_RECVPATHMTU" libc::IPV6_RECVPATHMTU, INET6, get_set(bool, Flag);
    /// Whether messages arrive with their destination and interface.
    Ipv6RecvPktInfo = "IPV6_RECVPKTINFO" libc::IPV6_RECVPKTINFO, INET6, get_set(bool, Flag);
    /// Whether messages arrive with their routing header.
    Ipv6RecvRtHdr = "IPV6_RECVRTHDR" libc::IPV6_RECVRTHDR, INET6, get_set(bool, Flag);
    /// Whether messages arrive with their traffic class.
    Ipv6RecvTClass = "IPV6_RECVTCLASS" libc::IPV6_RECVTCLASS, INET6, get_set(bool, Flag);
    /// Which packets with the router alert option a raw socket gets: the option's value; -1 for
    /// none.
    Ipv6RouterAlert = "IPV6_ROUTER_ALERT" libc::IPV6_ROUTER_ALERT, INET6, set(i32, Int);
    /// Whether it gets those of its own network namespace alone.
    Ipv6RouterAlertIsolate = "IPV6_ROUTER_ALERT_ISOLATE" libc::IPV6_ROUTER_ALERT_ISOLATE, INET6,
        get_set(bool, Flag);
    /// The routing header of every packet sent (RFC 3542). EPERM without `CAP_NET_RAW`.
    Ipv6RtHdr = "IPV6_RTHDR" libc::IPV6_RTHDR, INET6,
        get(Bytes<256>, Bytes<256>), set(&'a [u8], RawBytes);
    /// The destination options before a routing header of every packet sent (RFC 3542). EPERM
    /// without `CAP_NET_RAW`.
    Ipv6RtHdrDstOpts = "IPV6_RTHDRDSTOPTS" libc::IPV6_RTHDRDSTOPTS, INET6,
        get(Bytes<256>, Bytes<256>), set(&'a [u8], RawBytes);
    /// The traffic class of every packet sent: six bits of DSCP (RFC 2474), two of ECN. TCP keeps
    /// the ECN bits to itself.
    Ipv6TClass = "IPV6_TCLASS" libc::IPV6_TCLASS, INET6, get_set(u8, Byte);
    /// Whether it may be bound to, and take, addresses of other hosts. EPERM without
    /// `CAP_NET_ADMIN` or `CAP_NET_RAW`.
    Ipv6Transparent = "IPV6_TRANSPARENT" libc::IPV6_TRANSPARENT, INET6, get_set(bool, Flag);
    /// The hop limit of every packet sent.
    Ipv6UnicastHops = "IPV6_UNICAST_HOPS" libc::IPV6_UNICAST_HOPS, INET6, get_set(u8, Byte);
    /// The interface that packets leave by, by number; 0 for none in particular.
    Ipv6UnicastIf = "IPV6_UNICAST_IF" libc::IPV6_UNICAST_IF, INET6, get_set(u32, NetworkIndex);
    /// Whether it is for IPv6 alone, or for IPv4 as well by mapped addresses (RFC 3493). EINVAL
    /// once it is bound.
    Ipv6V6Only = "IPV6_V6ONLY" libc::IPV6_V6ONLY, INET6, get_set(bool, Flag);
}

options! {
    ICMP_ROWS, IPPROTO_ICMPV6, "[RFC 3542](https://www.rfc-editor.org/rfc/rfc3542)";

    /// Which ICMPv6 messages a raw ICMPv6 socket does not get: a bit per type, 32 in each word.
    Icmpv6Filter = "ICMPV6_FILTER" missing::ICMPV6_FILTER, INET6, get_set([u32; 8], Words8);
}
