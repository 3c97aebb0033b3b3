//! A shared endpoint does what an endpoint does, from any clone; once closed, every verb says so and
//! nothing is sent, received or leaked.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::AsFd;

use rsocket::{
    Ancillary, ControlBuilder, Endpoint, Errno, Error, Kind, MsgFlags, Protocol, SharedEndpoint,
};
use support::{Tracked, all_gone, fds, soon, tracked, udp};

const ROOM: usize = ControlBuilder::space_for_fds(2);

fn shared_pair(kind: Kind) -> (SharedEndpoint, SharedEndpoint) {
    let (left, right) = Endpoint::pair(kind).unwrap();
    (left.try_into().unwrap(), right.try_into().unwrap())
}

#[test]
fn it_is_what_it_was_made_from() {
    let endpoint = udp("127.0.0.1:0");
    let local = endpoint.local_address().unwrap();
    let shown = format!("SharedEndpoint({endpoint:?})");
    let shared = SharedEndpoint::new(endpoint).unwrap();
    assert_eq!(shared.family(), rsocket::Family::INET);
    assert_eq!(
        (shared.kind(), shared.protocol()),
        (Kind::DGRAM, Protocol::UDP)
    );
    assert_eq!(shared.local_address(), Ok(local));
    assert_eq!(shared.peer_address().unwrap_err().errno(), Errno::ENOTCONN);
    assert_eq!(format!("{shared:?}"), shown);
    assert!(!shared.is_closed());

    let clone = shared.clone();
    assert!(clone.close());
    assert!(!shared.close(), "closed by the clone already");
    assert!(shared.is_closed());
    assert_eq!(format!("{shared:?}"), "SharedEndpoint(closed)");
    // What it is stays known.
    assert_eq!(shared.kind(), Kind::DGRAM);
}

#[test]
fn datagrams_with_addresses() {
    let [left, right] = [(); 2].map(|()| SharedEndpoint::new(udp("127.0.0.1:0")).unwrap());
    let (from, to) = (
        left.local_address().unwrap(),
        right.local_address().unwrap(),
    );
    let none = MsgFlags::empty();
    assert_eq!(left.send_to(b"one", &to), Ok(3));
    assert_eq!(left.send_to_with(b"three", &to, none, soon()), Ok(5));
    let mut buf = [0; 8];
    let (received, sender) = right.recv_from(&mut buf).unwrap();
    assert_eq!((&buf[..received.len], sender), (&b"one"[..], from));
    let (received, sender) = right.recv_from_with(&mut buf, none, soon()).unwrap();
    assert_eq!((&buf[..received.len], sender), (&b"three"[..], from));

    left.connect(&to).unwrap();
    assert_eq!(left.peer_address(), Ok(to));
    assert_eq!(left.send(b"connected"), Ok(9));
    let received = right.recv(&mut buf).unwrap();
    assert!(received.truncated());
    assert_eq!((received.len, received.full_len), (8, 9));
}

#[test]
fn all_of_a_stream_and_its_end() {
    let (left, right) = shared_pair(Kind::STREAM);
    left.send_all(b"every ").unwrap();
    left.send_all_with(b"byte", MsgFlags::empty(), soon())
        .unwrap();
    let mut all = [0; 10];
    right.recv_exact(&mut all[..6]).unwrap();
    right
        .recv_exact_with(&mut all[6..], MsgFlags::empty(), soon())
        .unwrap();
    assert_eq!(&all, b"every byte");

    left.shutdown(Shutdown::Write).unwrap();
    assert_eq!(left.send(b"x").unwrap_err().errno(), Errno::EPIPE);
    let partial = right.recv_exact(&mut all).unwrap_err();
    assert_eq!((partial.done, partial.error), (0, Error::UnexpectedEof));
}

#[test]
fn messages_and_descriptors() {
    let (left, right) = shared_pair(Kind::SEQPACKET);
    let mut sent = tracked(3);
    let mut control = ControlBuilder::<ROOM>::new();
    control.push_fds(&fds(&sent[..1])).unwrap();
    let data = [IoSlice::new(b"one"), IoSlice::new(b" message")];
    assert_eq!(
        left.send_msg(&data, &control, None, MsgFlags::empty()),
        Ok(11)
    );
    let mut buf = [0; 16];
    let mut bufs = [IoSliceMut::new(&mut buf)];
    let mut ancillary = Ancillary::<ROOM>::new();
    let (received, _) = right
        .recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())
        .unwrap();
    assert_eq!((received.len, ancillary.take_fds().count()), (11, 1));

    assert_eq!(left.send_fds(b"two more", &fds(&sent[1..])), Ok(8));
    let (received, taken) = right.recv_fds::<2>(&mut buf).unwrap();
    assert_eq!(received.len, 8);
    sent.iter_mut().for_each(Tracked::close);
    assert!(sent[0].is_gone() && !sent[1].is_gone() && !sent[2].is_gone());
    drop(taken);
    assert!(all_gone(&mut sent));
}

#[test]
fn every_verb_of_a_closed_one() {
    let (shared, _peer) = shared_pair(Kind::STREAM);
    let to = rsocket::Address::unix_abstract("nobody").unwrap();
    let mut sent = tracked(1);
    let (none, mut buf) = (MsgFlags::empty(), [0; 8]);
    let pass = shared.enter().unwrap();
    assert!(shared.close());
    // Who is in may go on.
    assert_eq!(pass.kind(), Kind::STREAM);
    drop(pass);

    let closed = Error::Closed;
    assert_eq!(closed.errno(), Errno::EBADF);
    assert_eq!(shared.recv(&mut buf).unwrap_err(), closed);
    assert_eq!(shared.send(b"x").unwrap_err(), closed);
    assert_eq!(shared.recv_from(&mut buf).unwrap_err(), closed);
    assert_eq!(shared.send_to(b"x", &to).unwrap_err(), closed);
    let partial = shared.send_all(b"x").unwrap_err();
    assert_eq!((partial.done, partial.error), (0, closed));
    let partial = shared.recv_exact(&mut buf).unwrap_err();
    assert_eq!((partial.done, partial.error), (0, closed));
    let mut bufs = [IoSliceMut::new(&mut buf)];
    let received = shared.recv_msg(&mut bufs, &mut Ancillary::<ROOM>::new(), none);
    assert_eq!(received.unwrap_err(), closed);
    let control = ControlBuilder::<0>::default();
    assert_eq!(
        shared.send_msg(&[], &control, None, none).unwrap_err(),
        closed
    );
    assert_eq!(
        shared.send_fds(b"x", &[sent[0].fd().as_fd()]).unwrap_err(),
        closed
    );
    assert_eq!(shared.recv_fds::<1>(&mut buf).unwrap_err(), closed);
    assert_eq!(shared.accept().unwrap_err(), closed);
    assert_eq!(shared.connect(&to).unwrap_err(), closed);
    assert_eq!(shared.shutdown(Shutdown::Both).unwrap_err(), closed);
    assert_eq!(shared.local_address().unwrap_err(), closed);
    assert_eq!(shared.peer_address().unwrap_err(), closed);
    assert_eq!(shared.set_nonblocking(true).unwrap_err(), closed);
    assert!(shared.enter().is_err());
    assert!(all_gone(&mut sent));
}
