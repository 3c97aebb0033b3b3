//! Who the peer is comes from the kernel: credentials, pidfd, groups and label, refused where they
//! mean nothing, and plain numbers where the peer is out of sight.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rsocket::{Address, Endpoint, Errno, Error, Family, Kind, Protocol, option};

fn unix(kind: Kind) -> Endpoint {
    Endpoint::new(Family::UNIX, kind, Protocol::DEFAULT).unwrap()
}

/// The process id that a pidfd means, by proc(5); -1 once it has been reaped.
fn pid_of(pidfd: &OwnedFd) -> i32 {
    let info = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let info = fs::read_to_string(info).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("Pid:"));
    line.expect("a pidfd").trim().parse().unwrap()
}

fn is_close_on_exec(fd: &OwnedFd) -> bool {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = i64::from_str_radix(flags.unwrap().trim(), 8).unwrap();
    flags & 0o2000000 != 0
}

/// The pidfd of the peer, or `None` where the kernel is older than Linux 6.5.
fn peer_pidfd(endpoint: &Endpoint) -> Option<OwnedFd> {
    match endpoint.peer_pidfd() {
        Ok(pidfd) => Some(pidfd),
        Err(error) if error.errno() == Errno::ENOPROTOOPT => {
            eprintln!("skipped: SO_PEERPIDFD needs Linux 6.5");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_pair_is_its_makers() {
    for kind in [Kind::STREAM, Kind::SEQPACKET] {
        let (left, right) = Endpoint::pair(kind).unwrap();
        for end in [&left, &right] {
            let credentials = end.peer_credentials().unwrap();
            assert_eq!(credentials.pid, std::process::id() as i32);
            let status = fs::read_to_string("/proc/self/status").unwrap();
            let field = |name| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                let line: &str = line.unwrap();
                line.split_whitespace()
                    .map(|id| id.parse().unwrap())
                    .collect::<Vec<u32>>()
            };
            assert_eq!(credentials.uid, field("Uid:")[1]);
            assert_eq!(credentials.gid, field("Gid:")[1]);
            assert_eq!(end.peer_groups().unwrap(), field("Groups:"));
            if let Some(pidfd) = peer_pidfd(end) {
                assert_eq!(pid_of(&pidfd), credentials.pid);
                assert!(is_close_on_exec(&pidfd));
            }
        }
    }
}

#[test]
fn a_peer_process_is_named_and_its_pidfd_outlives_it() {
    let listener = unix(Kind::STREAM);
    listener.bind(&Address::unix_unnamed()).unwrap();
    listener.listen(1).unwrap();

    let client = unix(Kind::STREAM);
    client.connect(&listener.local_address().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    // The connecting process is this one, and so is the one that listens.
    for end in [&server, &client] {
        assert_eq!(
            end.peer_credentials().unwrap().pid,
            std::process::id() as i32
        );
    }

    const CHILD: &str = "RSOCKET_TEST_PEER_CHILD";
    if let Ok(name) = std::env::var(CHILD) {
        let client = unix(Kind::SEQPACKET);
        client
            .connect(&Address::unix_abstract(name).unwrap())
            .unwrap();
        let _end = client.recv(&mut [0; 1]);
        return;
    }
    let name = format!("rsocket-peer-{}", std::process::id());
    let listener = unix(Kind::SEQPACKET);
    listener
        .bind(&Address::unix_abstract(&name).unwrap())
        .unwrap();
    listener.listen(1).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("a_peer_process_is_named_and_its_pidfd_outlives_it")
        .env(CHILD, &name)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (server, _) = listener.accept().unwrap();
    let pid = child.id() as i32;
    assert_eq!(server.peer_credentials().unwrap().pid, pid);
    let pidfd = peer_pidfd(&server);
    drop(server);
    child.wait().unwrap();
    if let Some(pidfd) = pidfd {
        assert_eq!(
            pid_of(&pidfd),
            -1,
            "the process is gone, and its number may be another's"
        );
    }
}

#[test]
fn outside_the_unix_domain_there_is_no_peer_to_name() {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap();
    client.connect(&listener.local_address().unwrap()).unwrap();
    assert_eq!(client.peer_credentials().unwrap_err(), Error::WrongFamily);
    assert_eq!(client.peer_pidfd().unwrap_err(), Error::WrongFamily);
    assert_eq!(client.peer_groups().unwrap_err(), Error::WrongFamily);
    assert_eq!(client.peer_security().unwrap_err(), Error::WrongFamily);

    // For a descriptor alone the kernel is asked, and whatever it says of a stranger is refused.
    let fd = client.as_fd();
    assert!(rsocket::fd::peer_credentials(fd).is_err());
    assert!(rsocket::fd::peer_pidfd(fd).is_err());
    assert!(rsocket::fd::peer_groups(fd).is_err());
}

#[test]
fn without_a_peer_there_is_nobody_to_name() {
    let lonely = unix(Kind::STREAM);
    assert_eq!(
        lonely.peer_credentials().unwrap_err().errno(),
        Errno::ENOTCONN
    );
    assert_eq!(lonely.peer_groups().unwrap_err().errno(), Errno::ENODATA);
    for error in [
        lonely.peer_pidfd().unwrap_err(),
        lonely.get(option::PeerPidFd).unwrap_err(),
    ] {
        let errno = error.errno();
        assert!(
            matches!(errno, Errno::ENODATA | Errno::ESRCH | Errno::ENOPROTOOPT),
            "{errno:?}"
        );
    }
}

#[test]
fn a_label_is_a_label_or_a_clear_error() {
    let (left, _right) = Endpoint::pair(Kind::STREAM).unwrap();
    match left.peer_security() {
        Ok(label) => assert!(!label.is_empty() && !label.contains(&0)),
        Err(error) => assert_eq!(
            error.errno(),
            Errno::ENOPROTOOPT,
            "no security module labels"
        ),
    }
}

/// A peer with more groups than fit the first guess at their number.
#[test]
fn many_groups_are_all_there() {
    let name = format!("rsocket-groups-{}", std::process::id());
    const CHILD: &str = "RSOCKET_TEST_GROUPS_CHILD";
    if let Ok(name) = std::env::var(CHILD) {
        let client = unix(Kind::STREAM);
        client
            .connect(&Address::unix_abstract(name).unwrap())
            .unwrap();
        let _end = client.recv(&mut [0; 1]);
        return;
    }
    let listener = unix(Kind::STREAM);
    listener
        .bind(&Address::unix_abstract(&name).unwrap())
        .unwrap();
    listener.listen(1).unwrap();
    let groups: Vec<u32> = (1000..1400).collect();
    let list: Vec<_> = groups.iter().map(u32::to_string).collect();
    let child = Command::new("setpriv")
        .arg(format!("--groups={}", list.join(",")))
        .arg(std::env::current_exe().unwrap())
        .arg("many_groups_are_all_there")
        .env(CHILD, &name)
        .stdout(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: no setpriv here");
        return;
    };
    let soon = rsocket::Deadline::after(std::time::Duration::from_secs(10));
    match listener.accept_with(soon) {
        Ok((server, _)) => {
            assert_eq!(server.peer_groups().unwrap(), groups);
            assert_eq!(server.get(option::PeerGroups).unwrap(), groups);
        }
        Err(Error::TimedOut) if !child.wait().unwrap().success() => {
            eprintln!("skipped: setgroups(2) is not permitted");
            return;
        }
        Err(error) => panic!("{error}"),
    }
    child.wait().unwrap();
}

/// Seen from a PID namespace of its own, a process outside has no number: the kernel says 0, and a
/// type that rules 0 out would turn that into nonsense.
#[test]
fn a_peer_in_a_foreign_pid_namespace_has_pid_zero() {
    const CHILD: &str = "RSOCKET_TEST_NAMESPACE_CHILD";
    if std::env::var(CHILD).is_ok() {
        let client = Endpoint::try_from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
        let credentials = client.unwrap().peer_credentials().unwrap();
        assert_eq!(std::process::id(), 1, "not in a namespace of its own");
        assert_eq!(credentials.pid, 0);
        std::process::exit(42);
    }
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    let output = Command::new("unshare")
        .args(["--pid", "--fork", "--user", "--map-root-user"])
        .arg(std::env::current_exe().unwrap())
        .arg("a_peer_in_a_foreign_pid_namespace_has_pid_zero")
        .env(CHILD, "1")
        .stdin(Stdio::from(OwnedFd::from(right)))
        .arg0("unshare")
        .output();
    drop(left);
    match output {
        Ok(output) if output.status.code() == Some(42) => {}
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("unshare failed") => {
            eprintln!("skipped: PID namespaces are not permitted");
        }
        Ok(output) => panic!("{output:?}"),
        Err(error) => eprintln!("skipped: no unshare here: {error}"),
    }
}
