//! A signal neither ends nor repeats an operation: every verb goes on with the time that is left.
//!
//! A handler without SA_RESTART interrupts the calling thread every millisecond.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/signals.rs"]
mod signals;
mod support;

use std::io::IoSliceMut;
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rsocket::{
    Ancillary, Blocking, Deadline, Endpoint, Errno, Error, Family, Kind, MsgFlags, Protocol,
    Readiness, RecvBatch, Result, Wait, fd,
};
use signals::under_fire;
use support::{set_int, tcp_pair};

/// One thread at a time is shot at, so that what it counts is its own.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const NAP: Duration = Duration::from_millis(40);

fn later<R: Send>(act: impl FnOnce() -> R + Send, wait: impl FnOnce()) {
    let _alone = alone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(NAP);
            act();
        });
        let ((), interrupted) = under_fire(wait);
        assert!(interrupted > 5, "{interrupted}");
    });
}

#[test]
fn receives_go_on() {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let send = || left.send(b"data").unwrap();
    later(send, || {
        assert_eq!(right.recv(&mut [0; 8]).unwrap().len, 4);
    });
    later(send, || {
        assert_eq!(right.recv_from(&mut [0; 8]).unwrap().0.len, 4);
    });
    later(send, || {
        let mut data = [0; 8];
        let mut bufs = [IoSliceMut::new(&mut data)];
        assert_eq!(right.recv_vectored(&mut bufs).unwrap().len, 4);
    });
    later(send, || {
        let mut data = [0; 8];
        let mut bufs = [IoSliceMut::new(&mut data)];
        let mut ancillary = Ancillary::<64>::new();
        let received = right.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty());
        assert_eq!(received.unwrap().0.len, 4);
    });
    later(send, || {
        let mut batch = RecvBatch::new(4, 8).unwrap();
        assert_eq!(right.recv_batch(&mut batch).unwrap().len(), 1);
    });
    later(send, || {
        let deadline = Deadline::after(Duration::from_secs(5));
        let received = right.recv_with(&mut [0; 8], MsgFlags::empty(), deadline);
        assert_eq!(received.unwrap().len, 4);
    });
}

#[test]
fn accepts_go_on() {
    let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    listener.listen(4).unwrap();
    let to = listener.local_address().unwrap();
    let connect = || {
        let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
        client.connect(&to).unwrap();
        client
    };
    later(connect, || {
        assert!(listener.accept().is_ok());
    });
    later(connect, || {
        let deadline = Deadline::after(Duration::from_secs(5));
        assert!(listener.accept_with(deadline).is_ok());
    });
}

#[test]
fn sends_go_on_and_nothing_goes_twice() {
    let _alone = alone();
    let data: Vec<u8> = (0..3_000_000u32).map(|index| (index / 3) as u8).collect();
    for (left, right) in [Endpoint::pair(Kind::STREAM).unwrap(), tcp_pair()] {
        // TCP's queues would take all of it at once.
        set_int(&left, libc::SOL_SOCKET, libc::SO_SNDBUF, 50_000);
        set_int(&right, libc::SOL_SOCKET, libc::SO_RCVBUF, 50_000);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut all = vec![0; data.len()];
                for part in all.chunks_mut(60_000) {
                    right.recv_exact(part).unwrap();
                    std::thread::sleep(Duration::from_micros(500));
                }
                all
            });
            let (sent, interrupted) = under_fire(|| left.send_all(&data));
            assert_eq!(sent, Ok(()));
            assert!(interrupted > 5, "{interrupted}");
            assert!(reader.join().unwrap() == data);
        });
    }
}

#[test]
fn recv_exact_goes_on_from_where_it_was() {
    let _alone = alone();
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for part in 0..40u8 {
                std::thread::sleep(Duration::from_millis(2));
                left.send(&[part]).unwrap();
            }
        });
        let mut all = [0; 40];
        let (filled, _) = under_fire(|| right.recv_exact(&mut all));
        assert_eq!(filled, Ok(()));
        assert!(all.iter().zip(0..).all(|(byte, part)| *byte == part));
    });
}

#[test]
fn a_deadline_is_neither_shortened_nor_prolonged() {
    let _alone = alone();
    let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
    let start = Instant::now();
    let limit = Duration::from_millis(100);
    let (result, interrupted) =
        under_fire(|| left.recv_with(&mut [0; 8], MsgFlags::empty(), Deadline::after(limit)));
    assert_eq!(result, Err(Error::TimedOut));
    let elapsed = start.elapsed();
    assert!(elapsed >= limit && elapsed < 20 * limit, "{elapsed:?}");
    assert!(interrupted > 5, "{interrupted}");
}

#[test]
fn an_interrupted_connect_is_resumed() {
    let _alone = alone();
    // A listener whose backlog is full drops the SYN, and the client waits for its next try after a
    // second: long enough to be interrupted, short enough to end once there is room again.
    let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    listener.listen(0).unwrap();
    let to = listener.local_address().unwrap();
    let client = || Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
    let mut fillers = Vec::new();
    let full = loop {
        let filler = client();
        let deadline = Deadline::after(Duration::from_millis(50));
        match filler.connect_with(&to, deadline) {
            Ok(()) => fillers.push(filler),
            Err(error) => break error,
        }
        assert!(fillers.len() < 100, "the backlog never fills");
    };
    assert_eq!(full, Error::TimedOut);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(NAP);
            for _ in &fillers {
                listener.accept().unwrap();
            }
        });
        let client = client();
        let (result, interrupted) = under_fire(|| client.connect(&to));
        assert_eq!(result, Ok(()));
        assert!(interrupted > 5, "{interrupted}");
        assert_eq!(client.peer_address().unwrap(), to);
    });
}

#[test]
fn a_unix_connect_that_waits_for_the_backlog_goes_on() {
    let listener = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&rsocket::Address::unix_unnamed()).unwrap();
    listener.listen(0).unwrap();
    let to = listener.local_address().unwrap();
    let client = || Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    let first = client();
    first.connect(&to).unwrap();
    let second = client();
    later(
        || listener.accept().unwrap(),
        || assert_eq!(second.connect(&to), Ok(())),
    );
}

#[test]
fn a_wait_for_readiness_goes_on() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    later(
        || left.send(b"x").unwrap(),
        || {
            fd::wait_ready(right.as_fd(), Readiness::Readable, &mut Blocking).unwrap();
            assert!(right.recv(&mut [0]).is_ok());
        },
    );
}

/// A policy that gives up at the third signal, as an interpreter whose handler raised does.
struct GivesUp {
    left: usize,
}

impl Wait for GivesUp {
    fn interrupted(&mut self) -> Result<()> {
        self.left -= 1;
        if self.left == 0 {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }
}

#[test]
fn a_policy_learns_of_every_signal_and_may_end_the_operation() {
    let _alone = alone();
    let (_left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let (result, interrupted) =
        under_fire(|| right.recv_with(&mut [0; 8], MsgFlags::empty(), &mut GivesUp { left: 3 }));
    assert_eq!(result, Err(Error::Interrupted));
    assert_eq!(result.unwrap_err().errno(), Errno::EINTR);
    assert!(interrupted >= 3, "{interrupted}");
}
