//! Asynchronous netlink promises what the blocking one does, cancelled or not.
#![cfg(feature = "tokio")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/netns.rs"]
mod netns;
mod tokio_support;

use std::time::Duration;

use netns::{
    IFLA_IFNAME, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, RTNLGRP_LINK, add_link, add_links,
    in_network_namespace, link_names,
};
use rsocket::netlink::{BUFFER_LEN, Event, Netlink, Payload};
use rsocket::tokio::AsyncNetlink;
use rsocket::{Errno, Error, NetlinkError, Protocol};
use tokio::runtime::Builder;
use tokio::time::timeout;
use tokio_support::{cancelled, io_only, within_time};

const NLM_F_DUMP: u16 = 0x300;
/// Small enough that the kernel cuts a dump of many links into several datagrams.
const SMALL: usize = 8192;

fn route() -> AsyncNetlink {
    AsyncNetlink::open(Protocol::NETLINK_ROUTE).unwrap()
}

/// Runs a test on each kind of runtime, in a namespace of its own. Sockets belong to the namespace
/// of the thread that makes them, which is the test's.
fn in_namespace<T: Future<Output = ()> + 'static>(test: fn() -> T) {
    in_network_namespace(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(within_time(test()));
    });
    in_network_namespace(move || {
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(within_time(test()));
    });
}

fn named(name: &str) -> Payload {
    Payload::new(&[0; 16]).string(IFLA_IFNAME, name).unwrap()
}

#[test]
fn a_dump_lists_what_the_blocking_one_lists() {
    in_namespace(|| async {
        let Some(mut blocking) = add_links(60) else {
            return;
        };
        let mut netlink = route();
        let mut buf = vec![0; SMALL];
        let names = netlink
            .dump(RTM_GETLINK, &[0; 16], 1, &mut buf, |link| {
                let mut attributes = link.attributes(16).map(|attribute| attribute.unwrap());
                let name = attributes
                    .find(|attribute| attribute.kind == IFLA_IFNAME)
                    .unwrap();
                Ok(String::from_utf8(name.string().to_vec()).unwrap())
            })
            .await
            .unwrap();
        assert_eq!(names.len(), 61);
        assert_eq!(names, link_names(&mut blocking).unwrap());
    });
}

#[test]
fn a_refusal_has_the_kernels_words() {
    io_only().block_on(async {
        let mut netlink = route();
        let mut buf = vec![0; BUFFER_LEN];
        for _ in 0..3 {
            let request = named("nosuchlink");
            let mut replies = netlink
                .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
                .await
                .unwrap();
            let error = replies.next().await.map(drop).unwrap_err();
            assert_eq!(error, NetlinkError::Refused(Errno::ENODEV).into());
            assert_eq!(replies.refusal().unwrap().errno, Errno::ENODEV);
            assert!(replies.next().await.unwrap().is_none());
        }
    });
}

#[test]
fn replies_to_an_older_request_are_passed_over() {
    io_only().block_on(async {
        let mut netlink = route();
        let mut buf = vec![0; BUFFER_LEN];
        // Not read: the reply and the acknowledgement stay in the queue.
        let request = named("lo");
        netlink
            .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
            .await
            .unwrap();
        let request = named("nosuchlink");
        let mut replies = netlink
            .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
            .await
            .unwrap();
        let error = replies.next().await.map(drop).unwrap_err();
        assert_eq!(error.errno(), Errno::ENODEV);
    });
}

#[test]
fn a_dump_that_was_cancelled_does_not_stand_in_the_way() {
    in_namespace(|| async {
        if add_links(60).is_none() {
            return;
        }
        let mut netlink = route();
        let mut buf = vec![0; SMALL];
        for _ in 0..3 {
            let mut replies = netlink
                .request(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut buf)
                .await
                .unwrap();
            let sequence = replies.next().await.unwrap().unwrap().sequence;
            let mut replies = netlink
                .request(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut buf)
                .await
                .unwrap();
            let mut links = 0;
            while let Some(link) = replies.next().await.unwrap() {
                assert_eq!(link.sequence, sequence + 1, "a reply to another request");
                links += 1;
            }
            assert_eq!(links, 61);
        }
    });
}

#[test]
fn an_interrupted_dump_is_repeated_as_often_as_was_asked_for() {
    in_namespace(|| async {
        let Some(mut changer) = add_links(60) else {
            return;
        };
        let mut netlink = route();
        let mut buf = vec![0; SMALL];
        for (attempts, changes) in [(3, 2), (3, 3)] {
            let (mut made, mut last) = (0, 0);
            let result = netlink
                .dump(RTM_GETLINK, &[0; 16], attempts, &mut buf, |link| {
                    if link.sequence != last {
                        last = link.sequence;
                        if made < changes {
                            made += 1;
                            add_link(&mut changer, &format!("new{changes}-{made}"))?;
                        }
                    }
                    Ok(link.sequence)
                })
                .await;
            if changes < attempts {
                let links = result.unwrap();
                assert_eq!(links.len(), 61 + 2);
                assert!(links.iter().all(|sequence| *sequence == last));
            } else {
                assert_eq!(result.unwrap_err(), NetlinkError::DumpInterrupted.into());
            }
        }
    });
}

#[test]
fn events_come_one_by_one_and_none_is_lost_to_a_cancelled_wait() {
    in_namespace(|| async {
        let monitor = route();
        monitor.join(RTNLGRP_LINK).unwrap();
        let mut buf = vec![0; BUFFER_LEN];
        let mut events = monitor.events(&mut buf);
        cancelled(async { events.next().await.map(drop) }).await;
        let Some(mut changer) = add_links(5) else {
            return;
        };
        for _ in 0..5 {
            let Event::Message(message) = events.next().await.unwrap() else {
                panic!("an overrun of five messages");
            };
            assert_eq!(message.kind, RTM_NEWLINK);
            // Made and dropped without being polled.
            drop(events.next());
        }
        monitor.leave(RTNLGRP_LINK).unwrap();
        add_link(&mut changer, "unseen").unwrap();
        cancelled(async { events.next().await.map(drop) }).await;
    });
}

#[test]
fn an_overrun_is_an_event_and_not_the_end() {
    in_namespace(|| async {
        let monitor = route();
        monitor.join(RTNLGRP_LINK).unwrap();
        monitor.set_receive_buffer(0).unwrap();
        let Some(mut changer) = add_links(60) else {
            return;
        };
        let mut buf = vec![0; BUFFER_LEN];
        let mut events = monitor.events(&mut buf);
        let (mut seen, mut overruns) = (0, 0);
        let pause = Duration::from_millis(200);
        while let Ok(event) = timeout(pause, events.next()).await {
            match event.unwrap() {
                Event::Message(message) => {
                    assert_eq!(message.kind, RTM_NEWLINK);
                    seen += 1;
                }
                Event::Overrun => overruns += 1,
            }
        }
        assert_eq!(overruns, 1);
        assert!(seen > 0 && seen < 60, "{seen} of 60 events fitted");
        add_link(&mut changer, "after").unwrap();
        assert!(matches!(
            events.next().await.unwrap(),
            Event::Message(message) if message.kind == RTM_NEWLINK
        ));
    });
}

#[test]
fn a_plain_receive_gives_whole_datagrams() {
    in_namespace(|| async {
        let monitor = route();
        monitor.join(RTNLGRP_LINK).unwrap();
        let mut buf = vec![0; BUFFER_LEN];
        cancelled(async { monitor.recv(&mut buf).await.map(drop) }).await;
        if add_links(1).is_none() {
            return;
        }
        let mut messages = monitor.recv(&mut buf).await.unwrap();
        let kind = messages.next().unwrap().unwrap().kind;
        assert!([RTM_NEWLINK, RTM_DELLINK].contains(&kind));
        let mut short = [0; 64];
        let mut changer = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        add_link(&mut changer, "long").unwrap();
        let error = monitor.recv(&mut short).await.map(drop).unwrap_err();
        assert!(
            matches!(error, Error::Netlink(NetlinkError::Truncated(_))),
            "{error:?}"
        );
    });
}

#[test]
fn generic_families_have_numbers_and_groups() {
    io_only().block_on(async {
        let mut netlink = AsyncNetlink::open(Protocol::NETLINK_GENERIC).unwrap();
        let controller = netlink.resolve_family("nlctrl").await.unwrap();
        assert_eq!(controller.id, 16);
        assert!(controller.group("notify").is_some());
        let unknown = netlink.resolve_family("nosuchfamily").await.unwrap_err();
        assert_eq!(unknown, NetlinkError::Refused(Errno::ENOENT).into());
        let wrong = route().resolve_family("nlctrl").await.unwrap_err();
        assert_eq!(wrong, Error::WrongKind);
    });
}

#[test]
fn the_blocking_kind_and_back() {
    let blocking = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
    let pid = blocking.pid().unwrap();
    let netlink = AsyncNetlink::try_from(blocking).unwrap();
    assert_eq!(netlink.pid().unwrap(), pid);
    assert!(netlink.endpoint().endpoint().is_nonblocking().unwrap());
    assert!(netlink.set_receive_buffer(1 << 16).unwrap() >= 1 << 16);
    let mut blocking = Netlink::try_from(netlink).unwrap();
    assert!(!blocking.endpoint().is_nonblocking().unwrap());
    assert!(
        link_names(&mut blocking)
            .unwrap()
            .contains(&"lo".to_string())
    );
}
