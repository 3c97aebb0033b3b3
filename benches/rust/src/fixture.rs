//! What every case needs: sockets made by std, counted allocations, and the loop.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes a message has, and how many messages a batch.
pub const LEN: usize = 64;
pub const BATCH: usize = 32;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// How many bytes are allocated at the moment.
pub fn allocated() -> u64 {
    BYTES.load(Ordering::Relaxed)
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: hands every request to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(len as u64, Ordering::Relaxed);
        BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(memory, layout, len) }
    }
}

static LEFT: AtomicU64 = AtomicU64::new(0);

/// Counts a round. In memory and out of line, so that the loop costs every case the same and takes
/// no register from any.
#[inline(never)]
fn another() -> bool {
    let left = LEFT.load(Ordering::Relaxed);
    LEFT.store(left.wrapping_sub(1), Ordering::Relaxed);
    left != 0
}

/// Plays `body` so many times and prints how many allocations that made.
#[inline(always)]
pub fn times(count: u64, mut body: impl FnMut()) {
    LEFT.store(count, Ordering::Relaxed);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    while another() {
        body();
    }
    let made = ALLOCATIONS.load(Ordering::Relaxed) - before;
    println!("allocations {made}");
}

/// Looks at what was received, as any caller does.
#[inline(always)]
pub fn look<T>(data: &[T]) {
    assert!(data.len() == LEN);
    black_box(data);
}

pub fn streams() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

/// Two UDP sockets, and the address of the second.
pub type Udp = (UdpSocket, UdpSocket, SocketAddr);

pub fn udp_v4() -> Udp {
    udp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

pub fn udp_v6() -> Udp {
    udp(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)))
}

fn udp(local: SocketAddr) -> Udp {
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
