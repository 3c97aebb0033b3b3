//! Time beside libc by hand and std: batches, streams, descriptors, many open sockets. It is the
//! processor's time where one thread works, so that other programs do not count, and the wall's
//! where two do.
//!
//! Every row runs the same work on each library in turns, so that whatever the machine does
//! meanwhile strikes all; a ratio is the median over the turns.

mod batches;
mod descriptors;
mod scale;
mod streams;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One library's way to do a row's work, so many times; gives the time of what is measured.
struct Contender<'a> {
    library: &'static str,
    run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Contender<'a> {
    /// Every step is measured whole, in this thread's processor time.
    fn alone(library: &'static str, step: impl FnMut() + 'a) -> Self {
        Self::by(processor_time, library, step)
    }

    /// Every step is measured whole, on the wall.
    fn on_the_wall(library: &'static str, step: impl FnMut() + 'a) -> Self {
        let begun = Instant::now();
        Self::by(move || begun.elapsed(), library, step)
    }

    fn by(
        clock: impl Fn() -> Duration + 'a,
        library: &'static str,
        mut step: impl FnMut() + 'a,
    ) -> Self {
        Self::timed(library, move |steps| {
            let begun = clock();
            for _ in 0..steps {
                step();
            }
            clock() - begun
        })
    }

    fn timed(library: &'static str, run: impl FnMut(u64) -> Duration + 'a) -> Self {
        Contender {
            library,
            run: Box::new(run),
        }
    }
}

/// What this thread has taken of a processor.
fn processor_time() -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: clock_gettime(2) fills the timespec.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    assert!(result == 0);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The table as it grows.
struct Table {
    turns: usize,
    /// How long one library works in one turn.
    stretch: Duration,
    /// The rows with tabs between their columns.
    lines: String,
}

impl Table {
    /// A row: this library comes first among the contenders. `parts` is how many messages or the
    /// like a step moves, for one of which the time is shown.
    fn row(&mut self, group: &str, name: &str, parts: u64, mut contenders: Vec<Contender<'_>>) {
        let steps = self.calibrate(&mut contenders);
        let mut times = vec![Vec::new(); contenders.len()];
        for turn in 0..self.turns {
            // Whoever comes first finds the caches as the other left them: take turns.
            for place in 0..contenders.len() {
                let index = (place + turn) % contenders.len();
                let time = (contenders[index].run)(steps);
                times[index].push(time.as_secs_f64() * 1e9 / (steps * parts) as f64);
            }
        }
        let ours = median(times[0].clone());
        print!("{name:38}{ours:>12.1}");
        for (contender, theirs) in contenders.iter().zip(&times).skip(1) {
            let ratios = theirs.iter().zip(&times[0]).map(|(their, our)| their / our);
            let ratio = median(ratios.collect());
            let theirs = median(theirs.clone());
            print!("{:>8}{theirs:>12.1}{ratio:>7.2}", contender.library);
            self.line(group, name, contender.library, (ours, theirs, ratio), "ns");
        }
        println!();
    }

    /// A row that is a plain number of each library.
    fn plain(&mut self, group: &str, name: &str, unit: &str, ours: f64, theirs: (&str, f64)) {
        let (library, theirs) = theirs;
        println!("{name:38}{ours:>12.1}{library:>8}{theirs:>12.1}       {unit}");
        self.line(group, name, library, (ours, theirs, theirs / ours), unit);
    }

    fn line(
        &mut self,
        group: &str,
        name: &str,
        library: &str,
        figures: (f64, f64, f64),
        unit: &str,
    ) {
        let (ours, theirs, ratio) = figures;
        self.lines +=
            &format!("{group}\t{name}\t{library}\t{ours:.1}\t{theirs:.1}\t{unit}\t\t{ratio:.3}\n");
    }

    /// How many steps take about a stretch, once everything is warm.
    fn calibrate(&self, contenders: &mut [Contender<'_>]) -> u64 {
        let mut steps = 1;
        loop {
            let took = contenders
                .iter_mut()
                .map(|contender| (contender.run)(steps));
            let took = took.max().unwrap_or_default();
            if took * 4 >= self.stretch || steps >= 1 << 22 {
                let more = self.stretch.as_secs_f64() / took.as_secs_f64().max(1e-9);
                return ((steps as f64 * more) as u64).max(1);
            }
            steps *= 2;
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures and prints the table; also into `rows_file`, as columns with tabs between them.
pub fn print(quick: bool, rows_file: Option<&str>) -> ExitCode {
    let mut table = Table {
        turns: if quick { 9 } else { 31 },
        stretch: Duration::from_millis(if quick { 3 } else { 8 }),
        lines: String::new(),
    };
    println!(
        "Nanoseconds, of this library and of each peer, with how many times longer that takes."
    );
    batches::rows(&mut table);
    streams::rows(&mut table);
    descriptors::rows(&mut table);
    scale::rows(&mut table);
    if let Some(file) = rows_file
        && let Err(error) = std::fs::write(file, table.lines)
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
