//! Watches links and addresses change, and says so when events were lost.

use rsocket::netlink::{BUFFER_LEN, Event, Netlink};
use rsocket::{Protocol, Result};

// linux/rtnetlink.h, linux/if_link.h
const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const IFINFOMSG_LEN: usize = 16;
const IFLA_IFNAME: u16 = 3;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let Some(count) = std::env::args().nth(1) else {
        eprintln!("usage: netlink_monitor COUNT|forever");
        std::process::exit(2)
    };
    let mut left = match count.as_str() {
        "forever" => u64::MAX,
        number => number.parse()?,
    };

    let monitor = Netlink::open(Protocol::NETLINK_ROUTE)?;
    // Room for a burst, beyond the usual bound where this process may.
    monitor.set_receive_buffer(4 << 20)?;
    for group in [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] {
        monitor.join(group)?;
    }
    println!("watching; links now: {}", links()?.join(" "));

    let mut buf = vec![0; BUFFER_LEN];
    let mut events = monitor.events(&mut buf);
    while left > 0 {
        match events.next()? {
            Event::Message(message) => {
                let what = match message.kind {
                    RTM_NEWLINK => "link",
                    RTM_DELLINK => "link gone",
                    RTM_NEWADDR => "address",
                    RTM_DELADDR => "address gone",
                    _ => continue,
                };
                let index = message
                    .payload
                    .get(4..8)
                    .and_then(|bytes| bytes.first_chunk());
                let index = index.map_or(0, |bytes| u32::from_ne_bytes(*bytes));
                println!("{what}: interface {index}");
            }
            // What was learned so far may be out of date.
            Event::Overrun => println!("events were lost; links now: {}", links()?.join(" ")),
        }
        left -= 1;
    }
    Ok(())
}

/// The names of all links. Another socket than the monitor's: its queue may be full of events.
fn links() -> Result<Vec<String>> {
    let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
    let mut buf = vec![0; BUFFER_LEN];
    netlink.dump(RTM_GETLINK, &[0; IFINFOMSG_LEN], 5, &mut buf, |link| {
        for attribute in link.attributes(IFINFOMSG_LEN) {
            let attribute = attribute?;
            if attribute.kind == IFLA_IFNAME {
                return Ok(String::from_utf8_lossy(attribute.string()).into_owned());
            }
        }
        Ok("?".into())
    })
}
