//! The service of `unix_service.rs` on tokio: for members of a group only, with the caller's program
//! in its log, and with an orderly end. `unix_service cat SOCKET NAME` is its client.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rsocket::tokio::AsyncEndpoint;
use rsocket::{Deadline, Error, Kind, Readiness, Result, UnixBind, fd};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (socket, directory, group) = match &arguments[..] {
        [socket, directory] => (socket, directory, None),
        [socket, directory, group] => (socket, directory, Some(group.parse()?)),
        _ => {
            eprintln!("usage: unix_service_tokio SOCKET DIRECTORY [GROUP-ID]");
            std::process::exit(2)
        }
    };
    let bound = UnixBind::new(socket).kind(Kind::SEQPACKET).mode(0o666);
    // The file is removed when `path` goes, after the last client.
    let (server, path) = bound.bind()?.into_parts();
    let server = AsyncEndpoint::new(server)?;
    println!("serving {directory} at {}", path.path().display());

    let directory: Arc<Path> = PathBuf::from(directory).into();
    let mut clients = JoinSet::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            accepted = server.accept() => match accepted {
                Ok((client, _)) => {
                    let directory = directory.clone();
                    clients.spawn(async move {
                        if let Err(error) = answer(&client, &directory, group).await {
                            eprintln!("client: {error}");
                        }
                    });
                }
                // EMFILE and its like: let the connections that there are end first.
                Err(error) => {
                    eprintln!("accept: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = clients.join_next() => {}
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    // Nobody new; those who are here get a moment. What is dropped has lost no message half read.
    drop(server);
    let rest = async { while clients.join_next().await.is_some() {} };
    let left = timeout(Duration::from_secs(1), rest).await.is_err();
    println!("ended{}", if left { " with clients left" } else { "" });
    Ok(())
}

async fn answer(client: &AsyncEndpoint, directory: &Path, group: Option<u32>) -> Result<()> {
    // The kernel vouches for these; nothing that the client sends could.
    let peer = client.peer_credentials()?;
    let mut groups = client.endpoint().peer_groups()?;
    groups.push(peer.gid);
    let program = program_of(client, peer.pid);
    let mut buf = [0; 256];
    if group.is_some_and(|group| !groups.contains(&group)) {
        client.send(b"not for your groups").await?;
        // Until it hangs up: a socket closed over an unread request resets the connection, and the
        // client would read that before the refusal (unix(7)).
        while client.recv(&mut buf).await?.len > 0 {}
        return Ok(());
    }
    loop {
        let received = client.recv(&mut buf).await?;
        if received.len == 0 {
            return Ok(());
        }
        if received.truncated() {
            client.send(b"name too long").await?;
            continue;
        }
        let name = String::from_utf8_lossy(&buf[..received.len]).into_owned();
        println!("user {} ({program}) asks for {name}", peer.uid);
        match open_inside(directory, &name) {
            Ok(file) => client.send_fds(b"ok", &[file.as_fd()]).await?,
            Err(error) => client.send(error.to_string().as_bytes()).await?,
        };
    }
}

/// The name of the client's program. A process id may mean another process by now; the kernel's
/// pidfd never does, and says whether the one that was looked at still runs.
fn program_of(client: &AsyncEndpoint, pid: i32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let ended = match client.endpoint().peer_pidfd() {
        // pidfd_open(2): readable once the process has ended.
        Ok(pidfd) => {
            let now = &mut Deadline::after(Duration::ZERO);
            fd::wait_ready(pidfd.as_fd(), Readiness::Readable, now) != Err(Error::TimedOut)
        }
        Err(_) => true,
    };
    match name.trim_end() {
        name if !name.is_empty() && !ended => name.to_owned(),
        _ => "unknown".to_owned(),
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
