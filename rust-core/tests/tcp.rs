//! What only TCP has does what it says, falls back where the machine lacks it, and is refused
//! elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use rsocket::{Address, Deadline, Endpoint, Errno, Error, Family, Keepalive, Kind, Protocol};

fn tcp() -> Endpoint {
    Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap()
}

fn connected() -> (Endpoint, Endpoint) {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let client = tcp();
    client.connect(&listener.local_address().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[test]
fn tcp_info_tells_what_went_over_the_connection() {
    let (client, server) = connected();
    client.send_all(&[7; 10_000]).unwrap();
    server.recv_exact(&mut [0; 10_000]).unwrap();
    let info = client.tcp_info().unwrap();
    assert!(info.len >= 104, "{info:?}");
    assert_eq!(info.state, 1, "TCP_ESTABLISHED");
    assert!(
        info.rto > 0 && info.snd_mss > 0 && info.snd_cwnd > 0,
        "{info:?}"
    );
    if info.len >= 160 {
        assert!(
            info.data_segs_out > 0 && info.bytes_acked <= 10_001,
            "{info:?}"
        );
        assert_eq!(server.tcp_info().unwrap().bytes_received, 10_000);
    }
    if info.len >= 224 {
        assert_eq!(info.bytes_sent, 10_000);
        // Nothing more was there to be sent: the rate was not the network's.
        assert!(info.delivery_rate_app_limited());
    }
    assert!(info.snd_wscale() <= 14 && info.rcv_wscale() <= 14);

    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    assert_eq!(listener.tcp_info().unwrap().state, 10, "TCP_LISTEN");
}

#[test]
fn keepalive_is_set_read_and_refused_out_of_range() {
    let socket = tcp();
    assert_eq!(socket.keepalive().unwrap(), None);
    let asked = Keepalive {
        idle: Duration::from_millis(61_500),
        interval: Duration::from_secs(7),
        count: 5,
    };
    socket.set_keepalive(Some(asked)).unwrap();
    let rounded = Keepalive {
        idle: Duration::from_secs(62),
        ..asked
    };
    assert_eq!(socket.keepalive().unwrap(), Some(rounded));
    socket.set_keepalive(None).unwrap();
    assert_eq!(socket.keepalive().unwrap(), None);

    let bad = [
        Keepalive {
            idle: Duration::ZERO,
            ..asked
        },
        Keepalive {
            idle: Duration::MAX,
            ..asked
        },
        Keepalive {
            interval: Duration::from_secs(32_768),
            ..asked
        },
        Keepalive { count: 0, ..asked },
        Keepalive {
            count: 128,
            ..asked
        },
    ];
    for keepalive in bad {
        let error = socket.set_keepalive(Some(keepalive)).unwrap_err();
        assert_eq!(error.errno(), Errno::EINVAL, "{keepalive:?}");
        assert_eq!(socket.keepalive().unwrap(), None);
    }
}

#[test]
fn what_is_not_tcp_is_refused_before_the_kernel_is_asked() {
    let udp = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT).unwrap();
    let (unix, _other) = Endpoint::pair(Kind::STREAM).unwrap();
    let to: Address = "127.0.0.1:9".parse().unwrap();
    for (socket, error) in [(&udp, Error::WrongKind), (&unix, Error::WrongFamily)] {
        assert_eq!(socket.tcp_info().unwrap_err(), error);
        assert_eq!(socket.keepalive().unwrap_err(), error);
        assert_eq!(socket.set_keepalive(None).unwrap_err(), error);
        assert_eq!(socket.set_fast_open(1).unwrap_err(), error);
        assert_eq!(socket.connect_fast_open(&to, b"x").unwrap_err(), error);
    }
    assert_eq!(
        Endpoint::multipath(Family::UNIX).unwrap_err(),
        Error::WrongFamily
    );
}

#[test]
fn one_socket_listens_on_both_families() {
    let listener = Endpoint::listen_dual_stack(0, 16).unwrap();
    let port = listener.local_address().unwrap().port().unwrap();
    let client = tcp();
    client.connect(&([127, 0, 0, 1], port).into()).unwrap();
    let (_, peer) = listener.accept().unwrap();
    if listener.family() == Family::INET6 {
        assert_eq!(peer.as_ip().unwrap().ip().to_string(), "::ffff:127.0.0.1");
        let client = Endpoint::new(Family::INET6, Kind::STREAM, Protocol::DEFAULT).unwrap();
        client
            .connect(&format!("[::1]:{port}").parse().unwrap())
            .unwrap();
        listener.accept().unwrap();
    } else {
        eprintln!("skipped: no IPv6 here");
    }
    let error = Endpoint::listen_dual_stack(port, 16).unwrap_err();
    assert_eq!(error.errno(), Errno::EADDRINUSE);
}

#[test]
fn multipath_or_not_the_bytes_arrive() {
    let listener = Endpoint::multipath(Family::INET).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    listener.listen(4).unwrap();
    let address = listener.local_address().unwrap();

    let client = Endpoint::multipath(Family::INET).unwrap();
    client.connect(&address).unwrap();
    let (server, _) = listener.accept().unwrap();
    client.send_all(b"hello").unwrap();
    server.recv_exact(&mut [0; 5]).unwrap();
    let both = client.protocol() == Protocol::MPTCP;
    assert_eq!(client.is_multipath().unwrap(), both);
    assert_eq!(server.is_multipath().unwrap(), both);

    // A peer without it: the connection is plain TCP, and says so.
    let client = tcp();
    client.connect(&address).unwrap();
    let (server, _) = listener.accept().unwrap();
    server.send_all(b"hello").unwrap();
    client.recv_exact(&mut [0; 5]).unwrap();
    assert!(!client.is_multipath().unwrap() && !server.is_multipath().unwrap());
}

/// With a cookie or without, with a deadline or without: the data comes once and whole.
#[test]
fn fast_open_connects_and_sends_in_every_case() {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    listener.set_fast_open(16).unwrap();
    let address = listener.local_address().unwrap();
    for round in 0..4 {
        let client = tcp();
        let sent = if round % 2 == 0 {
            client.connect_fast_open(&address, b"hello")
        } else {
            let soon = Deadline::after(Duration::from_secs(5));
            client.connect_fast_open_with(&address, b"hello", soon)
        };
        assert_eq!(sent.unwrap(), 5, "round {round}");
        drop(client);
        let (server, _) = listener.accept().unwrap();
        let mut buf = [0; 16];
        server.recv_exact(&mut buf[..5]).unwrap();
        assert_eq!(&buf[..5], b"hello");
        assert_eq!(server.recv(&mut buf).unwrap().len, 0, "and nothing more");
    }
    drop(listener);
    let error = tcp().connect_fast_open(&address, b"hello").unwrap_err();
    assert_eq!(error.errno(), Errno::ECONNREFUSED);
    let soon = Deadline::after(Duration::from_secs(5));
    let error = tcp()
        .connect_fast_open_with(&address, b"x", soon)
        .unwrap_err();
    assert_eq!(error.errno(), Errno::ECONNREFUSED);
}
