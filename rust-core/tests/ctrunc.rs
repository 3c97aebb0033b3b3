//! Control messages that had no room are never lost in silence.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{IoSlice, IoSliceMut};

use rsocket::{
    Ancillary, Control, ControlBuilder, ControlError, Credentials, Endpoint, Error, Kind, MsgFlags,
    Received,
};
use support::{Tracked, fds, set_int, tracked};

fn receive<const N: usize>(from: &Endpoint, ancillary: &mut Ancillary<N>) -> Received {
    let mut data = [0; 64];
    let mut bufs = [IoSliceMut::new(&mut data)];
    let (received, _) = from
        .recv_msg(&mut bufs, ancillary, MsgFlags::empty())
        .unwrap();
    received
}

#[test]
fn descriptors_without_any_room() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    let mut sent = tracked(1);
    left.send_fds(b"data", &fds(&sent)).unwrap();
    let mut none = Ancillary::<0>::new();
    let received = receive(&right, &mut none);
    assert_eq!(received.len, 4);
    assert!(received.control_truncated());
    assert!(!received.truncated());
    assert_eq!(none.messages().count(), 0);
    assert!(sent[0].is_gone());
}

#[test]
fn credentials_cut_in_two() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    left.send(b"data").unwrap();
    // Room for the header and 4 bytes: the rest of `struct ucred` is cut off.
    let mut short = Ancillary::<20>::new();
    let received = receive(&right, &mut short);
    assert!(received.control_truncated());
    assert_eq!(short.credentials(), None);
    let messages: Vec<String> = short
        .messages()
        .map(|message| format!("{message:?}"))
        .collect();
    // The bytes that came are shown as bytes, never as credentials made up of what was there before.
    assert_eq!(messages.len(), 1);
    assert!(messages[0].starts_with("Other"), "{messages:?}");
}

#[test]
fn room_for_the_first_message_only() {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    let mut sent = tracked(2);
    left.send_fds(b"both", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<{ ControlBuilder::space_for_credentials() }>::new();
    let received = receive(&right, &mut ancillary);
    assert!(received.control_truncated());
    let rights = ancillary.take_fds().count();
    let credentials = ancillary.credentials().is_some();
    // Which of the two comes first is the kernel's choice; one of them has no room.
    assert!(credentials != (rights > 0), "{credentials} {rights}");
    drop(ancillary);
    assert!(sent.iter_mut().all(Tracked::is_gone));
}

#[test]
fn enough_room_is_not_called_truncated() {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    let sent = tracked(2);
    left.send_fds(b"both", &fds(&sent)).unwrap();
    const ROOM: usize = ControlBuilder::space_for_credentials() + ControlBuilder::space_for_fds(2);
    let mut ancillary = Ancillary::<ROOM>::new();
    assert!(!receive(&right, &mut ancillary).control_truncated());
    assert!(ancillary.credentials().is_some());
    assert_eq!(ancillary.take_fds().count(), 2);
}

#[test]
fn a_vectored_receive_says_so_too() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let sent = tracked(1);
    left.send_fds(b"data", &fds(&sent)).unwrap();
    let mut data = [0; 8];
    let received = right
        .recv_vectored(&mut [IoSliceMut::new(&mut data)])
        .unwrap();
    assert!(received.control_truncated());
}

#[test]
fn a_builder_without_room_adds_nothing() {
    let no_room = Error::Control(ControlError::NoRoom);
    let mut control = ControlBuilder::<{ ControlBuilder::space(4) + 8 }>::new();
    control.push_int(libc::SOL_IP, libc::IP_TTL, 7).unwrap();
    let before = control.as_bytes().to_vec();
    let who = Credentials::default();
    assert_eq!(control.push_credentials(who).unwrap_err(), no_room);
    assert_eq!(control.push(1, 1, &[0; 1000]).unwrap_err(), no_room);
    assert_eq!(control.push_int(1, 1, 1).unwrap_err(), no_room);
    assert_eq!(control.as_bytes(), before);
    control.clear();
    assert!(control.as_bytes().is_empty());
    assert!(control.push_int(1, 1, 1).is_ok());
}

#[test]
fn what_is_built_is_what_c_would_build() {
    const ROOM: usize = ControlBuilder::space(1) + ControlBuilder::space(2);
    let mut control = ControlBuilder::<ROOM>::new();
    control.push(3, 4, &[9]).unwrap();
    control.push_segment_size(0x1234).unwrap();
    let mut expected = Vec::new();
    expected.extend(17usize.to_ne_bytes());
    expected.extend([3i32, 4].map(i32::to_ne_bytes).concat());
    expected.extend([9, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend(18usize.to_ne_bytes());
    expected.extend([17i32, 103].map(i32::to_ne_bytes).concat());
    expected.extend(0x1234u16.to_ne_bytes());
    expected.extend([0; 6]);
    assert_eq!(control.as_bytes(), expected);
}

#[test]
fn descriptors_outside_the_unix_domain_are_refused() {
    let (client, _server) = support::tcp_pair();
    let sent = tracked(1);
    assert_eq!(
        client.send_fds(b"x", &fds(&sent)).unwrap_err(),
        Error::WrongFamily
    );
    let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(1) }>::new();
    control.push_fds(&fds(&sent)).unwrap();
    let data = [IoSlice::new(b"x")];
    let error = client
        .send_msg(&data, &control, None, MsgFlags::empty())
        .unwrap_err();
    assert_eq!(error, Error::WrongFamily);
    // The same message, written by hand.
    let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(1) }>::new();
    control
        .push(libc::SOL_SOCKET, libc::SCM_RIGHTS, &0i32.to_ne_bytes())
        .unwrap();
    let error = client
        .send_msg(&data, &control, None, MsgFlags::empty())
        .unwrap_err();
    assert_eq!(error, Error::WrongFamily);
}

#[test]
fn messages_can_be_walked_twice() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    left.send(b"x").unwrap();
    let mut ancillary = Ancillary::<64>::new();
    let _ = receive(&right, &mut ancillary);
    for _ in 0..2 {
        let found = ancillary.messages().any(|message| {
            matches!(message, Control::Credentials(who) if who.pid == std::process::id() as i32)
        });
        assert!(found);
    }
}
