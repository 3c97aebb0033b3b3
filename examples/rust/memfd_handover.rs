//! Hands a large message over without copying it through a socket: it stands in sealed memory
//! (memfd_create(2)), and its descriptor is what is sent.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use rsocket::{Endpoint, Kind};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};

/// Nobody can change the message any more, the sender neither: it need not be copied to be trusted.
const SEALED: SealFlags = SealFlags::SHRINK
    .union(SealFlags::GROW)
    .union(SealFlags::WRITE)
    .union(SealFlags::SEAL);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["receive"] => receive(),
        ["send", path] => {
            let (sender, receiver) = Endpoint::pair(Kind::SEQPACKET)?;
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("receive");
            command.stdin(Stdio::from(OwnedFd::from(receiver)));
            let mut child = command.spawn()?;
            drop(command);
            send(&sender, File::open(path)?)?;
            match child.wait()?.success() {
                true => Ok(()),
                false => Err("the receiver failed".into()),
            }
        }
        _ => {
            eprintln!("usage: memfd_handover send FILE");
            std::process::exit(2)
        }
    }
}

fn send(socket: &Endpoint, mut message: impl Read) -> Result<(), Box<dyn std::error::Error>> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut memory = File::from(memfd_create("message", flags)?);
    // A program that makes its message writes it here in the first place.
    let len = io::copy(&mut message, &mut memory)?;
    memory.rewind()?;
    fcntl_add_seals(&memory, SEALED)?;
    socket.send_fds(&len.to_ne_bytes(), &[memory.as_fd()])?;
    Ok(())
}

fn receive() -> Result<(), Box<dyn std::error::Error>> {
    let socket = Endpoint::try_from(io::stdin().as_fd().try_clone_to_owned()?)?;
    let mut len = [0; 8];
    let (received, [memory]) = socket.recv_fds::<1>(&mut len)?;
    if received.len == 0 {
        return Err("the sender sent nothing".into());
    }
    let mut memory = File::from(memory.ok_or("a message without its memory")?);
    // Without the seals the sender could change the message while it is read, or cut it off.
    if !fcntl_get_seals(&memory)?.contains(SEALED) {
        return Err("the memory is not sealed".into());
    }
    if memory.metadata()?.len() != u64::from_ne_bytes(len) {
        return Err("the memory is not as long as was said".into());
    }
    // From one descriptor to another inside the kernel, where it can.
    io::copy(&mut memory, &mut io::stdout())?;
    io::stdout().flush()?;
    Ok(())
}
