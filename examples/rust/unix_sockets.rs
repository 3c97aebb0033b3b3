//! Lists the machine's Unix-domain sockets through sock_diag(7), as `ss -x` does.

use rsocket::netlink::{BUFFER_LEN, Message, Netlink};
use rsocket::{Kind, Protocol, Result};

// linux/sock_diag.h, linux/unix_diag.h
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const AF_UNIX: u8 = 1;
const UDIAG_SHOW_NAME: u32 = 1;
const UDIAG_SHOW_PEER: u32 = 4;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_PEER: u16 = 2;
/// `struct unix_diag_msg`.
const HEADER_LEN: usize = 16;
const TCP_LISTEN: u8 = 10;

fn main() -> Result<()> {
    let only_listeners = match std::env::args().nth(1).as_deref() {
        Some("all") => false,
        Some("listeners") => true,
        _ => {
            eprintln!("usage: unix_sockets all|listeners");
            std::process::exit(2)
        }
    };
    // struct unix_diag_req: family, protocol, padding, states, inode, what to show, cookie.
    let mut request = vec![AF_UNIX, 0, 0, 0];
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(0u32.to_ne_bytes());
    request.extend((UDIAG_SHOW_NAME | UDIAG_SHOW_PEER).to_ne_bytes());
    request.extend([0; 8]);

    let mut netlink = Netlink::open(Protocol::NETLINK_SOCK_DIAG)?;
    let mut buf = vec![0; BUFFER_LEN];
    let sockets = netlink.dump(SOCK_DIAG_BY_FAMILY, &request, 5, &mut buf, line)?;
    for (listens, line) in sockets.into_iter().flatten() {
        if listens || !only_listeners {
            println!("{line}");
        }
    }
    Ok(())
}

/// Whether it listens, and a line for it; `None` for a message shorter than its header.
fn line(socket: Message<'_>) -> Result<Option<(bool, String)>> {
    let Some([_family, kind, state, _pad, rest @ ..]) = socket.payload.get(..HEADER_LEN) else {
        return Ok(None);
    };
    let inode = rest
        .first_chunk()
        .map_or(0, |bytes| u32::from_ne_bytes(*bytes));
    let mut line = format!("{:?} {inode}", Kind::from_raw((*kind).into()));
    for attribute in socket.attributes(HEADER_LEN) {
        let attribute = attribute?;
        match attribute.kind {
            // Names are bytes; an abstract one begins with NUL, which `ss` shows as @.
            UNIX_DIAG_NAME => match attribute.payload {
                [0, name @ ..] => line += &format!(" @{}", name.escape_ascii()),
                _ => line += &format!(" {}", attribute.string().escape_ascii()),
            },
            UNIX_DIAG_PEER => line += &format!(" peer {}", attribute.u32().unwrap_or(0)),
            _ => {}
        }
    }
    Ok(Some((*state == TCP_LISTEN, line)))
}
