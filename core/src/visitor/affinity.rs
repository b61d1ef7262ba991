//! What does a person like?
//!
//! Their recent behavior, weighed and decayed, added up by what the products have in common: categories, brand,
//! price band, attributes. Nothing of it is stored: it follows from the bounded profile and the catalog of the
//! same snapshot, so one more view shows at once, a changed product counts as it is now, and an erased profile
//! leaves no taste behind.
//!
//! Every dimension is a distribution: shares in `[0, 1]` that add up to 1 over what was touched.

use rustc_hash::FxHashMap;

use super::profile::Visitor;
use crate::catalog::{AttributeId, BRAND, Catalog};
use crate::id::{CategoryId, DAY_MS, ItemId, TimeMs};

/// Days after which what was done weighs half.
pub const HALF_LIFE_DAYS: f64 = 30.0;
/// What one deed weighs: a view, a product in the cart, a product bought.
const VIEW: f64 = 1.0;
const CART: f64 = 3.0;
const PURCHASE: f64 = 5.0;
/// How much each dimension counts in [`Affinity::all`]; a dimension of which nothing is known counts as 0.
const WEIGHTS: [f32; 4] = [0.4, 0.3, 0.1, 0.2];
/// Bands of a price octave: products whose prices differ by less than a factor of 1.4 share one.
const BANDS_PER_OCTAVE: f64 = 2.0;

/// How a product relates to a person's taste; every value is in `[0, 1]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Affinity {
    /// Shares of its categories and their ancestors, an ancestor counting half of what is below it.
    pub category: f32,
    /// Share of its brand.
    pub brand: f32,
    /// Share of its price band, the neighboring bands counting half.
    pub price: f32,
    /// Mean share of its attribute values.
    pub attributes: f32,
}

impl Affinity {
    /// `0.4 category + 0.3 brand + 0.1 price + 0.2 attributes`.
    pub fn all(&self) -> f32 {
        let parts = [self.category, self.brand, self.price, self.attributes];
        // The weights add up to 1 on paper, and to a little more in binary.
        parts.iter().zip(WEIGHTS).map(|(part, weight)| part * weight).sum::<f32>().min(1.0)
    }
}

/// A person's taste at one moment.
#[derive(Clone, Debug, Default)]
pub struct Affinities {
    categories: FxHashMap<CategoryId, f64>,
    brands: FxHashMap<u32, f64>,
    bands: FxHashMap<i32, f64>,
    values: FxHashMap<(AttributeId, u32), f64>,
    brand: Option<AttributeId>,
}

/// A deed: the product, its weight before decay, and when.
type Deed = (ItemId, f64, TimeMs);

impl Affinities {
    /// The taste of `visitor` at `now_ms`; `viewed` are products the caller says were looked at, newest first, in
    /// place of the remembered ones. `price` tells what a product costs, in major units.
    pub fn of(
        visitor: Option<&Visitor>,
        viewed: &[ItemId],
        now_ms: TimeMs,
        catalog: &Catalog,
        price: impl Fn(ItemId) -> Option<f64>,
    ) -> Self {
        let mut deeds: Vec<Deed> = viewed.iter().map(|&item| (item, VIEW, now_ms)).collect();
        if let Some(visitor) = visitor {
            if viewed.is_empty() {
                deeds.extend(visitor.views.iter().map(|view| (view.item, VIEW, view.time_ms)));
            }
            deeds.extend(visitor.cart.iter().map(|line| (line.item, CART, line.time_ms)));
            deeds.extend(visitor.purchases.iter().map(|bought| (bought.item, PURCHASE, bought.time_ms)));
        }
        let mut taste = Self { brand: catalog.attribute_id(BRAND), ..Self::default() };
        for (item, weight, time_ms) in deeds {
            let age_days = (now_ms - time_ms).max(0) as f64 / DAY_MS as f64;
            taste.add(catalog.stands_for(item), weight * (-age_days / HALF_LIFE_DAYS).exp2(), catalog, &price);
        }
        taste.share_out();
        taste
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.categories.is_empty() && self.brands.is_empty() && self.bands.is_empty() && self.values.is_empty()
    }

    fn add(&mut self, item: ItemId, weight: f64, catalog: &Catalog, price: impl Fn(ItemId) -> Option<f64>) {
        for (category, nearness) in lineage(catalog, item) {
            *self.categories.entry(category).or_default() += weight * nearness;
        }
        for (attribute, ordinal) in catalog.listed_values(item) {
            if Some(attribute) == self.brand {
                *self.brands.entry(ordinal).or_default() += weight;
            } else {
                *self.values.entry((attribute, ordinal)).or_default() += weight;
            }
        }
        if let Some(band) = price(item).and_then(band) {
            *self.bands.entry(band).or_default() += weight;
        }
    }

    /// Turns sums into shares.
    fn share_out(&mut self) {
        share(&mut self.categories);
        share(&mut self.brands);
        share(&mut self.bands);
        share(&mut self.values);
    }

    /// How a product relates to the taste.
    pub fn to(&self, item: ItemId, catalog: &Catalog, price: Option<f64>) -> Affinity {
        let shares = lineage(catalog, item).filter_map(|(category, _)| self.categories.get(&category));
        let category = shares.sum::<f64>().min(1.0);
        let (mut brand, mut values, mut n_values) = (0.0, 0.0, 0_u32);
        for (attribute, ordinal) in catalog.listed_values(item) {
            if Some(attribute) == self.brand {
                brand += self.brands.get(&ordinal).copied().unwrap_or(0.0);
            } else {
                values += self.values.get(&(attribute, ordinal)).copied().unwrap_or(0.0);
                n_values += 1;
            }
        }
        let share = |band: i32| self.bands.get(&band).copied().unwrap_or(0.0);
        let near = |band: i32| (share(band) + (share(band - 1) + share(band + 1)) / 2.0).min(1.0);
        Affinity {
            category: category as f32,
            brand: f64::min(brand, 1.0) as f32,
            price: price.and_then(band).map_or(0.0, near) as f32,
            attributes: (values / f64::from(n_values.max(1))).min(1.0) as f32,
        }
    }

    /// The brands with their shares, largest first, ties by name; what an access report shows.
    pub fn brands(&self, catalog: &Catalog) -> Vec<(String, f64)> {
        let Some(attribute) = self.brand.and_then(|brand| catalog.attribute(brand)) else { return Vec::new() };
        ordered(self.brands.iter().map(|(&ordinal, &share)| (attribute.text(ordinal).to_owned(), share)))
    }

    /// The categories with their shares, largest first, ties by path; what an access report shows.
    pub fn categories(&self, catalog: &Catalog) -> Vec<(String, f64)> {
        ordered(self.categories.iter().map(|(&id, &share)| (catalog.category_path(id).join("/"), share)))
    }
}

fn ordered(shares: impl Iterator<Item = (String, f64)>) -> Vec<(String, f64)> {
    let mut shares: Vec<(String, f64)> = shares.collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    shares
}

/// The categories a product lies in, with all above them: 1 for its own, half for each step up.
fn lineage(catalog: &Catalog, item: ItemId) -> impl Iterator<Item = (CategoryId, f64)> {
    let places = catalog.product(item).into_iter().flat_map(|product| &product.placements);
    places.flat_map(|place| {
        let path = std::iter::once(place.category).chain(catalog.ancestors(place.category));
        path.zip(std::iter::successors(Some(1.0), |nearness| Some(nearness / 2.0)))
    })
}

/// Turns sums into shares of their total.
fn share<K: std::hash::Hash + Eq + Ord + Copy>(sums: &mut FxHashMap<K, f64>) {
    // Added up in the order of the keys: the last bit must not depend on a hash map.
    let mut keys: Vec<K> = sums.keys().copied().collect();
    keys.sort_unstable();
    let total: f64 = keys.iter().map(|key| sums[key]).sum();
    if total > 0.0 {
        sums.values_mut().for_each(|sum| *sum /= total);
    }
}

/// The band of a price; none for what is free.
fn band(price: f64) -> Option<i32> {
    (price > 0.0).then(|| (price.log2() * BANDS_PER_OCTAVE).floor() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::doc::{AttributeValue, Placement};
    use crate::catalog::testing::{product, variant};
    use crate::visitor::{CartLine, Purchased, Viewed};

    const NOW: TimeMs = 20_000 * DAY_MS;

    /// Ten products: brand, category path and price of each.
    fn catalog() -> (Catalog, Vec<ItemId>) {
        let rows = [
            ("Acme", &["Men", "Shoes"][..], 1_000),
            ("Acme", &["Men", "Shirts"], 1_000),
            ("Bolt", &["Women", "Shoes"], 16_000),
            ("Bolt", &["Men", "Shoes"], 16_000),
        ];
        let mut catalog = Catalog::new();
        let items = rows.iter().enumerate().map(|(i, (brand, path, minor))| {
            let mut only = variant(&format!("v{i}"), &[]);
            only.prices.values_mut().for_each(|price| price.regular_minor = *minor);
            let mut doc = product(&format!("p{i}"), &[only]);
            doc.brand = Some((*brand).to_owned());
            doc.attributes.insert("color".into(), AttributeValue::Text(if i % 2 == 0 { "red" } else { "blue" }.into()));
            let path = path.iter().map(|name| (*name).to_owned()).collect();
            doc.categories = vec![Placement { path, position: None }];
            catalog.put(doc, 0)
        });
        let items = items.collect();
        (catalog, items)
    }

    fn taste(catalog: &Catalog, visitor: &Visitor, viewed: &[ItemId]) -> Affinities {
        Affinities::of(Some(visitor), viewed, NOW, catalog, |item| price(catalog, item))
    }

    fn price(catalog: &Catalog, item: ItemId) -> Option<f64> {
        let chain = catalog.root_chain();
        let quote = catalog.price(*catalog.variants_of(item).first()?, &chain, NOW)?;
        Some(chain.major(quote.final_minor))
    }

    fn viewed(item: ItemId, days_ago: i64) -> Viewed {
        Viewed { item, time_ms: NOW - days_ago * DAY_MS }
    }

    #[test]
    fn what_shares_more_with_what_was_done_is_liked_more() {
        let (catalog, items) = catalog();
        let visitor = Visitor { views: vec![viewed(items[0], 0)], ..Visitor::default() };
        let taste = taste(&catalog, &visitor, &[]);
        let to = |i: usize| taste.to(items[i], &catalog, price(&catalog, items[i]));
        let same = to(0);
        assert_eq!((same.category, same.brand, same.price, same.attributes), (1.0, 1.0, 1.0, 1.0));
        let all: Vec<f32> = (0..4).map(|i| to(i).all()).collect();
        assert!(all[0] > all[1] && all[1] > all[3] && all[3] > all[2], "{all:?}");
        assert_eq!(to(1).category, 1.0 / 3.0, "only the parent is shared");
        assert!(all.iter().all(|share| (0.0..=1.0).contains(share)));
    }

    #[test]
    fn deeds_weigh_by_kind_and_half_as_much_after_a_month() {
        let (catalog, items) = catalog();
        let check = |visitor: Visitor, acme: f64| {
            let brands = taste(&catalog, &visitor, &[]).brands(&catalog);
            let found = brands.iter().find(|(name, _)| name == "Acme").map_or(0.0, |(_, share)| *share);
            assert!((found - acme).abs() < 1e-12, "{brands:?} instead of {acme}");
        };
        let views = |acme_days, bolt_days| vec![viewed(items[0], acme_days), viewed(items[2], bolt_days)];
        check(Visitor { views: views(0, 0), ..Visitor::default() }, 0.5);
        check(Visitor { views: views(30, 0), ..Visitor::default() }, 1.0 / 3.0);
        let cart = vec![CartLine { item: items[0], quantity: 1.0, time_ms: NOW }];
        check(Visitor { views: vec![viewed(items[2], 0)], cart, ..Visitor::default() }, 0.75);
        let purchases = vec![Purchased { item: items[0], time_ms: NOW, order: 1, weight: 1.0 }];
        check(Visitor { views: vec![viewed(items[2], 0)], purchases, ..Visitor::default() }, 5.0 / 6.0);
    }

    #[test]
    fn what_the_caller_says_was_viewed_stands_in_for_what_is_remembered() {
        let (catalog, items) = catalog();
        let visitor = Visitor { views: vec![viewed(items[2], 0)], ..Visitor::default() };
        assert_eq!(taste(&catalog, &visitor, &[items[0]]).brands(&catalog), [("Acme".to_owned(), 1.0)]);
        assert_eq!(taste(&catalog, &visitor, &[]).categories(&catalog).len(), 2);
        let nobody = Affinities::of(None, &[], NOW, &catalog, |_| None);
        assert!(nobody.is_empty() && nobody.to(items[0], &catalog, Some(3.0)).all() == 0.0);
    }
}
