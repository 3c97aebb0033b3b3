//! One operation of the crate between two marks that strace shows, and what became of it.
//!
//! Called with the operation's name and an empty directory. Prints `ok` or the error's name, and how
//! many descriptors more are open than before.

#![allow(clippy::unwrap_used, reason = "a setup that fails is the end")]

use std::cell::Cell;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rsocket::netlink::{BUFFER_LEN, Netlink};
use rsocket::{
    Address, Ancillary, Deadline, Endpoint, Error, Family, Hints, Kind, MsgFlags, NoneConnected,
    Protocol, RecvBatch, Result, SendBatch, SharedEndpoint, Splice, UnixBind, connect_any_with,
    resolve,
};

const NONE: MsgFlags = MsgFlags::empty();

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

fn at_once() -> Deadline {
    Deadline::after(Duration::from_millis(30))
}

fn tcp() -> Result<Endpoint> {
    Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP)
}

fn udp() -> Endpoint {
    let socket = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP).unwrap();
    socket.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

fn listener() -> (Endpoint, Address) {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let address = listener.local_address().unwrap();
    (listener, address)
}

/// A listener and clients that wait in its queue.
fn called() -> (Endpoint, [Endpoint; 2]) {
    let (listener, address) = listener();
    let clients = [(); 2].map(|()| {
        let client = tcp().unwrap();
        client.connect(&address).unwrap();
        client
    });
    (listener, clients)
}

/// The operation, which can be done twice, with everything that it needs.
type Operation = Box<dyn FnMut() -> Result<()>>;

fn operation(name: &str, directory: &Path) -> Option<Operation> {
    Some(match name {
        "connect" => {
            let (listener, address) = listener();
            Box::new(move || {
                let _ = &listener;
                let client = tcp()?;
                client.connect_with(&address, soon())?;
                client
                    .send_all_with(b"connected", NONE, soon())
                    .map_err(Error::from)
            })
        }
        "connect-blocking" => {
            let (listener, address) = listener();
            Box::new(move || {
                let _ = &listener;
                let client = tcp()?;
                client.connect(&address)?;
                client.send_all(b"connected").map_err(Error::from)
            })
        }
        "connect-any" => {
            let (listener, address) = listener();
            let addresses = ["127.0.0.1:1".parse().unwrap(), address];
            Box::new(move || {
                let _ = &listener;
                let won =
                    connect_any_with(&addresses, rsocket::Stagger::default(), |_| Ok(()), soon());
                won.map(drop).map_err(|NoneConnected { error, .. }| error)
            })
        }
        "listen" => Box::new(|| rsocket::listen("tcp://127.0.0.1:0").map(drop)),
        "accept" => {
            let (listener, clients) = called();
            Box::new(move || {
                let _ = &clients;
                listener.accept_with(soon()).map(drop)
            })
        }
        "accept-blocking" => {
            let (listener, clients) = called();
            Box::new(move || {
                let _ = &clients;
                listener.accept().map(drop)
            })
        }
        "accept-shared" => {
            let (listener, clients) = called();
            let listener = SharedEndpoint::new(listener).unwrap();
            Box::new(move || {
                let _ = &clients;
                listener.accept().map(drop)
            })
        }
        "stream" => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            Box::new(move || {
                left.send_all_with(b"all of it", NONE, soon())?;
                right.recv_exact_with(&mut [0; 9], NONE, soon())?;
                Ok(())
            })
        }
        "stream-blocking" => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            Box::new(move || {
                left.send_all(b"all of it")?;
                right.recv_exact(&mut [0; 9])?;
                Ok(())
            })
        }
        "datagram" => {
            let (sender, receiver) = (udp(), udp());
            let to = receiver.local_address().unwrap();
            Box::new(move || {
                sender.send_to_with(b"one", &to, NONE, soon())?;
                receiver.recv_from_with(&mut [0; 8], NONE, soon()).map(drop)
            })
        }
        "nothing-comes" => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            Box::new(move || {
                let _ = &right;
                left.recv_with(&mut [0; 8], NONE, at_once()).map(drop)
            })
        }
        "nothing-comes-shared" => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            Box::new(move || {
                let left = SharedEndpoint::new(left.try_clone()?)?;
                let _ = &right;
                left.recv_with(&mut [0; 8], NONE, at_once()).map(drop)
            })
        }
        "pass-fd" => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            let file = File::open("/dev/null").unwrap();
            Box::new(move || {
                left.send_fds_with(b"fd", &[file.as_fd()], soon())?;
                let mut ancillary = Ancillary::<64>::new();
                let mut data = [0; 8];
                let mut bufs = [std::io::IoSliceMut::new(&mut data)];
                let (_, _) = right.recv_msg_with(&mut bufs, &mut ancillary, NONE, soon())?;
                assert_eq!(ancillary.take_fds().count(), 1);
                Ok(())
            })
        }
        "batch" => {
            let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
            let (mut send, mut receive) =
                (SendBatch::new(4).unwrap(), RecvBatch::new(4, 16).unwrap());
            Box::new(move || {
                let mut messages = send.messages();
                messages.push(b"one", None)?;
                messages.push(b"two", None)?;
                left.send_batch_all_with(&mut messages, NONE, soon())?;
                assert_eq!(right.recv_batch_with(&mut receive, NONE, soon())?.len(), 2);
                Ok(())
            })
        }
        "netlink-dump" => Box::new(|| {
            let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
            let mut buf = vec![0; BUFFER_LEN];
            let links = netlink.dump(18, &[0; 16], 1, &mut buf, |_| Ok(()))?;
            assert!(!links.is_empty());
            Ok(())
        }),
        "unix-bind" => {
            let (directory, run) = (directory.to_owned(), Cell::new(0));
            for run in 0..2 {
                let path = directory.join(format!("{run}.sock"));
                drop(std::os::unix::net::UnixListener::bind(path).unwrap());
            }
            Box::new(move || {
                let path = directory.join(format!("{}.sock", run.replace(1)));
                UnixBind::new(path).mode(0o666).bind().map(drop)
            })
        }
        "resolve" => {
            Box::new(|| resolve(Some("localhost"), Some("80"), Hints::default()).map(drop))
        }
        "dup" => {
            let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
            Box::new(move || left.try_clone().map(drop))
        }
        "pair" => Box::new(|| Endpoint::pair(Kind::STREAM).map(drop)),
        "peer" => {
            let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
            Box::new(move || left.peer_credentials().map(drop))
        }
        "send-file" => {
            let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
            let file = File::open("/proc/self/exe").unwrap();
            Box::new(move || {
                // Copied, and moved by the kernel.
                for len in [100, 10_000] {
                    left.send_file_with(&file, 0, len, soon())?;
                    right.recv_exact_with(&mut vec![0; len], NONE, soon())?;
                }
                Ok(())
            })
        }
        "splice" => {
            let (left, from) = Endpoint::pair(Kind::STREAM).unwrap();
            let (to, right) = Endpoint::pair(Kind::STREAM).unwrap();
            Box::new(move || {
                left.send_all_with(b"through", NONE, soon())?;
                let mut splice = Splice::new()?;
                splice.transfer_with(&from, &to, 7, soon())?;
                right.recv_exact_with(&mut [0; 7], NONE, soon())?;
                Ok(())
            })
        }
        _ => return None,
    })
}

/// A call on a path that is not there.
fn mark(name: &str) {
    let _ = std::fs::metadata(Path::new("/rsocket-faults").join(name));
}

fn open_count() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, name, directory] = &arguments[..] else {
        eprintln!("usage: faults OPERATION DIRECTORY");
        std::process::exit(2);
    };
    let Some(mut operation) = operation(name, Path::new(directory)) else {
        println!("absent 0");
        return;
    };
    // What is done only the first time is done.
    let _ = operation();
    let before = open_count();
    mark("before");
    mark("begins");
    let result = operation();
    mark("ends");
    let outcome = match result {
        Ok(()) => "ok".to_owned(),
        Err(Error::Resolve(_)) => "EAI".to_owned(),
        Err(error) => format!("{:?}", error.errno()),
    };
    println!("{outcome} {}", open_count() as isize - before as isize);
}
