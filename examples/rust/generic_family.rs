//! Resolves generic netlink families: the number and the multicast groups that the kernel gave them.

use rsocket::Protocol;
use rsocket::netlink::{BUFFER_LEN, Netlink};

// linux/genetlink.h
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        eprintln!("usage: generic_family NAME… | generic_family --all");
        std::process::exit(2)
    }
    let mut netlink = Netlink::open(Protocol::NETLINK_GENERIC)?;
    let names = match &names[..] {
        [all] if all == "--all" => every_name(&mut netlink)?,
        _ => names,
    };
    for name in names {
        let family = netlink
            .resolve_family(&name)
            .map_err(|error| format!("{name}: {error}"))?;
        println!("{name}: type {}, version {}", family.id, family.version);
        for group in &family.groups {
            println!("  group {} = {}", group.name, group.id);
        }
    }
    Ok(())
}

/// Dumps the families that this kernel has, again where one came or went meanwhile.
fn every_name(netlink: &mut Netlink) -> rsocket::Result<Vec<String>> {
    let controller = netlink.resolve_family("nlctrl")?;
    let request = controller.command(CTRL_CMD_GETFAMILY);
    let mut buf = vec![0; BUFFER_LEN];
    netlink.dump(controller.id, request.as_bytes(), 5, &mut buf, |family| {
        for attribute in family.attributes(4) {
            let attribute = attribute?;
            if attribute.kind == CTRL_ATTR_FAMILY_NAME {
                return Ok(String::from_utf8_lossy(attribute.string()).into_owned());
            }
        }
        Ok(String::new())
    })
}
