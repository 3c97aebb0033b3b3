//! Sockets from a service manager are taken once, with their names, of any family and type; what is
//! not for this process is left alone.
//!
//! The descriptors and the process id have to be in place before the program starts, so every test
//! runs a child: `sh` sets LISTEN_PID to its own number and becomes the test program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};

use rsocket::{
    Activation, ActivationError, Address, Endpoint, Errno, Error, Family, Kind, Protocol,
};

const CHILD: &str = "RSOCKET_TEST_ACTIVATED";

/// Runs the test `name` once more in a child that inherits `fds` as 3, 4, … under `names`.
fn activated(name: &str, fds: Vec<OwnedFd>, variables: &str) {
    let mut redirections = String::new();
    for (number, fd) in (3..).zip(&fds) {
        // A copy beyond the range that is written to, so that none is overwritten before its turn.
        let copy = fd.as_raw_fd() + 100;
        redirections += &format!(" {number}<&{copy} {copy}<&-");
    }
    let script = format!(
        "{variables} export LISTEN_PID LISTEN_FDS; exec \"$0\" --exact {name} --nocapture{redirections}"
    );
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(script)
        .arg(std::env::current_exe().unwrap());
    command
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut copies = Vec::new();
    for fd in &fds {
        let copy = fd.as_raw_fd() + 100;
        // SAFETY: dup2(2) takes integers; nothing in this process uses numbers that high.
        assert_eq!(unsafe { libc::dup2(fd.as_raw_fd(), copy) }, copy);
        copies.push(copy);
    }
    let child = command.spawn();
    for copy in copies {
        // SAFETY: made above by dup2(2), and nobody else's.
        unsafe { rsocket::fd::close(copy) }.unwrap();
    }
    let mut child = child.unwrap();
    let mut output = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut output)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{output}");
    assert!(
        output.contains("1 passed"),
        "the child did not run the test: {output}"
    );
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

fn bound(family: Family, kind: Kind, address: &Address) -> OwnedFd {
    let endpoint = Endpoint::new(family, kind, Protocol::DEFAULT).unwrap();
    endpoint.bind(address).unwrap();
    if kind.is_connection_oriented() {
        endpoint.listen(4).unwrap();
    }
    endpoint.into()
}

#[test]
fn sockets_of_any_family_are_taken_once_by_name() {
    if !is_child() {
        let loopback = "127.0.0.1:0".parse().unwrap();
        let unnamed = Address::unix_unnamed();
        let fds = vec![
            bound(Family::INET, Kind::STREAM, &loopback),
            bound(Family::UNIX, Kind::SEQPACKET, &unnamed),
            std::fs::File::open("/dev/null").unwrap().into(),
            bound(Family::UNIX, Kind::STREAM, &unnamed),
            bound(Family::INET, Kind::DGRAM, &loopback),
            bound(Family::NETLINK, Kind::RAW, &Address::netlink(0, 0)),
        ];
        let variables =
            "LISTEN_PID=$$; LISTEN_FDS=6; export LISTEN_FDNAMES=web:bus:null:web:dns:events;";
        return activated(
            "sockets_of_any_family_are_taken_once_by_name",
            fds,
            variables,
        );
    }
    let activation = Activation::from_env().unwrap().unwrap();
    let names: Vec<_> = activation.names().collect();
    assert_eq!(names, ["web", "bus", "null", "web", "dns", "events"]);

    let bus = activation.take("bus").unwrap();
    assert_eq!((bus.family(), bus.kind()), (Family::UNIX, Kind::SEQPACKET));
    assert!(bus.as_listener().is_ok());
    let flags = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", bus.as_raw_fd())).unwrap();
    assert!(
        flags.contains("flags:\t02000002"),
        "not close-on-exec: {flags}"
    );
    assert_eq!(
        activation.take("bus").unwrap_err(),
        ActivationError::NoSuchName.into()
    );

    // Two of one name come in order; a second reading of the variables changes nothing.
    assert_eq!(activation.take("web").unwrap().family(), Family::INET);
    let again = Activation::from_env().unwrap().unwrap();
    assert_eq!(again.take("web").unwrap().family(), Family::UNIX);
    assert_eq!(again.take("web").unwrap_err().errno(), Errno::ENOENT);

    assert_eq!(
        activation.take("null").unwrap_err().errno(),
        Errno::ENOTSOCK
    );
    let null = activation.take_fd("null").unwrap();
    assert_eq!(std::fs::File::from(null).read(&mut [0; 1]).unwrap(), 0);

    let rest = activation.take_sockets().unwrap();
    let kinds: Vec<_> = rest
        .iter()
        .map(|(name, e)| (name.to_str().unwrap(), e.family()))
        .collect();
    assert_eq!(kinds, [("dns", Family::INET), ("events", Family::NETLINK)]);
    assert!(activation.take_sockets().unwrap().is_empty());

    // Dropping what was taken really closes it: no number of this process means it any more.
    let socket = |number: i32| std::fs::read_link(format!("/proc/self/fd/{number}"));
    let bus_is = socket(bus.as_raw_fd()).unwrap();
    assert!(bus_is.to_string_lossy().starts_with("socket:["));
    drop(bus);
    assert!((0..200).all(|number| socket(number).ok().as_ref() != Some(&bus_is)));
}

#[test]
fn a_target_names_an_activated_socket() {
    if !is_child() {
        let fds = vec![bound(Family::UNIX, Kind::STREAM, &Address::unix_unnamed())];
        let variables = "LISTEN_PID=$$; LISTEN_FDS=1; export LISTEN_FDNAMES=web;";
        return activated("a_target_names_an_activated_socket", fds, variables);
    }
    let listener = rsocket::listen("activation:web").unwrap();
    assert!(listener.as_listener().is_ok());
    let error = rsocket::listen("activation:web").unwrap_err();
    assert_eq!(error, ActivationError::NoSuchName.into());
}

#[test]
fn variables_for_another_process_are_not_read() {
    if !is_child() {
        let fds = vec![bound(Family::UNIX, Kind::STREAM, &Address::unix_unnamed())];
        let variables = "LISTEN_PID=1; LISTEN_FDS=1;";
        return activated("variables_for_another_process_are_not_read", fds, variables);
    }
    assert!(Activation::from_env().unwrap().is_none());
    let error = rsocket::listen("activation:unknown").unwrap_err();
    assert_eq!(error.errno(), Errno::ENOENT);
}

#[test]
fn a_count_beyond_what_is_open_gives_what_is_there() {
    if !is_child() {
        let fds = vec![bound(Family::UNIX, Kind::DGRAM, &Address::unix_unnamed())];
        let variables = "LISTEN_PID=$$; LISTEN_FDS=2;";
        return activated(
            "a_count_beyond_what_is_open_gives_what_is_there",
            fds,
            variables,
        );
    }
    let activation = Activation::from_env().unwrap().unwrap();
    assert_eq!(activation.names().len(), 2);
    assert_eq!(activation.take("unknown").unwrap().kind(), Kind::DGRAM);
    let error = activation.take("unknown").unwrap_err();
    assert_eq!(error, Error::Activation(ActivationError::NoSuchName));
}
