//! A batch whose headers are used again: room for control messages is there at every call, whatever
//! the last call needed of it.

use std::fs::File;
use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use rsocket::{ControlBuilder, Endpoint, Kind, RecvBatch};

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::own;

pub const CASE: Case = Case {
    name: "reused_batch",
    scenario: "one set of batch headers: a message without descriptors, then one with 1",
    peer: "nix",
    test: "batch_reuse::descriptors_after_a_message_that_had_none",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    let file = File::open("/dev/null").unwrap();
    let send = |fds: usize| {
        left.send_fds(b"data", &vec![file.as_fd(); fds]).unwrap();
    };
    let mut came = [0; 2];
    match side {
        Side::Peer => {
            let room = nix::cmsg_space!(RawFd);
            let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(1, Some(room));
            for (fds, came) in came.iter_mut().enumerate() {
                send(fds);
                let mut data = [0; 8];
                let mut bufs = [[IoSliceMut::new(&mut data)]];
                let flags = MsgFlags::MSG_CMSG_CLOEXEC;
                let fd = right.as_raw_fd();
                let mut batch = recvmmsg(fd, &mut headers, bufs.iter_mut(), flags, None).unwrap();
                let message = batch.next().unwrap();
                for message in message.cmsgs().into_iter().flatten() {
                    if let ControlMessageOwned::ScmRights(fds) = message {
                        *came += fds.into_iter().map(own).count();
                    }
                }
            }
        }
        Side::Ours => {
            let room = ControlBuilder::space_for_fds(1);
            let mut batch = RecvBatch::with_control(1, 8, room).unwrap();
            for (fds, came) in came.iter_mut().enumerate() {
                send(fds);
                let mut batch = right.recv_batch(&mut batch).unwrap();
                *came = batch.next().unwrap().take_fds().count();
            }
        }
    }
    match came {
        [0, 1] => Outcome::Kept("1 arrives".into()),
        [_, count] => Outcome::Broken(format!("the second message arrives with {count}")),
    }
}
