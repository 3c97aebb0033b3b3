//! A datagram that was longer than the buffer is never taken for a short one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::IoSliceMut;

use rsocket::{Ancillary, Endpoint, Kind, MsgFlags, Received};
use support::{tcp_pair, udp_pair};

fn message_pairs() -> Vec<(Endpoint, Endpoint)> {
    vec![
        Endpoint::pair(Kind::DGRAM).unwrap(),
        Endpoint::pair(Kind::SEQPACKET).unwrap(),
        udp_pair("127.0.0.1:0"),
        udp_pair("[::1]:0"),
    ]
}

/// Every receiving verb, into a buffer of so many bytes.
fn receive(from: &Endpoint, verb: usize, room: usize) -> Received {
    let mut data = vec![0; room];
    let mut bufs = [IoSliceMut::new(&mut data)];
    match verb {
        0 => from.recv(&mut data).unwrap(),
        1 => from.recv_from(&mut data).unwrap().0,
        2 => from.recv_vectored(&mut bufs).unwrap(),
        3 => {
            let mut ancillary = Ancillary::<0>::new();
            let received = from.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty());
            received.unwrap().0
        }
        _ => from.recv_fds::<0>(&mut data).unwrap().0,
    }
}

#[test]
fn longer_than_the_buffer() {
    for (left, right) in message_pairs() {
        let verbs = if right.family() == rsocket::Family::UNIX {
            5
        } else {
            4
        };
        for verb in 0..verbs {
            for room in [0, 1, 99] {
                left.send(&[7; 100]).unwrap();
                let received = receive(&right, verb, room);
                assert!(received.truncated(), "verb {verb}, {room} bytes");
                assert_eq!((received.len, received.full_len), (room, 100));
            }
            for room in [100, 101] {
                left.send(&[7; 100]).unwrap();
                let received = receive(&right, verb, room);
                assert!(!received.truncated(), "verb {verb}, {room} bytes");
                assert_eq!((received.len, received.full_len), (100, 100));
            }
        }
    }
}

#[test]
fn an_empty_datagram_is_whole() {
    for (left, right) in message_pairs() {
        left.send(&[]).unwrap();
        let received = right.recv(&mut [0; 8]).unwrap();
        assert!(!received.truncated());
        assert_eq!(received.len, 0);
    }
}

#[test]
fn what_is_cut_off_is_not_in_the_next_datagram() {
    for (left, right) in message_pairs() {
        left.send(b"first is long").unwrap();
        left.send(b"second").unwrap();
        let mut buf = [0; 5];
        assert!(right.recv(&mut buf).unwrap().truncated());
        assert_eq!(&buf, b"first");
        let mut buf = [0; 10];
        assert_eq!(right.recv(&mut buf).unwrap().len, 6);
        assert_eq!(&buf[..6], b"second");
    }
}

#[test]
fn peeking_tells_the_length_and_leaves_the_datagram() {
    for (left, right) in message_pairs() {
        left.send(&[7; 100]).unwrap();
        for _ in 0..2 {
            let peeked = right
                .recv_with(&mut [], MsgFlags::PEEK, rsocket::Blocking)
                .unwrap();
            assert_eq!(peeked.full_len, 100);
        }
        assert_eq!(right.recv(&mut [0; 100]).unwrap().len, 100);
    }
}

#[test]
fn a_stream_has_nothing_to_truncate() {
    for (left, right) in [Endpoint::pair(Kind::STREAM).unwrap(), tcp_pair()] {
        left.send_all(&[7; 100]).unwrap();
        for verb in 0..4 {
            let received = receive(&right, verb, 10);
            assert!(!received.truncated(), "verb {verb}");
            assert_eq!((received.len, received.full_len), (10, 10));
        }
        // All of the rest is there: nothing was thrown away.
        let mut rest = [0; 60];
        right.recv_exact(&mut rest).unwrap();
        assert_eq!(rest, [7; 60]);
    }
}
