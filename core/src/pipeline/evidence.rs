//! What did earlier searches for this show?
//!
//! Reads the evidence for the request's own words, once, and brings in products that shoppers take for them though
//! their texts do not say these words. What the evidence is worth in the ranking is a plugin's decision; here it is
//! only a column and a source.

use roaring::RoaringBitmap;

use super::run::{Run, Subject};
use crate::id::ItemId;
use crate::limits::{EVIDENT_ITEMS_MAX, EVIDENT_VALUE_MIN};
use crate::signal::Evidence;
use crate::text::{self, Found};

/// Name of the source.
const SOURCE: &str = "evidence";

/// Evidence for a request, its products being those that are known now.
pub(super) fn read(run: &Run<'_>) -> Evidence {
    let Subject::Search { text } = &run.subject else { return Evidence::default() };
    if text.is_empty() {
        return Evidence::default();
    }
    let mut evidence = run.snapshot.signals.evidence(&text::stem_set(&run.view.locale, text));
    // A sku that was seen in an event before its product came may be a variant's: the product takes the better one.
    let catalog = &run.snapshot.catalog;
    for column in [&mut evidence.values, &mut evidence.novelty] {
        column.iter_mut().for_each(|(item, _)| *item = catalog.stands_for(*item));
        column.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        column.dedup_by_key(|(item, _)| *item);
    }
    evidence
}

/// The value of an item in a column that is ordered by item.
pub(super) fn value_of(column: &[(ItemId, f32)], item: ItemId) -> Option<f32> {
    column.binary_search_by_key(&item, |(of, _)| *of).ok().map(|at| column[at].1)
}

/// Adds products of the universe that the evidence speaks for clearly and that `found`, ordered by item, does not
/// have, with a text score of 0.
pub(super) fn add_evident(run: &Run<'_>, found: &mut Vec<Found>, universe: &RoaringBitmap) {
    let clear = run.evidence().values.iter().filter(|(_, value)| *value >= EVIDENT_VALUE_MIN);
    let is_new = |item: ItemId| found.binary_search_by_key(&item, |known| known.item).is_err();
    let mut new: Vec<(ItemId, f32)> =
        clear.filter(|(item, _)| universe.contains(item.0) && is_new(*item)).copied().collect();
    if new.is_empty() {
        return;
    }
    new.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.extend(new.into_iter().take(EVIDENT_ITEMS_MAX).map(|(item, _)| Found::elsewhere(item)));
    found.sort_unstable_by_key(|found| found.item);
}

/// The evidence over `items` as a source that found them, if there is any.
pub(super) fn as_source(run: &Run<'_>, items: &[u32]) -> Option<(String, Vec<f32>)> {
    let values = &run.evidence().values;
    if values.is_empty() {
        return None;
    }
    let clear = |item: &u32| value_of(values, ItemId(*item)).filter(|value| *value >= EVIDENT_VALUE_MIN);
    let column: Vec<f32> = items.iter().map(|item| clear(item).unwrap_or(f32::NAN)).collect();
    Some((SOURCE.to_owned(), column))
}
