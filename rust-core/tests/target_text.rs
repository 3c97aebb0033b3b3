//! A target has one canonical text, which reads back as the same target.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::{Ipv4Addr, SocketAddrV4, SocketAddrV6};

use rsocket::{Address, Error, Kind, PacketAddress, Place, Protocol, Target};

/// The loopback interface, which every network namespace has as its first.
const LOOPBACK: u32 = 1;

fn v6(ip: &str, port: u16, flowinfo: u32, scope_id: u32) -> Address {
    SocketAddrV6::new(ip.parse().unwrap(), port, flowinfo, scope_id).into()
}

fn path(path: &str) -> Address {
    Address::unix(path).unwrap()
}

fn name(name: &[u8]) -> Address {
    Address::unix_abstract(name).unwrap()
}

fn packet(interface: u32) -> PacketAddress {
    PacketAddress {
        interface,
        ..PacketAddress::default()
    }
}

/// A target's parts: place, type, protocol.
type Parts = (Place, Option<Kind>, Protocol);

fn at(address: Address, kind: Kind, protocol: Protocol) -> Parts {
    (Place::Address(address), Some(kind), protocol)
}

fn host(name: &str, port: u16, kind: Kind, protocol: Protocol) -> Parts {
    (
        Place::Host {
            name: name.to_owned(),
            port,
        },
        Some(kind),
        protocol,
    )
}

#[test]
fn targets_are_read_and_written_canonically() {
    const NONE: Protocol = Protocol::DEFAULT;
    let local: Address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80).into();
    let (stream, dgram, seqpacket) = (Kind::STREAM, Kind::DGRAM, Kind::SEQPACKET);
    let ip = PacketAddress {
        protocol: 0x0800,
        ..packet(2)
    };
    let network_order = Protocol::from_raw(0x0800_u16.to_be().into());
    let table: &[(&str, &str, Parts)] = &[
        (
            "tcp://127.0.0.1:80",
            "tcp://127.0.0.1:80",
            at(local, stream, Protocol::TCP),
        ),
        (
            "TCP://127.0.0.1:80",
            "tcp://127.0.0.1:80",
            at(local, stream, Protocol::TCP),
        ),
        (
            "udp://127.0.0.1:80",
            "udp://127.0.0.1:80",
            at(local, dgram, Protocol::UDP),
        ),
        (
            "mptcp://127.0.0.1:80",
            "mptcp://127.0.0.1:80",
            at(local, stream, Protocol::MPTCP),
        ),
        (
            "udp://[fe80::1%25lo]:53",
            "udp://[fe80::1%251]:53",
            at(v6("fe80::1", 53, 0, 1), dgram, Protocol::UDP),
        ),
        (
            "udp://[fe80::1%25%6C%6f]:53",
            "udp://[fe80::1%251]:53",
            at(v6("fe80::1", 53, 0, 1), dgram, Protocol::UDP),
        ),
        (
            "udp://[fe80::1%253]:53",
            "udp://[fe80::1%253]:53",
            at(v6("fe80::1", 53, 0, 3), dgram, Protocol::UDP),
        ),
        (
            "udp://[fe80::1%2525]:53",
            "udp://[fe80::1%2525]:53",
            at(v6("fe80::1", 53, 0, 25), dgram, Protocol::UDP),
        ),
        (
            "tcp://[::1]:80?flowinfo=9",
            "tcp://[::1]:80?flowinfo=9",
            at(v6("::1", 80, 9, 0), stream, Protocol::TCP),
        ),
        (
            "tcp://localhost:80",
            "tcp://localhost:80",
            host("localhost", 80, stream, Protocol::TCP),
        ),
        (
            "udp://a_b-c.Example.:53",
            "udp://a_b-c.Example.:53",
            host("a_b-c.Example.", 53, dgram, Protocol::UDP),
        ),
        (
            "tcp://1.2.3.4.in-addr:1",
            "tcp://1.2.3.4.in-addr:1",
            host("1.2.3.4.in-addr", 1, stream, Protocol::TCP),
        ),
        (
            "unix:/run/x.sock",
            "unix:/run/x.sock",
            at(path("/run/x.sock"), stream, NONE),
        ),
        (
            "unix:///run/x.sock",
            "unix:/run/x.sock",
            at(path("/run/x.sock"), stream, NONE),
        ),
        (
            "unix:rel.sock",
            "unix:rel.sock",
            at(path("rel.sock"), stream, NONE),
        ),
        ("unix:@x", "unix:@x", at(path("@x"), stream, NONE)),
        ("unix-dgram:x", "unix-dgram:x", at(path("x"), dgram, NONE)),
        (
            "unix-dgram:////x",
            "unix-dgram:////x",
            at(path("//x"), dgram, NONE),
        ),
        (
            "unix-seqpacket:x",
            "unix-seqpacket:x",
            at(path("x"), seqpacket, NONE),
        ),
        (
            "unix-abstract:x%00",
            "unix-abstract:x%00",
            at(name(b"x\0"), stream, NONE),
        ),
        (
            "unix-abstract-dgram:x",
            "unix-abstract-dgram:x",
            at(name(b"x"), dgram, NONE),
        ),
        (
            "unix-abstract-seqpacket:%2f/",
            "unix-abstract-seqpacket:%2F/",
            at(name(b"//"), seqpacket, NONE),
        ),
        (
            "unix-unnamed:",
            "unix-unnamed:",
            at(Address::unix_unnamed(), stream, NONE),
        ),
        (
            "unix-unnamed-dgram:",
            "unix-unnamed-dgram:",
            at(Address::unix_unnamed(), dgram, NONE),
        ),
        (
            "unix-unnamed-seqpacket:",
            "unix-unnamed-seqpacket:",
            at(Address::unix_unnamed(), seqpacket, NONE),
        ),
        (
            "netlink:route",
            "netlink:route",
            at(Address::netlink(0, 0), Kind::RAW, Protocol::NETLINK_ROUTE),
        ),
        (
            "netlink:0",
            "netlink:route",
            at(Address::netlink(0, 0), Kind::RAW, Protocol::NETLINK_ROUTE),
        ),
        (
            "netlink:KOBJECT_UEVENT",
            "netlink:kobject-uevent",
            at(
                Address::netlink(0, 0),
                Kind::RAW,
                Protocol::NETLINK_KOBJECT_UEVENT,
            ),
        ),
        (
            "netlink:inet-diag",
            "netlink:sock-diag",
            at(
                Address::netlink(0, 0),
                Kind::RAW,
                Protocol::NETLINK_SOCK_DIAG,
            ),
        ),
        (
            "netlink:31",
            "netlink:31",
            at(Address::netlink(0, 0), Kind::RAW, Protocol::from_raw(31)),
        ),
        (
            "netlink:generic?pid=7",
            "netlink:generic?pid=7",
            at(Address::netlink(7, 0), Kind::RAW, Protocol::NETLINK_GENERIC),
        ),
        (
            "vsock:2:1234",
            "vsock:2:1234",
            at(Address::vsock(2, 1234), stream, NONE),
        ),
        (
            "vsock-dgram:2:1",
            "vsock-dgram:2:1",
            at(Address::vsock(2, 1), dgram, NONE),
        ),
        (
            "vsock-seqpacket:any:1",
            "vsock-seqpacket:4294967295:1",
            at(Address::vsock(u32::MAX, 1), seqpacket, NONE),
        ),
        (
            "packet:2?protocol=0x0800",
            "packet:2?protocol=0x0800",
            at(Address::packet(ip), Kind::RAW, network_order),
        ),
        (
            "packet-dgram:lo",
            "packet-dgram:1",
            at(Address::packet(packet(LOOPBACK)), dgram, NONE),
        ),
        ("fd:3", "fd:3", (Place::Fd(3), None, NONE)),
        ("fd:0", "fd:0", (Place::Fd(0), None, NONE)),
        (
            "activation:http",
            "activation:http",
            (Place::Activation("http".into()), None, NONE),
        ),
        (
            "activation:my%20app.socket",
            "activation:my%20app.socket",
            (Place::Activation("my app.socket".into()), None, NONE),
        ),
    ];
    for (text, canonical, (place, kind, protocol)) in table {
        let target = text
            .parse::<Target>()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(target.place(), place, "{text}");
        assert_eq!(target.kind(), *kind, "{text}");
        assert_eq!(target.protocol(), *protocol, "{text}");
        assert_eq!(target.to_string(), *canonical, "{text}");
        assert_eq!(canonical.parse::<Target>(), Ok(target), "{canonical}");
    }
}

#[test]
fn a_query_asks_a_listener_for_more() {
    type Asked = (Option<u32>, Option<bool>, Option<bool>, &'static [u32]);
    let table: &[(&str, &str, Asked)] = &[
        ("unix:/x", "unix:/x", (None, None, None, &[])),
        (
            "unix:/x?mode=660",
            "unix:/x?mode=0660",
            (Some(0o660), None, None, &[]),
        ),
        (
            "unix:/x?mode=0",
            "unix:/x?mode=0000",
            (Some(0), None, None, &[]),
        ),
        (
            "unix:/x?reuse&mode=0777&unlink=0",
            "unix:/x?mode=0777&unlink=0&reuse=1",
            (Some(0o777), Some(false), Some(true), &[]),
        ),
        (
            "tcp://[::1]:1?reuse=1&flowinfo=2",
            "tcp://[::1]:1?flowinfo=2&reuse=1",
            (None, None, Some(true), &[]),
        ),
        (
            "tcp://localhost:1?reuse=0",
            "tcp://localhost:1?reuse=0",
            (None, None, Some(false), &[]),
        ),
        (
            "netlink:route?groups=40,5,1,5",
            "netlink:route?groups=1,5,40",
            (None, None, None, &[1, 5, 40]),
        ),
        (
            "netlink:generic?groups=4294967295&pid=1",
            "netlink:generic?pid=1&groups=4294967295",
            (None, None, None, &[u32::MAX]),
        ),
    ];
    for (text, canonical, (mode, unlink, reuse, groups)) in table {
        let target = text
            .parse::<Target>()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            (target.mode(), target.unlink(), target.reuse()),
            (*mode, *unlink, *reuse)
        );
        assert_eq!(target.groups(), *groups, "{text}");
        assert_eq!(target.to_string(), *canonical, "{text}");
        assert_eq!(canonical.parse::<Target>(), Ok(target), "{canonical}");
    }
}

#[test]
fn a_target_is_made_from_an_address() {
    let target = |address: &str, kind, protocol| {
        Target::new(address.parse().unwrap(), kind, protocol).map(|target| target.to_string())
    };
    let default = Protocol::DEFAULT;
    let table = [
        ("127.0.0.1:1", Kind::STREAM, default, "tcp://127.0.0.1:1"),
        (
            "[fe80::1%7]:1?flowinfo=3",
            Kind::DGRAM,
            default,
            "udp://[fe80::1%257]:1?flowinfo=3",
        ),
        (
            "127.0.0.1:1",
            Kind::STREAM,
            Protocol::MPTCP,
            "mptcp://127.0.0.1:1",
        ),
        ("unix:/x", Kind::SEQPACKET, default, "unix-seqpacket:/x"),
        (
            "unix-abstract:x",
            Kind::DGRAM,
            default,
            "unix-abstract-dgram:x",
        ),
        ("unix-unnamed:", Kind::STREAM, default, "unix-unnamed:"),
        (
            "netlink:?groups=1,32",
            Kind::DGRAM,
            Protocol::NETLINK_GENERIC,
            "netlink:generic?groups=1,32",
        ),
        ("netlink:?pid=3", Kind::RAW, default, "netlink:route?pid=3"),
        ("vsock:2:3", Kind::STREAM, default, "vsock:2:3"),
        (
            "packet:2?protocol=0x0003",
            Kind::RAW,
            default,
            "packet:2?protocol=0x0003",
        ),
    ];
    for (address, kind, protocol, text) in table {
        assert_eq!(target(address, kind, protocol).as_deref(), Ok(text));
    }
    for (address, kind, protocol) in [
        ("127.0.0.1:1", Kind::RAW, default),
        ("127.0.0.1:1", Kind::STREAM, Protocol::UDP),
        ("unix:/x", Kind::RDM, default),
        ("netlink:", Kind::STREAM, default),
        ("packet:2?protocol=0x0003", Kind::RAW, Protocol::from_raw(1)),
    ] {
        assert_eq!(
            target(address, kind, protocol),
            Err(Error::WrongKind),
            "{address}"
        );
    }
}
