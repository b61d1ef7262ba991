//! What may stand in a unit?
//!
//! Every inclusion must hold, then no exclusion may, and the relation to the page's product, the first anchor,
//! must: a set of variants, made before anything is retrieved. Without an anchor there is nothing to relate to,
//! and the relation is left out.

use std::borrow::Cow;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::eligible::{evaluate, matching};
use super::run::Run;
use super::unit::{Relative, Unit};
use super::words::Answer;
use crate::expr::{self, Condition, StoredCondition, Test, in_words, relate};
use crate::id::{ItemId, VariantId};

/// The variants a unit permits; `None` when it permits all.
pub(super) fn permitted(run: &Run<'_>, unit: &Unit, anchors: &[ItemId]) -> Option<RoaringBitmap> {
    let mut kept: Option<RoaringBitmap> = None;
    let mut keep = |passing: &RoaringBitmap| match &mut kept {
        Some(kept) => *kept &= passing,
        None => kept = Some(passing.clone()),
    };
    unit.include.iter().for_each(|condition| keep(&meant(run, condition, anchors)));
    if let Some(&anchor) = anchors.first() {
        related(run, unit.relative, anchor).iter().for_each(|(_, related)| keep(related));
    }
    if unit.exclude.is_empty() {
        return kept;
    }
    let mut kept = kept.unwrap_or_else(|| RoaringBitmap::clone(run.snapshot.catalog.alive()));
    unit.exclude.iter().for_each(|condition| kept -= &*meant(run, condition, anchors));
    Some(kept)
}

/// Which part of a unit leaves an item out; `None` when none does.
///
/// `left` are the variants that may be shown at all.
pub(super) fn refusal(run: &Run<'_>, unit: &Unit, anchors: &[ItemId], mut left: RoaringBitmap) -> Option<Answer> {
    for stored in &unit.include {
        let variants: Vec<VariantId> = left.iter().map(VariantId).collect();
        left &= &*meant(run, stored, anchors);
        if left.is_empty() {
            let condition = related_to(run, stored.condition(), anchors);
            let refusal = expr::refusal(&condition, &run.snapshot.catalog, &variants, &run.eval_context())?;
            return Some(Answer::NotIncluded { refusal });
        }
    }
    let anchor = anchors.first().copied();
    for (relation, related) in anchor.map(|anchor| related(run, unit.relative, anchor)).unwrap_or_default() {
        left &= related;
        if left.is_empty() {
            let anchor = anchor.map(|anchor| run.snapshot.catalog.sku_of(anchor).to_owned()).unwrap_or_default();
            return Some(match relation {
                Relation::Category => Answer::OtherCategory { anchor },
                Relation::Price => Answer::OtherPrice { anchor },
            });
        }
    }
    for stored in &unit.exclude {
        left -= &*meant(run, stored, anchors);
        if left.is_empty() {
            return Some(Answer::Excluded { condition: in_words(&related_to(run, stored.condition(), anchors)) });
        }
    }
    None
}

/// A condition with what is relative in it filled in from the page's product, if there is one.
fn related_to<'c>(run: &Run<'_>, condition: &'c Condition, anchors: &[ItemId]) -> Cow<'c, Condition> {
    match anchors.first().filter(|_| condition.is_relative()) {
        Some(&anchor) => Cow::Owned(relate(condition, &run.snapshot.catalog, anchor, &run.eval_context())),
        None => Cow::Borrowed(condition),
    }
}

/// The variants that satisfy a condition with what is relative in it filled in from the page's product; without one
/// nothing satisfies that part.
fn meant(run: &Run<'_>, stored: &StoredCondition, anchors: &[ItemId]) -> Arc<RoaringBitmap> {
    match related_to(run, stored.condition(), anchors) {
        Cow::Owned(related) => Arc::new(evaluate(run, &related)),
        Cow::Borrowed(_) => matching(run, stored),
    }
}

/// What a unit may ask of its products in relation to that of the page.
#[derive(Clone, Copy)]
enum Relation {
    Category,
    Price,
}

/// The variants that stand in each relation to `anchor` that is asked for.
fn related(run: &Run<'_>, relative: Relative, anchor: ItemId) -> Vec<(Relation, RoaringBitmap)> {
    let catalog = &run.snapshot.catalog;
    let mut relations = Vec::new();
    if relative.same_category {
        let tree = run.members();
        let mut members = RoaringBitmap::new();
        tree.placed_in(anchor).for_each(|category| members |= tree.of_page(category));
        relations.push((Relation::Category, catalog.expand(&members)));
    }
    if let (Some((below, above)), Some(quote)) = (relative.price, run.quote(anchor)) {
        let price = quote.final_minor as f64;
        let least = (price * (1.0 - below / 100.0)).ceil();
        let most = (price * (1.0 + above / 100.0)).floor();
        // Between two whole minor units, since the upper bound of a range is not part of it.
        let range = Test::Range { from: Some(least / run.book.scale()), to: Some((most + 0.5) / run.book.scale()) };
        let price = Condition::Field { field: "price".into(), test: range };
        relations.push((Relation::Price, evaluate(run, &price)));
    }
    relations
}
