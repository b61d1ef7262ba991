//! How many matches has each value?
//!
//! Every facet is counted over the matches under all filters but its own, so that choosing one value leaves
//! the other values of the same facet selectable. Which facets, in which order and how many values is read
//! from the attributes' definitions; the counting itself is the catalog's. Facets that no filter is about are
//! counted together in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::eligible::Universe;
use super::request::{Bucket, Facet};
use super::retrieve::Matches;
use super::run::{Run, Subject};
use crate::catalog::definition::{AttributeDefinition, CATEGORIES, FacetMode, FacetRanges, FacetSort, PRICE};
use crate::catalog::facet::{Matches as Matched, Measure, Scope};
use crate::catalog::{AttributeId, ROOT};
use crate::limits::RANGES_WANTED;

pub(super) fn count(run: &mut Run<'_>, universe: &Universe, matches: &Matches) -> Vec<Facet> {
    if matches!(run.subject, Subject::Unit { .. }) && run.request.facets.is_none() {
        return Vec::new();
    }
    let wanted = wanted(run);
    if wanted.is_empty() || !run.has_time_for("facets") {
        return Vec::new();
    }
    let counter = Counter::new(run, universe, matches, &wanted);
    let facets = wanted.iter().map(|(code, definition)| counter.facet(code, definition));
    facets.filter(|facet| !facet.buckets.is_empty() || facet.bounds.is_some()).collect()
}

/// The facets to count: those asked for, else pinned ones in their order, then dynamic ones by label.
fn wanted(run: &Run<'_>) -> Vec<(String, AttributeDefinition)> {
    let shop = &run.epoch.shop;
    match &run.request.facets {
        None => shop.facets.clone(),
        Some(codes) => codes.iter().map(|code| (code.clone(), shop.attribute(code))).collect(),
    }
}

/// Counts one request's facets.
struct Counter<'c, 'a> {
    run: &'c Run<'a>,
    universe: &'c Universe,
    /// Matched products before the caller's filters.
    unfiltered: RoaringBitmap,
    /// What a facet is counted over that no filter is about.
    plain: Set,
    /// The values of those facets, in ordinal order.
    counted: BTreeMap<AttributeId, Vec<(u32, u64)>>,
}

/// What one facet is counted over.
struct Set {
    variants: Arc<RoaringBitmap>,
    items: RoaringBitmap,
    scope: Scope,
}

impl Set {
    fn matched(&self) -> Matched<'_> {
        Matched { variants: &self.variants, items: &self.items, scope: self.scope }
    }
}

impl<'c, 'a> Counter<'c, 'a> {
    fn new(
        run: &'c Run<'a>,
        universe: &'c Universe,
        matches: &Matches,
        wanted: &[(String, AttributeDefinition)],
    ) -> Self {
        let filtered: RoaringBitmap = matches.items.iter().copied().collect();
        let unfiltered = matches.unfiltered.clone().unwrap_or_else(|| filtered.clone());
        let scope = if universe.filters.is_empty() { universe.scope } else { Scope::SomeVariants };
        let plain = Set { variants: universe.variants.clone(), items: filtered, scope };
        let mut counter = Self { run, universe, unfiltered, plain, counted: BTreeMap::new() };
        counter.count_together(wanted);
        counter
    }

    /// Counts the values of all facets that no filter is about, in one pass over the matches.
    fn count_together(&mut self, wanted: &[(String, AttributeDefinition)]) {
        let catalog = &self.run.snapshot.catalog;
        let codes = wanted.iter().map(|(code, _)| code.as_str());
        let plain = codes.filter(|code| !matches!(*code, CATEGORIES | PRICE) && !self.has_filter(code));
        let ids: BTreeSet<AttributeId> = plain.filter_map(|code| catalog.attribute_id(code)).collect();
        let is_text = |id: &AttributeId| catalog.attribute(*id).is_some_and(|attribute| !attribute.is_numeric());
        let ids: Vec<AttributeId> = ids.into_iter().filter(is_text).collect();
        let counts = catalog.count_many(&ids, self.plain.matched());
        self.counted = ids.into_iter().zip(counts).collect();
    }

    /// Is one of the caller's filters about this field?
    fn has_filter(&self, field: &str) -> bool {
        self.universe.filters.iter().any(|(of, _)| of.as_deref() == Some(field))
    }

    fn facet(&self, code: &str, definition: &AttributeDefinition) -> Facet {
        let field = if code == CATEGORIES { "category" } else { code };
        let own;
        let set = if self.has_filter(field) {
            let variants = self.universe.without_filters_on(field);
            let items = self.run.snapshot.catalog.lift(&variants) & &self.unfiltered;
            own = Set { variants, items, scope: Scope::SomeVariants };
            &own
        } else {
            &self.plain
        };
        let mut facet = frame(code, definition);
        let catalog = &self.run.snapshot.catalog;
        match (code, catalog.attribute_id(code)) {
            (CATEGORIES, _) => {
                facet.buckets = self.categories(set);
                facet.buckets.truncate(definition.facet_size);
            }
            (PRICE, _) => {
                let measure = Measure::Price { chain: &self.run.book, now_ms: self.run.now_ms };
                self.ranges(&mut facet, measure, &definition.ranges, set);
            }
            (_, Some(id)) if catalog.attribute(id).is_some_and(|attribute| attribute.is_numeric()) => {
                self.ranges(&mut facet, Measure::Number(id), &definition.ranges, set);
            }
            (_, Some(id)) => facet.buckets = self.values(id, definition, set),
            (_, None) => {}
        }
        facet
    }

    fn values(&self, id: AttributeId, definition: &AttributeDefinition, set: &Set) -> Vec<Bucket> {
        let catalog = &self.run.snapshot.catalog;
        let Some(attribute) = catalog.attribute(id) else { return Vec::new() };
        let own;
        let counted = match self.counted.get(&id) {
            Some(counted) => counted,
            None => {
                own = catalog.count_values(id, set.matched());
                &own
            }
        };
        let mut counted: Vec<(&str, u64)> =
            counted.iter().map(|&(ordinal, count)| (attribute.text(ordinal), count)).collect();
        let compare = |a: &(&str, u64), b: &(&str, u64)| match definition.facet_sort {
            FacetSort::Count => b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)),
            FacetSort::Alphabetical => a.0.cmp(b.0),
        };
        if definition.facet_size < counted.len() {
            counted.select_nth_unstable_by(definition.facet_size, compare);
            counted.truncate(definition.facet_size);
        }
        counted.sort_unstable_by(compare);
        counted.into_iter().map(|(text, count)| Bucket { value: text.to_owned(), range: None, count }).collect()
    }

    /// The children of the category browsed, or the top level.
    fn categories(&self, set: &Set) -> Vec<Bucket> {
        let catalog = &self.run.snapshot.catalog;
        let parent = match &self.run.subject {
            Subject::Category { id, .. } => *id,
            _ => ROOT,
        };
        let bucket =
            |(category, count)| Bucket { value: catalog.category_path(category).join("/"), range: None, count };
        catalog.count_categories(parent, &set.items).into_iter().map(bucket).collect()
    }

    /// Ranges and true bounds; empty ranges are left out, and an upper bound belongs to the next range.
    fn ranges(&self, facet: &mut Facet, measure: Measure<'_>, ranges: &FacetRanges, set: &Set) {
        let catalog = &self.run.snapshot.catalog;
        facet.bounds = catalog.bounds(measure, set.matched());
        let Some((low, high)) = facet.bounds else { return };
        let (edges, is_open) = match ranges {
            FacetRanges::Edges(edges) => (edges.clone(), true),
            FacetRanges::Step(step) => (edges_of(low, high, *step), false),
            FacetRanges::Automatic => (edges_of(low, high, round_step(high - low)), false),
        };
        let counts = catalog.count_ranges(measure, &edges, set.matched()).counts;
        let width = edges.windows(2).next().map_or(0.0, |pair| pair[1] - pair[0]);
        let counted = edges.iter().zip(counts).enumerate().filter(|(_, (_, count))| *count > 0);
        facet.buckets = counted
            .map(|(at, (&from, count))| {
                let to = edges.get(at + 1).copied().or((!is_open).then_some(from + width));
                let value = to.map_or_else(|| format!("{from}-"), |to| format!("{from}-{to}"));
                Bucket { value, range: Some((from, to)), count }
            })
            .collect();
    }
}

fn frame(code: &str, definition: &AttributeDefinition) -> Facet {
    let kind = if definition.facet == FacetMode::Pinned { "pinned" } else { "dynamic" };
    let label = definition.label.clone();
    Facet { attribute: code.to_owned(), label, kind: kind.to_owned(), buckets: Vec::new(), bounds: None }
}

/// Lower edges of equal ranges from the multiple of `step` below `low`, until `high` lies in the last; a step
/// that would give too many is doubled. One edge more than ranges are needed, so that the width can be read.
fn edges_of(low: f64, high: f64, step: f64) -> Vec<f64> {
    let mut step = step;
    while (high - low) / step > 100.0 {
        step *= 2.0;
    }
    let first = (low / step).floor();
    let n = (high / step).floor() - first + 2.0;
    // Multiplying, not adding up, keeps the edges the numbers a person would write.
    (0..n as u64).map(|at| round_to_step((first + at as f64) * step, step)).collect()
}

/// `0.30000000000000004` for a step of 0.1 becomes `0.3`.
fn round_to_step(value: f64, step: f64) -> f64 {
    let decimals = (-step.log10().floor()).max(0.0) + 2.0;
    let scale = 10f64.powf(decimals);
    (value * scale).round() / scale
}

/// The smallest of 1, 2, 5 × 10^k that cuts `span` into at most [`RANGES_WANTED`] ranges.
fn round_step(span: f64) -> f64 {
    let raw = (span / RANGES_WANTED as f64).max(0.01);
    let magnitude = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * magnitude).find(|step| *step >= raw).unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_few() {
        for (span, expected) in [(0.0, 0.01), (8.0, 1.0), (9.0, 2.0), (90.0, 20.0), (300.0, 50.0), (7_999.0, 1_000.0)] {
            assert!((round_step(span) - expected).abs() < 1e-9, "{span}: {}", round_step(span));
        }
    }

    #[test]
    fn edges_cover_the_span_and_read_well() {
        assert_eq!(edges_of(3.0, 44.0, 20.0), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(edges_of(20.0, 20.0, 20.0), [20.0, 40.0]);
        assert_eq!(edges_of(0.1, 0.35, 0.1), [0.1, 0.2, 0.3, 0.4]);
        assert!(edges_of(0.0, 1e9, 0.01).len() <= 102);
    }
}
