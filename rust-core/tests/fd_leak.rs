//! A received descriptor has an owner from the first moment, and is closed where nobody takes it.
//!
//! Every descriptor sent is one end of a connection: the other sees the end of the stream only once
//! every copy is closed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Mutex;

use rsocket::{
    Ancillary, Blocking, Control, ControlBuilder, ControlError, Endpoint, Error, Kind, MsgFlags,
    Received, fd,
};
use support::{Tracked, all_gone, fds, is_cloexec, open_count, set_int, tracked, try_int};

const ONE: usize = ControlBuilder::space_for_fds(1);
const TWO: usize = ControlBuilder::space_for_fds(2);
const MANY: usize = ControlBuilder::space_for_fds(8) + ControlBuilder::space(64);

/// Held by every test that counts pidfds of this process.
static PIDFDS: Mutex<()> = Mutex::new(());

fn receive<const N: usize>(from: &Endpoint, ancillary: &mut Ancillary<N>) -> Received {
    let mut data = [0; 64];
    let mut bufs = [IoSliceMut::new(&mut data)];
    let (received, _) = from
        .recv_msg(&mut bufs, ancillary, MsgFlags::empty())
        .unwrap();
    received
}

fn pair() -> (Endpoint, Endpoint) {
    Endpoint::pair(Kind::SEQPACKET).unwrap()
}

#[test]
fn five_sent_with_room_for_two() {
    let (left, right) = pair();
    let mut sent = tracked(5);
    left.send_fds(b"five", &fds(&sent)).unwrap();

    let mut ancillary = Ancillary::<TWO>::new();
    let received = receive(&right, &mut ancillary);
    assert!(received.control_truncated());
    let taken: Vec<OwnedFd> = ancillary.take_fds().collect();
    assert_eq!(taken.len(), 2);
    sent.iter_mut().for_each(Tracked::close);
    assert!(!sent[0].is_gone() && !sent[1].is_gone());
    assert!(sent[2].is_gone() && sent[3].is_gone() && sent[4].is_gone());
    drop((ancillary, taken));
    assert!(all_gone(&mut sent));
}

#[test]
fn five_sent_with_room_for_two_and_none_taken() {
    let (left, right) = pair();
    let mut sent = tracked(5);
    left.send_fds(b"five", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<TWO>::new();
    assert!(receive(&right, &mut ancillary).control_truncated());
    drop(ancillary);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_second_descriptor_in_the_padding() {
    // CMSG_SPACE of one descriptor is 24 bytes, and a message with two of them is 24 long: the
    // kernel puts the second where the room for one ends in padding.
    let (left, right) = pair();
    let mut sent = tracked(3);
    left.send_fds(b"three", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<ONE>::new();
    assert!(receive(&right, &mut ancillary).control_truncated());
    assert_eq!(ancillary.take_fds().count(), 2);
    drop(ancillary);
    assert!(all_gone(&mut sent));

    let mut sent = tracked(3);
    left.send_fds(b"three", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<ONE>::new();
    assert!(receive(&right, &mut ancillary).control_truncated());
    drop(ancillary.take_fds().next());
    drop(ancillary);
    assert!(all_gone(&mut sent));
}

#[test]
fn an_unread_message() {
    let (left, right) = pair();
    let mut sent = tracked(3);
    left.send_fds(b"x", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    assert!(!receive(&right, &mut ancillary).control_truncated());
    drop(ancillary);
    assert!(all_gone(&mut sent));
}

#[test]
fn the_next_receive_closes_what_the_last_one_left() {
    let (left, right) = pair();
    let (mut first, mut second) = (tracked(2), tracked(2));
    left.send_fds(b"1", &fds(&first)).unwrap();
    left.send_fds(b"2", &fds(&second)).unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    let _ = receive(&right, &mut ancillary);
    let _ = receive(&right, &mut ancillary);
    assert!(all_gone(&mut first));
    second.iter_mut().for_each(Tracked::close);
    assert!(!second[0].is_gone());
    assert_eq!(ancillary.take_fds().count(), 2);
    assert!(all_gone(&mut second));
}

#[test]
fn a_receive_that_fails_closes_what_the_last_one_left() {
    let (left, right) = pair();
    let mut sent = tracked(1);
    left.send_fds(b"1", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    let _ = receive(&right, &mut ancillary);
    let mut data = [0; 8];
    let error = right
        .recv_msg(
            &mut [IoSliceMut::new(&mut data)],
            &mut ancillary,
            MsgFlags::DONTWAIT,
        )
        .unwrap_err();
    assert!(error.is_would_block());
    assert!(all_gone(&mut sent));
    assert_eq!(ancillary.messages().count(), 0);
}

#[test]
fn descriptors_behind_credentials_in_one_buffer() {
    let (left, right) = pair();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    let mut sent = tracked(3);
    left.send_fds(b"both", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    let _ = receive(&right, &mut ancillary);
    // Only the first message is looked at.
    assert!(ancillary.messages().next().is_some());
    assert!(ancillary.credentials().is_some());
    drop(ancillary);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_walk_that_takes_nothing() {
    let (left, right) = pair();
    let mut sent = tracked(3);
    left.send_fds(b"three", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    let _ = receive(&right, &mut ancillary);
    for message in ancillary.messages() {
        assert!(matches!(message, Control::Rights(_)));
    }
    // They were not closed by the walk either.
    sent.iter_mut().for_each(Tracked::close);
    assert!(!sent.iter_mut().any(Tracked::is_gone));
    drop(ancillary);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_message_half_taken() {
    let (left, right) = pair();
    let mut sent = tracked(4);
    left.send_fds(b"four", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    let _ = receive(&right, &mut ancillary);
    let mut kept = Vec::new();
    for message in ancillary.messages() {
        if let Control::Rights(mut rights) = message {
            kept.extend(rights.next());
        }
    }
    // A second walk yields the rest, and no descriptor twice.
    kept.extend(ancillary.take_fds().take(1));
    drop(ancillary);
    assert_eq!(kept.len(), 2);
    assert_ne!(kept[0].as_raw_fd(), kept[1].as_raw_fd());
    sent.iter_mut().for_each(Tracked::close);
    assert!(!sent[0].is_gone() && !sent[1].is_gone());
    assert!(sent[2].is_gone() && sent[3].is_gone());
    drop(kept);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_pidfd_that_was_not_looked_at() {
    let _alone = PIDFDS.lock().unwrap();
    let (left, right) = pair();
    if !try_int(
        &right,
        libc::SOL_SOCKET,
        libc::SO_PASSPIDFD,
        1,
        "SO_PASSPIDFD",
    ) {
        return;
    }
    let before = open_count("pidfd");
    let mut sent = tracked(1);
    left.send_fds(b"x", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    let _ = receive(&right, &mut ancillary);
    assert_eq!(open_count("pidfd"), before + 1);
    drop(ancillary);
    assert_eq!(open_count("pidfd"), before);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_pidfd_among_all_descriptors() {
    let _alone = PIDFDS.lock().unwrap();
    let (left, right) = pair();
    if !try_int(
        &right,
        libc::SOL_SOCKET,
        libc::SO_PASSPIDFD,
        1,
        "SO_PASSPIDFD",
    ) {
        return;
    }
    let before = open_count("pidfd");
    left.send(b"x").unwrap();
    let mut ancillary = Ancillary::<MANY>::new();
    let _ = receive(&right, &mut ancillary);
    // Credentials are looked for without taking the descriptor.
    assert_eq!(ancillary.credentials(), None);
    let pidfd = ancillary
        .messages()
        .find_map(|message| match message {
            Control::PidFd(pidfd) => pidfd,
            _ => None,
        })
        .expect("a pidfd");
    assert!(is_cloexec(pidfd.as_fd()));
    drop(ancillary);
    assert_eq!(open_count("pidfd"), before + 1);
    drop(pidfd);
    assert_eq!(open_count("pidfd"), before);
}

#[test]
fn more_than_the_caller_has_places_for() {
    let (left, right) = pair();
    let mut sent = tracked(3);
    left.send_fds(b"three", &fds(&sent)).unwrap();
    let error = right.recv_fds::<1>(&mut [0; 16]).unwrap_err();
    assert_eq!(error, Error::Control(ControlError::Truncated));
    assert!(all_gone(&mut sent));
}

#[test]
fn a_plain_receive_discards_them() {
    let (left, right) = pair();
    let mut sent = tracked(2);
    left.send_fds(b"two", &fds(&sent)).unwrap();
    let received = right.recv(&mut [0; 16]).unwrap();
    assert_eq!(received.len, 3);
    assert!(all_gone(&mut sent));
}

#[test]
fn sending_only_borrows() {
    let (left, right) = pair();
    let mut sent = tracked(1);
    let mut control = ControlBuilder::<ONE>::new();
    control.push_fds(&[sent[0].fd()]).unwrap();
    left.send_msg(&[IoSlice::new(b"x")], &control, None, MsgFlags::empty())
        .unwrap();
    drop((left, right));
    assert!(sent[0].fd().try_clone_to_owned().is_ok());
    assert!(all_gone(&mut sent));
}

#[test]
fn all_253_and_not_one_more() {
    let (left, right) = pair();
    let mut one = tracked(1);
    let many: Vec<_> = std::iter::repeat_n(one[0].fd(), 254).collect();
    let error = left.send_fds(b"x", &many).unwrap_err();
    assert_eq!(error, Error::Control(ControlError::TooManyFds(254)));
    assert!(
        right
            .recv_with(&mut [0; 8], MsgFlags::DONTWAIT, rsocket::Blocking)
            .is_err()
    );
    left.send_fds(b"x", &many[..253]).unwrap();
    let (_, came) = right.recv_fds::<253>(&mut [0; 8]).unwrap();
    assert!(came.iter().all(Option::is_some));
    drop(came);
    assert!(all_gone(&mut one));
}

#[test]
fn control_messages_that_nobody_will_read() {
    let _alone = PIDFDS.lock().unwrap();
    let (left, right) = pair();
    let has_pidfd = try_int(
        &right,
        libc::SOL_SOCKET,
        libc::SO_PASSPIDFD,
        1,
        "SO_PASSPIDFD",
    );
    let before = open_count("pidfd");
    let mut sent = tracked(3);
    left.send_fds(b"three", &fds(&sent)).unwrap();
    sent.iter_mut().for_each(Tracked::close);

    let mut control = [MaybeUninit::uninit(); MANY];
    let mut data = [0; 64];
    let mut bufs = [IoSliceMut::new(&mut data)];
    let flags = MsgFlags::CMSG_CLOEXEC;
    let info = fd::recv_msg(
        right.as_fd(),
        &mut bufs,
        &mut control,
        None,
        flags,
        &mut Blocking,
    )
    .unwrap();
    assert!(!sent[0].is_gone());
    assert_eq!(open_count("pidfd"), before + usize::from(has_pidfd));
    // SAFETY: recvmsg(2) wrote `control_len` bytes, and nobody has looked at them.
    unsafe { fd::close_received(&mut control[..info.control_len]) };
    assert_eq!(open_count("pidfd"), before);
    assert!(all_gone(&mut sent));
}
