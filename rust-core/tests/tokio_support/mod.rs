//! What the asynchronous tests share: each of them on a runtime with one thread and on one with
//! several, and the processor time that a wait may not take.
#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses its own part of it, and a test fails by panicking"
)]

use std::future::Future;
use std::time::Duration;

use rsocket::tokio::AsyncEndpoint;
use rsocket::{Family, Kind, Protocol};
use tokio::runtime::{Builder, Runtime};

/// Tests that hold on each kind of runtime.
macro_rules! each_runtime {
    ($($(#[$attribute:meta])* async fn $name:ident() $body:block)+) => {
        $($(#[$attribute])* async fn $name() $body)+

        mod current_thread {
            $(
                #[test]
                fn $name() {
                    crate::tokio_support::on_one_thread(super::$name());
                }
            )+
        }

        mod multi_thread {
            $(
                #[test]
                fn $name() {
                    crate::tokio_support::on_several_threads(super::$name());
                }
            )+
        }
    };
}
pub(crate) use each_runtime;

/// A runtime that has I/O and no timers: what an asynchronous endpoint asks for.
pub fn io_only() -> Runtime {
    Builder::new_current_thread().enable_io().build().unwrap()
}

pub fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(within_time(test));
}

/// As a spawned task, which takes a future that may go from thread to thread.
pub fn on_several_threads(test: impl Future<Output = ()> + Send + 'static) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(async { tokio::spawn(within_time(test)).await })
        .unwrap();
}

/// A test that hangs fails.
pub async fn within_time<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), test)
        .await
        .unwrap()
}

/// Long enough for a wait to begin, short enough for a test.
pub async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Gives up on a future after a moment.
pub async fn cancelled(future: impl Future) {
    assert!(
        tokio::time::timeout(Duration::from_millis(20), future)
            .await
            .is_err(),
        "it should have had to wait"
    );
}

/// How long this thread has been on a processor.
pub fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

/// Runs a future on this thread for a while, and says how much of that the thread worked.
pub fn busy_while(future: impl Future) -> Duration {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let before = processor_time();
        let waited = tokio::time::timeout(Duration::from_millis(300), future).await;
        assert!(waited.is_err(), "it should have had to wait");
        processor_time() - before
    })
}

/// A UDP socket on loopback.
pub fn udp() -> AsyncEndpoint {
    let socket = AsyncEndpoint::open(Family::INET, Kind::DGRAM, Protocol::UDP).unwrap();
    socket.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

/// A connection over TCP on loopback.
pub async fn tcp_pair() -> (AsyncEndpoint, AsyncEndpoint) {
    let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await.unwrap();
    let target = format!("tcp://{}", listener.local_address().unwrap());
    let client = rsocket::tokio::connect(&target).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}
