//! A malformed target is refused, with the reason.

use rsocket::{AddressError, Error, Target};

#[test]
fn malformed_targets_are_refused_with_the_reason() {
    use AddressError as E;
    let long = "x".repeat(108);
    let long_label = format!("tcp://{}.net:1", "x".repeat(64));
    let long_name = format!("tcp://{}:1", vec!["x".repeat(49); 6].join("."));
    let table: &[(&str, E)] = &[
        ("", E::MissingScheme),
        ("127.0.0.1:80", E::MissingScheme),
        ("[::1]:80", E::MissingScheme),
        ("::1", E::MissingScheme),
        ("fe80::1", E::MissingScheme),
        ("/run/x.sock", E::MissingScheme),
        ("@x", E::MissingScheme),
        (" tcp://127.0.0.1:80", E::MissingScheme),
        ("localhost:80", E::UnknownScheme),
        ("tcp6://[::1]:80", E::UnknownScheme),
        ("tcp:127.0.0.1:80", E::MissingSlashes),
        ("tcp:/127.0.0.1:80", E::MissingSlashes),
        ("tcp://", E::EmptyHost),
        ("tcp://:80", E::EmptyHost),
        ("tcp://localhost", E::MissingPort),
        ("tcp://localhost:", E::MissingPort),
        ("tcp://localhost:65536", E::Port),
        ("tcp://localhost:080", E::Port),
        ("tcp://localhost:+80", E::Port),
        ("tcp://localhost:http", E::Port),
        ("tcp://localhost:80/", E::Trailing),
        ("tcp://localhost:80\n", E::Trailing),
        ("tcp://127.0.0.01:80", E::Ipv4),
        ("tcp://127.1:80", E::Ipv4),
        ("tcp://example.1:80", E::Ipv4),
        ("tcp://0x7f000001:80", E::Ipv4),
        ("tcp://::1:80", E::Brackets),
        ("tcp://fe80::1%25lo:80", E::Brackets),
        ("tcp://[::1:80", E::Ipv6),
        ("tcp://[x]:80", E::Ipv6),
        ("tcp://user@host:80", E::HostName),
        ("tcp://a..b:80", E::HostName),
        ("tcp://.:80", E::HostName),
        ("tcp://*:80", E::HostName),
        ("tcp://h%6fst:80", E::HostName),
        ("tcp://bücher.example:80", E::HostName),
        (&long_label, E::HostName),
        (&long_name, E::HostName),
        ("udp://[fe80::1%lo]:53", E::ZoneSign),
        ("udp://[fe80::1%1]:53", E::ZoneSign),
        ("udp://[fe80::1%25]:53", E::Zone),
        ("udp://[fe80::1%25nosuch0]:53", E::Zone),
        ("udp://[fe80::1%25%]:53", E::Escape),
        ("tcp://127.0.0.1:80?mode=660", E::QueryKey),
        ("tcp://127.0.0.1:80?unlink", E::QueryKey),
        ("tcp://127.0.0.1:80?flowinfo=1", E::QueryKey),
        ("tcp://localhost:80?flowinfo=1", E::QueryKey),
        ("tcp://127.0.0.1:80?", E::QueryKey),
        ("tcp://127.0.0.1:80?Reuse", E::QueryKey),
        ("tcp://127.0.0.1:80?reuse&reuse", E::RepeatedKey),
        ("tcp://127.0.0.1:80?reuse=1&reuse=0", E::RepeatedKey),
        ("tcp://127.0.0.1:80?reuse=", E::Flag),
        ("tcp://127.0.0.1:80?reuse=yes", E::Flag),
        ("unix:", E::EmptyPath),
        ("unix:?unlink", E::EmptyPath),
        ("unix://x", E::RelativeUrl),
        ("unix:a%00", E::PathWithNul),
        (&format!("unix-dgram:{long}"), E::PathTooLong(108)),
        (&format!("unix-abstract-dgram:{long}"), E::NameTooLong(108)),
        ("unix:/x?mode=8", E::Mode),
        ("unix:/x?mode=1777", E::Mode),
        ("unix:/x?mode=0o660", E::Mode),
        ("unix:/x?mode", E::Mode),
        ("unix:/x?mode=660?unlink", E::Mode),
        ("unix:/x?unlink=%", E::Escape),
        ("unix:/x?unlink=1\n", E::Unescaped(b'\n')),
        ("unix:/x?backlog=1", E::QueryKey),
        ("unix:/x?unlink&", E::QueryKey),
        ("unix-abstract:x?mode=660", E::QueryKey),
        ("unix-abstract:x?unlink", E::QueryKey),
        ("unix-abstract://x", E::Slashes),
        ("unix-unnamed:x", E::Trailing),
        ("netlink:", E::NetlinkProtocol),
        ("netlink:?pid=1", E::NetlinkProtocol),
        ("netlink:routes", E::NetlinkProtocol),
        ("netlink:00", E::NetlinkProtocol),
        ("netlink:2147483648", E::NetlinkProtocol),
        ("netlink://route", E::Slashes),
        ("netlink:route?groups", E::Groups),
        ("netlink:route?groups=0", E::Groups),
        ("netlink:route?groups=1,,5", E::Groups),
        ("netlink:route?groups=4294967296", E::Groups),
        ("netlink:route?groups=1&groups=5", E::RepeatedKey),
        ("netlink:route?pid=4294967296", E::Number),
        ("vsock:2", E::MissingPort),
        ("vsock:2:1?reuse", E::QueryKey),
        ("vsock://2:1", E::Slashes),
        ("fd:", E::Number),
        ("fd:-1", E::Number),
        ("fd:03", E::Number),
        ("fd:2147483648", E::Number),
        ("fd:3x", E::Number),
        ("fd:3?unlink", E::QueryKey),
        ("fd://3", E::Slashes),
        ("activation:", E::ActivationName),
        ("activation:a:b", E::ActivationName),
        ("activation:%C3%A9", E::ActivationName),
        ("activation:%0A", E::ActivationName),
        ("activation:a b", E::Unescaped(b' ')),
        ("activation://x", E::Slashes),
    ];
    for (text, error) in table {
        assert_eq!(
            text.parse::<Target>(),
            Err(Error::Address(*error)),
            "{text:?}"
        );
    }
}

#[test]
fn every_reason_reads_like_a_sentence() {
    let error = "unix:/a\n".parse::<Target>().unwrap_err();
    assert_eq!(error.to_string(), r"'\n' has to be written as %0A");
    let error = format!("unix:{}", "x".repeat(131))
        .parse::<Target>()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "unix path is 131 bytes; the kernel's limit is 107"
    );
}
