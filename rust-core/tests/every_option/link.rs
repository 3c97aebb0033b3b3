//! Options of netlink and packet sockets.

use rsocket::option::{
    self, PacketFanout, PacketMembership, PacketMembershipKind, PacketRing, TimestampingFlags,
};
use rsocket::{Address, Errno, Family, Kind, Protocol};

use crate::check::{ADMIN, Checks, NEVER, NEW, errno};

/// `ETH_P_ALL` in network order, as the protocol of a packet socket.
fn every_protocol() -> Protocol {
    Protocol::from_raw(0x0003_u16.to_be().into())
}

pub(crate) fn check(checks: &mut Checks) {
    netlink(checks);
    packet(checks);
    rings(checks);
}

fn netlink(checks: &mut Checks) {
    let Some(route) = checks.socket(Family::NETLINK, Kind::RAW, Protocol::NETLINK_ROUTE) else {
        return checks.skip_level(libc::SOL_NETLINK, "no netlink");
    };
    checks.toggles(&route, option::NetlinkBroadcastError, NEVER);
    checks.toggles(&route, option::NetlinkCapAck, NEVER);
    checks.toggles(&route, option::NetlinkExtAck, NEVER);
    checks.toggles(&route, option::NetlinkGetStrictCheck, NEVER);
    checks.toggles(&route, option::NetlinkListenAllNsid, ADMIN);
    checks.toggles(&route, option::NetlinkNoEnobufs, NEVER);
    checks.toggles(&route, option::NetlinkPacketInfo, NEVER);

    route.bind(&Address::netlink(0, 0)).unwrap();
    assert_eq!(
        checks.gets(&route, option::NetlinkListMemberships, NEVER),
        Some(vec![])
    );
    // RTNLGRP_LINK, RTNLGRP_IPV6_IFADDR, and one that no 32-bit mask holds: RTNLGRP_NEXTHOP is 32,
    // RTNLGRP_BRVLAN 33.
    for group in [9, 1, 32, 33] {
        checks.sets(&route, option::NetlinkAddMembership, group, NEVER);
    }
    assert_eq!(
        route.get(option::NetlinkListMemberships),
        Ok(vec![1, 9, 32, 33])
    );
    checks.sets(&route, option::NetlinkDropMembership, 9, NEVER);
    assert_eq!(
        route.get(option::NetlinkListMemberships),
        Ok(vec![1, 32, 33])
    );
    assert_eq!(
        errno(route.set(option::NetlinkAddMembership, 0)),
        Some(Errno::EINVAL)
    );
}

fn packet(checks: &mut Checks) {
    let Some(packet) = checks.socket(Family::PACKET, Kind::RAW, Protocol::DEFAULT) else {
        return checks.skip_level(libc::SOL_PACKET, "packet sockets are not for this user");
    };
    checks.toggles(&packet, option::PacketAuxData, NEVER);
    checks.toggles(&packet, option::PacketIgnoreOutgoing, NEVER);
    checks.toggles(&packet, option::PacketLoss, NEVER);
    checks.toggles(&packet, option::PacketOrigDev, NEVER);
    checks.toggles(&packet, option::PacketQdiscBypass, NEVER);
    checks.toggles(&packet, option::PacketTxHasOff, NEVER);
    checks.toggles(&packet, option::PacketVnetHdr, NEVER);
    checks.round_trip(&packet, option::PacketVnetHdrSize, 12, NEW);
    checks.round_trip(&packet, option::PacketCopyThresh, 100, NEW);
    checks.round_trip(&packet, option::PacketReserve, 64, NEVER);
    checks.round_trip(&packet, option::PacketVersion, 1, NEVER);
    let raw_hardware = TimestampingFlags::RAW_HARDWARE.raw() as i32;
    checks.round_trip(&packet, option::PacketTimestamp, raw_hardware, NEVER);

    let all = PacketMembership {
        interface: 1,
        kind: PacketMembershipKind::PROMISC,
        address: [0; 8],
        address_len: 0,
    };
    checks.sets(&packet, option::PacketAddMembership, all, NEVER);
    checks.sets(&packet, option::PacketDropMembership, all, NEVER);
    let nowhere = PacketMembership {
        interface: 4_000_000,
        ..all
    };
    assert_eq!(
        errno(packet.set(option::PacketAddMembership, nowhere)),
        Some(Errno::ENODEV)
    );
}

fn rings(checks: &mut Checks) {
    let Some(packet) = checks.socket(Family::PACKET, Kind::RAW, every_protocol()) else {
        return;
    };
    let loopback: Address = "packet:lo?protocol=3".parse().unwrap();
    packet.bind(&loopback).unwrap();
    let fanout = PacketFanout::ROLLOVER.of_group(4711);
    checks.refuses(
        &packet,
        option::PacketFanOutData,
        &[0; 4],
        Errno::EINVAL,
        NEVER,
    );
    checks.sets(&packet, option::PacketFanOut, fanout, NEVER);
    assert_eq!(
        checks.gets(&packet, option::PacketFanOut, NEVER),
        Some(fanout)
    );
    let stats = checks
        .gets(&packet, option::PacketRolloverStats, NEVER)
        .unwrap();
    assert_eq!(stats.len(), 24);

    let counted = checks
        .socket(Family::PACKET, Kind::RAW, every_protocol())
        .unwrap();
    counted.bind(&loopback).unwrap();
    counted.get(option::PacketStats).unwrap();
    let (receiver, sender) = crate::check::udp_pair("127.0.0.1:0").unwrap();
    sender.send(b"counted").unwrap();
    assert_eq!(receiver.recv(&mut [0; 8]).unwrap().len, 7);
    let statistics = checks.gets(&counted, option::PacketStats, NEVER).unwrap();
    assert!(statistics.packets >= 1, "{statistics:?}");

    // A block of 64 KiB is a whole number of pages everywhere.
    let ring = PacketRing {
        block_size: 65_536,
        blocks: 2,
        frame_size: 2048,
        frames: 64,
    };
    let none = PacketRing::default();
    let wrong = PacketRing { frames: 63, ..ring };
    let mapped = checks
        .socket(Family::PACKET, Kind::RAW, Protocol::DEFAULT)
        .unwrap();
    checks.sets(&mapped, option::PacketRxRing, ring, NEVER);
    assert_eq!(
        errno(mapped.set(option::PacketVersion, 1)),
        Some(Errno::EBUSY),
        "it has a ring"
    );
    mapped.set(option::PacketRxRing, none).unwrap();
    checks.sets(&mapped, option::PacketTxRing, ring, NEVER);
    mapped.set(option::PacketTxRing, none).unwrap();
    assert_eq!(
        errno(mapped.set(option::PacketTxRing, wrong)),
        Some(Errno::EINVAL)
    );
}
