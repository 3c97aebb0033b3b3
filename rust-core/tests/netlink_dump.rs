//! Requests and dumps: every reply belongs to its request, a refusal comes in the kernel's words,
//! and a socket is good for the next request whatever became of the last.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/netns.rs"]
mod netns;

use netns::{
    IFLA_IFNAME, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, add_links, in_network_namespace,
    link_names, new_link,
};
use rsocket::netlink::{BUFFER_LEN, Netlink, Payload};
use rsocket::{Deadline, Errno, Error, NetlinkError, Protocol};
use std::time::Duration;

const NLM_F_DUMP: u16 = 0x300;
const NLM_F_CREATE: u16 = 0x400;

fn route() -> Netlink {
    Netlink::open(Protocol::NETLINK_ROUTE).unwrap()
}

#[test]
fn a_dump_lists_what_the_kernel_lists_elsewhere() {
    let mut names = link_names(&mut route()).unwrap();
    let mut listed: Vec<_> = std::fs::read_to_string("/proc/self/net/dev")
        .unwrap()
        .lines()
        .skip(2)
        .map(|line| line.split(':').next().unwrap().trim().to_string())
        .collect();
    names.sort();
    listed.sort();
    assert_eq!(names, listed);
}

#[test]
fn one_interface_is_asked_for_by_name() {
    let mut netlink = route();
    let mut buf = vec![0; BUFFER_LEN];
    let request = Payload::new(&[0; 16]).string(IFLA_IFNAME, "lo").unwrap();
    let mut replies = netlink
        .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
        .unwrap();
    let link = replies.next().unwrap().unwrap();
    assert_eq!(link.kind, RTM_NEWLINK);
    assert!(
        replies.next().unwrap().is_none(),
        "the acknowledgement ends the replies"
    );
    assert!(replies.next().unwrap().is_none(), "and they stay ended");
    assert_eq!(replies.refusal(), None);
}

#[test]
fn a_refusal_has_the_kernels_words_and_place() {
    let mut netlink = route();
    let mut buf = vec![0; BUFFER_LEN];
    // Strict checking: a dump of links with a header that asks for more than that.
    let mut ifinfomsg = [0; 16];
    ifinfomsg[8] = 1;
    let mut replies = netlink
        .request(RTM_GETLINK, NLM_F_DUMP, &ifinfomsg, &mut buf)
        .unwrap();
    let error = replies.next().map(drop).unwrap_err();
    assert_eq!(error, Error::Netlink(NetlinkError::Refused(Errno::EINVAL)));
    assert_eq!(error.errno(), Errno::EINVAL);
    let refusal = replies.refusal().expect("an extended acknowledgement");
    assert_eq!(refusal.errno, Errno::EINVAL);
    let message = String::from_utf8(refusal.message.unwrap().to_vec()).unwrap();
    assert!(message.contains("Invalid values in header"), "{message}");
    assert!(refusal.to_string().contains(&message));
    assert!(replies.next().unwrap().is_none());

    // An attribute of a wrong size is pointed at: it stands behind both headers.
    let request = Payload::new(&[0; 16]).attribute(4, &[1]).unwrap();
    let request = request.string(IFLA_IFNAME, "lo").unwrap();
    let mut replies = netlink
        .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
        .unwrap();
    let error = replies.next().map(drop).unwrap_err();
    assert!(
        matches!(error.errno(), Errno::ERANGE | Errno::EINVAL),
        "{error}"
    );
    assert_eq!(replies.refusal().unwrap().offset, Some(16 + 16));

    // The next request does not see any of that.
    assert!(
        link_names(&mut netlink)
            .unwrap()
            .contains(&"lo".to_string())
    );
}

#[test]
fn a_missing_interface_is_enodev_and_nothing_else_is_lost() {
    let mut netlink = route();
    let mut buf = vec![0; BUFFER_LEN];
    let request = Payload::new(&[0; 16])
        .string(IFLA_IFNAME, "nosuchlink")
        .unwrap();
    let mut replies = netlink
        .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
        .unwrap();
    let error = replies.next().map(drop).unwrap_err();
    assert_eq!(error.errno(), Errno::ENODEV);
    assert_eq!(error.to_string(), "netlink request refused: No such device");
}

/// The kernel answers EBUSY to a dump while one goes on.
#[test]
fn a_dump_that_was_given_up_does_not_stand_in_the_way() {
    in_network_namespace(|| {
        let Some(mut netlink) = add_links(40) else {
            return;
        };
        let mut buf = vec![0; 8192];
        for _ in 0..3 {
            let mut replies = netlink
                .request(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut buf)
                .unwrap();
            let first = replies.next().unwrap().unwrap();
            let sequence = first.sequence;
            let mut replies = netlink
                .request(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut buf)
                .unwrap();
            let mut links = 0;
            while let Some(link) = replies.next().unwrap() {
                assert_eq!(link.sequence, sequence + 1, "a reply to another request");
                links += 1;
            }
            assert_eq!(links, 41);
        }
    });
}

#[test]
fn replies_to_an_older_request_are_passed_over() {
    let mut netlink = route();
    let mut buf = vec![0; BUFFER_LEN];
    let request = Payload::new(&[0; 16]).string(IFLA_IFNAME, "lo").unwrap();
    // Not read: the reply and the acknowledgement stay in the queue.
    let _unread = netlink
        .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
        .unwrap();
    let missing = Payload::new(&[0; 16])
        .string(IFLA_IFNAME, "nosuchlink")
        .unwrap();
    let mut replies = netlink
        .request(RTM_GETLINK, 0, missing.as_bytes(), &mut buf)
        .unwrap();
    assert_eq!(replies.next().map(drop).unwrap_err().errno(), Errno::ENODEV);
}

#[test]
fn a_change_is_acknowledged_and_shows() {
    in_network_namespace(|| {
        let Some(mut netlink) = add_links(1) else {
            return;
        };
        assert_eq!(link_names(&mut netlink).unwrap(), ["lo", "test0"]);
        let mut buf = vec![0; BUFFER_LEN];
        // A second of that name is refused, and says so.
        let again = new_link("test0", "dummy");
        let mut replies = netlink
            .request(
                RTM_NEWLINK,
                NLM_F_CREATE | 0x200,
                again.as_bytes(),
                &mut buf,
            )
            .unwrap();
        assert_eq!(replies.next().map(drop).unwrap_err().errno(), Errno::EEXIST);

        let request = Payload::new(&[0; 16]).string(IFLA_IFNAME, "test0").unwrap();
        let mut replies = netlink
            .request(RTM_DELLINK, 0, request.as_bytes(), &mut buf)
            .unwrap();
        assert!(replies.next().unwrap().is_none());
        assert_eq!(link_names(&mut netlink).unwrap(), ["lo"]);
    });
}

#[test]
fn a_datagram_that_does_not_fit_is_an_error_and_the_socket_goes_on() {
    let mut netlink = route();
    let mut buf = vec![0; 256];
    let request = Payload::new(&[0; 16]).string(IFLA_IFNAME, "lo").unwrap();
    let mut replies = netlink
        .request(RTM_GETLINK, 0, request.as_bytes(), &mut buf)
        .unwrap();
    let error = replies.next().map(drop).unwrap_err();
    let Error::Netlink(NetlinkError::Truncated(len)) = error else {
        panic!("{error}")
    };
    assert!(len > 256);
    assert_eq!(error.errno(), Errno::EMSGSIZE);
    assert!(link_names(&mut netlink).is_ok());
}

#[test]
fn a_deadline_bounds_the_wait_for_a_reply() {
    let netlink = route();
    let soon = Deadline::after(Duration::from_millis(20));
    let error = netlink.recv_with(&mut [0; 64], soon).unwrap_err();
    assert_eq!(error, Error::TimedOut);
}

#[test]
fn the_receive_buffer_grows_beyond_the_usual_bound_where_permitted() {
    let netlink = route();
    let before = netlink.set_receive_buffer(64 * 1024).unwrap();
    assert!(before >= 64 * 1024);
    let most = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
    let most: usize = most.trim().parse().unwrap();
    let granted = netlink.set_receive_buffer(most + 4096).unwrap();
    // The kernel gives twice of what it grants: more than the bound, or the bound.
    assert!(
        [2 * (most + 4096), 2 * most].contains(&granted),
        "{granted} of {most}"
    );
    let error = netlink.set_receive_buffer(usize::MAX).unwrap_err();
    assert_eq!(error.errno(), Errno::EINVAL);
}

#[test]
fn generic_families_have_numbers_and_groups() {
    let mut netlink = Netlink::open(Protocol::NETLINK_GENERIC).unwrap();
    let controller = netlink.resolve_family("nlctrl").unwrap();
    assert_eq!(
        (controller.id, controller.version, controller.header_len),
        (16, 2, 0)
    );
    assert!(controller.group("notify").is_some());
    assert_eq!(controller.group("nosuchgroup"), None);
    let error = netlink.resolve_family("nosuchfamily").unwrap_err();
    assert_eq!(error.errno(), Errno::ENOENT);
    let error = netlink.resolve_family("nul\0nul").unwrap_err();
    assert_eq!(error.errno(), Errno::EINVAL);
    assert_eq!(
        route().resolve_family("nlctrl").unwrap_err(),
        Error::WrongKind
    );
}

#[test]
fn a_payload_too_long_for_its_length_field_is_refused() {
    let payload = Payload::new(&[]);
    let error = payload.clone().attribute(1, &vec![0; 65_532]).unwrap_err();
    assert_eq!(error.errno(), Errno::EMSGSIZE);
    assert_eq!(
        payload
            .attribute(1, &vec![0; 65_531])
            .unwrap()
            .as_bytes()
            .len(),
        65_536
    );
}

/// The end of a dump may stand behind what was cut off.
#[test]
fn a_dump_that_never_fits_does_not_block_the_next_request() {
    for room in [64, 16] {
        let mut netlink = route();
        let mut small = vec![0; room];
        let error = netlink
            .request(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut small)
            .unwrap()
            .next()
            .unwrap_err();
        assert!(matches!(error, Error::Netlink(NetlinkError::Truncated(_))));
        let soon = Deadline::after(Duration::from_secs(2));
        let again = netlink.request_with(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut small, soon);
        assert_eq!(again.err(), None, "{room}");
        drop(small);
        assert!(
            link_names(&mut netlink)
                .unwrap()
                .contains(&"lo".to_string())
        );
    }
}

#[test]
fn the_replies_of_a_dump_that_does_not_fit_end_all_the_same() {
    let mut netlink = route();
    let mut small = vec![0; 64];
    let mut replies = netlink
        .request(RTM_GETLINK, NLM_F_DUMP, &[0; 16], &mut small)
        .unwrap();
    let mut cut = 0;
    loop {
        match replies.next_with(Deadline::after(Duration::from_secs(2))) {
            Ok(None) => break,
            Err(Error::Netlink(NetlinkError::Truncated(_))) => cut += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(cut > 0);
}
