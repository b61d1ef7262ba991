//! Which products hold the words?
//!
//! BM25 (Robertson and Zaragoza, 2009, "The probabilistic relevance framework: BM25 and beyond", equation 3.15) over
//! one bag of words a product, any word of the query may match. Words are runs of letters and digits in lower case
//! with a final plural s dropped: no stemmer, no synonyms, no fields.

use std::collections::HashMap;

use super::{Context, Reference, best};

/// How fast repeated words stop counting.
const K1: f64 = 1.2;
/// How much long texts are held back.
const B: f64 = 0.75;

/// Plain BM25.
#[derive(Default)]
pub struct Bm25 {
    /// Documents of a word with its frequency in each.
    postings: HashMap<String, Vec<(u32, f64)>>,
    lengths: HashMap<u32, f64>,
    length_sum: f64,
}

impl Bm25 {
    /// Takes in the text of an item, once.
    pub fn add(&mut self, item: u32, text: &str) {
        let mut counts: HashMap<String, f64> = HashMap::new();
        let mut length = 0.0;
        for word in words(text) {
            length += 1.0;
            *counts.entry(word).or_default() += 1.0;
        }
        self.lengths.insert(item, length);
        self.length_sum += length;
        for (word, count) in counts {
            self.postings.entry(word).or_default().push((item, count));
        }
    }
}

/// The words of a text.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let runs = text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    runs.map(|run| {
        let word = run.to_lowercase();
        let is_plural = word.len() > 3 && word.ends_with('s') && !word.ends_with("ss");
        if is_plural { word[..word.len() - 1].to_owned() } else { word }
    })
}

impl Reference for Bm25 {
    fn name(&self) -> &'static str {
        "BM25"
    }

    fn source(&self) -> &'static str {
        "Robertson and Zaragoza 2009, k1 1.2, b .75, one field"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let n = self.lengths.len() as f64;
        let mean = (self.length_sum / n.max(1.0)).max(1.0);
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for word in words(context.text) {
            let Some(postings) = self.postings.get(&word) else { continue };
            let df = postings.len() as f64;
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            for (item, tf) in postings {
                let norm = K1 * (1.0 - B + B * self.lengths[item] / mean);
                *scores.entry(*item).or_default() += idf * tf * (K1 + 1.0) / (tf + norm);
            }
        }
        best(scores, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_in_short_texts_win() {
        let mut index = Bm25::default();
        index.add(1, "red lamp");
        index.add(2, "Red LAMPS, a red lamp and quite a few other things");
        index.add(3, "blue chair");
        let ask = |text: &str| index.rank(&Context { text, ..Context::default() }, 9);
        assert_eq!(ask("lamps"), [1, 2]);
        assert_eq!(ask("red chair"), [3, 1, 2]);
        assert_eq!(ask("nothing"), [] as [u32; 0]);
        assert_eq!(words("USB-C glass, 2TB discs").collect::<Vec<_>>(), ["usb", "c", "glass", "2tb", "disc"]);
    }
}
