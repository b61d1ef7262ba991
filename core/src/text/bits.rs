//! A plain set of documents of one segment: marks are set while postings are walked, then drained in order.

/// Documents that one bit of the summary stands for.
const WORD: usize = 64;

/// One bit a document.
#[derive(Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    /// One bit a word, clear where the word is 0, so that a few documents among many are found without looking at all.
    summary: Vec<u64>,
}

impl Bits {
    /// Makes room for documents below `n`; new bits are clear.
    pub fn grow(&mut self, n: usize) {
        let n_words = n.div_ceil(WORD);
        if self.words.len() < n_words {
            self.words.resize(n_words, 0);
            self.summary.resize(n_words.div_ceil(WORD), 0);
        }
    }

    /// Adds a document.
    #[inline]
    pub fn set(&mut self, doc: u32) {
        self.words[(doc >> 6) as usize] |= 1 << (doc & 63);
        self.summary[(doc >> 12) as usize] |= 1 << (doc >> 6 & 63);
    }

    /// Whether a document is in.
    #[inline]
    pub fn has(&self, doc: u32) -> bool {
        self.words[(doc >> 6) as usize] >> (doc & 63) & 1 == 1
    }

    /// Takes a document out.
    #[inline]
    pub fn clear(&mut self, doc: u32) {
        let word = &mut self.words[(doc >> 6) as usize];
        *word &= !(1 << (doc & 63));
        if *word == 0 {
            self.summary[(doc >> 12) as usize] &= !(1 << (doc >> 6 & 63));
        }
    }

    /// How many documents are in.
    pub fn count(&self) -> usize {
        self.filled().map(|(_, word)| word.count_ones() as usize).sum()
    }

    /// Adds the documents to a list, in increasing order.
    pub fn list(&self, docs: &mut Vec<u32>) {
        docs.reserve(self.count());
        self.filled().for_each(|(at, word)| ones(word).for_each(|bit| docs.push(at << 6 | bit)));
    }

    /// Empties the set, calling `visit` on every document in increasing order.
    pub fn drain(&mut self, mut visit: impl FnMut(u32)) {
        for (high, summary) in (0u32..).zip(&mut self.summary) {
            for at in ones(std::mem::take(summary)).map(|low| high << 6 | low) {
                let word = std::mem::take(&mut self.words[at as usize]);
                ones(word).for_each(|bit| visit(at << 6 | bit));
            }
        }
    }

    /// Words with documents, each with its place.
    fn filled(&self) -> impl Iterator<Item = (u32, u64)> {
        let places =
            (0u32..).zip(&self.summary).flat_map(|(high, &summary)| ones(summary).map(move |low| high << 6 | low));
        places.map(|at| (at, self.words[at as usize]))
    }
}

/// The places of the bits that are set, ascending.
fn ones(mut left: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drains_in_order_and_is_empty_after() {
        let mut bits = Bits::default();
        bits.grow(20_000);
        for doc in [199, 0, 63, 64, 5, 64, 19_999, 4_096] {
            bits.set(doc);
        }
        bits.clear(5);
        bits.clear(4_096);
        assert!(bits.has(63) && !bits.has(5) && !bits.has(4_096));
        let (mut listed, mut out) = (Vec::new(), Vec::new());
        bits.list(&mut listed);
        assert_eq!((bits.count(), listed), (5, vec![0, 63, 64, 199, 19_999]));
        bits.drain(|doc| out.push(doc));
        assert_eq!(out, [0, 63, 64, 199, 19_999]);
        bits.drain(|_| unreachable!("drained before"));
    }
}
