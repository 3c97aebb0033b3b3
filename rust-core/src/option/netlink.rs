//! Options of netlink, `SOL_NETLINK`.

use super::codec::{Flag, GroupBits, Uint};
use super::table::options;

options! {
    ROWS, SOL_NETLINK, "[netlink(7)](https://man7.org/linux/man-pages/man7/netlink.7.html)";

    /// Joins the multicast group with that number. EINVAL for one that the protocol does not have,
    /// EPERM for one that is not for all.
    NetlinkAddMembership = "NETLINK_ADD_MEMBERSHIP" libc::NETLINK_ADD_MEMBERSHIP, NETLINK,
        set(u32, Uint);
    /// Whether sending to a group reports when some of it did not get the message.
    NetlinkBroadcastError = "NETLINK_BROADCAST_ERROR" libc::NETLINK_BROADCAST_ERROR, NETLINK,
        get_set(bool, Flag);
    /// Whether error messages leave the request's payload away.
    NetlinkCapAck = "NETLINK_CAP_ACK" libc::NETLINK_CAP_ACK, NETLINK, get_set(bool, Flag);
    /// Leaves a multicast group.
    NetlinkDropMembership = "NETLINK_DROP_MEMBERSHIP" libc::NETLINK_DROP_MEMBERSHIP, NETLINK,
        set(u32, Uint);
    /// Whether error messages say in words and by offset what is wrong.
    NetlinkExtAck = "NETLINK_EXT_ACK" libc::NETLINK_EXT_ACK, NETLINK, get_set(bool, Flag);
    /// Whether requests for a dump are checked strictly and filtered by their header.
    NetlinkGetStrictCheck = "NETLINK_GET_STRICT_CHK" libc::NETLINK_GET_STRICT_CHK, NETLINK,
        get_set(bool, Flag);
    /// Whether messages of all network namespaces that this one knows arrive. EPERM without
    /// `CAP_NET_BROADCAST`.
    NetlinkListenAllNsid = "NETLINK_LISTEN_ALL_NSID" libc::NETLINK_LISTEN_ALL_NSID, NETLINK,
        get_set(bool, Flag);
    /// The multicast groups that it joined, by number.
    /// A `Vec` is allocated; [`raw_option`](crate::Endpoint::raw_option) reads into a buffer instead.
    NetlinkListMemberships = "NETLINK_LIST_MEMBERSHIPS" libc::NETLINK_LIST_MEMBERSHIPS, NETLINK,
        get(Vec<u32>, GroupBits);
    /// Whether an overrun receive queue is kept silent. Messages are lost all the same.
    NetlinkNoEnobufs = "NETLINK_NO_ENOBUFS" libc::NETLINK_NO_ENOBUFS, NETLINK,
        get_set(bool, Flag);
    /// Whether messages arrive with their multicast group.
    NetlinkPacketInfo = "NETLINK_PKTINFO" libc::NETLINK_PKTINFO, NETLINK, get_set(bool, Flag);
}
