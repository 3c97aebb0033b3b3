//! What several test files share: descriptors whose every copy can be accounted for, and loopback
//! sockets.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses its own part of it, and a test fails by panicking"
)]

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rsocket::{Address, Deadline, Endpoint, Errno, Error, Family, Kind, Protocol};

/// The end of a connection to hand about, and the other end, which knows when every copy of it is
/// closed.
pub struct Tracked {
    given: Option<OwnedFd>,
    watch: UnixStream,
}

impl Tracked {
    pub fn new() -> Self {
        let (watch, given) = UnixStream::pair().unwrap();
        watch.set_nonblocking(true).unwrap();
        Tracked {
            given: Some(given.into()),
            watch,
        }
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.given.as_ref().unwrap().as_fd()
    }

    /// Closes the copy that the test itself holds.
    pub fn close(&mut self) {
        self.given = None;
    }

    /// True where no copy is left in any process, and in no message under way.
    pub fn is_gone(&mut self) -> bool {
        self.close();
        match self.watch.read(&mut [0]) {
            Ok(0) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            other => panic!("somebody wrote to it: {other:?}"),
        }
    }
}

pub fn tracked(count: usize) -> Vec<Tracked> {
    (0..count).map(|_| Tracked::new()).collect()
}

pub fn fds(tracked: &[Tracked]) -> Vec<BorrowedFd<'_>> {
    tracked.iter().map(Tracked::fd).collect()
}

pub fn all_gone(tracked: &mut [Tracked]) -> bool {
    tracked.iter_mut().all(Tracked::is_gone)
}

pub fn is_cloexec(fd: BorrowedFd<'_>) -> bool {
    !rsocket::fd::is_inheritable(fd).unwrap()
}

/// How many descriptors of this process show `target` in /proc.
pub fn open_count(target: &str) -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|link| link.to_string_lossy().contains(target))
        .count()
}

/// A UDP socket on an address of the loopback interface.
pub fn udp(local: &str) -> Endpoint {
    let address: Address = local.parse().unwrap();
    let socket = Endpoint::new(address.family(), Kind::DGRAM, Protocol::UDP).unwrap();
    socket.bind(&address).unwrap();
    socket
}

/// Two UDP sockets of one family, connected to each other.
pub fn udp_pair(local: &str) -> (Endpoint, Endpoint) {
    let (left, right) = (udp(local), udp(local));
    left.connect(&right.local_address().unwrap()).unwrap();
    right.connect(&left.local_address().unwrap()).unwrap();
    (left, right)
}

/// A connection over TCP on IPv4 loopback.
pub fn tcp_pair() -> (Endpoint, Endpoint) {
    let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    listener.listen(1).unwrap();
    let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP).unwrap();
    client.connect(&listener.local_address().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (client, server)
}

pub fn set_int(endpoint: &Endpoint, level: i32, name: i32, value: i32) {
    endpoint
        .set_raw_option(level, name, &value.to_ne_bytes())
        .unwrap();
}

/// Sets an option that the kernel at hand may lack; false says why the test is not run.
pub fn try_int(endpoint: &Endpoint, level: i32, name: i32, value: i32, what: &str) -> bool {
    match endpoint.set_raw_option(level, name, &value.to_ne_bytes()) {
        Ok(()) => true,
        Err(Error::Os {
            errno: errno @ (Errno::ENOPROTOOPT | Errno::EOPNOTSUPP | Errno::EPERM | Errno::EINVAL),
            ..
        }) => {
            eprintln!("skipped: {what}: {errno}");
            false
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

/// A file that has no name, with these bytes.
pub fn file_with(bytes: &[u8]) -> File {
    use std::io::{Seek, Write};
    let path = std::env::temp_dir().join(format!(
        "rsocket-test-{}-{:p}",
        std::process::id(),
        &raw const *bytes
    ));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}
