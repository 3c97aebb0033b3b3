//! Every example is started as a reader would start it, and does what it says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rsocket::{Endpoint, Kind};

#[path = "support/netns.rs"]
mod netns;

/// The program of an example. `cargo test` builds them; `cargo test --test examples_run` alone does
/// not.
fn example(name: &str) -> Command {
    let here = std::env::current_exe().unwrap();
    let program = here.parent().unwrap().with_file_name("examples").join(name);
    assert!(
        program.exists(),
        "{program:?} is missing: run `cargo build --examples` first"
    );
    Command::new(program)
}

fn run(name: &str, arguments: &[&str]) -> Output {
    example(name).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A program that serves until it is dropped, and its output line by line.
struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Server { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("rsocket-ex-{name}-{}", std::process::id()));
    fs::create_dir(&path).unwrap();
    path
}

#[test]
fn without_arguments_each_says_how_it_is_used() {
    let examples = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/rust")).unwrap();
    let mut count = 0;
    for entry in examples {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap();
        if source.contains("tokio::main") && !cfg!(feature = "tokio") {
            continue;
        }
        let output = run(name, &[]);
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.starts_with(&format!("usage: {name} ")),
            "{name}: {text}"
        );
        count += 1;
    }
    assert!(count >= 7, "{count}");
}

#[test]
fn unix_service_hands_out_files_and_refuses_the_rest() {
    let directory = directory("service");
    let socket = directory.join("service.sock");
    let socket = socket.to_str().unwrap();
    fs::write(directory.join("note"), "in the file\n").unwrap();
    // A dead server's file is in the way.
    drop(std::os::unix::net::UnixListener::bind(socket).unwrap());
    let mut server =
        Server::start(example("unix_service").args(["serve", socket, directory.to_str().unwrap()]));
    assert!(server.line().starts_with("serving "));
    assert_eq!(
        stdout(&run("unix_service", &["cat", socket, "note"])),
        "in the file\n"
    );
    let asked = server.line();
    assert!(
        asked.starts_with("user ") && asked.ends_with(" asks for note"),
        "{asked}"
    );
    for name in ["missing", "../note", "/etc/passwd", &"x".repeat(300)] {
        let output = run("unix_service", &["cat", socket, name]);
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{name}: {output:?}"
        );
    }
    drop(server);
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn privileged_helper_gives_what_is_on_its_list() {
    let output = stdout(&run("privileged_helper", &["0"]));
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), 3, "{output}");
    assert!(
        lines[0].starts_with("worker: listening at 127.0.0.1:"),
        "{output}"
    );
    assert!(lines[1].starts_with("worker: secret has "), "{output}");
    assert_eq!(lines[2], "worker: shadow: not on the list");
}

#[test]
fn activated_server_echoes_on_a_target_and_on_inherited_sockets() {
    let mut server = Server::start(example("activated_server").arg("tcp://127.0.0.1:0"));
    let line = server.line();
    let (target, address) = line.rsplit_once(' ').unwrap();
    assert_eq!(target, "tcp://127.0.0.1:0:");
    echoes(&rsocket::connect(&format!("tcp://{address}")).unwrap());
    drop(server);

    let name = format!("rsocket-activated-{}", std::process::id());
    let listener = rsocket::listen(&format!("unix-abstract-seqpacket:{name}")).unwrap();
    let mut command = Command::new("sh");
    // Number 3 is the one that the manager hands over; standard input carries it here.
    command.args([
        "-c",
        "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" 3<&0 </dev/null",
    ]);
    command.arg(example("activated_server").get_program());
    command.env("LISTEN_FDNAMES", "echo");
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
    let mut server = Server::start(&mut command);
    assert_eq!(server.line(), format!("echo: unix-abstract:{name}"));
    let client = rsocket::connect(&format!("unix-abstract-seqpacket:{name}")).unwrap();
    assert_eq!(client.kind(), Kind::SEQPACKET);
    echoes(&client);
}

fn echoes(client: &Endpoint) {
    client.send_all(b"hello").unwrap();
    let mut buf = [0; 16];
    let len = client.recv(&mut buf).unwrap().len;
    assert_eq!(&buf[..len], b"hello");
}

#[test]
fn happy_eyeballs_connects_or_says_why_not() {
    let listener = rsocket::listen("tcp://127.0.0.1:0").unwrap();
    let address = listener.local_address().unwrap();
    let port = address.port().unwrap().to_string();
    let output = stdout(&run("happy_eyeballs", &["localhost", &port]));
    assert!(
        output.contains(&format!("connected to {address}")),
        "{output}"
    );
    drop(listener);
    let output = run("happy_eyeballs", &["127.0.0.1", &port]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(
        text.contains(&format!("{address}: connect: Connection refused")),
        "{text}"
    );
}

#[test]
fn netlink_list_lists_all_four() {
    let links = stdout(&run("netlink_list", &["links"]));
    assert!(
        links.lines().any(|line| line.starts_with("1: lo ")),
        "{links}"
    );
    let addresses = stdout(&run("netlink_list", &["addresses"]));
    assert!(addresses.contains("lo 127.0.0.1/8 "), "{addresses}");
    let routes = stdout(&run("netlink_list", &["routes"]));
    assert!(routes.contains("dev lo"), "{routes}");
    run("netlink_list", &["neighbours"]);
}

#[test]
fn netlink_monitor_sees_a_link_come() {
    netns::in_network_namespace(|| {
        let mut monitor = Server::start(example("netlink_monitor").arg("1"));
        assert_eq!(monitor.line(), "watching; links now: lo");
        if netns::add_links(1).is_none() {
            return;
        }
        let line = monitor.line();
        assert!(line.starts_with("link: interface "), "{line}");
    });
}

#[test]
fn unix_sockets_shows_a_listener() {
    let name = format!("rsocket-listed-{}", std::process::id());
    let listener = rsocket::listen(&format!("unix-abstract:{name}")).unwrap();
    let all = run("unix_sockets", &["all"]);
    if !all.status.success() {
        eprintln!("skipped: no sock_diag here: {all:?}");
        return;
    }
    let line = |output: &Output| {
        let text = stdout(output);
        text.lines()
            .find(|line| line.ends_with(&format!(" @{name}")))
            .map(str::to_string)
    };
    assert!(line(&all).unwrap().starts_with("SOCK_STREAM "));
    assert!(line(&run("unix_sockets", &["listeners"])).is_some());
    drop(listener);
}
