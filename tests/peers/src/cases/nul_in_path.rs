//! A path with a NUL in it: the kernel stops there and makes another file than the one named.

use std::fs;
use std::io;

use rsocket::{Address, Endpoint, Family, Kind, Protocol};
use socket2::{Domain, SockAddr, Socket, Type};

use super::{Case, Launch, Side};
use crate::Outcome;

pub const CASE: Case = Case {
    name: "nul_in_path",
    scenario: "binding to the path \"name\\0rest\"",
    peer: "socket2",
    test: "bad_input::unix_paths_at_and_over_the_limit",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    let dir = std::env::temp_dir().join(format!("rsocket-peers-{}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let path = dir.join("name\0rest");
    let bound: io::Result<()> = match side {
        Side::Peer => SockAddr::unix(&path)
            .and_then(|address| Socket::new(Domain::UNIX, Type::STREAM, None)?.bind(&address)),
        Side::Ours => Address::unix(&path)
            .and_then(|address| {
                Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT)?.bind(&address)
            })
            .map_err(io::Error::from),
    };
    let made = fs::read_dir(&dir)
        .unwrap()
        .next()
        .map(|entry| entry.unwrap().file_name());
    fs::remove_dir_all(&dir).unwrap();
    match (bound, made) {
        (Err(error), None) => Outcome::Kept(format!("error \"{error}\"")),
        (bound, made) => Outcome::Broken(format!("{bound:?}, and the file is called {made:?}")),
    }
}
