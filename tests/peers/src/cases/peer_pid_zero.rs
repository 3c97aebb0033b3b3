//! A peer that has no number in this PID namespace: the kernel says 0 (SO_PEERCRED).

use std::os::fd::AsFd;

use rsocket::Endpoint;

use super::{Case, Launch, Side};
use crate::Outcome;

pub const CASE: Case = Case {
    name: "peer_pid_zero",
    scenario: "credentials of a peer outside this PID namespace",
    peer: "rustix",
    test: "peer_identity::a_peer_in_a_foreign_pid_namespace_has_pid_zero",
    launch: Launch::PidNamespace,
    run,
};

fn run(side: Side) -> Outcome {
    if std::process::id() != 1 {
        return Outcome::Failed("not in a PID namespace of its own".into());
    }
    let stdin = std::io::stdin();
    match side {
        Side::Peer => match rustix::net::sockopt::socket_peercred(stdin.as_fd()) {
            Ok(credentials) => Outcome::Kept(format!("{credentials:?}")),
            Err(error) => Outcome::Broken(format!(
                "socket_peercred() fails with code {}, \"{error}\"",
                error.raw_os_error()
            )),
        },
        Side::Ours => {
            let endpoint = Endpoint::try_from(stdin.as_fd().try_clone_to_owned().unwrap());
            match endpoint.and_then(|endpoint| endpoint.peer_credentials()) {
                Ok(credentials) if credentials.pid == 0 => {
                    Outcome::Kept("credentials, with the kernel's 0 as the pid".into())
                }
                other => Outcome::Broken(format!("{other:?}")),
            }
        }
    }
}
