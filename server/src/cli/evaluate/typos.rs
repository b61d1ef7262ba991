//! What would a shopper type who knows the product, and how would it be mistyped?
//!
//! A query is up to three words of a product's name in their order; one of its longer words gets one error of the
//! kinds that Damerau (1964) counted: a letter left out, doubled, replaced, or two neighbors swapped. The first letter
//! is spared, and words with digits are, because those are rarely typed from memory.

use planogram_core::catalog::doc::ProductDoc;
use planogram_datasets::rng::{Rng, hash_text};

/// Most words of a query.
const WORDS_MAX: usize = 3;
/// Shortest word that gets an error, in letters.
const LETTERS_MIN: usize = 4;

/// A query for one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWords {
    /// The product that is meant.
    pub sku: String,
    /// Words of its name.
    pub words: Vec<String>,
}

/// Queries for products drawn without repetition; products without a word that could be mistyped are passed over.
pub fn own_words(catalog: &[ProductDoc], wanted: usize, seed: u64) -> Vec<OwnWords> {
    let mut rng = Rng::fork(seed, "own-words");
    let mut products: Vec<&ProductDoc> = catalog.iter().collect();
    let n_products = products.len();
    for at in 0..n_products {
        products.swap(at, at + rng.below(n_products - at));
    }
    products.into_iter().filter_map(|product| query(product, &mut rng)).take(wanted).collect()
}

fn query(product: &ProductDoc, rng: &mut Rng) -> Option<OwnWords> {
    let mut words: Vec<String> = Vec::new();
    for word in product.name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 1) {
        let word = word.to_lowercase();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    while words.len() > WORDS_MAX {
        words.remove(rng.below(words.len()));
    }
    words.iter().any(|word| can_err(word)).then(|| OwnWords { sku: product.sku.clone(), words })
}

fn can_err(word: &str) -> bool {
    word.chars().count() >= LETTERS_MIN && word.chars().all(char::is_alphabetic)
}

/// The words of a query with one typing error in one of them.
pub fn misspelled(query: &OwnWords, seed: u64) -> Vec<String> {
    let mut rng = Rng::fork(seed ^ hash_text(&query.sku), "typing-error");
    let fit: Vec<usize> = (0..query.words.len()).filter(|at| can_err(&query.words[*at])).collect();
    let mut words = query.words.clone();
    let at = *rng.pick(&fit);
    // Two equal neighbors swapped, or a letter replaced by itself, is no error: draw again.
    while words[at] == query.words[at] {
        words[at] = with_error(&query.words[at], &mut rng);
    }
    words
}

fn with_error(word: &str, rng: &mut Rng) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = 1 + rng.below(letters.len() - 1);
    match rng.below(4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters[at] = char::from(b'a' + rng.below(26) as u8),
        _ if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => drop(letters.pop()),
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use planogram_datasets::loaders::products::product;

    fn named(sku: &str, name: &str) -> ProductDoc {
        product(1, &serde_json::json!({"id": sku, "name": name}).to_string()).unwrap()
    }

    #[test]
    fn queries_are_words_of_the_name_in_their_order() {
        let catalog = [named("A", "Rain jacket for tall people, blue"), named("B", "X1 2TB")];
        let queries = own_words(&catalog, 10, 1);
        assert_eq!(queries.len(), 1);
        let name = ["rain", "jacket", "for", "tall", "people", "blue"];
        let places: Vec<usize> =
            queries[0].words.iter().map(|word| name.iter().position(|n| n == word).unwrap()).collect();
        assert!(places.len() == 3 && places.is_sorted(), "{queries:?}");
        assert_eq!(queries, own_words(&catalog, 10, 1));
    }

    #[test]
    fn exactly_one_word_has_an_error() {
        for seed in 0..200 {
            let query = OwnWords { sku: "A".into(), words: vec!["jacket".into(), "xl".into(), "aaaa".into()] };
            let typed = misspelled(&query, seed);
            assert_eq!(typed.iter().zip(&query.words).filter(|(a, b)| a != b).count(), 1, "{typed:?}");
            assert!(typed.iter().zip(&query.words).all(|(a, b)| a[..1] == b[..1]), "{typed:?}");
        }
    }
}
