//! How good is each match?
//!
//! Phase 1 scores all matches, phase 2 the best few hundred; rows past that window follow in phase-1 order.
//! Scorers run in configured order; each gets the columns it declared, gathered over its rows, and writes into
//! buffers the host owns. A scorer that fails leaves no trace in the scores.

use std::collections::HashMap;

use planogram_abi::{Act, Combine, Output, Phase, Target, Verb, column};

use super::column as columns;
use super::eligible::{self, Universe};
use super::ledger::{self, Entry, Ledger, Values};
use super::lend::Lent;
use super::order;
use super::retrieve::Matches;
use super::run::Run;
use super::understand::Understanding;
use super::words;
use crate::host::Slot;
use crate::limits::DEFAULT_WINDOW;

/// The matches with their scores, before they are put in order.
pub(super) struct Ranked {
    pub matches: Matches,
    /// The running sum of the ledger, `[n]`.
    pub scores: Vec<f64>,
    /// Coarse order before the score: see [`order::band`].
    pub bands: Vec<u8>,
    /// Rows that stand behind all others because they cannot be bought, `[n]`; empty where stock moves nothing.
    pub sold_out: Vec<bool>,
    /// Where the scores come from.
    pub ledger: Ledger,
}

pub(super) fn rank(
    run: &mut Run<'_>,
    understanding: &Understanding,
    universe: &Universe,
    mut matches: Matches,
) -> Ranked {
    let n = matches.len();
    let base = std::mem::take(&mut matches.base);
    let base =
        Entry { name: matches.base_name.clone(), combine: Combine::Add, values: Values::Dense(base), note: None };
    let (bands, sold_out, scores) = (order::first_bands(run, &matches), order::sold_out(run, &matches), vec![0.0; n]);
    let mut ranked = Ranked { matches, scores, bands, sold_out, ledger: Ledger::default() };
    ranked.enter(base);
    let matches = &mut ranked.matches;
    let own = [
        ("kernel/vector", std::mem::take(&mut matches.nearness)),
        ("kernel/name", std::mem::take(&mut matches.fit)),
        ("kernel/category", std::mem::take(&mut matches.category)),
        ("kernel/brand", std::mem::take(&mut matches.brand)),
    ];
    for (name, values) in own.into_iter().filter(|(_, values)| !values.is_empty()) {
        let values = Values::Dense(values);
        ranked.enter(Entry { name: name.into(), combine: Combine::Add, values, note: None });
    }
    let all: Vec<u32> = (0..n as u32).collect();
    score_phase(run, universe, Phase::All, &all, &mut ranked);
    apply_factors(run, understanding, &mut ranked);
    let plugins = run.epoch.plugins.clone();
    if plugins.scorers(run.kind(), Phase::Window).any(|slot| run.epoch.is_awake(slot)) && run.has_time_for("phase 2") {
        let window = order::head(run, &ranked, DEFAULT_WINDOW);
        if n > window.len() {
            order::band_rows_outside(&window, &mut ranked.bands);
        }
        score_phase(run, universe, Phase::Window, &window, &mut ranked);
    }
    ranked
}

/// Runs every scorer of a phase over `rows`.
fn score_phase(run: &mut Run<'_>, universe: &Universe, phase: Phase, rows: &[u32], ranked: &mut Ranked) {
    if rows.is_empty() {
        return;
    }
    let plugins = run.epoch.plugins.clone();
    let mut gathered: HashMap<String, Vec<f32>> = HashMap::new();
    let items = ranked.matches.items_of(rows).into_owned();
    for slot in plugins.scorers(run.kind(), phase).filter(|slot| run.epoch.is_awake(slot)) {
        if slot.reads().iter().any(|name| name == column::SCORE) {
            gathered.insert(column::SCORE.into(), ranked.scores_of(rows));
        }
        for name in slot.reads() {
            if !gathered.contains_key(name) {
                gathered.insert(name.clone(), columns::gather(run, name, ranked, rows));
            }
        }
        let inputs: Vec<&[f32]> = slot.reads().iter().map(|name| gathered[name].as_slice()).collect();
        // The slot fills them with neutral values.
        let mut outputs: Vec<Vec<f32>> = vec![Vec::new(); slot.writes().len()];
        let lent = Lent { universe: Some(universe), batch: Some((ranked, rows)) };
        let scored = run.call(slot, lent, |slot, context| slot.score(context, &items, &inputs, &mut outputs));
        if scored.is_some() {
            enter_outputs(slot, outputs, rows, ranked, &mut gathered);
        }
    }
}

fn enter_outputs(
    slot: &Slot,
    outputs: Vec<Vec<f32>>,
    rows: &[u32],
    ranked: &mut Ranked,
    gathered: &mut HashMap<String, Vec<f32>>,
) {
    let is_dense = rows.len() == ranked.scores.len();
    for (Output { name, combine }, values) in slot.writes().iter().zip(outputs) {
        let name = format!("{}/{name}", slot.plugin());
        // Whoever reads it from now on reads what was written.
        gathered.remove(&name);
        let values = if is_dense && ledger::is_neutral(*combine, &values) {
            Values::Neutral
        } else if is_dense {
            Values::Dense(values)
        } else {
            let mut sparse: Vec<_> = rows.iter().copied().zip(values).collect();
            sparse.sort_unstable_by_key(|(row, _)| *row);
            Values::Sparse(sparse)
        };
        ranked.enter(Entry { name, combine: *combine, values, note: None });
    }
}

/// Boosts ordered while the query was understood are part of the score, so they are entered before the cut.
fn apply_factors(run: &Run<'_>, understanding: &Understanding, ranked: &mut Ranked) {
    if run.has_explicit_sort() {
        return;
    }
    for (plugin, act) in &understanding.order_acts {
        ranked.boost(run, plugin, act);
    }
}

impl Ranked {
    /// Enters a contribution and adds it to the scores.
    pub fn enter(&mut self, entry: Entry) {
        self.ledger.enter(entry, &mut self.scores);
    }

    /// Enters a boost like any other factor; other acts are not about scores.
    pub fn boost(&mut self, run: &Run<'_>, plugin: &str, act: &Act) {
        let Verb::Boost { factor } = act.verb else { return };
        let rows = match &act.target {
            Target::Items(items) => self.matches.rows_of_each(items),
            Target::Matching(_) => self.matches.rows_of(&eligible::target_items(run, &act.target)),
        };
        let (combine, values) = (Combine::Factor, Values::Same { rows, value: factor });
        self.enter(Entry { name: plugin.to_owned(), combine, values, note: Some(words::done(plugin, act, None)) });
    }

    /// The scores so far as plugins read them, `[rows.len()]`, finite.
    pub fn scores_of(&self, rows: &[u32]) -> Vec<f32> {
        let finite = |score: f64| score.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
        rows.iter().map(|&row| finite(self.scores[row as usize])).collect()
    }
}
