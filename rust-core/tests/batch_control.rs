//! What comes beside the data of a batch's messages belongs to the message that it came with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use rsocket::option::{IpPacketInfo, Ipv6RecvPktInfo, UdpGro, UdpSegment};
use rsocket::{Address, Control, ControlBuilder, PacketInfo, RecvBatch};
use support::{udp, udp_pair};

/// Where each datagram of a batch came to.
fn destinations(to: &[Address], receiver: &rsocket::Endpoint) -> Vec<PacketInfo> {
    let sender = udp(
        if to[0]
            .port()
            .is_some_and(|_| to[0].family() == rsocket::Family::INET)
        {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        },
    );
    for to in to {
        sender.send_to(b"x", to).unwrap();
    }
    let room = ControlBuilder::space_for_packet_info();
    let mut batch = RecvBatch::with_control(8, 16, room).unwrap();
    let mut found = Vec::new();
    while found.len() < to.len() {
        for mut message in receiver.recv_batch(&mut batch).unwrap() {
            assert!(!message.control_truncated());
            let mut messages = message.messages();
            match messages.next() {
                Some(Control::PacketInfo(info)) => found.push(info),
                other => panic!("{other:?}"),
            }
            assert!(messages.next().is_none());
        }
    }
    found
}

#[test]
fn each_datagram_says_where_it_came_to() {
    let receiver = udp("0.0.0.0:0");
    receiver.set(IpPacketInfo, true).unwrap();
    let port = receiver.local_address().unwrap().port().unwrap();
    // Every address of 127.0.0.0/8 is this machine's.
    let ips = [[127, 0, 0, 1], [127, 0, 0, 2], [127, 1, 2, 3]];
    let found = destinations(&ips.map(|ip| (ip, port).into()), &receiver);
    for (info, ip) in found.iter().zip(ips) {
        assert_eq!((info.destination, info.local), (ip.into(), ip.into()));
        assert_eq!(info.interface, 1, "the loopback interface");
    }

    let receiver = udp("[::]:0");
    receiver.set(Ipv6RecvPktInfo, true).unwrap();
    let port = receiver.local_address().unwrap().port().unwrap();
    let to: Address = format!("[::1]:{port}").parse().unwrap();
    let found = destinations(&[to, to], &receiver);
    assert_eq!(found.len(), 2);
    for info in found {
        assert_eq!(info.destination, to.as_ip().unwrap().ip());
    }
}

#[test]
fn the_datagrams_that_were_joined_are_found_again_and_so_is_an_empty_one() {
    let (left, right) = udp_pair("127.0.0.1:0");
    if right.set(UdpGro, true).is_err() || left.set(UdpSegment, 0).is_err() {
        return eprintln!("skipped: no UDP_GRO or UDP_SEGMENT");
    }
    let mut batch = RecvBatch::with_control(4, 4096, ControlBuilder::space(4)).unwrap();
    let mut pieces = |send: &dyn Fn()| {
        send();
        let mut batch = right.recv_batch(&mut batch).unwrap();
        let mut message = batch.next().unwrap();
        let size = message.segment_size();
        let segments = message.segments();
        let count = segments.len();
        let pieces: Vec<Vec<u8>> = segments.map(<[u8]>::to_vec).collect();
        assert_eq!(pieces.len(), count);
        (size, pieces)
    };
    // One that is empty is one, not none.
    let (size, all) = pieces(&|| assert_eq!(left.send(b""), Ok(0)));
    assert_eq!((size, all), (None, vec![Vec::new()]));
    let (size, all) = pieces(&|| assert_eq!(left.send(b"alone"), Ok(5)));
    assert_eq!((size, all), (None, vec![b"alone".to_vec()]));
    let (size, all) = pieces(&|| {
        left.set(UdpSegment, 4).unwrap();
        assert_eq!(left.send(b"onetwo4long!"), Ok(12));
        left.set(UdpSegment, 0).unwrap();
    });
    if size.is_none() {
        return eprintln!("skipped: this kernel did not join the datagrams");
    }
    assert_eq!(size, Some(4));
    assert_eq!(all, [b"onet", b"wo4l", b"ong!"].map(|piece| piece.to_vec()));
    // What stays from one that was joined does not make an empty one two.
    let (size, all) = pieces(&|| assert_eq!(left.send(b""), Ok(0)));
    assert_eq!((size, all), (None, vec![Vec::new()]));
}
