//! An echo server for whatever the service manager hands over (systemd's `ListenStream=` and
//! `ListenSequentialPacket=`, TCP or Unix), or for a target when it is started by hand.

use std::thread;
use std::time::Duration;

use rsocket::{Activation, Endpoint, Result};

fn main() -> Result<()> {
    let listeners = match Activation::from_env()? {
        Some(activation) => activation.take_sockets()?,
        None => {
            let Some(target) = std::env::args().nth(1) else {
                eprintln!("usage: activated_server TARGET, or start it by socket activation");
                std::process::exit(2)
            };
            vec![(target.clone().into(), rsocket::listen(&target)?)]
        }
    };
    let servers: Vec<_> = listeners
        .into_iter()
        .map(|(name, listener)| {
            let at = listener.local_address();
            println!(
                "{}: {}",
                name.to_string_lossy(),
                at.map_or_else(|e| e.to_string(), |a| a.to_string())
            );
            thread::spawn(move || serve(&listener))
        })
        .collect();
    for server in servers {
        match server.join() {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    Ok(())
}

fn serve(listener: &Endpoint) -> Result<()> {
    for connection in listener.as_listener()?.incoming() {
        match connection {
            Ok((connection, _peer)) => {
                thread::spawn(move || {
                    if let Err(error) = echo(&connection) {
                        eprintln!("client: {error}");
                    }
                });
            }
            Err(error) => {
                // EMFILE and its like: let the connections that there are end first.
                eprintln!("accept: {error}");
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
    Ok(())
}

/// Sends back what comes: bytes on a stream, messages with their boundaries on seqpacket.
fn echo(connection: &Endpoint) -> Result<()> {
    let mut buf = vec![0; 65536];
    loop {
        match connection.recv(&mut buf)?.len {
            0 => return Ok(()),
            len => connection.send_all(&buf[..len])?,
        }
    }
}
