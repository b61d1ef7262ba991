//! What can the kernel propose by itself?
//!
//! The kernel's own retrievers, by name: they are mechanism, plugins combine them, and with no plugin at all
//! they still answer. Every one proposes eligible items only, best first, ties by item id.

use std::cell::RefCell;
use std::collections::BTreeMap;

use planogram_abi::{Candidate, source};
use roaring::RoaringBitmap;

use super::run::{Run, Subject};
use super::shown::{self, Shown};
use crate::catalog::doc::LinkKind;
use crate::id::ItemId;
use crate::signal::{CoKind, Counter, Window};
use crate::vector::SearchScratch;
use crate::visitor::{Past, next_purchases};

/// Weight of a recent view against the one after it, in a shopper's affinity vector.
const AFFINITY_DECAY: f32 = 0.8;

thread_local! {
    /// Each ranking worker fills its own again and again.
    static SCRATCH: RefCell<SearchScratch> = RefCell::default();
}

/// At most `k` candidates of the named source inside `universe`, or the reason why there is no such source.
pub(super) fn candidates(
    run: &Run<'_>,
    name: &str,
    anchors: &[u32],
    k: usize,
    universe: &RoaringBitmap,
) -> Result<Vec<Candidate>, String> {
    if anchors.is_empty() && starts_from_products(name) {
        run.unanchored.set(true);
        return Ok(Vec::new());
    }
    let top = |counter| run.demand.top(counter, Window::Week, k, universe).into_iter().map(candidate).collect();
    Ok(match name {
        source::MOST_VIEWED => top(Counter::Views),
        source::MOST_PURCHASED => top(Counter::Purchases),
        source::MOST_CARTED => top(Counter::Carts),
        source::TRENDING => run.demand.top_trending(k, universe).into_iter().map(candidate).collect(),
        source::VIEW_TO_CART => converting(run, Counter::Carts, k, universe),
        source::VIEW_TO_PURCHASE => converting(run, Counter::Purchases, k, universe),
        source::CO_VIEWED => neighbors(run, CoKind::ViewedViewed, anchors, k, universe),
        source::CO_BOUGHT => neighbors(run, CoKind::BoughtBought, anchors, k, universe),
        source::VIEWED_BOUGHT => neighbors(run, CoKind::ViewedBought, anchors, k, universe),
        source::BASKET => basket(run, anchors, k, universe),
        source::FOR_YOU => for_you(run, k, universe),
        source::SHOWN => shown(run, k, universe),
        source::RECENT => recent(run, k, universe),
        source::SESSION => session(run, anchors, k, universe),
        source::CONTENT => content(run, anchors, k, universe),
        _ => match (link_kind(name), name.strip_prefix(source::VECTOR_PREFIX)) {
            (Some(kind), _) => links(run, kind, anchors, k, universe),
            (None, Some(space)) => vector_neighbors(run, space, anchors, k, universe)?,
            (None, None) => return Err(format!("no unit type or source `{name}`")),
        },
    })
}

/// Whether a source proposes what goes with given products.
fn starts_from_products(name: &str) -> bool {
    [source::CO_VIEWED, source::CO_BOUGHT, source::VIEWED_BOUGHT, source::CONTENT, source::BASKET].contains(&name)
        || link_kind(name).is_some()
}

fn candidate((item, score): (ItemId, f32)) -> Candidate {
    Candidate { item: item.0, score }
}

fn link_kind(name: &str) -> Option<LinkKind> {
    let at = source::LINKS.iter().position(|link| *link == name)?;
    [LinkKind::Related, LinkKind::UpSell, LinkKind::CrossSell].get(at).copied()
}

fn converting(run: &Run<'_>, counter: Counter, k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    run.demand.top_converting(counter, k, universe).into_iter().map(candidate).collect()
}

/// Neighbors of all anchors: scores add up, so that what goes with several anchors comes first.
fn neighbors(run: &Run<'_>, kind: CoKind, anchors: &[u32], k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let lists = anchors.iter().map(|&anchor| {
        run.snapshot.signals.neighbors(kind, ItemId(anchor)).iter().map(|n| (n.item.0, n.score)).collect::<Vec<_>>()
    });
    sum_up(lists, anchors, k, universe)
}

/// Nearest to the mean of the anchors, or of the shopper's recent views where there are none: the newest counts most.
/// A space that is configured but holds nothing yet proposes nothing.
fn vector_neighbors(
    run: &Run<'_>,
    space: &str,
    anchors: &[u32],
    k: usize,
    universe: &RoaringBitmap,
) -> Result<Vec<Candidate>, String> {
    let vectors = &run.snapshot.vectors;
    let weighted: Vec<(ItemId, f32)> = match anchors {
        [] => {
            let weights = std::iter::successors(Some(1.0), |weight| Some(weight * AFFINITY_DECAY));
            run.shopper.recent.iter().copied().map(ItemId).zip(weights).collect()
        }
        anchors => anchors.iter().map(|anchor| (ItemId(*anchor), 1.0)).collect(),
    };
    let Some(query) = vectors.mean(space, weighted) else { return Ok(Vec::new()) };
    SCRATCH.with_borrow_mut(|scratch| {
        let found = vectors.similar(space, &query, k + anchors.len(), universe, scratch);
        let found = found.map_err(|error| error.to_string())?;
        let others = found.iter().filter(|near| !anchors.contains(&near.item.0));
        Ok(others.take(k).map(|near| Candidate { item: near.item.0, score: near.score }).collect())
    })
}

/// What reads like the anchors.
fn content(run: &Run<'_>, anchors: &[u32], k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let Some(view) = run.snapshot.text.view(&run.view.text_source) else { return Vec::new() };
    let lists = anchors.iter().filter_map(|&anchor| {
        let doc = run.snapshot.text_doc(&run.view.text_source, ItemId(anchor), run.epoch)?;
        let found = view.similar(&doc, k + anchors.len(), Some(universe)).unwrap_or_default();
        Some(found.into_iter().map(|(item, score)| (item.0, score)).collect::<Vec<_>>())
    });
    sum_up(lists, anchors, k, universe)
}

fn sum_up(
    lists: impl Iterator<Item = Vec<(u32, f32)>>,
    anchors: &[u32],
    k: usize,
    universe: &RoaringBitmap,
) -> Vec<Candidate> {
    let mut sums: BTreeMap<u32, f32> = BTreeMap::new();
    for (item, score) in lists.flatten() {
        if universe.contains(item) && !anchors.contains(&item) {
            *sums.entry(item).or_default() += score;
        }
    }
    best(sums, k)
}

/// The `k` best, ties by item id.
fn best(sums: BTreeMap<u32, f32>, k: usize) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = sums.into_iter().map(|(item, score)| Candidate { item, score }).collect();
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    candidates.truncate(k);
    candidates
}

/// What comes next in the shopper's visit; a product of the page that the visit has not come to yet is its last view.
fn session(run: &Run<'_>, anchors: &[u32], k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let page: &[u32] = if anchors.is_empty() { &run.shopper.anchors } else { anchors };
    let mut views = run.shopper.visit.clone();
    views.extend(page.iter().filter(|anchor| !run.shopper.visit.contains(anchor)));
    run.snapshot.signals.next_in_visit(&views, k, universe).into_iter().map(candidate).collect()
}

/// What completes the anchors as one basket.
fn basket(run: &Run<'_>, anchors: &[u32], k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let items: Vec<ItemId> = anchors.iter().copied().map(ItemId).collect();
    let found = run.snapshot.signals.complete(&items, |item| universe.contains(item.0));
    found.into_iter().take(k).map(|n| candidate((n.item, n.score))).collect()
}

/// What the shopper is likely to buy next; nobody known and nothing looked at leaves what anybody buys.
fn for_you(run: &Run<'_>, k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let (snapshot, shopper) = (run.snapshot, &run.request.shopper);
    let visitor = snapshot.visitors.get(shopper.visitor.as_deref(), shopper.customer.as_deref());
    let top = |(item, _)| item;
    let popular: Vec<ItemId> =
        run.demand.top(Counter::Purchases, Window::Month, k, universe).into_iter().map(top).collect();
    let viewed: Vec<ItemId> = run.shopper.recent.iter().copied().map(ItemId).collect();
    // That shoppers go back to what they viewed is for other units to show, unless this one is told to.
    let may_return = matches!(&run.subject, Subject::Unit { unit, .. } if unit.keep_seen == Some(true));
    let unseen = (!may_return).then(|| universe - RoaringBitmap::from_iter(&run.shopper.recent));
    let next = unseen.as_ref().unwrap_or(universe);
    let past = Past { visitor, viewed: &viewed };
    let estimates = next_purchases(&snapshot.visitors, past, &popular, next, &snapshot.signals);
    // What was bought before its product was known may stand for that product's variant.
    let mut sums: BTreeMap<u32, f32> = BTreeMap::new();
    for (item, estimate) in estimates {
        let item = snapshot.catalog.stands_for(item).0;
        if universe.contains(item) && estimate > 0.0 {
            *sums.entry(item).or_default() += estimate;
        }
    }
    best(sums, k)
}

/// The list of the request, in the order that suits the shopper.
fn shown(run: &Run<'_>, k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let mut list: Vec<u32> = Vec::new();
    let eligible = run.shopper.among.iter().copied().filter(|&item| universe.contains(item));
    eligible.for_each(|item| {
        if !list.contains(&item) {
            list.push(item)
        }
    });
    let mut touched: Vec<u32> = Vec::new();
    run.shopper.recent.iter().for_each(|item| {
        if !touched.contains(item) {
            touched.push(*item)
        }
    });
    let price = |item| run.quote(ItemId(item)).map(|quote| quote.final_minor as f64).filter(|minor| *minor > 0.0);
    let rows: Vec<Shown> = list
        .iter()
        .map(|&item| Shown { touched: touched.iter().position(|&t| t == item), price: price(item) })
        .collect();
    let scores = shown::scores(&rows);
    let mut candidates: Vec<Candidate> =
        list.into_iter().zip(scores).map(|(item, score)| Candidate { item, score }).collect();
    // Stable: equal items stay in the order given.
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(k);
    candidates
}

/// The shopper's own views, newest first; the score falls with the rank.
fn recent(run: &Run<'_>, k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let eligible = run.shopper.recent.iter().copied().filter(|&item| universe.contains(item));
    ranked(eligible, k)
}

/// Manual links in the merchant's order, those of the first anchor first.
fn links(run: &Run<'_>, kind: LinkKind, anchors: &[u32], k: usize, universe: &RoaringBitmap) -> Vec<Candidate> {
    let catalog = &run.snapshot.catalog;
    let mut linked = Vec::new();
    for &anchor in anchors {
        let skus = catalog.product(ItemId(anchor)).and_then(|product| product.links.get(&kind));
        for item in skus.into_iter().flatten().filter_map(|sku| catalog.item(sku)) {
            if universe.contains(item.0) && !linked.contains(&item.0) && !anchors.contains(&item.0) {
                linked.push(item.0);
            }
        }
    }
    ranked(linked.into_iter(), k)
}

/// Scores 1, 1/2, 1/3, … by rank.
fn ranked(items: impl Iterator<Item = u32>, k: usize) -> Vec<Candidate> {
    items.take(k).enumerate().map(|(rank, item)| Candidate { item, score: 1.0 / (1.0 + rank as f32) }).collect()
}
