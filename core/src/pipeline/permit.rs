//! What may stand in a unit?
//!
//! Every inclusion must hold, then no exclusion may, and the relation to the page's product, the first anchor,
//! must: a set of variants, made before anything is retrieved. Without an anchor there is nothing to relate to,
//! and the relation is left out.

use std::borrow::Cow;

use roaring::RoaringBitmap;

use super::eligible::{context, evaluate};
use super::run::Run;
use super::unit::{Relative, Unit};
use crate::expr::{Condition, Test, relate};
use crate::id::ItemId;

/// The variants a unit permits; `None` when it permits all.
pub(super) fn permitted(run: &Run<'_>, unit: &Unit, anchors: &[ItemId]) -> Option<RoaringBitmap> {
    let mut kept: Option<RoaringBitmap> = None;
    let mut keep = |passing: RoaringBitmap| match &mut kept {
        Some(kept) => *kept &= passing,
        None => kept = Some(passing),
    };
    unit.include.iter().for_each(|condition| keep(evaluate(run, &meant(run, condition, anchors))));
    if let Some(&anchor) = anchors.first() {
        related(run, unit.relative, anchor).into_iter().for_each(keep);
    }
    if unit.exclude.is_empty() {
        return kept;
    }
    let mut kept = kept.unwrap_or_else(|| RoaringBitmap::clone(run.snapshot.catalog.alive()));
    unit.exclude.iter().for_each(|condition| kept -= evaluate(run, &meant(run, condition, anchors)));
    Some(kept)
}

/// A condition with what is relative in it filled in from the page's product; without one nothing satisfies that part.
fn meant<'c>(run: &Run<'_>, condition: &'c Condition, anchors: &[ItemId]) -> Cow<'c, Condition> {
    match anchors.first().filter(|_| condition.is_relative()) {
        Some(&anchor) => Cow::Owned(relate(condition, &run.snapshot.catalog, anchor, &context(run))),
        None => Cow::Borrowed(condition),
    }
}

/// The variants that stand in each relation to `anchor` that is asked for.
fn related(run: &Run<'_>, relative: Relative, anchor: ItemId) -> Vec<RoaringBitmap> {
    let catalog = &run.snapshot.catalog;
    let mut relations = Vec::new();
    if relative.same_category {
        let mut members = RoaringBitmap::new();
        for place in catalog.product(anchor).iter().flat_map(|product| &product.placements) {
            members |= catalog.members(place.category).map(|members| &**members).unwrap_or(&RoaringBitmap::new());
        }
        relations.push(catalog.expand(&members));
    }
    if let (Some((below, above)), Some(quote)) = (relative.price, run.quote(anchor)) {
        let price = quote.final_minor as f64;
        let least = (price * (1.0 - below / 100.0)).ceil();
        let most = (price * (1.0 + above / 100.0)).floor();
        // Between two whole minor units, since the upper bound of a range is not part of it.
        let range = Test::Range { from: Some(least / run.book.scale()), to: Some((most + 0.5) / run.book.scale()) };
        relations.push(evaluate(run, &Condition::Field { field: "price".into(), test: range }));
    }
    relations
}
