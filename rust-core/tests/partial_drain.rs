//! Taking some of what came, in any order, neither loses the rest nor reads it wrongly.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::IoSliceMut;
use std::os::fd::OwnedFd;

use rsocket::{Ancillary, Control, ControlBuilder, Endpoint, Kind, MsgFlags};
use support::{Tracked, all_gone, fds, set_int, tracked, try_int};

const ROOM: usize = ControlBuilder::space_for_credentials()
    + ControlBuilder::space_for_fds(8)
    + ControlBuilder::space_for_fds(1)
    + ControlBuilder::space(256);

/// A message with credentials (12 bytes, so that what follows is aligned by padding), descriptors
/// and, where the kernel has it, a pidfd.
fn message(count: usize) -> (Ancillary<ROOM>, Vec<Tracked>) {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    let _ = try_int(
        &right,
        libc::SOL_SOCKET,
        libc::SO_PASSPIDFD,
        1,
        "SO_PASSPIDFD",
    );
    let sent = tracked(count);
    left.send_fds(b"all", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::new();
    let mut data = [0; 8];
    let (received, _) = right
        .recv_msg(
            &mut [IoSliceMut::new(&mut data)],
            &mut ancillary,
            MsgFlags::empty(),
        )
        .unwrap();
    assert!(!received.control_truncated());
    (ancillary, sent)
}

fn rights(ancillary: &mut Ancillary<ROOM>, count: usize) -> Vec<OwnedFd> {
    let mut taken = Vec::new();
    for message in ancillary.messages() {
        if let Control::Rights(rights) = message {
            taken.extend(rights.take(count));
        }
    }
    taken
}

#[test]
fn every_number_of_messages_and_of_descriptors() {
    for messages in 0..4 {
        for count in 1..5 {
            let (mut ancillary, mut sent) = message(4);
            let seen = ancillary.messages().take(messages).count();
            assert!(seen <= 3);
            let taken = rights(&mut ancillary, count);
            assert_eq!(taken.len(), count, "after {messages} messages");
            assert!(ancillary.credentials().is_some());
            drop(ancillary);
            sent.iter_mut().for_each(Tracked::close);
            for (index, sent) in sent.iter_mut().enumerate() {
                assert_eq!(sent.is_gone(), index >= count, "{index} of {count}");
            }
            drop(taken);
            assert!(all_gone(&mut sent));
        }
    }
}

#[test]
fn one_at_a_time_from_a_new_walk_each() {
    let (mut ancillary, mut sent) = message(5);
    let mut taken = Vec::new();
    while let Some(fd) = rights(&mut ancillary, 1).pop() {
        taken.push(fd);
    }
    assert_eq!(taken.len(), 5);
    drop(ancillary);
    sent.iter_mut().for_each(Tracked::close);
    assert!(!sent.iter_mut().any(Tracked::is_gone));
    drop(taken);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_walk_dropped_in_the_middle() {
    let (mut ancillary, mut sent) = message(3);
    {
        let mut walk = ancillary.take_fds();
        drop(walk.next());
    }
    let left = ancillary.take_fds().count();
    // The two that are left, and the pidfd where there is one.
    assert!(left == 2 || left == 3, "{left}");
    assert!(all_gone(&mut sent));
}

#[test]
fn clear_closes_and_forgets() {
    let (mut ancillary, mut sent) = message(2);
    ancillary.clear();
    assert!(all_gone(&mut sent));
    assert_eq!(ancillary.messages().count(), 0);
    ancillary.clear();
}
