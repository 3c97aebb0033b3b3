//! Binding a Unix path: over a dead server's file, never over anything else, with the mode that was
//! asked for, and removed at the end only while it is the same file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::thread;

use rsocket::{Address, Endpoint, Errno, Error, Family, Kind, Protocol, UnixBind};

const KINDS: [Kind; 3] = [Kind::STREAM, Kind::SEQPACKET, Kind::DGRAM];

/// A directory of the test's own, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rsocket-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn connects(path: &Path, kind: Kind) -> Result<(), Error> {
    let client = Endpoint::new(Family::UNIX, kind, Protocol::DEFAULT)?;
    client.connect(&Address::unix(path)?)
}

fn leave_dead_socket(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    until_dead(path);
    assert!(fs::symlink_metadata(path).unwrap().file_type().is_socket());
}

/// Another test's child has a copy of every descriptor between its fork and its exec.
fn until_dead(path: &Path) {
    let probe = UnixDatagram::unbound().unwrap();
    while probe.connect(path).unwrap_err().kind() != ErrorKind::ConnectionRefused {
        thread::yield_now();
    }
}

fn in_use(result: Result<rsocket::BoundUnix, Error>) {
    assert_eq!(result.unwrap_err().errno(), Errno::EADDRINUSE);
}

#[test]
fn every_kind_is_bound_used_and_removed() {
    let directory = Directory::new("kinds");
    for kind in KINDS {
        let path = directory.join("app.sock");
        let server = UnixBind::new(&path).kind(kind).bind().unwrap();
        assert_eq!(server.kind(), kind);
        connects(&path, kind).unwrap();
        assert_eq!(directory.names(), ["app.sock", "app.sock.lock"]);
        drop(server);
        assert_eq!(directory.names(), [""; 0]);
    }
}

#[test]
fn a_dead_servers_file_is_replaced() {
    let directory = Directory::new("dead");
    let path = directory.join("app.sock");
    for kind in KINDS {
        leave_dead_socket(&path);
        let dead = fs::symlink_metadata(&path).unwrap().ino();
        let keep_alive = File::open(&directory.0).unwrap();
        let server = UnixBind::new(&path).kind(kind).bind().unwrap();
        connects(&path, kind).unwrap();
        drop((server, keep_alive));
        assert!(!path.exists(), "{dead}");
    }
    // Told not to, it leaves the dead one alone.
    leave_dead_socket(&path);
    in_use(UnixBind::new(&path).reclaim(false).bind());
    assert!(path.exists());
}

/// A server of any kind is live from bind(2) on, before it listens as well, and does not see the
/// probe.
#[test]
fn a_live_server_is_kept_and_not_disturbed() {
    let directory = Directory::new("live");
    for live in KINDS {
        for listens in [false, true] {
            let path = directory.join("app.sock");
            let server = Endpoint::new(Family::UNIX, live, Protocol::DEFAULT).unwrap();
            server.bind(&Address::unix(&path).unwrap()).unwrap();
            if listens && live.is_connection_oriented() {
                server.listen(4).unwrap();
            }
            for kind in KINDS {
                in_use(UnixBind::new(&path).kind(kind).bind());
            }
            server.set_nonblocking(true).unwrap();
            if listens && live.is_connection_oriented() {
                let error = server.accept().unwrap_err();
                assert!(error.is_would_block(), "the probe connected: {error}");
                connects(&path, live).unwrap();
                server.accept().unwrap();
            } else if live == Kind::DGRAM {
                assert!(server.recv(&mut [0; 8]).unwrap_err().is_would_block());
            }
            assert_eq!(
                directory.names(),
                ["app.sock"],
                "the lock is not left behind"
            );
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn what_is_no_socket_is_kept() {
    let directory = Directory::new("others");
    let target = directory.join("target.sock");
    leave_dead_socket(&target);

    let file = directory.join("file");
    fs::write(&file, "precious").unwrap();
    let link = directory.join("link");
    symlink(&target, &link).unwrap();
    let dangling = directory.join("dangling");
    symlink(directory.join("nowhere"), &dangling).unwrap();
    let folder = directory.join("folder");
    fs::create_dir(&folder).unwrap();

    for path in [&file, &link, &dangling, &folder] {
        in_use(UnixBind::new(path).bind());
        assert!(fs::symlink_metadata(path).is_ok(), "{path:?} is gone");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert!(fs::symlink_metadata(&target).is_ok());
    assert!(!directory.join("nowhere").exists());
}

#[test]
fn a_lock_file_that_is_a_symbolic_link_is_not_followed() {
    let directory = Directory::new("lock-link");
    let path = directory.join("app.sock");
    let victim = directory.join("victim");
    symlink(&victim, directory.join("app.sock.lock")).unwrap();
    let error = UnixBind::new(&path).bind().unwrap_err();
    assert_eq!(error.errno(), Errno::ELOOP);
    assert!(!victim.exists() && !path.exists());
}

#[test]
fn of_many_binders_one_wins_every_time() {
    let directory = Directory::new("race");
    let path = directory.join("app.sock");
    for round in 0..60 {
        if round % 2 == 0 {
            leave_dead_socket(&path);
        }
        let barrier = Barrier::new(4);
        let servers: Vec<_> = thread::scope(|scope| {
            let binders: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        UnixBind::new(&path).bind()
                    })
                })
                .collect();
            binders
                .into_iter()
                .map(|binder| binder.join().unwrap())
                .collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = servers.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}");
        lost.into_iter().for_each(in_use);
        // The winner is the one that clients reach.
        connects(&path, Kind::STREAM).unwrap();
        won[0].as_ref().unwrap().accept().unwrap();
    }
}

/// The umask is the process's, so this runs in a process of its own.
#[test]
fn the_mode_is_exact_whatever_the_umask() {
    const CHILD: &str = "RSOCKET_TEST_UMASK_CHILD";
    if let Ok(path) = std::env::var(CHILD) {
        for mode in [0o600, 0o660, 0o666, 0o777, 0o000] {
            let server = UnixBind::new(&path).mode(mode).bind().unwrap();
            let found = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(found, mode, "{found:o} instead of {mode:o}");
            drop(server);
        }
        return;
    }
    let directory = Directory::new("mode");
    for umask in ["0000", "0022", "0077", "0777"] {
        let this = std::env::current_exe().unwrap();
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!(
                "umask {umask}; exec \"$0\" the_mode_is_exact_whatever_the_umask"
            ))
            .arg(this)
            .env(CHILD, directory.join("app.sock"))
            .status()
            .unwrap();
        assert!(status.success(), "umask {umask}");
    }
}

#[test]
fn a_strangers_socket_is_not_removed() {
    let directory = Directory::new("stranger");
    let path = directory.join("app.sock");
    let server = UnixBind::new(&path).bind().unwrap();
    fs::remove_file(&path).unwrap();
    let stranger = UnixListener::bind(&path).unwrap();
    drop(server);
    assert!(path.exists(), "somebody else's socket was removed");
    connects(&path, Kind::STREAM).unwrap();
    stranger.accept().unwrap();
}

/// Not even where the kernel gives the stranger the inode number that was ours.
#[test]
fn an_inode_number_is_not_taken_for_another() {
    let directory = Directory::new("inode");
    let path = directory.join("app.sock");
    let (endpoint, unix_path) = UnixBind::new(&path).bind().unwrap().into_parts();
    drop(endpoint);
    fs::remove_file(&path).unwrap();
    let strangers: Vec<_> = (0..64)
        .map(|number| UnixDatagram::bind(directory.join(&format!("{number}"))).unwrap())
        .collect();
    let stranger = UnixDatagram::bind(&path).unwrap();
    drop(unix_path);
    assert!(path.exists());
    drop((stranger, strangers));
}

#[test]
fn the_path_means_the_same_file_after_a_rename_and_a_change_of_directory() {
    let directory = Directory::new("rename");
    let inside = directory.join("inside");
    fs::create_dir(&inside).unwrap();
    let server = UnixBind::new(inside.join("app.sock")).bind().unwrap();
    let moved = directory.join("moved");
    fs::rename(&inside, &moved).unwrap();
    assert!(moved.join("app.sock").exists());
    drop(server);
    assert!(!moved.join("app.sock").exists());
    assert!(!moved.join("app.sock.lock").exists());
}

#[test]
fn the_file_can_be_kept_or_removed_by_hand() {
    let directory = Directory::new("keep");
    let path = directory.join("app.sock");
    let endpoint = UnixBind::new(&path).bind().unwrap().into_endpoint();
    assert_eq!(directory.names(), ["app.sock"]);
    // Live, though nobody holds the lock any more.
    in_use(UnixBind::new(&path).bind());
    drop(endpoint);
    until_dead(&path);
    let (endpoint, unix_path) = UnixBind::new(&path).bind().unwrap().into_parts();
    unix_path.remove().unwrap();
    assert_eq!(directory.names(), [""; 0]);
    drop(endpoint);

    let server = UnixBind::new(&path).unlink_on_drop(false).bind().unwrap();
    drop(server);
    assert_eq!(directory.names(), ["app.sock"]);
}

#[test]
fn a_killed_servers_place_is_taken_over() {
    const CHILD: &str = "RSOCKET_TEST_KILLED_CHILD";
    if let Ok(path) = std::env::var(CHILD) {
        let server = UnixBind::new(&path).bind().unwrap();
        let _never = server.accept();
        return;
    }
    let directory = Directory::new("killed");
    let path = directory.join("app.sock");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("a_killed_servers_place_is_taken_over")
        .env(CHILD, &path)
        .spawn()
        .unwrap();
    while !path.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the child ended early");
        thread::yield_now();
    }
    in_use(UnixBind::new(&path).bind());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(directory.names(), ["app.sock", "app.sock.lock"]);
    let server = UnixBind::new(&path).bind().unwrap();
    drop(server);
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn errors_leave_nothing_behind() {
    let directory = Directory::new("errors");
    let cases: [(PathBuf, Errno); 6] = [
        (PathBuf::new(), Errno::EINVAL),
        (directory.join("missing/app.sock"), Errno::ENOENT),
        (directory.join(&"x".repeat(120)), Errno::ENAMETOOLONG),
        (directory.join("nul\0nul"), Errno::EINVAL),
        (directory.join("trailing/"), Errno::EADDRINUSE),
        (directory.join(".."), Errno::EADDRINUSE),
    ];
    for (path, errno) in cases {
        let error = UnixBind::new(&path).bind().unwrap_err();
        assert_eq!(error.errno(), errno, "{path:?}: {error}");
    }
    let path = directory.join("app.sock");
    let error = UnixBind::new(&path).kind(Kind::RDM).bind().unwrap_err();
    assert_eq!(error.errno(), Errno::ESOCKTNOSUPPORT);
    let tcp = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    let error = UnixBind::new(&path).bind_endpoint(&tcp).unwrap_err();
    assert_eq!(error, Error::WrongFamily);
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn a_relative_path_is_one_of_the_working_directory() {
    let name = format!("rsocket-relative-{}.sock", std::process::id());
    let server = UnixBind::new(&name).bind().unwrap();
    assert_eq!(
        server.local_address().unwrap(),
        Address::unix(&name).unwrap()
    );
    connects(Path::new(&name), Kind::STREAM).unwrap();
    drop(server);
    assert!(!Path::new(&name).exists());
}

/// Text says the same as the builder, in every language; what a bare socket cannot keep is refused.
#[test]
fn a_targets_text_reclaims_and_sets_the_mode() {
    let directory = Directory::new("text");
    let path = directory.join("app.sock");
    let text = format!("unix-seqpacket:{}", path.display());
    leave_dead_socket(&path);
    assert_eq!(
        rsocket::listen(&text).unwrap_err().errno(),
        Errno::EADDRINUSE
    );
    let server = rsocket::listen(&format!("{text}?reuse=1&mode=0640")).unwrap();
    let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    let error = rsocket::listen(&format!("{text}?reuse=1")).unwrap_err();
    assert_eq!(error.errno(), Errno::EADDRINUSE);
    rsocket::connect(&text).unwrap();
    drop(server);
    assert_eq!(directory.names(), ["app.sock"]);

    let unlinking = format!("{text}?reuse=1&unlink=1");
    let error = rsocket::listen(&unlinking).unwrap_err();
    assert_eq!(error.errno(), Errno::EOPNOTSUPP);
    let target = rsocket::Target::parse(&unlinking).unwrap();
    let server = UnixBind::at(&target).unwrap().bind().unwrap();
    assert_eq!(server.kind(), Kind::SEQPACKET);
    drop(server);
    assert_eq!(directory.names(), [""; 0]);
    let target = rsocket::Target::parse("tcp://127.0.0.1:0").unwrap();
    assert_eq!(UnixBind::at(&target).unwrap_err(), Error::WrongFamily);
}
