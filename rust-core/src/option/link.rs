//! Options of packet sockets, `SOL_PACKET`.

use super::codec::{Fanout, Flag, Int, PacketGroup, RawBytes, Ring, Statistics, Uint};
use super::table::options;
use super::value::{Bytes, PacketFanout, PacketMembership, PacketRing, PacketStatistics};

options! {
    ROWS, SOL_PACKET, "[packet(7)](https://man7.org/linux/man-pages/man7/packet.7.html)";

    /// Lets an interface receive more than what is its own.
    PacketAddMembership = "PACKET_ADD_MEMBERSHIP" libc::PACKET_ADD_MEMBERSHIP, PACKET,
        set(PacketMembership, PacketGroup);
    /// Whether packets arrive with their lengths, offsets and VLAN.
    PacketAuxData = "PACKET_AUXDATA" libc::PACKET_AUXDATA, PACKET, get_set(bool, Flag);
    /// From how many bytes a packet of a ring is copied to the socket's queue as well.
    PacketCopyThresh = "PACKET_COPY_THRESH" libc::PACKET_COPY_THRESH, PACKET, get_set(i32, Int);
    /// Undoes [`PacketAddMembership`]. EADDRNOTAVAIL, or nothing, where it was not done.
    PacketDropMembership = "PACKET_DROP_MEMBERSHIP" libc::PACKET_DROP_MEMBERSHIP, PACKET,
        set(PacketMembership, PacketGroup);
    /// Shares an interface's packets among the sockets of a group; needs a bound socket.
    PacketFanOut = "PACKET_FANOUT" libc::PACKET_FANOUT, PACKET, get_set(PacketFanout, Fanout);
    /// The program of a group that shares by one: a descriptor or a `struct sock_fprog`, as bytes.
    PacketFanOutData = "PACKET_FANOUT_DATA" libc::PACKET_FANOUT_DATA, PACKET,
        set(&'a [u8], RawBytes);
    /// Whether packets that this host sends are left out.
    PacketIgnoreOutgoing = "PACKET_IGNORE_OUTGOING" libc::PACKET_IGNORE_OUTGOING, PACKET,
        get_set(bool, Flag);
    /// Whether malformed packets of a transmit ring are passed over.
    PacketLoss = "PACKET_LOSS" libc::PACKET_LOSS, PACKET, get_set(bool, Flag);
    /// Whether packets name the interface that they came by first.
    PacketOrigDev = "PACKET_ORIGDEV" libc::PACKET_ORIGDEV, PACKET, get_set(bool, Flag);
    /// Whether packets sent pass the scheduler by.
    PacketQdiscBypass = "PACKET_QDISC_BYPASS" libc::PACKET_QDISC_BYPASS, PACKET,
        get_set(bool, Flag);
    /// Room before each packet of a ring, in bytes.
    PacketReserve = "PACKET_RESERVE" libc::PACKET_RESERVE, PACKET, get_set(u32, Uint);
    /// How often a group's members took over from each other (`struct
    /// tpacket_rollover_stats`). EINVAL where they do not.
    PacketRolloverStats = "PACKET_ROLLOVER_STATS" libc::PACKET_ROLLOVER_STATS, PACKET,
        get(Bytes<24>, Bytes<24>);
    /// The ring that received packets go to.
    PacketRxRing = "PACKET_RX_RING" libc::PACKET_RX_RING, PACKET, set(PacketRing, Ring);
    /// How many packets came and were dropped; asking clears it.
    PacketStats = "PACKET_STATISTICS" libc::PACKET_STATISTICS, PACKET,
        get(PacketStatistics, Statistics);
    /// Which clock stamps the packets of a ring: `SOF_TIMESTAMPING_…`.
    PacketTimestamp = "PACKET_TIMESTAMP" libc::PACKET_TIMESTAMP, PACKET, get_set(i32, Int);
    /// Whether packets of a transmit ring say where their data starts.
    PacketTxHasOff = "PACKET_TX_HAS_OFF" libc::PACKET_TX_HAS_OFF, PACKET, get_set(bool, Flag);
    /// The ring that packets are sent from.
    PacketTxRing = "PACKET_TX_RING" libc::PACKET_TX_RING, PACKET, set(PacketRing, Ring);
    /// The version of the rings' frame headers: 0, 1 or 2.
    PacketVersion = "PACKET_VERSION" libc::PACKET_VERSION, PACKET, get_set(i32, Int);
    /// Whether packets have a `struct virtio_net_hdr` before them.
    PacketVnetHdr = "PACKET_VNET_HDR" libc::PACKET_VNET_HDR, PACKET, get_set(bool, Flag);
    /// How many bytes that header has: 0, 10 or 12.
    PacketVnetHdrSize = "PACKET_VNET_HDR_SZ" libc::PACKET_VNET_HDR_SZ, PACKET, get_set(i32, Int);
}
