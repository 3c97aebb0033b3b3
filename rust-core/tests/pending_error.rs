//! A deadline ends a call even where the error queue keeps the socket ready and has no data for it:
//! any peer's ICMP can bring that about.
#![allow(clippy::expect_used, reason = "a test ends where its setting fails")]

use std::thread;
use std::time::{Duration, Instant};

use rsocket::{
    Deadline, Endpoint, Errno, Error, Family, Kind, MsgFlags, Op, Protocol, SharedEndpoint,
};

/// A UDP socket whose error queue holds a "port unreachable" that nobody reads.
fn with_pending_error() -> Endpoint {
    let udp = |text: &str| {
        let socket = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT).expect("socket");
        socket.bind(&text.parse().expect("address")).expect("bind");
        socket
    };
    let nobody = udp("127.0.0.1:0").local_address().expect("address");
    let socket = udp("127.0.0.1:0");
    let on = 1i32.to_ne_bytes();
    socket
        .set_raw_option(libc::IPPROTO_IP, libc::IP_RECVERR, &on)
        .expect("IP_RECVERR");
    socket.connect(&nobody).expect("connect");
    socket.send(b"is anybody there?").expect("send");
    let refused = socket.recv_with(&mut [0; 8], MsgFlags::empty(), soon(2000));
    let errno = Errno::ECONNREFUSED;
    assert_eq!(
        refused,
        Err(Error::Os {
            op: Op::Recv,
            errno
        })
    );
    socket
}

fn soon(millis: u64) -> Deadline {
    Deadline::after(Duration::from_millis(millis))
}

/// The processor time of this thread.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.expect("a number"))
}

#[test]
fn recv_ends_at_its_deadline_and_sleeps_until_then() {
    let socket = with_pending_error();
    let (begun, busy) = (Instant::now(), processor_time());
    let result = socket.recv_with(&mut [0; 8], MsgFlags::empty(), soon(300));
    assert_eq!(result, Err(Error::TimedOut));
    let (took, busy) = (begun.elapsed(), processor_time() - busy);
    assert!(took >= Duration::from_millis(300), "{took:?}");
    assert!(busy < Duration::from_millis(100), "busy for {busy:?}");
}

#[test]
fn data_is_still_received() {
    let socket = with_pending_error();
    let own = socket.local_address().expect("address");
    let peer = socket.peer_address().expect("address");
    let sender = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        let late = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT).expect("socket");
        late.bind(&peer).expect("bind");
        late.send_to(b"late", &own).expect("send");
    });
    let mut buf = [0; 8];
    let received = socket
        .recv_with(&mut buf, MsgFlags::empty(), soon(5000))
        .expect("data");
    assert_eq!(&buf[..received.len], b"late");
    sender.join().expect("sender");
}

#[test]
fn close_wakes_a_call_that_waits_so() {
    let shared = SharedEndpoint::new(with_pending_error()).expect("eventfd");
    let other = shared.clone();
    let waiting =
        thread::spawn(move || other.recv_with(&mut [0; 8], MsgFlags::empty(), soon(10_000)));
    thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    shared.close();
    assert_eq!(waiting.join().expect("thread"), Err(Error::Closed));
    assert!(begun.elapsed() < Duration::from_secs(2));
}
