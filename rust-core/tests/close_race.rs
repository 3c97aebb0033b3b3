//! Closing a shared endpoint wakes every call that waits, whatever the socket, and its number is
//! nobody else's while a call is in flight.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rsocket::{
    Address, Blocking, Deadline, Endpoint, Errno, Error, Family, Gate, Kind, MsgFlags, Protocol,
    SharedEndpoint,
};

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

fn shared(family: Family, kind: Kind) -> SharedEndpoint {
    SharedEndpoint::new(Endpoint::new(family, kind, Protocol::DEFAULT).unwrap()).unwrap()
}

fn pair(kind: Kind) -> (SharedEndpoint, Endpoint) {
    let (left, right) = Endpoint::pair(kind).unwrap();
    (SharedEndpoint::new(left).unwrap(), right)
}

/// Runs `call` in three threads, closes meanwhile, and wants each to end with EBADF soon after.
fn is_woken(
    what: &str,
    endpoint: &SharedEndpoint,
    call: impl Fn(&SharedEndpoint) -> Result<(), Error> + Sync,
) {
    thread::scope(|scope| {
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let endpoint = endpoint.clone();
                let call = &call;
                scope.spawn(move || (call(&endpoint), Instant::now()))
            })
            .collect();
        thread::sleep(SOON);
        for call in &calls {
            assert!(!call.is_finished(), "{what}: the call did not wait");
        }
        let closed_at = Instant::now();
        assert!(endpoint.close(), "{what}");
        for call in calls {
            let (result, ended_at) = call.join().unwrap();
            assert_eq!(result, Err(Error::Closed), "{what}");
            assert_eq!(
                result.map_err(|error| error.errno()),
                Err(Errno::EBADF),
                "{what}"
            );
            let took = ended_at.saturating_duration_since(closed_at);
            assert!(
                took < Duration::from_secs(2),
                "{what}: woken after {took:?}"
            );
        }
    });
    assert!(
        !endpoint.close(),
        "{what}: a second close is harmless and says so"
    );
    assert_eq!(
        call(endpoint),
        Err(Error::Closed),
        "{what}: after the close"
    );
}

/// `call` with and without a deadline.
fn is_woken_both_ways(
    what: &str,
    make: impl Fn() -> SharedEndpoint,
    plain: impl Fn(&SharedEndpoint) -> Result<(), Error> + Sync,
    timed: impl Fn(&SharedEndpoint, Deadline) -> Result<(), Error> + Sync,
) {
    is_woken(what, &make(), plain);
    is_woken(&format!("{what}, timed"), &make(), |endpoint| {
        timed(endpoint, Deadline::after(LONG))
    });
}

fn recv(endpoint: &SharedEndpoint) -> Result<(), Error> {
    endpoint.recv(&mut [0; 64]).map(drop)
}

fn recv_timed(endpoint: &SharedEndpoint, deadline: Deadline) -> Result<(), Error> {
    endpoint
        .recv_with(&mut [0; 64], MsgFlags::empty(), deadline)
        .map(drop)
}

#[test]
fn recv_is_woken_on_every_kind_of_socket() {
    for kind in [Kind::STREAM, Kind::DGRAM, Kind::SEQPACKET] {
        let (left, _right) = pair(kind);
        is_woken(&format!("unix pair {kind:?}"), &left, recv);
        let (left, _right) = pair(kind);
        is_woken(&format!("unix pair {kind:?}, timed"), &left, |left| {
            recv_timed(left, Deadline::after(LONG))
        });
    }
    let bound = |family, kind, address: Address| {
        move || {
            let endpoint = Endpoint::new(family, kind, Protocol::DEFAULT).unwrap();
            endpoint.bind(&address).unwrap();
            SharedEndpoint::new(endpoint).unwrap()
        }
    };
    let loopback: Address = "127.0.0.1:0".parse().unwrap();
    is_woken_both_ways(
        "udp",
        bound(Family::INET, Kind::DGRAM, loopback),
        recv,
        recv_timed,
    );
    is_woken_both_ways(
        "unix datagram without a peer",
        bound(Family::UNIX, Kind::DGRAM, Address::unix_unnamed()),
        recv,
        recv_timed,
    );
    // shutdown(2) is EOPNOTSUPP here: no other way would wake it.
    is_woken_both_ways(
        "netlink",
        bound(Family::NETLINK, Kind::RAW, Address::netlink(0, 0)),
        recv,
        recv_timed,
    );
}

#[test]
fn an_unbound_datagram_socket_is_woken() {
    is_woken("udp, unbound", &shared(Family::INET, Kind::DGRAM), recv);
}

#[test]
fn recv_on_tcp_is_woken() {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let client = shared(Family::INET, Kind::STREAM);
    client.connect(&listener.local_address().unwrap()).unwrap();
    let (_server, _) = listener.accept().unwrap();
    is_woken("tcp", &client, |client| {
        client.recv_exact(&mut [0; 64]).map_err(Error::from)
    });
}

#[test]
fn send_is_woken_when_the_buffer_is_full() {
    for kind in [Kind::STREAM, Kind::SEQPACKET, Kind::DGRAM] {
        let (left, _right) = pair(kind);
        is_woken(&format!("send on {kind:?}"), &left, |left| {
            loop {
                left.send(&[0; 4096])?;
            }
        });
    }
    let (left, _right) = pair(Kind::STREAM);
    is_woken("send_all", &left, |left| {
        left.send_all(&vec![0; 1 << 24]).map_err(Error::from)
    });
}

#[test]
fn a_datagram_to_a_full_receiver_is_woken_and_does_not_spin() {
    let receiver = Endpoint::new(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
    receiver.bind(&Address::unix_unnamed()).unwrap();
    let to = receiver.local_address().unwrap();
    let sender = shared(Family::UNIX, Kind::DGRAM);
    let most = AtomicU64::new(0);
    is_woken("sendto a full receiver", &sender, |sender| {
        let before = cpu_nanos();
        let error = loop {
            if let Err(error) = sender.send_to(&[0; 64], &to) {
                break error;
            }
        };
        most.fetch_max(cpu_nanos() - before, Ordering::Relaxed);
        Err(error)
    });
    let most = Duration::from_nanos(most.into_inner());
    assert!(most < SOON / 5, "a sleeper used {most:?} of {SOON:?}");
}

/// What this thread has used of a processor: the first field of proc(5)'s schedstat.
fn cpu_nanos() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    schedstat
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn accept_is_woken_and_other_holders_of_the_listener_go_on() {
    for target in [
        "tcp://127.0.0.1:0",
        "unix-abstract:",
        "unix-seqpacket-abstract:",
    ] {
        let Ok(listener) = listen(target) else {
            panic!("cannot listen at {target}")
        };
        let other = listener.try_clone().unwrap();
        let shared = SharedEndpoint::new(listener).unwrap();
        is_woken(target, &shared, |shared| shared.accept().map(drop));

        let client = Endpoint::new(other.family(), other.kind(), Protocol::DEFAULT).unwrap();
        client.connect(&other.local_address().unwrap()).unwrap();
        other.accept().unwrap();
    }
}

fn listen(target: &str) -> Result<Endpoint, Error> {
    let (family, kind, address) = match target {
        "unix-abstract:" => (Family::UNIX, Kind::STREAM, Address::unix_unnamed()),
        "unix-seqpacket-abstract:" => (Family::UNIX, Kind::SEQPACKET, Address::unix_unnamed()),
        _ => (Family::INET, Kind::STREAM, "127.0.0.1:0".parse()?),
    };
    let listener = Endpoint::new(family, kind, Protocol::DEFAULT)?;
    listener.bind(&address)?;
    listener.listen(16)?;
    Ok(listener)
}

/// Several threads accept, one connection comes: the others must go back to a sleep that wakes.
#[test]
fn acceptors_that_came_too_late_are_still_woken() {
    for _ in 0..20 {
        let listener = listen("tcp://127.0.0.1:0").unwrap();
        let address = listener.local_address().unwrap();
        let listener = SharedEndpoint::new(listener).unwrap();
        let accepted = AtomicUsize::new(0);
        thread::scope(|scope| {
            let acceptors: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        loop {
                            match listener.accept() {
                                Ok(_) => accepted.fetch_add(1, Ordering::Relaxed),
                                Err(error) => return error,
                            };
                        }
                    })
                })
                .collect();
            let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
            client.connect(&address).unwrap();
            while accepted.load(Ordering::Relaxed) == 0 {
                thread::yield_now();
            }
            listener.close();
            for acceptor in acceptors {
                assert_eq!(acceptor.join().unwrap(), Error::Closed);
            }
        });
        assert_eq!(accepted.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn connect_is_woken_while_a_unix_server_has_no_room() {
    let listener = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&Address::unix_unnamed()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_address().unwrap();
    let first = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    first.connect(&address).unwrap();

    for deadline in [None, Some(Deadline::after(LONG))] {
        let client = shared(Family::UNIX, Kind::STREAM);
        thread::scope(|scope| {
            let call = scope.spawn(|| match deadline {
                None => client.connect(&address),
                Some(deadline) => client.connect_with(&address, deadline),
            });
            thread::sleep(SOON);
            assert!(!call.is_finished());
            client.close();
            assert_eq!(call.join().unwrap(), Err(Error::Closed));
        });
    }
}

#[test]
fn connect_is_woken_while_the_network_is_silent() {
    // A full queue on loopback drops the request to connect, as a host that is down would.
    let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_address().unwrap();
    let first = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    first.connect(&address).unwrap();

    for deadline in [None, Some(Deadline::after(LONG))] {
        let client = shared(Family::INET, Kind::STREAM);
        thread::scope(|scope| {
            let call = scope.spawn(|| match deadline {
                None => client.connect(&address),
                Some(deadline) => client.connect_with(&address, deadline),
            });
            thread::sleep(SOON);
            assert!(!call.is_finished());
            client.close();
            assert_eq!(call.join().unwrap(), Err(Error::Closed));
        });
    }
}

#[test]
fn a_shared_endpoint_waits_and_times_out_as_an_endpoint_does() {
    let (left, right) = pair(Kind::STREAM);
    let soon = Deadline::after(SOON);
    let error = left
        .recv_with(&mut [0; 8], MsgFlags::empty(), soon)
        .unwrap_err();
    assert_eq!(error, Error::TimedOut);

    left.set_nonblocking(true).unwrap();
    assert!(left.recv(&mut [0; 8]).unwrap_err().is_would_block());
    left.set_nonblocking(false).unwrap();

    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut buf = [0; 5];
            left.recv_exact(&mut buf).map(|()| buf)
        });
        thread::sleep(SOON);
        right.send_all(b"hello").unwrap();
        assert_eq!(&reader.join().unwrap().unwrap(), b"hello");
    });
}

#[test]
fn the_number_is_free_after_the_last_call_and_not_before() {
    let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
    let number = left.as_raw_fd();
    let gate = Gate::new(left);
    let pass = gate.enter().unwrap();
    assert!(gate.close());
    assert!(gate.enter().is_err());
    // The number still names the socket, so a new descriptor gets another one.
    assert!(is_open(number));
    assert_eq!(pass.as_raw_fd(), number);
    pass.send(b"still there").unwrap();
    drop(pass);
    assert_eq!(gate.raw_fd(), None);
    // No assertion that the number is closed: another test may have got it by now.
}

fn is_open(number: i32) -> bool {
    std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok()
}

#[test]
fn a_detached_descriptor_is_left_open_and_its_calls_are_woken() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let gate = Gate::new(left);
    let number = thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            let pass = gate.enter().unwrap();
            pass.recv_with(&mut [0; 8], MsgFlags::empty(), pass.wait(Blocking))
        });
        thread::sleep(SOON);
        let number = gate.detach().unwrap();
        assert_eq!(sleeper.join().unwrap().unwrap_err(), Error::Closed);
        number
    });
    assert_eq!(gate.detach(), None);
    assert!(!gate.close());
    drop(gate);
    right.send(b"x").unwrap();
    assert!(is_open(number));
    // SAFETY: `detach` gave the number to this test.
    unsafe { rsocket::fd::close(number) }.unwrap();
}

#[test]
fn dropping_every_clone_closes_without_a_close() {
    let (left, right) = pair(Kind::STREAM);
    let clone = left.clone();
    drop(left);
    right.send(b"x").unwrap();
    drop(clone);
    assert_eq!(right.send(b"x").unwrap_err().errno(), Errno::EPIPE);
}

/// Threads enter, use and leave while another closes, many times over: every call gets the right
/// socket or EBADF, and none gets a number that was used again for something else.
#[test]
fn no_call_ever_meets_a_number_that_was_used_again() {
    let stop = Arc::new(AtomicBool::new(false));
    // Keeps making and closing sockets that would answer "stranger" through a stale number.
    let churn = thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            while !stop.load(Ordering::Relaxed) {
                let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
                right.send(b"stranger").unwrap();
                drop((OwnedFd::from(left), right));
            }
        }
    });
    for round in 0..2000 {
        let (left, right) = pair(Kind::DGRAM);
        thread::scope(|scope| {
            for _ in 0..2 {
                let left = left.clone();
                scope.spawn(move || {
                    loop {
                        let mut buf = [0; 16];
                        match left.recv(&mut buf) {
                            Ok(received) => assert_eq!(&buf[..received.len], b"friend"),
                            Err(error) => {
                                assert_eq!(error, Error::Closed);
                                return;
                            }
                        }
                    }
                });
            }
            for _ in 0..round % 4 {
                right.send(b"friend").unwrap();
            }
            left.close();
        });
    }
    stop.store(true, Ordering::Relaxed);
    churn.join().unwrap();
}
