//! Whatever takes tokio's `AsyncRead` and `AsyncWrite` takes a stream endpoint.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;

use rsocket::tokio::{AsyncEndpoint, AsyncStream};
use rsocket::{Error, Kind};
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, copy, copy_bidirectional,
};
use tokio_support::{a_moment, cancelled, each_runtime, tcp_pair};

async fn pairs() -> [(AsyncEndpoint, AsyncEndpoint); 2] {
    [tcp_pair().await, AsyncEndpoint::pair(Kind::STREAM).unwrap()]
}

each_runtime! {
    async fn everything_that_is_written_is_read() {
        for (left, right) in pairs().await {
            let data: Vec<u8> = (0..4 << 20).map(|i: u32| (i % 253) as u8).collect();
            let mut writer = left.into_stream().unwrap();
            let mut reader = right.into_stream().unwrap();
            let expected = data.clone();
            let written = async {
                writer.write_all(&data).await.unwrap();
                writer.flush().await.unwrap();
                writer.shutdown().await.unwrap();
            };
            let mut text = Vec::new();
            let (read, ()) = tokio::join!(reader.read_to_end(&mut text), written);
            assert_eq!(read.unwrap(), data.len());
            assert!(text == expected);
        }
    }

    async fn halves_of_one_endpoint_in_two_tasks() {
        for (left, right) in pairs().await {
            let echo = tokio::spawn(async move {
                let right = Arc::new(right);
                let mut reader = AsyncStream::new(right.clone()).unwrap();
                let mut writer = AsyncStream::new(right).unwrap();
                copy(&mut reader, &mut writer).await.unwrap()
            });
            let left = Arc::new(left);
            let writer = tokio::spawn({
                let mut writer = AsyncStream::new(left.clone()).unwrap();
                async move {
                    writer.write_all(&vec![9; 2 << 20]).await.unwrap();
                    writer.shutdown().await.unwrap();
                }
            });
            let mut back = Vec::new();
            let mut reader = AsyncStream::new(left).unwrap();
            reader.read_to_end(&mut back).await.unwrap();
            writer.await.unwrap();
            assert!(back == vec![9; 2 << 20]);
            assert_eq!(echo.await.unwrap(), 2 << 20);
        }
    }

    async fn a_proxy_between_two_connections() {
        let [(client, inner), (outer, server)] = pairs().await;
        let proxy = tokio::spawn(async move {
            let mut inner = inner.into_stream().unwrap();
            let mut outer = outer.into_stream().unwrap();
            copy_bidirectional(&mut inner, &mut outer).await.unwrap()
        });
        let mut client = client.into_stream().unwrap();
        let mut server = server.into_stream().unwrap();
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "question");
        server.write_all(b"answer").await.unwrap();
        drop(server);
        text.clear();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "answer");
        assert_eq!(proxy.await.unwrap(), (8, 6));
    }

    async fn lines() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let mut lines = BufReader::new(right.as_stream().unwrap()).lines();
        cancelled(lines.next_line()).await;
        left.send_all(b"half a li").await.unwrap();
        cancelled(lines.next_line()).await;
        left.send_all(b"ne\n").await.unwrap();
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "half a line");
        drop(left);
        assert_eq!(lines.next_line().await.unwrap(), None);
    }

    async fn several_buffers_at_once() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let mut writer = left.into_stream().unwrap();
        assert!(writer.is_write_vectored());
        let bufs = [IoSlice::new(b"one"), IoSlice::new(b" two")];
        assert_eq!(writer.write_vectored(&bufs).await.unwrap(), 7);
        // sendmsg(2) alone would refuse so many.
        let many = vec![IoSlice::new(b"x"); 3000];
        assert_eq!(writer.write_vectored(&many).await.unwrap(), 1024);
        let mut buf = [0; 7 + 1024];
        right.recv_exact(&mut buf).await.unwrap();
        assert_eq!(&buf[..9], b"one twoxx");
    }

    async fn a_read_into_a_buffer_that_is_partly_filled() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let mut reader = right.into_stream().unwrap();
        let mut buf = Vec::with_capacity(64);
        buf.extend_from_slice(b"before ");
        left.send_all(b"after").await.unwrap();
        assert_eq!(reader.read_buf(&mut buf).await.unwrap(), 5);
        assert_eq!(buf, b"before after");
    }

    async fn errors_keep_their_kind() {
        let (left, right) = tcp_pair().await;
        let mut writer = left.into_stream().unwrap();
        drop(right);
        a_moment().await;
        let mut result = Ok(());
        for _ in 0..100 {
            result = writer.write_all(&[0; 1024]).await;
            if result.is_err() {
                break;
            }
        }
        let kind = result.unwrap_err().kind();
        assert!(
            [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&kind),
            "{kind:?}"
        );
        // There is nothing left to shut down, which is no error.
        writer.shutdown().await.unwrap();
        assert_eq!(writer.get_ref().kind(), Kind::STREAM);
        assert_eq!(writer.into_inner().kind(), Kind::STREAM);
    }

    async fn only_a_stream_is_one() {
        for kind in [Kind::DGRAM, Kind::SEQPACKET] {
            let (left, right) = AsyncEndpoint::pair(kind).unwrap();
            assert_eq!(left.as_stream().unwrap_err(), Error::WrongKind);
            assert_eq!(right.into_stream().unwrap_err(), Error::WrongKind);
        }
    }
}
