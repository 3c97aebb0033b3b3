//! Every descriptor that this crate makes or receives is close-on-exec.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::IoSliceMut;
use std::os::fd::AsFd;

use rsocket::netlink::Netlink;
use rsocket::{Ancillary, Control, ControlBuilder, Endpoint, Family, Kind, MsgFlags, Protocol};
use support::{is_cloexec, set_int, tracked, try_int};

#[test]
fn made() {
    for (family, kind) in [
        (Family::INET, Kind::STREAM),
        (Family::INET6, Kind::DGRAM),
        (Family::UNIX, Kind::SEQPACKET),
        (Family::NETLINK, Kind::RAW),
    ] {
        let socket = Endpoint::new(family, kind, Protocol::DEFAULT).unwrap();
        assert!(is_cloexec(socket.as_fd()), "{family:?}");
        assert!(is_cloexec(socket.try_clone().unwrap().as_fd()));
    }
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    assert!(is_cloexec(left.as_fd()) && is_cloexec(right.as_fd()));
    let netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
    assert!(is_cloexec(netlink.endpoint().as_fd()));
}

#[test]
fn accepted() {
    let (_client, server) = support::tcp_pair();
    assert!(is_cloexec(server.as_fd()));
}

#[test]
fn received() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let sent = tracked(3);
    // What is sent is inheritable: the flag is the descriptor's own and does not travel.
    for sent in &sent {
        rsocket::fd::set_inheritable(sent.fd(), true).unwrap();
    }
    left.send_fds(b"x", &support::fds(&sent)).unwrap();
    let (_, came) = right.recv_fds::<3>(&mut [0; 4]).unwrap();
    assert!(came.iter().flatten().all(|fd| is_cloexec(fd.as_fd())));
    assert_eq!(came.iter().flatten().count(), 3);
}

#[test]
fn a_pidfd_from_the_kernel() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    if !try_int(
        &right,
        libc::SOL_SOCKET,
        libc::SO_PASSPIDFD,
        1,
        "SO_PASSPIDFD",
    ) {
        return;
    }
    left.send(b"x").unwrap();
    let mut ancillary = Ancillary::<{ ControlBuilder::space_for_fds(1) }>::new();
    let mut data = [0; 4];
    let _ = right
        .recv_msg(
            &mut [IoSliceMut::new(&mut data)],
            &mut ancillary,
            MsgFlags::empty(),
        )
        .unwrap();
    let Some(Control::PidFd(Some(pidfd))) = ancillary.messages().next() else {
        panic!("no pidfd");
    };
    assert!(is_cloexec(pidfd.as_fd()));
}

#[test]
fn kept_until_it_is_asked_off() {
    let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
    set_int(&left, libc::SOL_SOCKET, libc::SO_SNDBUF, 4096);
    assert!(is_cloexec(left.as_fd()));
    rsocket::fd::set_inheritable(left.as_fd(), true).unwrap();
    assert!(!is_cloexec(left.as_fd()));
}
