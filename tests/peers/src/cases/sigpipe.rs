//! A vectored write to a peer that has gone, in a process that leaves SIGPIPE at its default, as
//! every program in C does.

use std::io::{IoSlice, Write};
use std::os::unix::net::UnixStream;

use rsocket::{Endpoint, Kind};

use super::{Case, Launch, Side};
use crate::{Outcome, signals};

pub const CASE: Case = Case {
    name: "sigpipe",
    scenario: "vectored write to a closed peer, SIGPIPE at its default",
    peer: "std",
    test: "sigpipe::every_verb_answers_epipe",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    signals::default_sigpipe();
    let data = [IoSlice::new(b"some"), IoSlice::new(b"data")];
    let error = match side {
        Side::Peer => {
            let (mut left, right) = UnixStream::pair().unwrap();
            drop(right);
            left.write_vectored(&data).unwrap_err()
        }
        Side::Ours => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            drop(right);
            left.as_stream().unwrap().write_vectored(&data).unwrap_err()
        }
    };
    if error.raw_os_error() == Some(libc::EPIPE) {
        Outcome::Kept("EPIPE".into())
    } else {
        Outcome::Broken(error.to_string())
    }
}
