//! The standard library.

use std::hint::black_box;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;

use crate::Case;
use crate::fixture::{LEN, Udp, at_path, empty, look, streams, times, udp_v4, udp_v6};
use crate::hand::{self, Ready};

pub const CASES: &[Case] = &[
    ("send", |count| {
        let (mut left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(left.write(black_box(&data)).unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("recv", |count| {
        let (left, mut right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            hand::send(left.as_raw_fd(), black_box(&data));
            let buf = black_box(&mut buf[..]);
            let len = right.read(buf).unwrap();
            look(&buf[..len]);
        });
    }),
    ("send_to v4", |count| send_to(count, udp_v4())),
    ("send_to v6", |count| send_to(count, udp_v6())),
    ("recv_from v4", |count| recv_from(count, udp_v4())),
    ("recv_from v6", |count| recv_from(count, udp_v6())),
    ("would block", |count| {
        let (_left, mut right) = empty();
        let mut buf = [0; LEN];
        times(count, || {
            let error = right.read(black_box(&mut buf)).unwrap_err();
            assert!(error.kind() == ErrorKind::WouldBlock);
        });
    }),
    ("local address", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            black_box(left.local_addr().unwrap());
        });
    }),
    ("unix send_to, path", |count| {
        let at = at_path();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let sent = at.sender.send_to(black_box(&data), black_box(&at.path));
            assert!(sent.unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
];

fn send_to(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        assert!(left.send_to(black_box(&data), black_box(to)).unwrap() == LEN);
        hand::recv(right.as_raw_fd(), black_box(&mut buf));
    });
}

fn recv_from(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    let to = Ready::new(to);
    times(count, || {
        to.send(left.as_raw_fd(), black_box(&data));
        let buf = black_box(&mut buf[..]);
        let (len, from) = right.recv_from(buf).unwrap();
        look(&buf[..len]);
        black_box(from);
    });
}
