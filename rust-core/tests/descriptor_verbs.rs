//! The verbs for a descriptor that something else owns do what an endpoint's do, and judge nothing
//! themselves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::time::Duration;

use rsocket::option::{self, Broadcast, RecvBuffer, TcpNoDelay};
use rsocket::{
    Address, Ancillary, Blocking, ControlBuilder, Deadline, Endpoint, Errno, Error, Family, Kind,
    MsgFlags, Protocol, fd,
};
use support::{all_gone, fds, soon, tcp_pair, tracked, udp};

const NONE: MsgFlags = MsgFlags::empty();

fn nothing<const N: usize>() -> [MaybeUninit<u8>; N] {
    [const { MaybeUninit::uninit() }; N]
}

#[test]
fn one_attempt_is_one_system_call() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let (left, right) = (left.as_fd(), right.as_fd());
    let dontwait = MsgFlags::DONTWAIT;
    assert_eq!(
        fd::recv_once(right, &mut nothing::<8>(), dontwait),
        Err(Errno::EAGAIN)
    );
    assert_eq!(fd::send_once(left, b"data", dontwait), Ok(4));
    assert_eq!(fd::recv_once(right, &mut nothing::<8>(), NONE), Ok(4));
    // Room is filled until there is none, without sleeping.
    let full = loop {
        if let Err(errno) = fd::send_once(left, &[0; 4096], dontwait) {
            break errno;
        }
    };
    assert_eq!(full, Errno::EAGAIN);
    fd::shutdown(right, Shutdown::Read).unwrap();
    // A policy is not asked, and SIGPIPE is not raised: this process is still here.
    assert_eq!(fd::send_once(left, b"data", NONE), Err(Errno::EPIPE));
}

#[test]
fn a_half_that_is_shut_down() {
    let (client, server) = tcp_pair();
    fd::shutdown(client.as_fd(), Shutdown::Read).unwrap();
    assert_eq!(client.recv(&mut [0; 4]).unwrap().len, 0);
    fd::shutdown(client.as_fd(), Shutdown::Write).unwrap();
    assert_eq!(server.recv(&mut [0; 4]).unwrap().len, 0);
    let partial = fd::recv_exact(server.as_fd(), &mut nothing::<4>(), NONE, &mut Blocking);
    let partial = partial.unwrap_err();
    assert_eq!((partial.done, partial.error), (0, Error::UnexpectedEof));
}

#[test]
fn what_a_socket_is() {
    let endpoint = udp("[::1]:0");
    assert_eq!(fd::family(endpoint.as_fd()), Ok(Family::INET6));
    let file = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(
        fd::family(file.as_fd()).unwrap_err().errno(),
        Errno::ENOTSOCK
    );
}

#[test]
fn typed_options_of_any_descriptor() {
    // A socket of std's, which no endpoint owns.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(option::get(&socket, Broadcast), Ok(false));
    option::set(&socket, Broadcast, true).unwrap();
    assert_eq!(option::get(&socket, Broadcast), Ok(true));
    assert!(socket.broadcast().unwrap());
    option::set(&socket, RecvBuffer, 9000).unwrap();
    // socket(7): "the kernel doubles this value".
    assert_eq!(option::get(&socket, RecvBuffer), Ok(18000));
    // The family is not looked at here: the kernel is.
    let error = option::set(&socket, TcpNoDelay, true).unwrap_err();
    assert!(
        matches!(error.errno(), Errno::EOPNOTSUPP | Errno::ENOPROTOOPT),
        "{error}"
    );
    // A null pointer with a length alone is for the options that want it.
    let error = fd::set_option_null(socket.as_fd(), libc::SOL_SOCKET, libc::SO_BROADCAST, 4);
    assert_eq!(error.unwrap_err().errno(), Errno::EFAULT);
}

#[test]
fn control_messages_into_an_owner() {
    const ROOM: usize = ControlBuilder::space_for_fds(3);
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    let mut sent = tracked(3);
    left.send_fds(b"three", &fds(&sent)).unwrap();
    let mut ancillary = Ancillary::<ROOM>::new();
    let (mut data, mut from) = ([0; 8], Address::UNSPECIFIED);
    let mut bufs = [IoSliceMut::new(&mut data)];
    let flags = NONE;
    let fd = right.as_fd();
    let info =
        fd::recv_ancillary(fd, &mut bufs, &mut ancillary, &mut from, flags, &mut soon()).unwrap();
    assert_eq!((info.len, ancillary.take_fds().count()), (5, 3));
    let passed = Deadline::after(Duration::ZERO);
    let mut wait = passed;
    let error =
        fd::recv_ancillary(fd, &mut bufs, &mut ancillary, &mut from, flags, &mut wait).unwrap_err();
    assert_eq!(error, Error::TimedOut);
    assert!(all_gone(&mut sent));
}

#[test]
fn control_messages_as_bytes() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    let mut sent = tracked(2);
    // CMSG_LEN and CMSG_SPACE of cmsg(3), on a machine of 64 bits.
    assert_eq!((fd::control_len(8), fd::control_space(8)), (24, 24));
    assert_eq!((fd::control_len(4), fd::control_space(4)), (20, 24));
    let numbers: Vec<u8> = fds(&sent)
        .iter()
        .flat_map(|fd| std::os::fd::AsRawFd::as_raw_fd(fd).to_ne_bytes())
        .collect();
    let mut control = Vec::new();
    fd::push_control(&mut control, libc::SOL_SOCKET, libc::SCM_RIGHTS, &numbers);
    assert_eq!(control.len(), fd::control_space(8));
    let data = [IoSlice::new(b"x")];
    fd::send_msg(left.as_fd(), &data, &control, None, NONE, &mut Blocking).unwrap();
    let (_, taken) = right.recv_fds::<2>(&mut [0; 4]).unwrap();
    assert!(taken.iter().all(Option::is_some));
    drop(taken);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_connect_that_was_begun_is_finished() {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let to = listener.local_address().unwrap();
    let client = || {
        let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    };
    let begun = client();
    let error = begun.connect(&to).unwrap_err();
    assert_eq!(error.errno(), Errno::EINPROGRESS);
    fd::finish_connect(begun.as_fd(), &mut soon()).unwrap();
    assert_eq!(begun.peer_address(), Ok(to));
    // Once more is no harm.
    fd::finish_connect(begun.as_fd(), &mut soon()).unwrap();

    drop(listener);
    let refused = client();
    assert_eq!(
        refused.connect(&to).unwrap_err().errno(),
        Errno::EINPROGRESS
    );
    let error = fd::finish_connect(refused.as_fd(), &mut soon()).unwrap_err();
    assert_eq!(error.to_string(), "connect: Connection refused");

    let never_begun = client();
    let error = fd::finish_connect(never_begun.as_fd(), &mut soon()).unwrap_err();
    assert_eq!(error.errno(), Errno::ENOTCONN);
}

#[test]
fn a_full_unix_listener_holds_a_connect_until_its_deadline() {
    let listener = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    listener.bind(&Address::unix_unnamed()).unwrap();
    listener.listen(0).unwrap();
    let to = listener.local_address().unwrap();
    let client = || Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    let first = client();
    first.connect(&to).unwrap();
    for nonblocking in [false, true] {
        let second = client();
        second.set_nonblocking(nonblocking).unwrap();
        let start = std::time::Instant::now();
        let limit = Duration::from_millis(40);
        let result = fd::connect(second.as_fd(), &to, &mut Deadline::after(limit));
        assert_eq!(result, Err(Error::TimedOut));
        let elapsed = start.elapsed();
        assert!(elapsed >= limit && elapsed < 50 * limit, "{elapsed:?}");
        assert_eq!(second.is_nonblocking(), Ok(nonblocking));
        // SO_SNDTIMEO, which bounds it meanwhile, is as it was.
        assert_eq!(second.get(option::SendTimeout), Ok(None));
    }
    // Without a deadline the socket's own answer stands.
    let third = client();
    third.set_nonblocking(true).unwrap();
    assert!(third.connect(&to).unwrap_err().is_would_block());

    // Room in time: a non-blocking socket under a deadline gets it.
    let fourth = client();
    fourth.set_nonblocking(true).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(30));
            listener.accept().unwrap();
        });
        fd::connect(fourth.as_fd(), &to, &mut soon()).unwrap();
    });
}
