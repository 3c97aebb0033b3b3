//! This library, as a user of `Endpoint` writes it.

use std::hint::black_box;
use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rsocket::{
    Address, Ancillary, ControlBuilder, Endpoint, MsgFlags, RecvBatch, SendBatch, option,
};

use crate::Case;
use crate::fixture::{BATCH, LEN, Udp, at_path, empty, look, streams, times, udp_v4, udp_v6};
use crate::hand::{self, Ready};

fn endpoint(socket: impl Into<OwnedFd>) -> Endpoint {
    Endpoint::try_from(socket.into()).unwrap()
}

const ONE_FD: usize = ControlBuilder::space_for_fds(1);

pub const CASES: &[Case] = &[
    ("send", |count| {
        let (left, right) = streams();
        let left = endpoint(left);
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(left.send(black_box(&data)).unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("recv", |count| {
        let (left, right) = streams();
        let right = endpoint(right);
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            hand::send(left.as_raw_fd(), black_box(&data));
            let buf = black_box(&mut buf[..]);
            let received = right.recv(buf).unwrap();
            look(&buf[..received.len]);
        });
    }),
    ("send_to v4, ready", |count| {
        let (left, right, to) = udp_v4();
        let (left, to) = (endpoint(left), Address::from(to));
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(left.send_to(black_box(&data), black_box(&to)).unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("send_to v4", |count| send_to(count, udp_v4())),
    ("send_to v6", |count| send_to(count, udp_v6())),
    ("recv_from v4, native", |count| {
        let (left, right, to) = udp_v4();
        let (right, to) = (endpoint(right), Ready::new(to));
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            to.send(left.as_raw_fd(), black_box(&data));
            let mut from = Address::default();
            let buf = black_box(&mut buf[..]);
            let received = right.recv_from_into(buf, &mut from).unwrap();
            look(&buf[..received.len]);
            black_box(&from);
        });
    }),
    ("recv_from v4, moved", |count| {
        let (left, right, to) = udp_v4();
        let (right, to) = (endpoint(right), Ready::new(to));
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            to.send(left.as_raw_fd(), black_box(&data));
            let buf = black_box(&mut buf[..]);
            let (received, from) = right.recv_from(buf).unwrap();
            look(&buf[..received.len]);
            black_box(&from);
        });
    }),
    ("recv_from v4", |count| recv_from(count, udp_v4())),
    ("recv_from v6", |count| recv_from(count, udp_v6())),
    ("send fd", |count| {
        let (left, right) = streams();
        let left = endpoint(left);
        times(count, || {
            let mut control = ControlBuilder::<ONE_FD>::new();
            control.push_fds(&[black_box(left.as_fd())]).unwrap();
            let data = [IoSlice::new(b"x")];
            let sent = left.send_msg(&data, &control, None, MsgFlags::empty());
            assert!(sent.unwrap() == 1);
            hand::close(hand::recv_fd(right.as_raw_fd()));
        });
    }),
    ("recv fd", |count| {
        let (left, right) = streams();
        let right = endpoint(right);
        times(count, || {
            hand::send_fd(left.as_raw_fd(), black_box(left.as_raw_fd()));
            let mut ancillary = Ancillary::<ONE_FD>::new();
            let mut byte = [0];
            let mut bufs = [IoSliceMut::new(&mut byte)];
            let received = right.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty());
            assert!(!received.unwrap().0.control_truncated());
            drop(ancillary.take_fds().next().unwrap());
        });
    }),
    ("send batch", |count| {
        let (left, right, to) = udp_v4();
        let (left, to) = (endpoint(left), Address::from(to));
        let mut batch = SendBatch::new(BATCH).unwrap();
        let (data, mut receives) = ([7; LEN], hand::Batch::new(None));
        times(count, || {
            let (data, to) = (black_box(&data[..]), black_box(&to));
            let mut messages = batch.messages();
            for _ in 0..BATCH {
                messages.push(data, Some(to)).unwrap();
            }
            assert!(left.send_batch(&mut messages).unwrap() == BATCH);
            receives.recv(right.as_raw_fd(), false);
        });
    }),
    ("recv batch, native", |count| recv_batch(count, false)),
    ("recv batch", |count| recv_batch(count, true)),
    ("would block", |count| {
        let (_left, right) = empty();
        let right = endpoint(right);
        let mut buf = [0; LEN];
        times(count, || {
            let error = right.recv(black_box(&mut buf)).unwrap_err();
            assert!(error.is_would_block());
        });
    }),
    ("local address", |count| {
        let (left, _right, _) = udp_v4();
        let left = endpoint(left);
        times(count, || {
            black_box(left.local_address().unwrap().as_ip().unwrap());
        });
    }),
    ("get option", |count| {
        let (left, _right, _) = udp_v4();
        let left = endpoint(left);
        times(count, || {
            black_box(left.get(option::ReuseAddr).unwrap());
        });
    }),
    ("unix send_to, path", |count| {
        let at = at_path();
        let sender = endpoint(at.sender.try_clone().unwrap());
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let to = Address::unix(black_box(&at.path)).unwrap();
            assert!(sender.send_to(black_box(&data), &to).unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("unix send_to, ready", |count| {
        let at = at_path();
        let sender = endpoint(at.sender.try_clone().unwrap());
        let to = Address::unix(&at.path).unwrap();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(sender.send_to(black_box(&data), black_box(&to)).unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
];

fn send_to(count: u64, (left, right, to): Udp) {
    let left = endpoint(left);
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        let to = Address::from(*black_box(&to));
        assert!(left.send_to(black_box(&data), &to).unwrap() == LEN);
        hand::recv(right.as_raw_fd(), black_box(&mut buf));
    });
}

fn recv_from(count: u64, (left, right, to): Udp) {
    let (right, to) = (endpoint(right), Ready::new(to));
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        to.send(left.as_raw_fd(), black_box(&data));
        let buf = black_box(&mut buf[..]);
        let (received, from) = right.recv_from(buf).unwrap();
        black_box(from.as_ip().unwrap());
        look(&buf[..received.len]);
    });
}

#[inline(always)]
fn recv_batch(count: u64, convert: bool) {
    let (left, right, to) = udp_v4();
    let right = endpoint(right);
    let SocketAddr::V4(to) = to else {
        unreachable!()
    };
    let mut sends = hand::Batch::new(Some(&hand::native_v4(&to)));
    let mut batch = RecvBatch::new(BATCH, LEN).unwrap();
    times(count, || {
        sends.send(left.as_raw_fd());
        let messages = right.recv_batch(&mut batch).unwrap();
        assert!(messages.len() == BATCH);
        for message in messages {
            black_box(&*message.data);
            if convert {
                black_box(message.from.as_ip().unwrap());
            } else {
                black_box(message.from);
            }
        }
    });
}
