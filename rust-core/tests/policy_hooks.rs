//! A waiting policy sees each attempt, each system call that may sleep, each sleep and each signal,
//! and only those; by reference it is the same policy.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/signals.rs"]
mod signals;
mod support;

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rsocket::{Deadline, Endpoint, Errno, Error, Kind, MsgFlags, Readiness, Result, Splice, Wait};
use signals::under_fire;
use support::soon;

const NONE: MsgFlags = MsgFlags::empty();

/// Counts what a verb asks of its policy.
#[derive(Default, Debug)]
struct Counts {
    tries_first: bool,
    deadline: Option<Deadline>,
    /// Fails the sleep, as a policy does that learned of an end by other ways.
    ends: bool,
    attempts: usize,
    blocks: usize,
    sleeps: Vec<Readiness>,
    signals: usize,
}

impl Wait for Counts {
    fn interrupted(&mut self) -> Result<()> {
        self.signals += 1;
        Ok(())
    }

    fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    fn tries_first(&self) -> bool {
        self.tries_first || self.deadline.is_some()
    }

    fn attempt<R>(&mut self, call: impl FnOnce() -> R) -> R {
        self.attempts += 1;
        call()
    }

    fn block<R>(&mut self, call: impl FnOnce() -> R) -> R {
        self.blocks += 1;
        call()
    }

    fn sleep(
        &mut self,
        fd: BorrowedFd<'_>,
        readiness: Readiness,
        timeout: Option<Duration>,
    ) -> Result<bool> {
        self.sleeps.push(readiness);
        if self.ends {
            return Err(Error::Closed);
        }
        soon().sleep(fd, readiness, timeout)
    }
}

#[test]
fn without_a_deadline_one_call_that_may_sleep() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut counts = Counts::default();
    left.send_with(b"data", NONE, &mut counts).unwrap();
    let _ = right.recv_with(&mut [0; 8], NONE, &mut counts).unwrap();
    assert_eq!(
        (counts.attempts, counts.blocks, counts.sleeps.len()),
        (0, 2, 0)
    );
}

#[test]
fn one_that_tries_first_sleeps_only_for_what_is_not_there() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut counts = Counts {
        tries_first: true,
        ..Counts::default()
    };
    left.send_with(b"data", NONE, &mut counts).unwrap();
    assert_eq!((counts.attempts, counts.blocks), (1, 0));
    let _ = right.recv_with(&mut [0; 8], NONE, &mut counts).unwrap();
    assert_eq!((counts.attempts, counts.blocks), (2, 0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            left.send(b"late").unwrap();
        });
        let received = right.recv_with(&mut [0; 8], NONE, &mut counts).unwrap();
        assert_eq!(received.len, 4);
    });
    // In vain first, then one call that slept until the data came.
    assert_eq!(
        (counts.attempts, counts.blocks, counts.sleeps.len()),
        (3, 1, 0)
    );
}

#[test]
fn with_a_deadline_it_sleeps_until_ready_and_tries_again() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut counts = Counts {
        deadline: Some(soon()),
        ..Counts::default()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            left.send(b"late").unwrap();
        });
        let received = right.recv_with(&mut [0; 8], NONE, &mut counts).unwrap();
        assert_eq!(received.len, 4);
    });
    assert_eq!((counts.attempts, counts.blocks), (2, 0));
    assert_eq!(counts.sleeps, [Readiness::Readable]);

    // What the policy says while it sleeps ends the operation.
    counts.ends = true;
    assert_eq!(
        right.recv_with(&mut [0; 8], NONE, &mut counts),
        Err(Error::Closed)
    );
    // MSG_DONTWAIT is the caller's own: nothing sleeps then.
    let slept = counts.sleeps.len();
    let error = right
        .recv_with(&mut [0; 8], MsgFlags::DONTWAIT, &mut counts)
        .unwrap_err();
    assert_eq!((error.errno(), counts.sleeps.len()), (Errno::EAGAIN, slept));
}

#[test]
fn every_signal_is_told_and_the_operation_goes_on() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    for deadline in [None, Some(soon())] {
        let mut counts = Counts {
            deadline,
            ..Counts::default()
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(40));
                left.send(b"late").unwrap();
            });
            let (received, _) = under_fire(|| right.recv_with(&mut [0; 8], NONE, &mut counts));
            assert_eq!(received.unwrap().len, 4);
        });
        assert!(counts.signals > 5, "{counts:?}");
    }
}

#[test]
fn a_splice_goes_on_after_signals() {
    let (source, front) = Endpoint::pair(Kind::STREAM).unwrap();
    let (back, sink) = Endpoint::pair(Kind::STREAM).unwrap();
    for deadline in [None, Some(soon())] {
        let mut counts = Counts {
            deadline,
            ..Counts::default()
        };
        let mut splice = Splice::new().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..4 {
                    std::thread::sleep(Duration::from_millis(10));
                    source.send(b"part").unwrap();
                }
            });
            let (moved, _) = under_fire(|| splice.transfer_with(&front, &back, 16, &mut counts));
            assert_eq!(moved, Ok(16));
        });
        assert!(counts.signals > 5, "{counts:?}");
        sink.recv_exact(&mut [0; 16]).unwrap();
    }
}
