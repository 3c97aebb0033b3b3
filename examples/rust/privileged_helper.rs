//! The privileged-helper pattern: one process keeps the rights and opens what is on its list; the
//! worker has none, talks to the network, and gets open descriptors from the helper.
//!
//! Started as root the worker runs as user 65534; otherwise both run as the user who started them.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rsocket::{Endpoint, Kind, Result};

const NOBODY: u32 = 65534;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["worker", ref requests @ ..] => work(requests),
        [port] => {
            let port = port.parse()?;
            let (helper, worker) = Endpoint::pair(Kind::SEQPACKET)?;
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["worker", "listen", "secret", "shadow"]);
            command.stdin(Stdio::from(OwnedFd::from(worker)));
            if helper.peer_credentials()?.uid == 0 {
                command.uid(NOBODY).gid(NOBODY);
            }
            let mut child = command.spawn()?;
            // The command holds the worker's end; without it the helper sees the worker end.
            drop(command);
            help(&helper, port)?;
            std::process::exit(child.wait()?.code().unwrap_or(1))
        }
        _ => {
            eprintln!("usage: privileged_helper PORT");
            std::process::exit(2)
        }
    }
}

/// Answers requests until the worker has gone. It opens what is on the list, and nothing else.
fn help(worker: &Endpoint, port: u16) -> Result<()> {
    let mut buf = [0; 64];
    loop {
        let received = worker.recv(&mut buf)?;
        match &buf[..received.len] {
            b"" => return Ok(()),
            b"listen" => {
                let listener = rsocket::listen(&format!("tcp://127.0.0.1:{port}"))?;
                worker.send_fds(b"ok", &[listener.as_fd()])?
            }
            b"secret" => match File::open("/proc/self/environ") {
                Ok(file) => worker.send_fds(b"ok", &[file.as_fd()])?,
                Err(error) => worker.send(error.to_string().as_bytes())?,
            },
            _ => worker.send(b"not on the list")?,
        };
    }
}

/// Runs without rights: all it has came from the helper.
fn work(requests: &[&str]) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let helper = Endpoint::try_from(std::io::stdin().as_fd().try_clone_to_owned()?)?;
    for request in requests {
        helper.send(request.as_bytes())?;
        let mut buf = [0; 64];
        let (received, [fd]) = helper.recv_fds::<1>(&mut buf)?;
        match (*request, fd) {
            ("listen", Some(fd)) => {
                let listener = Endpoint::try_from(fd)?;
                println!("worker: listening at {}", listener.local_address()?);
            }
            (_, Some(fd)) => {
                let len = File::from(fd).read_to_end(&mut Vec::new())?;
                println!("worker: {request} has {len} bytes");
            }
            (_, None) => {
                let why = String::from_utf8_lossy(&buf[..received.len]);
                println!("worker: {request}: {why}");
            }
        }
    }
    Ok(())
}
