//! What every case needs: sockets made by std, counted allocations, and the loop.

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes a message has, and how many messages a batch.
pub const LEN: usize = 64;
pub const BATCH: usize = 32;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: hands every request to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(memory, layout, len) }
    }
}

/// Plays `body` so many times and prints how many allocations that made.
#[inline(always)]
pub fn times(count: u64, mut body: impl FnMut()) {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..count {
        body();
    }
    let made = ALLOCATIONS.load(Ordering::Relaxed) - before;
    println!("allocations {made}");
}

pub fn streams() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

/// Two UDP sockets, and the address of the second.
pub fn udp_v4() -> (UdpSocket, UdpSocket, SocketAddr) {
    udp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

pub fn udp_v6() -> (UdpSocket, UdpSocket, SocketAddr) {
    udp(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)))
}

fn udp(local: SocketAddr) -> (UdpSocket, UdpSocket, SocketAddr) {
    let (left, right) = (
        UdpSocket::bind(local).unwrap(),
        UdpSocket::bind(local).unwrap(),
    );
    let to = right.local_addr().unwrap();
    (left, right, to)
}

/// A socket with nothing to receive, which does not wait.
pub fn empty() -> (UnixStream, UnixStream) {
    let (left, right) = streams();
    right.set_nonblocking(true).unwrap();
    (left, right)
}

/// A sender, and a receiver at a path of its own.
pub struct AtPath {
    pub sender: UnixDatagram,
    pub receiver: UnixDatagram,
    pub path: std::path::PathBuf,
}

pub fn at_path() -> AtPath {
    let name = format!("rsocket-bench-{}.socket", std::process::id());
    let path = std::env::temp_dir().join(name);
    AtPath {
        sender: UnixDatagram::unbound().unwrap(),
        receiver: UnixDatagram::bind(&path).unwrap(),
        path,
    }
}

impl Drop for AtPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
