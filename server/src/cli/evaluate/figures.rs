//! What do the answers of a row amount to?
//!
//! Means over cases with bootstrap intervals, spread and speed, and paired differences to the references: both sides
//! answered the same cases, so the difference is taken case by case.

use std::collections::{BTreeMap, BTreeSet};

use planogram_datasets::metrics::{bootstrap_grouped, popularity_bias};

use super::plan::{Asked, Plan, Row};
use super::run::Played;

/// Confidence of all intervals.
pub const CONFIDENCE: f64 = 0.95;
/// Draws behind an interval.
const RESAMPLES: usize = 1_000;
/// Places that spread is measured over.
const SPREAD_PLACES: usize = 20;

/// A value with its interval, where one can be given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// Lower and upper end of the interval.
    pub interval: Option<(f64, f64)>,
}

/// A reference beside us.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Its name.
    pub name: String,
    /// Where it was published.
    pub source: String,
    /// Its measures.
    pub measures: Vec<(String, Figure)>,
    /// Ours minus theirs, measure by measure.
    pub differences: Vec<(String, Figure)>,
}

/// One row of the report.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Name of the row.
    pub name: String,
    /// `live` or `frozen`.
    pub protocol: &'static str,
    /// What answered: a unit type, or `search`.
    pub answered_by: String,
    /// The unit type made for this, when another one answered.
    pub instead_of: Option<String>,
    /// Cases asked, and how many there are.
    pub cases: (usize, usize),
    /// Measures by name, in the order of the tables.
    pub measures: Vec<(String, Figure)>,
    /// Median and 99th percentile of the time of one answer, in microseconds.
    pub latency_us: (u32, u32),
    /// Answers in which something did not take part.
    pub degraded: usize,
    /// References.
    pub references: Vec<Beside>,
    /// The first measures of single cases, where each is worth a line.
    pub by_case: Vec<(String, Vec<(String, f64)>)>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// The figures of a row.
pub fn figures(plan: &Plan, row: &Row, played: &Played, popularity: &[u64], seed: u64) -> Figures {
    let ours: Vec<Vec<u32>> = played.answers.iter().map(|answer| answer.items.clone()).collect();
    let mut measures = means(row, played, &ours, seed);
    measures.extend(spread(&ours, plan.names.len(), popularity));
    let references = played.references.iter().map(|lists| Beside {
        name: lists.name.clone(),
        source: lists.source.clone(),
        measures: means(row, played, &lists.lists, seed),
        differences: differences(row, played, &ours, &lists.lists, seed),
    });
    let wanted = match row.asked {
        Asked::Unit(offers) => offers[0].unit_type,
        Asked::Search => "search",
    };
    let answered_by = played.offer.map_or("search", |offer| offer.unit_type);
    Figures {
        name: row.name.clone(),
        protocol: if played.is_live { "live" } else { "frozen" },
        answered_by: answered_by.to_owned(),
        instead_of: (answered_by != wanted).then(|| wanted.to_owned()),
        cases: (played.asked.len(), row.cases.len()),
        measures,
        latency_us: latency(played),
        degraded: played.answers.iter().filter(|answer| answer.is_degraded).count(),
        references: references.collect(),
        by_case: by_case(row, played, &ours),
        notes: plan.notes.clone(),
    }
}

/// The values of each measure by asked case, and the groups of the cases that have one.
fn values(row: &Row, played: &Played, lists: &[Vec<u32>]) -> Vec<(String, Vec<Option<f64>>)> {
    let of = |measure: &super::judge::Measure| {
        let one = |(case, list): (&usize, &Vec<u32>)| measure.of(list, &row.cases[*case].truth);
        (measure.name(), played.asked.iter().zip(lists).map(one).collect())
    };
    row.measures.iter().map(of).collect()
}

fn groups(row: &Row, played: &Played) -> Vec<u32> {
    played.asked.iter().map(|case| row.cases[*case].group).collect()
}

fn means(row: &Row, played: &Played, lists: &[Vec<u32>], seed: u64) -> Vec<(String, Figure)> {
    let groups = groups(row, played);
    let named = values(row, played, lists).into_iter();
    named.filter_map(|(name, values)| Some((name, mean(values.into_iter(), &groups, seed)?))).collect()
}

fn differences(row: &Row, played: &Played, ours: &[Vec<u32>], theirs: &[Vec<u32>], seed: u64) -> Vec<(String, Figure)> {
    let groups = groups(row, played);
    let both = values(row, played, ours).into_iter().zip(values(row, played, theirs));
    both.filter_map(|((name, ours), (_, theirs))| {
        let difference = ours.into_iter().zip(theirs).map(|(a, b)| Some(a? - b?));
        Some((name, mean(difference, &groups, seed)?))
    })
    .collect()
}

fn mean(values: impl Iterator<Item = Option<f64>>, groups: &[u32], seed: u64) -> Option<Figure> {
    let (kept, groups): (Vec<f64>, Vec<u32>) =
        values.zip(groups).filter_map(|(value, group)| Some((value?, *group))).unzip();
    let interval = bootstrap_grouped(&kept, &groups, CONFIDENCE, RESAMPLES, seed)?;
    Some(Figure { value: interval.mean, interval: Some((interval.low, interval.high)) })
}

/// Coverage, and popularity bias where there is a past to be popular in.
fn spread(lists: &[Vec<u32>], n_items: usize, popularity: &[u64]) -> Vec<(String, Figure)> {
    let heads: Vec<Vec<u32>> = lists.iter().map(|list| list.iter().take(SPREAD_PLACES).copied().collect()).collect();
    let shown: BTreeSet<u32> = heads.iter().flatten().copied().collect();
    let coverage = shown.len() as f64 / n_items.max(1) as f64;
    let counts: BTreeMap<u32, u64> = (0..).zip(popularity.iter().copied()).collect();
    let plain = |value| Figure { value, interval: None };
    let mut figures = vec![("coverage".to_owned(), plain(coverage))];
    figures.extend(popularity_bias(&heads, &counts).map(|bias| ("popularity bias".to_owned(), plain(bias))));
    figures
}

fn latency(played: &Played) -> (u32, u32) {
    let mut times: Vec<u32> = played.answers.iter().map(|answer| answer.took_us).collect();
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied().unwrap_or(0);
    (at(0.5), at(0.99))
}

fn by_case(row: &Row, played: &Played, ours: &[Vec<u32>]) -> Vec<(String, Vec<(String, f64)>)> {
    if row.case_names.is_empty() {
        return Vec::new();
    }
    let line = |(case, list): (&usize, &Vec<u32>)| {
        let measured = row.measures.iter().filter_map(|measure| {
            let value = measure.of(list, &row.cases[*case].truth)?;
            Some((measure.name(), value))
        });
        (row.case_names[*case].clone(), measured.collect())
    };
    played.asked.iter().zip(ours).map(line).collect()
}
