//! What do rules propose beside the products of a page or a cart?
//!
//! Rules that are about one of the products, first one first: each shows the products that satisfy its `display`
//! relative to the products it is about, at most its limit, in order of the source it names. Rules are asked until the
//! list is full, those of one priority always together, so that rotation is fair among them.
//! What is not here: manual links and other sources, which stand before or behind (see [`crate::mix`]).

use std::collections::HashSet;

use planogram_abi::limits::CANDIDATES_MAX;
use planogram_abi::{Call, Outcome};

use crate::book::Book;
use crate::config::Settings;
use crate::mix::Scored;
use crate::retrieve::draw_all;
use crate::rotate::{Proposal, Rotation, rotate, stand_for};
use crate::rule::RelatedRule;

/// Candidates that are asked of the source by which a rule orders its products; those behind count as unordered.
const ORDERED_MAX: usize = 1_000;

/// What is asked.
pub struct Wish<'a> {
    /// The list, an index in [`LISTS`](crate::rule::LISTS).
    pub list: usize,
    /// Products the list is about.
    pub anchors: &'a [u32],
    /// What must not be proposed.
    pub excluded: &'a HashSet<u32>,
    /// Products wanted.
    pub wanted: usize,
    /// How they take turns.
    pub rotation: Rotation,
}

/// The proposals of the rules, best first, with falling scores; the host is told who proposed what.
pub fn propose(book: &Book, settings: &Settings, call: &Call<'_>, wish: &Wish<'_>) -> Outcome<Vec<Scored>> {
    if book.rules().is_empty() {
        return Ok(Vec::new());
    }
    let satisfied = wish.anchors.iter().map(|anchor| Ok((*anchor, call.host.satisfied(*anchor)?)));
    let satisfied = satisfied.collect::<Outcome<Vec<_>>>()?;
    let rules = book.applying(wish.list, &call.request, &satisfied);
    let mut proposals: Vec<Proposal> = Vec::new();
    let mut proposed: HashSet<u32> = HashSet::new();
    for (at, (rule, about)) in rules.iter().take(settings.rules.tried_max).enumerate() {
        let is_new_band = at > 0 && rules[at - 1].0.head.priority != rule.head.priority;
        if is_new_band && wish.rotation != Rotation::Weighted && proposed.len() >= wish.wanted {
            break;
        }
        let items = items_of(rule, about, settings, call, wish)?;
        let own: Vec<u32> = items.iter().map(|(item, _)| *item).filter(|item| proposed.insert(*item)).collect();
        if let Some(display) = rule.display.1 {
            call.host.confine(&rule.label, display, about)?;
        }
        if !own.is_empty() {
            call.host.credit(&rule.label, &own)?;
        }
        proposals.push(Proposal { priority: rule.head.priority, items });
    }
    let order = rotate(&proposals, wish.rotation, call.request.seed);
    Ok(order.into_iter().take(wish.wanted).enumerate().map(|(rank, item)| (item, 1.0 / (1.0 + rank as f32))).collect())
}

/// The products that stand for a rule.
fn items_of(
    rule: &RelatedRule,
    about: &[u32],
    settings: &Settings,
    call: &Call<'_>,
    wish: &Wish<'_>,
) -> Outcome<Vec<(u32, f32)>> {
    let Some(display) = rule.display.1 else { return Ok(Vec::new()) };
    let by_lot = rule.by_lot.unwrap_or(wish.rotation != Rotation::Id);
    // In order of id the first ones are enough.
    let is_whole = by_lot || rule.order_by.is_some();
    let k = if is_whole { CANDIDATES_MAX } else { (rule.limit + wish.excluded.len()).min(CANDIDATES_MAX) };
    let mut shown = call.host.matching(display, about, k)?;
    shown.retain(|item| !wish.excluded.contains(item));
    let mut items: Vec<(u32, f32)> = shown.into_iter().map(|item| (item, 0.0)).collect();
    if let Some(source) = &rule.order_by {
        let ordered = draw_all(call, &settings.ingredient(source), about, ORDERED_MAX)?;
        for (item, score) in ordered {
            // Both are ascending by id.
            if let Ok(at) = items.binary_search_by_key(&item, |(item, _)| *item) {
                items[at].1 = score;
            }
        }
    }
    Ok(stand_for(items, rule.limit, by_lot.then_some(call.request.seed)))
}
