//! A single attempt gives what the verb that waits gives, or the kernel's number: EAGAIN where it
//! would have to wait, on a blocking socket too, and EPIPE without a signal.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/signals.rs"]
mod signals;
mod support;

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rsocket::{Address, Control, ControlBuilder, Endpoint, Errno, Family, Kind, MsgFlags, fd};
use signals::under_fire;
use support::{all_gone, fds, is_cloexec, tracked, udp};

const NONE: MsgFlags = MsgFlags::empty();

/// A buffer that the kernel fills, and what of it was filled.
struct Room([MaybeUninit<u8>; 16]);

impl Room {
    fn new() -> Self {
        Room([const { MaybeUninit::new(b'-') }; 16])
    }

    fn text(&self, len: usize) -> String {
        let bytes: Vec<u8> = self.0[..len]
            .iter()
            // SAFETY: every byte was initialised by `new`.
            .map(|byte| unsafe { byte.assume_init() })
            .collect();
        String::from_utf8(bytes).unwrap()
    }
}

fn pair() -> (Endpoint, Endpoint) {
    Endpoint::pair(Kind::SEQPACKET).unwrap()
}

#[test]
fn nothing_there_and_no_room() {
    let (left, right) = pair();
    let (left, right) = (left.as_fd(), right.as_fd());
    let (mut room, mut from) = (Room::new(), Address::UNSPECIFIED);
    assert_eq!(fd::try_recv(right, &mut room.0, NONE), Err(Errno::EAGAIN));
    let received = fd::try_recv_from(right, &mut room.0, NONE, &mut from);
    assert_eq!(received, Err(Errno::EAGAIN));
    let received = fd::try_recv_msg(right, &mut [], &mut [], &mut from, NONE);
    assert_eq!(received.map(|info| info.len), Err(Errno::EAGAIN));
    while fd::try_send(left, b"data", NONE).is_ok() {}
    assert_eq!(fd::try_send(left, b"data", NONE), Err(Errno::EAGAIN));
    let data = [IoSlice::new(b"data")];
    assert_eq!(
        fd::try_send_msg(left, &data, &[], None, NONE),
        Err(Errno::EAGAIN)
    );
}

#[test]
fn data_both_ways_and_the_end() {
    let (left, right) = pair();
    let mut room = Room::new();
    assert_eq!(fd::try_send(left.as_fd(), b"one", NONE), Ok(3));
    assert_eq!(
        fd::try_recv(right.as_fd(), &mut room.0, MsgFlags::PEEK),
        Ok(3)
    );
    assert_eq!(fd::try_recv(right.as_fd(), &mut room.0, NONE), Ok(3));
    assert_eq!(room.text(4), "one-");
    // The whole length of what did not fit, where it is asked for.
    left.send(b"twenty bytes of data").unwrap();
    let received = fd::try_recv(right.as_fd(), &mut room.0[..3], MsgFlags::TRUNC);
    assert_eq!((received, room.text(4)), (Ok(20), "twe-".to_owned()));

    drop(right);
    signals::default_sigpipe();
    assert_eq!(fd::try_recv(left.as_fd(), &mut room.0, NONE), Ok(0));
    let data = [IoSlice::new(b"data")];
    assert_eq!(fd::try_send(left.as_fd(), b"data", NONE), Err(Errno::EPIPE));
    assert_eq!(
        fd::try_send_msg(left.as_fd(), &data, &[], None, NONE),
        Err(Errno::EPIPE)
    );
    assert_eq!(
        fd::send_msg_once(left.as_fd(), &data, &[], None, NONE),
        Err(Errno::EPIPE)
    );
}

type SendTo = fn(BorrowedFd<'_>, &Address) -> Result<usize, Errno>;

#[test]
fn datagrams_with_addresses() {
    let (left, right) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
    let (here, to) = (
        left.local_address().unwrap(),
        right.local_address().unwrap(),
    );
    let sends: [SendTo; 4] = [
        |fd, to| fd::try_send_to(fd, b"data", NONE, to),
        |fd, to| fd::send_to_once(fd, b"data", NONE, to),
        |fd, to| fd::try_send_msg(fd, &[IoSlice::new(b"data")], &[], Some(to), NONE),
        |fd, to| fd::send_msg_once(fd, &[IoSlice::new(b"data")], &[], Some(to), NONE),
    ];
    for send in sends {
        // Twice, for the two ways to receive; longer than what was there before is cut back.
        for once in [false, true] {
            assert_eq!(send(left.as_fd(), &to), Ok(4));
            let mut room = Room::new();
            let mut from = Address::unix("/a/name/that/is/longer").unwrap();
            let receive = if once {
                fd::recv_from_once
            } else {
                fd::try_recv_from
            };
            assert_eq!(receive(right.as_fd(), &mut room.0, NONE, &mut from), Ok(4));
            assert_eq!((from, room.text(5)), (here, "data-".to_owned()));
        }
    }
    // On a stream the kernel names nobody.
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    left.send(b"x").unwrap();
    let mut from = to;
    let received = fd::try_recv_from(right.as_fd(), &mut Room::new().0, NONE, &mut from);
    assert_eq!((received, from), (Ok(1), Address::UNSPECIFIED));
    assert_eq!(
        fd::try_send_to(udp("127.0.0.1:0").as_fd(), &[0; 70_000], NONE, &here),
        Err(Errno::EMSGSIZE)
    );
}

#[test]
fn descriptors_both_ways() {
    let (left, right) = pair();
    let mut sent = tracked(2);
    let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(2) }>::new();
    control.push_fds(&fds(&sent)).unwrap();
    let data = [IoSlice::new(b"two")];
    for send in [fd::try_send_msg, fd::send_msg_once] {
        assert_eq!(
            send(left.as_fd(), &data, control.as_bytes(), None, NONE),
            Ok(3)
        );
        let mut buf = [0; 8];
        let mut bufs = [IoSliceMut::new(&mut buf)];
        let mut room = [MaybeUninit::uninit(); ControlBuilder::space_for_fds(2)];
        let mut from = Address::UNSPECIFIED;
        let flags = MsgFlags::CMSG_CLOEXEC;
        let info = fd::try_recv_msg(right.as_fd(), &mut bufs, &mut room, &mut from, flags).unwrap();
        assert_eq!((info.len, info.control_len), (3, room.len()));
        // SAFETY: recvmsg(2) wrote `control_len` bytes.
        let bytes: Vec<u8> = room.map(|byte| unsafe { byte.assume_init() }).into();
        let messages: Vec<_> = fd::control_messages(&bytes).collect();
        let [(level, kind, numbers)] = messages[..] else {
            unreachable!("{messages:?}")
        };
        assert_eq!((level, kind), (libc::SOL_SOCKET, libc::SCM_RIGHTS));
        for number in numbers.chunks_exact(4) {
            let number = i32::from_ne_bytes(number.try_into().unwrap());
            // SAFETY: the number came in this message, and nobody else owns it.
            let came =
                unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(number) };
            assert!(is_cloexec(came.as_fd()));
        }
    }
    assert!(all_gone(&mut sent));
}

#[test]
fn a_connection_with_its_peer_or_without() {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let to = listener.local_address().unwrap();
    let client = || {
        let client = Endpoint::new(Family::INET, Kind::STREAM, Default::default()).unwrap();
        client.connect(&to).unwrap();
        client
    };
    for nonblocking in [false, true] {
        let client = client();
        let mut peer = Address::UNSPECIFIED;
        let accepted = fd::accept_once(listener.as_fd(), Some(&mut peer), nonblocking).unwrap();
        assert_eq!(Ok(peer), client.local_address());
        assert!(is_cloexec(accepted.as_fd()));
        assert_eq!(fd::is_nonblocking(accepted.as_fd()), Ok(nonblocking));
    }
    let _client = client();
    assert!(fd::accept_once(listener.as_fd(), None, false).is_ok());
    listener.set_nonblocking(true).unwrap();
    let nobody = fd::accept_once(listener.as_fd(), None, false);
    assert_eq!(nobody.unwrap_err(), Errno::EAGAIN);
}

#[test]
fn addresses_of_another_language() {
    let (left, right) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
    let to = right.local_address().unwrap();
    left.send_to(b"data", &to).unwrap();
    let mut name = MaybeUninit::uninit();
    let mut len = size_of_val(&name) as libc::socklen_t;
    let came = fd::recv_from_native_once(
        right.as_fd(),
        &mut Room::new().0,
        NONE,
        (&mut name, &mut len),
    );
    assert_eq!(came, Ok(4));
    // SAFETY: recvfrom(2) wrote `len` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(name.as_ptr().cast(), len as usize) };
    assert_eq!(Address::from_bytes(bytes), left.local_address());

    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let client = Endpoint::new(Family::INET, Kind::STREAM, Default::default()).unwrap();
    client.connect(&listener.local_address().unwrap()).unwrap();
    let mut len = size_of_val(&name) as libc::socklen_t;
    let peer = Some((&mut name, &mut len));
    let accepted = fd::accept_native_once(listener.as_fd(), peer, true).unwrap();
    assert!(is_cloexec(accepted.as_fd()));
    assert_eq!(fd::is_nonblocking(accepted.as_fd()), Ok(true));
    // SAFETY: accept(2) wrote `len` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(name.as_ptr().cast(), len as usize) };
    assert_eq!(Address::from_bytes(bytes), client.local_address());
}

#[test]
fn no_descriptor_is_a_bad_one() {
    let (to, mut room) = (Address::UNSPECIFIED, Room::new());
    assert_eq!(fd::send_once(None, b"data", NONE), Err(Errno::EBADF));
    assert_eq!(
        fd::send_to_once(None, b"data", NONE, &to),
        Err(Errno::EBADF)
    );
    assert_eq!(fd::recv_once(None, &mut room.0, NONE), Err(Errno::EBADF));
    let accepted = fd::accept_native_once(None, None, false);
    assert_eq!(accepted.unwrap_err(), Errno::EBADF);
}

#[test]
fn one_that_sleeps_ends_with_the_signal() {
    let (_left, right) = pair();
    let (received, interrupted) =
        under_fire(|| fd::recv_once(right.as_fd(), &mut Room::new().0, NONE));
    assert_eq!(received, Err(Errno::EINTR));
    assert!(interrupted >= 1);
}

#[test]
fn a_time_to_live_beside_the_data() {
    let (left, right) = support::udp_pair("127.0.0.1:0");
    right.set(rsocket::option::IpRecvTtl, true).unwrap();
    let mut control = ControlBuilder::<{ ControlBuilder::space(4) }>::new();
    control.push_time_to_live(9).unwrap();
    let data = [IoSlice::new(b"x")];
    let sent = fd::try_send_msg(left.as_fd(), &data, control.as_bytes(), None, NONE);
    assert_eq!(sent, Ok(1));
    let mut ancillary = rsocket::Ancillary::<{ ControlBuilder::space(4) }>::new();
    let mut buf = [0; 1];
    let mut bufs = [IoSliceMut::new(&mut buf)];
    let soon = rsocket::Deadline::after(Duration::from_secs(5));
    let _ = right
        .recv_msg_with(&mut bufs, &mut ancillary, NONE, soon)
        .unwrap();
    let first = ancillary.messages().next();
    assert!(matches!(first, Some(Control::TimeToLive(9))), "{first:?}");
}
