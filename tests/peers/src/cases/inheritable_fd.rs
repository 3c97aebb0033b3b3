//! What a received descriptor is to a program that this process starts.

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use sendfd::RecvWithFd;

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::{is_cloexec, own, stream_with_fds};

pub const CASE: Case = Case {
    name: "inheritable_fd",
    scenario: "close-on-exec on a received descriptor",
    peer: "sendfd",
    test: "cloexec::received",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    let socket = stream_with_fds(1);
    let mut data = [0; 8];
    let fd = match side {
        Side::Peer => {
            let mut fds = [-1];
            let stream = UnixStream::from(OwnedFd::from(socket));
            assert_eq!(stream.recv_with_fd(&mut data, &mut fds).unwrap(), (4, 1));
            own(fds[0])
        }
        Side::Ours => {
            let (_, [fd]) = socket.recv_fds::<1>(&mut data).unwrap();
            fd.unwrap()
        }
    };
    if is_cloexec(fd.as_raw_fd()) {
        Outcome::Kept("close-on-exec from the first moment".into())
    } else {
        Outcome::Broken("inherited by every program started from here".into())
    }
}
