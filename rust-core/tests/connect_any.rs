//! Of several addresses the one that answers wins, none is waited for longer than the stagger says,
//! and a failure tells what became of each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rsocket::{
    Address, Blocking, Deadline, Endpoint, Errno, Error, Family, Kind, Protocol, Stagger,
    connect_any, connect_any_with, fd,
};

fn listener(at: &str) -> (Endpoint, Address) {
    let listener = rsocket::listen(&format!("tcp://{at}")).unwrap();
    let address = listener.local_address().unwrap();
    (listener, address)
}

/// An address on loopback that refuses: nobody has listened there since it was bound.
fn refusing() -> (Endpoint, Address) {
    let socket = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    socket.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_address().unwrap();
    (socket, address)
}

/// An address on loopback that never answers: its queue is full.
fn silent() -> (Vec<Endpoint>, Address) {
    let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_address().unwrap();
    let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    client.connect(&address).unwrap();
    (vec![listener, client], address)
}

fn delay(millis: u64) -> Stagger {
    Stagger {
        delay: Duration::from_millis(millis),
        ..Stagger::default()
    }
}

#[test]
fn the_first_that_answers_wins_and_is_blocking() {
    let (_refusing, refused) = refusing();
    let (_listener, address) = listener("127.0.0.1:0");
    let before = Instant::now();
    let endpoint = connect_any(&[refused, address]).unwrap();
    // A refusal starts the next attempt at once.
    assert!(before.elapsed() < Duration::from_millis(200));
    assert_eq!(endpoint.peer_address().unwrap(), address);
    assert!(!endpoint.is_nonblocking().unwrap());
}

#[test]
fn a_silent_address_costs_one_delay() {
    let (_full, silent) = silent();
    let (_listener, address) = listener("127.0.0.1:0");
    let before = Instant::now();
    let endpoint = connect_any_with(&[silent, address], delay(60), |_| Ok(()), Blocking).unwrap();
    let took = before.elapsed();
    assert_eq!(endpoint.peer_address().unwrap(), address);
    assert!(took >= Duration::from_millis(60), "{took:?}");
    assert!(took < Duration::from_millis(900), "{took:?}");
}

/// The earlier attempts stay under way, and one of them may win yet.
#[test]
fn an_attempt_that_answers_late_still_wins() {
    let (mut full, late) = silent();
    let (_full, silent) = silent();
    let listener = full.remove(0);
    let before = Instant::now();
    let endpoint = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            listener.accept().unwrap();
        });
        // The kernel asks again after a second, and finds room then.
        let soon = Deadline::after(Duration::from_secs(20));
        connect_any_with(&[late, silent], delay(20), |_| Ok(()), soon).unwrap()
    });
    assert_eq!(endpoint.peer_address().unwrap(), late);
    assert!(before.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_deadline_bounds_the_whole_and_each_attempt_is_told() {
    let (_refusing, refused) = refusing();
    let (_full, first) = silent();
    let (_full, second) = silent();
    let before = Instant::now();
    let soon = Deadline::after(Duration::from_millis(200));
    let addresses = [first, refused, second];
    let failure = connect_any_with(&addresses, delay(20), |_| Ok(()), soon).unwrap_err();
    let took = before.elapsed();
    assert!(
        took >= Duration::from_millis(200) && took < Duration::from_secs(2),
        "{took:?}"
    );
    assert_eq!(failure.error, Error::TimedOut);
    let attempts: Vec<_> = failure
        .attempts
        .iter()
        .map(|a| (a.address, a.error.errno()))
        .collect();
    let expected = [
        (refused, Errno::ECONNREFUSED),
        (first, Errno::ETIMEDOUT),
        (second, Errno::ETIMEDOUT),
    ];
    assert_eq!(attempts, expected);
    let text = failure.to_string();
    assert!(
        text.starts_with("timed out (") && text.contains(&refused.to_string()),
        "{text}"
    );
}

#[test]
fn every_failure_is_reported_in_turn() {
    let failure = connect_any(&[]).unwrap_err();
    assert_eq!(failure.error.errno(), Errno::EADDRNOTAVAIL);
    assert_eq!(failure.attempts, []);

    let (_refusing, refused) = refusing();
    let missing = Address::unix("/nonexistent/rsocket.sock").unwrap();
    let failure = connect_any(&[refused, missing]).unwrap_err();
    assert_eq!(failure.error.errno(), Errno::ENOENT);
    let errnos: Vec<_> = failure.attempts.iter().map(|a| a.error.errno()).collect();
    assert!(errnos.contains(&Errno::ECONNREFUSED) && errnos.contains(&Errno::ENOENT));
    assert_eq!(Error::from(failure).errno(), Errno::ENOENT);

    // What `configure` says is that attempt's error.
    let (_listener, address) = listener("127.0.0.1:0");
    let refuse = |_: &Endpoint| Err(Error::Interrupted);
    let failure = connect_any_with(&[address], delay(1), refuse, Blocking).unwrap_err();
    assert_eq!(failure.attempts[0].error, Error::Interrupted);
}

#[test]
fn options_are_set_before_the_connect() {
    let (_listener, address) = listener("127.0.0.1:0");
    let configure = |endpoint: &Endpoint| {
        fd::set_int(endpoint.as_fd(), libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)
    };
    let endpoint = connect_any_with(&[address], delay(250), configure, Blocking).unwrap();
    assert!(endpoint.keepalive().unwrap().is_some());
}

#[test]
fn unix_addresses_take_part() {
    let listener = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&Address::unix_unnamed()).unwrap();
    listener.listen(1).unwrap();
    let (_refusing, refused) = refusing();
    let address = listener.local_address().unwrap();
    let endpoint = connect_any(&[refused, address]).unwrap();
    assert_eq!(endpoint.family(), Family::UNIX);
}
