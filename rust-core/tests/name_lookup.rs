//! Names and numbers of hosts, services and interfaces, as the C library has them; what is a number
//! needs no network.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use rsocket::interface::{if_indextoname, if_nameindex, if_nametoindex};
use rsocket::{
    Address, Errno, Error, Family, Hints, Kind, NameFlags, Protocol, ResolveFlags, name_info,
    resolve, resolve_number,
};

fn code(error: Error) -> i32 {
    match error {
        Error::Resolve(error) => error.code(),
        other => panic!("{other:?}"),
    }
}

fn addresses(host: Option<&str>, service: Option<&str>, hints: Hints) -> Vec<String> {
    let answers = resolve(host, service, hints).unwrap();
    answers.map(|answer| answer.address.to_string()).collect()
}

#[test]
fn numbers_are_themselves() {
    let stream = Hints {
        kind: Some(Kind::STREAM),
        ..Hints::default()
    };
    assert_eq!(
        addresses(Some("127.0.0.1"), Some("80"), stream),
        ["127.0.0.1:80"]
    );
    assert_eq!(addresses(Some("::1"), Some("80"), stream), ["[::1]:80"]);
    let found = resolve_number("::1", 80, stream).unwrap().next().unwrap();
    assert_eq!((found.family, found.kind), (Family::INET6, Kind::STREAM));
    assert_eq!(
        (found.protocol, found.address.port()),
        (Protocol::TCP, Some(80))
    );
    assert!(resolve_number("localhost", 80, stream).is_none());

    let mut flags = ResolveFlags::NUMERIC_HOST;
    flags |= ResolveFlags::NUMERIC_SERVICE;
    let numeric = Hints { flags, ..stream };
    let error = resolve(Some("localhost"), Some("80"), numeric).unwrap_err();
    assert_eq!(code(error), libc::EAI_NONAME);
    let error = resolve(Some("127.0.0.1"), Some("http"), numeric).unwrap_err();
    assert_eq!(code(error), libc::EAI_NONAME);
}

#[test]
fn where_no_host_is_named() {
    let hints = |flags| Hints {
        family: Family::INET,
        kind: Some(Kind::DGRAM),
        flags,
        ..Hints::default()
    };
    assert_eq!(
        addresses(None, Some("53"), hints(ResolveFlags::PASSIVE)),
        ["0.0.0.0:53"]
    );
    assert_eq!(
        addresses(None, Some("53"), hints(ResolveFlags::empty())),
        ["127.0.0.1:53"]
    );
    let error = resolve(None, None, hints(ResolveFlags::empty())).unwrap_err();
    assert_eq!(code(error), libc::EAI_NONAME);
}

#[test]
fn a_name_has_addresses_and_a_canonical_name() {
    let hints = Hints {
        kind: Some(Kind::STREAM),
        flags: ResolveFlags::CANONICAL_NAME,
        ..Hints::default()
    };
    let answers: Vec<_> = resolve(Some("localhost"), Some("80"), hints)
        .unwrap()
        .collect();
    assert!(!answers.is_empty());
    for answer in &answers {
        assert!(answer.address.as_ip().unwrap().ip().is_loopback());
        assert_eq!(answer.address.port(), Some(80));
        assert_eq!(answer.kind, Kind::STREAM);
    }
    assert!(
        answers[0]
            .canonical_name
            .as_ref()
            .is_some_and(|name| !name.is_empty())
    );
    // getaddrinfo(3): "only the first".
    assert!(
        answers[1..]
            .iter()
            .all(|answer| answer.canonical_name.is_none())
    );
}

#[test]
fn the_names_of_an_address() {
    let address: Address = "127.0.0.1:80".parse().unwrap();
    let mut flags = NameFlags::NUMERIC_HOST;
    flags |= NameFlags::NUMERIC_SERVICE;
    let names = name_info(&address, flags).unwrap();
    assert_eq!(names.host.to_str(), Some("127.0.0.1"));
    assert_eq!(names.service.to_str(), Some("80"));
    let scoped: Address = "[fe80::1%1]:0".parse().unwrap();
    let lo = if_indextoname(1).unwrap().into_string().unwrap();
    let names = name_info(&scoped, flags).unwrap();
    assert_eq!(names.host.to_str(), Some(&format!("fe80::1%{lo}")[..]));

    for address in [Address::netlink(1, 0), Address::UNSPECIFIED] {
        let error = name_info(&address, flags).unwrap_err();
        assert_eq!(code(error), libc::EAI_FAMILY, "{address:?}");
    }
}

#[test]
fn interfaces_by_name_and_number() {
    let all = if_nameindex().unwrap();
    assert!(!all.is_empty());
    for (index, name) in all {
        assert_eq!(if_nametoindex(&name), Ok(index));
        assert_eq!(if_indextoname(index), Ok(name));
    }
    assert_eq!(
        if_nametoindex("no-such-if").unwrap_err().errno(),
        Errno::ENODEV
    );
    assert_eq!(if_indextoname(u32::MAX).unwrap_err().errno(), Errno::ENXIO);
}
