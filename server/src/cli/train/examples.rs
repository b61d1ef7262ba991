//! Which of the things that were shown did somebody choose?
//!
//! Served searches, joined by request id with the events that answer to them. A cart or an order that names no request
//! belongs to the last click of the same visitor on the same product. Only answers in which something was chosen say
//! anything about order; of those that go on for pages only the first page counts, because the best score stands there.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use planogram_core::engine::Engine;
use planogram_core::engine::types::LearnedScorer;
use planogram_core::id::{ItemId, Seq, TimeMs};
use planogram_core::log::entry::Body;
use planogram_core::log::served::{ServedKind, ServedRecord};
use planogram_core::signal::event::{Event, EventKind};

/// Log entries read at once.
const CHUNK: usize = 1_000;
/// Answers kept at most, the newest: some 2 KB each.
const ANSWERS_MAX: usize = 200_000;
/// The column of the score itself, which is not weighed like the others.
const SCORE: &str = "score";

/// One shown item.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub item: ItemId,
    /// Zero-based place.
    pub position: u32,
    /// Score it was shown with.
    pub score: f64,
    /// The same without what the learned scorer added.
    pub base: f64,
    /// By column; NaN where missing.
    pub values: Vec<f32>,
    /// 0 not chosen, 1 clicked, 2 put into the cart, 3 ordered.
    pub gain: u8,
}

/// One answered search in which something was chosen.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Number of its query.
    pub query: u32,
    /// When.
    pub time_ms: TimeMs,
    /// In the order shown.
    pub rows: Vec<Row>,
}

impl Answer {
    /// Items chosen.
    pub fn n_chosen(&self) -> usize {
        self.rows.iter().filter(|row| row.gain > 0).count()
    }

    /// The best score without what the learned scorer added, above 0.
    pub fn best(&self) -> f64 {
        let best = self.rows.iter().map(|row| row.base).fold(0.0, f64::max);
        if best > 0.0 { best } else { 1.0 }
    }
}

/// Everything there is to learn from.
#[derive(Debug, Default)]
pub struct Examples {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// In order of time.
    pub answers: Vec<Answer>,
    /// Searches on record.
    pub n_served: usize,
    /// Files that could not be read to their end.
    pub damaged: Vec<String>,
}

impl Examples {
    /// Items chosen.
    pub fn n_chosen(&self) -> usize {
        self.answers.iter().map(Answer::n_chosen).sum()
    }
}

/// Reads the log and the served records of a shop.
pub fn read(shop: &Engine, scorer: &LearnedScorer, store_view: &str) -> anyhow::Result<Examples> {
    let chosen = chosen(shop)?;
    let columns: Vec<String> = scorer.reads.iter().filter(|name| *name != SCORE).cloned().collect();
    let mut queries: BTreeMap<String, u32> = BTreeMap::new();
    let mut examples = Examples::default();
    let mut take = |record: &ServedRecord| {
        if record.kind != ServedKind::Search || !store_view.is_empty() && record.store_view != store_view {
            return;
        }
        examples.n_served += 1;
        let Some(gains) = chosen.get(&record.request_id) else { return };
        let next = queries.len() as u32;
        let query = *queries.entry(record.subject.trim().to_lowercase()).or_insert(next);
        let answer = Answer { query, time_ms: record.time_ms, rows: rows(record, gains, scorer, &columns) };
        let is_first_page = answer.rows.first().is_some_and(|row| row.position == 0);
        if is_first_page && answer.rows.len() > 1 && answer.n_chosen() > 0 && !record.columns.is_empty() {
            examples.answers.push(answer);
        }
    };
    let damaged = shop.each_served(&mut take).context("the served records")?;
    // Files of several runs follow one another, but a machine's clock may have been set back.
    examples.answers.sort_by_key(|answer| answer.time_ms);
    let excess = examples.answers.len().saturating_sub(ANSWERS_MAX);
    examples.answers.drain(..excess);
    Ok(Examples { columns, damaged, ..examples })
}

fn rows(record: &ServedRecord, gains: &HashMap<ItemId, u8>, scorer: &LearnedScorer, columns: &[String]) -> Vec<Row> {
    let place = |name: &String| record.columns.iter().position(|known| known == name);
    let places: Vec<Option<usize>> = columns.iter().map(place).collect();
    let own: Vec<usize> = scorer.writes.iter().filter_map(place).collect();
    let value = |values: &[f32], at: usize| values.get(at).copied().unwrap_or(f32::NAN);
    record
        .items
        .iter()
        .map(|shown| Row {
            item: shown.item,
            position: shown.position,
            score: shown.score,
            base: shown.score - own.iter().map(|at| f64::from(value(&shown.values, *at))).sum::<f64>(),
            values: places.iter().map(|at| at.map_or(f32::NAN, |at| value(&shown.values, at))).collect(),
            gain: gains.get(&shown.item).copied().unwrap_or(0),
        })
        .collect()
}

/// What was chosen by request: the highest gain of each item.
type Chosen = HashMap<String, HashMap<ItemId, u8>>;

fn chosen(shop: &Engine) -> anyhow::Result<Chosen> {
    let mut chosen = Chosen::new();
    let mut clicked: HashMap<(String, ItemId), String> = HashMap::new();
    let mut from: Seq = shop.log_begins().context("the log")?;
    loop {
        let entries = shop.read_log(from, CHUNK).context("the log")?;
        let Some(last) = entries.last() else { return Ok(chosen) };
        from = last.seq + 1;
        for entry in &entries {
            let Body::Events(events) = &entry.body else { continue };
            events.iter().for_each(|event| hear(shop, event, &mut chosen, &mut clicked));
        }
    }
}

fn hear(shop: &Engine, event: &Event, chosen: &mut Chosen, clicked: &mut HashMap<(String, ItemId), String>) {
    let gain = match event.kind {
        EventKind::SearchClick | EventKind::ProductView => 1,
        EventKind::AddToCart => 2,
        EventKind::OrderPlaced => 3,
        _ => return,
    };
    for item in event.items.iter().filter_map(|line| shop.item(&line.sku)) {
        let who = (event.visitor.clone(), item);
        let request = match &event.request_id {
            Some(request) => {
                if gain == 1 && !event.visitor.is_empty() {
                    clicked.insert(who, request.clone());
                }
                request.clone()
            }
            None if gain > 1 => match clicked.get(&who) {
                Some(request) => request.clone(),
                None => continue,
            },
            None => continue,
        };
        let known = chosen.entry(request).or_default().entry(item).or_default();
        *known = (*known).max(gain);
    }
}
