//! A connect that waits for room in a Unix listener's backlog, while signals arrive.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::thread;
use std::time::Duration;

use rsocket::{Address, Endpoint, Family, Kind, Protocol};

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::signals::under_fire;

pub const CASE: Case = Case {
    name: "interrupted_connect",
    scenario: "Unix-domain connect that waits for the backlog, signals arriving",
    peer: "std",
    test: "eintr::a_unix_connect_that_waits_for_the_backlog_goes_on",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    let unix = || Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    let name = format!("rsocket-peers-{}", std::process::id());
    let to = Address::unix_abstract(&name).unwrap();
    let listener = unix();
    listener.bind(&to).unwrap();
    listener.listen(0).unwrap();
    let first = unix();
    first.connect(&to).unwrap();

    let connected = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(40));
            listener.accept().unwrap();
        });
        let (connected, interrupted) = under_fire(|| match side {
            Side::Peer => {
                let to = SocketAddr::from_abstract_name(&name)?;
                UnixStream::connect_addr(&to).map(drop)
            }
            Side::Ours => unix().connect(&to).map_err(io::Error::from),
        });
        assert!(interrupted > 0);
        connected
    });
    match connected {
        Ok(()) => Outcome::Kept("connects once there is room".into()),
        Err(error) => Outcome::Broken(format!("fails: {error}")),
    }
}
