//! The address that comes with a message is the sender's own, to the byte: whatever its length, by
//! whichever verb, and whatever the buffer held before.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::IoSliceMut;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rsocket::fd;
use rsocket::{
    Address, Ancillary, Blocking, Endpoint, Family, Kind, MsgFlags, Protocol, RecvBatch,
};
use support::udp;

/// A directory of the test's own, removed with all that is in it.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rsocket-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Dir(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unix(local: &Address) -> Endpoint {
    let socket = Endpoint::new(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
    socket.bind(local).unwrap();
    socket
}

/// The sender of the next message by each verb there is; the queue holds one message for each.
fn senders(receiver: &Endpoint, batch: &mut RecvBatch) -> Vec<Address> {
    let mut all = Vec::new();
    all.push(receiver.recv_from(&mut [0; 8]).unwrap().1);
    all.push(
        receiver
            .as_datagram()
            .unwrap()
            .recv_from(&mut [0; 8])
            .unwrap()
            .1,
    );
    let mut data = [0; 8];
    let mut bufs = [IoSliceMut::new(&mut data)];
    let mut none = Ancillary::<0>::new();
    all.push(
        receiver
            .recv_msg(&mut bufs, &mut none, MsgFlags::empty())
            .unwrap()
            .1,
    );
    let mut from = Address::unix_abstract("long enough to be seen if it stayed").unwrap();
    let flags = MsgFlags::empty();
    fd::recv_msg(
        receiver.as_fd(),
        &mut bufs,
        &mut [],
        Some(&mut from),
        flags,
        &mut Blocking,
    )
    .unwrap();
    all.push(from);
    from = Address::unix_abstract("another that is longer than most are").unwrap();
    let _ = receiver.recv_from_into(&mut [0; 8], &mut from).unwrap();
    all.push(from);
    let message = receiver.recv_batch(batch).unwrap().next().unwrap();
    all.push(*message.from);
    all
}

const VERBS: usize = 6;

#[test]
fn names_of_every_length() {
    let dir = Dir::new("names");
    let longest = dir.0.join("x".repeat(107 - dir.0.as_os_str().len() - 1));
    assert_eq!(longest.as_os_str().len(), 107);
    let receiver = unix(&Address::unix(dir.0.join("receiver")).unwrap());
    let to = receiver.local_address().unwrap();
    let mut batch = RecvBatch::new(1, 8).unwrap();
    for local in [
        Address::unix(&longest).unwrap(),
        Address::unix(dir.0.join("s")).unwrap(),
        Address::unix_abstract("y".repeat(107)).unwrap(),
        Address::unix_abstract("z").unwrap(),
        Address::unix_abstract(b"holds\0a NUL").unwrap(),
        Address::unix(dir.0.join("middle")).unwrap(),
    ] {
        let sender = unix(&local);
        for _ in 0..VERBS {
            sender.send_to(b"x", &to).unwrap();
        }
        for from in senders(&receiver, &mut batch) {
            assert_eq!(from, local);
            assert_eq!(from.as_bytes(), local.as_bytes());
        }
    }
}

#[test]
fn none_after_one() {
    let dir = Dir::new("none");
    let receiver = unix(&Address::unix(dir.0.join("receiver")).unwrap());
    let to = receiver.local_address().unwrap();
    let named = unix(&Address::unix(dir.0.join("sender")).unwrap());
    let nameless = Endpoint::new(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
    let mut batch = RecvBatch::new(1, 8).unwrap();
    for (sender, is_named) in [(&named, true), (&nameless, false)] {
        for _ in 0..VERBS {
            sender.send_to(b"x", &to).unwrap();
        }
        for from in senders(&receiver, &mut batch) {
            assert_eq!(from.as_path().is_some(), is_named, "{from:?}");
        }
    }
}

#[test]
fn internet_addresses_with_port() {
    for local in ["127.0.0.1:0", "[::1]:0"] {
        let (sender, receiver) = (udp(local), udp(local));
        let (from, to) = (
            sender.local_address().unwrap(),
            receiver.local_address().unwrap(),
        );
        for _ in 0..VERBS {
            sender.send_to(b"x", &to).unwrap();
        }
        let mut batch = RecvBatch::new(1, 8).unwrap();
        assert_eq!(senders(&receiver, &mut batch), vec![from; VERBS]);
    }
}
