//! Instructions and allocations per call of this library, beside hand-written libc and other crates.
//!
//! Without arguments it runs every case of every library under valgrind's cachegrind, twice: the
//! difference of 1200 and 200 iterations is the cost of 1000, without start and end. It prints the
//! table and fails where this library passes its limit. `rsocket-benches CASE…` runs those cases
//! alone; `--rows FILE` before them also writes the rows to a file; `rsocket-benches --run LIBRARY
//! CASE COUNT` is what valgrind runs. `rsocket-benches --clock [--quick]` measures time instead.

mod clock;
mod fixture;
mod hand;
mod ours;
mod report;
mod with_libc;
mod with_nix;
mod with_quinn;
mod with_rustix;
mod with_socket2;
mod with_std;

use std::process::ExitCode;

/// A case as one library plays it, so many times.
type Case = (&'static str, fn(u64));

/// Every library with its cases, in the order of the table's columns.
const LIBRARIES: &[(&str, &[Case])] = &[
    ("libc", with_libc::CASES),
    ("rsocket", ours::CASES),
    ("std", with_std::CASES),
    ("socket2", with_socket2::CASES),
    ("rustix", with_rustix::CASES),
    ("nix", with_nix::CASES),
    ("quinn-udp", with_quinn::CASES),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--run", library, case, count] => run(library, case, count),
        ["--clock", "--quick"] => clock::print(true, None),
        ["--clock"] => clock::print(false, None),
        ["--clock", "--quick", "--rows", file] => clock::print(true, Some(file)),
        ["--clock", "--rows", file] => clock::print(false, Some(file)),
        ["--rows", file, ref cases @ ..] => report::print(cases, Some(file)),
        ref cases => report::print(cases, None),
    }
}

fn run(library: &str, case: &str, count: &str) -> ExitCode {
    let play = LIBRARIES
        .iter()
        .filter(|(name, _)| *name == library)
        .flat_map(|(_, cases)| *cases)
        .find(|(name, _)| *name == case);
    match (play, count.parse()) {
        (Some((_, play)), Ok(count)) => {
            play(count);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("no such case: {library} {case} {count}");
            ExitCode::FAILURE
        }
    }
}
