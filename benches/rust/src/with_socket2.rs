//! socket2.

use std::hint::black_box;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

use socket2::{SockAddr, Socket};

use crate::Case;
use crate::fixture::{LEN, Udp, at_path, empty, look, streams, times, udp_v4, udp_v6};
use crate::hand::{self, Ready};

fn socket(socket: impl Into<OwnedFd>) -> Socket {
    Socket::from(socket.into())
}

pub const CASES: &[Case] = &[
    ("send", |count| {
        let (left, right) = streams();
        let left = socket(left);
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(left.send(black_box(&data)).unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("recv", |count| {
        let (left, right) = streams();
        let right = socket(right);
        let (data, mut buf) = ([7; LEN], [MaybeUninit::uninit(); LEN]);
        times(count, || {
            hand::send(left.as_raw_fd(), black_box(&data));
            let buf = black_box(&mut buf[..]);
            let len = right.recv(buf).unwrap();
            look(&buf[..len]);
        });
    }),
    ("send_to v4, ready", |count| {
        let (left, right, to) = udp_v4();
        let (left, to) = (socket(left), SockAddr::from(to));
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(left.send_to(black_box(&data), black_box(&to)).unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("send_to v4", |count| send_to(count, udp_v4())),
    ("send_to v6", |count| send_to(count, udp_v6())),
    ("recv_from v4, moved", |count| {
        recv_from(count, udp_v4(), false)
    }),
    ("recv_from v4", |count| recv_from(count, udp_v4(), true)),
    ("recv_from v6", |count| recv_from(count, udp_v6(), true)),
    ("would block", |count| {
        let (_left, right) = empty();
        let right = socket(right);
        let mut buf = [MaybeUninit::uninit(); LEN];
        times(count, || {
            let error = right.recv(black_box(&mut buf)).unwrap_err();
            assert!(error.kind() == ErrorKind::WouldBlock);
        });
    }),
    ("local address", |count| {
        let (left, _right, _) = udp_v4();
        let left = socket(left);
        times(count, || {
            black_box(left.local_addr().unwrap().as_socket().unwrap());
        });
    }),
    ("get option", |count| {
        let (left, _right, _) = udp_v4();
        let left = socket(left);
        times(count, || {
            black_box(left.reuse_address().unwrap());
        });
    }),
    ("unix send_to, path", |count| {
        let at = at_path();
        let sender = socket(at.sender.try_clone().unwrap());
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let to = SockAddr::unix(black_box(&at.path)).unwrap();
            assert!(sender.send_to(black_box(&data), &to).unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("unix send_to, ready", |count| {
        let at = at_path();
        let sender = socket(at.sender.try_clone().unwrap());
        let to = SockAddr::unix(&at.path).unwrap();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(sender.send_to(black_box(&data), black_box(&to)).unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
];

fn send_to(count: u64, (left, right, to): Udp) {
    let left = socket(left);
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        let to = SockAddr::from(*black_box(&to));
        assert!(left.send_to(black_box(&data), &to).unwrap() == LEN);
        hand::recv(right.as_raw_fd(), black_box(&mut buf));
    });
}

#[inline(always)]
fn recv_from(count: u64, (left, right, to): Udp, convert: bool) {
    let (right, to) = (socket(right), Ready::new(to));
    let (data, mut buf) = ([7; LEN], [MaybeUninit::uninit(); LEN]);
    times(count, || {
        to.send(left.as_raw_fd(), black_box(&data));
        let buf = black_box(&mut buf[..]);
        let (len, from) = right.recv_from(buf).unwrap();
        look(&buf[..len]);
        if convert {
            black_box(from.as_socket().unwrap());
        } else {
            black_box(&from);
        }
    });
}
