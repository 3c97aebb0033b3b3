//! What an asynchronous endpoint asks of the runtime: I/O alone, and its turn alone.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rsocket::tokio::{AsyncEndpoint, AsyncStream};
use rsocket::{Address, Errno, Error, Family, Kind, Protocol};
use tokio::runtime::Builder;
use tokio_support::{each_runtime, io_only};

/// Polls once without any runtime.
fn polled<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn an_endpoint_can_be_made_without_a_runtime_but_not_waited_for() {
    let (left, _right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
    let no_runtime = Poll::Ready(Err(Error::NoRuntime));
    assert_eq!(polled(left.recv(&mut [0; 8])), no_runtime);
    assert_eq!(polled(left.readable()), Poll::Ready(Err(Error::NoRuntime)));
    let target = "tcp://localhost:1".parse().unwrap();
    assert_eq!(
        polled(AsyncEndpoint::connect_to(&target)).map(|result| result.map(drop)),
        Poll::Ready(Err(Error::NoRuntime))
    );
    let mut stream = AsyncStream::new(&left).unwrap();
    let read = polled(tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 8]));
    let Poll::Ready(Err(error)) = read else {
        unreachable!("{read:?}")
    };
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    assert_eq!(inner, Some(&Error::NoRuntime));
    assert_eq!(Error::NoRuntime.errno(), Errno::ECANCELED);

    // It was not spoilt by that.
    io_only().block_on(async {
        left.send(b"later").await.unwrap();
    });
}

#[test]
fn a_conversion_to_tokios_own_types_needs_a_runtime() {
    let (left, _right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
    let error = tokio::net::UnixStream::try_from(left).unwrap_err();
    assert_eq!(error, Error::NoRuntime);
}

#[test]
fn timers_need_not_be_enabled() {
    io_only().block_on(async {
        // Every wait that is done by sleeping: a full receiver and a full backlog.
        let receiver = AsyncEndpoint::open(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
        receiver.bind(&Address::unix_unnamed()).unwrap();
        let to = receiver.local_address().unwrap();
        let sender = AsyncEndpoint::open(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
        let sends = async {
            for number in 0..1000u32 {
                sender.send_to(&number.to_ne_bytes(), &to).await.unwrap();
            }
        };
        let receives = async {
            for number in 0..1000u32 {
                let mut buf = [0; 4];
                assert_eq!(receiver.recv(&mut buf).await.unwrap().len, 4);
                assert_eq!(u32::from_ne_bytes(buf), number);
            }
        };
        tokio::join!(sends, receives);
    });
}

#[test]
fn a_wait_ends_when_its_runtime_is_shut_down() {
    let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
    let left = Arc::new(left);
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        right.send(b"x").await.unwrap();
        let _ = left.recv(&mut [0; 8]).await.unwrap();
    });
    // Waits in another runtime for what the first one watches.
    let waiter = std::thread::spawn({
        let left = left.clone();
        move || io_only().block_on(async { left.recv(&mut [0; 8]).await.map(|got| got.len) })
    });
    std::thread::sleep(Duration::from_millis(50));
    runtime.shutdown_background();
    assert_eq!(waiter.join().unwrap(), Err(Error::NoRuntime));
    let after = io_only().block_on(async { left.recv(&mut [0; 8]).await.map(drop) });
    assert_eq!(after, Err(Error::NoRuntime));

    // Out of the dead runtime and into another.
    let left = Arc::into_inner(left).unwrap().into_endpoint().unwrap();
    let (left, right) = (
        AsyncEndpoint::new(left).unwrap(),
        AsyncEndpoint::new(right.into_endpoint().unwrap()).unwrap(),
    );
    io_only().block_on(async {
        right.send(b"again").await.unwrap();
        assert_eq!(left.recv(&mut [0; 8]).await.unwrap().len, 5);
    });
}

#[test]
fn an_endpoint_may_be_used_from_another_runtime() {
    let (left, right) = AsyncEndpoint::pair(Kind::SEQPACKET).unwrap();
    let first = Builder::new_multi_thread().enable_all().build().unwrap();
    first.block_on(async {
        right.send(b"x").await.unwrap();
        let _ = left.recv(&mut [0; 8]).await.unwrap();
    });
    let other = std::thread::spawn(move || {
        io_only().block_on(async { left.recv(&mut [0; 8]).await.map(|got| got.len) })
    });
    std::thread::sleep(Duration::from_millis(20));
    first.block_on(async { right.send(b"from here").await.unwrap() });
    assert_eq!(other.join().unwrap(), Ok(8));
}

/// Threads that wait for the first time at the same moment register it once.
#[test]
fn the_first_wait_may_be_in_many_threads() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    for _ in 0..200 {
        let (left, right) = AsyncEndpoint::pair(Kind::DGRAM).unwrap();
        let left = Arc::new(left);
        runtime.block_on(async {
            let waits: Vec<_> = (0..8)
                .map(|_| {
                    let left = left.clone();
                    tokio::spawn(async move { left.recv(&mut [0; 8]).await.map(|got| got.len) })
                })
                .collect();
            for _ in 0..8 {
                right.send(b"one").await.unwrap();
            }
            for wait in waits {
                assert_eq!(wait.await.unwrap(), Ok(3));
            }
        });
    }
}

/// A peer that never stops sending does not keep other tasks from their turn.
#[test]
fn a_busy_socket_leaves_others_their_turn() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (left, right) = rsocket::Endpoint::pair(Kind::STREAM).unwrap();
    let feeder = std::thread::spawn({
        let stop = stop.clone();
        move || {
            while !stop.load(Ordering::Relaxed) && right.send(&[0; 65536]).is_ok() {}
        }
    });
    runtime.block_on(tokio_support::within_time(async {
        let left = AsyncEndpoint::new(left).unwrap();
        let busy = tokio::spawn({
            let stop = stop.clone();
            async move {
                // Never has to wait, so only the budget makes it give way.
                while !stop.load(Ordering::Relaxed) {
                    let _ = left.recv(&mut [0; 16]).await.unwrap();
                }
            }
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        stop.store(true, Ordering::Relaxed);
        busy.await.unwrap();
    }));
    feeder.join().unwrap();
}

each_runtime! {
    async fn a_name_is_resolved_on_other_threads() {
        let listener = rsocket::tokio::listen("tcp://localhost:0").await.unwrap();
        let port = listener.local_address().unwrap().port().unwrap();
        let client = rsocket::tokio::connect(&format!("tcp://localhost:{port}")).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_address().unwrap());
        drop(listener);
        client.send_all(b"hello").await.unwrap();
        server.recv_exact(&mut [0; 5]).await.unwrap();

        let refused = rsocket::tokio::connect(&format!("tcp://localhost:{port}")).await;
        assert_eq!(refused.unwrap_err().errno(), Errno::ECONNREFUSED);
        let unknown = rsocket::tokio::connect("tcp://no-such-host.invalid:1").await.unwrap_err();
        assert!(matches!(unknown, Error::Resolve(_)), "{unknown:?}");
        let taken = rsocket::tokio::listen(&format!("tcp://localhost:{}", client.local_address().unwrap().port().unwrap())).await;
        assert_eq!(taken.unwrap_err().errno(), Errno::EADDRINUSE);
    }
}
