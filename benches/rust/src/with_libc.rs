//! The measure: each call as one would write it by hand on the libc crate, failures noticed.

use std::hint::black_box;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use libc::{c_int, c_void, sockaddr, socklen_t, ssize_t};

use crate::Case;
use crate::fixture::{LEN, Udp, at_path, empty, look, streams, times, udp_v4, udp_v6};
use crate::hand::{self, Batch, Ready, native_v4, native_v6, socket_addr};

pub const CASES: &[Case] = &[
    ("send", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            assert!(send(left.as_raw_fd(), black_box(&data)).unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("recv", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            hand::send(left.as_raw_fd(), black_box(&data));
            let buf = black_box(&mut buf[..]);
            let len = recv(right.as_raw_fd(), buf).unwrap();
            look(&buf[..len]);
        });
    }),
    ("send_to v4, ready", |count| {
        let (left, right, to) = udp_v4();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        let SocketAddr::V4(to) = to else {
            unreachable!()
        };
        let to = native_v4(&to);
        times(count, || {
            let (to, len) = (black_box(&to), size_of_val(&to) as socklen_t);
            let sent = send_to(left.as_raw_fd(), black_box(&data), to, len);
            assert!(sent.unwrap() == LEN);
            hand::recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("send_to v4", |count| send_to_converted(count, udp_v4())),
    ("send_to v6", |count| send_to_converted(count, udp_v6())),
    ("recv_from v4, native", recv_from_native),
    ("recv_from v4, moved", recv_from_native),
    ("recv_from v4", |count| recv_from_converted(count, udp_v4())),
    ("recv_from v6", |count| recv_from_converted(count, udp_v6())),
    ("send fd", send_fd),
    ("recv fd", recv_fd),
    ("send batch", send_batch),
    ("recv batch, native", |count| recv_batch(count, false)),
    ("recv batch", |count| recv_batch(count, true)),
    ("would block", |count| {
        let (_left, right) = empty();
        let mut buf = [0; LEN];
        times(count, || {
            let error = recv(right.as_raw_fd(), black_box(&mut buf)).unwrap_err();
            assert!(error == libc::EAGAIN);
        });
    }),
    ("local address", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            black_box(local_address(left.as_raw_fd()));
        });
    }),
    ("get option", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            let fd = left.as_raw_fd();
            let (mut value, mut len) = (0, size_of::<c_int>() as socklen_t);
            // SAFETY: value and length are writable and of the size that the length says.
            let result = unsafe {
                libc::getsockopt(
                    fd,
                    libc::SOL_SOCKET,
                    libc::SO_REUSEADDR,
                    (&raw mut value).cast::<c_void>(),
                    &raw mut len,
                )
            };
            assert!(result == 0);
            black_box(value != 0);
        });
    }),
    ("unix send_to, path", |count| {
        let at = at_path();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let (to, len) = native_unix(black_box(&at.path));
            let sent = send_to(at.sender.as_raw_fd(), black_box(&data), &to, len);
            assert!(sent.unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("unix send_to, ready", |count| {
        let at = at_path();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        let (to, len) = native_unix(&at.path);
        times(count, || {
            let (to, len) = (black_box(&to), black_box(len));
            let sent = send_to(at.sender.as_raw_fd(), black_box(&data), to, len);
            assert!(sent.unwrap() == LEN);
            hand::recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
];

type Result<T> = std::result::Result<T, c_int>;

#[inline(always)]
fn check(result: ssize_t) -> Result<usize> {
    if result == -1 {
        // SAFETY: the pointer is this thread's errno.
        Err(unsafe { *libc::__errno_location() })
    } else {
        Ok(result as usize)
    }
}

#[inline(always)]
fn send(fd: RawFd, data: &[u8]) -> Result<usize> {
    // SAFETY: the data is readable for its length.
    check(unsafe { libc::send(fd, data.as_ptr().cast(), data.len(), libc::MSG_NOSIGNAL) })
}

#[inline(always)]
fn recv(fd: RawFd, buf: &mut [u8]) -> Result<usize> {
    // SAFETY: the buffer is writable for its length.
    check(unsafe { libc::recv(fd, buf.as_mut_ptr().cast(), buf.len(), 0) })
}

#[inline(always)]
fn send_to<A>(fd: RawFd, data: &[u8], to: &A, len: socklen_t) -> Result<usize> {
    let to = ptr::from_ref(to).cast::<sockaddr>();
    let flags = libc::MSG_NOSIGNAL;
    // SAFETY: data and address are readable for their lengths.
    check(unsafe { libc::sendto(fd, data.as_ptr().cast(), data.len(), flags, to, len) })
}

type Storage = MaybeUninit<libc::sockaddr_storage>;

#[inline(always)]
fn recv_from(fd: RawFd, buf: &mut [u8], from: &mut Storage) -> Result<(usize, socklen_t)> {
    let mut from_len = size_of::<Storage>() as socklen_t;
    // SAFETY: buffer and address are writable for their lengths.
    let len = check(unsafe {
        let (data, from) = (buf.as_mut_ptr().cast(), from.as_mut_ptr().cast());
        libc::recvfrom(fd, data, buf.len(), 0, from, &raw mut from_len)
    })?;
    Ok((len, from_len))
}

fn send_to_converted(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        let fd = left.as_raw_fd();
        let sent = match black_box(&to) {
            SocketAddr::V4(to) => {
                let to = native_v4(to);
                send_to(fd, black_box(&data), &to, size_of_val(&to) as socklen_t)
            }
            SocketAddr::V6(to) => {
                let to = native_v6(to);
                send_to(fd, black_box(&data), &to, size_of_val(&to) as socklen_t)
            }
        };
        assert!(sent.unwrap() == LEN);
        hand::recv(right.as_raw_fd(), black_box(&mut buf));
    });
}

fn recv_from_native(count: u64) {
    let (left, right, to) = udp_v4();
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    let to = Ready::new(to);
    times(count, || {
        to.send(left.as_raw_fd(), black_box(&data));
        let mut from = Storage::uninit();
        let buf = black_box(&mut buf[..]);
        let (len, from_len) = recv_from(right.as_raw_fd(), buf, &mut from).unwrap();
        look(&buf[..len]);
        black_box((&from, from_len));
    });
}

fn recv_from_converted(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    let to = Ready::new(to);
    times(count, || {
        to.send(left.as_raw_fd(), black_box(&data));
        let mut from = Storage::uninit();
        let buf = black_box(&mut buf[..]);
        let (len, from_len) = recv_from(right.as_raw_fd(), buf, &mut from).unwrap();
        look(&buf[..len]);
        black_box(socket_addr(&from, from_len));
    });
}

#[inline(always)]
fn native_unix(path: &Path) -> (libc::sockaddr_un, socklen_t) {
    // SAFETY: sockaddr_un is integers, for which zeros are valid.
    let mut address: libc::sockaddr_un = unsafe { zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let bytes = path.as_os_str().as_bytes();
    assert!(bytes.len() < address.sun_path.len());
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as libc::c_char;
    }
    let len = std::mem::offset_of!(libc::sockaddr_un, sun_path) + bytes.len() + 1;
    (address, len as socklen_t)
}

#[inline(always)]
fn local_address(fd: RawFd) -> SocketAddr {
    let mut name = MaybeUninit::<libc::sockaddr_storage>::uninit();
    let mut len = size_of::<libc::sockaddr_storage>() as socklen_t;
    // SAFETY: the address is writable for its length.
    let result = unsafe { libc::getsockname(fd, name.as_mut_ptr().cast(), &raw mut len) };
    assert!(result == 0);
    socket_addr(&name, len)
}

fn send_fd(count: u64) {
    let (left, right) = streams();
    times(count, || {
        hand::send_fd_here(left.as_raw_fd(), black_box(left.as_raw_fd()));
        hand::close(hand::recv_fd(right.as_raw_fd()));
    });
}

fn recv_fd(count: u64) {
    let (left, right) = streams();
    times(count, || {
        hand::send_fd(left.as_raw_fd(), black_box(left.as_raw_fd()));
        hand::close(hand::recv_fd_here(right.as_raw_fd()));
    });
}

#[inline(always)]
fn send_batch(count: u64) {
    let (left, right, to) = udp_v4();
    let SocketAddr::V4(to) = to else {
        unreachable!()
    };
    let (to, data) = (native_v4(&to), [7; LEN]);
    let (mut sends, mut receives) = (Batch::new(Some(&to)), Batch::new(None));
    times(count, || {
        sends.fill(black_box(&data), black_box(&to));
        sends.send(left.as_raw_fd());
        receives.recv(right.as_raw_fd(), false);
    });
}

#[inline(always)]
fn recv_batch(count: u64, convert: bool) {
    let (left, right, to) = udp_v4();
    let SocketAddr::V4(to) = to else {
        unreachable!()
    };
    let (mut sends, mut receives) = (Batch::new(Some(&native_v4(&to))), Batch::new(None));
    times(count, || {
        sends.send(left.as_raw_fd());
        receives.recv(right.as_raw_fd(), convert);
    });
}
