//! A dump that changes while it is read says so, and is repeated as often as was asked for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/netns.rs"]
mod netns;

use netns::{RTM_GETLINK, add_link, add_links, in_network_namespace};
use rsocket::netlink::Netlink;
use rsocket::{Errno, Error, NetlinkError, Protocol};

const NLM_F_DUMP: u16 = 0x300;
/// Small enough that the kernel cuts the dump of many links into several datagrams.
const SMALL: usize = 8192;

#[test]
fn a_change_under_way_is_reported_at_the_end() {
    in_network_namespace(|| {
        let Some(mut changer) = add_links(60) else {
            return;
        };
        let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        let mut buf = vec![0; SMALL];
        let mut replies = netlink
            .request(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut buf)
            .unwrap();
        replies.next().unwrap().unwrap();
        add_link(&mut changer, "between").unwrap();
        let error = loop {
            match replies.next() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the change was not noticed"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, Error::Netlink(NetlinkError::DumpInterrupted));
        assert_eq!(error.errno(), Errno::EINTR);
        assert!(
            replies.next().unwrap().is_none(),
            "it came at the end, not in between"
        );
    });
}

#[test]
fn an_interrupted_dump_is_thrown_away_and_repeated() {
    in_network_namespace(|| {
        let Some(mut changer) = add_links(60) else {
            return;
        };
        let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        let mut buf = vec![0; SMALL];
        // Interrupts the first two attempts and no more.
        let mut changes = 0;
        let mut attempts = 0;
        let mut last = 0;
        let links = netlink.dump(RTM_GETLINK, &[0; 16], 5, &mut buf, |link| {
            if link.sequence != last {
                last = link.sequence;
                attempts += 1;
                if changes < 2 {
                    add_link(&mut changer, &format!("between{changes}"))?;
                    changes += 1;
                }
            }
            Ok(link.sequence)
        });
        let links = links.unwrap();
        assert_eq!(attempts, 3);
        assert_eq!(links.len(), 1 + 60 + 2, "each link once");
        assert!(
            links.iter().all(|sequence| *sequence == last),
            "none of an earlier attempt"
        );
    });
}

#[test]
fn the_attempts_are_bounded() {
    in_network_namespace(|| {
        let Some(mut changer) = add_links(60) else {
            return;
        };
        let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
        let mut buf = vec![0; SMALL];
        let mut last = 0;
        let mut attempts = 0;
        let result = netlink.dump(RTM_GETLINK, &[0; 16], 3, &mut buf, |link| {
            if link.sequence != last {
                last = link.sequence;
                attempts += 1;
                add_link(&mut changer, &format!("between{attempts}"))?;
            }
            Ok(())
        });
        assert_eq!(
            result.unwrap_err(),
            Error::Netlink(NetlinkError::DumpInterrupted)
        );
        assert_eq!(attempts, 3);
    });
}
