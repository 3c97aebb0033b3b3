//! Bad input gets a clear error with the right errno, and loses nothing.
#![allow(clippy::expect_used, reason = "a test ends where its setting fails")]

use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rsocket::{
    Address, AddressError, Ancillary, ControlBuilder, ControlError, Endpoint, Errno, Error, Family,
    Kind, MsgFlags, Op, Protocol, Target,
};

/// How many descriptors of this process are open on a file that no other test opens.
fn open_on(path: &str) -> usize {
    let fds = std::fs::read_dir("/proc/self/fd").expect("/proc");
    let targets = fds.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
    targets.filter(|target| target == path).count()
}

fn os(op: Op, errno: Errno) -> Error {
    Error::Os { op, errno }
}

#[test]
fn families_kinds_and_protocols_that_do_not_exist() {
    let make = |family, kind, protocol| {
        Endpoint::new(
            Family::from_raw(family),
            Kind::from_raw(kind),
            Protocol::from_raw(protocol),
        )
        .expect_err("no such socket")
    };
    assert_eq!(make(-1, 1, 0), os(Op::Socket, Errno::EAFNOSUPPORT));
    assert_eq!(make(4711, 1, 0), os(Op::Socket, Errno::EAFNOSUPPORT));
    assert_eq!(make(libc::AF_INET, 42, 0), os(Op::Socket, Errno::EINVAL));
    assert_eq!(
        make(libc::AF_INET, libc::SOCK_STREAM, 17),
        os(Op::Socket, Errno::EPROTONOSUPPORT)
    );
    assert_eq!(
        make(libc::AF_UNIX, libc::SOCK_RDM, 0),
        os(Op::Socket, Errno::ESOCKTNOSUPPORT)
    );
    let pair = Endpoint::pair(Kind::from_raw(42)).expect_err("no such kind");
    assert_eq!(pair, os(Op::SocketPair, Errno::EINVAL));
}

#[test]
fn a_descriptor_that_is_no_socket_is_refused_and_closed() {
    let file = OwnedFd::from(File::open("/proc/cpuinfo").expect("open"));
    let error = Endpoint::try_from(file).expect_err("no socket");
    assert_eq!(error, os(Op::GetSockOpt, Errno::ENOTSOCK));
    assert_eq!(open_on("/proc/cpuinfo"), 0);
}

#[test]
fn an_inherited_descriptor_that_is_closed_or_foreign() {
    let at = |text: &str| rsocket::listen(text).expect_err("no socket");
    assert_eq!(at("fd:1000000"), os(Op::Dup, Errno::EBADF));
    let file = File::open("/proc/version").expect("open");
    assert_eq!(
        at(&format!("fd:{}", file.as_raw_fd())),
        os(Op::GetSockOpt, Errno::ENOTSOCK)
    );
    assert_eq!(open_on("/proc/version"), 1);
}

#[test]
fn an_address_of_another_family() {
    let unix = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).expect("socket");
    let tcp = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).expect("socket");
    let ip: Address = "127.0.0.1:1".parse().expect("address");
    let path = Address::unix("/nonexistent/socket").expect("address");
    assert_eq!(unix.connect(&ip), Err(os(Op::Connect, Errno::EINVAL)));
    assert_eq!(
        tcp.connect(&path),
        Err(os(Op::Connect, Errno::EAFNOSUPPORT))
    );
    assert_eq!(tcp.bind(&path), Err(os(Op::Bind, Errno::EAFNOSUPPORT)));
    assert_eq!(
        tcp.bind(&Address::UNSPECIFIED),
        Err(os(Op::Bind, Errno::EINVAL))
    );
    assert_eq!(unix.connect(&path), Err(os(Op::Connect, Errno::ENOENT)));
}

#[test]
fn unix_paths_at_and_over_the_limit() {
    assert_eq!(
        Address::unix("").expect_err("empty"),
        AddressError::EmptyPath.into()
    );
    assert_eq!(
        Address::unix("a\0b").expect_err("NUL"),
        AddressError::PathWithNul.into()
    );
    let longest = "x".repeat(107);
    let address = Address::unix(&longest).expect("107 bytes fit");
    assert_eq!(
        address.as_path().map(|path| path.as_os_str().len()),
        Some(107)
    );
    for len in [108, 109, 4096, 100_000] {
        let error = Address::unix("x".repeat(len)).expect_err("too long");
        assert_eq!(error, AddressError::PathTooLong(len as u32).into());
        assert_eq!(error.errno(), Errno::ENAMETOOLONG);
        assert_eq!(
            error.to_string(),
            format!("unix path is {len} bytes; the kernel's limit is 107")
        );
    }
    assert!(Address::unix_abstract([0xff; 107]).is_ok());
    let error = Address::unix_abstract([0xff; 108]).expect_err("too long");
    assert_eq!(error, AddressError::NameTooLong(108).into());
    assert!(Address::from_bytes(&[0; 128]).is_ok());
    let error = Address::from_bytes(&[0; 129]).expect_err("too long");
    assert_eq!(error, AddressError::NativeTooLong(129).into());
}

#[test]
fn text_that_is_no_target() {
    for text in [
        "",
        ":",
        "tcp:",
        "tcp://",
        "tcp://1.2.3.4",
        "tcp://1.2.3.4:65536",
        "nope:x",
        "\0",
    ] {
        let error = Target::parse(text).expect_err(text);
        assert_eq!(error.errno(), Errno::EINVAL, "{text}: {error}");
        assert!(error.to_string().len() > 10, "{text}: {error}");
    }
}

#[test]
fn operations_on_a_socket_in_the_wrong_state() {
    let tcp = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).expect("socket");
    assert_eq!(
        tcp.accept().expect_err("no listener"),
        os(Op::Accept, Errno::EINVAL)
    );
    assert_eq!(tcp.send(b"x"), Err(os(Op::Send, Errno::EPIPE)));
    assert_eq!(tcp.recv(&mut [0; 8]), Err(os(Op::Recv, Errno::ENOTCONN)));
    assert_eq!(
        tcp.peer_address(),
        Err(os(Op::GetPeerName, Errno::ENOTCONN))
    );
    let error = tcp.shutdown(std::net::Shutdown::Both);
    assert_eq!(error, Err(os(Op::Shutdown, Errno::ENOTCONN)));
    let udp = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT).expect("socket");
    assert_eq!(udp.listen(1), Err(os(Op::Listen, Errno::EOPNOTSUPP)));
    assert_eq!(udp.send(b"x"), Err(os(Op::Send, Errno::EDESTADDRREQ)));
    assert_eq!(
        udp.recv_exact(&mut [0; 8]).expect_err("no stream").error,
        Error::WrongKind
    );
    assert_eq!(udp.as_stream().err(), Some(Error::WrongKind));
    assert_eq!(tcp.as_datagram().err(), Some(Error::WrongKind));
    assert_eq!(tcp.as_listener().err(), Some(Error::WrongKind));
}

#[test]
fn a_datagram_over_the_limit_is_refused_whole() {
    let udp = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT).expect("socket");
    udp.connect(&"127.0.0.1:9".parse().expect("address"))
        .expect("connect");
    assert_eq!(
        udp.send(&vec![0; 70_000]),
        Err(os(Op::Send, Errno::EMSGSIZE))
    );
}

#[test]
fn options_of_the_wrong_level_name_and_size() {
    let (left, _right) = Endpoint::pair(Kind::STREAM).expect("pair");
    let mut value = [0; 4];
    let error = left.raw_option(libc::SOL_SOCKET, 9999, &mut value);
    assert_eq!(error, Err(os(Op::GetSockOpt, Errno::ENOPROTOOPT)));
    let error = left.set_raw_option(libc::SOL_SOCKET, libc::SO_RCVBUF, &[1]);
    assert_eq!(error, Err(os(Op::SetSockOpt, Errno::EINVAL)));
    assert_eq!(
        left.raw_option(libc::SOL_SOCKET, libc::SO_TYPE, &mut []),
        Ok(0)
    );
}

#[test]
fn descriptors_go_over_the_unix_domain_only_and_not_too_many_at_once() {
    let file = File::open("/proc/meminfo").expect("open");
    let tcp = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).expect("socket");
    assert_eq!(tcp.send_fds(b"x", &[file.as_fd()]), Err(Error::WrongFamily));
    assert_eq!(
        tcp.recv_fds::<1>(&mut [0; 1]).err(),
        Some(Error::WrongFamily)
    );
    assert_eq!(tcp.peer_credentials().err(), Some(Error::WrongFamily));
    let mut control = ControlBuilder::<24>::new();
    control.push_fds(&[file.as_fd()]).expect("room for one");
    let error = tcp.send_msg(&[IoSlice::new(b"x")], &control, None, MsgFlags::empty());
    assert_eq!(error, Err(Error::WrongFamily));

    let (left, right) = Endpoint::pair(Kind::SEQPACKET).expect("pair");
    let many: Vec<BorrowedFd<'_>> = vec![file.as_fd(); 254];
    let error = left.send_fds(b"x", &many).expect_err("too many");
    assert_eq!(error, ControlError::TooManyFds(254).into());
    assert_eq!(error.errno(), Errno::ETOOMANYREFS);
    right.set_nonblocking(true).expect("ioctl");
    assert!(
        right
            .recv(&mut [0; 1])
            .expect_err("nothing was sent")
            .is_would_block()
    );

    assert_eq!(left.send_fds(b"x", &many[..253]), Ok(1));
    let error = right
        .recv_fds::<252>(&mut [0; 1])
        .expect_err("one too many");
    assert_eq!(error, ControlError::Truncated.into());
    assert_eq!(open_on("/proc/meminfo"), 1, "all that came were closed");
}

#[test]
fn a_control_buffer_without_room() {
    let file = File::open("/dev/null").expect("open");
    let mut control = ControlBuilder::<23>::new();
    let error = control.push_fds(&[file.as_fd()]).err();
    assert_eq!(error, Some(ControlError::NoRoom.into()));
    assert!(!control.passes_fds() && control.as_bytes().is_empty());
    assert_eq!(
        control.push(1, 1, &[0; 8]).err(),
        Some(ControlError::NoRoom.into())
    );

    let (left, right) = Endpoint::pair(Kind::STREAM).expect("pair");
    left.send_fds(b"x", &[file.as_fd()]).expect("sent");
    let mut ancillary = Ancillary::<0>::new();
    let mut data = [0; 1];
    let mut bufs = [IoSliceMut::new(&mut data)];
    let (received, _) = right
        .recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())
        .expect("received");
    assert!(received.control_truncated());
    assert_eq!(ancillary.take_fds().count(), 0);
}

#[test]
fn empty_buffers() {
    let (left, right) = Endpoint::pair(Kind::STREAM).expect("pair");
    assert_eq!(left.send(b""), Ok(0));
    left.send_all(b"").expect("nothing to send");
    right.recv_exact(&mut []).expect("nothing to fill");
    assert_eq!(left.send_vectored(&[]), Ok(0));
}
