//! No asynchronous verb that moves data allocates, whether it has to wait or not.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::alloc::System;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::AsFd;

use rsocket::tokio::{AsyncEndpoint, AsyncStream};
use rsocket::{Ancillary, ControlBuilder, Kind, MsgFlags, RecvBatch, SendBatch};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_support::{io_only, udp};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many allocations ten rounds of `round` make after the first, which registers the sockets.
///
/// The count is the process's, and the thread that runs the tests is one of it: what another thread
/// does comes and goes, what a verb does is there in every one of five counts.
async fn allocations(mut round: impl AsyncFnMut()) -> usize {
    round().await;
    let mut least = usize::MAX;
    for _ in 0..5 {
        let region = Region::new(ALLOCATOR);
        for _ in 0..10 {
            round().await;
        }
        let change = region.change();
        least = least.min(change.allocations + change.reallocations);
    }
    least
}

/// One test in this file: the count is the process's.
#[test]
fn no_verb_allocates() {
    io_only().block_on(async {
        // The count counts.
        let counted = allocations(async || drop(std::hint::black_box(vec![1; 100]))).await;
        assert_eq!(counted, 10);

        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let mut buf = [0; 64];
        let plain = allocations(async || {
            left.send(b"plain").await.unwrap();
            assert_eq!(right.recv(&mut buf).await.unwrap().len, 5);
            left.send_all(b"all of it").await.unwrap();
            right.recv_exact(&mut buf[..9]).await.unwrap();
            left.send_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"b")])
                .await
                .unwrap();
            let received = right
                .recv_vectored(&mut [IoSliceMut::new(&mut buf)])
                .await
                .unwrap();
            assert_eq!(received.len, 2);
            left.writable().await.unwrap();
        });
        assert_eq!(plain.await, 0);

        // The receive waits: the event comes through the reactor.
        let waiting = allocations(async || {
            let (received, sent) = tokio::join!(right.recv(&mut buf), left.send(b"late"));
            assert_eq!((received.unwrap().len, sent.unwrap()), (4, 4));
        });
        assert_eq!(waiting.await, 0);

        // The send waits until there is room.
        let (full, reader) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let big = vec![0; 1 << 20];
        let mut room = vec![0; 1 << 20];
        let waiting = allocations(async || {
            let (sent, received) = tokio::join!(full.send_all(&big), reader.recv_exact(&mut room));
            sent.unwrap();
            received.unwrap();
        });
        assert_eq!(waiting.await, 0);

        let (one, two) = (udp(), udp());
        let to = two.local_address().unwrap();
        let datagrams = allocations(async || {
            one.send_to(b"datagram", &to).await.unwrap();
            assert_eq!(two.recv_from(&mut buf).await.unwrap().0.len, 8);
        });
        assert_eq!(datagrams.await, 0);

        let file = std::fs::File::open("/dev/null").unwrap();
        let descriptors = allocations(async || {
            left.send_fds(b"fd", &[file.as_fd()]).await.unwrap();
            let (_, [fd]) = right.recv_fds::<1>(&mut buf).await.unwrap();
            assert!(fd.is_some());
            let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(2) }>::new();
            control.push_fds(&[file.as_fd(); 2]).unwrap();
            left.send_msg(&[IoSlice::new(b"m")], &control, None, MsgFlags::empty())
                .await
                .unwrap();
            let mut ancillary = Ancillary::<{ ControlBuilder::space_for_fds(2) }>::new();
            let mut bufs = [IoSliceMut::new(&mut buf)];
            let message = right.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty());
            assert_eq!(message.await.unwrap().0.len, 1);
            assert_eq!(ancillary.take_fds().count(), 2);
        });
        assert_eq!(descriptors.await, 0);

        let (from, into) = AsyncEndpoint::pair(Kind::DGRAM).unwrap();
        let mut send = SendBatch::new(8).unwrap();
        let mut receive = RecvBatch::new(8, 64).unwrap();
        let batches = allocations(async || {
            let mut messages = send.messages();
            for _ in 0..8 {
                messages.push(b"message", None).unwrap();
            }
            from.send_batch_all(&mut messages).await.unwrap();
            assert_eq!(into.recv_batch(&mut receive).await.unwrap().count(), 8);
        });
        assert_eq!(batches.await, 0);

        let mut writer = AsyncStream::new(&left).unwrap();
        let mut stream = AsyncStream::new(&right).unwrap();
        let streams = allocations(async || {
            writer.write_all(b"through the trait").await.unwrap();
            stream.read_exact(&mut buf[..17]).await.unwrap();
        });
        assert_eq!(streams.await, 0);
    });
}
