//! To and from the types of std and socket2: the same descriptor, the same address, or a clear error
//! where the type does not fit.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeSet, HashSet};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self, UnixDatagram, UnixListener, UnixStream};

use rsocket::{Address, Endpoint, Errno, Error, Family, Kind, Protocol};
use support::{udp, udp_pair};

/// What it became, after a check that the descriptor is the same.
fn taken<S: AsRawFd>(socket: S) -> Endpoint
where
    Endpoint: TryFrom<S, Error = Error>,
{
    let number = socket.as_raw_fd();
    let endpoint = Endpoint::try_from(socket).unwrap();
    assert_eq!(endpoint.as_raw_fd(), number);
    endpoint
}

fn shape(endpoint: &Endpoint) -> (Family, Kind, Protocol) {
    (endpoint.family(), endpoint.kind(), endpoint.protocol())
}

#[test]
fn from_every_socket_of_std_and_back() {
    let (inet, unix) = (Family::INET, Family::UNIX);
    let (stream, dgram, none) = (Kind::STREAM, Kind::DGRAM, Protocol::DEFAULT);

    let listener = taken(TcpListener::bind("127.0.0.1:0").unwrap());
    assert_eq!(shape(&listener), (inet, stream, Protocol::TCP));
    let to = SocketAddr::try_from(&listener.local_address().unwrap()).unwrap();
    let client = taken(TcpStream::connect(to).unwrap());
    assert_eq!(shape(&client), (inet, stream, Protocol::TCP));
    let (number, client) = (client.as_raw_fd(), TcpStream::try_from(client).unwrap());
    assert_eq!(client.as_raw_fd(), number);
    let listener = TcpListener::try_from(listener).unwrap();
    assert_eq!(listener.local_addr().unwrap(), to);

    let socket = taken(UdpSocket::bind("[::1]:0").unwrap());
    assert_eq!(shape(&socket), (Family::INET6, dgram, Protocol::UDP));
    assert!(UdpSocket::try_from(socket).is_ok());

    let (left, right) = UnixStream::pair().unwrap();
    let left = taken(left);
    assert_eq!(shape(&left), (unix, stream, none));
    left.send_all(b"x").unwrap();
    drop(UnixStream::try_from(left).unwrap());
    assert_eq!(taken(right).recv(&mut [0; 2]).unwrap().len, 1);

    let name = net::SocketAddr::from_abstract_name("rsocket-conversions").unwrap();
    let listener = taken(UnixListener::bind_addr(&name).unwrap());
    assert_eq!(shape(&listener), (unix, stream, none));
    assert!(UnixListener::try_from(listener).is_ok());
    let socket = taken(UnixDatagram::unbound().unwrap());
    assert_eq!(shape(&socket), (unix, dgram, none));
    assert!(UnixDatagram::try_from(socket).is_ok());
}

#[test]
fn from_socket2_and_back() {
    let socket = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::DGRAM, None).unwrap();
    let endpoint = taken(socket);
    assert_eq!(
        shape(&endpoint),
        (Family::INET6, Kind::DGRAM, Protocol::UDP)
    );
    let number = endpoint.as_raw_fd();
    let socket = socket2::Socket::from(endpoint);
    assert_eq!(socket.as_raw_fd(), number);
    assert_eq!(socket.r#type().unwrap(), socket2::Type::DGRAM);
}

#[test]
fn a_type_that_does_not_fit_is_refused_and_the_socket_closed() {
    let mut refused: Vec<(RawFd, Option<Error>)> = Vec::new();
    let mut check = |endpoint: Endpoint, convert: fn(Endpoint) -> Option<Error>| {
        refused.push((endpoint.as_raw_fd(), convert(endpoint)));
    };
    check(udp("127.0.0.1:0"), |endpoint| {
        TcpStream::try_from(endpoint).err()
    });
    check(udp("127.0.0.1:0"), |endpoint| {
        UnixDatagram::try_from(endpoint).err()
    });
    let unix = Endpoint::pair(Kind::SEQPACKET).unwrap().0;
    check(unix, |endpoint| UnixStream::try_from(endpoint).err());
    let errors: Vec<_> = refused.iter().map(|(_, error)| *error).collect();
    let (kind, family) = (Some(Error::WrongKind), Some(Error::WrongFamily));
    assert_eq!(errors, [kind, family, kind]);

    let file = std::fs::File::open("/dev/null").unwrap();
    let error = Endpoint::try_from(OwnedFd::from(file)).unwrap_err();
    assert_eq!(error.errno(), Errno::ENOTSOCK);
}

#[test]
fn the_bare_descriptor_is_the_callers() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let number = left.as_raw_fd();
    let raw = left.into_raw_fd();
    assert_eq!(raw, number);
    right.send(b"still open").unwrap();
    // SAFETY: into_raw_fd gave the descriptor to this test.
    let left = Endpoint::try_from(unsafe { OwnedFd::from_raw_fd(raw) }).unwrap();
    assert_eq!(left.recv(&mut [0; 16]).unwrap().len, 10);
    assert_eq!(OwnedFd::from(left).as_raw_fd(), number);
}

#[test]
fn addresses_of_std() {
    for text in ["127.0.0.1:80", "[fe80::1%3]:53"] {
        let address: Address = text.parse().unwrap();
        let std = SocketAddr::try_from(&address).unwrap();
        assert_eq!(std.to_string(), text);
        assert_eq!(Address::from(std), address);
    }
    let unix = Address::unix("/run/x.sock").unwrap();
    assert_eq!(SocketAddr::try_from(&unix), Err(Error::WrongFamily));
    assert_eq!(
        SocketAddr::try_from(&Address::UNSPECIFIED),
        Err(Error::WrongFamily)
    );

    let path = net::SocketAddr::from_pathname("/run/x.sock").unwrap();
    assert_eq!(Address::try_from(&path), Ok(unix));
    let name = net::SocketAddr::from_abstract_name(b"a\0b").unwrap();
    assert_eq!(Address::try_from(&name), Address::unix_abstract(b"a\0b"));
    let unnamed = UnixDatagram::unbound().unwrap().local_addr().unwrap();
    assert_eq!(Address::try_from(&unnamed), Ok(Address::unix_unnamed()));
}

#[test]
fn addresses_are_keys_by_what_they_say() {
    let path = Address::unix("/run/x").unwrap();
    // The same path as the kernel gives it back, and with rubbish behind its end.
    let mut bytes = path.as_bytes().to_vec();
    bytes.extend(b"rubbish");
    let rubbish = Address::from_bytes(&bytes).unwrap();
    let all = [
        path,
        rubbish,
        Address::unix("/run/y").unwrap(),
        Address::unix_abstract("/run/x").unwrap(),
        "127.0.0.1:80".parse().unwrap(),
        "127.0.0.1:81".parse().unwrap(),
    ];
    assert_eq!(all[0], all[1]);
    assert_eq!(HashSet::from(all).len(), 5);
    let ordered: Vec<_> = BTreeSet::from(all).into_iter().collect();
    assert_eq!(ordered.len(), 5);
    for pair in ordered.windows(2) {
        assert!(pair[0] < pair[1]);
        assert_eq!(pair[0].partial_cmp(&pair[1]), Some(pair[0].cmp(&pair[1])));
    }
}
