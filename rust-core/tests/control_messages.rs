//! Every control message that has a variant of its own, received for real.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{IoSlice, IoSliceMut};
use std::net::IpAddr;

use rsocket::{
    Ancillary, Control, ControlBuilder, Credentials, Endpoint, Errno, Kind, MsgFlags, PacketInfo,
    fd,
};
use std::os::fd::AsFd;
use support::{set_int, soon, tcp_pair, try_int, udp, udp_pair};

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

#[test]
fn credentials_of_a_sender() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    let mut own = receive_credentials(&left, &right, &nothing());
    own.pid = std::process::id() as i32;
    let mut control = ControlBuilder::<{ ControlBuilder::space_for_credentials() }>::new();
    control.push_credentials(own).unwrap();
    assert_eq!(receive_credentials(&left, &right, &control), own);
}

fn receive_credentials<const N: usize>(
    left: &Endpoint,
    right: &Endpoint,
    control: &ControlBuilder<'_, N>,
) -> Credentials {
    send(left, control);
    receive(right, MsgFlags::empty())
        .credentials()
        .expect("credentials")
}

#[test]
fn a_lie_about_credentials_is_refused_by_the_kernel() {
    let (left, _right) = Endpoint::pair(Kind::DGRAM).unwrap();
    let mut control = ControlBuilder::<{ ControlBuilder::space_for_credentials() }>::new();
    let nobody = Credentials {
        pid: i32::MAX,
        uid: 0,
        gid: 0,
    };
    control.push_credentials(nobody).unwrap();
    let error = left
        .send_msg(&[IoSlice::new(b"x")], &control, None, MsgFlags::empty())
        .unwrap_err();
    assert!(
        matches!(error.errno(), Errno::EPERM | Errno::ESRCH),
        "{error}"
    );
}

#[test]
fn security_label() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSSEC, 1);
    left.send(b"x").unwrap();
    let label = next(&right, |message| match message {
        Control::SecurityLabel(label) => Some(label.to_vec()),
        _ => None,
    });
    match label {
        Some(label) => assert!(!label.is_empty()),
        None => eprintln!("skipped: no security module labels sockets here"),
    }
}

#[test]
fn packet_info_of_ipv4() {
    let (left, right) = udp_pair("127.0.0.1:0");
    set_int(&right, libc::SOL_IP, libc::IP_PKTINFO, 1);
    left.send(b"x").unwrap();
    let info = next(&right, |message| match message {
        Control::PacketInfo(info) => Some(info),
        _ => None,
    });
    let here: IpAddr = [127, 0, 0, 1].into();
    let expected = PacketInfo {
        interface: loopback(),
        destination: here,
        local: here,
    };
    assert_eq!(info, Some(expected));
}

fn loopback() -> u32 {
    let index = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
    index.trim().parse().unwrap()
}

#[test]
fn packet_info_of_ipv6() {
    let (left, right) = udp_pair("[::1]:0");
    set_int(&right, libc::SOL_IPV6, libc::IPV6_RECVPKTINFO, 1);
    left.send(b"x").unwrap();
    let info = next(&right, |message| match message {
        Control::PacketInfo(info) => Some(info),
        _ => None,
    });
    let info = info.expect("packet information");
    assert_eq!(info.destination, "::1".parse::<IpAddr>().unwrap());
    assert_eq!(info.interface, loopback());
}

#[test]
fn the_source_is_chosen_for_each_datagram() {
    let receiver = udp("127.0.0.1:0");
    let sender = udp("0.0.0.0:0");
    for source in ["127.0.0.3", "127.0.0.4"] {
        let mut control = ControlBuilder::<{ ControlBuilder::space_for_packet_info() }>::new();
        let source: IpAddr = source.parse().unwrap();
        control.push_packet_info(source, loopback()).unwrap();
        let to = receiver.local_address().unwrap();
        sender
            .send_msg(
                &[IoSlice::new(b"x")],
                &control,
                Some(&to),
                MsgFlags::empty(),
            )
            .unwrap();
        let (_, from) = receiver.recv_from(&mut [0; 8]).unwrap();
        assert_eq!(from.as_ip().map(|from| from.ip()), Some(source));
    }
    let receiver = udp("[::1]:0");
    let sender = udp("[::]:0");
    let mut control = ControlBuilder::<{ ControlBuilder::space_for_packet_info() }>::new();
    let source: IpAddr = "::1".parse().unwrap();
    control.push_packet_info(source, 0).unwrap();
    let to = receiver.local_address().unwrap();
    sender
        .send_msg(
            &[IoSlice::new(b"x")],
            &control,
            Some(&to),
            MsgFlags::empty(),
        )
        .unwrap();
    let (_, from) = receiver.recv_from(&mut [0; 8]).unwrap();
    assert_eq!(from.as_ip().map(|from| from.ip()), Some(source));
}

#[test]
fn type_of_service_and_time_to_live() {
    let (left, right) = udp_pair("127.0.0.1:0");
    set_int(&right, libc::SOL_IP, libc::IP_RECVTOS, 1);
    set_int(&right, libc::SOL_IP, libc::IP_RECVTTL, 1);
    let mut control = ControlBuilder::<{ 2 * ControlBuilder::space(4) }>::new();
    control
        .push_type_of_service(0b1010_0010)
        .unwrap()
        .push_time_to_live(77)
        .unwrap();
    send(&left, &control);
    let (mut service, mut hops) = (None, None);
    for message in receive(&right, MsgFlags::empty()).messages() {
        match message {
            Control::TypeOfService(value) => service = Some(value),
            Control::TimeToLive(value) => hops = Some(value),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((service, hops), (Some(0b1010_0010), Some(77)));
}

#[test]
fn traffic_class_and_hop_limit() {
    let (left, right) = udp_pair("[::1]:0");
    set_int(&right, libc::SOL_IPV6, libc::IPV6_RECVTCLASS, 1);
    set_int(&right, libc::SOL_IPV6, libc::IPV6_RECVHOPLIMIT, 1);
    let mut control = ControlBuilder::<{ 2 * ControlBuilder::space(4) }>::new();
    control
        .push_traffic_class(0b0111_0001)
        .unwrap()
        .push_hop_limit(255)
        .unwrap();
    send(&left, &control);
    let (mut class, mut hops) = (None, None);
    for message in receive(&right, MsgFlags::empty()).messages() {
        match message {
            Control::TrafficClass(value) => class = Some(value),
            Control::HopLimit(value) => hops = Some(value),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((class, hops), (Some(0b0111_0001), Some(255)));
}

#[test]
fn segments_joined_by_the_kernel() {
    let (left, right) = udp_pair("127.0.0.1:0");
    if !try_int(&right, libc::SOL_UDP, libc::UDP_GRO, 1, "UDP_GRO") {
        return;
    }
    let mut control = ControlBuilder::<{ ControlBuilder::space(2) }>::new();
    control.push_segment_size(100).unwrap();
    let data = [7; 250];
    match left.send_msg(&[IoSlice::new(&data)], &control, None, MsgFlags::empty()) {
        Ok(sent) => assert_eq!(sent, 250),
        Err(error) => {
            eprintln!("skipped: UDP_SEGMENT: {error}");
            return;
        }
    }
    let mut ancillary = Ancillary::<ROOM>::new();
    let mut data = [0; 1000];
    let (received, _) = right
        .recv_msg_with(
            &mut [IoSliceMut::new(&mut data)],
            &mut ancillary,
            MsgFlags::empty(),
            soon(),
        )
        .unwrap();
    assert_eq!(received.len, 250);
    let size = ancillary.messages().find_map(|message| match message {
        Control::SegmentSize(size) => Some(size),
        _ => None,
    });
    assert_eq!(size, Some(100));
}

#[test]
fn the_destination_before_a_redirection() {
    for (local, level, option) in [
        ("127.0.0.1:0", libc::SOL_IP, libc::IP_RECVORIGDSTADDR),
        ("[::1]:0", libc::SOL_IPV6, libc::IPV6_RECVORIGDSTADDR),
    ] {
        let (left, right) = udp_pair(local);
        set_int(&right, level, option, 1);
        send(&left, &nothing());
        let destination = next(&right, |message| match message {
            Control::OriginalDestination(address) => Some(address),
            _ => None,
        });
        assert_eq!(destination, right.local_address().unwrap().as_ip());
    }
}

#[test]
fn how_many_datagrams_were_dropped() {
    let (left, right) = udp_pair("127.0.0.1:0");
    set_int(&right, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1);
    set_int(&right, libc::SOL_SOCKET, libc::SO_RCVBUF, 4096);
    for _ in 0..100 {
        left.send(&[0; 1000]).unwrap();
    }
    // The count is told with datagrams that are queued after the loss.
    while right
        .recv_with(&mut [0; 1000], MsgFlags::DONTWAIT, rsocket::Blocking)
        .is_ok()
    {}
    send(&left, &nothing());
    let dropped = next(&right, |message| match message {
        Control::Dropped(count) => Some(count),
        _ => None,
    });
    assert!(
        dropped.is_some_and(|count| count > 0 && count < 100),
        "{dropped:?}"
    );
}

#[test]
fn the_firewall_mark() {
    let (left, right) = udp_pair("127.0.0.1:0");
    if !try_int(&right, libc::SOL_SOCKET, libc::SO_RCVMARK, 1, "SO_RCVMARK") {
        return;
    }
    let mut control = ControlBuilder::<{ ControlBuilder::space(4) }>::new();
    control.push_mark(0x4242).unwrap();
    let data = [IoSlice::new(b"x")];
    if let Err(error) = left.send_msg(&data, &control, None, MsgFlags::empty()) {
        assert_eq!(error.errno(), Errno::EPERM);
        eprintln!("skipped: SO_MARK needs CAP_NET_ADMIN");
        return;
    }
    let mark = next(&right, |message| match message {
        Control::Mark(mark) => Some(mark),
        _ => None,
    });
    assert_eq!(mark, Some(0x4242));
}

#[test]
fn how_much_the_queue_still_holds() {
    let (client, server) = tcp_pair();
    set_int(&server, libc::SOL_TCP, libc::TCP_INQ, 1);
    client.send_all(&[1; 100]).unwrap();
    let mut ancillary = Ancillary::<ROOM>::new();
    let mut data = [0; 30];
    let _ = server
        .recv_msg(
            &mut [IoSliceMut::new(&mut data)],
            &mut ancillary,
            MsgFlags::WAITALL,
        )
        .unwrap();
    let left = ancillary.messages().find_map(|message| match message {
        Control::QueuedBytes(count) => Some(count),
        _ => None,
    });
    assert_eq!(left, Some(70));
}

#[test]
fn a_transmission_time() {
    let (left, right) = udp_pair("127.0.0.1:0");
    // struct sock_txtime: the clock (CLOCK_MONOTONIC) and no flags.
    let value = [libc::CLOCK_MONOTONIC.to_ne_bytes(), [0; 4]].concat();
    left.set_raw_option(libc::SOL_SOCKET, libc::SO_TXTIME, &value)
        .unwrap();
    let mut control = ControlBuilder::<{ ControlBuilder::space(8) }>::new();
    control.push_transmit_time(1).unwrap();
    // The loopback device has no queue that waits: the datagram goes at once.
    send(&left, &control);
    assert_eq!(right.recv(&mut [0; 8]).unwrap().len, 4);
    // Without the option the kernel refuses the message, so it was read as what it is.
    let error = right
        .send_msg(&[IoSlice::new(b"x")], &control, None, MsgFlags::empty())
        .unwrap_err();
    assert_eq!(error.errno(), Errno::EINVAL);
}

#[test]
fn an_unknown_message_is_kept_as_bytes() {
    let (left, right) = udp_pair("127.0.0.1:0");
    set_int(&right, libc::SOL_IP, libc::IP_RECVOPTS, 1);
    // IP option 148, router alert (RFC 2113).
    let alert = [148, 4, 0, 0];
    left.set_raw_option(libc::SOL_IP, libc::IP_OPTIONS, &alert)
        .unwrap();
    send(&left, &nothing());
    let other = next(&right, |message| match message {
        Control::Other { level, kind, data } => Some((level, kind, data.to_vec())),
        _ => None,
    });
    assert_eq!(
        other,
        Some((libc::SOL_IP, libc::IP_RECVOPTS, alert.to_vec()))
    );
}

#[test]
fn a_buffer_of_their_own_can_be_walked_raw() {
    let (left, right) = udp_pair("127.0.0.1:0");
    set_int(&right, libc::SOL_IP, libc::IP_RECVTTL, 1);
    send(&left, &nothing());
    let mut control = [std::mem::MaybeUninit::new(0xff); 64];
    let mut data = [0; 8];
    let info = fd::recv_msg(
        right.as_fd(),
        &mut [IoSliceMut::new(&mut data)],
        &mut control,
        None,
        MsgFlags::empty(),
        &mut soon(),
    )
    .unwrap();
    let bytes: Vec<u8> = control[..info.control_len]
        .iter()
        // SAFETY: the array was initialised above.
        .map(|byte| unsafe { byte.assume_init() })
        .collect();
    let messages: Vec<_> = fd::control_messages(&bytes).collect();
    assert_eq!(messages.len(), 1);
    assert_eq!((messages[0].0, messages[0].1), (libc::SOL_IP, libc::IP_TTL));
}

/// SO_PASSPIDFD and SO_PASSCRED bring more than what was passed.
#[test]
fn descriptors_that_were_passed_are_told_from_the_senders_own() {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    set_int(&right, libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
    let what = "SO_PASSPIDFD";
    if !support::try_int(&right, libc::SOL_SOCKET, libc::SO_PASSPIDFD, 1, what) {
        return;
    }
    let open = support::open_count("pidfd");
    let mut passed = support::tracked(253);
    left.send_fds(b"one", &support::fds(&passed[..1])).unwrap();
    let (_, [fd]) = right.recv_fds::<1>(&mut [0; 8]).unwrap();
    assert!(fd.is_some());
    drop(fd);

    left.send(b"none").unwrap();
    let (_, [fd]) = right.recv_fds::<1>(&mut [0; 8]).unwrap();
    assert!(fd.is_none());

    left.send_fds(b"all", &support::fds(&passed)).unwrap();
    let (_, fds) = right.recv_fds::<253>(&mut [0; 8]).unwrap();
    assert!(fds.iter().all(Option::is_some));
    drop(fds);
    assert!(support::all_gone(&mut passed));
    drop(passed);
    assert_eq!(support::open_count("pidfd"), open);
}
