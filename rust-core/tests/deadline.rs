//! A deadline bounds the whole operation, takes what is there already, and leaves the socket as it
//! was.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rsocket::{
    Ancillary, ControlBuilder, Deadline, Endpoint, Error, Family, Kind, MsgFlags, Protocol,
    Readiness, RecvBatch, Result, Wait, fd,
};
use support::udp;

const LIMIT: Duration = Duration::from_millis(40);

/// `call` must time out at the limit, on a blocking and on a non-blocking socket.
fn times_out<T: std::fmt::Debug>(socket: &Endpoint, mut call: impl FnMut(Deadline) -> Result<T>) {
    for nonblocking in [false, true] {
        socket.set_nonblocking(nonblocking).unwrap();
        let start = Instant::now();
        let result = call(Deadline::after(LIMIT));
        let elapsed = start.elapsed();
        assert_eq!(result.unwrap_err(), Error::TimedOut);
        assert!(elapsed >= LIMIT && elapsed < LIMIT * 50, "{elapsed:?}");
        assert_eq!(socket.is_nonblocking(), Ok(nonblocking));
    }
}

#[test]
fn receives() {
    let (_left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let none = MsgFlags::empty();
    times_out(&right, |end| right.recv_with(&mut [0; 8], none, end));
    times_out(&right, |end| right.recv_from_with(&mut [0; 8], none, end));
    times_out(&right, |end| {
        let mut data = [0; 8];
        let mut ancillary = Ancillary::<32>::new();
        right.recv_msg_with(&mut [IoSliceMut::new(&mut data)], &mut ancillary, none, end)
    });
    times_out(&right, |end| {
        let mut batch = RecvBatch::new(2, 8).unwrap();
        right.recv_batch_with(&mut batch, none, end).map(|_| ())
    });
    times_out(&right, |mut end| {
        fd::wait_ready(right.as_fd(), Readiness::Readable, &mut end)
    });
}

#[test]
fn sends_without_room() {
    let none = MsgFlags::empty();
    for (left, _right) in [
        Endpoint::pair(Kind::STREAM).unwrap(),
        Endpoint::pair(Kind::SEQPACKET).unwrap(),
        Endpoint::pair(Kind::DGRAM).unwrap(),
    ] {
        let data = vec![0; 30_000];
        while left
            .send_with(&data, MsgFlags::DONTWAIT, rsocket::Blocking)
            .is_ok()
        {}
        times_out(&left, |end| left.send_with(&data, none, end));
        times_out(&left, |end| {
            let control = ControlBuilder::<0>::new();
            left.send_msg_with(&[IoSlice::new(&data)], &control, None, none, end)
        });
    }
}

#[test]
fn an_accept_without_a_client() {
    for family in [Family::INET, Family::UNIX] {
        let listener = Endpoint::new(family, Kind::STREAM, Protocol::DEFAULT).unwrap();
        let local = match family {
            Family::INET => "127.0.0.1:0".parse().unwrap(),
            _ => rsocket::Address::unix_unnamed(),
        };
        listener.bind(&local).unwrap();
        listener.listen(1).unwrap();
        times_out(&listener, |end| listener.accept_with(end));
    }
}

#[test]
fn one_that_has_passed_still_takes_what_is_there() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let passed = Deadline::after(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(2));
    let none = MsgFlags::empty();
    assert_eq!(left.send_with(b"data", none, passed), Ok(4));
    assert_eq!(right.recv_with(&mut [0; 8], none, passed).unwrap().len, 4);
    let error = right.recv_with(&mut [0; 8], none, passed).unwrap_err();
    assert_eq!(error, Error::TimedOut);
}

#[test]
fn it_bounds_all_parts_together() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    std::thread::scope(|scope| {
        // A peer that sends a byte in every quarter of the limit keeps no operation alive.
        let trickle = scope.spawn(|| {
            for _ in 0..40 {
                std::thread::sleep(LIMIT / 4);
                if left.send(&[1]).is_err() {
                    return;
                }
            }
        });
        let start = Instant::now();
        let mut buf = [0; 1000];
        let end = Deadline::after(LIMIT * 2);
        let partial = right
            .recv_exact_with(&mut buf, MsgFlags::empty(), end)
            .unwrap_err();
        let elapsed = start.elapsed();
        assert_eq!(partial.error, Error::TimedOut);
        assert!(partial.done >= 1 && partial.done < 40, "{}", partial.done);
        assert!(elapsed >= LIMIT * 2, "{elapsed:?}");
        assert!(!trickle.is_finished(), "{elapsed:?}");
        drop(right);
    });
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let end = Deadline::after(LIMIT);
    let partial = left
        .send_all_with(&vec![0; 10_000_000], MsgFlags::empty(), end)
        .unwrap_err();
    assert_eq!(partial.error, Error::TimedOut);
    let mut came = 0;
    while let Ok(received) =
        right.recv_with(&mut [0; 65_536], MsgFlags::DONTWAIT, rsocket::Blocking)
    {
        came += received.len;
    }
    assert_eq!(came, partial.done);
}

#[test]
fn dontwait_beside_a_deadline_does_not_wait() {
    let (_left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let start = Instant::now();
    let end = Deadline::after(Duration::from_secs(60));
    let error = right
        .recv_with(&mut [0; 8], MsgFlags::DONTWAIT, end)
        .unwrap_err();
    assert!(error.is_would_block());
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn never_and_beyond_the_clock() {
    assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
    assert_eq!(Deadline::NEVER.remaining(), None);
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(LIMIT);
            left.send(b"x").unwrap();
        });
        let none = MsgFlags::empty();
        let received = right.recv_with(&mut [0; 8], none, Deadline::NEVER);
        assert_eq!(received.unwrap().len, 1);
    });
    let far = Deadline::after(Duration::from_secs(u64::from(u32::MAX)));
    left.send(b"x").unwrap();
    assert!(right.recv_with(&mut [0; 8], MsgFlags::empty(), far).is_ok());
}

#[test]
fn an_instant_that_has_passed_is_now() {
    let passed = Deadline::at(Instant::now());
    assert!(passed.remaining().unwrap() <= Duration::ZERO);
    let soon = Deadline::at(Instant::now() + LIMIT);
    let left = soon.remaining().unwrap();
    assert!(left <= LIMIT && left > Duration::ZERO);
    let socket = udp("127.0.0.1:0");
    let error = socket
        .recv_with(&mut [0; 8], MsgFlags::empty(), passed)
        .unwrap_err();
    assert_eq!(error, Error::TimedOut);
}

/// Brings one byte before each attempt, so that none ever has to wait.
struct Drip<'a> {
    from: &'a Endpoint,
    end: Deadline,
}

impl Wait for Drip<'_> {
    fn deadline(&self) -> Option<Deadline> {
        Some(self.end)
    }

    fn attempt<R>(&mut self, call: impl FnOnce() -> R) -> R {
        let _ = self.from.send(b"x").unwrap();
        std::thread::sleep(LIMIT / 4);
        call()
    }
}

#[test]
fn it_ends_even_what_never_has_to_wait() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let drip = Drip {
        from: &left,
        end: Deadline::after(LIMIT),
    };
    let partial = right
        .recv_exact_with(&mut [0; 100], MsgFlags::empty(), drip)
        .unwrap_err();
    assert_eq!(partial.error, Error::TimedOut);
    assert!((1..20).contains(&partial.done), "{}", partial.done);
}
