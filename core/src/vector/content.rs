//! Which products say alike things about themselves?
//!
//! Words of name, description, brand, categories and attributes are hashed into columns, weighted by TF-IDF, and the
//! 64 main directions are the coordinates: latent semantic analysis (Deerwester et al., JASIS 1990). It needs no
//! shopper, so it is what a product has on its first day. Languages and stemming are the text room's business.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use super::packed::Packed;
use super::spectral::{Sparse, coordinates};
use crate::id::ItemId;
use crate::limits::{CONTENT_COLUMNS, CONTENT_ITERATIONS, CONTENT_WORDS_MAX, MODEL_DIMENSION};
use crate::text::TextDoc;

/// How often a word of the field counts. Names say what a thing is, descriptions say everything.
const NAME: f32 = 3.0;
const FIELD: f32 = 2.0;
const DESCRIPTION: f32 = 1.0;

/// Vectors of the products whose texts share a word with another one's. `docs` ascend by item. `None` when `stop`
/// was raised.
pub fn vectors(docs: impl IntoIterator<Item = TextDoc>, stop: &AtomicBool) -> Option<Packed> {
    let (items, rows): (Vec<ItemId>, Vec<BTreeMap<u32, f32>>) =
        docs.into_iter().map(|doc| (doc.item, words(&doc))).unzip();
    let matrix = weigh(&rows);
    if matrix.columns.is_empty() {
        return Some(Packed::default());
    }
    let back = matrix.transposed(CONTENT_COLUMNS as usize);
    let found =
        coordinates(items.len(), MODEL_DIMENSION, CONTENT_ITERATIONS, stop, |x| matrix.times(back.times(x).view()))?;
    let rows = found.as_slice().unwrap_or_default().chunks_exact(MODEL_DIMENSION);
    Packed::new(MODEL_DIMENSION, items.into_iter().zip(rows)).ok()
}

/// Weight by column of the first words of a product.
fn words(doc: &TextDoc) -> BTreeMap<u32, f32> {
    let fields = [(doc.name.as_str(), NAME), (doc.brand.as_str(), FIELD)];
    let categories = doc.categories.iter().map(|category| (category.as_str(), FIELD));
    let attributes = doc.attributes.iter().map(|(text, _)| (text.as_str(), FIELD));
    let texts = fields.into_iter().chain(categories).chain(attributes);
    let all = texts.chain(std::iter::once((doc.description.as_str(), DESCRIPTION)));
    let words = all.flat_map(|(text, weight)| {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(move |word| (word, weight))
    });
    let mut columns = BTreeMap::new();
    for (word, weight) in words.take(CONTENT_WORDS_MAX) {
        *columns.entry(column(word)).or_insert(0.0) += weight;
    }
    columns
}

/// The column of a word, without case: FNV-1a, folded.
fn column(word: &str) -> u32 {
    let bytes = word.chars().flat_map(char::to_lowercase).flat_map(|c| u32::from(c).to_le_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    ((hash >> 32) ^ hash) as u32 % CONTENT_COLUMNS
}

/// `(1 + ln tf) * ln(n / df)` in rows of length 1; words of one product only, or of all, say nothing and are left out.
fn weigh(rows: &[BTreeMap<u32, f32>]) -> Sparse {
    let mut frequency = vec![0u32; CONTENT_COLUMNS as usize];
    rows.iter().flat_map(BTreeMap::keys).for_each(|column| frequency[*column as usize] += 1);
    let mut matrix = Sparse { offsets: vec![0], ..Sparse::default() };
    for row in rows {
        let start = matrix.values.len();
        for (column, weight) in row.iter().filter(|(column, _)| frequency[**column as usize] > 1) {
            let idf = (rows.len() as f32 / frequency[*column as usize] as f32).ln();
            if idf > 0.0 {
                matrix.columns.push(*column);
                matrix.values.push((1.0 + weight.ln()) * idf);
            }
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
        let packed = vectors(docs(), &AtomicBool::new(false)).unwrap();
        let near = |a: u32, b: u32| dot(packed.row(ItemId(a * 3)).unwrap(), packed.row(ItemId(b * 3)).unwrap());
        assert!(near(0, 1) > 0.9 && near(2, 3) > 0.9);
        assert!(near(0, 2).abs() < 0.1);
        assert_eq!(packed.row(ItemId(12)), None, "shares no word");
        assert_eq!(vectors(docs(), &AtomicBool::new(false)), Some(packed));
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(vectors([], &AtomicBool::new(false)).unwrap().is_empty());
        assert!(vectors([doc(1, "a b"), doc(2, "")], &AtomicBool::new(false)).unwrap().is_empty());
    }
}
