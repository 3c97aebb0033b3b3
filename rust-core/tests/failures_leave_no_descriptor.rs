//! Whatever fails half-way gives back every descriptor that it had: counted over many failures.
//!
//! One test in a file of its own, because it counts the descriptors of the whole process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::thread;
use std::time::Duration;

use rsocket::netlink::Netlink;
use rsocket::{
    Address, Deadline, Endpoint, Error, Family, Kind, MsgFlags, Protocol, SharedEndpoint, Stagger,
    UnixBind, connect_any_with,
};

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Runs `attempt` often and wants as many descriptors after as before.
fn leaks_nothing(what: &str, mut attempt: impl FnMut()) {
    attempt();
    let before = open_descriptors();
    (0..50).for_each(|_| attempt());
    assert_eq!(open_descriptors(), before, "{what}");
}

#[test]
fn nothing_is_left_open() {
    let directory = std::env::temp_dir().join(format!("rsocket-leaks-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let path = directory.join("app.sock");

    leaks_nothing("binding and dropping", || {
        let server = UnixBind::new(&path).mode(0o600).bind().unwrap();
        drop(server.into_parts());
    });
    let live = UnixBind::new(&path).bind().unwrap().into_endpoint();
    leaks_nothing("binding over a live server", || {
        UnixBind::new(&path).bind().unwrap_err();
    });
    let missing = directory.join("missing/app.sock");
    leaks_nothing("binding in a missing directory", || {
        UnixBind::new(&missing).bind().unwrap_err();
    });
    drop(live);
    fs::remove_dir_all(&directory).unwrap();

    let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let refusing = listener.local_address().unwrap();
    let unix = Address::unix(&path).unwrap();
    let stagger = Stagger {
        delay: Duration::ZERO,
        ..Stagger::default()
    };
    leaks_nothing("connecting to nobody", || {
        let soon = Deadline::after(Duration::from_millis(5));
        connect_any_with(&[refusing, unix, refusing], stagger, |_| Ok(()), soon).unwrap_err();
    });
    listener.listen(16).unwrap();
    leaks_nothing("connecting to one of several", || {
        let addresses = [unix, refusing, refusing];
        let won = connect_any_with(&addresses, stagger, |_| Ok(()), Deadline::NEVER).unwrap();
        drop((won, listener.accept().unwrap()));
    });
    leaks_nothing("dual-stack listening on a taken port", || {
        let port = refusing.port().unwrap();
        Endpoint::listen_dual_stack(port, 1).unwrap_err();
    });

    leaks_nothing("closing under a call", || {
        let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
        let left = SharedEndpoint::new(left).unwrap();
        thread::scope(|scope| {
            let reader = scope.spawn(|| left.recv(&mut [0; 8]));
            thread::sleep(Duration::from_millis(2));
            left.close();
            assert_eq!(reader.join().unwrap().unwrap_err(), Error::Closed);
        });
    });
    leaks_nothing("a timeout on a shared endpoint", || {
        let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
        let left = SharedEndpoint::new(left).unwrap();
        let soon = Deadline::after(Duration::from_millis(1));
        let error = left.recv_with(&mut [0; 8], MsgFlags::empty(), soon);
        assert_eq!(error.unwrap_err(), Error::TimedOut);
    });

    leaks_nothing("a netlink family that is not there", || {
        let mut netlink = Netlink::open(Protocol::NETLINK_GENERIC).unwrap();
        netlink.resolve_family("nosuchfamily").unwrap_err();
    });
    leaks_nothing("a peer's identity", || {
        let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
        drop((left.peer_pidfd(), left.peer_groups(), left.peer_security()));
    });
}
