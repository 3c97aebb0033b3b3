//! Unix-domain streams: a message to a thread of its own and all of it back.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::thread;

use rsocket::Endpoint;

use super::{Contender, Table};
use crate::fixture::streams;

pub(super) fn rows(table: &mut Table) {
    for (size, text) in [
        (1 << 10, "1 KiB"),
        (16 << 10, "16 KiB"),
        (64 << 10, "64 KiB"),
        (256 << 10, "256 KiB"),
        (1 << 20, "1 MiB"),
    ] {
        let name = format!("unix stream, {text} there and back");
        let contenders = vec![ours(size), by_hand(size), standard(size)];
        table.row("Streams", &name, 1, contenders);
    }
}

fn ours(size: usize) -> Contender<'static> {
    let (left, right) = streams();
    let left = Endpoint::try_from(left).unwrap();
    let right = Endpoint::try_from(right).unwrap();
    thread::spawn(move || {
        let mut buf = vec![0; size];
        // Fails at the end of the stream.
        while right.recv_exact(&mut buf).is_ok() {
            right.send_all(&buf).unwrap();
        }
    });
    let (data, mut back) = (vec![7; size], vec![0; size]);
    Contender::on_the_wall("rsocket", move || {
        left.send_all(&data).unwrap();
        left.recv_exact(&mut back).unwrap();
    })
}

fn standard(size: usize) -> Contender<'static> {
    let (mut left, mut right) = streams();
    thread::spawn(move || {
        let mut buf = vec![0; size];
        while right.read_exact(&mut buf).is_ok() {
            right.write_all(&buf).unwrap();
        }
    });
    let (data, mut back) = (vec![7; size], vec![0; size]);
    Contender::on_the_wall("std", move || {
        left.write_all(&data).unwrap();
        left.read_exact(&mut back).unwrap();
    })
}

fn by_hand(size: usize) -> Contender<'static> {
    let (left, right): (UnixStream, UnixStream) = streams();
    thread::spawn(move || {
        let mut buf = vec![0; size];
        while receive(right.as_raw_fd(), &mut buf) {
            send(right.as_raw_fd(), &buf);
        }
    });
    let (data, mut back) = (vec![7; size], vec![0; size]);
    Contender::on_the_wall("libc", move || {
        send(left.as_raw_fd(), &data);
        assert!(receive(left.as_raw_fd(), &mut back));
    })
}

fn send(fd: RawFd, mut data: &[u8]) {
    while !data.is_empty() {
        // SAFETY: the data is readable for its length.
        let sent = unsafe { libc::send(fd, data.as_ptr().cast(), data.len(), libc::MSG_NOSIGNAL) };
        assert!(sent > 0);
        data = &data[sent as usize..];
    }
}

/// Fills the buffer; false at the end of the stream.
fn receive(fd: RawFd, mut buf: &mut [u8]) -> bool {
    while !buf.is_empty() {
        // SAFETY: the buffer is writable for its length.
        let len = unsafe { libc::recv(fd, buf.as_mut_ptr().cast(), buf.len(), 0) };
        assert!(len >= 0);
        if len == 0 {
            return false;
        }
        buf = &mut buf[len as usize..];
    }
    true
}
