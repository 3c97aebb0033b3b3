//! Endpoints that block become asynchronous, tokio's own sockets become endpoints, and all of it
//! back again with O_NONBLOCK as it was.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rsocket::tokio::AsyncEndpoint;
use rsocket::{Endpoint, Errno, Error, Family, Kind, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use tokio_support::{cancelled, each_runtime};

/// The number and the file behind it: the same after a conversion.
fn identity(fd: impl AsFd) -> (i32, std::path::PathBuf) {
    let fd = fd.as_fd().as_raw_fd();
    (
        fd,
        std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap(),
    )
}

each_runtime! {
    async fn a_blocking_endpoint_and_back() {
        for nonblocking in [false, true] {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            left.set_nonblocking(nonblocking).unwrap();
            let duplicate = left.try_clone().unwrap();
            let before = identity(&left);
            let left = AsyncEndpoint::try_from(left).unwrap();
            assert!(duplicate.is_nonblocking().unwrap());
            cancelled(left.recv(&mut [0; 8])).await;
            let left = Endpoint::try_from(left).unwrap();
            assert_eq!(identity(&left), before);
            assert_eq!(duplicate.is_nonblocking().unwrap(), nonblocking);
            // The reactor has let go of it.
            let left = AsyncEndpoint::new(left).unwrap();
            right.send(b"again").unwrap();
            assert_eq!(left.recv(&mut [0; 8]).await.unwrap().len, 5);
        }
    }

    async fn what_was_made_or_accepted_here_becomes_blocking() {
        let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await.unwrap();
        let target = format!("tcp://{}", listener.local_address().unwrap());
        let client = rsocket::tokio::connect(&target).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let open = AsyncEndpoint::open(Family::INET6, Kind::STREAM, Protocol::TCP).unwrap();
        assert_eq!((open.kind(), open.protocol()), (Kind::STREAM, Protocol::TCP));
        for endpoint in [listener, client, server, open] {
            assert!(endpoint.endpoint().is_nonblocking().unwrap());
            assert!(!endpoint.into_endpoint().unwrap().is_nonblocking().unwrap());
        }
    }

    async fn a_descriptor() {
        let (left, _right) = std::os::unix::net::UnixStream::pair().unwrap();
        let left = AsyncEndpoint::try_from(OwnedFd::from(left)).unwrap();
        assert_eq!((left.family(), left.kind()), (Family::UNIX, Kind::STREAM));
        let file = std::fs::File::open("/dev/null").unwrap();
        let error = AsyncEndpoint::try_from(OwnedFd::from(file)).unwrap_err();
        assert_eq!(error.errno(), Errno::ENOTSOCK);
    }

    async fn tokios_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = AsyncEndpoint::try_from(listener).unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let client = AsyncEndpoint::try_from(client).unwrap();
        assert_eq!(client.kind(), Kind::STREAM);
        client.send_all(b"to tokio").await.unwrap();
        let mut server = TcpStream::try_from(server).unwrap();
        let mut buf = [0; 8];
        server.read_exact(&mut buf).await.unwrap();
        server.write_all(&buf).await.unwrap();
        client.recv_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"to tokio");

        let listener = TcpListener::try_from(listener).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        // Without the detour through an asynchronous endpoint.
        let client = Endpoint::try_from(client).unwrap();
        assert!(client.is_nonblocking().unwrap());
        let accepted = Endpoint::try_from(accepted).unwrap();
        accepted.set_nonblocking(false).unwrap();
        let accepted = TcpStream::try_from(accepted).unwrap();
        assert!(rsocket::fd::is_nonblocking(accepted.as_fd()).unwrap());
        drop(client);
    }

    async fn tokios_udp() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = socket.local_addr().unwrap();
        let left = AsyncEndpoint::try_from(socket).unwrap();
        let right = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        right.send_to(b"datagram", to).await.unwrap();
        assert_eq!(left.recv(&mut [0; 16]).await.unwrap().len, 8);
        let left = UdpSocket::try_from(left).unwrap();
        right.send_to(b"datagram", to).await.unwrap();
        assert_eq!(left.recv(&mut [0; 16]).await.unwrap(), 8);
    }

    async fn tokios_unix() {
        let (left, mut right) = UnixStream::pair().unwrap();
        let left = AsyncEndpoint::try_from(left).unwrap();
        left.send_all(b"one").await.unwrap();
        right.read_exact(&mut [0; 3]).await.unwrap();
        let mut left = UnixStream::try_from(left).unwrap();
        left.write_all(b"two").await.unwrap();
        right.read_exact(&mut [0; 3]).await.unwrap();

        let (left, right) = UnixDatagram::pair().unwrap();
        let left = AsyncEndpoint::try_from(left).unwrap();
        left.send(b"one").await.unwrap();
        assert_eq!(right.recv(&mut [0; 8]).await.unwrap(), 3);
        let left = UnixDatagram::try_from(left).unwrap();
        left.send(b"two").await.unwrap();
        assert_eq!(right.recv(&mut [0; 8]).await.unwrap(), 3);

        let listener = rsocket::tokio::listen("unix-unnamed:").await.unwrap();
        let address = listener.local_address().unwrap();
        let listener = UnixListener::try_from(listener).unwrap();
        let client = AsyncEndpoint::open(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
        client.connect(&address).await.unwrap();
        listener.accept().await.unwrap();
        let listener = AsyncEndpoint::try_from(listener).unwrap();
        let client = AsyncEndpoint::open(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
        client.connect(&address).await.unwrap();
        listener.accept().await.unwrap();
    }

    async fn a_type_that_does_not_fit_is_refused() {
        let seqpacket = || AsyncEndpoint::pair(Kind::SEQPACKET).unwrap().0;
        assert_eq!(UnixStream::try_from(seqpacket()).unwrap_err(), Error::WrongKind);
        assert_eq!(TcpStream::try_from(seqpacket()).unwrap_err(), Error::WrongFamily);
        let blocking = Endpoint::pair(Kind::STREAM).unwrap().0;
        let duplicate = blocking.try_clone().unwrap();
        assert_eq!(UdpSocket::try_from(blocking).unwrap_err(), Error::WrongFamily);
        assert!(!duplicate.is_nonblocking().unwrap());
    }

    async fn what_is_closed_is_closed() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        cancelled(left.recv(&mut [0; 8])).await;
        drop(left);
        assert_eq!(right.recv(&mut [0; 8]).await.unwrap().len, 0);
    }
}
