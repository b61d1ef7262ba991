//! How does a column change under readers who keep the old one?
//!
//! A column is a two-level tree of shared chunks, indexed by item id. The writer copies a chunk (and the group
//! of 64 pointers above it) the first time it touches it after a clone; a clone costs one pointer per group.
//! With chunks of 256 values a group covers 16,384 items, so a million items are cloned by 62 pointers.

use std::sync::Arc;

use super::memory::SHARED;

const GROUP_CHUNKS: usize = 64;

type Group<C> = [Option<Arc<C>>; GROUP_CHUNKS];

/// A persistent sparse array of chunks; an absent chunk is the default one.
#[derive(Debug)]
pub(super) struct Chunked<C> {
    groups: Vec<Option<Arc<Group<C>>>>,
}

impl<C> Clone for Chunked<C> {
    fn clone(&self) -> Self {
        Self { groups: self.groups.clone() }
    }
}

impl<C> Default for Chunked<C> {
    fn default() -> Self {
        Self { groups: Vec::new() }
    }
}

impl<C: Clone + Default> Chunked<C> {
    /// The chunk at `index`, unless nothing was ever written there.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&C> {
        self.groups.get(index / GROUP_CHUNKS)?.as_ref()?[index % GROUP_CHUNKS].as_deref()
    }

    /// The chunk at `index` for writing: copied if a reader shares it, created if absent.
    pub(super) fn get_mut(&mut self, index: usize) -> &mut C {
        let group = index / GROUP_CHUNKS;
        if group >= self.groups.len() {
            self.groups.resize(group + 1, None);
        }
        let group = self.groups[group].get_or_insert_with(|| Arc::new(std::array::from_fn(|_| None)));
        Arc::make_mut(Arc::make_mut(group)[index % GROUP_CHUNKS].get_or_insert_with(Default::default))
    }

    /// Bytes of the tree, its chunks included, but not what they point to.
    pub(super) fn bytes(&self) -> usize {
        let groups = self.groups.iter().flatten().count() * (SHARED + size_of::<Group<C>>());
        let chunks = self.iter().count() * (SHARED + size_of::<C>());
        self.groups.capacity() * size_of::<usize>() + groups + chunks
    }

    /// Chunks that exist, with their index, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &C)> {
        self.groups.iter().enumerate().filter_map(|(g, group)| Some((g, group.as_ref()?))).flat_map(|(g, group)| {
            group.iter().enumerate().filter_map(move |(c, chunk)| Some((g * GROUP_CHUNKS + c, chunk.as_deref()?)))
        })
    }
}

/// Values in a chunk of counts.
pub(super) const CHUNK: usize = 256;

/// 256 counts and the largest of them, by which a reader skips what cannot be in the top.
#[derive(Clone, Debug)]
pub(super) struct CountChunk {
    pub(super) max: u32,
    pub(super) values: [u32; CHUNK],
}

impl Default for CountChunk {
    fn default() -> Self {
        Self { max: 0, values: [0; CHUNK] }
    }
}

/// A column of counts by item id; clones share what was not touched since.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(Chunked<CountChunk>);

impl Counts {
    #[inline]
    pub(super) fn get(&self, item: u32) -> u32 {
        self.0.get(item as usize / CHUNK).map_or(0, |chunk| chunk.values[item as usize % CHUNK])
    }

    /// `out[i]` is the count of `items[i]`; items of one chunk that stand side by side look it up once.
    pub(super) fn gather(&self, items: &[u32], out: &mut [f32]) {
        let (mut at, mut chunk) = (usize::MAX, None);
        for (out, &item) in out.iter_mut().zip(items) {
            let wanted = item as usize / CHUNK;
            if wanted != at {
                (at, chunk) = (wanted, self.0.get(wanted));
            }
            *out = chunk.map_or(0.0, |chunk| chunk.values[item as usize % CHUNK] as f32);
        }
    }

    pub(super) fn add(&mut self, item: u32, n: u32) {
        let chunk = self.0.get_mut(item as usize / CHUNK);
        let value = &mut chunk.values[item as usize % CHUNK];
        *value = value.saturating_add(n);
        chunk.max = chunk.max.max(*value);
    }

    pub(super) fn sub(&mut self, item: u32, n: u32) {
        let chunk = self.0.get_mut(item as usize / CHUNK);
        let value = &mut chunk.values[item as usize % CHUNK];
        let was = *value;
        *value = was.saturating_sub(n);
        if was == chunk.max {
            chunk.max = chunk.values.iter().copied().max().unwrap_or(0);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// Chunks that exist, with the id of their first item, in order.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (u32, &CountChunk)> {
        self.0.iter().map(|(index, chunk)| ((index * CHUNK) as u32, chunk))
    }

    /// Counts above 0, in order of item.
    pub(super) fn positive(&self) -> impl Iterator<Item = (u32, u32)> {
        self.chunks()
            .flat_map(|(first, chunk)| (first..).zip(chunk.values.iter().copied()).filter(|&(_, value)| value > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_saw_and_shares_the_rest() {
        let mut counts = Counts::default();
        counts.add(3, 5);
        counts.add(100_000, 2);
        let seen = counts.clone();
        counts.add(3, 1);
        counts.sub(100_000, 2);
        assert_eq!((seen.get(3), seen.get(100_000), seen.get(4)), (5, 2, 0));
        assert_eq!((counts.get(3), counts.get(100_000)), (6, 0));
        let shared = |column: &Counts, i: usize| column.0.get(i).map(std::ptr::from_ref);
        assert_ne!(shared(&seen, 0), shared(&counts, 0));
        counts.add(300, 1);
        let again = counts.clone();
        counts.add(3, 1);
        assert_eq!(shared(&again, 1), shared(&counts, 1), "an untouched chunk is shared");
    }

    #[test]
    fn the_maximum_of_a_chunk_follows_its_values() {
        let mut counts = Counts::default();
        counts.add(1, 9);
        counts.add(2, 4);
        counts.sub(1, 7);
        assert_eq!(counts.chunks().map(|(first, chunk)| (first, chunk.max)).collect::<Vec<_>>(), [(0, 4)]);
        assert_eq!(counts.positive().collect::<Vec<_>>(), [(1, 2), (2, 4)]);
    }
}
