//! A Unix path that cannot be bound, locked or removed says why and stays as it was; what was bound
//! says where it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/privileges.rs"]
mod privileges;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use privileges::without_capabilities;
use rsocket::{Address, Endpoint, Errno, Error, Family, Kind, Op, Protocol, Target, UnixBind};

/// A directory of the test's own, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rsocket-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn mode(&self, mode: u32) {
        fs::set_permissions(&self.0, Permissions::from_mode(mode)).unwrap();
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.mode(0o700);
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn os(op: Op, errno: Errno) -> Error {
    Error::Os { op, errno }
}

#[test]
fn what_was_bound_says_where_it_is() {
    let directory = Directory::new("where");
    let path = directory.0.join("app.sock");
    let server = UnixBind::new(&path).backlog(0).bind().unwrap();
    assert_eq!(server.path(), path);
    let (endpoint, unix_path) = server.into_parts();
    assert_eq!(endpoint.local_address(), Address::unix(&path));
    let text = format!("UnixPath {{ path: {path:?}, unlink: true, locked: true, .. }}");
    assert_eq!(format!("{unix_path:?}"), text);

    // The backlog that was asked for: one connection waits, the next finds no room.
    let client = || {
        let client = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    };
    let (first, second) = (client(), client());
    first.connect(&Address::unix(&path).unwrap()).unwrap();
    let error = second.connect(&Address::unix(&path).unwrap()).unwrap_err();
    assert!(error.is_would_block());
}

#[test]
fn a_path_that_ends_in_a_directory() {
    for path in ["/", "/tmp/", "/tmp/.", "..", "."] {
        let error = UnixBind::new(path).bind().unwrap_err();
        assert_eq!(error, os(Op::Bind, Errno::EADDRINUSE), "{path}");
        assert!(Path::new(path).is_dir());
    }
}

#[test]
fn a_directory_that_may_not_be_written_to() {
    let directory = Directory::new("read-only");
    let path = directory.0.join("app.sock");
    directory.mode(0o500);
    without_capabilities(|| {
        // The lock is the first file that is made, the socket the next.
        let error = UnixBind::new(&path).bind().unwrap_err();
        assert_eq!(error, os(Op::Open, Errno::EACCES));
        let error = UnixBind::new(&path).reclaim(false).bind().unwrap_err();
        assert_eq!(error, os(Op::Bind, Errno::EACCES));
    });
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 0);
}

#[test]
fn a_dead_socket_that_may_not_be_removed() {
    let directory = Directory::new("dead");
    let path = directory.0.join("app.sock");
    drop(UnixListener::bind(&path).unwrap());
    // The lock file is there already and may be opened; no name may be removed.
    fs::write(directory.0.join("app.sock.lock"), b"").unwrap();
    directory.mode(0o500);
    let error = without_capabilities(|| UnixBind::new(&path).bind().unwrap_err());
    assert_eq!(error, os(Op::Unlink, Errno::EACCES));
    assert!(path.exists());
    directory.mode(0o700);
    assert!(UnixBind::new(&path).bind().is_ok());
}

#[test]
fn a_removal_that_is_refused_is_told() {
    let directory = Directory::new("removal");
    let path = directory.0.join("app.sock");
    for (mode, op) in [(0o500, Op::Unlink), (0o000, Op::Stat)] {
        let (_endpoint, unix_path) = UnixBind::new(&path).bind().unwrap().into_parts();
        directory.mode(mode);
        let error = without_capabilities(|| unix_path.remove().unwrap_err());
        assert_eq!(error, os(op, Errno::EACCES));
        directory.mode(0o700);
        assert!(path.exists());
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_target_that_is_no_unix_path() {
    for text in ["tcp://127.0.0.1:1", "unix-abstract:x", "fd:3"] {
        let target = Target::parse(text).unwrap();
        assert!(UnixBind::at(&target).is_err(), "{text}");
    }
}
