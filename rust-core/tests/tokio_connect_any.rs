//! Asynchronous: of several addresses the one that answers wins, none is waited for longer than the
//! stagger says, a failure tells what became of each, and a cancelled race leaves no socket behind.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rsocket::option::KeepAlive;
use rsocket::tokio::{AsyncEndpoint, connect, connect_any, connect_any_with, listen};
use rsocket::{Address, Endpoint, Errno, Error, Family, Kind, NoneConnected, Protocol, Stagger};
use tokio::time::{sleep, timeout};
use tokio_support::each_runtime;

/// An address on loopback that refuses: nobody has listened there since it was bound.
fn refusing() -> (Endpoint, Address) {
    let socket = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    socket.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_address().unwrap();
    (socket, address)
}

/// An address on loopback that never answers: its queue is full.
fn silent() -> ([Endpoint; 2], Address) {
    let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_address().unwrap();
    let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    client.connect(&address).unwrap();
    ([listener, client], address)
}

fn delay(millis: u64) -> Stagger {
    Stagger {
        delay: Duration::from_millis(millis),
        ..Stagger::default()
    }
}

fn errnos(failure: &NoneConnected) -> Vec<Errno> {
    failure
        .attempts
        .iter()
        .map(|attempt| attempt.error.errno())
        .collect()
}

each_runtime! {
    async fn the_first_that_answers_wins() {
        let (_refusing, refused) = refusing();
        let listener = listen("tcp://127.0.0.1:0").await.unwrap();
        let address = listener.local_address().unwrap();
        let before = Instant::now();
        let winner = connect_any(&[refused, address]).await.unwrap();
        // A refusal starts the next attempt at once.
        assert!(before.elapsed() < Duration::from_millis(200));
        assert_eq!(winner.peer_address().unwrap(), address);
        let (server, _) = listener.accept().await.unwrap();
        winner.send(b"hello").await.unwrap();
        assert_eq!(server.recv(&mut [0; 8]).await.unwrap().len, 5);
        assert!(!winner.into_endpoint().unwrap().is_nonblocking().unwrap());
    }

    async fn a_silent_address_costs_one_delay() {
        let (_full, silent) = silent();
        let listener = listen("tcp://127.0.0.1:0").await.unwrap();
        let address = listener.local_address().unwrap();
        let before = Instant::now();
        let nothing = |_: &Endpoint| Ok(());
        let winner = connect_any_with(&[silent, address], delay(60), nothing).await.unwrap();
        let took = before.elapsed();
        assert_eq!(winner.peer_address().unwrap(), address);
        assert!(took >= Duration::from_millis(60) && took < Duration::from_millis(900), "{took:?}");
    }

    async fn an_attempt_that_answers_late_still_wins() {
        let ([listener, _client], late) = silent();
        let (_full, silent) = silent();
        let make_room = async {
            sleep(Duration::from_millis(300)).await;
            listener.accept().unwrap();
            // The kernel asks again after a second, and finds room then.
            sleep(Duration::from_secs(15)).await;
        };
        let addresses = [late, silent];
        let race = connect_any_with(&addresses, delay(20), |_| Ok(()));
        let winner = tokio::select! {
            winner = race => winner.unwrap(),
            () = make_room => unreachable!("nobody answered"),
        };
        assert_eq!(winner.peer_address().unwrap(), late);
    }

    async fn every_failure_is_reported_in_turn() {
        let failure = connect_any(&[]).await.unwrap_err();
        assert_eq!((failure.error.errno(), failure.attempts.len()), (Errno::EADDRNOTAVAIL, 0));

        let (_refusing, refused) = refusing();
        let missing = Address::unix("/nonexistent/rsocket.sock").unwrap();
        let failure = connect_any(&[refused, missing]).await.unwrap_err();
        assert_eq!(errnos(&failure), [Errno::ECONNREFUSED, Errno::ENOENT]);
        assert_eq!(failure.error.errno(), Errno::ENOENT);

        // What `configure` says is that attempt's error.
        let refuse = |_: &Endpoint| Err(Error::Interrupted);
        let failure = connect_any_with(&[refused], delay(1), refuse).await.unwrap_err();
        assert_eq!(errnos(&failure), [Errno::EINTR]);
    }

    async fn options_are_set_before_the_connect() {
        let listener = listen("tcp://127.0.0.1:0").await.unwrap();
        let to = [listener.local_address().unwrap()];
        let mut seen = 0;
        let configure = |endpoint: &Endpoint| {
            seen += 1;
            assert!(endpoint.peer_address().is_err());
            endpoint.set(KeepAlive, true)
        };
        let winner = connect_any_with(&to, delay(250), configure).await.unwrap();
        assert_eq!((winner.get(KeepAlive), seen), (Ok(true), 1));
    }

    async fn a_unix_listener_wins_at_once() {
        let name = Address::unix_unnamed();
        let listener = AsyncEndpoint::open(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
        listener.bind(&name).unwrap();
        listener.listen(1).unwrap();
        let (_full, silent) = silent();
        let to = [silent, listener.local_address().unwrap()];
        let winner = connect_any_with(&to, delay(0), |_| Ok(())).await.unwrap();
        assert_eq!(winner.family(), Family::UNIX);
    }

    async fn a_host_of_several_addresses() {
        // Where localhost is ::1 and 127.0.0.1, one of them refuses.
        for text in ["tcp://127.0.0.1:0", "tcp://[::1]:0"] {
            let listener = listen(text).await.unwrap();
            let port = listener.local_address().unwrap().port().unwrap();
            match connect(&format!("tcp://localhost:{port}")).await {
                Ok(client) => {
                    assert_eq!(client.peer_address(), listener.local_address());
                    assert_eq!(client.protocol(), Protocol::TCP);
                }
                // This machine's localhost is of the other family alone.
                Err(error) => assert_eq!(error.errno(), Errno::ECONNREFUSED),
            }
        }
    }
}

/// What a descriptor of this process is, such as `socket:[4711]`.
fn identity(number: i32) -> std::io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{number}"))
}

#[test]
fn a_cancelled_race_closes_every_socket() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (_first, first) = silent();
    let (_second, second) = silent();
    let addresses = [first, second];
    let mut made = Vec::new();
    runtime.block_on(async {
        let race = connect_any_with(&addresses, delay(5), |endpoint| {
            made.push((
                endpoint.as_raw_fd(),
                identity(endpoint.as_raw_fd()).unwrap(),
            ));
            Ok(())
        });
        assert!(timeout(Duration::from_millis(60), race).await.is_err());
    });
    assert_eq!(made.len(), 2);
    // Another test may have got the number by now, but not the socket.
    for (number, was) in made {
        assert!(
            identity(number).map_or(true, |is| is != was),
            "{was:?} is open"
        );
    }
}

#[test]
fn outside_a_runtime_every_attempt_says_so() {
    let (_full, silent) = silent();
    let to = [silent];
    let race = std::pin::pin!(connect_any_with(&to, delay(5), |_| Ok(())));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(result) = race.poll(&mut context) else {
        unreachable!("it waits without a runtime")
    };
    let failure = result.unwrap_err();
    assert_eq!(failure.error, Error::NoRuntime);
    assert_eq!(failure.attempts.len(), 1);
}
