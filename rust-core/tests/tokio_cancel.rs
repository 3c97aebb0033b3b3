//! A future that is dropped before it is ready has taken nothing and sent nothing.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::sync::Arc;

use rsocket::tokio::{AsyncEndpoint, connect, listen};
use rsocket::{
    Address, Ancillary, ControlBuilder, Errno, Family, Kind, MsgFlags, Protocol, RecvBatch,
    SendBatch,
};
use tokio_support::{a_moment, cancelled, each_runtime, tcp_pair};

const ROOM: usize = ControlBuilder::space_for_fds(4);

/// Both ends of each kind of connection.
async fn every_pair() -> Vec<(AsyncEndpoint, AsyncEndpoint)> {
    let mut pairs = vec![tcp_pair().await];
    for kind in [Kind::STREAM, Kind::SEQPACKET, Kind::DGRAM] {
        pairs.push(AsyncEndpoint::pair(kind).unwrap());
    }
    pairs
}

each_runtime! {
    async fn a_cancelled_receive_loses_no_data() {
        for (left, right) in every_pair().await {
            let mut buf = [0; 64];
            cancelled(left.recv(&mut buf)).await;
            cancelled(left.recv_from(&mut buf)).await;
            cancelled(left.recv_vectored(&mut [IoSliceMut::new(&mut buf)])).await;
            let mut ancillary = Ancillary::<ROOM>::new();
            let mut bufs = [IoSliceMut::new(&mut buf)];
            cancelled(left.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())).await;
            assert_eq!(buf, [0; 64]);

            right.send(b"whole").await.unwrap();
            assert_eq!(left.recv(&mut buf).await.unwrap().len, 5);
            assert_eq!(&buf[..5], b"whole");
        }
    }

    async fn receives_that_are_cancelled_while_data_comes_lose_none() {
        let (left, right) = AsyncEndpoint::pair(Kind::SEQPACKET).unwrap();
        let sender = tokio::spawn(async move {
            for number in 0..2000u32 {
                right.send(&number.to_ne_bytes()).await.unwrap();
                if number % 7 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            right
        });
        let mut expected = 0u32;
        while expected < 2000 {
            let mut buf = [0; 4];
            tokio::select! {
                received = left.recv(&mut buf) => {
                    assert_eq!(received.unwrap().len, 4);
                    assert_eq!(u32::from_ne_bytes(buf), expected);
                    expected += 1;
                }
                () = tokio::task::yield_now() => {}
            }
        }
        sender.await.unwrap();
    }

    async fn a_task_that_is_aborted_while_it_receives_loses_no_data() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let left = Arc::new(left);
        for _ in 0..20 {
            let reader = tokio::spawn({
                let left = left.clone();
                async move { left.recv(&mut [0; 64]).await.map(|received| received.len) }
            });
            tokio::task::yield_now().await;
            reader.abort();
            assert!(reader.await.unwrap_err().is_cancelled());
        }
        right.send(b"whole").await.unwrap();
        assert_eq!(left.recv(&mut [0; 64]).await.unwrap().len, 5);
    }

    async fn a_cancelled_receive_loses_no_descriptor() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        for _ in 0..3 {
            let mut buf = [0; 8];
            cancelled(left.recv_fds::<1>(&mut buf)).await;
            right.send_fds(b"file", &[file.as_fd()]).await.unwrap();
            let (received, [fd]) = left.recv_fds::<1>(&mut buf).await.unwrap();
            assert_eq!(received.len, 4);
            assert!(!rsocket::fd::is_inheritable(fd.unwrap().as_fd()).unwrap());
        }
    }

    async fn a_cancelled_accept_loses_no_connection() {
        for target in ["tcp://127.0.0.1:0", "unix-unnamed:", "unix-unnamed-seqpacket:"] {
            let listener = listen(target).await.unwrap();
            cancelled(listener.accept()).await;
            let address = listener.local_address().unwrap();
            let client =
                AsyncEndpoint::open(address.family(), listener.kind(), Protocol::DEFAULT).unwrap();
            client.connect(&address).await.unwrap();
            listener.accept().await.unwrap();
        }
    }

    async fn accepts_that_are_cancelled_while_clients_come_lose_none() {
        let listener = listen("unix-unnamed:").await.unwrap();
        let address = listener.local_address().unwrap();
        let clients = tokio::spawn(async move {
            let mut clients = Vec::new();
            for number in 0..50u8 {
                let client =
                    AsyncEndpoint::open(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
                client.connect(&address).await.unwrap();
                client.send_all(&[number]).await.unwrap();
                clients.push(client);
                tokio::task::yield_now().await;
            }
            clients
        });
        let mut served = 0;
        while served < 50 {
            tokio::select! {
                accepted = listener.accept() => {
                    let mut number = [0];
                    accepted.unwrap().0.recv_exact(&mut number).await.unwrap();
                    assert_eq!(number, [served]);
                    served += 1;
                }
                () = tokio::task::yield_now() => {}
            }
        }
        clients.await.unwrap();
    }

    async fn a_cancelled_send_sent_nothing() {
        let (left, right) = AsyncEndpoint::pair(Kind::SEQPACKET).unwrap();
        let mut sent = 0u32;
        while tokio::time::timeout(
            std::time::Duration::from_millis(20),
            left.send(&sent.to_ne_bytes()),
        )
        .await
        .is_ok()
        {
            sent += 1;
        }
        let lost = u32::MAX.to_ne_bytes();
        let bufs = [IoSlice::new(&lost)];
        let control = ControlBuilder::<0>::new();
        cancelled(left.send_vectored(&bufs)).await;
        cancelled(left.send_msg(&bufs, &control, None, MsgFlags::empty())).await;
        let file = std::fs::File::open("/dev/null").unwrap();
        cancelled(left.send_fds(&lost, &[file.as_fd()])).await;
        let mut batch = SendBatch::new(1).unwrap();
        let mut messages = batch.messages();
        messages.push(&lost, None).unwrap();
        cancelled(left.send_batch(&mut messages)).await;
        assert_eq!(messages.sent(), 0);

        drop(left);
        for expected in 0..sent {
            let mut buf = [0; 4];
            assert_eq!(right.recv(&mut buf).await.unwrap().len, 4);
            assert_eq!(u32::from_ne_bytes(buf), expected);
        }
        assert_eq!(right.recv(&mut [0; 4]).await.unwrap().len, 0);
    }

    async fn a_send_to_a_full_receiver_that_is_cancelled_sent_nothing() {
        let receiver = AsyncEndpoint::open(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
        receiver.bind(&Address::unix_unnamed()).unwrap();
        let to = receiver.local_address().unwrap();
        let sender = AsyncEndpoint::open(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
        let mut sent = 0;
        while tokio::time::timeout(
            std::time::Duration::from_millis(30),
            sender.send_to(b"kept", &to),
        )
        .await
        .is_ok()
        {
            sent += 1;
        }
        cancelled(sender.send_to(b"given up", &to)).await;
        for _ in 0..sent {
            assert_eq!(receiver.recv(&mut [0; 16]).await.unwrap().len, 4);
        }
        cancelled(receiver.recv(&mut [0; 16])).await;
    }

    async fn the_rest_of_a_cancelled_send_can_be_sent() {
        for (left, right) in every_pair().await {
            if !left.kind().is_stream() {
                continue;
            }
            let data: Vec<u8> = (0..8 << 20).map(|i: u32| (i % 251) as u8).collect();
            let mut done = 0;
            let mut buf = vec![0; data.len()];
            let mut came = 0;
            while done < data.len() {
                let sending =
                    tokio::time::timeout(std::time::Duration::from_millis(5), left.send_rest(&data, &mut done));
                if let Ok(result) = sending.await {
                    result.unwrap();
                }
                let receiving =
                    tokio::time::timeout(std::time::Duration::from_millis(5), right.recv_rest(&mut buf, &mut came));
                if let Ok(result) = receiving.await {
                    result.unwrap();
                }
            }
            assert_eq!(done, data.len());
            right.recv_rest(&mut buf, &mut came).await.unwrap();
            assert_eq!(came, data.len());
            assert!(buf == data);
            // Nothing is left to do.
            left.send_rest(&data, &mut done).await.unwrap();
            right.recv_rest(&mut buf, &mut came).await.unwrap();
            cancelled(right.recv(&mut [0; 1])).await;
        }
    }

    async fn a_cancelled_batch_loses_no_message() {
        let (left, right) = AsyncEndpoint::pair(Kind::DGRAM).unwrap();
        let mut batch = RecvBatch::new(8, 64).unwrap();
        cancelled(async { left.recv_batch(&mut batch).await.map(drop) }).await;
        let mut send = SendBatch::new(8).unwrap();
        let mut messages = send.messages();
        for text in [&b"one"[..], b"two", b"three"] {
            messages.push(text, None).unwrap();
        }
        right.send_batch_all(&mut messages).await.unwrap();
        let texts: Vec<_> = left
            .recv_batch(&mut batch)
            .await
            .unwrap()
            .map(|message| message.data.to_vec())
            .collect();
        assert_eq!(texts, [&b"one"[..], b"two", b"three"]);
    }

    async fn a_cancelled_batch_says_what_went() {
        let (left, right) = AsyncEndpoint::pair(Kind::SEQPACKET).unwrap();
        let data = vec![1; 8192];
        let mut batch = SendBatch::new(1000).unwrap();
        let mut messages = batch.messages();
        for _ in 0..1000 {
            messages.push(&data, None).unwrap();
        }
        cancelled(left.send_batch_all(&mut messages)).await;
        let went = messages.sent();
        assert!(went > 0 && went < 1000, "{went}");
        let (sent, ()) = tokio::join!(left.send_batch_all(&mut messages), async {
            let mut buf = vec![0; 8192];
            for _ in 0..1000 {
                assert_eq!(right.recv(&mut buf).await.unwrap().len, 8192);
            }
        });
        sent.unwrap();
        cancelled(right.recv(&mut [0; 1])).await;
    }

    async fn a_cancelled_connect_can_be_joined() {
        // A backlog that is full drops the handshake, so the attempt goes on for as long as it is.
        let listener = AsyncEndpoint::open(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
        listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
        listener.listen(0).unwrap();
        let target = format!("tcp://{}", listener.local_address().unwrap());
        let first = connect(&target).await.unwrap();
        let second = AsyncEndpoint::open(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
        let address = listener.local_address().unwrap();
        cancelled(second.connect(&address)).await;
        cancelled(second.connect(&address)).await;
        listener.accept().await.unwrap();
        // The handshake is tried again after a second.
        let (joined, accepted) = tokio::join!(second.connect(&address), listener.accept());
        joined.unwrap();
        let (server, _) = accepted.unwrap();
        second.send_all(b"hello").await.unwrap();
        server.recv_exact(&mut [0; 5]).await.unwrap();
        drop(first);
        let again = second.connect(&address).await.unwrap_err();
        assert_eq!(again.errno(), Errno::EISCONN);
    }

    async fn a_receive_that_is_kept_goes_on_after_another_branch_was_taken() {
        let (left, right) = AsyncEndpoint::pair(Kind::DGRAM).unwrap();
        let mut buf = [0; 8];
        let received = {
            let mut receive = std::pin::pin!(left.recv(&mut buf));
            tokio::select! {
                _ = &mut receive => unreachable!(),
                () = a_moment() => {}
            }
            right.send(b"kept").await.unwrap();
            receive.await.unwrap()
        };
        assert_eq!(&buf[..received.len], b"kept");
    }
}
