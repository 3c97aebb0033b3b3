//! A waiting policy sees each attempt, each system call that may sleep, each sleep and each signal,
//! and only those; by reference it is the same policy.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/signals.rs"]
mod signals;
mod support;

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rsocket::fd::{self, SendSlot};
use rsocket::{
    Blocking, Deadline, Endpoint, Errno, Error, Gate, Kind, MsgFlags, Op, Readiness, Result,
    Splice, Wait,
};
use signals::under_fire;
use support::soon;

const NONE: MsgFlags = MsgFlags::empty();

/// Counts what a verb asks of its policy.
#[derive(Default, Debug)]
struct Counts {
    tries_first: bool,
    /// Sleeps first even where there is a deadline.
    sleeps_first: bool,
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
        self.tries_first || self.deadline.is_some() && !self.sleeps_first
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
fn one_that_does_not_try_first_sleeps_first() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    left.send(b"there").unwrap();
    let mut counts = Counts {
        deadline: Some(soon()),
        sleeps_first: true,
        ..Counts::default()
    };
    let received = right.recv_with(&mut [0; 8], NONE, &mut counts).unwrap();
    assert_eq!(received.len, 5);
    assert_eq!((counts.attempts, counts.blocks), (1, 0));
    assert_eq!(counts.sleeps, [Readiness::Readable]);
}

#[test]
fn a_closed_gate_ends_what_a_signal_interrupts() {
    let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
    let gate = Gate::new(left);
    let pass = gate.enter().unwrap();
    let mut wait = pass.wait(Counts::default());
    assert_eq!(wait.interrupted(), Ok(()));
    gate.close();
    assert_eq!(wait.interrupted(), Err(Error::Closed));
    let error = wait
        .sleep(pass.as_fd(), Readiness::Readable, None)
        .unwrap_err();
    assert_eq!(error, Error::Closed);
    assert_eq!(pass.recv_with(&mut [0; 8], NONE, wait), Err(Error::Closed));
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
        assert!(counts.signals > 0, "{counts:?}");
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
        assert!(counts.signals > 0, "{counts:?}");
        sink.recv_exact(&mut [0; 16]).unwrap();
    }
}

#[test]
fn one_that_sleeps_first_still_looks_where_it_must_not_wait() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut counts = Counts {
        sleeps_first: true,
        deadline: Some(soon()),
        ..Counts::default()
    };
    let now = MsgFlags::DONTWAIT;
    let error = right.recv_with(&mut [0; 8], now, &mut counts).unwrap_err();
    assert!(error.is_would_block());
    left.send(b"data").unwrap();
    let received = right.recv_with(&mut [0; 8], now, &mut counts);
    assert_eq!(received.unwrap().len, 4);
    assert_eq!((counts.attempts, counts.sleeps.len()), (2, 0));
}

/// A signal handler that ends the operation, of which the policy alone knows why.
struct GivesUp;

impl Wait for GivesUp {
    fn interrupted(&mut self) -> Result<()> {
        Err(Error::Interrupted)
    }

    fn deadline(&self) -> Option<Deadline> {
        Some(soon())
    }

    fn sleep(&mut self, _: BorrowedFd<'_>, _: Readiness, _: Option<Duration>) -> Result<bool> {
        Err(Error::Os {
            op: Op::Poll,
            errno: Errno::EINTR,
        })
    }
}

#[test]
fn a_batch_of_several_calls_does_not_swallow_the_end_by_a_signal() {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    while left.send_with(b"x", MsgFlags::DONTWAIT, Blocking).is_ok() {}
    // Room for the first of two calls and no more.
    for _ in 0..fd::SLOTS_MAX {
        let _ = right.recv(&mut [0; 8]).unwrap();
    }
    let slot = SendSlot {
        data: b"x",
        control: &[],
        to: None,
    };
    let slots = [slot; 2 * fd::SLOTS_MAX];
    let sent = fd::send_batch(left.as_fd(), slots, NONE, &mut GivesUp);
    assert_eq!(sent, Err(Error::Interrupted));
}
