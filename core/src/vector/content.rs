//! Which products say alike things about themselves?
//!
//! Words of name, description, brand, categories and attributes are hashed into columns, weighted by TF-IDF, and the
//! 64 main directions are the coordinates: latent semantic analysis (Deerwester et al., JASIS 1990). It needs no
//! shopper, so it is what a product has on its first day. Its words get a place, too ([`Terms`]), so that a query can
//! be compared with products. Languages and stemming are the text room's business.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use ndarray::Array2;

use super::packed::Packed;
use super::spectral::{Sparse, coordinates};
use super::terms::Terms;
use crate::id::ItemId;
use crate::limits::{CONTENT_COLUMNS, CONTENT_ITERATIONS, CONTENT_WORDS_MAX, MODEL_DIMENSION};
use crate::text::TextDoc;

/// How often a word of the field counts. Names say what a thing is, descriptions say everything.
const NAME: f32 = 3.0;
const FIELD: f32 = 2.0;
const DESCRIPTION: f32 = 1.0;

/// Vectors of the products whose texts share a word with another one's, and of the words they share. `docs` ascend by
/// item. `None` when `stop` was raised.
pub fn vectors(docs: impl IntoIterator<Item = TextDoc>, stop: &AtomicBool) -> Option<(Packed, Terms)> {
    let (items, rows): (Vec<ItemId>, Vec<BTreeMap<u32, f32>>) =
        docs.into_iter().map(|doc| (doc.item, words(&doc))).unzip();
    let idf = idf(&rows);
    let matrix = weigh(&rows, &idf);
    if matrix.columns.is_empty() {
        return Some((Packed::default(), Terms::default()));
    }
    let back = matrix.transposed(CONTENT_COLUMNS as usize);
    let mut found =
        coordinates(items.len(), MODEL_DIMENSION, CONTENT_ITERATIONS, stop, |x| matrix.times(back.times(x).view()))?;
    drop_own_ways(&mut found);
    let terms = terms(&back, &found, &idf)?;
    let rows = found.as_slice().unwrap_or_default().chunks_exact(MODEL_DIMENSION);
    Some((Packed::new(MODEL_DIMENSION, items.into_iter().zip(rows)).ok()?, terms))
}

/// Leaves out directions that carry no more than one product does (Kaiser's rule: the mean eigenvalue is 1, as rows
/// have length 1). In a small shop 64 directions would hold every product apart, and words that stand with the same
/// words would not meet; in a large one all 64 carry more.
fn drop_own_ways(found: &mut Array2<f32>) {
    for mut column in found.columns_mut() {
        if column.dot(&column) <= 1.0 {
            column.fill(0.0);
        }
    }
}

/// The words' vectors: `V = Aᵀ U S⁻¹`, each times the word's weight in a text. `found` is `U S`, so the squared length
/// of its column is the square of the singular value.
fn terms(back: &Sparse, found: &Array2<f32>, idf: &[f32]) -> Option<Terms> {
    let squares: Vec<f32> = found.columns().into_iter().map(|column| column.dot(&column)).collect();
    let places = back.times(found.view());
    let known = |column: &u32| idf[*column as usize] > 0.0 && back.row(*column as usize).next().is_some();
    let columns: Vec<u32> = (0..CONTENT_COLUMNS).filter(known).collect();
    let place = |column: &u32| {
        let weight = idf[*column as usize];
        let row = places.row(*column as usize).to_vec();
        row.into_iter().zip(&squares).map(move |(sum, square)| if *square > 0.0 { weight * sum / square } else { 0.0 })
    };
    let values = columns.iter().flat_map(place).collect();
    Terms::from_parts(columns, values).ok()
}

/// Weight by column of the first words of a product.
fn words(doc: &TextDoc) -> BTreeMap<u32, f32> {
    let fields = [(doc.name.as_str(), NAME), (doc.brand.as_str(), FIELD)];
    let categories = doc.categories.iter().map(|category| (category.as_str(), FIELD));
    let attributes = doc.attributes.iter().chain(&doc.verbatim).map(|(text, _)| (text.as_str(), FIELD));
    let texts = fields.into_iter().chain(categories).chain(attributes);
    let all = texts.chain(std::iter::once((doc.description.as_str(), DESCRIPTION)));
    let words = all.flat_map(|(text, weight)| words_of(text).map(move |word| (word, weight)));
    let mut columns = BTreeMap::new();
    for (word, weight) in words.take(CONTENT_WORDS_MAX) {
        *columns.entry(column(word)).or_insert(0.0) += weight;
    }
    columns
}

/// The words of a text as they stand there.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The column of a word, without case: FNV-1a, folded.
pub(super) fn column(word: &str) -> u32 {
    let bytes = word.chars().flat_map(char::to_lowercase).flat_map(|c| u32::from(c).to_le_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    ((hash >> 32) ^ hash) as u32 % CONTENT_COLUMNS
}

/// `ln(n / df)` by column; 0 for words of one product only or of all, which say nothing.
fn idf(rows: &[BTreeMap<u32, f32>]) -> Vec<f32> {
    let mut frequency = vec![0u32; CONTENT_COLUMNS as usize];
    rows.iter().flat_map(BTreeMap::keys).for_each(|column| frequency[*column as usize] += 1);
    let weight = |n: u32| if n > 1 { (rows.len() as f32 / n as f32).ln() } else { 0.0 };
    frequency.into_iter().map(weight).collect()
}

/// `(1 + ln tf) * idf` in rows of length 1, without the words that say nothing.
fn weigh(rows: &[BTreeMap<u32, f32>], idf: &[f32]) -> Sparse {
    let mut matrix = Sparse { offsets: vec![0], ..Sparse::default() };
    for row in rows {
        let start = matrix.values.len();
        for (column, weight) in row.iter().filter(|(column, _)| idf[**column as usize] > 0.0) {
            matrix.columns.push(*column);
            matrix.values.push((1.0 + weight.ln()) * idf[*column as usize]);
        }
        let own = &mut matrix.values[start..];
        let length = own.iter().map(|value| value * value).sum::<f32>().sqrt();
        own.iter_mut().for_each(|value| *value /= length);
        matrix.offsets.push(matrix.values.len());
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::distance::dot;
    use crate::vector::scan::Rows;

    fn doc(item: u32, name: &str) -> TextDoc {
        TextDoc::named(ItemId(item), name)
    }

    #[test]
    fn alike_products_stand_together() {
        let names = ["red cotton shirt", "Blue COTTON shirt", "steel garden spade", "steel garden fork", "odd"];
        let docs = || names.iter().zip(0..).map(|(name, item)| doc(item * 3, name));
        let (packed, terms) = vectors(docs(), &AtomicBool::new(false)).unwrap();
        let near = |a: u32, b: u32| dot(packed.row(ItemId(a * 3)).unwrap(), packed.row(ItemId(b * 3)).unwrap());
        assert!(near(0, 1) > 0.9 && near(2, 3) > 0.9);
        assert!(near(0, 2).abs() < 0.1);
        assert_eq!(packed.row(ItemId(12)), None, "shares no word");
        assert_eq!(vectors(docs(), &AtomicBool::new(false)), Some((packed, terms)));
    }

    #[test]
    fn a_product_folded_in_by_its_own_words_stands_where_it_is() {
        let names = ["red cotton shirt", "blue cotton shirt", "steel garden spade", "steel garden fork", "red spade"];
        let docs = names.iter().zip(0..).map(|(name, item)| doc(item, name));
        let (packed, terms) = vectors(docs, &AtomicBool::new(false)).unwrap();
        for (name, item) in names.iter().zip(0..) {
            let folded = terms.fold(name).unwrap();
            let unit = crate::vector::normalized(&folded.vector).unwrap();
            assert!(dot(&unit, packed.row(ItemId(item)).unwrap()) > 0.99, "{name}");
        }
    }

    #[test]
    fn words_that_stand_together_find_each_other() {
        // "sofa" and "couch" never stand in one name, but both stand with the same words.
        let names = [
            "velvet sofa cushion seat",
            "leather sofa cushion seat",
            "velvet couch cushion seat",
            "leather couch cushion seat",
            "steel garden spade",
            "steel garden fork",
        ];
        let docs = names.iter().zip(0..).map(|(name, item)| doc(item, name));
        let (packed, terms) = vectors(docs, &AtomicBool::new(false)).unwrap();
        let sofa = crate::vector::normalized(&terms.fold("sofa").unwrap().vector).unwrap();
        let near = |item: u32| dot(&sofa, packed.row(ItemId(item)).unwrap());
        assert!(near(2) > 0.3 && near(4).abs() < 0.1, "{} {}", near(2), near(4));
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(vectors([], &AtomicBool::new(false)).unwrap().0.is_empty());
        let (packed, terms) = vectors([doc(1, "a b"), doc(2, "")], &AtomicBool::new(false)).unwrap();
        assert!(packed.is_empty() && terms.is_empty());
    }
}
