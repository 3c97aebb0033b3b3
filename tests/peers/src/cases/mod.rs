//! The scenarios: one file per defect, with both sides of it.

mod cut_rights;
mod inheritable_fd;
mod interrupted_connect;
mod nul_in_path;
mod padding_fd;
mod partial_drain;
mod peer_pid_zero;
mod received_address;
mod reused_batch;
mod sigpipe;
mod unread_ancillary;
mod unread_pidfd;
mod unread_rights;

use crate::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Peer,
    Ours,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    Plain,
    /// In a PID namespace that the peer of standard input is not in.
    PidNamespace,
}

pub struct Case {
    pub name: &'static str,
    pub scenario: &'static str,
    /// The crate that is compared with, by its name in the registry.
    pub peer: &'static str,
    /// rsocket's own test of the promise: a file of rust-core/tests, and a function in it.
    pub test: &'static str,
    pub launch: Launch,
    pub run: fn(Side) -> Outcome,
}

pub const ALL: &[Case] = &[
    cut_rights::CASE,
    unread_rights::CASE,
    unread_ancillary::CASE,
    partial_drain::CASE,
    unread_pidfd::CASE,
    peer_pid_zero::CASE,
    padding_fd::CASE,
    inheritable_fd::CASE,
    reused_batch::CASE,
    received_address::CASE,
    sigpipe::CASE,
    interrupted_connect::CASE,
    nul_in_path::CASE,
];
