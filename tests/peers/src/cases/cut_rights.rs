//! More descriptors than there is room for: those that found room belong to somebody.

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, RawFd};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use rsocket::{Ancillary, ControlBuilder};

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::{leaks, own, with_fds};

pub const CASE: Case = Case {
    name: "cut_rights",
    scenario: "5 descriptors sent, room for 2",
    peer: "nix",
    test: "fd_leak::five_sent_with_room_for_two",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    leaks(|| {
        let socket = with_fds(5, |_| {});
        let mut data = [0; 8];
        let mut bufs = [IoSliceMut::new(&mut data)];
        match side {
            Side::Peer => {
                let mut room = nix::cmsg_space!([RawFd; 2]);
                let fd = socket.as_raw_fd();
                let flags = MsgFlags::MSG_CMSG_CLOEXEC;
                let message = recvmsg::<()>(fd, &mut bufs, Some(&mut room), flags).unwrap();
                match message.cmsgs() {
                    Err(error) => format!("cmsgs() is {error:?}"),
                    Ok(messages) => {
                        let mut count = 0;
                        for message in messages {
                            if let ControlMessageOwned::ScmRights(fds) = message {
                                count += fds.into_iter().map(own).count();
                            }
                        }
                        format!("{count} arrive")
                    }
                }
            }
            Side::Ours => {
                let mut ancillary = Ancillary::<{ ControlBuilder::space_for_fds(2) }>::new();
                let flags = rsocket::MsgFlags::empty();
                let (received, _) = socket.recv_msg(&mut bufs, &mut ancillary, flags).unwrap();
                assert!(received.control_truncated());
                format!(
                    "control_truncated(), {} arrive",
                    ancillary.take_fds().count()
                )
            }
        }
    })
}
