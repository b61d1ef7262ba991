//! Which items match?
//!
//! A search takes every text match, a category all its members, a unit what its type's retriever proposes and
//! then what the rungs of its fallback chain do. Every source's raw score is kept; the matches leave here
//! ordered by item id, so that everything after is independent of how they were found.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use planogram_abi::{Candidate, column};
use roaring::RoaringBitmap;

use super::again;
use super::eligible::Universe;
use super::evidence;
use super::hybrid;
use super::intent::Intent;
use super::lend::Lent;
use super::run::{Run, Subject};
use super::source;
use super::understand::Understanding;
use super::unit::{DEFAULT_FALLBACK, Unit};
use crate::id::{CategoryId, ItemId};
use crate::limits::RETRIEVE_FACTOR;
use crate::text::Found;

/// The matches of a request, one row an item, ordered by item id.
#[derive(Default)]
pub(super) struct Matches {
    /// Items, ascending.
    pub items: Vec<u32>,
    /// What the score starts from, `[n]`.
    pub base: Vec<f32>,
    /// What a search adds for where the words stand in the name, `[n]`; empty elsewhere.
    pub fit: Vec<f32>,
    /// What a search adds for the kind of thing it means, `[n]`; empty when it means none.
    pub category: Vec<f32>,
    /// What a search adds for the brand it names, `[n]`; empty when it names none.
    pub brand: Vec<f32>,
    /// Ledger name of the base.
    pub base_name: String,
    /// What nearness in a vector space adds, `[n]`; empty when no vector took part.
    pub nearness: Vec<f32>,
    /// Raw scores by source, each `[n]`, NaN where the source did not find the item.
    pub sources: BTreeMap<String, Vec<f32>>,
    /// Of a unit: which rung supplied the row, 0 is the unit's own type; empty elsewhere.
    pub rungs: Vec<u8>,
    /// Names of the rungs.
    pub rung_names: Vec<String>,
    /// Every item that matched before the caller's filters, for facets; `None` when it equals `items`.
    pub unfiltered: Option<RoaringBitmap>,
    /// Item → row up to the last item, made when many rows are looked up.
    pub rows: OnceCell<Vec<u32>>,
}

/// Sets with fewer items are looked up one by one.
const FEW_ITEMS: u64 = 64;
/// What stands for no row.
const NO_ROW: u32 = u32::MAX;

pub(super) fn retrieve(run: &mut Run<'_>, understanding: &Understanding, universe: &Universe) -> Matches {
    match &run.subject {
        Subject::Search { text } if text.is_empty() && run.vector.is_none() => browse(universe),
        Subject::Search { .. } => search(run, understanding, universe),
        Subject::Category { id, .. } => category(run, *id, universe),
        Subject::Unit { unit, .. } => {
            let unit = unit.clone();
            match given(run, universe) {
                Some(given) => unit_candidates(run, &unit, &given),
                None => unit_candidates(run, &unit, universe),
            }
        }
    }
}

/// An empty text: everything eligible.
fn browse(universe: &Universe) -> Matches {
    let items = listed(&universe.items);
    let base = vec![0.0; items.len()];
    let unfiltered = (!universe.filters.is_empty()).then(|| RoaringBitmap::clone(&universe.base.items));
    Matches { items, base, base_name: "kernel/browse".into(), unfiltered, ..Matches::default() }
}

/// The items of a set in order, many at a time.
fn listed(set: &RoaringBitmap) -> Vec<u32> {
    let mut items = vec![0; set.len() as usize];
    let listed = set.iter().next_many(&mut items).len();
    items.truncate(listed);
    items
}

fn category(run: &Run<'_>, id: CategoryId, universe: &Universe) -> Matches {
    let catalog = &run.snapshot.catalog;
    let Some(node) = catalog.category_node(id) else { return Matches::default() };
    let mut unfiltered = run.members().of_page(id) & &*universe.base.items;
    unfiltered |= &universe.included;
    let is_filtered = !universe.filters.is_empty();
    let items = if is_filtered { listed(&(&unfiltered & &*universe.items)) } else { listed(&unfiltered) };
    // Falls with the position and is never above 1/2, so that a strategy that counts in whole steps outranks it.
    let base = items
        .iter()
        .map(|&item| node.position_of(ItemId(item)).map_or(0.0, |p| 1.0 / (2.0 + p.max(0) as f32)))
        .collect();
    let unfiltered = is_filtered.then_some(unfiltered);
    Matches { items, base, base_name: "kernel/position".into(), unfiltered, ..Matches::default() }
}

fn search(run: &mut Run<'_>, understanding: &Understanding, universe: &Universe) -> Matches {
    let mut found = again::text_matches(run, &understanding.query, universe);
    found.sort_unstable_by_key(|found| found.item);
    let direction = hybrid::direction(run, &found);
    if let Some(direction) = &direction {
        found.extend(direction.candidates(run, &found, &universe.base.items));
        found.sort_unstable_by_key(|found| found.item);
    }
    add_included(&mut found, &universe.included);
    evidence::add_evident(run, &mut found, &universe.base.items);
    // Before the caller's filters: what is meant does not change when some of it is looked at.
    let intent = Intent::read(run, &found);
    let mut unfiltered = None;
    if !universe.filters.is_empty() {
        unfiltered = Some(found.iter().map(|found| found.item.0).collect());
        found.retain(|found| universe.items.contains(found.item.0));
    }
    let mut matches = Matches { base_name: "kernel/text".into(), unfiltered, ..Matches::default() };
    matches.items = found.iter().map(|found| found.item.0).collect();
    matches.base = found.iter().map(|found| found.text).collect();
    matches.fit = found.iter().map(|found| found.fit).collect();
    (matches.category, matches.brand) = intent.contributions(&found);
    matches.sources.insert("text".into(), found.iter().map(Found::score).collect());
    matches.sources.extend(evidence::as_source(run, &matches.items));
    if let Some(direction) = direction {
        let similarities = direction.similarities(run, &matches.items);
        matches.nearness = direction.contributions(&similarities);
        matches.sources.insert("vector".into(), similarities);
    }
    matches
}

/// Items that a rule adds though their text does not match; in order of items.
fn add_included(found: &mut Vec<Found>, included: &RoaringBitmap) {
    let is_new = |item: &u32| found.binary_search_by_key(&ItemId(*item), |found| found.item).is_err();
    let new: Vec<Found> = included.iter().filter(is_new).map(|item| Found::elsewhere(ItemId(item))).collect();
    if !new.is_empty() {
        found.extend(new);
        // Two runs that are in order each: this sort merges them.
        found.sort_by_key(|found| found.item);
    }
}

/// The universe of a request that names the items to rank; the rest of it stays as it is.
fn given(run: &Run<'_>, universe: &Universe) -> Option<Universe> {
    if run.request.among.is_empty() {
        return None;
    }
    let named: RoaringBitmap = run.shopper.among.iter().copied().collect();
    Some(Universe {
        base: universe.base.clone(),
        filters: Vec::new(),
        variants: universe.variants.clone(),
        items: Arc::new(&named & &*universe.items),
        included: RoaringBitmap::new(),
        is_lasting: universe.is_lasting,
        scope: universe.scope,
    })
}

/// The unit's own type first, then rung after rung until the unit is full, whatever page of it is asked for.
fn unit_candidates(run: &mut Run<'_>, unit: &Unit, universe: &Universe) -> Matches {
    let wanted = (unit.limit as usize).max(run.shopper.among.len());
    let mut rung_names = vec![unit.unit_type.clone()];
    rung_names.extend(unit.fallback.iter().filter(|rung| **rung != unit.unit_type).cloned());
    let mut rows: BTreeMap<u32, (f32, u8)> = BTreeMap::new();
    let mut sources: BTreeMap<String, BTreeMap<u32, f32>> = BTreeMap::new();
    rows.extend((&universe.included & &*universe.items).iter().map(|item| (item, (0.0, 0))));
    for (at, rung) in rung_names.clone().iter().enumerate() {
        if rows.len() >= wanted {
            break;
        }
        let (candidates, found_by) = rung_candidates(run, rung, wanted * RETRIEVE_FACTOR, universe);
        let (rung, at) = match found_by {
            FoundBy::Rung => (rung.as_str(), at),
            FoundBy::StandIn => (DEFAULT_FALLBACK, place_of(DEFAULT_FALLBACK, &mut rung_names)),
        };
        let kept = candidates.into_iter().filter(|c| universe.items.contains(c.item) && c.score.is_finite());
        let credits = run.credits.take();
        for candidate in kept {
            let credited = credits.iter().filter(|(_, items)| items.contains(&candidate.item));
            for name in credited.map(|(source, _)| source.as_str()).chain([rung]) {
                sources.entry(name.to_owned()).or_default().entry(candidate.item).or_insert(candidate.score);
            }
            rows.entry(candidate.item).or_insert((candidate.score, at as u8));
        }
    }
    // A list that was given comes back whole.
    if !run.shopper.among.is_empty() {
        let at = (rung_names.len() - 1) as u8;
        rows.extend(
            universe.items.iter().filter(|item| !rows.contains_key(item)).map(|i| (i, (0.0, at))).collect::<Vec<_>>(),
        );
    }
    if run.unanchored.get() {
        let message = "the unit is about products, and the request names none in `anchors` or `cart`";
        run.warnings.push(message.to_owned());
    }
    let items: Vec<u32> = rows.keys().copied().collect();
    let column = |scores: &BTreeMap<u32, f32>| -> Vec<f32> {
        items.iter().map(|item| scores.get(item).copied().unwrap_or(f32::NAN)).collect()
    };
    Matches {
        base: rows.values().map(|(score, _)| *score).collect(),
        base_name: "kernel/source".into(),
        sources: sources.iter().map(|(name, scores)| (name.clone(), column(scores))).collect(),
        rungs: rows.values().map(|(_, rung)| *rung).collect(),
        rung_names,
        items,
        ..Matches::default()
    }
}

/// Who found the candidates of a rung.
enum FoundBy {
    /// The rung itself.
    Rung,
    /// [`DEFAULT_FALLBACK`], because nobody serves the rung.
    StandIn,
}

/// Place of a rung, which is added when it is none yet.
fn place_of(rung: &str, rung_names: &mut Vec<String>) -> usize {
    rung_names.iter().position(|name| name == rung).unwrap_or_else(|| {
        rung_names.push(rung.to_owned());
        rung_names.len() - 1
    })
}

/// The plugin that serves the unit type, else the kernel's source of that name, else what most look at.
fn rung_candidates(run: &mut Run<'_>, rung: &str, k: usize, universe: &Universe) -> (Vec<Candidate>, FoundBy) {
    let plugins = run.epoch.plugins.clone();
    if let Some(slot) = plugins.retriever(rung)
        && let Some(found) =
            run.call(slot, Lent { universe: Some(universe), batch: None }, |slot, context| slot.retrieve(context, k))
    {
        return (found, FoundBy::Rung);
    }
    // What a plugin said before it failed is not to be believed.
    run.credits.take();
    let anchors = run.shopper.anchors.clone();
    match source::candidates(run, rung, &anchors, k, &universe.items) {
        Ok(found) => (found, FoundBy::Rung),
        Err(unknown) => {
            if plugins.retriever(rung).is_none() {
                run.warnings.push(unknown);
            }
            let found = source::candidates(run, DEFAULT_FALLBACK, &anchors, k, &universe.items).unwrap_or_default();
            (found, FoundBy::StandIn)
        }
    }
}

impl Matches {
    /// Rows.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The rows of those of `items` that match, ascending.
    pub fn rows_of(&self, items: &RoaringBitmap) -> Vec<u32> {
        if items.len() < FEW_ITEMS {
            return items.iter().filter_map(|item| self.row_of(item)).map(|row| row as u32).collect();
        }
        let rows = self.rows.get_or_init(|| {
            let mut rows = vec![NO_ROW; self.items.last().map_or(0, |last| *last as usize + 1)];
            self.items.iter().zip(0..).for_each(|(&item, row)| rows[item as usize] = row);
            rows
        });
        let found = items.iter().map_while(|item| rows.get(item as usize)).copied();
        found.filter(|row| *row != NO_ROW).collect()
    }

    /// The rows of those of some items that match, ascending, each once.
    pub fn rows_of_each(&self, items: &[u32]) -> Vec<u32> {
        let mut rows: Vec<u32> = items.iter().filter_map(|item| self.row_of(*item)).map(|row| row as u32).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The items of some rows.
    pub fn items_of(&self, rows: &[u32]) -> Cow<'_, [u32]> {
        match self.is_whole(rows) {
            true => Cow::Borrowed(&self.items),
            false => rows.iter().map(|&row| self.items[row as usize]).collect(),
        }
    }

    /// Whether these are all rows, in order.
    pub fn is_whole(&self, rows: &[u32]) -> bool {
        let is_in_order =
            |(rows, at): (&[u32], u32)| rows.iter().zip(at * 256..).fold(true, |all, (row, at)| all & (*row == at));
        rows.len() == self.len() && rows.chunks(256).zip(0..).all(is_in_order)
    }

    /// The row of an item.
    pub fn row_of(&self, item: u32) -> Option<usize> {
        self.items.binary_search(&item).ok()
    }

    /// A source's raw scores by the name a plugin reads them under.
    pub fn source_column(&self, name: &str) -> Option<&[f32]> {
        let source = name.strip_prefix(column::SOURCE_PREFIX)?;
        self.sources.get(source).map(Vec::as_slice)
    }
}
