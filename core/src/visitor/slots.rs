//! How do millions of profiles change under readers who keep the old ones?
//!
//! The writer has a hash map of its own. Readers have, for each of 64 ranges of keys, a short list of sorted runs: a
//! publication adds a run of what was touched since the last one, four runs of like size become one, and the newest run
//! that knows a key decides. That is a log-structured merge tree (O'Neil et al., Acta Informatica 33, 1996), merged by
//! tiers. A persistent trie stood here before: every touched key copied the nodes on its way, and copying a node counts
//! a reference on each of its up to 32 neighbors, some fifty lines of cache an event; a merge counts one, and each entry
//! is merged five or six times. A reader looks through some twenty runs, a microsecond or two.
//! What was removed stays in older runs until they are merged, unless it must go for good: then all runs of its range
//! become one at the next publication. What a key leads to is not known here.

use std::sync::Arc;

use crate::signal::Sharded;

/// Ranges of keys: the longest pause is the merge of one of them.
const SHARD_BITS: u32 = 6;
/// Runs of like size that become one, and what like means: at most so many times the newest one's size.
const FAN: usize = 4;

/// Changes in order of key, each key once; nothing where the key was removed.
type Run<V> = Vec<(u64, Option<V>)>;

/// The runs of one range of keys, the newest at the end.
#[derive(Clone, Debug)]
struct Runs<V>(Vec<Arc<Run<V>>>);

impl<V: Clone> Runs<V> {
    fn get(&self, key: u64) -> Option<&V> {
        let change = |run: &'_ Arc<Run<V>>| run.binary_search_by_key(&key, |(key, _)| *key).ok();
        self.0.iter().rev().find_map(|run| Some(run[change(run)?].1.as_ref()))?
    }

    /// One run that holds nothing but what the keys lead to now.
    fn settled(&self) -> Self {
        let merged = merge(&self.0, true);
        Self((!merged.is_empty()).then(|| Arc::new(merged)).into_iter().collect())
    }

    /// The same with newer changes.
    fn with(&self, newest: Run<V>) -> Self {
        let mut runs = self.0.clone();
        runs.push(Arc::new(newest));
        loop {
            let newest = runs.last().map_or(0, |run| run.len());
            let like = runs.iter().rev().take_while(|run| run.len() <= FAN * newest).count();
            if like < FAN {
                return Self(runs);
            }
            let merged = runs.split_off(runs.len() - like);
            let merged = merge(&merged, runs.is_empty());
            runs.extend((!merged.is_empty()).then(|| Arc::new(merged)));
        }
    }
}

/// One run of several, the newest at the end. Below the oldest there is nothing that a removal would have to hide.
fn merge<V: Clone>(runs: &[Arc<Run<V>>], with_oldest: bool) -> Run<V> {
    let newest_first = runs.iter().rev().flat_map(|run| run.iter());
    let mut changes: Vec<(u64, &Option<V>)> = newest_first.map(|(key, value)| (*key, value)).collect();
    // Stable, so that of equal keys the newest comes first and stays; runs that are sorted already are only merged.
    changes.sort_by_key(|(key, _)| *key);
    changes.dedup_by_key(|(key, _)| *key);
    let kept = changes.into_iter().filter(|(_, value)| !with_oldest || value.is_some());
    kept.map(|(key, value)| (key, value.clone())).collect()
}

fn shard(key: u64) -> usize {
    (key >> (64 - SHARD_BITS)) as usize
}

/// What readers see: the map as it was published; a clone is one pointer.
#[derive(Clone, Debug)]
pub(super) struct Published<V> {
    shards: Arc<[Arc<Runs<V>>]>,
    len: usize,
}

impl<V> Default for Published<V> {
    fn default() -> Self {
        let empty = Arc::new(Runs(Vec::new()));
        Self { shards: (0..1 << SHARD_BITS).map(|_| Arc::clone(&empty)).collect(), len: 0 }
    }
}

impl<V: Clone> Published<V> {
    /// What the key leads to.
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        self.shards[shard(key)].get(key)
    }

    /// Everything under keys above `after`, sorted by key; each of the 64 ranges is merged when it is come to.
    pub(super) fn after(&self, after: Option<u64>) -> impl Iterator<Item = (u64, &V)> {
        let from = after.map_or(Some(0), |after| after.checked_add(1));
        let shards = from.map_or(&[][..], |from| &self.shards[shard(from)..]);
        shards.iter().flat_map(move |runs| {
            let newest_first = runs.0.iter().rev().flat_map(|run| run.iter());
            let mut found: Vec<&(u64, Option<V>)> =
                newest_first.filter(|(key, _)| from.is_some_and(|from| *key >= from)).collect();
            // Stable, so that of equal keys the newest comes first and stays.
            found.sort_by_key(|(key, _)| *key);
            found.dedup_by_key(|(key, _)| *key);
            found.into_iter().filter_map(|(key, value)| Some((*key, value.as_ref()?)))
        })
    }

    /// Keys that lead anywhere.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// A map from uniform 64-bit keys, for the one who writes.
#[derive(Clone, Debug)]
pub(super) struct Slots<V> {
    own: Sharded<V>,
    /// Keys that may have changed since the last publication, repeated ones included.
    touched: Vec<u64>,
    /// Length at which repeated keys are taken out of `touched`: a replay publishes nothing for a long time.
    tidy_at: usize,
    /// The ranges, a bit each, in which nothing old stays beyond the next publication.
    let_go: u64,
    published: Published<V>,
}

const _: () = assert!(1 << SHARD_BITS == u64::BITS, "a bit for each range of keys");

/// Touched keys that wait for a publication before repeated ones are taken out.
const TOUCHED_MIN: usize = 1 << 16;

impl<V> Default for Slots<V> {
    fn default() -> Self {
        let (own, published) = (Sharded::default(), Published::default());
        Self { own, touched: Vec::new(), tidy_at: TOUCHED_MIN, let_go: 0, published }
    }
}

impl<V: Clone> Slots<V> {
    /// What the key leads to.
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        self.own.get(key)
    }

    /// The same for changing it.
    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        self.touch(key);
        self.own.get_mut(key)
    }

    /// Whether the key is new; an old value is replaced.
    pub(super) fn insert(&mut self, key: u64, value: V) -> bool {
        self.touch(key);
        self.own.insert(key, value)
    }

    /// What the key led to until now.
    pub(super) fn remove(&mut self, key: u64) -> Option<V> {
        self.touch(key);
        self.own.remove(key)
    }

    /// What the key led to in the past is in no publication from the next one on; those before end with their readers.
    pub(super) fn let_go(&mut self, key: u64) {
        self.let_go |= 1 << shard(key);
    }

    /// Whether the key leads anywhere.
    pub(super) fn contains(&self, key: u64) -> bool {
        self.own.contains(key)
    }

    /// Keys that lead anywhere.
    pub(super) fn len(&self) -> usize {
        self.own.len()
    }

    /// Everything, sorted by key.
    pub(super) fn sorted(&self) -> Vec<(u64, &V)> {
        self.own.sorted()
    }

    fn touch(&mut self, key: u64) {
        self.touched.push(key);
        if self.touched.len() >= self.tidy_at {
            self.tidy();
            self.tidy_at = (2 * self.touched.len()).max(TOUCHED_MIN);
        }
    }

    fn tidy(&mut self) {
        self.touched.sort_unstable();
        self.touched.dedup();
    }

    /// The map as it is now, for readers: costs what was touched, and now and then a merge.
    pub(super) fn publish(&mut self) -> Published<V> {
        self.tidy();
        let let_go = std::mem::take(&mut self.let_go);
        if !self.touched.is_empty() || let_go != 0 {
            let mut shards = self.published.shards.to_vec();
            for keys in self.touched.chunk_by(|one, other| shard(*one) == shard(*other)) {
                let newest = keys.iter().map(|key| (*key, self.own.get(*key).cloned())).collect();
                let runs = &mut shards[shard(keys[0])];
                *runs = Arc::new(runs.with(newest));
            }
            self.touched.clear();
            for (_, runs) in shards.iter_mut().enumerate().filter(|(at, _)| let_go >> at & 1 == 1) {
                *runs = Arc::new(runs.settled());
            }
            self.published = Published { shards: shards.into(), len: self.own.len() };
        }
        self.published.clone()
    }
}

impl<V: Clone> FromIterator<(u64, V)> for Slots<V> {
    fn from_iter<I: IntoIterator<Item = (u64, V)>>(entries: I) -> Self {
        let mut slots = Self::default();
        for (key, value) in entries {
            slots.insert(key, value);
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// Few keys, so that they meet again, spread over all ranges.
    fn key(n: u8) -> u64 {
        u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn content(published: &Published<u32>) -> BTreeMap<u64, u32> {
        (0..=u8::MAX).filter_map(|n| Some((key(n), *published.get(key(n))?))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 128,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(7),
            ..ProptestConfig::default()
        })]

        #[test]
        fn every_publication_keeps_showing_what_was_there_then(
            changes in prop::collection::vec((any::<u8>(), prop::option::of(any::<u32>()), 0..6u8), 1..400)
        ) {
            let (mut slots, mut model) = (Slots::default(), BTreeMap::new());
            let mut history = Vec::new();
            for (n, value, publishes) in changes {
                match value {
                    Some(value) if n % 3 == 0 && slots.contains(key(n)) => {
                        *slots.get_mut(key(n)).unwrap() = value;
                        model.insert(key(n), value);
                    }
                    Some(value) => prop_assert_eq!(slots.insert(key(n), value), model.insert(key(n), value).is_none()),
                    None => prop_assert_eq!(slots.remove(key(n)), model.remove(&key(n))),
                }
                if publishes < 2 {
                    if publishes == 1 {
                        slots.let_go(key(n));
                    }
                    history.push((slots.publish(), model.clone()));
                }
            }
            history.push((slots.publish(), model.clone()));
            for (published, model) in history {
                prop_assert_eq!(published.len(), model.len());
                prop_assert_eq!(content(&published), model.clone());
                let middle = model.keys().nth(model.len() / 2).copied();
                let above = |after: Option<u64>| -> Vec<(u64, u32)> {
                    model.iter().filter(|(key, _)| after < Some(**key)).map(|(key, value)| (*key, *value)).collect()
                };
                for after in [None, middle] {
                    let found: Vec<(u64, u32)> = published.after(after).map(|(key, value)| (key, *value)).collect();
                    prop_assert_eq!(found, above(after));
                }
            }
            let sorted: Vec<(u64, u32)> = slots.sorted().into_iter().map(|(key, value)| (key, *value)).collect();
            prop_assert_eq!(sorted, model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn runs_stay_few_and_a_removed_key_leaves_nothing() {
        let mut slots = Slots::default();
        let mut most = 0;
        for n in 0..20_000_u64 {
            slots.insert(n * 7 % 5_000, n);
            let published = slots.publish();
            most = most.max(published.shards[0].0.len());
        }
        assert!(most <= 24, "{most} runs for 5,000 keys of one range");
        for n in 0..5_000 {
            slots.remove(n);
        }
        let published = slots.publish();
        assert!(published.shards[0].0.is_empty() && published.len() == 0);
    }
}
