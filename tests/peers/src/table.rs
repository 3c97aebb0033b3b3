//! The table that is printed, and the verdict.

use std::fs;
use std::process::ExitCode;

use crate::cases::{Case, Side};
use crate::{Outcome, outcome};

const LOCK: &str = include_str!("../Cargo.lock");
const WIDTHS: [usize; 4] = [38, 13, 46, 46];

/// The version that was built, as the lock file has it; std's is the compiler's.
fn version(peer: &str) -> &str {
    if peer == "std" {
        return env!("RUSTC_VERSION").split(' ').nth(1).unwrap_or("?");
    }
    let mut lines = LOCK
        .lines()
        .skip_while(|line| *line != format!("name = \"{peer}\""));
    let found = lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = "));
    found.map_or("?", |version| version.trim_matches('"'))
}

pub fn run<'a>(cases: impl Iterator<Item = &'a Case>) -> ExitCode {
    row([
        "scenario",
        "peer",
        "what the peer does",
        "what rsocket does",
    ]
    .map(str::to_owned));
    println!(
        "{}",
        "-".repeat(WIDTHS.iter().sum::<usize>() + 3 * WIDTHS.len())
    );
    let mut failures = Vec::new();
    let (mut shown, mut mended, mut skipped) = (0, 0, 0);
    for case in cases {
        let (peer, ours) = (outcome(case, Side::Peer), outcome(case, Side::Ours));
        let name = format!("{} {}", case.peer, version(case.peer));
        let peer_text = match &peer {
            Outcome::Broken(what) => {
                shown += 1;
                what.clone()
            }
            Outcome::Kept(what) => {
                mended += 1;
                format!("mended in this version: {what}")
            }
            Outcome::Skipped(why) => {
                skipped += 1;
                format!("skipped: {why}")
            }
            Outcome::Failed(why) => {
                failures.push(format!("{}: {} did not run: {why}", case.name, case.peer));
                format!("did not run: {why}")
            }
        };
        let our_text = match &ours {
            Outcome::Kept(what) => what.clone(),
            Outcome::Skipped(why) => format!("skipped: {why}"),
            Outcome::Broken(what) | Outcome::Failed(what) => {
                failures.push(format!("{}: rsocket: {what}", case.name));
                format!("FAILS: {what}")
            }
        };
        if !is_there(case.test) {
            failures.push(format!("{}: no test {}", case.name, case.test));
        }
        row([
            format!("{} ({})", case.scenario, case.name),
            name,
            peer_text,
            our_text,
        ]);
    }
    println!(
        "\n{shown} shown by the peer, {mended} mended in the peer's version, {skipped} skipped"
    );
    for failure in &failures {
        eprintln!("failed: {failure}");
    }
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether rsocket has the test of the promise that a case names.
fn is_there(test: &str) -> bool {
    let Some((file, function)) = test.split_once("::") else {
        return false;
    };
    let path = format!(
        "{}/../../rust-core/tests/{file}.rs",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("\nfn {function}(")))
}

/// Prints one row; a cell that is too long goes on below.
fn row(cells: [String; 4]) {
    let cells: Vec<Vec<String>> = cells
        .iter()
        .zip(WIDTHS)
        .map(|(cell, width)| wrapped(cell, width))
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        let parts: Vec<String> = cells
            .iter()
            .zip(WIDTHS)
            .map(|(cell, width)| format!("{:width$}", cell.get(line).map_or("", |text| text)))
            .collect();
        println!("{}", parts.join(" | ").trim_end());
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("never empty");
        if last.is_empty() {
            last.push_str(word);
        } else if last.len() + 1 + word.len() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
