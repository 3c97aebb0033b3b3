//! nix.

use std::hint::black_box;
use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, SockaddrIn6,
    SockaddrStorage, UnixAddr, getsockname, getsockopt, recv, recvfrom, recvmmsg, recvmsg, send,
    sendmmsg, sendmsg, sendto, sockopt,
};

use crate::Case;
use crate::fixture::{BATCH, LEN, Udp, at_path, empty, look, streams, times, udp_v4, udp_v6};
use crate::hand::{self, Ready};

pub const CASES: &[Case] = &[
    ("send", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let sent = send(left.as_raw_fd(), black_box(&data), MsgFlags::MSG_NOSIGNAL);
            assert!(sent.unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("recv", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            hand::send(left.as_raw_fd(), black_box(&data));
            let buf = black_box(&mut buf[..]);
            let len = recv(right.as_raw_fd(), buf, MsgFlags::empty()).unwrap();
            look(&buf[..len]);
        });
    }),
    ("send_to v4, ready", |count| {
        let (left, right, to) = udp_v4();
        let to = SockaddrStorage::from(to);
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let to = black_box(&to);
            let flags = MsgFlags::MSG_NOSIGNAL;
            assert!(sendto(left.as_raw_fd(), black_box(&data), to, flags).unwrap() == LEN);
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
            let fds = [black_box(left.as_raw_fd())];
            let control = [ControlMessage::ScmRights(&fds)];
            let data = [IoSlice::new(b"x")];
            let flags = MsgFlags::MSG_NOSIGNAL;
            let sent = sendmsg::<()>(left.as_raw_fd(), &data, &control, flags, None);
            assert!(sent.unwrap() == 1);
            hand::close(hand::recv_fd(right.as_raw_fd()));
        });
    }),
    ("recv fd", |count| {
        let (left, right) = streams();
        let mut space = nix::cmsg_space!([std::os::fd::RawFd; 1]);
        times(count, || {
            hand::send_fd(left.as_raw_fd(), black_box(left.as_raw_fd()));
            let mut byte = [0];
            let mut bufs = [IoSliceMut::new(&mut byte)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            let message =
                recvmsg::<()>(right.as_raw_fd(), &mut bufs, Some(&mut space), flags).unwrap();
            let fd = message.cmsgs().unwrap().find_map(|message| match message {
                ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
                _ => None,
            });
            // SAFETY: the descriptor has just arrived and is nobody else's.
            drop(unsafe { OwnedFd::from_raw_fd(fd.unwrap()) });
        });
    }),
    ("send batch", |count| {
        let (left, right, to) = udp_v4();
        let to = [Some(SockaddrStorage::from(to)); BATCH];
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
        let (data, mut receives) = ([7; LEN], hand::Batch::new(None));
        times(count, || {
            let slices: [_; BATCH] = std::array::from_fn(|_| [IoSlice::new(black_box(&data))]);
            let flags = MsgFlags::MSG_NOSIGNAL;
            let sent = sendmmsg(left.as_raw_fd(), &mut headers, &slices, to, [], flags).unwrap();
            assert!(sent.count() == BATCH);
            receives.recv(right.as_raw_fd(), false);
        });
    }),
    ("recv batch", |count| {
        let (left, right, to) = udp_v4();
        let SocketAddr::V4(to) = to else {
            unreachable!()
        };
        let mut sends = hand::Batch::new(Some(&hand::native_v4(&to)));
        let mut buffers = [[0; LEN]; BATCH];
        times(count, || {
            sends.send(left.as_raw_fd());
            // Headers cannot outlive one call: they are tied to the buffers of it.
            let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
            let mut slices: [_; BATCH] = {
                let mut buffers = buffers.iter_mut();
                std::array::from_fn(|_| [IoSliceMut::new(buffers.next().unwrap())])
            };
            let flags = MsgFlags::MSG_WAITFORONE;
            let fd = right.as_raw_fd();
            let messages = recvmmsg(fd, &mut headers, slices.iter_mut(), flags, None).unwrap();
            for message in messages {
                black_box(message.iovs().next());
                let from = message.address.unwrap();
                let from = from.as_sockaddr_in().unwrap();
                black_box(SocketAddr::from((from.ip(), from.port())));
            }
        });
    }),
    ("would block", |count| {
        let (_left, right) = empty();
        let mut buf = [0; LEN];
        times(count, || {
            let error = recv(right.as_raw_fd(), black_box(&mut buf), MsgFlags::empty());
            assert!(error.unwrap_err() == Errno::EAGAIN);
        });
    }),
    ("local address", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            let name: SockaddrStorage = getsockname(left.as_raw_fd()).unwrap();
            let name = name.as_sockaddr_in().unwrap();
            black_box(SocketAddr::from((name.ip(), name.port())));
        });
    }),
    ("get option", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            black_box(getsockopt(&left, sockopt::ReuseAddr).unwrap());
        });
    }),
    ("unix send_to, path", |count| {
        let at = at_path();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let to = UnixAddr::new(black_box(&at.path)).unwrap();
            let flags = MsgFlags::MSG_NOSIGNAL;
            let sent = sendto(at.sender.as_raw_fd(), black_box(&data), &to, flags);
            assert!(sent.unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("unix send_to, ready", |count| {
        let at = at_path();
        let to = UnixAddr::new(&at.path).unwrap();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let flags = MsgFlags::MSG_NOSIGNAL;
            let sent = sendto(
                at.sender.as_raw_fd(),
                black_box(&data),
                black_box(&to),
                flags,
            );
            assert!(sent.unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
];

fn send_to(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        let (fd, flags) = (left.as_raw_fd(), MsgFlags::MSG_NOSIGNAL);
        let sent = match *black_box(&to) {
            SocketAddr::V4(to) => sendto(fd, black_box(&data), &SockaddrIn::from(to), flags),
            SocketAddr::V6(to) => sendto(fd, black_box(&data), &SockaddrIn6::from(to), flags),
        };
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
        let (len, from) = recvfrom::<SockaddrStorage>(right.as_raw_fd(), buf).unwrap();
        look(&buf[..len]);
        let from = from.unwrap();
        if !convert {
            black_box(&from);
        } else if let Some(from) = from.as_sockaddr_in() {
            black_box(SocketAddr::from((from.ip(), from.port())));
        } else {
            let from = from.as_sockaddr_in6().unwrap();
            black_box(SocketAddr::from((from.ip(), from.port())));
        }
    });
}
