//! A wait ends when the socket is ready and not before, whatever the reactor remembers of it, and
//! takes no processor time.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use rsocket::tokio::{AsyncEndpoint, AsyncStream};
use rsocket::{
    Address, Ancillary, Control, ControlBuilder, Errno, Family, Kind, MsgFlags, Protocol,
    RecvBatch, option,
};
use tokio::io::AsyncWriteExt;
use tokio_support::{a_moment, busy_while, cancelled, each_runtime, tcp_pair, udp};

/// A wait that spins takes all of the 300 milliseconds.
const IDLE: Duration = Duration::from_millis(60);

fn unbound(family: Family, kind: Kind) -> AsyncEndpoint {
    AsyncEndpoint::open(family, kind, Protocol::DEFAULT).unwrap()
}

/// A UDP socket that has sent to a port where nobody is, and been told so.
async fn refused() -> AsyncEndpoint {
    let nobody = udp().local_address().unwrap();
    let socket = udp();
    socket.connect(&nobody).await.unwrap();
    socket.send(b"to nobody").await.unwrap();
    let error = socket.recv(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.errno(), Errno::ECONNREFUSED);
    socket
}

each_runtime! {
    async fn an_error_alone_wakes_a_receive() {
        let nobody = udp().local_address().unwrap();
        let socket = udp();
        socket.connect(&nobody).await.unwrap();
        cancelled(socket.recv(&mut [0; 8])).await;
        let receive = async { socket.recv(&mut [0; 8]).await.unwrap_err().errno() };
        let send = async {
            a_moment().await;
            socket.send(b"to nobody").await.unwrap();
        };
        assert_eq!(tokio::join!(receive, send).0, Errno::ECONNREFUSED);
    }

    async fn a_socket_that_was_watched_before_it_was_connected() {
        let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await.unwrap();
        let client = unbound(Family::INET, Kind::STREAM);
        let early = client.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(early.errno(), Errno::ENOTCONN);
        client.connect(&listener.local_address().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();

        cancelled(client.recv(&mut [0; 8])).await;
        let answer = async {
            a_moment().await;
            server.send_all(b"late").await.unwrap();
        };
        let mut buf = [0; 8];
        assert_eq!(tokio::join!(client.recv(&mut buf), answer).0.unwrap().len, 4);
    }

    async fn a_socket_that_was_watched_before_it_listened() {
        for family in [Family::INET, Family::UNIX] {
            let listener = unbound(family, Kind::STREAM);
            assert_eq!(listener.accept().await.unwrap_err().errno(), Errno::EINVAL);
            if family == Family::INET {
                listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
            } else {
                listener.bind(&Address::unix_unnamed()).unwrap();
            }
            listener.listen(4).unwrap();
            cancelled(listener.accept()).await;
            let client = unbound(family, Kind::STREAM);
            let address = listener.local_address().unwrap();
            let (accepted, connected) = tokio::join!(listener.accept(), async {
                a_moment().await;
                client.connect(&address).await
            });
            connected.unwrap();
            accepted.unwrap();
        }
    }

    async fn a_connect_after_one_that_failed() {
        let nobody = unbound(Family::INET, Kind::STREAM);
        nobody.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
        let client = unbound(Family::INET, Kind::STREAM);
        for _ in 0..3 {
            let error = client.connect(&nobody.local_address().unwrap()).await.unwrap_err();
            assert_eq!(error.errno(), Errno::ECONNREFUSED);
        }
        nobody.listen(1).unwrap();
        client.connect(&nobody.local_address().unwrap()).await.unwrap();
        let (server, _) = nobody.accept().await.unwrap();
        client.send_all(b"at last").await.unwrap();
        server.recv_exact(&mut [0; 7]).await.unwrap();
    }

    async fn a_send_to_a_unix_receiver_whose_queue_is_full() {
        let receiver = unbound(Family::UNIX, Kind::DGRAM);
        receiver.bind(&Address::unix_unnamed()).unwrap();
        let to = receiver.local_address().unwrap();
        let sender = unbound(Family::UNIX, Kind::DGRAM);
        let mut sent = 0u32;
        while let Ok(result) =
            tokio::time::timeout(Duration::from_millis(50), sender.send_to(&sent.to_ne_bytes(), &to))
                .await
        {
            result.unwrap();
            sent += 1;
        }
        assert!(sent > 0);

        let last = sent.to_ne_bytes();
        let drain = async {
            a_moment().await;
            let mut buf = [0; 8];
            for expected in 0..=sent {
                let received = receiver.recv(&mut buf).await.unwrap();
                assert_eq!(buf[..received.len], expected.to_ne_bytes());
            }
        };
        let (send, ()) = tokio::join!(sender.send_to(&last, &to), drain);
        assert_eq!(send.unwrap(), 4);
    }

    async fn a_connect_to_a_unix_server_whose_queue_is_full() {
        for kind in [Kind::STREAM, Kind::SEQPACKET] {
            let listener = unbound(Family::UNIX, kind);
            listener.bind(&Address::unix_unnamed()).unwrap();
            listener.listen(0).unwrap();
            let address = listener.local_address().unwrap();
            let first = unbound(Family::UNIX, kind);
            first.connect(&address).await.unwrap();
            let second = unbound(Family::UNIX, kind);
            cancelled(second.connect(&address)).await;
            let (connected, accepted) = tokio::join!(second.connect(&address), async {
                a_moment().await;
                listener.accept().await
            });
            connected.unwrap();
            accepted.unwrap();
        }
    }

    async fn a_shutdown_ends_every_wait_to_receive() {
        let (left, right) = (udp(), udp());
        left.connect(&right.local_address().unwrap()).await.unwrap();
        let (dgram, _peer) = AsyncEndpoint::pair(Kind::DGRAM).unwrap();
        let (stream, _peer) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        for socket in [left, dgram, stream] {
            let mut buf = [0; 8];
            let (received, ()) = tokio::join!(socket.recv(&mut buf), async {
                a_moment().await;
                socket.shutdown(Shutdown::Both).unwrap();
            });
            assert_eq!(received.unwrap().len, 0, "{socket:?}");
            let received = socket.recv_from(&mut buf).await.unwrap().0;
            assert_eq!(received.len, 0);
            let mut ancillary = Ancillary::<64>::new();
            let mut bufs = [IoSliceMut::new(&mut buf)];
            let received = socket.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty());
            assert_eq!(received.await.unwrap().0.len, 0);
            let mut bufs = [IoSliceMut::new(&mut buf)];
            assert_eq!(socket.recv_vectored(&mut bufs).await.unwrap().len, 0);
            let mut batch = RecvBatch::new(4, 8).unwrap();
            let mut messages = socket.recv_batch(&mut batch).await.unwrap();
            assert!(messages.all(|message| message.data.is_empty()));
        }
    }

    async fn data_that_came_before_a_shutdown_is_received() {
        let (left, right) = AsyncEndpoint::pair(Kind::DGRAM).unwrap();
        cancelled(left.recv(&mut [0; 8])).await;
        right.send(b"before").await.unwrap();
        left.shutdown(Shutdown::Both).unwrap();
        let mut buf = [0; 8];
        assert_eq!(left.recv(&mut buf).await.unwrap().len, 6);
        assert_eq!(left.recv(&mut buf).await.unwrap().len, 0);
    }

    async fn a_shutdown_ends_every_wait_to_accept() {
        let tcp = rsocket::tokio::listen("tcp://127.0.0.1:0").await.unwrap();
        let unix = rsocket::tokio::listen("unix-unnamed:").await.unwrap();
        for listener in [tcp, unix] {
            let (accepted, ()) = tokio::join!(listener.accept(), async {
                a_moment().await;
                listener.shutdown(Shutdown::Both).unwrap();
            });
            assert_eq!(accepted.unwrap_err().errno(), Errno::EINVAL, "{listener:?}");
        }
    }

    async fn the_error_queue_can_be_waited_for() {
        let nobody = udp().local_address().unwrap();
        let socket = udp();
        socket.set(option::IpRecvErr, true).unwrap();
        // A receive beside it sees each event first and marks it as seen.
        let mut other = [0; 8];
        for _ in 0..3 {
            let mut data = [0; 8];
            let mut bufs = [IoSliceMut::new(&mut data)];
            let mut ancillary = Ancillary::<512>::new();
            let report = socket.recv_msg(&mut bufs, &mut ancillary, MsgFlags::ERRQUEUE);
            let send = async {
                a_moment().await;
                socket.send_to(b"lost", &nobody).await.unwrap();
            };
            let ((report, ()), _) = tokio::join!(
                async { tokio::join!(report, send) },
                tokio::time::timeout(Duration::from_millis(100), socket.recv(&mut other)),
            );
            assert_eq!(report.unwrap().0.len, 4);
            let error = ancillary.messages().find_map(|control| match control {
                Control::Error(error) => error.errno,
                _ => None,
            });
            assert_eq!(error, Some(Errno::ECONNREFUSED));
        }
    }

    async fn urgent_data_can_be_waited_for() {
        let (client, server) = tcp_pair().await;
        for byte in *b"!?" {
            let mut buf = [0; 4];
            let (received, sent) = tokio::join!(
                server.recv_with(&mut buf, MsgFlags::OOB),
                async {
                    a_moment().await;
                    client.send_with(&[byte], MsgFlags::OOB).await
                }
            );
            assert_eq!(sent.unwrap(), 1);
            assert_eq!((received.unwrap().len, buf[0]), (1, byte));
        }
        drop(client);
        // None will come any more: the kernel's own answer.
        let none = server.recv_with(&mut [0; 4], MsgFlags::OOB).await;
        assert_eq!(none.unwrap_err().errno(), Errno::EINVAL);
    }

    async fn readable_and_writable_wait_and_take_nothing() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        left.writable().await.unwrap();
        cancelled(left.readable()).await;
        right.send(b"data").await.unwrap();
        left.readable().await.unwrap();
        left.readable().await.unwrap();
        assert_eq!(left.recv(&mut [0; 8]).await.unwrap().len, 4);
        cancelled(left.readable()).await;

        let mut done = 0;
        cancelled(left.send_rest(&[0; 1 << 20], &mut done)).await;
        cancelled(left.writable()).await;
        right.recv_exact(&mut vec![0; done]).await.unwrap();
        left.writable().await.unwrap();
    }

    async fn a_send_that_waited_after_an_error_goes_on() {
        let (client, server) = tcp_pair().await;
        client.set(option::ZeroCopy, true).unwrap();
        client.send_with(&[1; 4096], MsgFlags::ZEROCOPY).await.unwrap();
        a_moment().await;
        let data = vec![7; 8 << 20];
        let (sent, received) = tokio::join!(client.send_all(&data), async {
            a_moment().await;
            let mut buf = vec![0; data.len() + 4096];
            server.recv_exact(&mut buf).await.map(|()| buf)
        });
        sent.unwrap();
        assert!(received.unwrap()[4096..] == data[..]);

        // And through AsyncWrite.
        let mut stream = AsyncStream::new(&client).unwrap();
        let (sent, received) = tokio::join!(stream.write_all(&data), async {
            a_moment().await;
            let mut buf = vec![0; data.len()];
            server.recv_exact(&mut buf).await.map(|()| buf)
        });
        sent.unwrap();
        assert!(received.unwrap() == data);
    }

    async fn many_tasks_may_wait_for_one_socket() {
        let (left, right) = AsyncEndpoint::pair(Kind::SEQPACKET).unwrap();
        let left = std::sync::Arc::new(left);
        let readers: Vec<_> = (0..10)
            .map(|_| {
                let left = left.clone();
                tokio::spawn(async move {
                    let mut buf = [0; 8];
                    left.recv(&mut buf).await.map(|received| (received.len, buf[0]))
                })
            })
            .collect();
        a_moment().await;
        for number in 0..10 {
            right.send(&[number]).await.unwrap();
        }
        let mut numbers = Vec::new();
        for reader in readers {
            let (len, number) = reader.await.unwrap().unwrap();
            assert_eq!(len, 1);
            numbers.push(number);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..10).collect::<Vec<u8>>());
    }

    async fn a_full_stream_and_its_reader_take_turns() {
        let (client, server) = tcp_pair().await;
        let started = Instant::now();
        let data: Vec<u8> = (0..4 << 20).map(|i: u32| (i % 251) as u8).collect();
        let mut buf = vec![0; data.len()];
        let (sent, received) = tokio::join!(client.send_all(&data), server.recv_exact(&mut buf));
        sent.unwrap();
        received.unwrap();
        assert!(buf == data);
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    async fn a_message_to_a_full_receiver_with_control_messages() {
        let receiver = unbound(Family::UNIX, Kind::DGRAM);
        receiver.bind(&Address::unix_unnamed()).unwrap();
        let to = receiver.local_address().unwrap();
        let sender = unbound(Family::UNIX, Kind::DGRAM);
        let control = ControlBuilder::<0>::new();
        let bufs = [IoSlice::new(b"one")];
        let mut sent = 0;
        while tokio::time::timeout(
            Duration::from_millis(50),
            sender.send_msg(&bufs, &control, Some(&to), MsgFlags::empty()),
        )
        .await
        .is_ok()
        {
            sent += 1;
        }
        let (result, ()) = tokio::join!(
            sender.send_msg(&bufs, &control, Some(&to), MsgFlags::empty()),
            async {
                for _ in 0..=sent {
                    assert_eq!(receiver.recv(&mut [0; 8]).await.unwrap().len, 3);
                }
            }
        );
        assert_eq!(result.unwrap(), 3);
    }
}

#[test]
fn a_wait_takes_no_processor_time() {
    let spent = busy_while(async {
        let (left, _right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        _ = left.recv(&mut [0; 8]).await.unwrap();
    });
    assert!(spent < IDLE, "{spent:?}");

    // EPOLLHUP from before the connect.
    let spent = busy_while(async {
        let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await.unwrap();
        let client = unbound(Family::INET, Kind::STREAM);
        client.recv(&mut [0; 8]).await.unwrap_err();
        client
            .connect(&listener.local_address().unwrap())
            .await
            .unwrap();
        _ = client.recv(&mut [0; 8]).await.unwrap();
    });
    assert!(spent < IDLE, "{spent:?}");

    // The same through AsyncRead.
    let spent = busy_while(async {
        let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await.unwrap();
        let client = unbound(Family::INET, Kind::STREAM);
        client.recv(&mut [0; 8]).await.unwrap_err();
        client
            .connect(&listener.local_address().unwrap())
            .await
            .unwrap();
        let mut stream = client.into_stream().unwrap();
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 8])
            .await
            .unwrap();
    });
    assert!(spent < IDLE, "{spent:?}");
}

/// An error is the end of sending to the reactor, as it is for a pipe.
#[test]
fn a_send_that_waits_after_an_error_takes_no_processor_time() {
    let spent = busy_while(async {
        let (client, _server) = tcp_pair().await;
        client.set(option::ZeroCopy, true).unwrap();
        // The completion is an entry of the error queue, and stays there.
        client
            .send_with(&[1; 4096], MsgFlags::ZEROCOPY)
            .await
            .unwrap();
        a_moment().await;
        client.send_all(&vec![0; 64 << 20]).await.unwrap();
    });
    assert!(spent < IDLE, "{spent:?}");

    let spent = busy_while(async {
        let (client, _server) = tcp_pair().await;
        client.set(option::ZeroCopy, true).unwrap();
        client
            .send_with(&[1; 4096], MsgFlags::ZEROCOPY)
            .await
            .unwrap();
        a_moment().await;
        let mut stream = client.into_stream().unwrap();
        stream.write_all(&vec![0; 64 << 20]).await.unwrap();
    });
    assert!(spent < IDLE, "{spent:?}");
}

#[test]
fn a_receive_after_an_error_takes_no_processor_time() {
    let spent = busy_while(async {
        let socket = refused().await;
        _ = socket.recv(&mut [0; 8]).await.unwrap();
    });
    assert!(spent < IDLE, "{spent:?}");
}
