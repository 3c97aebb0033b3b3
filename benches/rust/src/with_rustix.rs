//! rustix, on its own system calls.

use std::hint::black_box;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

use rustix::io::Errno;
use rustix::net::{
    MMsgHdr, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrAny, SocketAddrUnix, getsockname, recv, recvfrom,
    recvmsg, send, sendmmsg, sendmsg, sendto, sockopt,
};

use crate::Case;
use crate::fixture::{BATCH, LEN, Udp, at_path, empty, look, streams, times, udp_v4, udp_v6};
use crate::hand::{self, Ready};

pub const CASES: &[Case] = &[
    ("send", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(send(&left, black_box(&data), SendFlags::NOSIGNAL).unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("recv", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            hand::send(left.as_raw_fd(), black_box(&data));
            let buf = black_box(&mut buf[..]);
            let (len, _) = recv(&right, &mut *buf, RecvFlags::empty()).unwrap();
            look(&buf[..len]);
        });
    }),
    ("send_to v4, ready", |count| {
        let (left, right, to) = udp_v4();
        let to = SocketAddrAny::from(to);
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let sent = sendto(&left, black_box(&data), SendFlags::NOSIGNAL, black_box(&to));
            assert!(sent.unwrap() == LEN);
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
    ("send fd", |count| {
        let (left, right) = streams();
        times(count, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            let fds = [black_box(left.as_fd())];
            assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
            let data = [IoSlice::new(b"x")];
            assert!(sendmsg(&left, &data, &mut control, SendFlags::NOSIGNAL).unwrap() == 1);
            hand::close(hand::recv_fd(right.as_raw_fd()));
        });
    }),
    ("recv fd", |count| {
        let (left, right) = streams();
        times(count, || {
            hand::send_fd(left.as_raw_fd(), black_box(left.as_raw_fd()));
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut byte = [0];
            let mut bufs = [IoSliceMut::new(&mut byte)];
            let flags = RecvFlags::CMSG_CLOEXEC;
            assert!(
                recvmsg(&right, &mut bufs, &mut control, flags)
                    .unwrap()
                    .bytes
                    == 1
            );
            let fd = control.drain().find_map(|message| match message {
                RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
                _ => None,
            });
            drop(fd.unwrap());
        });
    }),
    ("send batch", |count| {
        let (left, right, to) = udp_v4();
        let to = SocketAddrAny::from(to);
        let (data, mut receives) = ([7; LEN], hand::Batch::new(None));
        times(count, || {
            let data = [IoSlice::new(black_box(&data))];
            let mut controls: [SendAncillaryBuffer<'_, '_, '_>; BATCH] =
                std::array::from_fn(|_| SendAncillaryBuffer::default());
            let mut controls = controls.iter_mut();
            let mut messages: [MMsgHdr<'_>; BATCH] = std::array::from_fn(|_| {
                MMsgHdr::new_with_addr(&to, &data, controls.next().unwrap())
            });
            assert!(sendmmsg(&left, &mut messages, SendFlags::NOSIGNAL).unwrap() == BATCH);
            receives.recv(right.as_raw_fd(), false);
        });
    }),
    ("would block", |count| {
        let (_left, right) = empty();
        let mut buf = [0; LEN];
        times(count, || {
            let error = recv(&right, black_box(&mut buf[..]), RecvFlags::empty()).unwrap_err();
            assert!(error == Errno::AGAIN);
        });
    }),
    ("local address", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            black_box(SocketAddr::try_from(getsockname(&left).unwrap()).unwrap());
        });
    }),
    ("get option", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            black_box(sockopt::socket_reuseaddr(&left).unwrap());
        });
    }),
    ("unix send_to, path", |count| {
        let at = at_path();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let to = SocketAddrUnix::new(black_box(&at.path)).unwrap();
            let sent = sendto(&at.sender, black_box(&data), SendFlags::NOSIGNAL, &to);
            assert!(sent.unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("unix send_to, ready", |count| {
        let at = at_path();
        let to = SocketAddrUnix::new(&at.path).unwrap();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let sent = sendto(
                &at.sender,
                black_box(&data),
                SendFlags::NOSIGNAL,
                black_box(&to),
            );
            assert!(sent.unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
];

fn send_to(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        let sent = sendto(&left, black_box(&data), SendFlags::NOSIGNAL, black_box(&to));
        assert!(sent.unwrap() == LEN);
        hand::recv(right.as_raw_fd(), black_box(&mut buf));
    });
}

#[inline(always)]
fn recv_from(count: u64, (left, right, to): Udp, convert: bool) {
    let to = Ready::new(to);
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        to.send(left.as_raw_fd(), black_box(&data));
        let buf = black_box(&mut buf[..]);
        let (len, _, from) = recvfrom(&right, &mut *buf, RecvFlags::empty()).unwrap();
        look(&buf[..len]);
        if convert {
            black_box(SocketAddr::try_from(from.unwrap()).unwrap());
        } else {
            black_box(&from);
        }
    });
}
