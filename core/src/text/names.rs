//! What are products called, word by word?
//!
//! The name of every live document as numbers of stems with their places, by item: how the words of a query stand in a
//! name (side by side, at its end, behind a "for") is asked of hundreds of products a search, and walking posting
//! lists with positions for that would cost more than the search. The names of neighbors lie side by side in one
//! chunk, since waiting for memory is most of what reading one costs. Chunks are copied when a document in them
//! changes, and so is the list of chunks, once between two views; a view shares all others with the one before it. Words of other fields are not here.

use std::sync::Arc;

use crate::id::ItemId;
use crate::limits::NAME_WORDS_MAX;

/// Names in one chunk: some kilobytes, which copying one costs.
const CHUNK: usize = 64;

/// One word of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameWord {
    /// Words side by side differ by one; a comma or bracket between them leaves a place out.
    pub position: u16,
    /// Whether it has a digit.
    pub is_number: bool,
    /// Number of its stem.
    pub stem: u32,
}

/// Names of [`CHUNK`] items that follow each other.
#[derive(Clone)]
struct Chunk {
    /// Where each item's words end.
    ends: [u32; CHUNK],
    /// The words of all of them.
    words: Vec<NameWord>,
}

impl Chunk {
    const EMPTY: Self = Self { ends: [0; CHUNK], words: Vec::new() };

    fn range(&self, at: usize) -> std::ops::Range<usize> {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        begin as usize..self.ends[at] as usize
    }
}

/// Names by item.
#[derive(Clone, Default)]
pub(super) struct Names {
    chunks: Arc<Vec<Arc<Chunk>>>,
}

impl Names {
    /// The words of an item's name, by place; empty when there is none.
    #[inline]
    pub fn of(&self, item: ItemId) -> &[NameWord] {
        let chunk = self.chunks.get(item.index() / CHUNK);
        chunk.map_or(&[], |chunk| &chunk.words[chunk.range(item.index() % CHUNK)])
    }

    /// Takes a name in, its words by place, instead of the one the item had; words past the bound are left out.
    pub fn put(&mut self, item: ItemId, mut words: Vec<NameWord>) {
        words.truncate(NAME_WORDS_MAX);
        let n_chunks = item.index() / CHUNK + 1;
        if self.chunks.len() < n_chunks {
            Arc::make_mut(&mut self.chunks).resize_with(n_chunks, || Arc::new(Chunk::EMPTY));
        }
        self.set(item, &words);
    }

    /// Takes a name out.
    pub fn remove(&mut self, item: ItemId) {
        self.set(item, &[]);
    }

    fn set(&mut self, item: ItemId, name: &[NameWord]) {
        if self.of(item) == name {
            return;
        }
        if let Some(chunk) = Arc::make_mut(&mut self.chunks).get_mut(item.index() / CHUNK) {
            let chunk = Arc::make_mut(chunk);
            let at = item.index() % CHUNK;
            let old = chunk.range(at);
            let (n_old, n_new) = (old.len() as u32, name.len() as u32);
            chunk.words.splice(old, name.iter().copied());
            chunk.ends[at..].iter_mut().for_each(|end| *end = *end + n_new - n_old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stays_what_it_was() {
        let word = |position, stem| NameWord { position, is_number: false, stem };
        let mut names = Names::default();
        names.put(ItemId(100), vec![word(0, 3), word(1, 7)]);
        names.put(ItemId(101), vec![word(0, 4)]);
        let before = names.clone();
        names.put(ItemId(100), vec![word(0, 9)]);
        names.put(ItemId(99), vec![word(0, 8), word(2, 8)]);
        names.put(ItemId(3), vec![word(0, 1); NAME_WORDS_MAX + 5]);
        assert_eq!((before.of(ItemId(99)).len(), before.of(ItemId(100))), (0, &[word(0, 3), word(1, 7)][..]));
        assert_eq!(names.of(ItemId(100)), [word(0, 9)]);
        assert_eq!((names.of(ItemId(99)), names.of(ItemId(101))), (&[word(0, 8), word(2, 8)][..], &[word(0, 4)][..]));
        assert_eq!(names.of(ItemId(3)).len(), NAME_WORDS_MAX);
        names.remove(ItemId(100));
        names.remove(ItemId(100_000));
        assert_eq!(names.of(ItemId(101)), [word(0, 4)]);
        assert!(
            names.of(ItemId(100)).is_empty() && names.of(ItemId(5)).is_empty() && names.of(ItemId(9_999)).is_empty()
        );
    }
}
