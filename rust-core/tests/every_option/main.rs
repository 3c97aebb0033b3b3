//! The promise: every option of the table is what the kernel has under that number. Each is set
//! and read back, or shows its effect, on a real socket that has it.
//!
//! What the kernel at hand lacks, or the user may not do, is skipped with the reason on the output.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod check;
mod ip;
mod ipv6;
mod link;
mod other;
mod socket;
mod table;
mod tcp;

use std::collections::BTreeSet;

use check::Checks;
use rsocket::option::{self, TABLE};
use rsocket::{Endpoint, Error, Family, Kind, Protocol};

#[test]
fn every_option_of_the_table_does_what_it_says() {
    let mut checks = Checks::default();
    socket::check(&mut checks);
    ip::check(&mut checks);
    ipv6::check(&mut checks);
    tcp::check(&mut checks);
    link::check(&mut checks);
    other::check(&mut checks);
    checks.finish();
}

#[test]
fn no_option_is_in_the_table_twice() {
    let names: BTreeSet<_> = TABLE.iter().map(|row| (row.level, row.name)).collect();
    let numbers: BTreeSet<_> = TABLE.iter().map(|row| (row.level, row.number)).collect();
    assert_eq!(names.len(), TABLE.len());
    assert_eq!(numbers.len(), TABLE.len());
}

#[test]
fn an_option_of_another_family_is_refused_before_the_kernel_sees_it() {
    let unix = Endpoint::new(Family::UNIX, Kind::STREAM, Protocol::DEFAULT).unwrap();
    let udp = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT).unwrap();
    assert_eq!(unix.get(option::TcpNoDelay), Err(Error::WrongFamily));
    assert_eq!(unix.set(option::IpTtl, 3), Err(Error::WrongFamily));
    assert_eq!(udp.set(option::Ipv6V6Only, true), Err(Error::WrongFamily));
    // The kernel itself would answer, with pid 0 and uid -1.
    assert_eq!(udp.get(option::PeerCred), Err(Error::WrongFamily));
    // The family fits, the type does not: that the kernel judges.
    assert!(matches!(
        udp.set(option::TcpNoDelay, true),
        Err(Error::Os { .. })
    ));
}
