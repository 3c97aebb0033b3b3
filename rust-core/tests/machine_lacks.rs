//! What the machine forbids or lacks falls back as documented, or is a clear error. Each in a network
//! namespace whose settings say so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/netns.rs"]
mod netns;
mod support;

use netns::in_network_namespace;
use rsocket::netlink::{BUFFER_LEN, Netlink};
use rsocket::{Deadline, Endpoint, Errno, Error, Family, Kind, Protocol, listen};
use support::soon;

/// linux/rtnetlink.h
const RTM_NEWLINK: u16 = 16;

/// Writes a setting of the calling thread's network namespace; false says why the test is not run.
fn set(name: &str, value: &str) -> bool {
    let path = format!("/proc/sys/net/{name}");
    match std::fs::write(&path, value) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("skipped: {path}: {error}");
            false
        }
    }
}

/// Brings up the loopback interface, which a new namespace has down.
fn loopback_up() {
    let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
    let mut buf = vec![0; BUFFER_LEN];
    // struct ifinfomsg: index 1, the flag IFF_UP, and that this flag is to change.
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&1i32.to_ne_bytes());
    header[8..12].copy_from_slice(&(libc::IFF_UP as u32).to_ne_bytes());
    header[12..].copy_from_slice(&(libc::IFF_UP as u32).to_ne_bytes());
    let mut replies = netlink.request(RTM_NEWLINK, 0, &header, &mut buf).unwrap();
    assert!(replies.next().unwrap().is_none());
}

fn tcp() -> Endpoint {
    Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap()
}

#[test]
fn without_mptcp_plain_tcp() {
    in_network_namespace(|| {
        if !set("mptcp/enabled", "0") {
            return;
        }
        for family in [Family::INET, Family::INET6] {
            let socket = Endpoint::multipath(family).unwrap();
            assert_eq!(socket.protocol(), Protocol::TCP);
            assert_eq!(socket.is_multipath(), Ok(false));
        }
    });
}

#[test]
fn where_fast_open_is_forbidden_a_plain_connect_and_send() {
    in_network_namespace(|| {
        loopback_up();
        if !set("ipv4/tcp_fastopen", "0") {
            return;
        }
        let listener = listen("tcp://127.0.0.1:0").unwrap();
        let to = listener.local_address().unwrap();
        let client = tcp();
        assert_eq!(client.connect_fast_open(&to, b"hello"), Ok(5));
        let (server, from) = listener.accept().unwrap();
        assert_eq!(client.local_address(), Ok(from));
        server.recv_exact(&mut [0; 5]).unwrap();

        let client = tcp();
        assert_eq!(client.connect_fast_open_with(&to, b"hello", soon()), Ok(5));
        drop(listener);
        let error = tcp().connect_fast_open(&to, b"hello").unwrap_err();
        assert_eq!(error.errno(), Errno::ECONNREFUSED);
    });
}

#[test]
fn a_fast_open_without_a_cookie_waits_or_says_so() {
    in_network_namespace(|| {
        loopback_up();
        if !set("ipv4/tcp_fastopen", "1") {
            return;
        }
        let listener = listen("tcp://127.0.0.1:0").unwrap();
        let to = listener.local_address().unwrap();
        let client = tcp();
        client.set_nonblocking(true).unwrap();
        let error = client.connect_fast_open(&to, b"hello").unwrap_err();
        assert_eq!(error.errno(), Errno::EINPROGRESS);
        // The attempt goes on, without the data.
        let (server, _) = listener.accept().unwrap();
        assert!(
            server
                .recv_with(&mut [0; 8], rsocket::MsgFlags::DONTWAIT, rsocket::Blocking)
                .unwrap_err()
                .is_would_block()
        );

        let client = tcp();
        assert_eq!(client.connect_fast_open_with(&to, b"hello", soon()), Ok(5));
        let (server, _) = listener.accept().unwrap();
        server.recv_exact(&mut [0; 5]).unwrap();

        drop(listener);
        let error = tcp()
            .connect_fast_open_with(&to, b"hello", soon())
            .unwrap_err();
        assert_eq!(error.to_string(), "connect: Connection refused");
    });
}

#[test]
fn without_a_network_a_clear_error_at_once() {
    in_network_namespace(|| {
        // Not even loopback is up here.
        let error = tcp().connect(&"127.0.0.1:1".parse().unwrap()).unwrap_err();
        assert_eq!(error.errno(), Errno::ENETUNREACH);
        let passed = Deadline::after(std::time::Duration::ZERO);
        let addresses = ["127.0.0.1:1", "[::1]:1"].map(|text| text.parse().unwrap());
        let failure = rsocket::connect_any(&addresses).unwrap_err();
        assert_eq!(failure.attempts.len(), 2);
        for attempt in failure.attempts {
            let errno = attempt.error.errno();
            assert!(
                matches!(errno, Errno::ENETUNREACH | Errno::EADDRNOTAVAIL),
                "{errno:?}"
            );
        }
        let never = rsocket::connect_with("tcp://127.0.0.1:1", passed).unwrap_err();
        assert_eq!(never.errno(), Errno::ENETUNREACH);
        assert_ne!(never, Error::TimedOut);
    });
}
