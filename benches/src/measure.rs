//! How is a cost measured on a machine that others use, too?
//!
//! Three ways, each for what it is good at. A query's own cost is the shortest of several timed rounds, because
//! a neighbor only ever adds to it. The cost of a whole pass is the thread's time on the processor, which a
//! neighbor does not count in. A latency that somebody waits for is wall time, and only good on a quiet machine;
//! [`load`] says how quiet it was. Not here: statistics over runs, which are criterion's.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// Is this a measurement, or does a test run only want to see that the bench works?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `cargo bench`: everything, as often as it takes.
    Full,
    /// `cargo bench -- --test`, and `cargo test`: a small shop, everything once.
    Smoke,
}

impl Mode {
    /// Reads the arguments cargo hands over.
    pub fn from_args() -> Self {
        let given = |wanted: &str| std::env::args().any(|argument| argument == wanted);
        if given("--bench") && !given("--test") { Self::Full } else { Self::Smoke }
    }

    /// One of two sizes.
    pub fn pick<T>(self, full: T, smoke: T) -> T {
        if self == Self::Full { full } else { smoke }
    }
}

/// Durations, sorted, to read quantiles from.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Ascending.
    sorted: Vec<Duration>,
}

impl Sample {
    /// A sample of these durations.
    pub fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self { sorted: durations }
    }

    /// How many durations.
    pub fn n(&self) -> usize {
        self.sorted.len()
    }

    /// The duration that a share `q` in `[0, 1]` of the sample does not exceed (nearest rank); 0 of nothing.
    pub fn quantile(&self, q: f64) -> Duration {
        let rank = (q * self.sorted.len() as f64).ceil() as usize;
        self.sorted.get(rank.clamp(1, self.sorted.len().max(1)) - 1).copied().unwrap_or_default()
    }

    /// Mean; 0 of nothing.
    pub fn mean(&self) -> Duration {
        self.sorted.iter().sum::<Duration>() / (self.sorted.len() as u32).max(1)
    }
}

/// Microseconds with the digits that matter.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Milliseconds with the digits that matter.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Prints one line of a table: what was found, and what is aimed at.
pub fn line(name: &str, found: String, target: &str) {
    println!("  {name:<50} {found:>24}   {target}");
}

/// The middle one, the lower of two; 0 of nothing.
pub fn median(durations: impl Iterator<Item = Duration>) -> Duration {
    Sample::new(durations.collect()).quantile(0.5)
}

/// Something that is run over the same inputs as others.
pub struct Contestant<'a, I: ?Sized> {
    name: String,
    run: Box<dyn FnMut(&I) + 'a>,
    best: Vec<Duration>,
    cpu: Duration,
}

impl<'a, I: ?Sized> Contestant<'a, I> {
    /// A contestant by name.
    pub fn new(name: &str, run: impl FnMut(&I) + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run), best: Vec::new(), cpu: Duration::ZERO }
    }
}

/// What one contestant took.
#[derive(Clone, Debug)]
pub struct Score {
    /// Whose.
    pub name: String,
    /// The shortest time of each input.
    pub times: Sample,
    /// Time on the processor, mean of all inputs and rounds.
    pub cpu: Duration,
}

/// Runs every contestant over all inputs, one after the other in each round, so that whatever the machine does
/// meets all of them alike. When there are several, one more comes first to warm up: it counts for the shortest times
/// and not for the processor's.
pub fn compete<I>(inputs: &[I], rounds: usize, mut contestants: Vec<Contestant<'_, I>>) -> Vec<Score> {
    let warm_up = usize::from(rounds > 1);
    for round in 0..rounds.max(1) + warm_up {
        for contestant in &mut contestants {
            contestant.best.resize(inputs.len(), Duration::MAX);
            let cpu = cpu_here();
            for (input, best) in inputs.iter().zip(&mut contestant.best) {
                let begin = Instant::now();
                (contestant.run)(input);
                *best = begin.elapsed().min(*best);
            }
            if round >= warm_up {
                contestant.cpu += cpu_here().saturating_sub(cpu);
            }
        }
    }
    let runs = (inputs.len() * rounds.max(1)).max(1) as u32;
    let score = |c: Contestant<'_, I>| Score { name: c.name, times: Sample::new(c.best), cpu: c.cpu / runs };
    contestants.into_iter().map(score).collect()
}

/// Time on the processor by thread name, all threads of this process; threads that ended are gone.
/// The system updates it every few milliseconds, so it is for totals only. Empty where there is no `/proc`.
pub fn cpu_by_thread() -> BTreeMap<String, Duration> {
    let mut times = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        *times.entry(name.trim().to_owned()).or_default() += on_processor(&task.path().join("schedstat"));
    }
    times
}

/// Time on the processor since [`cpu_by_thread`] said `before`, by thread name.
pub fn cpu_since(before: &BTreeMap<String, Duration>) -> BTreeMap<String, Duration> {
    let since = |name: &String, now: Duration| now.saturating_sub(before.get(name).copied().unwrap_or_default());
    cpu_by_thread().into_iter().map(|(name, now)| (name.clone(), since(&name, now))).collect()
}

/// Time on the processor of this process so far, threads that ended included, in steps of 10 ms; 0 where there is no
/// `/proc`.
pub fn cpu_of_process() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything: state, ten numbers, then ticks of user and system time.
    let behind = text.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks = behind.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>();
    Duration::from_millis(10 * ticks)
}

/// This thread's time on the processor so far, as exact as [`cpu_by_thread`].
pub fn cpu_here() -> Duration {
    on_processor("/proc/thread-self/schedstat".as_ref())
}

fn on_processor(file: &std::path::Path) -> Duration {
    let text = fs::read_to_string(file).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

/// Resident memory of this process in MiB; 0 where there is no `/proc`.
pub fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

/// Processes that want a processor, averaged over the last minute; 0 where there is no `/proc`.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let sample = Sample::new((1..=100).rev().map(Duration::from_micros).collect());
        for (q, expected) in [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)] {
            assert_eq!(sample.quantile(q), Duration::from_micros(expected), "{q}");
        }
        assert_eq!((sample.n(), sample.mean()), (100, Duration::from_nanos(50_500)));
        assert_eq!(Sample::default().quantile(0.5), Duration::ZERO);
    }

    #[test]
    fn every_contestant_runs_every_round_and_keeps_its_shortest() {
        let calls = std::cell::Cell::new(0);
        let contestant = |name: &str| Contestant::new(name, |_: &()| calls.set(calls.get() + 1));
        let scores = compete(&[(), ()], 3, vec![contestant("a"), contestant("b")]);
        assert_eq!(calls.get(), 2 * 2 * (3 + 1), "the warm-up round runs, too");
        assert_eq!(scores.iter().map(|score| &*score.name).collect::<Vec<_>>(), ["a", "b"]);
        assert!(scores.iter().all(|score| score.times.quantile(1.0) < Duration::MAX));
    }
}
