//! Receives UDP datagrams many at a time: one system call brings up to 64 buffers, and where the
//! kernel can (UDP_GRO) each of them holds a train of datagrams.

use std::collections::BTreeMap;

use rsocket::{Endpoint, RecvBatch, Target, fd, option};

/// A train of datagrams is no longer than 64 KiB.
const BUFFER_LEN: usize = 1 << 16;
/// Room for the message that says how long the datagrams of a train are.
const CONTROL_LEN: usize = 64;

/// What one call brought from one sender.
#[derive(Default)]
struct Tally {
    datagrams: u64,
    bytes: usize,
    buffers: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, until) = match &arguments[..] {
        [address] => (address, None),
        [address, count] => (address, Some(count.parse::<u64>()?)),
        _ => {
            eprintln!("usage: udp_receiver ADDRESS:PORT [COUNT]");
            std::process::exit(2)
        }
    };
    let target = Target::parse(format!("udp://{address}"))?;
    let socket = Endpoint::listen_at(&target, |socket| {
        // The kernel cuts this down to net.core.rmem_max.
        fd::set_int(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, 4 << 20)
    })?;
    if let Err(error) = socket.set(option::UdpGro, true) {
        eprintln!("without UDP_GRO: {error}");
    }
    println!("receiving at {}", socket.local_address()?);

    let mut batch = RecvBatch::with_control(64, BUFFER_LEN, CONTROL_LEN)?;
    let mut total = 0;
    while until.is_none_or(|until| total < until) {
        let mut senders = BTreeMap::<_, Tally>::new();
        for mut message in socket.recv_batch(&mut batch)? {
            if message.truncated() {
                eprintln!("{}: {} bytes cut off", message.from, message.full_len);
                continue;
            }
            let sender = senders.entry(*message.from).or_default();
            sender.buffers += 1;
            for datagram in message.segments() {
                sender.datagrams += 1;
                sender.bytes += datagram.len();
            }
        }
        for (sender, tally) in senders {
            let Tally {
                datagrams,
                bytes,
                buffers,
            } = tally;
            println!("{sender}: {datagrams} datagrams, {bytes} bytes, in {buffers} buffers");
            total += datagrams;
        }
    }
    println!("{total} datagrams in all");
    Ok(())
}
