//! How many matches has each value?
//!
//! Every facet is counted over the matches under all filters but its own, so that choosing one value leaves
//! the other values of the same facet selectable. Which attributes may be facets, and how many values they show, is
//! read from their definitions; which of the dynamic ones are shown here is decided in `choose`, where numbers are cut
//! in `ranges`, and the counting itself is the catalog's. Facets that no filter is about are counted together in one
//! pass.

mod choose;
mod ranges;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use self::choose::{Weighed, choose, split};
use self::ranges::Edges;
use super::eligible::Universe;
use super::filter;
use super::request::{Bucket, Facet};
use super::retrieve::Matches;
use super::run::{Run, Subject};
use crate::catalog::definition::{AttributeDefinition, CATEGORIES, FacetMode, FacetSort, PRICE};
use crate::catalog::facet::{Matches as Matched, Measure, Scope};
use crate::catalog::{AttributeId, ROOT};
use crate::id::CategoryId;

pub(super) fn count(run: &mut Run<'_>, universe: &Universe, matches: &Matches) -> Vec<Facet> {
    if matches!(run.subject, Subject::Unit { .. }) && run.request.facets.is_none() {
        return Vec::new();
    }
    let wanted = wanted(run);
    if wanted.is_empty() || !run.has_time_for("facets") {
        return Vec::new();
    }
    let counter = Counter::new(run, universe, matches, &wanted);
    let counted = wanted.iter().filter(|(_, definition)| definition.facet_size > 0);
    let counted = counted.map(|(code, definition)| counter.weighed(code, definition));
    let counted = counted.filter(|one| !one.facet.buckets.is_empty() || one.facet.bounds.is_some());
    match &run.request.facets {
        None => choose(counted.collect(), run.view.dynamic_facets),
        Some(_) => counted.map(|one| one.facet).collect(),
    }
}

/// The facets to count: those asked for, else pinned ones in their order, then dynamic ones by label.
fn wanted<'a>(run: &Run<'a>) -> Vec<Wanted<'a>> {
    let (shop, view) = (&run.epoch.shop, run.view.code.as_str());
    match &run.request.facets {
        None => shop.facets(view).iter().map(|(code, one)| (code.as_str(), Cow::Borrowed(one))).collect(),
        Some(codes) => codes.iter().map(|code| (code.as_str(), shop.attribute_in_view(view, code))).collect(),
    }
}

/// A facet to count: its attribute's code and definition.
type Wanted<'a> = (&'a str, Cow<'a, AttributeDefinition>);

/// Counts one request's facets.
struct Counter<'c, 'a> {
    run: &'c Run<'a>,
    universe: &'c Universe,
    /// Matched products before the caller's filters; empty when there are none.
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
    fn new(run: &'c Run<'a>, universe: &'c Universe, matches: &Matches, wanted: &[Wanted<'_>]) -> Self {
        let filtered: RoaringBitmap = matches.items.iter().copied().collect();
        let unfiltered = match &matches.unfiltered {
            // Read only where a filter is.
            _ if universe.filters.is_empty() => RoaringBitmap::new(),
            Some(unfiltered) => unfiltered.clone(),
            None => filtered.clone(),
        };
        let scope = if universe.filters.is_empty() { universe.scope } else { Scope::SomeVariants };
        let plain = Set { variants: universe.variants.clone(), items: filtered, scope };
        let mut counter = Self { run, universe, unfiltered, plain, counted: BTreeMap::new() };
        counter.count_together(wanted);
        counter
    }

    /// Counts the values of all facets that no filter is about, in one pass over the matches.
    fn count_together(&mut self, wanted: &[Wanted<'_>]) {
        let catalog = &self.run.snapshot.catalog;
        let codes = wanted.iter().map(|(code, _)| *code);
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

    /// One facet, counted without its own filters and weighed.
    fn weighed(&self, code: &str, definition: &AttributeDefinition) -> Weighed {
        let field = filter::canonical(code);
        let filtered = self.has_filter(field);
        let own;
        let set = if filtered {
            let variants = self.universe.without_filters_on(field);
            let items = self.run.snapshot.catalog.lift(&variants) & &self.unfiltered;
            own = Set { variants, items, scope: Scope::SomeVariants };
            &own
        } else {
            &self.plain
        };
        let catalog = &self.run.snapshot.catalog;
        let id = catalog.attribute_id(code);
        let tally = match (code, id) {
            (CATEGORIES, _) => self.categories(definition, set),
            (PRICE, _) => {
                let measure = Measure::Price { chain: &self.run.book, now_ms: self.run.now_ms };
                self.ranges(measure, definition, set)
            }
            (_, Some(id)) if catalog.attribute(id).is_some_and(|attribute| attribute.is_numeric()) => {
                self.ranges(Measure::Number(id), definition, set)
            }
            (_, Some(id)) => self.values(id, definition, set),
            (_, None) => Tally::default(),
        };
        let share = |n: f64, of: u64| if of == 0 { 0.0 } else { (n / of as f64).min(1.0) };
        let attribute = id.and_then(|id| catalog.attribute(id));
        // Everything has a price and hangs somewhere. A product with several values was counted once for each.
        let (holders, per_item) =
            attribute.map_or((f64::INFINITY, 1.0), |it| (it.n_items() as f64, it.values_per_item()));
        let mut weighed = Weighed {
            facet: frame(code, definition, tally.buckets, tally.bounds),
            pinned: definition.facet == FacetMode::Pinned,
            filtered,
            coverage: share(tally.counted as f64 / per_item, set.items.len()),
            in_shop: share(holders, catalog.n_products()),
            split: tally.split,
        };
        weighed.facet.kind = weighed.kind().to_owned();
        weighed
    }

    fn values(&self, id: AttributeId, definition: &AttributeDefinition, set: &Set) -> Tally {
        let catalog = &self.run.snapshot.catalog;
        let Some(attribute) = catalog.attribute(id) else { return Tally::default() };
        let own;
        let counted = match self.counted.get(&id) {
            Some(counted) => counted,
            None => {
                own = catalog.count_values(id, set.matched());
                &own
            }
        };
        let count_of =
            |ordinal: u32| counted.binary_search_by_key(&ordinal, |(of, _)| *of).map_or(0, |at| counted[at].1);
        let pinned: Vec<(&str, Option<u32>)> =
            definition.pinned_values.iter().map(|text| (text.as_str(), attribute.ordinal(text))).collect();
        let is_pinned = |ordinal: u32| pinned.iter().any(|(_, of)| *of == Some(ordinal));
        let n_rest = definition.facet_size.saturating_sub(pinned.len());
        let mut rest: Vec<(u32, u64)> = counted.iter().filter(|(ordinal, _)| !is_pinned(*ordinal)).copied().collect();
        if definition.facet_sort == FacetSort::Count {
            keep_candidates(&mut rest, n_rest);
        }
        keep_first(&mut rest, n_rest, definition.facet_sort, |a, b| attribute.compare_texts(*a, *b));
        let rest = rest.into_iter().map(|(ordinal, count)| (attribute.text(ordinal), count));
        let first = pinned.iter().map(|&(text, ordinal)| match ordinal {
            Some(ordinal) => (attribute.text(ordinal), count_of(ordinal)),
            None => (text, 0),
        });
        let buckets = first.chain(rest).map(|(text, count)| bucket(text.to_owned(), count)).collect();
        Tally::of(buckets, counted.iter().map(|(_, count)| *count))
    }

    /// Categories as buckets: pinned ones, then the children of the category browsed or, in a search, what lies beside
    /// and below the categories filtered by, then the top level.
    fn categories(&self, definition: &AttributeDefinition, set: &Set) -> Tally {
        let catalog = &self.run.snapshot.catalog;
        let (hidden, members) = (&self.run.hidden, self.run.members());
        let found = definition.pinned_values.iter().filter_map(|path| catalog.category(path));
        let pinned: Vec<CategoryId> = found.filter(|id| !hidden.contains(*id)).collect();
        let mut rest: Vec<(CategoryId, u64)> = Vec::new();
        for parent in self.open_categories() {
            for (id, count) in members.count_children(parent, &set.items) {
                if !hidden.contains(id) && !pinned.contains(&id) && rest.iter().all(|(known, _)| *known != id) {
                    rest.push((id, count));
                }
            }
        }
        let path = |id: CategoryId| catalog.category_path(id).join("/");
        let counts: Vec<u64> = rest.iter().map(|(_, count)| *count).collect();
        let mut rest: Vec<(String, u64)> = rest.into_iter().map(|(id, count)| (path(id), count)).collect();
        keep_first(&mut rest, definition.facet_size.saturating_sub(pinned.len()), definition.facet_sort, Ord::cmp);
        let count_of = |id: CategoryId| members.subtree(id).intersection_len(&set.items);
        let first = pinned.into_iter().map(|id| (path(id), count_of(id)));
        Tally::of(first.chain(rest).map(|(path, count)| bucket(path, count)).collect(), counts.into_iter())
    }

    /// The categories whose children are listed.
    fn open_categories(&self) -> Vec<CategoryId> {
        let catalog = &self.run.snapshot.catalog;
        if let Subject::Category { id, .. } = &self.run.subject {
            return vec![*id];
        }
        let paths = filter::categories_of(&self.run.filters);
        let chosen: Vec<CategoryId> = paths.into_iter().filter_map(|path| catalog.category(path)).collect();
        let beside = chosen.iter().filter_map(|id| catalog.category_node(*id)?.parent);
        let mut open: Vec<CategoryId> = Vec::new();
        for id in beside.chain(chosen.iter().copied()).chain([ROOT]) {
            if !open.contains(&id) {
                open.push(id);
            }
        }
        open
    }

    /// Ranges and true bounds; empty ranges are left out, and an upper bound belongs to the next range.
    fn ranges(&self, measure: Measure<'_>, definition: &AttributeDefinition, set: &Set) -> Tally {
        let catalog = &self.run.snapshot.catalog;
        let bounds = catalog.bounds(measure, set.matched());
        let Some((low, high)) = bounds else { return Tally::default() };
        let edges = Edges::of(&definition.ranges, low, high, definition.facet_size);
        let counts = catalog.count_ranges(measure, &edges.lower, set.matched()).counts;
        let counted = edges.lower.iter().zip(&counts).enumerate().filter(|(_, (_, count))| **count > 0);
        let buckets = counted.map(|(at, (&from, &count))| {
            let to = edges.upper(at);
            let value = to.map_or_else(|| format!("{from}-"), |to| format!("{from}-{to}"));
            Bucket { value, range: Some((from, to)), count }
        });
        Tally { bounds, ..Tally::of(buckets.collect(), counts.iter().copied()) }
    }
}

/// What was counted for one facet.
#[derive(Default)]
struct Tally {
    buckets: Vec<Bucket>,
    bounds: Option<(f64, f64)>,
    /// Sum of the counts of all values, those that are not shown included.
    counted: u64,
    split: f64,
}

impl Tally {
    /// The buckets to show, and the counts of all values there are.
    fn of(buckets: Vec<Bucket>, counts: impl Iterator<Item = u64> + Clone) -> Self {
        Self { buckets, bounds: None, counted: counts.clone().sum(), split: split(counts) }
    }
}

fn bucket(value: String, count: u64) -> Bucket {
    Bucket { value, range: None, count }
}

/// Keeps the values that may be among the `n` most frequent; their texts, which decide among equals, need not be read
/// for the others.
fn keep_candidates(values: &mut Vec<(u32, u64)>, n: usize) {
    if n == 0 || values.len() <= n {
        return;
    }
    let mut counts: Vec<u64> = values.iter().map(|(_, count)| *count).collect();
    let (_, &mut least, _) = counts.select_nth_unstable_by(n - 1, |a, b| b.cmp(a));
    values.retain(|(_, count)| *count >= least);
}

/// Keeps the first `n` values in order; `texts` compares what they are called.
fn keep_first<T>(values: &mut Vec<(T, u64)>, n: usize, sort: FacetSort, texts: impl Fn(&T, &T) -> Ordering) {
    let by_text = |a: &(T, u64), b: &(T, u64)| texts(&a.0, &b.0);
    let compare = |a: &(T, u64), b: &(T, u64)| match sort {
        FacetSort::Count => b.1.cmp(&a.1).then_with(|| by_text(a, b)),
        FacetSort::Alphabetical | FacetSort::Position => by_text(a, b),
    };
    if sort == FacetSort::Position {
        values.truncate(n);
        return;
    }
    if n < values.len() {
        values.select_nth_unstable_by(n, compare);
        values.truncate(n);
    }
    values.sort_unstable_by(compare);
}

fn frame(code: &str, definition: &AttributeDefinition, buckets: Vec<Bucket>, bounds: Option<(f64, f64)>) -> Facet {
    Facet { attribute: code.to_owned(), label: definition.label.clone(), kind: String::new(), buckets, bounds }
}
