//! Descriptors and credentials over the Unix domain.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{self, Command};

use rsocket::{Endpoint, Received};

use crate::Outcome;
use crate::frames::{expect, recv_message};

/// One descriptor, and the word that came with it.
fn recv_fd(endpoint: &Endpoint, word: &[u8]) -> Outcome<File> {
    let mut buf = [0; 16];
    let (received, [fd]): (Received, [Option<OwnedFd>; 1]) = endpoint.recv_fds(&mut buf)?;
    expect("word", &buf[..received.len], word)?;
    Ok(File::from(fd.ok_or("no descriptor came")?))
}

/// A descriptor that a child of ours does not see is close-on-exec.
fn expect_close_on_exec(file: &File) -> Outcome {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let child = Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("test ! -e {path}"))
        .status()?;
    if child.success() {
        Ok(())
    } else {
        Err("the descriptor is not close-on-exec".into())
    }
}

pub(crate) fn serve(listener: &Endpoint) -> Outcome {
    let (client, _) = listener.accept()?;
    let mut file = recv_fd(&client, b"file")?;
    expect_close_on_exec(&file)?;
    let mut token = Vec::new();
    file.read_to_end(&mut token)?;
    client.send(&token)?;

    let (reader, mut writer) = std::io::pipe()?;
    client.send_fds(b"pipe", &[reader.as_fd()])?;
    writer.write_all(&token)?;
    Ok(())
}

pub(crate) fn call(server: &Endpoint) -> Outcome {
    let token = format!("token of {}", process::id());
    let path = std::env::temp_dir().join(format!("rsocket-interop-{}", process::id()));
    std::fs::write(&path, &token)?;
    let file = File::open(&path);
    std::fs::remove_file(&path)?;
    server.send_fds(b"file", &[file?.as_fd()])?;
    // Exactly so many bytes: on a stream the next word may be there already.
    let mut answer = vec![0; token.len()];
    let received = server.recv(&mut answer)?;
    expect("token", &answer[..received.len], token.as_bytes())?;

    let mut through = Vec::new();
    recv_fd(server, b"pipe")?.read_to_end(&mut through)?;
    expect("token through the pipe", &through, token.as_bytes())
}

pub(crate) fn serve_credentials(listener: &Endpoint) -> Outcome {
    let (client, _) = listener.accept()?;
    expect("greeting", &recv_message(&client)?, b"hello")?;
    let who = client.peer_credentials()?;
    client.send(format!("{} {} {}", who.pid, who.uid, who.gid).as_bytes())?;
    expect("greeting", &recv_message(&client)?, b"who")?;
    client.send(format!("server {}", process::id()).as_bytes())?;
    Ok(())
}

pub(crate) fn call_credentials(server: &Endpoint) -> Outcome {
    server.send(b"hello")?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let id = |key: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(key)?.split_whitespace().nth(1))
    };
    let (uid, gid) = (id("Uid:").ok_or("no Uid")?, id("Gid:").ok_or("no Gid")?);
    let wanted = format!("{} {uid} {gid}", process::id());
    expect("credentials", &recv_message(server)?, wanted.as_bytes())?;
    server.send(b"who")?;
    let wanted = format!("server {}", server.peer_credentials()?.pid);
    expect("server", &recv_message(server)?, wanted.as_bytes())
}
