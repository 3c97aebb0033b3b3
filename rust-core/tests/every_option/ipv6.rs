//! Options of IPv6.

use std::net::Ipv6Addr;

use rsocket::option::{
    self, GroupMembership, Ipv6Membership, Ipv6PacketInfo, PathMtuDiscovery, SourceMembership,
};
use rsocket::{Address, Endpoint, Errno, Family, Kind, Protocol};

use crate::check::{ADMIN, Checks, Lacks, NEVER, NEW, errno, udp_pair};

const GROUP: Ipv6Addr = Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 1, 2);
/// Source-specific multicast (RFC 4607).
const SOURCE_GROUP: Ipv6Addr = Ipv6Addr::new(0xff35, 0, 0, 0, 0, 0, 1, 2);

/// `PadN` of 4 bytes in a header of options (RFC 8200, 4.2).
const PADDING: [u8; 8] = [0, 0, 1, 4, 0, 0, 0, 0];

pub(crate) fn check(checks: &mut Checks) {
    let Some(udp) = checks.socket(Family::INET6, Kind::DGRAM, Protocol::DEFAULT) else {
        checks.skip_level(libc::IPPROTO_IPV6, "no IPv6");
        checks.skip_level(libc::IPPROTO_ICMPV6, "no IPv6");
        return;
    };
    switches(checks, &udp);
    numbers(checks, &udp);
    paths(checks, &udp);
    headers(checks, &udp);
    memberships(checks, &udp);
    raw(checks);
}

fn switches(checks: &mut Checks, udp: &Endpoint) {
    checks.toggles(udp, option::Ipv6AutoFlowLabel, NEVER);
    checks.toggles(udp, option::Ipv6DontFrag, NEVER);
    checks.toggles(udp, option::Ipv6FlowInfo, NEVER);
    checks.toggles(udp, option::Ipv6FlowInfoSend, NEVER);
    checks.toggles(udp, option::Ipv6Freebind, NEVER);
    checks.toggles(udp, option::Ipv6MulticastAll, NEVER);
    checks.toggles(udp, option::Ipv6MulticastLoop, NEVER);
    checks.toggles(udp, option::Ipv6RecvDstOpts, NEVER);
    checks.toggles(udp, option::Ipv6RecvErr, NEVER);
    checks.toggles(udp, option::Ipv6RecvErrRfc4884, NEW);
    checks.toggles(udp, option::Ipv6RecvFragSize, NEVER);
    checks.toggles(udp, option::Ipv6RecvHopLimit, NEVER);
    checks.toggles(udp, option::Ipv6RecvHopOpts, NEVER);
    checks.toggles(udp, option::Ipv6RecvOrigDstAddr, NEVER);
    checks.toggles(udp, option::Ipv6RecvPathMtu, NEVER);
    checks.toggles(udp, option::Ipv6RecvPktInfo, NEVER);
    checks.toggles(udp, option::Ipv6RecvRtHdr, NEVER);
    checks.toggles(udp, option::Ipv6RecvTClass, NEVER);
    checks.toggles(udp, option::Ipv6RouterAlertIsolate, NEVER);
    checks.toggles(udp, option::Ipv6Transparent, ADMIN);
    checks.toggles(udp, option::Ipv6V6Only, NEVER);
}

fn numbers(checks: &mut Checks, udp: &Endpoint) {
    checks.round_trip(udp, option::Ipv6MinHopCount, 200, NEVER);
    checks.round_trip(udp, option::Ipv6MtuDiscover, PathMtuDiscovery::DO, NEVER);
    checks.round_trip(udp, option::Ipv6MulticastHops, 9, NEVER);
    checks.round_trip(udp, option::Ipv6MulticastIf, 1, NEVER);
    checks.round_trip(udp, option::Ipv6TClass, 0xb8, NEVER);
    checks.round_trip(udp, option::Ipv6UnicastHops, 7, NEVER);
    checks.round_trip(udp, option::Ipv6UnicastIf, 1, NEVER);
    // IPV6_PREFER_SRC_TMP
    checks.sets(udp, option::Ipv6AddrPreferences, 1, NEVER);
    let preferences = checks
        .gets(udp, option::Ipv6AddrPreferences, NEVER)
        .unwrap();
    assert_eq!(preferences & 3, 1, "{preferences:#x}");
    let info = Ipv6PacketInfo {
        address: Ipv6Addr::LOCALHOST,
        interface: 1,
    };
    checks.sets(udp, option::Ipv6PktInfo, info, NEVER);
    let bound = Endpoint::new(Family::INET6, Kind::DGRAM, Protocol::DEFAULT).unwrap();
    bound.set(option::BindToIfIndex, 1).unwrap();
    let elsewhere = Ipv6PacketInfo {
        interface: 2,
        ..info
    };
    assert_eq!(
        errno(bound.set(option::Ipv6PktInfo, elsewhere)),
        Some(Errno::EINVAL)
    );
}

fn paths(checks: &mut Checks, udp: &Endpoint) {
    assert_eq!(errno(udp.get(option::Ipv6PathMtu)), Some(Errno::ENOTCONN));
    assert_eq!(errno(udp.get(option::Ipv6Mtu)), Some(Errno::ENOTCONN));
    let not_redirected: Lacks = &[
        (Errno::ENOPROTOOPT, "no connection tracking"),
        (Errno::ENOENT, "nothing is redirected here"),
    ];
    checks.gets(udp, option::Ipv6OriginalDst, not_redirected);
    let Some((_receiver, sender)) = udp_pair("[::1]:0") else {
        checks.skip(option::Ipv6Mtu, "no ::1");
        checks.skip(option::Ipv6PathMtu, "no ::1");
        checks.skip(option::Ipv6AddrForm, "no ::1");
        return;
    };
    let mtu = checks.gets(&sender, option::Ipv6Mtu, NEVER).unwrap();
    assert!(mtu >= 1280, "{mtu}");
    assert_eq!(checks.gets(&sender, option::Ipv6PathMtu, NEVER), Some(mtu));
    sender.set(option::Ipv6Mtu, 1280).unwrap();
    assert_eq!(
        errno(sender.set(option::Ipv6Mtu, 1279)),
        Some(Errno::EINVAL)
    );

    let mapped = Endpoint::new(Family::INET6, Kind::DGRAM, Protocol::DEFAULT).unwrap();
    mapped
        .connect(&"[::ffff:127.0.0.1]:9".parse::<Address>().unwrap())
        .unwrap();
    checks.sets(&mapped, option::Ipv6AddrForm, Family::INET, NEVER);
    assert_eq!(mapped.get(option::SocketDomain), Ok(Family::INET));
}

fn headers(checks: &mut Checks, udp: &Endpoint) {
    if checks.sets(udp, option::Ipv6HopOpts, &PADDING, ADMIN) {
        assert_eq!(
            &*checks.gets(udp, option::Ipv6HopOpts, NEVER).unwrap(),
            PADDING
        );
        udp.set(option::Ipv6HopOpts, &[]).unwrap();
    }
    if checks.sets(udp, option::Ipv6DstOpts, &PADDING, ADMIN) {
        assert_eq!(
            &*checks.gets(udp, option::Ipv6DstOpts, NEVER).unwrap(),
            PADDING
        );
        udp.set(option::Ipv6DstOpts, &[]).unwrap();
    }
    if checks.sets(udp, option::Ipv6RtHdrDstOpts, &PADDING, ADMIN) {
        assert_eq!(
            &*checks.gets(udp, option::Ipv6RtHdrDstOpts, NEVER).unwrap(),
            PADDING
        );
        udp.set(option::Ipv6RtHdrDstOpts, &[]).unwrap();
    }
    // A routing header of type 2 with one address (RFC 6275).
    let mut routing = [0; 24];
    routing[1..4].copy_from_slice(&[2, 2, 1]);
    routing[8..].copy_from_slice(&Ipv6Addr::LOCALHOST.octets());
    let no_mobility: Lacks = &[
        (Errno::EINVAL, "no mobile IPv6"),
        (Errno::EPERM, "needs a capability"),
    ];
    if checks.sets(udp, option::Ipv6RtHdr, &routing, no_mobility) {
        assert_eq!(
            &*checks.gets(udp, option::Ipv6RtHdr, NEVER).unwrap(),
            routing
        );
        udp.set(option::Ipv6RtHdr, &[]).unwrap();
    }
    assert!(udp.get(option::Ipv6RtHdr).unwrap().is_empty());
}

fn memberships(checks: &mut Checks, udp: &Endpoint) {
    let here = Ipv6Membership {
        group: GROUP,
        interface: 1,
    };
    checks.sets(udp, option::Ipv6AddMembership, here, NEVER);
    assert_eq!(
        errno(udp.set(option::Ipv6AddMembership, here)),
        Some(Errno::EADDRINUSE)
    );
    let source = SourceMembership {
        group: GROUP.into(),
        source: Ipv6Addr::LOCALHOST.into(),
        interface: 1,
    };
    checks.sets(udp, option::Ipv6BlockSource, source, NEVER);
    checks.sets(udp, option::Ipv6UnblockSource, source, NEVER);
    checks.sets(udp, option::Ipv6DropMembership, here, NEVER);
    assert_eq!(
        errno(udp.set(option::Ipv6DropMembership, here)),
        Some(Errno::EADDRNOTAVAIL)
    );

    let group = GroupMembership {
        group: GROUP.into(),
        interface: 1,
    };
    checks.sets(udp, option::Ipv6JoinGroup, group, NEVER);
    assert_eq!(
        errno(udp.set(option::Ipv6AddMembership, here)),
        Some(Errno::EADDRINUSE)
    );
    checks.sets(udp, option::Ipv6LeaveGroup, group, NEVER);
    assert_eq!(
        errno(udp.set(option::Ipv6LeaveGroup, group)),
        Some(Errno::EADDRNOTAVAIL)
    );
    let source = SourceMembership {
        group: SOURCE_GROUP.into(),
        ..source
    };
    checks.sets(udp, option::Ipv6JoinSourceGroup, source, NEVER);
    checks.sets(udp, option::Ipv6LeaveSourceGroup, source, NEVER);
    assert!(udp.set(option::Ipv6LeaveSourceGroup, source).is_err());

    let anycast = Ipv6Membership {
        group: Ipv6Addr::LOCALHOST,
        interface: 1,
    };
    checks.refuses(udp, option::Ipv6LeaveAnycast, anycast, Errno::ENOENT, NEVER);
    checks.refuses(udp, option::Ipv6JoinAnycast, anycast, Errno::EINVAL, ADMIN);
}

fn raw(checks: &mut Checks) {
    // 253 is for experiments (RFC 3692).
    let experiment = checks.socket(Family::INET6, Kind::RAW, Protocol::from_raw(253));
    let icmp = checks.socket(Family::INET6, Kind::RAW, Protocol::ICMPV6);
    let any = checks.socket(
        Family::INET6,
        Kind::RAW,
        Protocol::from_raw(libc::IPPROTO_RAW),
    );
    let (Some(experiment), Some(icmp), Some(any)) = (experiment, icmp, any) else {
        let why = "raw sockets are not for this user";
        checks.skip(option::Ipv6Checksum, why);
        checks.skip(option::Ipv6HdrIncl, why);
        checks.skip(option::Ipv6RouterAlert, why);
        checks.skip(option::Icmpv6Filter, why);
        return;
    };
    checks.round_trip(&experiment, option::Ipv6Checksum, Some(2), NEVER);
    assert_eq!(experiment.get(option::Ipv6Checksum), Ok(None));
    checks.toggles(&experiment, option::Ipv6HdrIncl, NEVER);
    checks.sets(&any, option::Ipv6RouterAlert, 0, NEVER);
    any.set(option::Ipv6RouterAlert, -1).unwrap();
    checks.round_trip(&icmp, option::Icmpv6Filter, [1, 2, 3, 4, 5, 6, 7, 8], NEVER);
}
