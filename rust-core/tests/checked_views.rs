//! A view is lent only where the socket is what the view says, and it passes on what came.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{IoSliceMut, Read, Write};

use rsocket::{Endpoint, Errno, Error, Kind, listen};
use support::udp;

#[test]
fn a_stream_is_read_and_written_as_io() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut writer = left.as_stream().unwrap();
    writer.write_all(b"some data").unwrap();
    writer.flush().unwrap();
    let (mut head, mut tail) = ([0; 4], [0; 8]);
    let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
    let mut reader = right.as_stream().unwrap();
    assert_eq!(reader.read_vectored(&mut bufs).unwrap(), 9);
    assert_eq!((&head, &tail[..5]), (b"some", &b" data"[..]));
    drop(left);
    assert_eq!(reader.read(&mut head).unwrap(), 0);

    assert_eq!(right.as_datagram().unwrap_err(), Error::WrongKind);
    assert_eq!(right.as_listener().unwrap_err(), Error::WrongKind);
}

#[test]
fn a_datagram_socket_is_no_stream() {
    let (left, right) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
    let (from, to) = (
        left.local_address().unwrap(),
        right.local_address().unwrap(),
    );
    assert_eq!(left.as_datagram().unwrap().send_to(b"whole", &to), Ok(5));
    let (received, sender) = right.as_datagram().unwrap().recv_from(&mut [0; 2]).unwrap();
    assert!(received.truncated());
    assert_eq!((received.len, received.full_len, sender), (2, 5, from));
    assert_eq!(left.as_stream().unwrap_err(), Error::WrongKind);
    assert_eq!(Error::WrongKind.errno(), Errno::EPROTOTYPE);
    // SO_ACCEPTCONN is answered for every socket.
    assert_eq!(left.as_listener().unwrap_err(), Error::WrongKind);

    let (left, _right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    assert!(left.as_datagram().is_ok());
    assert!(left.as_stream().is_err());
}

#[test]
fn a_listener_yields_what_comes_and_every_error() {
    let listener = listen("unix-abstract:rsocket-checked-views").unwrap();
    let view = listener.as_listener().unwrap();
    let client = rsocket::connect("unix-abstract:rsocket-checked-views").unwrap();
    let mut incoming = view.incoming();
    let (server, _) = incoming.next().unwrap().unwrap();
    client.send(b"x").unwrap();
    assert_eq!(server.recv(&mut [0; 4]).unwrap().len, 1);

    // An error does not end it: what comes afterwards is accepted.
    listener.set_nonblocking(true).unwrap();
    assert!(incoming.next().unwrap().unwrap_err().is_would_block());
    let _client = rsocket::connect("unix-abstract:rsocket-checked-views").unwrap();
    assert!(incoming.next().unwrap().is_ok());
}
