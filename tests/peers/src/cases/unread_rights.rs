//! A message with descriptors that the receiver does not look at.

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, RawFd};

use nix::sys::socket::{MsgFlags, recvmsg};
use rsocket::{Ancillary, ControlBuilder};

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::{leaks, with_fds};

pub const CASE: Case = Case {
    name: "unread_rights",
    scenario: "3 descriptors received, control messages not looked at",
    peer: "nix",
    test: "fd_leak::an_unread_message",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    leaks(|| {
        let socket = with_fds(3, |_| {});
        let mut data = [0; 8];
        let mut bufs = [IoSliceMut::new(&mut data)];
        match side {
            Side::Peer => {
                let mut room = nix::cmsg_space!([RawFd; 4]);
                let fd = socket.as_raw_fd();
                let flags = MsgFlags::MSG_CMSG_CLOEXEC;
                let message = recvmsg::<()>(fd, &mut bufs, Some(&mut room), flags).unwrap();
                assert_eq!(message.bytes, 4);
            }
            Side::Ours => {
                let mut ancillary = Ancillary::<{ ControlBuilder::space_for_fds(4) }>::new();
                let flags = rsocket::MsgFlags::empty();
                let (received, _) = socket.recv_msg(&mut bufs, &mut ancillary, flags).unwrap();
                assert_eq!(received.len, 4);
            }
        }
        String::new()
    })
}
