//! The error queue and time stamps: what the kernel tells about packets afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use rsocket::{
    Ancillary, Control, ControlBuilder, Endpoint, Errno, ErrorOrigin, ExtendedError, MsgFlags,
    Timestamp,
};
use support::{set_int, soon, try_int, udp, udp_pair};

const ROOM: usize = 512;

fn send<const N: usize>(from: &Endpoint, control: &ControlBuilder<'_, N>) {
    from.send_msg(&[IoSlice::new(b"data")], control, None, MsgFlags::empty())
        .unwrap();
}

fn receive(from: &Endpoint, flags: MsgFlags) -> Ancillary<ROOM> {
    let mut ancillary = Ancillary::new();
    let mut data = [0; 64];
    let (received, _) = from
        .recv_msg_with(
            &mut [IoSliceMut::new(&mut data)],
            &mut ancillary,
            flags,
            soon(),
        )
        .unwrap();
    assert!(!received.control_truncated());
    ancillary
}

/// The first answer of `pick` among the control messages of the next receive.
fn next<T>(from: &Endpoint, pick: impl FnMut(Control<'_>) -> Option<T>) -> Option<T> {
    receive(from, MsgFlags::empty()).messages().find_map(pick)
}

fn nothing() -> ControlBuilder<'static, 0> {
    ControlBuilder::new()
}

/// What the error queue holds after a datagram to a port where nobody is.
fn refused(local: &str, level: i32, option: i32) -> (ExtendedError, SocketAddr) {
    let socket = udp(local);
    set_int(&socket, level, option, 1);
    let nobody = udp(local).local_address().unwrap();
    socket.send_to(b"x", &nobody).unwrap();
    let mut ancillary = Ancillary::<ROOM>::new();
    let mut data = [0; 8];
    let (received, to) = socket
        .recv_msg_with(
            &mut [IoSliceMut::new(&mut data)],
            &mut ancillary,
            MsgFlags::ERRQUEUE,
            soon(),
        )
        .unwrap();
    assert!(received.flags.contains(MsgFlags::ERRQUEUE));
    assert_eq!((received.len, data[0]), (1, b'x'));
    assert_eq!(to, nobody);
    let error = ancillary.messages().find_map(|message| match message {
        Control::Error(error) => Some(error),
        _ => None,
    });
    (error.expect("an error"), nobody.as_ip().unwrap())
}

#[test]
fn an_error_over_ipv4() {
    let (error, nobody) = refused("127.0.0.1:0", libc::SOL_IP, libc::IP_RECVERR);
    assert_eq!(error.errno, Some(Errno::ECONNREFUSED));
    assert_eq!(error.origin, ErrorOrigin::ICMP);
    // ICMP: destination unreachable, port unreachable (RFC 792).
    assert_eq!((error.kind, error.code), (3, 3));
    assert_eq!(error.offender.map(|from| from.ip()), Some(nobody.ip()));
}

#[test]
fn an_error_over_ipv6() {
    let (error, nobody) = refused("[::1]:0", libc::SOL_IPV6, libc::IPV6_RECVERR);
    assert_eq!(error.errno, Some(Errno::ECONNREFUSED));
    assert_eq!(error.origin, ErrorOrigin::ICMP6);
    // ICMPv6: destination unreachable, port unreachable (RFC 4443).
    assert_eq!((error.kind, error.code), (1, 4));
    assert_eq!(error.offender.map(|from| from.ip()), Some(nobody.ip()));
}

#[test]
fn timestamps_in_every_form() {
    for (name, option, step) in [
        ("SO_TIMESTAMP", libc::SO_TIMESTAMP, 1000),
        ("SO_TIMESTAMP_NEW", libc::SO_TIMESTAMP_NEW, 1000),
        ("SO_TIMESTAMPNS", libc::SO_TIMESTAMPNS, 1),
        ("SO_TIMESTAMPNS_NEW", libc::SO_TIMESTAMPNS_NEW, 1),
    ] {
        let (left, right) = udp_pair("127.0.0.1:0");
        if !try_int(&right, libc::SOL_SOCKET, option, 1, name) {
            continue;
        }
        let stamp = stamped(&left, &right, |message| match message {
            Control::Timestamp(stamp) => Some(stamp),
            _ => None,
        });
        assert_eq!(stamp.nanoseconds % step, 0, "{name}");
    }
    for option in [libc::SO_TIMESTAMPING, libc::SO_TIMESTAMPING_NEW] {
        let (left, right) = udp_pair("127.0.0.1:0");
        let flags = libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
        let what = "SO_TIMESTAMPING";
        if !try_int(&right, libc::SOL_SOCKET, option, flags as i32, what) {
            continue;
        }
        stamped(&left, &right, |message| match message {
            Control::Timestamps(stamps) => {
                assert_eq!((stamps.transformed, stamps.hardware), (None, None));
                stamps.software
            }
            _ => None,
        });
    }
}

/// The stamp of a datagram, which must lie between its sending and its receiving.
fn stamped(
    left: &Endpoint,
    right: &Endpoint,
    pick: impl Fn(Control<'_>) -> Option<Timestamp>,
) -> Timestamp {
    // The kernel may still be turning its clock on for the first datagram of all.
    for _ in 0..50 {
        let before = SystemTime::now();
        send(left, &nothing());
        if let Some(stamp) = next(right, &pick) {
            let time = stamp.system_time().expect("after 1970");
            assert!(time + Duration::from_millis(1) >= before, "{stamp:?}");
            assert!(time <= SystemTime::now() + Duration::from_millis(1));
            return stamp;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("no datagram was stamped");
}

#[test]
fn the_stamp_of_one_sent_datagram() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let reports = libc::SOF_TIMESTAMPING_SOFTWARE | libc::SOF_TIMESTAMPING_OPT_TSONLY;
    let reports = reports as i32;
    if !try_int(
        &left,
        libc::SOL_SOCKET,
        libc::SO_TIMESTAMPING,
        reports,
        "SO_TIMESTAMPING",
    ) {
        return;
    }
    let mut control = ControlBuilder::<{ ControlBuilder::space(4) }>::new();
    control
        .push_timestamping(libc::SOF_TIMESTAMPING_TX_SOFTWARE)
        .unwrap();
    send(&left, &nothing());
    send(&left, &control);
    assert!(right.recv(&mut [0; 8]).is_ok());
    let (mut stamp, mut error) = (None, None);
    for message in receive(&left, MsgFlags::ERRQUEUE).messages() {
        match message {
            Control::Timestamps(stamps) => stamp = stamps.software,
            Control::Error(message) => error = Some(message),
            other => panic!("{other:?}"),
        }
    }
    assert!(stamp.is_some());
    let error = error.expect("an entry of the error queue");
    assert_eq!(error.origin, ErrorOrigin::TIMESTAMPING);
    assert_eq!(error.errno, Some(Errno::ENOMSG));
    // Only the second datagram asked.
    let more = left.recv_msg(
        &mut [],
        &mut Ancillary::<ROOM>::new(),
        MsgFlags::ERRQUEUE | MsgFlags::DONTWAIT,
    );
    assert!(more.unwrap_err().is_would_block());
}
