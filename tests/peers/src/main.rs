//! Runs each scenario on another socket crate and on rsocket, every side in a process of its own,
//! and prints what came of it. Fails where rsocket shows a defect or a side does not run.
#![cfg_attr(std_ancillary, feature(unix_socket_ancillary_data))]

mod cases;
mod scene;
#[path = "../../../rust-core/tests/support/signals.rs"]
mod signals;
mod table;

use std::env;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Stdio};

use cases::{Case, Launch, Side};

/// What one side of a scenario came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Kept(String),
    Broken(String),
    Skipped(String),
    /// The side itself failed: nothing was compared.
    Failed(String),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table::run(cases::ALL.iter()),
        ["--side", name, side] => play(name, side),
        [name] if cases::ALL.iter().any(|case| case.name == name) => {
            table::run(cases::ALL.iter().filter(|case| case.name == name))
        }
        _ => {
            eprintln!("usage: rsocket-peers [NAME]");
            for case in cases::ALL {
                eprintln!("  {}", case.name);
            }
            ExitCode::from(2)
        }
    }
}

/// One side of one case, in a process made for it.
fn play(name: &str, side: &str) -> ExitCode {
    let Some(case) = cases::ALL.iter().find(|case| case.name == name) else {
        return ExitCode::from(2);
    };
    let side = if side == "peer" {
        Side::Peer
    } else {
        Side::Ours
    };
    match (case.run)(side) {
        Outcome::Kept(what) => println!("kept: {what}"),
        Outcome::Broken(what) => println!("broken: {what}"),
        Outcome::Skipped(why) => println!("skipped: {why}"),
        Outcome::Failed(why) => println!("failed: {why}"),
    }
    ExitCode::SUCCESS
}

/// Runs a side in its own process: descriptors are counted there, and it may be killed.
fn outcome(case: &Case, side: Side) -> Outcome {
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    // A socket whose other end belongs to this process, for what asks who the peer is.
    let (_ours, theirs) = UnixStream::pair().expect("socketpair(2)");
    let mut command = match case.launch {
        Launch::Plain => Command::new(&program),
        Launch::PidNamespace => {
            let mut command = Command::new("unshare");
            command
                .args(["--pid", "--fork", "--user", "--map-root-user"])
                .arg(&program);
            command
        }
    };
    let side = if side == Side::Peer { "peer" } else { "ours" };
    command
        .args(["--side", case.name, side])
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    let output = match command.env_remove("RUST_BACKTRACE").output() {
        Ok(output) => output,
        Err(error) => return Outcome::Skipped(format!("{:?}: {error}", command.get_program())),
    };
    if let Some(signal) = output.status.signal() {
        let name = if signal == libc::SIGPIPE {
            " (SIGPIPE)"
        } else {
            ""
        };
        return Outcome::Broken(format!("process killed by signal {signal}{name}"));
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    if case.launch == Launch::PidNamespace && errors.contains("unshare failed") {
        return Outcome::Skipped("PID namespaces are not permitted".into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().split_once(": ") {
        Some(("kept", what)) => Outcome::Kept(what.into()),
        Some(("broken", what)) => Outcome::Broken(what.into()),
        Some(("skipped", why)) => Outcome::Skipped(why.into()),
        Some(("failed", why)) => Outcome::Failed(why.into()),
        _ => Outcome::Failed(format!("{}: {}", output.status, errors.trim())),
    }
}
