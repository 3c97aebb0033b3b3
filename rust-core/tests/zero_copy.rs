//! A buffer sent with MSG_ZEROCOPY is owned until the kernel is done with it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/privileges.rs"]
mod privileges;
mod support;

use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use privileges::without_capabilities;
use rsocket::option::SendBufferForce;
use rsocket::{Deadline, Endpoint, Errno, Error, Kind, MsgFlags, StableBytes, ZeroCopy, fd};
use support::{set_int, soon, tcp_pair, udp, udp_pair};

/// Bytes whose drop is counted.
struct Counted {
    bytes: Vec<u8>,
    dropped: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: the bytes are a Vec's, on the heap.
unsafe impl StableBytes for Counted {}

#[test]
fn every_buffer_comes_back_once() {
    let (client, server) = tcp_pair();
    let mut sender = ZeroCopy::new(client).unwrap();
    let sizes = [1, 10_000, 0, 500_000, 3, 100_000];
    let reader = std::thread::spawn(move || {
        let mut all = vec![0; sizes.iter().sum()];
        server.recv_exact(&mut all).unwrap();
        (all, server)
    });
    let mut expected = Vec::new();
    for (index, size) in sizes.into_iter().enumerate() {
        let buffer = vec![index as u8; size];
        expected.extend_from_slice(&buffer);
        sender.send(buffer).unwrap();
    }
    let (all, _server) = reader.join().unwrap();
    assert!(all == expected);
    let mut back = Vec::new();
    while let Some(completed) = sender.wait_completed_with(soon()).unwrap() {
        back.push((completed.buffer.len(), completed.buffer.first().copied()));
    }
    back.sort_unstable();
    let mut sent: Vec<_> = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| (*size, (*size > 0).then_some(index as u8)))
        .collect();
    sent.sort_unstable();
    assert_eq!(back, sent);
    assert!(sender.is_empty());
    assert_eq!(sender.wait_completed().unwrap(), None);
}

#[test]
fn nothing_comes_back_before_the_peer_has_taken_it() {
    // Over TCP the kernel keeps the memory until it is acknowledged and gone from the queues. The
    // receiver's window is smaller than the buffer, the sender's own queue is not.
    let (client, server) = tcp_pair();
    set_int(&server, libc::SOL_SOCKET, libc::SO_RCVBUF, 8192);
    set_int(&client, libc::SOL_SOCKET, libc::SO_SNDBUF, 400_000);
    let dropped = Arc::new(AtomicUsize::new(0));
    let mut sender = ZeroCopy::new(client).unwrap();
    let buffer = Counted {
        bytes: vec![9; 150_000],
        dropped: Arc::clone(&dropped),
    };
    sender
        .send_with(buffer, None, MsgFlags::empty(), soon())
        .unwrap();
    let deadline = Deadline::after(Duration::from_millis(30));
    let early = sender.wait_completed_with(deadline);
    assert!(matches!(early, Err(Error::TimedOut)));
    assert_eq!((sender.len(), dropped.load(Ordering::Relaxed)), (1, 0));
    let mut all = vec![0; 150_000];
    server.recv_exact(&mut all).unwrap();
    assert!(all.iter().all(|byte| *byte == 9));
    let completed = sender.wait_completed_with(soon()).unwrap().unwrap();
    assert_eq!(completed.buffer.bytes.len(), 150_000);
    drop(completed);
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

#[test]
fn datagrams_to_several_addresses() {
    let (first, second) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
    let mut sender = ZeroCopy::new(udp("127.0.0.1:0")).unwrap();
    let shared: Arc<[u8]> = vec![5; 20_000].into();
    for to in [&first, &second] {
        sender
            .send_to(Arc::clone(&shared), &to.local_address().unwrap())
            .unwrap();
    }
    for receiver in [first, second] {
        assert_eq!(receiver.recv(&mut vec![0; 20_000]).unwrap().len, 20_000);
    }
    for _ in 0..2 {
        let completed = sender.wait_completed_with(soon()).unwrap().unwrap();
        // The loopback device copies.
        assert!(completed.copied);
    }
    assert_eq!(Arc::strong_count(&shared), 1);
}

#[test]
fn a_buffer_that_did_not_go_is_given_back() {
    let receiver = udp("127.0.0.1:0");
    let mut sender = ZeroCopy::new(udp("127.0.0.1:0")).unwrap();
    let unsent = sender
        .send_to(vec![0; 70_000], &receiver.local_address().unwrap())
        .unwrap_err();
    assert_eq!((unsent.done, unsent.error.errno()), (0, Errno::EMSGSIZE));
    assert_eq!(unsent.buffer.map(|buffer| buffer.len()), Some(70_000));
    assert!(sender.is_empty());
    assert!(sender.completed().unwrap().is_none());
}

#[test]
fn a_buffer_of_which_some_went_stays() {
    let (client, server) = tcp_pair();
    let mut sender = ZeroCopy::new(client).unwrap();
    let deadline = Deadline::after(Duration::from_millis(50));
    let unsent = sender
        .send_with(vec![1; 30_000_000], None, MsgFlags::empty(), deadline)
        .unwrap_err();
    assert_eq!(unsent.error, Error::TimedOut);
    assert!(unsent.done > 0 && unsent.buffer.is_none());
    assert_eq!(sender.len(), 1);
    let reader = std::thread::spawn(move || {
        let mut all = vec![0; unsent.done];
        server.recv_exact(&mut all).unwrap();
    });
    let completed = sender.wait_completed_with(soon()).unwrap().unwrap();
    assert_eq!(completed.buffer.len(), 30_000_000);
    reader.join().unwrap();
}

#[test]
fn more_than_may_be_under_way_waits_for_completions() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let mut sender = ZeroCopy::new(left).unwrap();
    let drain = std::thread::spawn(move || {
        let mut buf = vec![0; 100];
        while right.recv(&mut buf).unwrap().len != 1 {}
    });
    for _ in 0..2000 {
        sender
            .send_with(vec![0; 2], None, MsgFlags::empty(), soon())
            .unwrap();
    }
    let mut back = 0;
    while sender.wait_completed_with(soon()).unwrap().is_some() {
        back += 1;
    }
    assert_eq!(back, 2000);
    sender.endpoint().send(b"x").unwrap();
    drain.join().unwrap();
}

/// The limit is RLIMIT_MEMLOCK, for whoever has no CAP_IPC_LOCK.
#[test]
fn a_deadline_ends_the_wait_for_room() {
    const LEN: usize = 1 << 20;
    let (client, server) = tcp_pair();
    // So much room that the limit of locked memory is met first. Nobody takes the data.
    if client.set(SendBufferForce, 1 << 30).is_err() {
        return eprintln!("skipped: SO_SNDBUFFORCE is not permitted");
    }
    let buffer: Arc<[u8]> = vec![7; LEN].into();
    let mut sender = ZeroCopy::new(client).unwrap();
    let mut sent = 0;
    let unsent = without_capabilities(|| {
        for _ in 0..500 {
            let deadline = Deadline::after(Duration::from_millis(50));
            let none = MsgFlags::empty();
            if let Err(unsent) = sender.send_with(Arc::clone(&buffer), None, none, deadline) {
                return Some(unsent);
            }
            sent += 1;
        }
        None
    });
    let Some(unsent) = unsent else {
        return eprintln!("skipped: 500 MB may be locked here");
    };
    assert_eq!(unsent.error, Error::TimedOut);
    // Once the peer takes it, all that went comes back, the buffer that went in part too.
    let expected = sent * LEN + unsent.done;
    let came = sent + usize::from(unsent.buffer.is_none());
    let reader = std::thread::spawn(move || server.recv_exact(&mut vec![0; expected]));
    let mut back = 0;
    while sender.wait_completed_with(soon()).unwrap().is_some() {
        back += 1;
    }
    assert_eq!((back, reader.join().unwrap()), (came, Ok(())));
    drop(unsent);
    assert_eq!(Arc::strong_count(&buffer), 1);
}

/// Both directions are shut down, so poll(2) reports the end of the connection for ever, while the
/// peer has not taken the data.
#[test]
fn a_broken_connection_is_waited_for_no_longer_than_the_deadline() {
    let (client, server) = tcp_pair();
    let mut sender = ZeroCopy::new(client).unwrap();
    let mut under_way = 0;
    let none = MsgFlags::empty();
    // Beyond what the receiver's window takes, so that some of it is the sender's to keep.
    while under_way < 16_000_000 {
        let deadline = Deadline::after(Duration::from_millis(20));
        match sender.send_with(vec![1; 100_000], None, none, deadline) {
            Ok(()) => under_way += 100_000,
            Err(unsent) => {
                under_way += unsent.done;
                break;
            }
        }
    }
    sender.endpoint().shutdown(Shutdown::Write).unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    while sender.completed().unwrap().is_some() {}
    let waiting = sender.len();
    assert!(waiting > 0, "all of {under_way} bytes were taken");
    let start = Instant::now();
    let error = loop {
        let deadline = Deadline::after(Duration::from_millis(50));
        match sender.wait_completed_with(deadline) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("nothing is under way"),
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(10));
    // Once the peer takes it, the rest comes back.
    let reader = std::thread::spawn(move || {
        let mut buf = vec![0; 1_000_000];
        while server.recv(&mut buf).unwrap().len > 0 {}
    });
    while sender.wait_completed_with(soon()).unwrap().is_some() {}
    assert!(sender.is_empty());
    reader.join().unwrap();
}

#[test]
fn a_drop_frees_what_is_done_and_leaks_what_is_not() {
    let (client, server) = tcp_pair();
    let dropped = Arc::new(AtomicUsize::new(0));
    let buffer = |len| Counted {
        bytes: vec![1; len],
        dropped: Arc::clone(&dropped),
    };
    let mut sender = ZeroCopy::new(client).unwrap();
    sender.send(buffer(100)).unwrap();
    server.recv_exact(&mut [0; 100]).unwrap();
    let mut done = None;
    while done.is_none() {
        done = sender.completed().unwrap();
    }
    drop(done);
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    // Fills the connection, so that the last of it cannot have been sent.
    let deadline = Deadline::after(Duration::from_millis(50));
    let unsent = sender.send_with(buffer(30_000_000), None, MsgFlags::empty(), deadline);
    assert!(unsent.is_err());
    drop(sender);
    assert_eq!(
        dropped.load(Ordering::Relaxed),
        1,
        "freed under the kernel's hands"
    );
}

#[test]
fn another_error_in_the_queue_is_told() {
    let socket = udp("127.0.0.1:0");
    set_int(&socket, libc::SOL_IP, libc::IP_RECVERR, 1);
    let nobody = udp("127.0.0.1:0").local_address().unwrap();
    let mut sender = ZeroCopy::new(socket).unwrap();
    sender.send_to(vec![0; 100], &nobody).unwrap();
    let mut refused = 0;
    let mut completed = 0;
    while completed == 0 || refused == 0 {
        match sender.wait_completed_with(soon()) {
            Ok(Some(_)) => completed += 1,
            Ok(None) => match sender.completed() {
                Err(error) if error.errno() == Errno::ECONNREFUSED => refused += 1,
                Ok(None) => {}
                other => assert!(other.is_ok(), "{:?}", other.map(|_| ())),
            },
            Err(error) => {
                assert_eq!(error.errno(), Errno::ECONNREFUSED);
                refused += 1;
            }
        }
    }
    assert_eq!((completed, refused), (1, 1));
}

#[test]
fn sockets_that_cannot() {
    let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
    let error = ZeroCopy::<Vec<u8>>::new(left).unwrap_err();
    assert!(matches!(error, Error::Os { .. }), "{error}");
    let (client, _server) = tcp_pair();
    let clone = client.try_clone().unwrap();
    let _first = ZeroCopy::<Vec<u8>>::new(client).unwrap();
    let error = ZeroCopy::<Vec<u8>>::new(clone).unwrap_err();
    assert_eq!(error.errno(), Errno::EALREADY);
    assert!(fd::is_nonblocking(_first.endpoint().as_fd()).is_ok());
}
