//! Which queries may be suggested to others?
//!
//! Those that at least three shoppers used and that had results: a query that one person typed may be about that
//! person. A use is a search that was answered with products, or one whose result was clicked; what a shopper typed
//! on the way to a longer query is taken back, and with it the shopper whose first use of the query it was. Queries are kept for each store view, as the analyzer folds them, so
//! that accents and capitals need not be typed; uses fade, and the most used come first.

use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::fade::{Day, grown};
use crate::limits::{QUERY_TEXTS_MAX, QUERY_VISITORS_MAX, SUGGESTION_SCAN_MAX, SUGGESTION_VISITORS_MIN};

/// A query that was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Use {
    /// As it was typed first, in small letters.
    text: Arc<str>,
    /// Uses, newer ones grown: see [`grown`].
    uses: f64,
    /// Keys of the first shoppers who used it, at most [`QUERY_VISITORS_MAX`].
    visitors: Vec<u64>,
}

const _: () = assert!(SUGGESTION_VISITORS_MIN < QUERY_VISITORS_MAX, "a public query can lose a shopper");

impl Use {
    fn is_public(&self) -> bool {
        self.visitors.len() >= SUGGESTION_VISITORS_MIN && self.uses > 0.0
    }
}

/// Store view and folded text, in the order in which completions are looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct UsedKey {
    pub view: Arc<str>,
    pub folded: Arc<str>,
}

/// The public queries of a view, the most used first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    view: Arc<str>,
    /// The bits of the uses, upside down: positive floats are ordered like their bits.
    uses: u64,
    folded: Arc<str>,
}

/// All queries that were used; a clone shares everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    texts: OrdMap<UsedKey, Arc<Use>>,
    public: OrdSet<UsedKey>,
    ranks: OrdSet<Rank>,
}

impl Used {
    /// A shopper used a query; nobody in particular makes it no more public. Says whether the shopper is remembered
    /// for it and was not before.
    pub fn add(&mut self, key: &UsedKey, text: &str, visitor: Option<u64>, day: Day) -> bool {
        if !self.texts.contains_key(key) && self.texts.len() >= QUERY_TEXTS_MAX {
            self.forget_weakest();
        }
        self.change(
            key,
            || text.into(),
            |used| {
                used.uses += grown(day);
                let is_room = used.visitors.len() < QUERY_VISITORS_MAX;
                let new = visitor.filter(|visitor| is_room && !used.visitors.contains(visitor));
                used.visitors.extend(new);
                new.is_some()
            },
        )
    }

    /// It was no use after all; `introduced` is the shopper whom it made remembered, if it did.
    pub fn take_back(&mut self, key: &UsedKey, introduced: Option<u64>, day: Day) {
        if !self.texts.contains_key(key) {
            return;
        }
        self.change(
            key,
            || "".into(),
            |used| {
                used.uses = (used.uses - grown(day)).max(0.0);
                used.visitors.retain(|known| Some(*known) != introduced);
            },
        );
        if self.texts.get(key).is_some_and(|used| used.uses <= 0.0) {
            self.texts.remove(key);
        }
    }

    fn change<T>(&mut self, key: &UsedKey, text: impl FnOnce() -> Arc<str>, change: impl FnOnce(&mut Use) -> T) -> T {
        let before = self.texts.get(key).filter(|used| used.is_public()).map(|used| rank(key, used));
        let used = self.texts.entry(key.clone());
        let used = used.or_insert_with(|| Arc::new(Use { text: text(), uses: 0.0, visitors: Vec::new() }));
        let used = Arc::make_mut(used);
        let answer = change(used);
        let after = used.is_public().then(|| rank(key, used));
        before.iter().for_each(|rank| drop(self.ranks.remove(rank)));
        match after {
            Some(rank) => {
                self.ranks.insert(rank);
                self.public.insert(key.clone());
            }
            None => drop(self.public.remove(key)),
        }
        answer
    }

    /// An eighth goes at once, so that the search for the weakest is paid seldom: private ones before public ones,
    /// the least used first.
    fn forget_weakest(&mut self) {
        let mut all: Vec<(bool, u64, &UsedKey)> =
            self.texts.iter().map(|(key, used)| (used.is_public(), used.uses.to_bits(), key)).collect();
        all.sort_unstable();
        let weakest: Vec<UsedKey> = all.iter().take(QUERY_TEXTS_MAX / 8).map(|(_, _, key)| (*key).clone()).collect();
        for key in weakest {
            if let Some(used) = self.texts.remove(&key) {
                self.public.remove(&key);
                self.ranks.remove(&rank(&key, &used));
            }
        }
    }

    /// At most `max` public queries of a view that begin with a folded text, the most used first; all do with an
    /// empty one. At most some thousands are looked at: the most used for a short beginning, else the first in
    /// letter order.
    pub fn completions(&self, view: &str, begun: &str, max: usize) -> Vec<Arc<str>> {
        let view: Arc<str> = view.into();
        let text = |view: &Arc<str>, folded: &Arc<str>| {
            let key = UsedKey { view: view.clone(), folded: folded.clone() };
            self.texts.get(&key).map(|used| used.text.clone())
        };
        // Many begin with a letter or two, so the first of those are found soon among the most used.
        if begun.chars().count() <= 2 {
            let from = Rank { view: view.clone(), uses: 0, folded: "".into() };
            let most_used = self.ranks.range((Bound::Included(from), Bound::Unbounded));
            let here = most_used.take_while(|rank| rank.view == view).take(SUGGESTION_SCAN_MAX);
            let begins = here.filter(|rank| rank.folded.starts_with(begun));
            return begins.filter_map(|rank| text(&rank.view, &rank.folded)).take(max).collect();
        }
        let from = UsedKey { view: view.clone(), folded: begun.into() };
        let after = self.public.range((Bound::Included(from), Bound::Unbounded));
        let here = after.take_while(|key| key.view == view && key.folded.starts_with(begun));
        let used = here.take(SUGGESTION_SCAN_MAX).filter_map(|key| Some((key, self.texts.get(key)?)));
        let mut found: Vec<(Rank, Arc<str>)> = used.map(|(key, used)| (rank(key, used), used.text.clone())).collect();
        found.sort_unstable();
        found.into_iter().take(max).map(|(_, text)| text).collect()
    }

    /// Whether a folded text is a public query of a view.
    #[cfg(test)]
    pub fn is_public(&self, view: &str, folded: &str) -> bool {
        self.public.contains(&UsedKey { view: view.into(), folded: folded.into() })
    }

    pub fn save(&self) -> SavedUsed {
        SavedUsed { texts: self.texts.iter().map(|(key, used)| (key.clone(), Use::clone(used))).collect() }
    }

    pub fn load(saved: SavedUsed) -> Self {
        let mut loaded = Self::default();
        for (key, used) in saved.texts {
            if used.is_public() {
                loaded.ranks.insert(rank(&key, &used));
                loaded.public.insert(key.clone());
            }
            loaded.texts.insert(key, Arc::new(used));
        }
        loaded
    }
}

fn rank(key: &UsedKey, used: &Use) -> Rank {
    Rank { view: key.view.clone(), uses: !used.uses.to_bits(), folded: key.folded.clone() }
}

/// [`Used`] as it stands in a snapshot file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct SavedUsed {
    texts: Vec<(UsedKey, Use)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(view: &str, folded: &str) -> UsedKey {
        UsedKey { view: view.into(), folded: folded.into() }
    }

    fn completed(used: &Used, view: &str, begun: &str) -> Vec<String> {
        used.completions(view, begun, 5).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn three_shoppers_make_a_query_public_and_the_most_used_comes_first() {
        let mut used = Used::default();
        let mut search = |text: &str, visitors: std::ops::Range<u64>| {
            visitors.for_each(|visitor| assert!(used.add(&key("se", text), text, Some(visitor), 20_000)));
        };
        search("sport pant", 0..3);
        search("sport bag", 0..5);
        search("secret of mine", 0..2);
        let mut again =
            |text: &str, visitor| (0..9).filter(|_| used.add(&key("se", text), text, visitor, 20_000)).count();
        assert_eq!((again("again and again", Some(7)), again("nobody", None)), (1, 0));
        assert_eq!(completed(&used, "se", ""), ["sport bag", "sport pant"]);
        assert_eq!(completed(&used, "se", "s"), ["sport bag", "sport pant"]);
        assert_eq!(completed(&used, "se", "sport p"), ["sport pant"]);
        assert_eq!(completed(&used, "de", "s"), [] as [String; 0]);
        used.take_back(&key("se", "sport bag"), Some(1), 20_000);
        assert_eq!(completed(&used, "se", "sport"), ["sport bag", "sport pant"], "four are left");
        used.take_back(&key("se", "sport bag"), Some(0), 20_000);
        used.take_back(&key("se", "sport bag"), None, 20_000);
        assert!(used.is_public("se", "sport bag"), "three are left");
        used.take_back(&key("se", "sport bag"), Some(2), 20_000);
        assert_eq!(completed(&used, "se", "sport"), ["sport pant"], "two are left");
        (9..12).for_each(|visitor| assert!(used.add(&key("se", "sport bag"), "sport bag", Some(visitor), 20_000)));
        assert_eq!(completed(&used, "se", "sport"), ["sport bag", "sport pant"]);
        // A season later one use outweighs several.
        let later = 20_000 + 900;
        (0..2).for_each(|visitor| assert!(!used.add(&key("se", "sport pant"), "sport pant", Some(visitor), later)));
        assert_eq!(completed(&used, "se", "sport"), ["sport pant", "sport bag"]);
        assert_eq!(Used::load(used.save()).save(), used.save());
        assert_eq!(completed(&Used::load(used.save()), "se", "s"), ["sport pant", "sport bag"]);
        assert!(used.is_public("se", "sport bag") && !used.is_public("se", "secret of mine"));
    }

    #[test]
    fn a_much_used_query_stays_public_when_some_only_typed_past_it() {
        let (mut used, key) = (Used::default(), key("se", "lamp"));
        let introduced: Vec<u64> =
            (0..1_000).filter(|visitor| used.add(&key, "lamp", Some(*visitor), 20_000)).collect();
        assert_eq!(introduced.len(), QUERY_VISITORS_MAX);
        introduced[..5].iter().for_each(|visitor| used.take_back(&key, Some(*visitor), 20_000));
        assert!(used.is_public("se", "lamp"));
        assert!(used.add(&key, "lamp", Some(500), 20_000), "there is room again");
    }
}
