//! Every verb of an asynchronous endpoint does what the blocking one does, on every kind of socket.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tokio_support;

use std::io::{IoSlice, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd};

use rsocket::tokio::{AsyncEndpoint, connect, listen};
use rsocket::{
    Ancillary, Control, ControlBuilder, ControlError, Errno, Error, Family, Kind, MsgFlags,
    Partial, Protocol, Target, option,
};
use tokio_support::{each_runtime, tcp_pair, udp};

const ROOM: usize = ControlBuilder::space_for_fds(4) + ControlBuilder::space_for_credentials();

async fn udp_pair() -> (AsyncEndpoint, AsyncEndpoint) {
    let (left, right) = (udp(), udp());
    left.connect(&right.local_address().unwrap()).await.unwrap();
    right.connect(&left.local_address().unwrap()).await.unwrap();
    (left, right)
}

each_runtime! {
    async fn streams() {
        for (left, right) in [
            tcp_pair().await,
            AsyncEndpoint::pair(Kind::STREAM).unwrap(),
        ] {
            assert_eq!(left.send(b"one").await.unwrap(), 3);
            let mut buf = [0; 16];
            assert_eq!(right.recv(&mut buf).await.unwrap().len, 3);
            assert_eq!(&buf[..3], b"one");

            let two = [IoSlice::new(b"tw"), IoSlice::new(b"o")];
            assert_eq!(left.send_vectored(&two).await.unwrap(), 3);
            let (mut t, mut rest) = ([0; 1], [0; 8]);
            let mut bufs = [IoSliceMut::new(&mut t), IoSliceMut::new(&mut rest)];
            assert_eq!(right.recv_vectored(&mut bufs).await.unwrap().len, 3);
            assert_eq!((&t, &rest[..2]), (b"t", &b"wo"[..]));

            left.send_all(b"and more").await.unwrap();
            let peeked = right.recv_with(&mut buf, MsgFlags::PEEK).await.unwrap();
            assert!(peeked.len > 0);
            right.recv_exact(&mut buf[..8]).await.unwrap();
            assert_eq!(&buf[..8], b"and more");

            left.send_all(b"").await.unwrap();
            left.send_all(b"end").await.unwrap();
            drop(left);
            let partial = right.recv_exact(&mut buf[..5]).await.unwrap_err();
            assert_eq!(partial, Partial { done: 3, error: Error::UnexpectedEof });
            assert_eq!(right.recv(&mut buf).await.unwrap().len, 0);

            let mut sent = Ok(());
            for _ in 0..100 {
                sent = right.send_all(b"to nobody").await;
                if sent.is_err() {
                    break;
                }
            }
            let error = sent.unwrap_err().error.errno();
            assert!([Errno::EPIPE, Errno::ECONNRESET].contains(&error), "{error:?}");
        }
    }

    async fn datagrams() {
        for (left, right) in [
            udp_pair().await,
            AsyncEndpoint::pair(Kind::DGRAM).unwrap(),
            AsyncEndpoint::pair(Kind::SEQPACKET).unwrap(),
        ] {
            left.send(b"whole").await.unwrap();
            let mut buf = [0; 3];
            let received = right.recv(&mut buf).await.unwrap();
            assert_eq!((received.len, received.full_len), (3, 5));
            assert!(received.truncated());

            left.send_all(b"").await.unwrap();
            assert_eq!(right.recv(&mut buf).await.unwrap().len, 0);
            assert_eq!(
                right.recv_exact(&mut buf).await,
                Err(Partial { done: 0, error: Error::WrongKind })
            );
        }
    }

    async fn addresses() {
        let (left, right) = (udp(), udp());
        let to = right.local_address().unwrap();
        left.send_to(b"to", &to).await.unwrap();
        let mut buf = [0; 8];
        let (received, from) = right.recv_from(&mut buf).await.unwrap();
        assert_eq!((received.len, from), (2, left.local_address().unwrap()));
        assert_eq!(left.peer_address().unwrap_err().errno(), Errno::ENOTCONN);

        left.send_to_with(b"with", &to, MsgFlags::CONFIRM).await.unwrap();
        let peeked = right.recv_from_with(&mut buf, MsgFlags::PEEK).await.unwrap();
        let taken = right.recv_from(&mut buf).await.unwrap();
        assert_eq!(peeked, taken);
    }

    async fn control_messages() {
        let (left, right) = AsyncEndpoint::pair(Kind::SEQPACKET).unwrap();
        right.set(option::PassCred, true).unwrap();
        assert!(right.get(option::PassCred).unwrap());
        let file = std::fs::File::open("/dev/zero").unwrap();
        let mut control = ControlBuilder::<ROOM>::new();
        control.push_fds(&[file.as_fd(), file.as_fd()]).unwrap();
        let bufs = [IoSlice::new(b"two files")];
        left.send_msg(&bufs, &control, None, MsgFlags::empty()).await.unwrap();

        let mut data = [0; 16];
        let mut bufs = [IoSliceMut::new(&mut data)];
        let mut ancillary = Ancillary::<ROOM>::new();
        let (received, _) =
            right.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty()).await.unwrap();
        assert_eq!(received.len, 9);
        let mut who = None;
        let mut files = Vec::new();
        for message in ancillary.messages() {
            match message {
                Control::Credentials(credentials) => who = Some(credentials.pid),
                Control::Rights(fds) => files.extend(fds),
                other => unreachable!("{other:?}"),
            }
        }
        assert_eq!(who, Some(std::process::id().cast_signed()));
        assert_eq!(files.len(), 2);
        let mut zeros = [1; 4];
        std::fs::File::from(files.remove(0)).read_exact(&mut zeros).unwrap();
        assert_eq!(zeros, [0; 4]);
        assert_eq!(left.peer_credentials().unwrap().pid, std::process::id().cast_signed());
    }

    async fn descriptors() {
        let (left, right) = AsyncEndpoint::pair(Kind::STREAM).unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        left.send_fds(b"three", &[file.as_fd(); 3]).await.unwrap();
        let mut buf = [0; 8];
        let (received, fds) = right.recv_fds::<4>(&mut buf).await.unwrap();
        assert_eq!(received.len, 5);
        assert_eq!(fds.iter().flatten().count(), 3);

        left.send_fds(b"many", &[file.as_fd(); 3]).await.unwrap();
        let too_many = right.recv_fds::<2>(&mut buf).await.unwrap_err();
        assert_eq!(too_many, ControlError::Truncated.into());

        let tcp = tcp_pair().await.0;
        let refused = tcp.send_fds(b"x", &[file.as_fd()]).await.unwrap_err();
        assert_eq!(refused, Error::WrongFamily);
        assert_eq!(tcp.recv_fds::<1>(&mut buf).await.unwrap_err(), Error::WrongFamily);
        assert_eq!(tcp.peer_credentials().unwrap_err(), Error::WrongFamily);
    }

    async fn files() {
        let path = std::env::temp_dir().join(format!("rsocket-tokio-file-{:?}", std::thread::current().id()));
        std::fs::write(&path, b"from a file").unwrap();
        let file = std::fs::File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (left, right) = tcp_pair().await;
        assert_eq!(left.send_file(file.as_fd(), 5, 100).await.unwrap(), 6);
        let mut buf = [0; 6];
        right.recv_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"a file");
        assert_eq!(left.send_file(file.as_fd(), 11, 100).await.unwrap(), 0);
    }

    async fn every_target_connects() {
        let name = format!("rsocket-tokio-verbs-{}-{:?}", std::process::id(), std::thread::current().id());
        for scheme in ["unix-abstract", "unix-abstract-seqpacket"] {
            let target = format!("{scheme}:{name}");
            let listener = listen(&target).await.unwrap();
            let client = connect(&target).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            client.send(b"hello").await.unwrap();
            assert_eq!(server.recv(&mut [0; 8]).await.unwrap().len, 5);
        }
        let target = format!("unix-abstract-dgram:{name}");
        let server = listen(&target).await.unwrap();
        let client = connect(&target).await.unwrap();
        client.send(b"question").await.unwrap();
        let mut buf = [0; 8];
        let (_, from) = server.recv_from(&mut buf).await.unwrap();
        server.send_to(b"answer", &from).await.unwrap();
        assert_eq!(client.recv(&mut buf).await.unwrap().len, 6);

        let udp = listen("udp://127.0.0.1:0").await.unwrap();
        let client = connect(&format!("udp://{}", udp.local_address().unwrap())).await.unwrap();
        client.send(b"datagram").await.unwrap();
        assert_eq!(udp.recv(&mut buf).await.unwrap().len, 8);

        let netlink = connect("netlink:route?groups=1").await.unwrap();
        assert_eq!(netlink.family(), Family::NETLINK);

        let missing = connect("unix:/nonexistent/rsocket.sock").await.unwrap_err();
        assert_eq!(missing.errno(), Errno::ENOENT);
        assert!(matches!(connect("nonsense").await.unwrap_err(), Error::Address(_)));
        assert!(matches!(listen("nonsense").await.unwrap_err(), Error::Address(_)));
    }

    async fn an_inherited_descriptor() {
        let (left, right) = rsocket::Endpoint::pair(Kind::STREAM).unwrap();
        let target: Target = format!("fd:{}", left.as_raw_fd()).parse().unwrap();
        let inherited = AsyncEndpoint::connect_to(&target).await.unwrap();
        inherited.send_all(b"hello").await.unwrap();
        right.recv_exact(&mut [0; 5]).unwrap();
        // It is a duplicate, and shares O_NONBLOCK with what it was made from.
        assert!(left.is_nonblocking().unwrap());
        inherited.into_endpoint().unwrap();
        assert!(!left.is_nonblocking().unwrap());

        left.set_nonblocking(true).unwrap();
        let inherited = AsyncEndpoint::listen_at(&target, |_| Ok(())).await.unwrap();
        inherited.into_endpoint().unwrap();
        assert!(left.is_nonblocking().unwrap());
    }

    async fn options_before_the_bind() {
        let target: Target = "tcp://127.0.0.1:0".parse().unwrap();
        let listener = AsyncEndpoint::listen_at(&target, |fd| {
            rsocket::fd::set_int(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)
        })
        .await
        .unwrap();
        assert!(listener.get(option::KeepAlive).unwrap());
        let refused = AsyncEndpoint::listen_at(&target, |_| Err(Error::WrongKind)).await;
        assert_eq!(refused.unwrap_err(), Error::WrongKind);
    }
}

#[test]
fn what_it_is_can_be_asked_without_a_runtime() {
    let (left, _right) = AsyncEndpoint::pair(Kind::SEQPACKET).unwrap();
    assert_eq!(
        (left.family(), left.kind(), left.protocol()),
        (Family::UNIX, Kind::SEQPACKET, Protocol::DEFAULT)
    );
    assert_eq!(left.take_error().unwrap(), None);
    assert_eq!(left.as_raw_fd(), left.as_fd().as_raw_fd());
    assert!(!rsocket::fd::is_inheritable(left.as_fd()).unwrap());
    let shown = format!("{left:?}");
    assert!(shown.starts_with("AsyncEndpoint(Endpoint {"), "{shown}");
}

#[test]
fn bad_kinds_are_the_kernels_to_judge() {
    let error = AsyncEndpoint::open(Family::INET, Kind::from_raw(77), Protocol::DEFAULT);
    assert_eq!(error.unwrap_err().errno(), Errno::EINVAL);
}
