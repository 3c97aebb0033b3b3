//! No verb raises SIGPIPE: a process that leaves the signal at its default, as every C program does,
//! gets EPIPE and lives.
//!
//! Each case runs in a process of its own, because the one that failed would be dead.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/signals.rs"]
mod signals;
mod support;

use std::io::{IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use rsocket::fd::{self, SendSlot};
use rsocket::{
    Blocking, ControlBuilder, Endpoint, Errno, Error, Kind, MsgFlags, SendBatch, Splice, ZeroCopy,
};
use support::{file_with, soon, tcp_pair};

const CHILD: &str = "RSOCKET_TEST_SIGPIPE";

fn run(case: &str) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--test-threads=1", "--nocapture"])
        .env(CHILD, case)
        .status()
        .unwrap()
}

/// What the process of a case does; in the test's own process nothing.
#[test]
fn child() {
    let Some(case) = std::env::var_os(CHILD) else {
        return;
    };
    signals::default_sigpipe();
    for endpoint in broken() {
        play(case.to_str().unwrap(), &endpoint);
        assert_eq!(
            signals::sigpipe_is_blocked_and_pending(),
            (case == "blocked", false)
        );
    }
}

/// Sockets whose peer has gone: a Unix stream, a Unix seqpacket, TCP.
fn broken() -> Vec<Endpoint> {
    let mut broken = Vec::new();
    for kind in [Kind::STREAM, Kind::SEQPACKET] {
        broken.push(Endpoint::pair(kind).unwrap().0);
    }
    let (client, server) = tcp_pair();
    drop(server);
    // The first send is answered with RST; from then on the socket is broken.
    while client.send(b"x").is_ok() {
        std::thread::yield_now();
    }
    broken.push(client);
    broken
}

fn play(case: &str, endpoint: &Endpoint) {
    let data = [IoSlice::new(b"some"), IoSlice::new(b"data")];
    let is_stream = endpoint.kind() == Kind::STREAM;
    let error = match case {
        "raw" => {
            signals::plain_write(endpoint.as_raw_fd());
            panic!("write(2) to a broken socket came back");
        }
        "send" => endpoint.send(b"data").unwrap_err(),
        "send deadline" => endpoint
            .send_with(b"data", MsgFlags::empty(), soon())
            .unwrap_err(),
        "send_all" => endpoint.send_all(b"data").unwrap_err().error,
        "send_vectored" => endpoint.send_vectored(&data).unwrap_err(),
        "send_msg" => endpoint
            .send_msg(&data, &ControlBuilder::<0>::new(), None, MsgFlags::empty())
            .unwrap_err(),
        "send_fds" => match endpoint.send_fds(b"x", &[endpoint.as_fd()]) {
            Err(Error::WrongFamily) => return,
            result => result.unwrap_err(),
        },
        "io::Write" if is_stream => {
            let mut stream = endpoint.as_stream().unwrap();
            assert!(stream.write(b"data").is_err());
            return assert!(stream.write_vectored(&data).is_err());
        }
        "send_batch" => {
            let mut batch = SendBatch::new(2).unwrap();
            let mut messages = batch.messages();
            messages.push(b"data", None).unwrap();
            messages.push_message(&data, &NOTHING, None).unwrap();
            endpoint.send_batch(&mut messages).unwrap_err()
        }
        "slots" => {
            let slot = SendSlot {
                data: b"data",
                control: &[],
                to: None,
            };
            fd::send_batch(endpoint.as_fd(), [slot], MsgFlags::empty(), &mut Blocking).unwrap_err()
        }
        "send_file" | "blocked" => {
            if case == "blocked" {
                signals::block_sigpipe();
            }
            let file = file_with(&[7; 100_000]);
            endpoint.send_file(&file, 0, 100_000).unwrap_err().error
        }
        "send_file deadline" => {
            let file = file_with(&[7; 100_000]);
            endpoint
                .send_file_with(&file, 0, 100_000, soon())
                .unwrap_err()
                .error
        }
        "send_file cut off" => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            let file = file_with(&[7; LARGE]);
            let reader = std::thread::spawn(move || right.recv(&mut [0]).unwrap().len);
            let partial = left.send_file(&file, 0, LARGE).unwrap_err();
            assert!(partial.done > 0, "{}", partial.error);
            assert_eq!(reader.join().unwrap(), 1);
            partial.error
        }
        "splice" if is_stream => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            left.send_all(b"data").unwrap();
            let mut splice = Splice::new().unwrap();
            let partial = splice.transfer(&right, endpoint, 4).unwrap_err();
            assert_eq!((partial.done, splice.buffered()), (0, 4));
            partial.error
        }
        "zero copy" => {
            let mut sender = match ZeroCopy::new(endpoint.try_clone().unwrap()) {
                Ok(sender) => sender,
                Err(error) => return assert_eq!(error.errno(), Errno::EOPNOTSUPP),
            };
            sender.send(vec![0; 10_000]).unwrap_err().error
        }
        _ => return,
    };
    assert!(
        matches!(error.errno(), Errno::EPIPE | Errno::ECONNRESET),
        "{case}: {error}"
    );
}

/// More than any socket buffers.
const LARGE: usize = 4 << 20;
const NOTHING: ControlBuilder<'static, 0> = ControlBuilder::new();

#[test]
fn the_signal_does_kill_where_nothing_keeps_it_away() {
    assert_eq!(run("raw").signal(), Some(libc::SIGPIPE));
}

#[test]
fn every_verb_answers_epipe() {
    for case in [
        "send",
        "send deadline",
        "send_all",
        "send_vectored",
        "send_msg",
        "send_fds",
        "io::Write",
        "send_batch",
        "slots",
        "send_file",
        "send_file deadline",
        "send_file cut off",
        "splice",
        "zero copy",
        "blocked",
    ] {
        let status = run(case);
        assert!(status.success(), "{case}: {status}");
    }
}

#[test]
fn one_that_was_pending_before_stays() {
    std::thread::spawn(|| {
        signals::block_sigpipe();
        signals::raise(libc::SIGPIPE);
        let broken = Endpoint::pair(Kind::STREAM).unwrap().0;
        let file = file_with(&[7; 1000]);
        let partial = broken.send_file(&file, 0, 1000).unwrap_err();
        assert_eq!(partial.error.errno(), Errno::EPIPE);
        assert_eq!(signals::sigpipe_is_blocked_and_pending(), (true, true));
    })
    .join()
    .unwrap();
}
