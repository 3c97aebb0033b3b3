//! sendfile and splice: all of it arrives, the end of a file or stream is a short count, and what
//! did not arrive is accounted for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/signals.rs"]
mod signals;
mod support;

use std::io::{Read, Seek};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rsocket::{Blocking, Deadline, Endpoint, Errno, Error, Family, Kind, Protocol, Splice, fd};
use support::{file_with, set_int, soon, tcp_pair};

fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| (index * 7 + index / 251) as u8)
        .collect()
}

fn read_all(from: &Endpoint) -> Vec<u8> {
    let mut data = Vec::new();
    from.as_stream().unwrap().read_to_end(&mut data).unwrap();
    data
}

fn pairs() -> [(Endpoint, Endpoint); 2] {
    [Endpoint::pair(Kind::STREAM).unwrap(), tcp_pair()]
}

#[test]
fn a_file_larger_than_any_buffer() {
    let data = pattern(3_000_000);
    let mut file = file_with(&data);
    for (left, right) in pairs() {
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || read_all(&right));
            assert_eq!(left.send_file(&file, 0, data.len()), Ok(data.len()));
            drop(left);
            assert_eq!(reader.join().unwrap(), data);
        });
    }
    assert_eq!(file.stream_position().unwrap(), 0);
}

#[test]
fn a_piece_of_a_file_and_its_end() {
    let data = pattern(10_000);
    let file = file_with(&data);
    for (left, right) in pairs() {
        assert_eq!(left.send_file(&file, 500, 1000), Ok(1000));
        assert_eq!(left.send_file(&file, 9_000, 5_000), Ok(1000));
        assert_eq!(left.send_file(&file, 10_000, 5_000), Ok(0));
        assert_eq!(left.send_file(&file, 1 << 40, 5_000), Ok(0));
        assert_eq!(left.send_file(&file, 0, 0), Ok(0));
        drop(left);
        assert_eq!(read_all(&right), [&data[500..1500], &data[9000..]].concat());
    }
}

#[test]
fn a_file_that_shrinks_gives_a_short_count() {
    let file = file_with(&pattern(10_000));
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    file.set_len(100).unwrap();
    assert_eq!(left.send_file(&file, 0, 10_000), Ok(100));
    drop(left);
    assert_eq!(read_all(&right).len(), 100);
}

#[test]
fn offsets_and_files_that_cannot_be() {
    let file = file_with(b"data");
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let error = left.send_file(&file, u64::MAX, 1).unwrap_err();
    assert_eq!((error.done, error.error.errno()), (0, Errno::EINVAL));
    let error = left.send_file(&right, 0, 1).unwrap_err();
    assert!(
        matches!(error.error.errno(), Errno::EINVAL | Errno::ESPIPE),
        "{error}"
    );
    let unconnected = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
    let error = unconnected.send_file(&file, 0, 4).unwrap_err();
    assert!(
        matches!(error.error.errno(), Errno::EPIPE | Errno::ENOTCONN),
        "{error}"
    );
}

#[test]
fn a_deadline_ends_a_file_that_nobody_reads() {
    let file = file_with(&pattern(8_000_000));
    for (left, right) in pairs() {
        for nonblocking in [false, true] {
            left.set_nonblocking(nonblocking).unwrap();
            let start = Instant::now();
            let deadline = Deadline::after(Duration::from_millis(50));
            let partial = left
                .send_file_with(&file, 0, 8_000_000, deadline)
                .unwrap_err();
            assert_eq!(partial.error, Error::TimedOut);
            let elapsed = start.elapsed();
            assert!(elapsed >= Duration::from_millis(50), "{elapsed:?}");
            assert!(elapsed < Duration::from_secs(3), "{elapsed:?}");
            assert!(partial.done < 8_000_000);
        }
        // The socket is as it was: no time limit of ours is left on it.
        let mut limit = [1; 16];
        left.raw_option(libc::SOL_SOCKET, libc::SO_SNDTIMEO, &mut limit)
            .unwrap();
        assert_eq!(limit, [0; 16]);
        drop(right);
    }
}

#[test]
fn a_nonblocking_socket_without_room_says_how_far_it_came() {
    let file = file_with(&pattern(8_000_000));
    let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
    left.set_nonblocking(true).unwrap();
    let partial = left.send_file(&file, 0, 8_000_000).unwrap_err();
    assert!(partial.error.is_would_block());
    assert!(partial.done > 0);
}

#[test]
fn signals_neither_end_nor_repeat_a_file() {
    let data = pattern(2_000_000);
    let file = file_with(&data);
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut all = Vec::new();
            let mut buf = vec![0; 20_000];
            loop {
                let len = right.recv(&mut buf).unwrap().len;
                if len == 0 {
                    return all;
                }
                all.extend_from_slice(&buf[..len]);
                std::thread::sleep(Duration::from_micros(300));
            }
        });
        let (sent, interrupted) =
            signals::under_fire(|| left.send_file_with(&file, 0, data.len(), soon()));
        assert_eq!(sent, Ok(data.len()));
        assert!(interrupted > 0);
        drop(left);
        assert!(reader.join().unwrap() == data);
    });
}

#[test]
fn one_call_as_another_language_makes_it() {
    let data = pattern(1000);
    let file = file_with(&data);
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let sent = fd::send_file(left.as_fd(), file.as_fd(), 10, 5000, &mut Blocking);
    assert_eq!(sent, Ok(990));
    drop(left);
    assert_eq!(read_all(&right), data[10..]);
}

#[test]
fn splice_moves_everything_until_the_end() {
    let data = pattern(2_000_000);
    for ((client, front), (back, server)) in pairs().into_iter().zip(pairs()) {
        std::thread::scope(|scope| {
            let data = &data;
            scope.spawn(move || client.send_all(data).unwrap());
            let reader = scope.spawn(move || read_all(&server));
            let mut splice = Splice::new().unwrap();
            assert_eq!(splice.transfer(&front, &back, 1_000_000), Ok(1_000_000));
            assert_eq!(
                splice.transfer_with(&front, &back, usize::MAX, soon()),
                Ok(1_000_000)
            );
            assert_eq!(splice.buffered(), 0);
            drop(back);
            assert!(reader.join().unwrap() == *data);
        });
    }
}

#[test]
fn what_did_not_arrive_goes_to_the_next_destination() {
    let (client, front) = Endpoint::pair(Kind::STREAM).unwrap();
    let broken = Endpoint::pair(Kind::STREAM).unwrap().0;
    client.send_all(b"not lost").unwrap();
    let mut splice = Splice::new().unwrap();
    let partial = splice.transfer(&front, &broken, 8).unwrap_err();
    assert_eq!((partial.done, partial.error.errno()), (0, Errno::EPIPE));
    assert_eq!(splice.buffered(), 8);
    let (back, server) = Endpoint::pair(Kind::STREAM).unwrap();
    assert_eq!(splice.transfer(&front, &back, 8), Ok(8));
    let mut buf = [0; 8];
    server.recv_exact(&mut buf).unwrap();
    assert_eq!(&buf, b"not lost");
}

#[test]
fn splice_waits_no_longer_than_the_deadline() {
    let (client, front) = Endpoint::pair(Kind::STREAM).unwrap();
    let (back, _server) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut splice = Splice::new().unwrap();
    let soon = || Deadline::after(Duration::from_millis(30));
    let partial = splice.transfer_with(&front, &back, 10, soon()).unwrap_err();
    assert_eq!((partial.done, partial.error), (0, Error::TimedOut));
    // A destination that nobody reads from.
    set_int(&back, libc::SOL_SOCKET, libc::SO_SNDBUF, 4096);
    let feeder = std::thread::spawn(move || client.send_all(&[1; 2_000_000]));
    let partial = splice
        .transfer_with(&front, &back, 2_000_000, soon())
        .unwrap_err();
    assert_eq!(partial.error, Error::TimedOut);
    drop(front);
    assert!(feeder.join().unwrap().is_err());
}

#[test]
fn splice_on_a_nonblocking_socket_says_how_far_it_came() {
    let (source, front) = Endpoint::pair(Kind::STREAM).unwrap();
    let (back, sink) = Endpoint::pair(Kind::STREAM).unwrap();
    front.set_nonblocking(true).unwrap();
    let mut splice = Splice::new().unwrap();
    let partial = splice.transfer(&front, &back, 10).unwrap_err();
    assert!(partial.error.is_would_block());
    assert_eq!((partial.done, splice.buffered()), (0, 0));
    source.send_all(b"four").unwrap();
    let partial = splice.transfer(&front, &back, 10).unwrap_err();
    assert!(partial.error.is_would_block());
    assert_eq!((partial.done, splice.buffered()), (4, 0));
    sink.recv_exact(&mut [0; 4]).unwrap();
}

#[test]
fn splice_takes_pipes_and_files_too() {
    let mut file = file_with(b"from a file");
    let (back, server) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut splice = Splice::new().unwrap();
    assert_eq!(splice.transfer(&file, &back, 100), Ok(11));
    assert_eq!(file.stream_position().unwrap(), 11);
    drop(back);
    assert_eq!(read_all(&server), b"from a file");
}

#[test]
fn splice_refuses_sockets_with_messages() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    left.send(b"x").unwrap();
    let (back, _server) = Endpoint::pair(Kind::STREAM).unwrap();
    let mut splice = Splice::new().unwrap();
    for (from, to) in [(&right, &back), (&back, &right)] {
        let partial = splice.transfer(from, to, 1).unwrap_err();
        assert_eq!(partial.error, Error::WrongKind);
    }
    assert_eq!(right.recv(&mut [0; 8]).unwrap().len, 1);
}

#[test]
fn a_deadline_ends_a_file_that_is_read_slowly() {
    const LIMIT: Duration = Duration::from_millis(200);
    let file = support::file_with(&pattern(8 << 20));
    for (left, right) in pairs() {
        std::thread::scope(|scope| {
            // Each piece comes in time; all of them would take seconds.
            let reader = scope.spawn(move || {
                let mut piece = vec![0; 64 << 10];
                while right.recv(&mut piece).unwrap().len != 0 {
                    std::thread::sleep(Duration::from_millis(30));
                }
            });
            let start = Instant::now();
            let sent = left.send_file_with(&file, 0, 8 << 20, Deadline::after(LIMIT));
            let elapsed = start.elapsed();
            left.shutdown(Shutdown::Both).unwrap();
            let partial = sent.unwrap_err();
            assert_eq!(partial.error, Error::TimedOut);
            assert!(partial.done > 0);
            assert!(elapsed < 4 * LIMIT, "{elapsed:?}");
            reader.join().unwrap();
        });
    }
}
