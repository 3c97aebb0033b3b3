//! Connects to whichever address of a host answers first (RFC 8305), and tells how it went.

use std::time::{Duration, Instant};

use rsocket::{Deadline, Endpoint, Hints, Keepalive, Kind, Stagger, connect_any_with, resolve};

fn main() -> rsocket::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port] = &arguments[..] else {
        eprintln!("usage: happy_eyeballs HOST PORT");
        std::process::exit(2)
    };
    let hints = Hints {
        kind: Some(Kind::STREAM),
        ..Hints::default()
    };
    let addresses: Vec<_> = resolve(Some(host), Some(port), hints)?
        .map(|answer| answer.address)
        .collect();
    for address in &addresses {
        println!("may try {address}");
    }

    let configure = |endpoint: &Endpoint| {
        endpoint.set_keepalive(Some(Keepalive {
            idle: Duration::from_secs(60),
            interval: Duration::from_secs(10),
            count: 3,
        }))
    };
    let deadline = Deadline::after(Duration::from_secs(10));
    let before = Instant::now();
    match connect_any_with(&addresses, Stagger::default(), configure, deadline) {
        Ok(endpoint) => {
            let took = before.elapsed();
            println!("connected to {} in {took:?}", endpoint.peer_address()?);
            println!("round trip {} us", endpoint.tcp_info()?.rtt);
            Ok(())
        }
        Err(failure) => {
            for attempt in &failure.attempts {
                println!("{}: {}", attempt.address, attempt.error);
            }
            Err(failure.into())
        }
    }
}
