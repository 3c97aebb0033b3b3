//! Lists links, addresses, routes and neighbours, as `ip` does, from consistent dumps.
//!
//! rsocket moves and checks the messages; the crate `netlink-packet-route` makes types of them.

use std::error::Error;
use std::fmt::Debug;

use netlink_packet_core::{NetlinkDeserializable, NetlinkHeader, NetlinkSerializable};
use netlink_packet_route::RouteNetlinkMessage::{
    self, GetAddress, GetLink, GetNeighbour, GetRoute, NewAddress, NewLink, NewNeighbour, NewRoute,
};
use netlink_packet_route::address::AddressAttribute;
use netlink_packet_route::link::LinkAttribute;
use netlink_packet_route::neighbour::NeighbourAttribute;
use netlink_packet_route::route::RouteAttribute;
use rsocket::netlink::{BUFFER_LEN, Netlink};
use rsocket::{Protocol, interface};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
    match std::env::args().nth(1).as_deref() {
        Some("links") => list(&mut netlink, GetLink(Default::default())),
        Some("addresses") => list(&mut netlink, GetAddress(Default::default())),
        Some("routes") => list(&mut netlink, GetRoute(Default::default())),
        Some("neighbours") => list(&mut netlink, GetNeighbour(Default::default())),
        _ => {
            eprintln!("usage: netlink_list links|addresses|routes|neighbours");
            std::process::exit(2)
        }
    }
}

/// Dumps what `request` asks for; a dump that changed under way is repeated.
fn list(netlink: &mut Netlink, request: RouteNetlinkMessage) -> Result<()> {
    let mut payload = vec![0; request.buffer_len()];
    request.serialize(&mut payload);
    let mut buf = vec![0; BUFFER_LEN];
    let kind = request.message_type();
    let lines = netlink.dump(kind, &payload, 5, &mut buf, |message| {
        let mut header = NetlinkHeader::default();
        header.message_type = message.kind;
        Ok(RouteNetlinkMessage::deserialize(&header, message.payload).map(line))
    })?;
    for line in lines {
        println!("{}", line?);
    }
    Ok(())
}

fn line(message: RouteNetlinkMessage) -> String {
    match message {
        NewLink(link) => {
            let mut words = vec![format!("{}:", link.header.index)];
            for attribute in &link.attributes {
                match attribute {
                    LinkAttribute::IfName(name) => words.insert(1, name.clone()),
                    LinkAttribute::Mtu(mtu) => words.push(format!("mtu {mtu}")),
                    LinkAttribute::Address(address) => words.push(format!("link {}", hex(address))),
                    _ => {}
                }
            }
            words.join(" ")
        }
        NewAddress(address) => {
            let mut words = vec![name(address.header.index)];
            for attribute in &address.attributes {
                if let AddressAttribute::Address(ip) = attribute {
                    words.push(format!("{ip}/{}", address.header.prefix_len));
                }
            }
            words.push(format!("scope {:?}", address.header.scope));
            words.join(" ")
        }
        NewRoute(route) => {
            let mut words = vec!["default".to_string()];
            for attribute in &route.attributes {
                match attribute {
                    RouteAttribute::Destination(to) => {
                        let len = route.header.destination_prefix_length;
                        words[0] = format!("{}/{len}", bare(to));
                    }
                    RouteAttribute::Gateway(via) => words.push(format!("via {}", bare(via))),
                    RouteAttribute::Oif(index) => words.push(format!("dev {}", name(*index))),
                    _ => {}
                }
            }
            words.join(" ")
        }
        NewNeighbour(neighbour) => {
            let mut words = vec![name(neighbour.header.ifindex)];
            for attribute in &neighbour.attributes {
                match attribute {
                    NeighbourAttribute::Destination(to) => words.insert(0, bare(to)),
                    NeighbourAttribute::LinkLayerAddress(at) => words.push(hex(at)),
                    _ => {}
                }
            }
            words.push(format!("{:?}", neighbour.header.state));
            words.join(" ")
        }
        other => format!("{other:?}"),
    }
}

/// The address inside of `Inet(…)` and `Inet6(…)`.
fn bare(address: &impl Debug) -> String {
    let text = format!("{address:?}");
    let inside = text
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(&text).to_string()
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

fn name(index: u32) -> String {
    match interface::if_indextoname(index) {
        Ok(name) => name.to_string_lossy().into_owned(),
        Err(_) => format!("if{index}"),
    }
}
