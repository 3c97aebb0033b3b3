//! Runs the cases under cachegrind, prints the table, and holds this library to its limits.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;

use crate::LIBRARIES;
use crate::fixture::BATCH;

/// How many instructions a call may take beyond hand-written libc.
enum Limit {
    Instructions(f64),
    /// As many as a peer takes.
    Peer(&'static str),
}

use Limit::{Instructions, Peer};

/// One case.
struct Row {
    case: &'static str,
    /// How many messages one round of it moves.
    messages: usize,
    limit: Limit,
    /// Where the limit is out of reach: what is held instead, and why.
    held: Option<(f64, &'static str)>,
}

const fn row(case: &'static str, limit: Limit) -> Row {
    Row {
        case,
        messages: 1,
        limit,
        held: None,
    }
}

impl Row {
    const fn of_batch(self) -> Row {
        Row {
            messages: BATCH,
            ..self
        }
    }

    const fn held(self, instructions: f64, because: &'static str) -> Row {
        Row {
            held: Some((instructions, because)),
            ..self
        }
    }
}

const REPEATED: &str = "the arguments are kept for the call that follows a signal (EINTR), which a plain call leaves out";
const CHECKED: &str = "the call is repeated after a signal, and the kernel's length checked, where \
                       std does neither";

const MOVED: &str = "an address by value is copied twice; recv_from_into makes no copy";

// What is reached, and two more where the compiler's choice of registers decides.
const ROWS: &[Row] = &[
    row("send", Instructions(3.0)).held(5.0, REPEATED),
    row("recv", Instructions(3.0)).held(4.0, REPEATED),
    row("send_to v4, ready", Instructions(6.0)).held(7.0, REPEATED),
    row("send_to v4", Peer("std")),
    row("send_to v6", Peer("std")).held(15.0, REPEATED),
    row("recv_from v4, native", Instructions(4.0)),
    row("recv_from v4, moved", Peer("rustix")).held(72.0, MOVED),
    row("recv_from v4", Peer("std")).held(10.0, CHECKED),
    row("recv_from v6", Peer("std")).held(8.0, CHECKED),
    row("send fd", Instructions(6.0)),
    row("recv fd", Instructions(44.0)),
    row("send batch", Instructions(11.0)).of_batch(),
    row("recv batch, native", Instructions(14.0)).of_batch(),
    row("recv batch", Instructions(18.0)).of_batch(),
    row("would block", Instructions(5.0)).held(8.0, REPEATED),
    row("local address", Instructions(15.0)),
    row("get option", Instructions(2.0)),
    row("unix send_to, path", Peer("std")),
    row("unix send_to, ready", Instructions(6.0)),
];

/// The two counts of iterations, whose difference is measured.
const FEW: u64 = 200;
const MANY: u64 = 1200;

#[derive(Clone, Copy)]
struct Cost {
    instructions: f64,
    allocations: f64,
}

type Costs = BTreeMap<(&'static str, &'static str), Cost>;

/// Measures the wanted cases, or all, and prints the table; also into `rows_file`, as columns with
/// tabs between them.
pub fn print(wanted: &[&str], rows_file: Option<&str>) -> ExitCode {
    if let Some(unknown) = wanted
        .iter()
        .find(|wanted| ROWS.iter().all(|row| row.case != **wanted))
    {
        eprintln!("no case is called {unknown:?}");
        return ExitCode::FAILURE;
    }
    let is_wanted = |case: &str| wanted.is_empty() || wanted.contains(&case);
    let costs = match measure_all(&is_wanted) {
        Ok(costs) => costs,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("Instructions in user space for one call, with the other half of the pair by hand;");
    println!("in brackets allocations for one call. A batch is {BATCH} messages, shown for one.");
    print!("{:22}", "");
    for (library, _) in LIBRARIES {
        print!("{library:>14}");
    }
    println!("{:>10}{:>10}", "beyond", "limit");
    let (mut passed, mut notes, mut lines) = (Vec::new(), Vec::new(), String::new());
    for row in ROWS.iter().filter(|row| is_wanted(row.case)) {
        print!("{:22}", row.case);
        let cost = |library| {
            costs.get(&(library, row.case)).map(|cost| Cost {
                instructions: cost.instructions / row.messages as f64,
                ..*cost
            })
        };
        for (library, _) in LIBRARIES {
            print!("{:>14}", cost(library).map_or("–".into(), cell));
        }
        let (Some(hand), Some(ours)) = (cost("libc"), cost("rsocket")) else {
            println!();
            continue;
        };
        let beyond = ours.instructions - hand.instructions;
        let limit = match row.limit {
            Instructions(limit) => limit,
            Peer(peer) => cost(peer).map_or(0.0, |peer| peer.instructions - hand.instructions),
        };
        let is_beyond = beyond > limit + 0.05;
        let mark = if is_beyond { " *" } else { "" };
        println!("{beyond:>+10.1}{limit:>+10.1}{mark}");
        match row.held {
            Some((held, because)) if is_beyond && beyond <= held + 0.05 => {
                notes.push(format!("{}: held at {held:+}: {because}", row.case));
            }
            _ if is_beyond => passed.push(format!("{}: {beyond:+.1} instructions", row.case)),
            _ => {}
        }
        if ours.allocations > 0.0 {
            passed.push(format!("{}: {} allocations", row.case, ours.allocations));
        }
        for (library, _) in LIBRARIES.iter().filter(|(name, _)| *name != "rsocket") {
            if let Some(peer) = cost(library) {
                let goal = if *library == "libc" {
                    format!("libc {limit:+.0}")
                } else {
                    String::new()
                };
                lines += &format!(
                    "Instructions per call\t{}\t{library}\t{:.1}\t{:.1}\tinstructions\t{goal}\n",
                    row.case, ours.instructions, peer.instructions
                );
            }
        }
    }
    if !notes.is_empty() {
        println!("\n* Beyond the limit, and why:");
    }
    for note in notes {
        println!("  {note}");
    }
    if let Some(file) = rows_file
        && let Err(error) = std::fs::write(file, lines)
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    if passed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nBeyond the limit:");
    for line in passed {
        println!("  {line}");
    }
    ExitCode::FAILURE
}

fn cell(cost: Cost) -> String {
    let mut cell = format!("{:.0}", cost.instructions);
    if cost.instructions < 10.0 || cost.instructions.fract() > 0.05 {
        cell = format!("{:.1}", cost.instructions);
    }
    if cost.allocations > 0.0 {
        cell += &format!(" [{:.0}]", cost.allocations);
    }
    cell
}

/// Every case that is wanted, of every library, on as many processors as there are.
fn measure_all(is_wanted: &dyn Fn(&str) -> bool) -> Result<Costs, String> {
    let jobs: Vec<_> = LIBRARIES
        .iter()
        .flat_map(|(library, cases)| cases.iter().map(move |(case, _)| (*library, *case)))
        .filter(|(_, case)| is_wanted(case))
        .collect();
    let jobs = Mutex::new(jobs);
    let costs = Mutex::new(Ok(Costs::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((library, case)) = jobs.lock().unwrap().pop() {
                    let cost = measure(library, case);
                    let mut costs = costs.lock().unwrap();
                    match (costs.as_mut(), cost) {
                        (Ok(costs), Ok(cost)) => {
                            costs.insert((library, case), cost);
                        }
                        (Ok(_), Err(error)) => *costs = Err(error),
                        (Err(_), _) => return,
                    }
                }
            });
        }
    });
    costs.into_inner().unwrap()
}

fn measure(library: &str, case: &str) -> Result<Cost, String> {
    let few = count(library, case, FEW)?;
    let many = count(library, case, MANY)?;
    let iterations = (MANY - FEW) as f64;
    Ok(Cost {
        instructions: (many.0 as f64 - few.0 as f64) / iterations,
        allocations: (many.1 as f64 - few.1 as f64) / iterations,
    })
}

/// The instructions of a process that plays the case, and the allocations of the loop in it.
fn count(library: &str, case: &str, iterations: u64) -> Result<(u64, u64), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(program)
        .args(["--run", library, case, &iterations.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{library}, {case}: {}\n{text}", output.status));
    }
    let instructions = number_behind(&text, "refs:");
    let allocations = number_behind(&String::from_utf8_lossy(&output.stdout), "allocations");
    instructions
        .zip(allocations)
        .ok_or_else(|| format!("{library}, {case}: no counts in\n{text}"))
}

/// The number that follows `word`, written with commas.
fn number_behind(text: &str, word: &str) -> Option<u64> {
    let rest = text.split(word).nth(1)?.trim_start();
    let digits = rest.split_whitespace().next()?.replace(',', "");
    digits.parse().ok()
}
