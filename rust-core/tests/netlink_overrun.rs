//! Events that were lost are a value among the events, and the socket goes on working.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/netns.rs"]
mod netns;

use std::time::Duration;

use netns::{RTM_NEWLINK, RTNLGRP_LINK, add_link, add_links, in_network_namespace, link_names};
use rsocket::netlink::{BUFFER_LEN, Event, Netlink};
use rsocket::{Deadline, Errno, Error, NetlinkError, Protocol};

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(300))
}

#[test]
fn an_overrun_is_an_event_and_not_the_end() {
    in_network_namespace(|| {
        let monitor = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        monitor.join(RTNLGRP_LINK).unwrap();
        monitor.set_receive_buffer(0).unwrap();
        let Some(mut changer) = add_links(60) else {
            return;
        };

        let mut buf = vec![0; BUFFER_LEN];
        let mut events = monitor.events(&mut buf);
        let (mut seen, mut overruns) = (0, 0);
        loop {
            match events.next_with(soon()) {
                Ok(Event::Message(message)) => {
                    assert_eq!(message.kind, RTM_NEWLINK);
                    seen += 1;
                }
                Ok(Event::Overrun) => overruns += 1,
                Err(Error::TimedOut) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(overruns, 1);
        assert!(seen > 0 && seen < 60, "{seen} of 60 events fitted");

        // What comes after the overrun comes as before it.
        add_link(&mut changer, "after").unwrap();
        let Event::Message(message) = events.next_with(soon()).unwrap() else {
            panic!("one overrun was reported twice")
        };
        assert_eq!(message.kind, RTM_NEWLINK);
        assert_eq!(link_names(&mut changer).unwrap().len(), 62);
    });
}

#[test]
fn a_plain_receive_says_it_as_an_error() {
    in_network_namespace(|| {
        let monitor = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        monitor.join(RTNLGRP_LINK).unwrap();
        monitor.set_receive_buffer(0).unwrap();
        if add_links(60).is_none() {
            return;
        }
        let mut buf = vec![0; BUFFER_LEN];
        let mut errors = Vec::new();
        loop {
            match monitor.recv_with(&mut buf, soon()) {
                Ok(messages) => assert!(messages.count() > 0),
                Err(Error::TimedOut) => break,
                Err(error) => errors.push(error),
            }
        }
        assert_eq!(errors, [Error::Netlink(NetlinkError::Overrun)]);
        assert_eq!(errors[0].errno(), Errno::ENOBUFS);
    });
}

/// An event that is longer than the buffer is lost, and the next one is not.
#[test]
fn a_truncated_event_is_an_error_and_not_the_end() {
    in_network_namespace(|| {
        let monitor = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        monitor.join(RTNLGRP_LINK).unwrap();
        if add_links(2).is_none() {
            return;
        }
        let mut short = [0; 64];
        let error = monitor.events(&mut short).next_with(soon()).unwrap_err();
        assert!(
            matches!(error, Error::Netlink(NetlinkError::Truncated(_))),
            "{error}"
        );
        let mut buf = vec![0; BUFFER_LEN];
        assert!(matches!(
            monitor.events(&mut buf).next_with(soon()),
            Ok(Event::Message(_))
        ));
    });
}
