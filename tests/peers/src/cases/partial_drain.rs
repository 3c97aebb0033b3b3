//! Credentials and descriptors in one buffer, of which the first message alone is taken.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;

use rsocket::{Ancillary, ControlBuilder};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, recvmsg};

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::{leaks, turn_on, with_fds};

pub const CASE: Case = Case {
    name: "partial_drain",
    scenario: "credentials and 1 descriptor received, first message taken, buffer dropped",
    peer: "rustix",
    test: "partial_drain::every_number_of_messages_and_of_descriptors",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    leaks(|| {
        let socket = with_fds(1, |socket| assert!(turn_on(socket, libc::SO_PASSCRED)));
        let mut data = [0; 8];
        let mut bufs = [IoSliceMut::new(&mut data)];
        match side {
            Side::Peer => {
                const ROOM: usize = rustix::cmsg_space!(ScmCredentials(1), ScmRights(4));
                let mut room = [MaybeUninit::uninit(); ROOM];
                let mut control = RecvAncillaryBuffer::new(&mut room);
                recvmsg(&socket, &mut bufs, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
                let first = control.drain().next();
                assert!(first.is_some());
            }
            Side::Ours => {
                const ROOM: usize =
                    ControlBuilder::space_for_credentials() + ControlBuilder::space_for_fds(4);
                let mut ancillary = Ancillary::<ROOM>::new();
                let flags = rsocket::MsgFlags::empty();
                let _ = socket.recv_msg(&mut bufs, &mut ancillary, flags).unwrap();
                let mut messages = ancillary.messages();
                assert!(messages.next().is_some());
            }
        }
        String::new()
    })
}
