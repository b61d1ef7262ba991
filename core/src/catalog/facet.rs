//! How many matched products have each value?
//!
//! Every count is exact and counts products: a product counts once for a value when at least one of its
//! matched variants has it. A wide set is counted by intersecting bitmaps, where the attribute allows that;
//! a narrow one by reading the rows of its products, all attributes in one pass. Both give the same numbers.
//! Which facets are shown, how many values and in which order, is the pipeline's business.

use std::hint::black_box;

use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::attribute::{UNLISTED, has_attribute};
use super::bits::FlatBits;
use super::rows::Pair;
use super::{AttributeId, BookChain, Catalog};
use crate::id::{ItemId, TimeMs, VariantId};

/// Cost of counting one product by its row, in bits tested instead.
const BITS_PER_ROW: u64 = 4;
/// A set with at least one in this many of all products is kept as plain bits by its bitmap, fewer as a list.
const DENSE: u64 = 16;
/// A dictionary larger than this is counted in a hash map when the matched set is much smaller.
const DENSE_VALUES_MAX: usize = 4_096;

/// Rows that are waited for at once.
const ROWS_AT_ONCE: usize = 32;

/// What facets are counted over.
#[derive(Clone, Copy, Debug)]
pub struct Matches<'a> {
    /// Matched variants; they may belong to more products than `items`.
    pub variants: &'a RoaringBitmap,
    /// Matched products: each has at least one variant in `variants`.
    pub items: &'a RoaringBitmap,
    /// Which variants of a matched product are matched.
    pub scope: Scope,
}

/// Which variants of a matched product are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them: no filter and no stock rule cut a product in two. Allows faster counting.
    WholeProducts,
    /// Perhaps only some.
    SomeVariants,
}

/// A number of each matched variant, for ranges.
#[derive(Clone, Copy, Debug)]
pub enum Measure<'a> {
    /// Final price in major units.
    Price {
        /// Price books of the request.
        chain: &'a BookChain,
        /// Time of the request.
        now_ms: TimeMs,
    },
    /// A numeric attribute.
    Number(AttributeId),
}

/// Smallest and largest number, and how many products lie in each range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeCounts {
    /// `counts[i]` products have a matched variant in `[edges[i], edges[i + 1])`; the last range is open.
    pub counts: Vec<u64>,
    /// Over matched variants with a number; `None` when there are none.
    pub bounds: Option<(f64, f64)>,
}

impl Catalog {
    /// Products for each value of an attribute, in ordinal order, values without products left out.
    pub fn count_values(&self, attribute: AttributeId, matches: Matches<'_>) -> Vec<(u32, u64)> {
        self.count_many(&[attribute], matches).pop().unwrap_or_default()
    }

    /// [`Catalog::count_values`] of several attributes at once: `[attributes.len()]`, in their order.
    pub fn count_many(&self, attributes: &[AttributeId], matches: Matches<'_>) -> Vec<Vec<(u32, u64)>> {
        let mut counts = vec![Vec::new(); attributes.len()];
        let mut scanned = Vec::new();
        for (at, &id) in attributes.iter().enumerate() {
            let Some(attribute) = self.attribute(id) else { continue };
            let exact = attribute.is_uniform() || matches.scope == Scope::WholeProducts;
            if exact && self.is_wide(matches.items.len(), attribute.n_values() as u64) {
                counts[at] = self.count_by_bitmap(id, matches.items);
            } else {
                scanned.push((at, id));
            }
        }
        if !scanned.is_empty() {
            let ids: Vec<AttributeId> = scanned.iter().map(|(_, id)| *id).collect();
            for ((at, _), found) in scanned.iter().zip(self.count_by_scan(&ids, matches)) {
                counts[*at] = found;
            }
        }
        counts
    }

    /// Is it cheaper to intersect `n_items` matched products with each of `n_values` bitmaps than to read their
    /// rows? Against plain bits a value costs its own size, all values together one bit a product, and less when
    /// the values are plain bits, too, and go word by word; a list is walked once more for every value.
    fn is_wide(&self, n_items: u64, n_values: u64) -> bool {
        let all = self.item_bound() as u64;
        let bits =
            if n_items * DENSE >= all { all * n_values.min(64) / 64 + n_values } else { n_items * n_values + all };
        bits < n_items * BITS_PER_ROW
    }

    /// Exact when all variants of a product share its values, or all of them are matched.
    fn count_by_bitmap(&self, id: AttributeId, items: &RoaringBitmap) -> Vec<(u32, u64)> {
        let Some(attribute) = self.attribute(id) else { return Vec::new() };
        let count = |ordinal| Some((ordinal, attribute.items(ordinal)?.intersection_len(items)));
        (0..attribute.n_values() as u32).filter_map(count).filter(|(_, count)| *count > 0).collect()
    }

    /// Always exact: one pass over the rows of the matched products.
    fn count_by_scan(&self, ids: &[AttributeId], matches: Matches<'_>) -> Vec<Vec<(u32, u64)>> {
        let narrow = matches.items.len() as usize;
        let tally = |id: &AttributeId| {
            let attribute = self.attribute(*id);
            Tally::new(attribute.map_or(0, |attribute| attribute.n_values()), narrow)
        };
        let mut tallies: Vec<Tally> = ids.iter().map(tally).collect();
        // Attribute number → one more than its place among `ids`; 0 when it is not counted.
        let mut place = vec![0u32; self.attributes.len()];
        ids.iter().zip(1..).for_each(|(id, at)| place[id.0 as usize] = at);
        let split: Vec<u32> = ids.iter().map(|id| id.0).filter(|id| self.has_own_values(*id)).collect();
        let flat =
            (!split.is_empty() && narrow > 256).then(|| FlatBits::from_bitmap(matches.variants, self.variant_bound()));
        let matched = |variant: VariantId| match &flat {
            Some(flat) => flat.contains(variant.0),
            None => matches.variants.contains(variant.0),
        };
        if split.is_empty() {
            self.add_rows(&mut tallies, &place, matches.items);
            return tallies.into_iter().map(Tally::finish).collect();
        }
        for item in matches.items.iter() {
            let shared = self.attributes.item_row(ItemId(item));
            for &variant in self.variants_of(ItemId(item)).iter().filter(|variant| matched(**variant)) {
                let own = self.attributes.variant_row(variant);
                add_all(&mut tallies, &place, item, own);
                if own.is_empty() {
                    add_all(&mut tallies, &place, item, shared);
                } else {
                    let inherited = shared.iter().filter(|pair| !has_attribute(own, pair.attribute));
                    inherited.for_each(|pair| add(&mut tallies, &place, item, *pair));
                }
            }
        }
        tallies.into_iter().map(Tally::finish).collect()
    }

    /// Adds the rows of products as a whole. Rows lie all over the memory, and waiting for them is most of the work: a
    /// few dozen are touched at a time before they are read, so that the processor waits for many at once.
    fn add_rows(&self, tallies: &mut [Tally], place: &[u32], items: &RoaringBitmap) {
        let mut items = items.iter();
        loop {
            let rows: SmallVec<[(u32, &[Pair]); ROWS_AT_ONCE]> =
                items.by_ref().take(ROWS_AT_ONCE).map(|item| (item, self.attributes.item_row(ItemId(item)))).collect();
            if rows.is_empty() {
                return;
            }
            black_box(rows.iter().filter_map(|(_, row)| row.last()).fold(0, |sum, pair| sum ^ pair.ordinal));
            rows.iter().for_each(|(item, row)| add_all(tallies, place, *item, row));
        }
    }

    fn has_own_values(&self, attribute: u32) -> bool {
        self.attribute(AttributeId(attribute)).is_some_and(|attribute| !attribute.is_uniform())
    }

    /// The number a range facet reads; NaN when there is none.
    fn measure(&self, variant: VariantId, measure: Measure<'_>) -> f64 {
        match measure {
            Measure::Price { chain, now_ms } => {
                self.price(variant, chain, now_ms).map_or(f64::NAN, |quote| chain.major(quote.final_minor))
            }
            Measure::Number(id) => self.attribute(id).map_or(f64::NAN, |attribute| attribute.number(variant)),
        }
    }

    /// Calls `visit` for every matched variant of a matched product that has a number.
    fn each_number(&self, matches: Matches<'_>, measure: Measure<'_>, mut visit: impl FnMut(ItemId, f64)) {
        for item in matches.items.iter().map(ItemId) {
            for &variant in self.variants_of(item) {
                if matches.scope == Scope::WholeProducts || matches.variants.contains(variant.0) {
                    let number = self.measure(variant, measure);
                    if !number.is_nan() {
                        visit(item, number);
                    }
                }
            }
        }
    }

    /// Smallest and largest number of the matched variants.
    pub fn bounds(&self, measure: Measure<'_>, matches: Matches<'_>) -> Option<(f64, f64)> {
        self.count_ranges(measure, &[], matches).bounds
    }

    /// Products in each range; `edges` ascend. A product with variants in two ranges counts in both.
    pub fn count_ranges(&self, measure: Measure<'_>, edges: &[f64], matches: Matches<'_>) -> RangeCounts {
        let mut counts = vec![0u64; edges.len()];
        // The item that was counted last in each range: a product's variants come one after the other.
        let mut last = vec![u32::MAX; edges.len()];
        let mut bounds: Option<(f64, f64)> = None;
        self.each_number(matches, measure, |item, number| {
            let (low, high) = bounds.unwrap_or((number, number));
            bounds = Some((low.min(number), high.max(number)));
            let range = edges.partition_point(|edge| *edge <= number);
            if range > 0 && last[range - 1] != item.0 {
                last[range - 1] = item.0;
                counts[range - 1] += 1;
            }
        });
        RangeCounts { counts, bounds }
    }
}

/// Counts of one attribute; remembers the last item of each value, so that a product counts once.
enum Tally {
    Dense(Vec<(u32, u32)>),
    Sparse(FxHashMap<u32, (u32, u32)>),
}

impl Tally {
    fn new(n_values: usize, n_items: usize) -> Self {
        if n_values > DENSE_VALUES_MAX && n_values / 8 > n_items {
            Self::Sparse(FxHashMap::default())
        } else {
            Self::Dense(vec![(0, u32::MAX); n_values])
        }
    }

    #[inline]
    fn add(&mut self, ordinal: u32, item: u32) {
        let (count, last) = match self {
            Self::Dense(cells) => {
                let Some(cell) = cells.get_mut(ordinal as usize) else { return };
                (&mut cell.0, &mut cell.1)
            }
            Self::Sparse(cells) => {
                let cell = cells.entry(ordinal).or_insert((0, u32::MAX));
                (&mut cell.0, &mut cell.1)
            }
        };
        *count += u32::from(*last != item);
        *last = item;
    }

    fn finish(self) -> Vec<(u32, u64)> {
        match self {
            Self::Dense(cells) => {
                let counts = cells.into_iter().zip(0..).map(|((count, _), ordinal)| (ordinal, u64::from(count)));
                counts.filter(|(_, count)| *count > 0).collect()
            }
            Self::Sparse(cells) => {
                let counts = cells.into_iter().map(|(ordinal, (count, _))| (ordinal, u64::from(count)));
                let mut counts: Vec<_> = counts.collect();
                counts.sort_unstable();
                counts
            }
        }
    }
}

#[inline]
fn add(tallies: &mut [Tally], place: &[u32], item: u32, pair: Pair) {
    let at = place[pair.attribute as usize];
    if at != 0 && pair.ordinal != UNLISTED {
        tallies[at as usize - 1].add(pair.ordinal, item);
    }
}

fn add_all(tallies: &mut [Tally], place: &[u32], item: u32, row: &[Pair]) {
    row.iter().for_each(|pair| add(tallies, place, item, *pair));
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::super::testing::{arb_shop, price_of};
    use super::*;

    /// What a reader would count by hand, from the rows of every variant.
    fn naive(catalog: &Catalog, id: AttributeId, matches: Matches<'_>) -> Vec<(u32, u64)> {
        let mut holders: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for variant in matches.variants.iter().map(VariantId) {
            let item = catalog.item_of(variant);
            if matches.items.contains(item.0) {
                let pairs = catalog.attributes.effective(item, variant);
                let listed = pairs.iter().filter(|pair| pair.attribute == id.0 && pair.ordinal != UNLISTED);
                for pair in listed {
                    holders.entry(pair.ordinal).or_default().insert(item.0);
                }
            }
        }
        holders.into_iter().map(|(ordinal, items)| (ordinal, items.len() as u64)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn both_ways_of_counting_agree_with_counting_by_hand(catalog in arb_shop(), keep in any::<u64>()) {
            let some: RoaringBitmap = catalog.alive().iter().filter(|variant| keep >> (variant % 64) & 1 == 1).collect();
            for (variants, scope) in [(&**catalog.alive(), Scope::WholeProducts), (&some, Scope::SomeVariants)] {
                let items = catalog.lift(variants);
                let matches = Matches { variants, items: &items, scope };
                let ids: Vec<AttributeId> = (0..catalog.attributes.len() as u32).map(AttributeId).collect();
                let scanned = catalog.count_by_scan(&ids, matches);
                for (id, scanned) in ids.into_iter().zip(scanned) {
                    let expected = naive(&catalog, id, matches);
                    prop_assert_eq!(&scanned, &expected);
                    prop_assert_eq!(&catalog.count_values(id, matches), &expected);
                    if scope == Scope::WholeProducts || catalog.attribute(id).unwrap().is_uniform() {
                        prop_assert_eq!(&catalog.count_by_bitmap(id, &items), &expected);
                    }
                }
            }
        }

        #[test]
        fn holders_are_counted_while_values_come_and_go(catalog in arb_shop()) {
            for attribute in catalog.attributes() {
                let holders = catalog.lift(&attribute.present()).len();
                prop_assert_eq!(attribute.n_items(), holders);
                let ordinals = (0..attribute.n_values() as u32).chain([UNLISTED]);
                let held: u64 = ordinals.filter_map(|ordinal| attribute.items(ordinal)).map(|items| items.len()).sum();
                let expected = if holders == 0 { 1.0 } else { held as f64 / holders as f64 };
                prop_assert_eq!(attribute.values_per_item(), expected);
            }
        }

        #[test]
        fn ranges_and_bounds_agree_with_counting_by_hand(catalog in arb_shop(), keep in any::<u64>()) {
            let variants: RoaringBitmap = catalog.alive().iter().filter(|variant| keep >> (variant % 64) & 1 == 1).collect();
            let items = catalog.lift(&variants);
            let matches = Matches { variants: &variants, items: &items, scope: Scope::SomeVariants };
            let (chain, edges) = (catalog.root_chain(), [0.0, 2.0, 5.0]);
            let measure = Measure::Price { chain: &chain, now_ms: 0 };
            let prices: Vec<(u32, f64)> = variants
                .iter()
                .filter_map(|variant| Some((catalog.item_of(VariantId(variant)).0, price_of(&catalog, VariantId(variant))?)))
                .collect();
            let within = |low: f64, high: f64| {
                let holders: BTreeSet<u32> = prices.iter().filter(|(_, p)| low <= *p && *p < high).map(|(i, _)| *i).collect();
                holders.len() as u64
            };
            let counted = catalog.count_ranges(measure, &edges, matches);
            prop_assert_eq!(counted.counts, vec![within(0.0, 2.0), within(2.0, 5.0), within(5.0, f64::INFINITY)]);
            let low = prices.iter().map(|(_, price)| *price).reduce(f64::min);
            let high = prices.iter().map(|(_, price)| *price).reduce(f64::max);
            prop_assert_eq!(counted.bounds, low.zip(high));
            prop_assert_eq!(catalog.bounds(measure, matches), low.zip(high));
        }
    }
}
