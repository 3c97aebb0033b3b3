//! The promise: an address has one canonical text that reads back as the same address, and what is
//! malformed is refused with the reason.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::{Ipv4Addr, SocketAddrV4, SocketAddrV6};

use rsocket::{Address, AddressError, Errno, Error, Family, Kind, PacketAddress, Protocol, Target};

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

#[test]
fn addresses_are_read_and_written_canonically() {
    let ether = PacketAddress {
        protocol: 0x0800,
        hardware_type: 1,
        packet_type: 4,
        hardware_len: 6,
        hardware: [2, 0, 0, 0xab, 0, 1, 0, 0],
        ..packet(2)
    };
    let longest = "x".repeat(107);
    let table: &[(&str, &str, Address)] = &[
        (
            "127.0.0.1:80",
            "127.0.0.1:80",
            SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80).into(),
        ),
        (
            "0.0.0.0:0",
            "0.0.0.0:0",
            SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0).into(),
        ),
        (
            "255.255.255.255:65535",
            "255.255.255.255:65535",
            SocketAddrV4::new([255; 4].into(), 65535).into(),
        ),
        ("[::1]:80", "[::1]:80", v6("::1", 80, 0, 0)),
        ("[0:0:0:0:0:0:0:1]:80", "[::1]:80", v6("::1", 80, 0, 0)),
        (
            "[::FFFF:1.2.3.4]:80",
            "[::ffff:1.2.3.4]:80",
            v6("::ffff:1.2.3.4", 80, 0, 0),
        ),
        ("[fe80::1%3]:80", "[fe80::1%3]:80", v6("fe80::1", 80, 0, 3)),
        ("[fe80::1%0]:80", "[fe80::1]:80", v6("fe80::1", 80, 0, 0)),
        (
            "[fe80::1%25]:80",
            "[fe80::1%25]:80",
            v6("fe80::1", 80, 0, 25),
        ),
        (
            "[fe80::1%253]:80",
            "[fe80::1%253]:80",
            v6("fe80::1", 80, 0, 253),
        ),
        (
            "[fe80::1%lo]:80",
            "[fe80::1%1]:80",
            v6("fe80::1", 80, 0, LOOPBACK),
        ),
        (
            "[fe80::1%25lo]:80",
            "[fe80::1%1]:80",
            v6("fe80::1", 80, 0, LOOPBACK),
        ),
        (
            "[fe80::1%4294967295]:1",
            "[fe80::1%4294967295]:1",
            v6("fe80::1", 1, 0, u32::MAX),
        ),
        (
            "[::1]:80?flowinfo=7",
            "[::1]:80?flowinfo=7",
            v6("::1", 80, 7, 0),
        ),
        (
            "[::1%2]:80?flowinfo=4294967295",
            "[::1%2]:80?flowinfo=4294967295",
            v6("::1", 80, u32::MAX, 2),
        ),
        ("[::1]:80?flowinfo=0", "[::1]:80", v6("::1", 80, 0, 0)),
        ("unix:/run/x.sock", "unix:/run/x.sock", path("/run/x.sock")),
        (
            "unix:///run/x.sock",
            "unix:/run/x.sock",
            path("/run/x.sock"),
        ),
        ("UNIX:/run/x.sock", "unix:/run/x.sock", path("/run/x.sock")),
        ("unix:rel.sock", "unix:rel.sock", path("rel.sock")),
        (
            "unix:@not-abstract",
            "unix:@not-abstract",
            path("@not-abstract"),
        ),
        (
            "unix:127.0.0.1:80",
            "unix:127.0.0.1:80",
            path("127.0.0.1:80"),
        ),
        ("unix:////x", "unix:////x", path("//x")),
        ("unix:%2F/x", "unix:////x", path("//x")),
        (
            "unix:/a%20b%3f%23%25%0A",
            "unix:/a%20b%3F%23%25%0A",
            path("/a b?#%\n"),
        ),
        ("unix:/é[]\\", "unix:/%C3%A9%5B%5D%5C", path("/é[]\\")),
        (
            &format!("unix:{longest}"),
            &format!("unix:{longest}"),
            path(&longest),
        ),
        ("unix-abstract:name", "unix-abstract:name", name(b"name")),
        (
            "unix-abstract:a%00b/%FF",
            "unix-abstract:a%00b/%FF",
            name(b"a\0b/\xff"),
        ),
        ("unix-abstract:%2F/x", "unix-abstract:%2F/x", name(b"//x")),
        ("unix-abstract:", "unix-abstract:", name(b"")),
        ("unix-unnamed:", "unix-unnamed:", Address::unix_unnamed()),
        ("netlink:", "netlink:", Address::netlink(0, 0)),
        (
            "netlink:?pid=4711",
            "netlink:?pid=4711",
            Address::netlink(4711, 0),
        ),
        (
            "netlink:?groups=32,1&pid=0",
            "netlink:?groups=1,32",
            Address::netlink(0, 0x8000_0001),
        ),
        (
            "netlink:?groups=5%2C1,5",
            "netlink:?groups=1,5",
            Address::netlink(0, 0b10001),
        ),
        ("vsock:2:1234", "vsock:2:1234", Address::vsock(2, 1234)),
        (
            "vsock:any:4294967295",
            "vsock:4294967295:4294967295",
            Address::vsock(u32::MAX, u32::MAX),
        ),
        ("vsock:local:1", "vsock:1:1", Address::vsock(1, 1)),
        ("vsock:host:1", "vsock:2:1", Address::vsock(2, 1)),
        ("packet:0", "packet:0", Address::packet(packet(0))),
        ("packet:lo", "packet:1", Address::packet(packet(LOOPBACK))),
        (
            "packet:2?addr=02:00:00:AB:00:01&pkttype=4&hatype=1&protocol=2048",
            "packet:2?protocol=0x0800&hatype=1&pkttype=4&addr=02:00:00:ab:00:01",
            Address::packet(ether),
        ),
    ];
    for (text, canonical, address) in table {
        assert_eq!(text.parse::<Address>(), Ok(*address), "{text}");
        assert_eq!(address.to_string(), *canonical, "{text}");
        assert_eq!(canonical.parse::<Address>(), Ok(*address), "{canonical}");
    }
}

#[test]
fn malformed_addresses_are_refused_with_the_reason() {
    use AddressError as E;
    let long = "x".repeat(108);
    let table: &[(&str, E)] = &[
        ("", E::EmptyHost),
        (":80", E::EmptyHost),
        ("127.0.0.1", E::MissingPort),
        ("127.0.0.1:", E::MissingPort),
        ("[::1]", E::MissingPort),
        ("[::1]:", E::MissingPort),
        ("localhost", E::MissingPort),
        ("localhost:80", E::Host),
        ("host_name:80", E::Host),
        ("127.0.0.1:65536", E::Port),
        ("127.0.0.1:080", E::Port),
        ("127.0.0.1:00", E::Port),
        ("127.0.0.1:+80", E::Port),
        ("127.0.0.1:-1", E::Port),
        ("127.0.0.1: 80", E::Port),
        ("127.0.0.1:0x50", E::Trailing),
        ("127.0.0.1:http", E::Port),
        ("127.0.0.1:80 ", E::Trailing),
        ("127.0.0.1:80\n", E::Trailing),
        ("127.0.0.1:80/", E::Trailing),
        ("127.0.0.1:80:90", E::Trailing),
        ("[::1]80", E::Trailing),
        ("[::1]:80x", E::Trailing),
        ("127.0.0.01:80", E::Ipv4),
        ("0177.0.0.1:80", E::Ipv4),
        ("0x7f.0.0.1:80", E::Ipv4),
        ("127.0.0.0x1:80", E::Ipv4),
        ("127.1:80", E::Ipv4),
        ("2130706433:80", E::Ipv4),
        ("256.0.0.1:80", E::Ipv4),
        ("1.2.3.4.5:80", E::Ipv4),
        ("1.2.3.4.:80", E::Ipv4),
        (" 127.0.0.1:80", E::Ipv4),
        ("[::1", E::Ipv6),
        ("[]:80", E::Ipv6),
        ("[127.0.0.1]:80", E::Ipv6),
        ("[::1::]:80", E::Ipv6),
        ("[::ffff:1.2.3.04]:80", E::Ipv6),
        ("[ ::1]:80", E::Ipv6),
        ("::1", E::Brackets),
        ("::1:80", E::Brackets),
        ("fe80::1", E::Brackets),
        ("fe80::1%lo", E::Brackets),
        ("1:2:3:4:5:6:7:8:80", E::Brackets),
        ("[fe80::1%]:80", E::Zone),
        ("[fe80::1%no-such-interface]:80", E::Zone),
        ("[fe80::1%nosuch0]:80", E::Zone),
        ("[fe80::1%01]:80", E::Zone),
        ("[fe80::1%4294967296]:80", E::Zone),
        ("[fe80::1%lo%lo]:80", E::Zone),
        ("127.0.0.1:80?", E::QueryKey),
        ("127.0.0.1:80?flowinfo=1", E::QueryKey),
        ("[::1]:80?reuse=1", E::QueryKey),
        ("[::1]:80?flowinfo=1&flowinfo=1", E::RepeatedKey),
        ("[::1]:80?flowinfo", E::Number),
        ("[::1]:80?flowinfo=4294967296", E::Number),
        ("/run/x.sock", E::MissingScheme),
        ("./x:sock", E::MissingScheme),
        ("@name", E::MissingScheme),
        ("unix:", E::EmptyPath),
        ("unix://", E::EmptyPath),
        ("unix://run/x.sock", E::RelativeUrl),
        ("unix:a%00b", E::PathWithNul),
        ("unix:a\0b", E::PathWithNul),
        (&format!("unix:{long}"), E::PathTooLong(108)),
        (&format!("unix-abstract:{long}"), E::NameTooLong(108)),
        ("unix:/a b", E::Unescaped(b' ')),
        ("unix:/a\n", E::Unescaped(b'\n')),
        ("unix:/a#b", E::Unescaped(b'#')),
        ("unix:/a%2", E::Escape),
        ("unix:/a%zz", E::Escape),
        ("unix:/a?", E::QueryKey),
        ("unix:/a?mode=660", E::QueryKey),
        ("unix-abstract://x", E::Slashes),
        ("unix-unnamed:x", E::Trailing),
        ("netlink:?groups=33", E::Groups),
        ("netlink:?groups=0", E::Groups),
        ("netlink:?groups=", E::Groups),
        ("netlink:?groups=1,", E::Groups),
        ("netlink:?groups=0x1", E::Groups),
        ("netlink:?pid=-1", E::Number),
        ("netlink:route", E::TargetText),
        ("vsock:2", E::MissingPort),
        ("vsock:2:", E::Number),
        ("vsock::1", E::Number),
        ("vsock:02:1", E::Number),
        ("vsock:2:4294967296", E::Number),
        ("vsock:2:1:1", E::Number),
        ("vsock://2:1", E::Slashes),
        ("packet:", E::Interface),
        ("packet:nosuch0", E::Interface),
        ("packet:1?addr=", E::HardwareAddress),
        ("packet:1?addr=1:2", E::HardwareAddress),
        ("packet:1?protocol=65536", E::Number),
        ("packet:1?pkttype=256", E::Number),
        ("tcp://127.0.0.1:80", E::TargetText),
        ("unix-dgram:/x", E::TargetText),
        ("fd:3", E::NoAddress),
        ("activation:x", E::NoAddress),
        ("http://127.0.0.1:80", E::UnknownScheme),
        ("unix-stream:/x", E::UnknownScheme),
    ];
    for (text, error) in table {
        assert_eq!(
            text.parse::<Address>(),
            Err(Error::Address(*error)),
            "{text:?}"
        );
        let errno = match error {
            E::PathTooLong(_) | E::NameTooLong(_) => Errno::ENAMETOOLONG,
            _ => Errno::EINVAL,
        };
        assert_eq!(error.errno(), errno, "{text:?}");
    }
}

#[test]
fn text_may_be_bytes_that_are_no_utf8() {
    let latin1 = b"unix:/run/caf\xe9";
    let address = Address::parse(latin1).unwrap();
    assert_eq!(address.to_string(), "unix:/run/caf%E9");
    assert_eq!(Target::parse(latin1).unwrap().address(), Some(&address));
    let error = Target::parse(b"tcp://caf\xe9:80").unwrap_err();
    assert_eq!(error, Error::Address(AddressError::HostName));
}

#[test]
fn what_no_text_can_name_is_shown_in_parentheses() {
    assert_eq!(Address::UNSPECIFIED.to_string(), "(unspecified)");
    let can = Address::from_bytes(&[29, 0, 0, 0, 1, 0xab]).unwrap();
    assert_eq!(can.family(), Family::CAN);
    assert_eq!(can.to_string(), "(AF_CAN: 00 00 01 ab)");
    for address in [Address::UNSPECIFIED, can] {
        assert!(address.to_string().parse::<Address>().is_err());
        let refused = Target::new(address, Kind::RAW, Protocol::DEFAULT);
        assert_eq!(refused, Err(Error::WrongFamily));
    }
}

#[test]
fn text_is_padded_like_any_other() {
    let address: Address = "127.0.0.1:80".parse().unwrap();
    assert_eq!(
        format!("{address:>14}|{address:<14}|"),
        "  127.0.0.1:80|127.0.0.1:80  |"
    );
    let target: Target = "fd:3".parse().unwrap();
    assert_eq!(format!("{target:6}|"), "fd:3  |");
}
