//! A target with a host name means each address of that host; one of netlink, a joined socket.
//!
//! The names are those that every machine's resolver knows without a network: localhost (RFC 6761).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/netns.rs"]
mod netns;
mod support;

use netns::in_network_namespace;
use rsocket::netlink::Netlink;
use rsocket::option::{NetlinkCapAck, NetlinkExtAck, NetlinkGetStrictCheck, ReuseAddr};
use rsocket::{
    ActivationError, Address, AddressView, Endpoint, Errno, Error, Family, Kind, Protocol,
    Readiness, Target, connect, connect_with, fd, listen,
};
use support::soon;

fn port(endpoint: &Endpoint) -> u16 {
    endpoint.local_address().unwrap().port().unwrap()
}

fn is_loopback(address: &Address) -> bool {
    address.as_ip().unwrap().ip().is_loopback()
}

#[test]
fn a_stream_listens_and_connects_by_name() {
    let listener = listen("tcp://localhost:0").unwrap();
    assert_eq!(listener.kind(), Kind::STREAM);
    assert!(is_loopback(&listener.local_address().unwrap()));
    assert!(listener.get(ReuseAddr).unwrap());
    let text = format!("tcp://localhost:{}", port(&listener));
    for client in [connect(&text), connect_with(&text, soon())] {
        let client = client.unwrap();
        let (server, _) = listener.accept().unwrap();
        assert_eq!(client.peer_address(), server.local_address());
        assert!(!client.is_nonblocking().unwrap());
        client.send_all(b"hello").unwrap();
        server.recv_exact(&mut [0; 5]).unwrap();
    }
}

#[test]
fn datagrams_by_name() {
    let server = listen("udp://localhost:0").unwrap();
    let client = connect(&format!("udp://localhost:{}", port(&server))).unwrap();
    assert_eq!(client.peer_address(), server.local_address());
    assert_eq!(client.send(b"hello"), Ok(5));
    let (received, from) = server.recv_from(&mut [0; 8]).unwrap();
    assert_eq!((received.len, from), (5, client.local_address().unwrap()));
}

#[test]
fn a_start_by_name_does_not_wait() {
    let listener = listen("tcp://localhost:0").unwrap();
    let target = Target::parse(format!("tcp://localhost:{}", port(&listener))).unwrap();
    assert_eq!(target.family(), None);
    let client = Endpoint::start_connecting(&target).unwrap();
    assert!(client.is_nonblocking().unwrap());
    let fd = std::os::fd::AsFd::as_fd(&client);
    fd::wait_ready(fd, Readiness::Writable, &mut soon()).unwrap();
    assert_eq!(client.take_error(), Ok(None));
    assert_eq!(client.peer_address(), listener.local_address());
}

#[test]
fn where_nobody_listens_the_last_address_says_why() {
    // The port is held, but nobody listens.
    let holder = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
    holder.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let text = format!("tcp://localhost:{}", port(&holder));
    assert_eq!(connect(&text).unwrap_err().errno(), Errno::ECONNREFUSED);

    // A listener elsewhere that does not share: every address of the name is taken.
    let listener = listen("tcp://localhost:0?reuse=0").unwrap();
    assert!(!listener.get(ReuseAddr).unwrap());
    let again = format!("tcp://localhost:{}?reuse=0", port(&listener));
    let second = listen(&again).map(|second| second.local_address().unwrap());
    // Where localhost has both an IPv4 and an IPv6 address, the second listener gets the other.
    match second {
        Ok(address) => assert_ne!(address.family(), listener.family()),
        Err(error) => assert_eq!(error.errno(), Errno::EADDRINUSE),
    }
}

#[test]
fn a_name_that_means_nothing() {
    // RFC 6761: "invalid" never resolves. Nobody outside is asked: the namespace has no network.
    in_network_namespace(|| {
        for result in [
            listen("tcp://nobody.invalid:1"),
            connect("tcp://nobody.invalid:1"),
            connect("udp://nobody.invalid:1"),
        ] {
            let error = result.unwrap_err();
            let Error::Resolve(resolve) = error else {
                panic!("{error:?}")
            };
            assert!(resolve.code() < 0);
            assert_eq!(error.to_string(), resolve.to_string());
            assert_eq!(error.errno(), Errno::EADDRNOTAVAIL);
        }
    });
}

#[test]
fn an_activation_that_did_not_happen() {
    // The tests' own process was handed no sockets.
    for result in [listen("activation:http"), connect("activation:http")] {
        assert_eq!(
            result.unwrap_err(),
            Error::Activation(ActivationError::NoSuchName)
        );
    }
    let error = Error::from(ActivationError::NoSuchName);
    assert_eq!(error.errno(), Errno::ENOENT);
    let error = Error::from(ActivationError::Names);
    assert_eq!(error.errno(), Errno::EINVAL);
}

/// The groups below 33 that a netlink socket has joined, as a mask.
fn groups(endpoint: &Endpoint) -> u32 {
    match endpoint.local_address().unwrap().view() {
        AddressView::Netlink { groups, .. } => groups,
        view => panic!("{view:?}"),
    }
}

#[test]
fn netlink_targets_are_strict_and_have_joined() {
    for make in [listen, connect] {
        let socket = make("netlink:route?groups=1,5").unwrap();
        assert_eq!(socket.family(), Family::NETLINK);
        assert_eq!(socket.protocol(), Protocol::NETLINK_ROUTE);
        assert!(socket.get(NetlinkGetStrictCheck).unwrap());
        assert!(socket.get(NetlinkExtAck).unwrap());
        assert!(socket.get(NetlinkCapAck).unwrap());
        assert_eq!(groups(&socket), 1 << 0 | 1 << 4);
    }
    // The same through the type for it: a group can be left again.
    let netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
    let mask = || groups(netlink.endpoint());
    netlink.join(5).unwrap();
    assert_eq!(mask(), 1 << 4);
    netlink.leave(5).unwrap();
    assert_eq!(mask(), 0);
}
