//! The promise: whatever address or target is written reads back as the same, and no text and no
//! native bytes make the reader or the writer panic.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use proptest::prelude::*;
use rsocket::{Address, AddressView, Kind, PacketAddress, Protocol, Target, UnixName};

/// Any address that a constructor makes.
fn any_address() -> impl Strategy<Value = Address> {
    let ipv4 = any::<(u32, u16)>()
        .prop_map(|(ip, port)| Address::from(SocketAddrV4::new(Ipv4Addr::from(ip), port)));
    let ip = prop_oneof![
        any::<u128>(),
        Just(1),
        (0..=u128::from(u64::MAX)),
        Just(0xfe80 << 112)
    ];
    let ipv6 =
        (ip, any::<u16>(), any::<u32>(), any::<u32>()).prop_map(|(ip, port, flow, scope)| {
            // Often no zone and no flow information, as in life.
            let (flow, scope) = (flow * (port as u32 & 1), scope * (port as u32 >> 1 & 1));
            Address::from(SocketAddrV6::new(Ipv6Addr::from(ip), port, flow, scope))
        });
    let byte = prop_oneof![Just(b'/'), Just(b'%'), Just(b'?'), Just(b'@'), 1..=u8::MAX];
    let path = prop::collection::vec(byte.clone(), 1..=107).prop_map(|bytes| {
        use std::os::unix::ffi::OsStrExt;
        Address::unix(std::ffi::OsStr::from_bytes(&bytes)).unwrap()
    });
    let name = prop::collection::vec(prop_oneof![byte, Just(0)], 0..=107)
        .prop_map(|name| Address::unix_abstract(name).unwrap());
    let packet = any::<(u16, u32, u16, u8, [u8; 8])>().prop_flat_map(
        |(protocol, interface, hardware_type, packet_type, bytes)| {
            (0..=8u8).prop_map(move |hardware_len| {
                let mut hardware = bytes;
                hardware[usize::from(hardware_len)..].fill(0);
                Address::packet(PacketAddress {
                    protocol,
                    interface,
                    hardware_type,
                    packet_type,
                    hardware_len,
                    hardware,
                })
            })
        },
    );
    prop_oneof![
        ipv4,
        ipv6,
        path,
        name,
        Just(Address::unix_unnamed()),
        any::<(u32, u32)>().prop_map(|(pid, groups)| Address::netlink(pid, groups)),
        any::<(u32, u32)>().prop_map(|(cid, port)| Address::vsock(cid, port)),
        packet,
    ]
}

/// Text that is nearly right: pieces of the grammar in any order.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "tcp",
        "udp",
        "unix",
        "-dgram",
        "-abstract",
        "-unnamed",
        "netlink",
        "vsock",
        "packet",
        "fd",
        "activation",
        ":",
        "//",
        "/",
        "?",
        "&",
        "=",
        ",",
        "%",
        "%25",
        "%00",
        "[",
        "]",
        "::",
        "fe80",
        "127.0.0.1",
        "1.2.3",
        "0x",
        "0",
        "80",
        "65536",
        "99999999999999999999",
        "lo",
        "localhost",
        "route",
        "any",
        "mode",
        "unlink",
        "reuse",
        "groups",
        "pid",
        "flowinfo",
        "addr",
        "protocol",
        "@",
        "#",
        "\0",
        "\n",
        "é",
        "\u{200d}",
        ".",
        "+",
        "-",
    ])
    .prop_map(|piece| piece.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    prop::collection::vec(prop_oneof![8 => piece, 1 => noise], 0..12)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn every_address_reads_back_as_itself(address in any_address()) {
        let text = address.to_string();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", text);
        let read = text.parse::<Address>();
        prop_assert_eq!(read, Ok(address), "{}", text);
        let view = read.map(|read| read.view() == address.view());
        prop_assert_eq!(view, Ok(true), "{}", text);
    }

    #[test]
    fn every_target_reads_back_as_itself(address in any_address(), number in any::<i32>()) {
        let kinds = match address.view() {
            AddressView::Inet(_) | AddressView::Inet6(_) => [Kind::STREAM, Kind::DGRAM],
            AddressView::Netlink { .. } | AddressView::Packet(_) => [Kind::RAW, Kind::DGRAM],
            AddressView::Unix(UnixName::Path(_)) => [Kind::SEQPACKET, Kind::DGRAM],
            _ => [Kind::STREAM, Kind::SEQPACKET],
        };
        let protocol = match address.view() {
            AddressView::Netlink { .. } => Protocol::from_raw(number & i32::MAX),
            _ => Protocol::DEFAULT,
        };
        for kind in kinds {
            let target = Target::new(address, kind, protocol).unwrap();
            let text = target.to_string();
            prop_assert_eq!(text.parse::<Target>(), Ok(target), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any_text()) {
        if let Ok(address) = Address::parse(&text) {
            prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
        }
        if let Ok(target) = Target::parse(&text) {
            prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(address) = Address::parse(&text) {
            prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
        }
        if let Ok(target) = Target::parse(&text) {
            prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target));
        }
    }

    #[test]
    fn no_native_bytes_make_the_writer_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..=128),
        family in 0..46u16,
    ) {
        let mut bytes = bytes;
        if let Some(head) = bytes.first_chunk_mut() {
            *head = family.to_ne_bytes();
        }
        let address = Address::from_bytes(&bytes).unwrap();
        prop_assert!(!address.to_string().is_empty());
    }
}
