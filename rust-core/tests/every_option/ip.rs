//! Options of IPv4 and UDP.

use std::net::{IpAddr, Ipv4Addr};

use rsocket::option::{
    self, GroupMembership, IpPortRange, Ipv4Interface, Ipv4Membership, Ipv4SourceMembership,
    PathMtuDiscovery, SourceMembership,
};
use rsocket::{Errno, Family, Kind, Protocol};

use crate::check::{ADMIN, Checks, NEVER, NEW, errno, tcp, udp, udp_pair};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);
/// Source-specific multicast (RFC 4607).
const SOURCE_GROUP: Ipv4Addr = Ipv4Addr::new(232, 1, 2, 3);
const SOURCE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

pub(crate) fn check(checks: &mut Checks) {
    switches(checks);
    numbers(checks);
    memberships(checks);
    raw(checks);
    datagrams(checks);
}

fn switches(checks: &mut Checks) {
    let udp = udp();
    checks.toggles(&tcp(), option::IpBindAddressNoPort, NEVER);
    checks.toggles(&udp, option::IpChecksum, NEVER);
    checks.toggles(&udp, option::IpFreebind, NEVER);
    checks.toggles(&udp, option::IpMulticastAll, NEVER);
    checks.toggles(&udp, option::IpMulticastLoop, NEVER);
    checks.toggles(&udp, option::IpPacketInfo, NEVER);
    checks.toggles(&udp, option::IpPassSec, NEW);
    checks.toggles(&udp, option::IpRecvErr, NEVER);
    checks.toggles(&udp, option::IpRecvErrRfc4884, NEW);
    checks.toggles(&udp, option::IpRecvFragSize, NEVER);
    checks.toggles(&udp, option::IpRecvOpts, NEVER);
    checks.toggles(&udp, option::IpRecvOrigDstAddr, NEVER);
    checks.toggles(&udp, option::IpRecvTos, NEVER);
    checks.toggles(&udp, option::IpRecvTtl, NEVER);
    checks.toggles(&udp, option::IpRetOpts, NEVER);
    checks.toggles(&udp, option::IpTransparent, ADMIN);
}

fn numbers(checks: &mut Checks) {
    let udp = udp();
    let range = IpPortRange {
        low: 40_000,
        high: 40_100,
    };
    checks.round_trip(&udp, option::IpLocalPortRange, range, NEW);
    let bound = crate::check::udp();
    if bound.set(option::IpLocalPortRange, range).is_ok() {
        bound.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
        let port = bound.local_address().unwrap().port().unwrap();
        assert!((range.low..=range.high).contains(&port), "{port}");
    }
    checks.round_trip(&udp, option::IpMinTtl, 200, NEVER);
    checks.round_trip(&udp, option::IpMtuDiscover, PathMtuDiscovery::DO, NEVER);
    checks.round_trip(&udp, option::IpMtuDiscover, PathMtuDiscovery::OMIT, NEVER);
    checks.round_trip(&udp, option::IpMulticastTtl, 9, NEVER);
    checks.round_trip(&udp, option::IpTos, 0xb8, NEVER);
    checks.round_trip(&udp, option::IpTtl, 7, NEVER);
    assert_eq!(errno(udp.set(option::IpTtl, 0)), Some(Errno::EINVAL));
    checks.round_trip(&udp, option::IpUnicastIf, 1, NEVER);

    checks.sets(
        &udp,
        option::IpMulticastIf,
        Ipv4Interface::Address(Ipv4Addr::LOCALHOST),
        NEVER,
    );
    let interface = checks.gets(&udp, option::IpMulticastIf, NEVER);
    assert_eq!(interface, Some(Ipv4Addr::LOCALHOST));
    udp.set(option::IpMulticastIf, Ipv4Interface::Index(1))
        .unwrap();
    udp.set(option::IpMulticastIf, Ipv4Interface::Any).unwrap();
    assert_eq!(udp.get(option::IpMulticastIf), Ok(Ipv4Addr::UNSPECIFIED));
    let no_such = Ipv4Interface::Index(4_000_000);
    assert_eq!(
        errno(udp.set(option::IpMulticastIf, no_such)),
        Some(Errno::EADDRNOTAVAIL)
    );

    // Three times "no operation", then the end (RFC 791).
    checks.sets(&udp, option::IpOptions, &[1, 1, 1, 0], NEVER);
    assert_eq!(
        &*checks.gets(&udp, option::IpOptions, NEVER).unwrap(),
        [1, 1, 1, 0]
    );
    udp.set(option::IpOptions, &[]).unwrap();
    assert!(udp.get(option::IpOptions).unwrap().is_empty());

    assert_eq!(errno(udp.get(option::IpMtu)), Some(Errno::ENOTCONN));
    let (_receiver, sender) = udp_pair("127.0.0.1:0").unwrap();
    checks
        .gets(&sender, option::IpMtu, NEVER)
        .filter(|mtu| *mtu >= 576)
        .unwrap();
    let not_redirected: &[_] = &[
        (Errno::ENOPROTOOPT, "no connection tracking"),
        (Errno::ENOENT, "nothing is redirected here"),
    ];
    checks.gets(&tcp(), option::IpOriginalDst, not_redirected);
}

fn memberships(checks: &mut Checks) {
    let udp = udp();
    let here = Ipv4Membership {
        group: GROUP,
        interface: Ipv4Interface::Index(1),
    };
    checks.sets(&udp, option::IpAddMembership, here, NEVER);
    assert_eq!(
        errno(udp.set(option::IpAddMembership, here)),
        Some(Errno::EADDRINUSE)
    );
    let by_address = Ipv4Membership {
        interface: Ipv4Interface::Address(Ipv4Addr::LOCALHOST),
        ..here
    };
    assert_eq!(
        errno(udp.set(option::IpAddMembership, by_address)),
        Some(Errno::EADDRINUSE)
    );
    let source = Ipv4SourceMembership {
        group: GROUP,
        interface: Ipv4Addr::LOCALHOST,
        source: SOURCE,
    };
    checks.sets(&udp, option::IpBlockSource, source, NEVER);
    assert_eq!(
        errno(udp.set(option::IpBlockSource, source)),
        Some(Errno::EADDRNOTAVAIL)
    );
    checks.sets(&udp, option::IpUnblockSource, source, NEVER);
    checks.sets(&udp, option::IpDropMembership, here, NEVER);
    assert_eq!(
        errno(udp.set(option::IpDropMembership, here)),
        Some(Errno::EADDRNOTAVAIL)
    );

    let source = Ipv4SourceMembership {
        group: SOURCE_GROUP,
        ..source
    };
    checks.sets(&udp, option::IpAddSourceMembership, source, NEVER);
    assert_eq!(
        errno(udp.set(option::IpAddSourceMembership, source)),
        Some(Errno::EADDRNOTAVAIL)
    );
    checks.sets(&udp, option::IpDropSourceMembership, source, NEVER);
    assert!(udp.set(option::IpDropSourceMembership, source).is_err());

    let group = GroupMembership {
        group: GROUP.into(),
        interface: 1,
    };
    checks.sets(&udp, option::IpJoinGroup, group, NEVER);
    assert_eq!(
        errno(udp.set(option::IpAddMembership, here)),
        Some(Errno::EADDRINUSE)
    );
    let source = SourceMembership {
        group: GROUP.into(),
        source: IpAddr::V4(SOURCE),
        interface: 1,
    };
    checks.sets(&udp, option::IpBlockGroupSource, source, NEVER);
    checks.sets(&udp, option::IpUnblockGroupSource, source, NEVER);
    checks.sets(&udp, option::IpLeaveGroup, group, NEVER);
    assert_eq!(
        errno(udp.set(option::IpDropMembership, here)),
        Some(Errno::EADDRNOTAVAIL)
    );
    let source = SourceMembership {
        group: SOURCE_GROUP.into(),
        ..source
    };
    checks.sets(&udp, option::IpJoinSourceGroup, source, NEVER);
    checks.sets(&udp, option::IpLeaveSourceGroup, source, NEVER);
    assert!(udp.set(option::IpLeaveSourceGroup, source).is_err());
}

fn raw(checks: &mut Checks) {
    let Some(raw) = checks.socket(Family::INET, Kind::RAW, Protocol::ICMP) else {
        let why = "raw sockets are not for this user";
        checks.skip(option::IpHdrIncl, why);
        checks.skip(option::IpNoDefrag, why);
        checks.skip(option::IpRouterAlert, why);
        checks.skip(option::IpProtocol, why);
        checks.skip(option::IcmpFilter, why);
        return;
    };
    checks.toggles(&raw, option::IpHdrIncl, NEVER);
    checks.toggles(&raw, option::IpNoDefrag, NEVER);
    checks.toggles(&raw, option::IpRouterAlert, NEW);
    assert!(matches!(
        checks.gets(&raw, option::IpProtocol, NEW),
        Some(Protocol::ICMP) | None
    ));
    checks.round_trip(&raw, option::IcmpFilter, 0b1001, NEVER);
}

fn datagrams(checks: &mut Checks) {
    let udp = udp();
    checks.toggles(&udp, option::UdpCork, NEVER);
    checks.toggles(&udp, option::UdpGro, NEVER);
    checks.toggles(&udp, option::UdpNoCheck6Rx, NEVER);
    checks.toggles(&udp, option::UdpNoCheck6Tx, NEVER);
    checks.round_trip(&udp, option::UdpSegment, 1200, NEVER);
    // UDP_ENCAP_ESPINUDP
    checks.sets(&udp, option::UdpEncap, 2, NEW);
    let encap = checks.gets(&udp, option::UdpEncap, NEVER).unwrap();
    assert!([0, 2].contains(&encap), "{encap}");

    let (receiver, sender) = udp_pair("127.0.0.1:0").unwrap();
    sender.set(option::UdpSegment, 3).unwrap();
    sender.send(b"abcdefgh").unwrap();
    let mut buf = [0; 8];
    let mut next = || receiver.recv(&mut buf).map(|received| received.len);
    assert_eq!([next(), next(), next()], [Ok(3), Ok(3), Ok(2)]);
}
