//! Connections accepted while many sockets are open, and what each of those takes.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use rsocket::{Endpoint, Family, Kind, Protocol};

use super::{Contender, Table, processor_time};
use crate::fixture::allocated;

/// As many connections wait in the queue before they are accepted.
const WAITING: u64 = 64;

pub(super) fn rows(table: &mut Table) {
    let most = open_at_most();
    for (open, text) in [(10, "10"), (1_000, "1,000"), (10_000, "10,000")] {
        if open + 1_000 > most {
            println!("{text} sockets: skipped, no more than {most} descriptors are allowed");
            continue;
        }
        let (_, taken_by_std) = counted(|| OwnedFd::from(socket()), open as usize);
        let (_open, taken) = counted(socket, open as usize);
        let name = format!("accept, TCP, {text} sockets open");
        let contenders = vec![accept_ours(), accept_by_hand(), accept_standard()];
        table.row("Many sockets", &name, WAITING, contenders);
        let name = format!("memory of one of {text} sockets");
        table.plain("Many sockets", &name, "bytes", taken, ("std", taken_by_std));
    }
}

fn socket() -> Endpoint {
    Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap()
}

/// So many sockets, and how many bytes of this process each takes.
fn counted<T>(mut make: impl FnMut() -> T, count: usize) -> (Vec<T>, f64) {
    let before = allocated();
    let mut all = Vec::with_capacity(count);
    all.extend((0..count).map(|_| make()));
    let taken = allocated() - before;
    (all, taken as f64 / count as f64)
}

/// Raises the limit of descriptors as far as it goes.
fn open_at_most() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) fills the structure, setrlimit(2) reads it.
    unsafe {
        assert!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0);
        limit.rlim_cur = limit.rlim_max.min(20_000);
        assert!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0);
    }
    limit.rlim_cur
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// Measures `accept` alone: the connections are made before, and reset behind it, so that none is
/// left in TIME_WAIT.
fn accepts<T>(steps: u64, to: SocketAddr, mut accept: impl FnMut() -> T) -> Duration {
    let mut taken = Duration::ZERO;
    for _ in 0..steps {
        let clients: Vec<_> = (0..WAITING).map(|_| connected(to)).collect();
        let mut accepted = Vec::with_capacity(WAITING as usize);
        let begun = processor_time();
        accepted.extend((0..WAITING).map(|_| accept()));
        taken += processor_time() - begun;
        drop(clients);
    }
    taken
}

fn connected(to: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(to).unwrap();
    let reset = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let len = size_of_val(&reset) as libc::socklen_t;
    // SAFETY: setsockopt(2) reads as many bytes as the length says.
    let result = unsafe {
        libc::setsockopt(
            client.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const reset).cast(),
            len,
        )
    };
    assert!(result == 0);
    client
}

fn accept_ours() -> Contender<'static> {
    let listener = listener();
    let to = listener.local_addr().unwrap();
    let listener = Endpoint::try_from(listener).unwrap();
    Contender::timed("rsocket", move |steps| {
        accepts(steps, to, || listener.accept().unwrap())
    })
}

fn accept_standard() -> Contender<'static> {
    let listener = listener();
    let to = listener.local_addr().unwrap();
    Contender::timed("std", move |steps| {
        accepts(steps, to, || listener.accept().unwrap())
    })
}

fn accept_by_hand() -> Contender<'static> {
    let listener = listener();
    let to = listener.local_addr().unwrap();
    Contender::timed("libc", move |steps| {
        accepts(steps, to, || {
            let fd = listener.as_raw_fd();
            let flags = libc::SOCK_CLOEXEC;
            let mut peer = MaybeUninit::<libc::sockaddr_storage>::uninit();
            let mut len = size_of_val(&peer) as libc::socklen_t;
            // SAFETY: the address is writable for its length.
            let fd = unsafe { libc::accept4(fd, peer.as_mut_ptr().cast(), &raw mut len, flags) };
            black_box((&peer, len));
            assert!(fd >= 0);
            Accepted(fd)
        })
    })
}

struct Accepted(i32);

impl Drop for Accepted {
    fn drop(&mut self) {
        crate::hand::close(self.0);
    }
}
