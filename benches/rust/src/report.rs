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
    /// As many as std takes.
    Std,
}

/// Every case, how many messages one of it moves, and this library's limit for each.
const ROWS: &[(&str, usize, Limit)] = &[
    ("send", 1, Limit::Instructions(3.0)),
    ("recv", 1, Limit::Instructions(3.0)),
    ("send_to v4, ready", 1, Limit::Instructions(6.0)),
    ("send_to v4", 1, Limit::Std),
    ("send_to v6", 1, Limit::Std),
    ("recv_from v4, native", 1, Limit::Instructions(6.0)),
    ("recv_from v4", 1, Limit::Std),
    ("recv_from v6", 1, Limit::Std),
    ("send fd", 1, Limit::Instructions(10.0)),
    ("recv fd", 1, Limit::Instructions(60.0)),
    ("send batch", BATCH, Limit::Instructions(20.0)),
    ("recv batch, native", BATCH, Limit::Instructions(20.0)),
    ("recv batch", BATCH, Limit::Instructions(35.0)),
    ("would block", 1, Limit::Instructions(5.0)),
    ("local address", 1, Limit::Std),
    ("get option", 1, Limit::Instructions(9.0)),
    ("unix send_to, path", 1, Limit::Std),
    ("unix send_to, ready", 1, Limit::Instructions(6.0)),
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

pub fn print(wanted: &[&str]) -> ExitCode {
    if let Some(unknown) = wanted
        .iter()
        .find(|wanted| ROWS.iter().all(|(case, ..)| case != *wanted))
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
    let mut passed = Vec::new();
    for (case, messages, limit) in ROWS.iter().filter(|(case, ..)| is_wanted(case)) {
        print!("{case:22}");
        let cost = |library| {
            costs.get(&(library, *case)).map(|cost| Cost {
                instructions: cost.instructions / *messages as f64,
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
        let limit = match limit {
            Limit::Instructions(limit) => Some(*limit),
            Limit::Std => cost("std").map(|std| std.instructions - hand.instructions),
        };
        println!(
            "{beyond:>+10.1}{:>10}",
            limit.map_or("–".into(), |limit| format!("{limit:+.1}"))
        );
        if limit.is_some_and(|limit| beyond > limit + 0.05) {
            passed.push(format!("{case}: {beyond:+.1} instructions"));
        }
        if ours.allocations > 0.0 {
            passed.push(format!("{case}: {} allocations", ours.allocations));
        }
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
