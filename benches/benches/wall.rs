//! What does the wall between kernel and plugin cost?
//!
//! 1,000 candidates and ten columns through a linear model: as a plain function, and as a plugin that is called through the
//! same C table and the same guards as one from a file. The difference is the wall: the panic barrier, the
//! watchdog's account, the checks of what came out.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::Result;
use criterion::Criterion;
use planogram_abi::{
    Call, CallHost, Candidate, Combine, ConditionId, Contribution, Epoch, ListKind, LogLevel, Outcome, Phase, Plugin,
    PrepareHost, Request, ScoreBatch, export,
};
use planogram_core::host::{Attempt, CallContext, Host, HostConfig, PluginSet};

const CANDIDATES: usize = 1_000;
const COLUMNS: usize = 10;
const WEIGHTS: [f32; COLUMNS] = [0.31, 0.07, 0.19, 0.02, 0.11, 0.05, 0.09, 0.03, 0.01, 0.12];

/// `out[i] = Σ weight[c] · columns[c][i]`, column by column.
#[inline(never)]
fn linear(columns: &[&[f32]], out: &mut [f32]) {
    out.fill(0.0);
    for (column, weight) in columns.iter().zip(WEIGHTS) {
        for (sum, value) in out.iter_mut().zip(*column) {
            *sum += weight * value;
        }
    }
}

struct Linear;

impl Plugin for Linear {
    const NAME: &'static str = "linear";
    type Prepared = ();

    fn configure(_settings: &str) -> Outcome<Self> {
        Ok(Self)
    }

    fn contributions(&self) -> Vec<Contribution<()>> {
        let reads: Vec<String> = (0..COLUMNS).map(|at| format!("attribute.c{at}")).collect();
        vec![Contribution::scorer("linear", Phase::All, &reads, &[("linear", Combine::Add)], score)]
    }

    fn prepare(&self, _epoch: &Epoch<'_>, _previous: Option<&()>) -> Outcome<()> {
        Ok(())
    }
}

fn score((): &(), _call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    linear(batch.columns, batch.out[0]);
    Ok(())
}

/// A kernel that is asked nothing.
struct Kernel;

impl PrepareHost for Kernel {
    fn compile(&self, _condition: &str) -> Outcome<ConditionId> {
        Ok(ConditionId(0))
    }
    fn log(&self, _level: LogLevel, _message: &str) {}
}

impl CallHost for Kernel {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        vec![None; skus.len()]
    }
    fn test(&self, _condition: ConditionId, items: &[u32]) -> Vec<bool> {
        vec![false; items.len()]
    }
    fn retrieve(&self, _source: &str, _anchors: &[u32], _k: usize) -> Outcome<Vec<Candidate>> {
        Ok(Vec::new())
    }
    fn analyze(&self, text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }
    fn log(&self, _level: LogLevel, _message: &str) {}
}

fn main() -> Result<()> {
    let plugins = linked()?;
    let slot = plugins.scorers(ListKind::Search, Phase::All).next().expect("the plugin has one scorer");
    let values: Vec<Vec<f32>> =
        (0..COLUMNS).map(|c| (0..CANDIDATES).map(|i| ((i * 31 + c * 7) % 97) as f32 / 97.0).collect()).collect();
    let columns: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
    let items: Vec<u32> = (0..CANDIDATES as u32).collect();
    let attempt = Attempt::inline();
    let context = CallContext { request: request(), host: &Kernel, attempt: &attempt, n_items: CANDIDATES as u32 };

    let mut expected = vec![0.0; CANDIDATES];
    linear(&columns, &mut expected);
    let mut out = vec![vec![0.0; CANDIDATES]];
    slot.score(&context, &items, &columns, &mut out).map_err(|fault| anyhow::anyhow!("{fault:?}"))?;
    assert_eq!(out[0], expected, "both sides of the wall compute the same");

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("wall");
    group.bench_function("function", |bencher| bencher.iter(|| linear(black_box(&columns), &mut expected)));
    group.bench_function("plugin", |bencher| {
        bencher.iter(|| slot.score(&context, black_box(&items), black_box(&columns), &mut out).is_ok());
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

fn linked() -> Result<Arc<PluginSet>> {
    let private = tempfile::tempdir()?;
    let (host, _) = Host::open(HostConfig::new(private.path().to_owned(), Vec::new(), Vec::new()));
    host.link(Linear::NAME, export::linked::<Linear>(), "{}").map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    let (plugins, failures) = host.prepare(&[], 1, &Kernel, None);
    anyhow::ensure!(failures.is_empty(), "{failures:?}");
    Ok(plugins)
}

fn request<'a>() -> Request<'a> {
    Request { text: "two words", ..Request::plain(ListKind::Search) }
}
