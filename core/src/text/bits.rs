//! A plain set of documents of one segment: marks are set while postings are walked, then drained in order.

/// One bit a document.
#[derive(Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Makes room for documents below `n`; new bits are clear.
    pub fn grow(&mut self, n: usize) {
        let words = n.div_ceil(64);
        if self.0.len() < words {
            self.0.resize(words, 0);
        }
    }

    /// Adds a document.
    #[inline]
    pub fn set(&mut self, doc: u32) {
        self.0[(doc >> 6) as usize] |= 1 << (doc & 63);
    }

    /// Whether a document is in.
    #[inline]
    pub fn has(&self, doc: u32) -> bool {
        self.0[(doc >> 6) as usize] >> (doc & 63) & 1 == 1
    }

    /// Takes a document out.
    #[inline]
    pub fn clear(&mut self, doc: u32) {
        self.0[(doc >> 6) as usize] &= !(1 << (doc & 63));
    }

    /// How many documents are in.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The documents, in increasing order.
    pub fn to_vec(&self) -> Vec<u32> {
        let mut docs = Vec::with_capacity(self.count());
        for (at, &word) in self.0.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                docs.push((at as u32) << 6 | left.trailing_zeros());
                left &= left - 1;
            }
        }
        docs
    }

    /// Empties the set, calling `visit` on every document in increasing order.
    pub fn drain(&mut self, mut visit: impl FnMut(u32)) {
        for (at, word) in self.0.iter_mut().enumerate() {
            let mut left = std::mem::take(word);
            while left != 0 {
                visit((at as u32) << 6 | left.trailing_zeros());
                left &= left - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drains_in_order_and_is_empty_after() {
        let mut bits = Bits::default();
        bits.grow(200);
        for doc in [199, 0, 63, 64, 5, 64] {
            bits.set(doc);
        }
        bits.clear(5);
        assert!(bits.has(63) && !bits.has(5));
        let mut out = Vec::new();
        assert_eq!((bits.count(), bits.to_vec()), (4, vec![0, 63, 64, 199]));
        bits.drain(|doc| out.push(doc));
        assert_eq!(out, [0, 63, 64, 199]);
        bits.drain(|_| unreachable!("drained before"));
    }
}
