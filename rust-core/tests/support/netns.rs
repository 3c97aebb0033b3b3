//! A network namespace of a test's own.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses its own part of it, and a test fails by panicking"
)]

use std::thread;

use rsocket::Protocol;
use rsocket::netlink::{BUFFER_LEN, Netlink, Payload};

// linux/rtnetlink.h, linux/if_link.h
pub const RTM_NEWLINK: u16 = 16;
pub const RTM_DELLINK: u16 = 17;
pub const RTM_GETLINK: u16 = 18;
pub const RTNLGRP_LINK: u32 = 1;
pub const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const NLM_F_CREATE_EXCL: u16 = 0x600;

/// Runs `test` in a thread that has a network namespace of its own, or says why that cannot be.
pub fn in_network_namespace(test: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(|| {
        // SAFETY: unshare(2) takes an integer; CLONE_NEWNET moves the calling thread alone.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } == -1 {
            let error = std::io::Error::last_os_error();
            eprintln!("skipped: network namespaces are not permitted: {error}");
            return;
        }
        test();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// The payload that makes an interface of a kind that carries nothing.
pub fn new_link(name: &str, kind: &str) -> Payload {
    Payload::new(&[0; 16])
        .string(IFLA_IFNAME, name)
        .unwrap()
        .nested(IFLA_LINKINFO, |info| info.string(IFLA_INFO_KIND, kind))
        .unwrap()
}

/// Makes an interface; the first kind that this kernel has.
pub fn add_link(netlink: &mut Netlink, name: &str) -> rsocket::Result<()> {
    let mut buf = vec![0; 4096];
    let mut last = Ok(());
    for kind in ["dummy", "bridge", "ifb", "veth"] {
        let payload = new_link(name, kind);
        let mut replies =
            netlink.request(RTM_NEWLINK, NLM_F_CREATE_EXCL, payload.as_bytes(), &mut buf)?;
        last = replies.next().map(drop);
        match last {
            Err(error) if error.errno() == rsocket::Errno::EOPNOTSUPP => {}
            result => return result,
        }
    }
    last
}

/// Makes `count` interfaces, or says why that cannot be.
pub fn add_links(count: usize) -> Option<Netlink> {
    let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE).unwrap();
    for number in 0..count {
        match add_link(&mut netlink, &format!("test{number}")) {
            Ok(()) => {}
            Err(error) if number == 0 => {
                eprintln!("skipped: no interface can be made: {error}");
                return None;
            }
            Err(error) => panic!("{error}"),
        }
    }
    Some(netlink)
}

/// The names of all interfaces, from one dump.
pub fn link_names(netlink: &mut Netlink) -> rsocket::Result<Vec<String>> {
    let mut buf = vec![0; BUFFER_LEN];
    netlink.dump(RTM_GETLINK, &[0; 16], 1, &mut buf, |link| {
        let mut attributes = link.attributes(16).map(|attribute| attribute.unwrap());
        let name = attributes
            .find(|attribute| attribute.kind == IFLA_IFNAME)
            .unwrap();
        Ok(String::from_utf8(name.string().to_vec()).unwrap())
    })
}
