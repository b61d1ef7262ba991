//! What does the demo shop sell?
//!
//! Nordvik, a made-up department store: about 5,000 products in 80 categories, all from one seed. The same
//! configuration gives the same shop, bit for bit, on every machine. Words are written for this shop; no
//! brand, text or picture comes from anywhere else.
//!
//! Not here: what shoppers do in it (see `shoppers`).

pub mod brands;
pub mod documents;
pub mod image;
pub mod kits;
pub mod links;
pub mod make;
pub mod tree;

use std::collections::BTreeSet;

use planogram_core::catalog::doc::{CategoryChange, ProductDoc};
use planogram_core::id::TimeMs;

use crate::documents::SeedDocument;
use crate::rng::Rng;

pub use image::image;

/// Default of [`ShopConfig::now_ms`]: 2026-06-01T00:00:00Z.
pub const DEFAULT_NOW_MS: TimeMs = 1_780_272_000_000;

/// Which shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopConfig {
    /// Same seed, same shop.
    pub seed: u64,
    /// Products; spread over all leaves of the tree.
    pub products: usize,
    /// The day the shop is made for; products were created in the two years before.
    pub now_ms: TimeMs,
}

impl Default for ShopConfig {
    fn default() -> Self {
        Self { seed: 1, products: 5_000, now_ms: DEFAULT_NOW_MS }
    }
}

/// A whole shop.
#[derive(Clone, Debug, PartialEq)]
pub struct Shop {
    /// Products, leaf by leaf.
    pub products: Vec<ProductDoc>,
    /// The category tree, parents first, in menu order.
    pub categories: Vec<CategoryChange>,
    /// Store views, price books, attributes, units, synonyms, rules.
    pub documents: Vec<SeedDocument>,
}

/// Makes the shop.
pub fn generate(config: ShopConfig) -> Shop {
    let mut products = Vec::with_capacity(config.products);
    let mut names = BTreeSet::new();
    for (index, leaf) in tree::LEAVES.iter().enumerate() {
        let mut rng = Rng::fork(config.seed, leaf.code);
        for number in 1..=share(config.products, index) {
            products.push(make::product(leaf, number, config.now_ms, &mut names, &mut rng));
        }
    }
    links::link(&mut products, &mut Rng::fork(config.seed, "links"));
    let documents = documents::documents(&products);
    Shop { products, categories: categories(), documents }
}

/// How many of `total` products leaf number `index` gets: all the same, the first ones one more.
fn share(total: usize, index: usize) -> usize {
    total / tree::LEAVES.len() + usize::from(index < total % tree::LEAVES.len())
}

/// Every category once, parents before children; order among siblings is menu order.
fn categories() -> Vec<CategoryChange> {
    let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
    let mut changes = Vec::new();
    for depth in 1..=3 {
        for leaf in tree::LEAVES {
            let path: Vec<String> = leaf.path[..depth].iter().map(|&n| n.to_owned()).collect();
            if seen.insert(path.clone()) {
                changes.push(CategoryChange::Put { path, position: Some(changes.len() as i32), anchor: true });
            }
        }
    }
    for name in [make::NEW_IN, make::SALE] {
        changes.push(CategoryChange::Put { path: vec![name.to_owned()], position: Some(0), anchor: true });
    }
    changes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use planogram_core::limits;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_shop() {
        let config = ShopConfig { products: 300, ..ShopConfig::default() };
        assert_eq!(generate(config), generate(config));
        assert_ne!(generate(config).products, generate(ShopConfig { seed: 2, ..config }).products);
    }

    #[test]
    fn the_default_shop_is_believable() {
        let shop = generate(ShopConfig::default());
        assert_eq!(shop.products.len(), 5_000);
        assert_eq!(shop.categories.len(), 7 + 21 + tree::LEAVES.len() + 2);
        let mut skus = BTreeSet::new();
        let (mut variants, mut out, mut wholesale, mut swedish) = (0, 0, 0, 0);
        for p in &shop.products {
            assert!(skus.insert(p.sku.clone()), "{}", p.sku);
            assert!(p.name.len() < limits::NAME_BYTES_MAX && !p.description.is_empty());
            let sentences = p.description.matches(['.', '!']).count();
            assert!((2..=7).contains(&sentences), "{sentences}: {}", p.description);
            for v in &p.variants {
                assert!(v.sku == p.sku || skus.insert(v.sku.clone()), "{}", v.sku);
                assert!(v.prices["default"].regular_minor > 0);
                variants += 1;
                out += usize::from(!v.stock.in_stock);
                wholesale += usize::from(v.prices.contains_key("wholesale"));
            }
            swedish += usize::from(p.views.contains_key("sv"));
        }
        let share = |n: usize, of: usize| n as f64 / of as f64;
        assert!((4.0..14.0).contains(&share(variants, 5_000)), "{variants} variants");
        assert!((0.04..0.15).contains(&share(out, variants)), "{out} of {variants} out of stock");
        assert!((0.6..0.8).contains(&share(wholesale, variants)));
        assert!((0.7..0.9).contains(&share(swedish, 5_000)));
    }

    #[test]
    fn names_are_unique_and_links_lead_somewhere() {
        let shop = generate(ShopConfig::default());
        let names: BTreeSet<&str> = shop.products.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.len(), shop.products.len());
        let by_sku: BTreeMap<&str, &ProductDoc> = shop.products.iter().map(|p| (p.sku.as_str(), p)).collect();
        let mut links = 0;
        for p in &shop.products {
            for linked in p.links.values().flatten() {
                assert!(by_sku.contains_key(linked.as_str()) && *linked != p.sku);
                links += 1;
            }
        }
        assert!(links > 5_000, "{links}");
    }

    #[test]
    fn prices_follow_brand_and_leaf() {
        let shop = generate(ShopConfig::default());
        let median = |pick: &dyn Fn(&ProductDoc) -> bool| {
            let mut prices: Vec<i64> = shop
                .products
                .iter()
                .filter(|p| pick(p))
                .map(|p| p.variants[0].prices["default"].regular_minor)
                .collect();
            prices.sort_unstable();
            prices[prices.len() / 2]
        };
        assert!(median(&|p| p.sku.starts_with("SOF-")) > 10 * median(&|p| p.sku.starts_with("TOW-")));
        let of =
            |brand: &'static str| move |p: &ProductDoc| p.sku.starts_with("WTO-") && p.brand.as_deref() == Some(brand);
        assert!(median(&of("Fjordhem")) > median(&of("Solvik")));
    }
}
