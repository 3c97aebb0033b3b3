//! Room for one descriptor is 24 bytes, and so is a message with two: the second comes in the padding.

use std::os::fd::AsRawFd;

use passfd::FdPassingExt;

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::{leaks, own, stream_with_fds};

pub const CASE: Case = Case {
    name: "padding_fd",
    scenario: "3 descriptors sent to one who takes 1",
    peer: "passfd",
    test: "fd_leak::a_second_descriptor_in_the_padding",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    leaks(|| {
        let socket = stream_with_fds(3);
        match side {
            Side::Peer => match socket.as_raw_fd().recv_fd().map(own) {
                Ok(_one) => "1 arrives".into(),
                Err(error) => error.to_string(),
            },
            Side::Ours => match socket.recv_fds::<1>(&mut [0; 8]) {
                Ok(_) => "1 arrives".into(),
                Err(error) => format!("error \"{error}\""),
            },
        }
    })
}
