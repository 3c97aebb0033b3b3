//! A pidfd that the kernel adds to a message (SO_PASSPIDFD), and that nobody takes.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;

use rsocket::Ancillary;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, recvmsg};

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::{leaks, turn_on, with_fds};

pub const CASE: Case = Case {
    name: "unread_pidfd",
    scenario: "a message with the sender's pidfd, every message drained",
    peer: "rustix",
    test: "fd_leak::a_pidfd_that_was_not_looked_at",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    let mut known = true;
    let outcome = leaks(|| {
        let socket = with_fds(1, |socket| known = turn_on(socket, libc::SO_PASSPIDFD));
        let mut data = [0; 8];
        let mut bufs = [IoSliceMut::new(&mut data)];
        match side {
            Side::Peer => {
                let mut room = [MaybeUninit::uninit(); 128];
                let mut control = RecvAncillaryBuffer::new(&mut room);
                recvmsg(&socket, &mut bufs, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
                format!("{} message(s) seen", control.drain().count())
            }
            Side::Ours => {
                let mut ancillary = Ancillary::<128>::new();
                let flags = rsocket::MsgFlags::empty();
                let _ = socket.recv_msg(&mut bufs, &mut ancillary, flags).unwrap();
                format!("{} message(s) seen", ancillary.messages().count())
            }
        }
    });
    if known {
        outcome
    } else {
        Outcome::Skipped("SO_PASSPIDFD needs Linux 6.5".into())
    }
}
