//! What the scenarios share: descriptors to send, and how many are open.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use rsocket::{Endpoint, Kind};

use crate::Outcome;

/// How many descriptors this process has open.
pub fn open() -> usize {
    fs::read_dir("/proc/self/fd")
        .expect("/proc is mounted")
        .count()
}

/// Runs `act`, which leaves nothing open if all is well, and says what it left.
pub fn leaks(act: impl FnOnce() -> String) -> Outcome {
    let before = open();
    let said = act();
    let said = if said.is_empty() {
        said
    } else {
        format!("{said}; ")
    };
    match open() - before {
        0 => Outcome::Kept(format!("{said}nothing leaks")),
        1 => Outcome::Broken(format!("{said}1 descriptor leaks")),
        count => Outcome::Broken(format!("{said}{count} descriptors leak")),
    }
}

/// The receiving end of a seqpacket pair, whose queue holds one message with `count` descriptors.
/// `set` sets the options of the receiving end before the message is sent.
pub fn with_fds(count: usize, set: impl FnOnce(&Endpoint)) -> Endpoint {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).expect("socketpair(2)");
    set(&right);
    send_files(&left, count);
    right
}

/// The receiving end of a pair of streams, with one message of `count` descriptors in its queue.
pub fn stream_with_fds(count: usize) -> Endpoint {
    let (left, right) = Endpoint::pair(Kind::STREAM).expect("socketpair(2)");
    send_files(&left, count);
    right
}

fn send_files(from: &Endpoint, count: usize) {
    let sent: Vec<OwnedFd> = (0..count)
        .map(|_| fs::File::open("/dev/null").expect("/dev/null").into())
        .collect();
    let borrowed: Vec<BorrowedFd<'_>> = sent.iter().map(AsFd::as_fd).collect();
    from.send_fds(b"data", &borrowed).expect("sendmsg(2)");
}

/// Turns an option of SOL_SOCKET on; false where this kernel does not know it.
pub fn turn_on(endpoint: &Endpoint, name: libc::c_int) -> bool {
    endpoint
        .set_raw_option(libc::SOL_SOCKET, name, &1i32.to_ne_bytes())
        .is_ok()
}

/// fcntl(2) F_GETFD of a descriptor that another crate gave as a number.
pub fn is_cloexec(fd: RawFd) -> bool {
    // SAFETY: F_GETFD takes no argument and changes nothing.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    assert_ne!(flags, -1, "F_GETFD");
    flags & libc::FD_CLOEXEC != 0
}

/// Owns a descriptor that another crate gave as a number.
pub fn own(fd: RawFd) -> OwnedFd {
    use std::os::fd::FromRawFd;
    // SAFETY: the caller has it from a receive that made it and told nobody else.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
