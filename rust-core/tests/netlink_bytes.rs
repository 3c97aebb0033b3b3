//! Bytes that are no netlink are refused and never read past; what the kernel says in its refusals is
//! read from its place; a socket of another family is told apart.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/netns.rs"]
mod netns;
#[path = "support/privileges.rs"]
mod privileges;
mod support;

use std::os::fd::AsFd;
use std::time::Duration;

use netns::in_network_namespace;
use privileges::without_capabilities;
use rsocket::netlink::{
    Attributes, BUFFER_LEN, Cursor, Messages, Netlink, Payload, Refusal, prepare,
    set_receive_buffer,
};
use rsocket::{Blocking, Deadline, Endpoint, Errno, Error, Kind, MsgFlags, NetlinkError, Protocol};
use support::udp;

// linux/netlink.h, linux/rtnetlink.h, linux/if_link.h
const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLM_F_CAPPED: u16 = 0x100;
const NLMSGERR_ATTR_MSG: u16 = 1;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const IFLA_IFNAME: u16 = 3;
const IFLA_TXQLEN: u16 = 13;

/// A message as the kernel writes it.
fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (16 + payload.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(7u32.to_ne_bytes());
    bytes.extend(9u32.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An attribute as the kernel writes it.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn every_cut_of_a_datagram() {
    let mut datagram = message(RTM_NEWLINK, 0, &[0; 16]);
    let first = datagram.len();
    datagram.extend(message(RTM_NEWLINK, 0, &attribute(IFLA_IFNAME, b"lo\0")));
    for cut in 0..datagram.len() {
        let mut good = 0;
        for message in Messages::new(&datagram[..cut]) {
            match message {
                Ok(_) => good += 1,
                Err(error) => assert!(matches!(error, NetlinkError::Length(_)), "{cut}: {error}"),
            }
        }
        assert_eq!(good, usize::from(cut >= first), "{cut}");
    }
    let whole = Messages::new(&datagram).map(Result::unwrap);
    let from: Vec<_> = whole
        .map(|message| (message.sequence, message.pid))
        .collect();
    assert_eq!(from, [(7, 9); 2]);
}

#[test]
fn every_cut_of_an_attribute() {
    let bytes = attribute(IFLA_IFNAME, b"eth0\0");
    for cut in 1..9 {
        let mut attributes = Attributes::new(&bytes[..cut]);
        let error = attributes.next().unwrap().unwrap_err();
        // What is too short for a header has its own length; otherwise the header's is told.
        let len = if cut < 4 { cut as u16 } else { 9 };
        assert_eq!(error, NetlinkError::AttributeLength(len), "{cut}");
        assert!(attributes.next().is_none(), "the walk has ended");
    }
    // Without the padding at the end it is whole.
    let attribute = Attributes::new(&bytes[..9]).next().unwrap().unwrap();
    assert_eq!(
        (attribute.kind, attribute.string()),
        (IFLA_IFNAME, &b"eth0"[..])
    );
    // A length below the header's own.
    let short = Attributes::new(&[3, 0, 0, 0]).next().unwrap();
    assert_eq!(short.unwrap_err(), NetlinkError::AttributeLength(3));
}

#[test]
fn an_error_number_is_where_the_kernel_puts_it() {
    let parse = |bytes: &[u8]| Messages::new(bytes).next().unwrap().unwrap().error();
    let code = (-libc::EPERM).to_ne_bytes();
    assert_eq!(parse(&message(NLMSG_ERROR, 0, &code)), Some(Errno::EPERM));
    assert_eq!(parse(&message(NLMSG_DONE, 0, &code)), Some(Errno::EPERM));
    assert_eq!(
        parse(&message(NLMSG_ERROR, 0, &[0; 4])),
        None,
        "an acknowledgement"
    );
    assert_eq!(parse(&message(NLMSG_DONE, 0, &[])), None);
    // Any other message may begin with the same bytes.
    assert_eq!(parse(&message(RTM_NEWLINK, 0, &code)), None);
    assert_eq!(parse(&message(NLMSG_NOOP, 0, &code)), None);
}

#[test]
fn an_extended_acknowledgement_stands_behind_the_request() {
    let request = message(RTM_GETLINK, 0, &[0; 16]);
    let words = attribute(NLMSGERR_ATTR_MSG, b"no\0");
    let code = (-libc::EINVAL).to_ne_bytes();
    let found = |kind, flags, payload: &[&[u8]]| {
        let bytes = message(kind, flags, &payload.concat());
        let message = Messages::new(&bytes).next().unwrap().unwrap();
        let found: Vec<_> = message
            .extended_ack()
            .map(|attribute| attribute.unwrap().string().to_vec())
            .collect();
        found
    };
    let [no, nothing] = [vec![b"no".to_vec()], vec![]];
    // The whole request is repeated, or its header alone.
    let whole: [&[u8]; 3] = [&code, &request, &words];
    let capped: [&[u8]; 3] = [&code, &request[..16], &words];
    assert_eq!(found(NLMSG_ERROR, NLM_F_ACK_TLVS, &whole), no);
    assert_eq!(
        found(NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, &capped),
        no
    );
    assert_eq!(found(NLMSG_DONE, NLM_F_ACK_TLVS, &[&code, &words]), no);
    // None is promised, or the message is no answer.
    assert_eq!(found(NLMSG_ERROR, 0, &whole), nothing);
    assert_eq!(found(RTM_NEWLINK, NLM_F_ACK_TLVS, &whole), nothing);
    assert_eq!(found(NLMSG_ERROR, NLM_F_ACK_TLVS, &[&code[..2]]), nothing);
}

#[test]
fn a_refusal_reads_as_a_sentence() {
    let mut refusal = Refusal {
        errno: Errno::EINVAL,
        message: None,
        offset: None,
        missing: None,
    };
    assert_eq!(refusal.to_string(), "Invalid argument");
    refusal.message = Some(b"Unknown device type\n");
    refusal.offset = Some(32);
    let text = r"Invalid argument: Unknown device type\n (at byte 32 of the request)";
    assert_eq!(refusal.to_string(), text);
    refusal.message = None;
    refusal.missing = Some(3);
    let text = "Invalid argument (at byte 32 of the request) (attribute 3 is missing)";
    assert_eq!(refusal.to_string(), text);
}

#[test]
fn a_number_in_a_request_reaches_the_kernel() {
    in_network_namespace(|| {
        let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        let mut buf = vec![0; BUFFER_LEN];
        // The loopback interface, by its number.
        let mut header = [0; 16];
        header[4..8].copy_from_slice(&1i32.to_ne_bytes());
        let request = Payload::new(&header).u32(IFLA_TXQLEN, 4711).unwrap();
        let mut replies = netlink
            .request(RTM_NEWLINK, 0, request.as_bytes(), &mut buf)
            .unwrap();
        assert!(replies.next().unwrap().is_none());
        let mut replies = netlink.request(RTM_GETLINK, 0, &header, &mut buf).unwrap();
        let link = replies.next().unwrap().unwrap();
        let mut attributes = link.attributes(16).map(Result::unwrap);
        let length = attributes.find(|attribute| attribute.kind == IFLA_TXQLEN);
        assert_eq!(length.unwrap().u32(), Some(4711));
    });
}

#[test]
fn without_privileges_the_buffer_is_what_the_system_grants_everybody() {
    let most: usize = std::fs::read_to_string("/proc/sys/net/core/rmem_max")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let asked = 2 * most;
    let netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
    // socket(7), SO_RCVBUF: "the kernel doubles this value", and caps what was asked for first.
    let granted = without_capabilities(|| netlink.set_receive_buffer(asked)).unwrap();
    assert_eq!(granted, 2 * most);
    match netlink.set_receive_buffer(asked) {
        Ok(granted) if granted == 2 * most => eprintln!("skipped: no CAP_NET_ADMIN here"),
        Ok(granted) => assert_eq!(granted, 2 * asked),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_refusal_for_want_of_privileges() {
    let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
    let mut buf = vec![0; BUFFER_LEN];
    let request = Payload::new(&[0; 16])
        .string(IFLA_IFNAME, "nosuchlink")
        .unwrap();
    let error = without_capabilities(|| {
        let mut replies = netlink
            .request(RTM_DELLINK, 0, request.as_bytes(), &mut buf)
            .unwrap();
        replies.next().map(drop).unwrap_err()
    });
    assert_eq!(error, NetlinkError::Refused(Errno::EPERM).into());
}

#[test]
fn a_socket_that_is_no_netlink_socket() {
    let socket = udp("127.0.0.1:0");
    let fd = socket.as_fd();
    let mut cursor = Cursor::default();
    assert_eq!((cursor.sequence(), cursor.is_done()), (0, true));
    let request = cursor.request(fd, 1, RTM_GETLINK, 0, &[0; 16], &mut Blocking);
    assert_eq!(request, Err(Error::WrongFamily));
    let file = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(prepare(file.as_fd()).unwrap_err().errno(), Errno::ENOTSOCK);
    let error = set_receive_buffer(fd, usize::MAX).unwrap_err();
    assert_eq!(error.errno(), Errno::EINVAL);

    // Nobody but the kernel is believed: the other end of a pair is not.
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    left.send(&message(NLMSG_DONE, 0, &[0; 4])).unwrap();
    let mut buf = vec![0; BUFFER_LEN];
    let mut wait = Deadline::after(Duration::from_millis(30));
    let next = cursor.next(right.as_fd(), &mut buf, &mut wait);
    assert_eq!(next.unwrap_err(), Error::TimedOut);
    let request = cursor.request(right.as_fd(), 1, RTM_GETLINK, 0, &[], &mut Blocking);
    assert_eq!(request, Err(Error::WrongFamily));
    assert_eq!(left.send_with(b"x", MsgFlags::DONTWAIT, Blocking), Ok(1));
}
