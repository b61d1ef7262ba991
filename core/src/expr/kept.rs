//! Is the answer to a condition known already?
//!
//! Every thread that evaluates conditions keeps the answers to those that stay, each with a stamp of what it depends on:
//! an answer whose stamp is that of the moment asked about is given out again, a reference count; any other is made
//! anew and put in its place. Nobody waits for a lock, and nothing of this stands in a snapshot, whose parts never
//! change. Bounded in bytes; what was not asked for the longest goes first.
//! What is not here: what a condition means (`evaluate`), and what its answer depends on (`stored`).

use std::cell::RefCell;
use std::sync::Arc;

use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::smart::{SmartCategory, SmartTree};
use super::stored::{Needs, StoredCondition};
use super::{EvalContext, evaluate};
use crate::catalog::{BookChain, Catalog, CatalogVersions};
use crate::id::{Seq, TimeMs};
use crate::limits::{CONDITION_CACHE_BYTES_MAX, SMART_TREES_KEPT_MAX};

/// Answers to one condition that are kept side by side: of several price books, store views or previews.
const SIDE_BY_SIDE_MAX: usize = 4;
/// What an answer weighs besides its sets, in bytes.
const ANSWER_BYTES: usize = 256;

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// The alive variants that satisfy a condition that stays; the same as [`evaluate`].
pub fn variants(stored: &StoredCondition, catalog: &Catalog, context: &EvalContext<'_>) -> Arc<RoaringBitmap> {
    let known = KEPT.with_borrow_mut(|kept| kept.find(stored, catalog, context)?.variants.clone());
    known.unwrap_or_else(|| {
        let variants = Arc::new(evaluate(stored.condition(), catalog, context));
        KEPT.with_borrow_mut(|kept| kept.keep(stored, catalog, context, Answer::Variants(variants.clone())));
        variants
    })
}

/// Their products.
pub fn items(stored: &StoredCondition, catalog: &Catalog, context: &EvalContext<'_>) -> Arc<RoaringBitmap> {
    let known = KEPT.with_borrow_mut(|kept| kept.find(stored, catalog, context)?.items.clone());
    known.unwrap_or_else(|| {
        let items = Arc::new(catalog.lift(&variants(stored, catalog, context)));
        KEPT.with_borrow_mut(|kept| kept.keep(stored, catalog, context, Answer::Items(items.clone())));
        items
    })
}

/// The tree with the members of these smart categories, made by `make` when it is not known.
pub(super) fn tree(
    smart: &[Arc<SmartCategory>],
    catalog: &Catalog,
    context: &EvalContext<'_>,
    make: impl FnOnce() -> SmartTree,
) -> Arc<SmartTree> {
    let needs = smart.iter().map(|one| one.condition.needs()).fold(Needs::default(), Needs::and);
    let is_it = |known: &KeptTree| {
        let same = |(a, b): (&Arc<SmartCategory>, &Arc<SmartCategory>)| Arc::ptr_eq(a, b);
        let all = known.smart.len() == smart.len() && known.smart.iter().zip(smart).all(same);
        all && known.stamp.holds(needs, catalog, context)
    };
    let known = KEPT.with_borrow(|kept| kept.trees.iter().find(|tree| is_it(tree)).map(|known| known.tree.clone()));
    known.unwrap_or_else(|| {
        let tree = Arc::new(make());
        let stamp = Stamp::of(needs, catalog, context);
        KEPT.with_borrow_mut(|kept| {
            if kept.trees.len() >= SMART_TREES_KEPT_MAX {
                kept.trees.remove(0);
            }
            kept.trees.push(KeptTree { smart: smart.to_vec(), stamp, tree: tree.clone() });
        });
        tree
    })
}

enum Answer {
    Variants(Arc<RoaringBitmap>),
    Items(Arc<RoaringBitmap>),
}

#[derive(Default)]
struct Kept {
    answers: FxHashMap<Arc<str>, SmallVec<[KeptAnswer; 1]>>,
    trees: Vec<KeptTree>,
    bytes: usize,
    /// Counts questions; the time of this cache.
    clock: u64,
}

struct KeptTree {
    smart: Vec<Arc<SmartCategory>>,
    stamp: Stamp,
    tree: Arc<SmartTree>,
}

struct KeptAnswer {
    stamp: Stamp,
    asked: u64,
    bytes: usize,
    variants: Option<Arc<RoaringBitmap>>,
    items: Option<Arc<RoaringBitmap>>,
}

/// Everything an answer depends on; what it does not depend on is left at nothing.
struct Stamp {
    versions: CatalogVersions,
    book: Option<BookChain>,
    now_ms: Option<TimeMs>,
    view: Option<String>,
    /// Log position of the signals, and where they lie: of one position there may be those of several store views.
    signals: Option<(Seq, usize)>,
    tree: Option<Arc<SmartTree>>,
}

fn signals_of(context: &EvalContext<'_>) -> (Seq, usize) {
    (context.seq, context.demand.map_or(0, |demand| std::ptr::from_ref(demand) as usize))
}

impl Stamp {
    fn of(needs: Needs, catalog: &Catalog, context: &EvalContext<'_>) -> Self {
        Self {
            versions: catalog.versions().only(needs.prices, needs.stock),
            book: needs.prices.then(|| context.book.clone()),
            now_ms: needs.time.then_some(context.now_ms),
            view: needs.view.then(|| context.view.to_owned()),
            signals: needs.signals.then(|| signals_of(context)),
            tree: context.tree.filter(|_| needs.categories).cloned(),
        }
    }

    /// The same moment of the same shop, as far as the answer can tell?
    fn holds(&self, needs: Needs, catalog: &Catalog, context: &EvalContext<'_>) -> bool {
        let tree = context.tree.filter(|_| needs.categories);
        self.versions == catalog.versions().only(needs.prices, needs.stock)
            && self.book.as_ref() == needs.prices.then_some(context.book)
            && self.now_ms == needs.time.then_some(context.now_ms)
            && self.view.as_deref() == needs.view.then_some(context.view)
            && self.signals == needs.signals.then(|| signals_of(context))
            && match (&self.tree, tree) {
                (Some(known), Some(asked)) => Arc::ptr_eq(known, asked),
                (None, None) => true,
                _ => false,
            }
    }
}

impl Kept {
    fn find(
        &mut self,
        stored: &StoredCondition,
        catalog: &Catalog,
        context: &EvalContext<'_>,
    ) -> Option<&mut KeptAnswer> {
        self.clock += 1;
        let clock = self.clock;
        let answers = self.answers.get_mut(&**stored.text())?;
        let found = answers.iter_mut().find(|answer| answer.stamp.holds(stored.needs(), catalog, context))?;
        found.asked = clock;
        Some(found)
    }

    fn keep(&mut self, stored: &StoredCondition, catalog: &Catalog, context: &EvalContext<'_>, answer: Answer) {
        let weight = match &answer {
            Answer::Variants(set) | Answer::Items(set) => set.serialized_size(),
        };
        if self.find(stored, catalog, context).is_none() {
            let stamp = Stamp::of(stored.needs(), catalog, context);
            let new = KeptAnswer { stamp, asked: self.clock, bytes: ANSWER_BYTES, variants: None, items: None };
            let answers = self.answers.entry(stored.text().clone()).or_default();
            if answers.len() >= SIDE_BY_SIDE_MAX {
                let oldest = (0..answers.len()).min_by_key(|at| answers[*at].asked).unwrap_or(0);
                self.bytes -= answers.remove(oldest).bytes;
            }
            answers.push(new);
            self.bytes += ANSWER_BYTES;
        }
        let Some(kept) = self.find(stored, catalog, context) else { return };
        kept.bytes += weight;
        match answer {
            Answer::Variants(set) => kept.variants = Some(set),
            Answer::Items(set) => kept.items = Some(set),
        }
        self.bytes += weight;
        if self.bytes > CONDITION_CACHE_BYTES_MAX {
            self.shed();
        }
    }

    /// Lets the half go that was not asked for the longest.
    fn shed(&mut self) {
        let mut asked: Vec<u64> = self.answers.values().flatten().map(|answer| answer.asked).collect();
        let middle = asked.len() / 2;
        let (_, &mut middle, _) = asked.select_nth_unstable(middle);
        self.answers.retain(|_, answers| {
            answers.retain(|answer| answer.asked > middle);
            !answers.is_empty()
        });
        self.bytes = self.answers.values().flatten().map(|answer| answer.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::doc::ProductPatch;
    use crate::catalog::testing::arb_shop;
    use crate::expr::testing::arb_condition;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_is_kept_is_what_evaluating_gives(
            mut catalog in arb_shop(),
            conditions in prop::collection::vec(arb_condition(), 1..4),
            changes in prop::collection::vec((any::<u16>(), 0u8..4, any::<bool>()), 0..8),
        ) {
            let stored: Vec<StoredCondition> = conditions.into_iter().map(StoredCondition::new).collect();
            for (seq, (which, what, flag)) in (1..).zip(changes) {
                let skus: Vec<String> =
                    catalog.alive_items().iter().map(|item| catalog.sku_of(crate::id::ItemId(item)).to_owned()).collect();
                if let Some(sku) = skus.get(usize::from(which) % skus.len().max(1)) {
                    let patch = ProductPatch { sku: sku.clone(), ..ProductPatch::default() };
                    let patch = match what {
                        0 => ProductPatch { in_stock: Some(flag), ..patch },
                        1 => ProductPatch { quantity: Some(flag.then_some(3.0)), ..patch },
                        2 => ProductPatch { prices: [(crate::catalog::doc::ROOT_BOOK.to_owned(), None)].into(), ..patch },
                        _ => ProductPatch { attributes: [("color".to_owned(), None)].into(), ..patch },
                    };
                    catalog.touch_patch(&patch, seq);
                    catalog.patch(&patch, 0);
                }
                for now_ms in [0, 5] {
                    let book = catalog.root_chain();
                    let context = EvalContext { book: &book, now_ms, view: "default", demand: None, seq, tree: None };
                    for condition in stored.iter().chain(&stored) {
                        let expected = evaluate(condition.condition(), &catalog, &context);
                        prop_assert_eq!(&*variants(condition, &catalog, &context), &expected);
                        prop_assert_eq!(&*items(condition, &catalog, &context), &catalog.lift(&expected));
                    }
                }
            }
        }
    }

    #[test]
    fn a_second_question_is_answered_with_the_first_set() {
        let catalog = Catalog::new();
        let book = catalog.root_chain();
        let context = EvalContext { book: &book, now_ms: 0, view: "", demand: None, seq: 1, tree: None };
        let stored = StoredCondition::new(crate::expr::Condition::All(Vec::new()));
        let first = variants(&stored, &catalog, &context);
        assert!(Arc::ptr_eq(&first, &variants(&stored, &catalog, &EvalContext { now_ms: 7, ..context })));
        let other = Catalog::new();
        assert!(!Arc::ptr_eq(&first, &variants(&stored, &other, &context)), "another shop has answers of its own");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let catalog = Catalog::new();
        let book = catalog.root_chain();
        let mut kept = Kept::default();
        for n in 0..40_u64 {
            let field = format!("code{n}");
            let test = crate::expr::Test::Exists;
            let stored = StoredCondition::new(crate::expr::Condition::Field { field, test });
            let context = EvalContext { book: &book, now_ms: 0, view: "", demand: None, seq: 1, tree: None };
            // Every second bit, so that nothing is packed: 2 MB each.
            let wide: RoaringBitmap = (0..1 << 24).step_by(2).collect();
            kept.keep(&stored, &catalog, &context, Answer::Variants(Arc::new(wide)));
            assert!(kept.bytes <= CONDITION_CACHE_BYTES_MAX, "{}", kept.bytes);
        }
        assert!(!kept.answers.is_empty());
    }
}
