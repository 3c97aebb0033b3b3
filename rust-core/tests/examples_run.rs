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
    assert!(count >= 10, "{count}");
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

#[test]
fn generic_family_finds_the_controller() {
    let output = stdout(&run("generic_family", &["nlctrl"]));
    assert!(
        output.starts_with("nlctrl: type 16, version 2\n  group notify = "),
        "{output}"
    );
    let all = stdout(&run("generic_family", &["--all"]));
    assert!(all.contains(&output), "{all}");
    let missing = run("generic_family", &["no-such-family"]);
    let text = String::from_utf8(missing.stderr).unwrap();
    assert!(!missing.status.success());
    assert!(text.contains("no-such-family"), "{text}");
}

#[test]
fn udp_receiver_counts_what_was_sent() {
    let mut receiver = Server::start(example("udp_receiver").args(["127.0.0.1:0", "300"]));
    let line = receiver.line();
    let address = line.strip_prefix("receiving at ").unwrap();
    let sender = rsocket::connect(&format!("udp://{address}")).unwrap();
    // A train, where the kernel can, and single datagrams, of which the last is empty.
    let train = vec![7; 10 * 100];
    let mut batch = rsocket::SendBatch::new(64).unwrap();
    let mut messages = batch.messages();
    messages.push_segments(&train, 100, None).unwrap();
    sender.send_batch_all(&mut messages).unwrap();
    for _ in 0..289 {
        sender.send(b"single").unwrap();
    }
    sender.send(b"").unwrap();
    let from = sender.local_address().unwrap();
    let (mut datagrams, mut bytes) = (0, 0);
    while datagrams < 300 {
        let line = receiver.line();
        let rest = line.strip_prefix(&format!("{from}: ")).expect(&line);
        let numbers: Vec<u64> = rest
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        datagrams += numbers[0];
        bytes += numbers[1];
    }
    assert_eq!((datagrams, bytes), (300, 1000 + 289 * 6));
    assert_eq!(receiver.line(), "300 datagrams in all");
}

#[test]
fn memfd_handover_gives_the_whole_message_and_only_a_sealed_one() {
    let directory = directory("memfd");
    let path = directory.join("message");
    let message: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    fs::write(&path, &message).unwrap();
    let output = run("memfd_handover", &["send", path.to_str().unwrap()]);
    assert!(output.status.success(), "{:?}", output.stderr);
    assert!(output.stdout == message);

    // A sender that keeps the right to change it.
    let (sender, receiver) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let file = fs::File::open(&path).unwrap();
    let mut command = example("memfd_handover");
    command.arg("receive");
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(receiver)));
    sender
        .send_fds(
            &3_000_000u64.to_ne_bytes(),
            &[std::os::fd::AsFd::as_fd(&file)],
        )
        .unwrap();
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    fs::remove_dir_all(directory).unwrap();
}

#[cfg(feature = "tokio")]
#[test]
fn unix_service_tokio_serves_its_group_and_ends_in_order() {
    let directory = directory("tokio");
    let socket = directory.join("service.sock");
    let socket = socket.to_str().unwrap();
    fs::write(directory.join("note"), "in the file\n").unwrap();
    let place = directory.to_str().unwrap();
    let mut server = Server::start(example("unix_service_tokio").args([socket, place]));
    assert!(server.line().starts_with("serving "));
    assert_eq!(
        stdout(&run("unix_service", &["cat", socket, "note"])),
        "in the file\n"
    );
    let asked = server.line();
    assert!(
        asked.starts_with("user ") && asked.ends_with(" (unix_service) asks for note"),
        "{asked}"
    );
    assert!(
        !run("unix_service", &["cat", socket, "../note"])
            .status
            .success()
    );
    server.line();

    // A client that stays is waited for, but not for ever.
    let client = rsocket::connect(&format!("unix-seqpacket:{socket}")).unwrap();
    client.send(b"note").unwrap();
    let _ = client.recv_fds::<1>(&mut [0; 8]).unwrap();
    server.line();
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&server.child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    assert_eq!(server.line(), "ended with clients left");
    assert!(server.child.wait().unwrap().success());
    assert!(!std::path::Path::new(socket).exists());
    drop(client);

    let nobody = (u32::MAX - 7).to_string();
    let mut server = Server::start(example("unix_service_tokio").args([socket, place, &nobody]));
    assert!(server.line().starts_with("serving "));
    let refused = run("unix_service", &["cat", socket, "note"]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("not for your groups"), "{text}");
    drop(server);
    fs::remove_dir_all(directory).unwrap();
}
