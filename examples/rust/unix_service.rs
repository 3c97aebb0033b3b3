//! A service on a Unix-domain seqpacket socket: it knows who asks, and answers with open files.
//!
//! Each request is one message with the name of a file in the served directory; the answer is a
//! message with the descriptor, or with the reason why not.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path};

use rsocket::{Endpoint, Kind, Result, UnixBind};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", socket, directory] => serve(socket, Path::new(directory))?,
        ["cat", socket, name] => cat(socket, name)?,
        _ => {
            eprintln!("usage: unix_service serve SOCKET DIRECTORY | unix_service cat SOCKET NAME");
            std::process::exit(2)
        }
    }
    Ok(())
}

fn serve(socket: &str, directory: &Path) -> Result<()> {
    // Over a dead server's file but never a live one's. A server that a signal ends leaves its file
    // to the next one; unix_service_tokio.rs removes it.
    let server = UnixBind::new(socket)
        .kind(Kind::SEQPACKET)
        .mode(0o666)
        .bind()?;
    println!("serving {} at {socket}", directory.display());
    for connection in server.as_listener()?.incoming() {
        let (client, _) = match connection {
            Ok(connection) => connection,
            Err(error) => {
                // EMFILE and its like: let the connections that there are end first.
                eprintln!("accept: {error}");
                std::thread::sleep(std::time::Duration::from_millis(100));
                continue;
            }
        };
        let directory = directory.to_owned();
        std::thread::spawn(move || {
            if let Err(error) = answer(&client, &directory) {
                eprintln!("client: {error}");
            }
        });
    }
    Ok(())
}

fn answer(client: &Endpoint, directory: &Path) -> Result<()> {
    // The kernel vouches for this; nothing that the client sends could.
    let peer = client.peer_credentials()?;
    let mut buf = [0; 256];
    loop {
        let received = client.recv(&mut buf)?;
        if received.len == 0 {
            return Ok(());
        }
        if received.truncated() {
            client.send(b"name too long")?;
            continue;
        }
        let name = String::from_utf8_lossy(&buf[..received.len]).into_owned();
        println!("user {} (process {}) asks for {name}", peer.uid, peer.pid);
        match open_inside(directory, &name) {
            Ok(file) => client.send_fds(b"ok", &[file.as_fd()])?,
            Err(error) => client.send(error.to_string().as_bytes())?,
        };
    }
}

/// Opens a file of the directory itself: no separators, no `..`, no symbolic link that leads out;
/// and a FIFO holds nobody up.
fn open_inside(directory: &Path, name: &str) -> std::io::Result<File> {
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(name)), None) => File::options()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(directory.join(name)),
        _ => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}

fn cat(socket: &str, name: &str) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let service = rsocket::connect(&format!("unix-seqpacket:{socket}"))?;
    service.send(name.as_bytes())?;
    let mut buf = [0; 256];
    let (received, [file]) = service.recv_fds::<1>(&mut buf)?;
    match file {
        Some(file) => {
            let mut text = String::new();
            File::from(file).read_to_string(&mut text)?;
            print!("{text}");
            Ok(())
        }
        None => Err(String::from_utf8_lossy(&buf[..received.len]).into()),
    }
}
