//! How does a map of millions grow without a pause?
//!
//! 64 small hash maps instead of a big one: the longest pause is the rehash of one shard. Keys are already
//! uniform (see `key`). Private state only: its iteration order is never visible.

use rustc_hash::FxHashMap;

const SHARD_BITS: u32 = 6;

/// A hash map from uniform 64-bit keys.
#[derive(Clone, Debug)]
pub(crate) struct Sharded<V> {
    shards: Vec<FxHashMap<u64, V>>,
    len: usize,
}

/// A set of uniform 64-bit keys.
pub(super) type KeySet = Sharded<()>;

impl<V> Default for Sharded<V> {
    fn default() -> Self {
        Self { shards: (0..1 << SHARD_BITS).map(|_| FxHashMap::default()).collect(), len: 0 }
    }
}

impl<V> Sharded<V> {
    fn shard(key: u64) -> usize {
        (key >> (64 - SHARD_BITS)) as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn contains(&self, key: u64) -> bool {
        self.shards[Self::shard(key)].contains_key(&key)
    }

    pub(crate) fn get(&self, key: u64) -> Option<&V> {
        self.shards[Self::shard(key)].get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        self.shards[Self::shard(key)].get_mut(&key)
    }

    /// Whether the key is new; an old value is replaced.
    pub(crate) fn insert(&mut self, key: u64, value: V) -> bool {
        let new = self.shards[Self::shard(key)].insert(key, value).is_none();
        self.len += usize::from(new);
        new
    }

    pub(crate) fn remove(&mut self, key: u64) -> Option<V> {
        let old = self.shards[Self::shard(key)].remove(&key);
        self.len -= usize::from(old.is_some());
        old
    }

    /// Everything, sorted by key.
    pub(crate) fn sorted(&self) -> Vec<(u64, &V)> {
        let mut all: Vec<(u64, &V)> = self.shards.iter().flatten().map(|(&key, value)| (key, value)).collect();
        all.sort_unstable_by_key(|&(key, _)| key);
        all
    }

    /// The keys, sorted.
    pub(crate) fn keys(&self) -> Vec<u64> {
        self.sorted().into_iter().map(|(key, _)| key).collect()
    }
}

impl<V> FromIterator<(u64, V)> for Sharded<V> {
    fn from_iter<I: IntoIterator<Item = (u64, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}
