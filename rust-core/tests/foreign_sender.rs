//! What another process sends to a netlink socket never passes for the kernel's word.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/netns.rs"]
mod netns;

use std::time::Duration;

use netns::{IFLA_IFNAME, RTM_GETLINK, RTM_NEWLINK, RTNLGRP_LINK, add_links, in_network_namespace};
use rsocket::netlink::{BUFFER_LEN, Event, Netlink, Payload};
use rsocket::{Address, Deadline, Endpoint, Error, Family, Kind, Protocol};

/// A message of type `kind` that claims to answer the request `sequence` of `pid`.
fn forged(kind: u16, sequence: u32, pid: u32) -> Vec<u8> {
    let payload = Payload::new(&[0; 16])
        .string(IFLA_IFNAME, "forged")
        .unwrap();
    let len = 16 + payload.as_bytes().len();
    let mut message = (len as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend([0; 2]);
    message.extend(sequence.to_ne_bytes());
    message.extend(pid.to_ne_bytes());
    message.extend(payload.as_bytes());
    message
}

fn forger() -> Endpoint {
    let forger = Endpoint::new(Family::NETLINK, Kind::RAW, Protocol::NETLINK_ROUTE).unwrap();
    forger.bind(&Address::netlink(0, 0)).unwrap();
    forger
}

#[test]
fn a_forged_reply_is_thrown_away() {
    in_network_namespace(|| {
        let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        let pid = netlink.pid().unwrap();
        // In the queue before the kernel's own answer, with the sequence number to come.
        let sent = forger().send_to(&forged(RTM_NEWLINK, 1, pid), &Address::netlink(pid, 0));
        if let Err(error) = sent {
            eprintln!("skipped: unicast between processes is not permitted: {error}");
            return;
        }
        let mut buf = vec![0; BUFFER_LEN];
        let request = Payload::new(&[0; 16]).string(IFLA_IFNAME, "lo").unwrap();
        let mut replies = netlink
            .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
            .unwrap();
        let link = replies.next().unwrap().unwrap();
        assert_eq!(link.sequence, 1, "the forged one had the right number");
        let mut attributes = link.attributes(16).map(|attribute| attribute.unwrap());
        let name = attributes
            .find(|attribute| attribute.kind == IFLA_IFNAME)
            .unwrap();
        assert_eq!(name.string(), b"lo");
        assert!(replies.next().unwrap().is_none());
    });
}

#[test]
fn a_forged_event_is_thrown_away() {
    in_network_namespace(|| {
        let monitor = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        monitor.join(RTNLGRP_LINK).unwrap();
        let group = 1 << (RTNLGRP_LINK - 1);
        let sent = forger().send_to(&forged(RTM_NEWLINK, 0, 0), &Address::netlink(0, group));
        // ECONNREFUSED is the kernel's own answer beside the multicast, which it makes first.
        if let Err(error) = sent {
            eprintln!("the kernel's answer to the forger: {error}");
        }
        let pid = monitor.pid().unwrap();
        forger()
            .send_to(&forged(RTM_NEWLINK, 0, 0), &Address::netlink(pid, 0))
            .unwrap();

        let mut buf = vec![0; BUFFER_LEN];
        let soon = Deadline::after(Duration::from_millis(100));
        let error = monitor
            .events(&mut buf)
            .next_with(soon)
            .map(drop)
            .unwrap_err();
        assert_eq!(error, Error::TimedOut, "a forged event came through");

        if add_links(1).is_none() {
            return;
        }
        let soon = Deadline::after(Duration::from_secs(5));
        let mut events = monitor.events(&mut buf);
        assert!(matches!(events.next_with(soon), Ok(Event::Message(m)) if m.kind == RTM_NEWLINK));
    });
}
