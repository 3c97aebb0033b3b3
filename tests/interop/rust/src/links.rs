//! The netlink dump that every language must give alike.

use rsocket::Protocol;
use rsocket::netlink::{self, Netlink};

use crate::Outcome;

/// rtnetlink(7): RTM_GETLINK, NLM_F_DUMP, IFLA_IFNAME, and the size of `struct ifinfomsg`.
const RTM_GETLINK: u16 = 18;
const NLM_F_DUMP: u16 = 0x300;
const IFLA_IFNAME: u16 = 3;
const IFINFOMSG_LEN: usize = 16;

pub(crate) fn print() -> Outcome {
    let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
    let mut buf = vec![0; netlink::BUFFER_LEN];
    let mut replies = netlink.request(RTM_GETLINK, NLM_F_DUMP, &[0; IFINFOMSG_LEN], &mut buf)?;
    while let Some(link) = replies.next()? {
        let index = link.payload.get(4..8).and_then(|raw| raw.first_chunk());
        let index = i32::from_ne_bytes(*index.ok_or("short ifinfomsg")?);
        for attribute in link.attributes(IFINFOMSG_LEN) {
            let attribute = attribute?;
            if attribute.kind == IFLA_IFNAME {
                println!("{index} {}", String::from_utf8_lossy(attribute.string()));
            }
        }
    }
    Ok(())
}
