//! What do shoppers type, and what does the simulated shop answer?
//!
//! The answer stands in for the shop's own ranking: all words must match, order by popularity with noise, so
//! that one product is seen at different places for the same query. Nothing of the shopper goes into the
//! order; that makes place and liking independent, as the position-based model assumes.

use std::collections::BTreeMap;

use super::product::{SimProduct, words};
use crate::rng::Rng;

/// Most matches kept of a query: three pages of a usual list.
const MATCHES_MAX: usize = 36;
/// Spread of the noise added to the logarithm of popularity.
const NOISE: f64 = 1.0;

/// The simulated shop's own search.
#[derive(Clone, Debug, Default)]
pub struct SearchBox {
    postings: BTreeMap<String, Vec<u32>>,
    answers: BTreeMap<String, Vec<u32>>,
}

impl SearchBox {
    /// Indexes names, brands and the last category name.
    pub fn new(products: &[SimProduct]) -> Self {
        let mut postings: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (i, product) in products.iter().enumerate() {
            let brand = product.brand.iter().flat_map(|b| words(b));
            let category = product.category.last().into_iter().flat_map(|c| words(c));
            for word in product.words.iter().cloned().chain(brand).chain(category) {
                let list = postings.entry(word).or_default();
                if list.last() != Some(&(i as u32)) {
                    list.push(i as u32);
                }
            }
        }
        Self { postings, answers: BTreeMap::new() }
    }

    /// At most `count` products for a query in the order shown this time.
    pub fn answer(&mut self, query: &str, weights: &[f64], count: usize, rng: &mut Rng) -> Vec<usize> {
        if !self.answers.contains_key(query) {
            let matches = self.matches(query, weights);
            self.answers.insert(query.to_owned(), matches);
        }
        shown(&self.answers[query], weights, count, rng)
    }

    fn matches(&self, query: &str, weights: &[f64]) -> Vec<u32> {
        let mut found: Option<Vec<u32>> = None;
        for word in words(query) {
            let list = self.postings.get(&word).map(Vec::as_slice).unwrap_or_default();
            found = Some(match found {
                None => list.to_vec(),
                Some(before) => before.into_iter().filter(|p| list.binary_search(p).is_ok()).collect(),
            });
        }
        let mut found = found.unwrap_or_default();
        found.sort_by(|a, b| weights[*b as usize].total_cmp(&weights[*a as usize]).then(a.cmp(b)));
        found.truncate(MATCHES_MAX);
        found
    }
}

/// Popular ones first, with noise.
pub fn shown(candidates: &[u32], weights: &[f64], count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut keyed: Vec<(f64, usize)> =
        candidates.iter().map(|&p| (weights[p as usize].ln() + NOISE * rng.gumbel(), p as usize)).collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    keyed.truncate(count);
    keyed.into_iter().map(|(_, p)| p).collect()
}

/// What a shopper types who wants this product: its kind, brand and kind, or words of its name.
pub fn query_for(product: &SimProduct, rng: &mut Rng) -> String {
    let kind = product.category.last().map(|c| words(c).join(" ")).filter(|k| !k.is_empty());
    let brand = product.brand.as_ref().map(|b| words(b).join(" "));
    let tail = |n: usize| product.words[product.words.len().saturating_sub(n)..].join(" ");
    let query = match (rng.below(10), kind, brand) {
        (0..=3, Some(kind), _) => kind,
        (4..=5, Some(kind), Some(brand)) => format!("{brand} {kind}"),
        (6, _, Some(brand)) => format!("{brand} {}", tail(1)),
        (7, _, _) if !product.words.is_empty() => rng.pick(&product.words).clone(),
        _ => tail(2),
    };
    if query.is_empty() { product.sku.to_lowercase() } else { query }
}

/// The query with two neighboring letters swapped; short queries stay as they are.
pub fn mistyped(query: &str, rng: &mut Rng) -> String {
    let mut letters: Vec<char> = query.chars().collect();
    if letters.len() > 4 {
        let at = 1 + rng.below(letters.len() - 2);
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(name: &str, brand: &str, category: &str) -> SimProduct {
        SimProduct {
            words: words(name),
            brand: Some(brand.to_owned()),
            category: vec![category.to_owned()],
            ..SimProduct::default()
        }
    }

    #[test]
    fn all_words_must_match() {
        let products = [product("Red Tent", "Acme", "Tents"), product("Blue Tent", "Bolt", "Tents")];
        let mut shop = SearchBox::new(&products);
        let mut rng = Rng::new(1);
        let mut check = |query: &str, expected: &[usize]| {
            let mut got = shop.answer(query, &[1.0, 0.5], 12, &mut rng);
            got.sort_unstable();
            assert_eq!(got, expected, "{query}");
        };
        check("tents", &[0, 1]);
        check("bolt tents", &[1]);
        check("red bolt", &[]);
        check("", &[]);
    }

    #[test]
    fn a_shopper_finds_what_was_typed() {
        let products = [product("Red Dome Tent", "Acme", "Tents"), product("Blue Rain Hat", "Bolt & Co", "Hats")];
        let mut shop = SearchBox::new(&products);
        let mut rng = Rng::new(2);
        for round in 0..200 {
            let query = query_for(&products[round % 2], &mut rng);
            let found = shop.answer(&query, &[1.0, 1.0], 12, &mut rng);
            assert!(found.contains(&(round % 2)), "{query}");
        }
    }
}
