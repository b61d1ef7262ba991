//! What do all vectors of a moment say?
//!
//! [`Vectors`] is written by the fold and cloned into every snapshot. A supplied space may have a graph in the model
//! that is older than its latest vectors: items that changed since are *stale* there, left out of the walk and compared
//! exactly instead, so that an answer always speaks of the vectors of its own moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::graph::Scratch;
use super::model::{Model, ModelSpace};
use super::scan::{Near, Rows, Top, scan};
use super::terms::Folded;
use super::{Space, VectorError, normalized};
use crate::catalog::check::{CONTENT_SPACE, OWN_VECTOR_SPACES};
use crate::id::ItemId;

/// A supplied space and what its graph does not know yet.
#[derive(Clone, Debug)]
struct Live {
    space: Space,
    /// Items whose row in the model is not what it is here; those it never had are among them. Empty without a graph.
    stale: Arc<RoaringBitmap>,
}

/// Every vector space at one moment; a clone is cheap and does not see later writes.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    live: Arc<BTreeMap<String, Live>>,
    model: Option<Arc<Model>>,
}

/// What a search needs to allocate only once.
#[derive(Clone, Debug, Default)]
pub struct SearchScratch {
    pub(super) walk: Scratch,
    pub(super) top: Top,
}

/// A space from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceInfo {
    /// Name.
    pub name: String,
    /// Numbers of a vector.
    pub dimension: usize,
    /// Items that have one.
    pub n_items: usize,
    /// Whether a graph serves wide searches.
    pub has_graph: bool,
    /// Whether callers supply the vectors.
    pub is_supplied: bool,
}

impl Vectors {
    /// An item now has these vectors and no others. What does not fit its space is left out: it was refused at the
    /// door, or is of an older version's log.
    pub fn follow(&mut self, item: ItemId, vectors: &BTreeMap<String, Vec<f32>>) {
        let had_some = self.live.values().any(|live| live.space.row(item).is_some());
        if vectors.is_empty() && !had_some {
            return;
        }
        let model = self.model.clone();
        let live = Arc::make_mut(&mut self.live);
        for (name, vector) in vectors {
            if !live.contains_key(name)
                && let Ok(space) = Space::new(vector.len())
            {
                // A model may hold rows of a space that was emptied.
                let graphed = model.as_deref().and_then(|model| graphed(model, name));
                let stale = graphed.map(|graphed| graphed.packed.items().clone()).unwrap_or_default();
                live.insert(name.clone(), Live { space, stale: Arc::new(stale) });
            }
        }
        for (name, live) in live.iter_mut() {
            let changed = match vectors.get(name) {
                Some(vector) => live.space.put(item, vector).unwrap_or(false),
                None => live.space.remove(item),
            };
            let graphed = model.as_deref().and_then(|model| graphed(model, name));
            if let Some(graphed) = graphed.filter(|_| changed) {
                // Decided by what the model holds, not by what was written, so that a replay decides alike.
                let stale = Arc::make_mut(&mut live.stale);
                if graphed.packed.row(item) == live.space.row(item) {
                    stale.remove(item.0)
                } else {
                    stale.insert(item.0)
                };
            }
        }
    }

    /// Puts a model in force, or none.
    pub fn adopt(&mut self, model: Option<Arc<Model>>) {
        for (name, live) in Arc::make_mut(&mut self.live) {
            let frozen = model.as_deref().and_then(|model| graphed(model, name));
            let stale = frozen.map(|frozen| {
                let items = frozen.packed.items() | live.space.items();
                items.iter().filter(|i| frozen.packed.row(ItemId(*i)) != live.space.row(ItemId(*i))).collect()
            });
            live.stale = Arc::new(stale.unwrap_or_default());
        }
        self.model = model;
    }

    /// The model in force.
    pub fn model(&self) -> Option<&Arc<Model>> {
        self.model.as_ref()
    }

    /// Number of the model in force, 0 for none.
    pub fn generation(&self) -> u64 {
        self.model.as_ref().map_or(0, |model| model.generation)
    }

    /// The spaces that callers supply, by name.
    pub fn supplied(&self) -> BTreeMap<String, Space> {
        self.live.iter().map(|(name, live)| (name.clone(), live.space.clone())).collect()
    }

    /// Every space that holds something, by name.
    pub fn spaces(&self) -> Vec<SpaceInfo> {
        let own = OWN_VECTOR_SPACES.iter().filter_map(|name| Some(((*name).to_owned(), self.learned(name)?)));
        let learned = own.map(|(name, space)| SpaceInfo {
            name,
            dimension: space.packed.dimension(),
            n_items: space.packed.len(),
            has_graph: space.graph.is_some(),
            is_supplied: false,
        });
        let filled = self.live.iter().filter(|(_, live)| !live.space.is_empty());
        let supplied = filled.map(|(name, live)| SpaceInfo {
            name: name.clone(),
            dimension: live.space.dimension(),
            n_items: live.space.len(),
            has_graph: self.model.as_deref().is_some_and(|model| graphed(model, name).is_some()),
            is_supplied: true,
        });
        // An older version took supplied vectors under a name of the kernel's: they go first.
        let by_name: BTreeMap<String, SpaceInfo> =
            learned.chain(supplied).map(|info| (info.name.clone(), info)).collect();
        by_name.into_values().collect()
    }

    /// An item's unit vector in a space.
    pub fn vector(&self, space: &str, item: ItemId) -> Option<&[f32]> {
        match self.live.get(space) {
            Some(live) => live.space.row(item),
            None => self.learned(space)?.packed.row(item),
        }
    }

    /// The weighted mean of items' vectors at length 1: a basket's center, or a shopper's affinity when the weights
    /// decay with age. `None` when no item has a vector there, or they cancel out.
    pub fn mean(&self, space: &str, weighted: impl IntoIterator<Item = (ItemId, f32)>) -> Option<Vec<f32>> {
        let mut sum: Vec<f32> = Vec::new();
        for (item, weight) in weighted {
            let Some(vector) = self.vector(space, item) else { continue };
            sum.resize(vector.len(), 0.0);
            sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += weight * number);
        }
        normalized(&sum).ok()
    }

    /// The `k` items of `universe` nearest to `query`, best first, ties by item id; `query` need not have length 1.
    ///
    /// # Errors
    /// When there is no such space, or the query is no vector of it.
    pub fn similar<'s>(
        &self,
        space: &str,
        query: &[f32],
        k: usize,
        universe: &RoaringBitmap,
        scratch: &'s mut SearchScratch,
    ) -> Result<&'s [Near], VectorError> {
        let (live, learned) = (self.live.get(space), self.learned(space));
        let query = self.unit(space, query)?;
        let expected = query.len();
        scratch.top.reset(k);
        let graphed = self.model.as_deref().and_then(|model| graphed(model, space));
        match (live, graphed, learned) {
            (Some(live), Some(graphed), _) if graphed.packed.dimension() == expected => {
                graphed.offer(&query, k, universe, |item| !live.stale.contains(item), scratch);
                scan(&live.space, &query, &(&*live.stale & universe), |_| true, &mut scratch.top);
            }
            (Some(live), ..) => scan(&live.space, &query, universe, |_| true, &mut scratch.top),
            (None, _, Some(learned)) => learned.offer(&query, k, universe, |_| true, scratch),
            (None, _, None) => {}
        }
        Ok(scratch.top.best())
    }

    /// A vector of a space at length 1.
    ///
    /// # Errors
    /// When there is no such space, or it is no vector of it.
    pub fn unit(&self, space: &str, vector: &[f32]) -> Result<Vec<f32>, VectorError> {
        let expected = match (self.live.get(space), self.learned(space)) {
            (Some(live), _) => live.space.dimension(),
            (None, Some(learned)) => learned.packed.dimension(),
            (None, None) => return Err(self.unknown(space)),
        };
        if vector.len() != expected {
            return Err(VectorError::Mismatch { n: vector.len(), expected });
        }
        normalized(vector)
    }

    /// A text in a space; `None` when the space does not know its words, or none at all.
    pub fn fold_text(&self, space: &str, text: &str) -> Option<Folded> {
        // Only the texts' own space has words.
        let learned = self.model.as_ref().filter(|_| space == CONTENT_SPACE && self.learned(space).is_some())?;
        learned.terms.fold(text)
    }

    /// Whether texts can be folded into a space.
    pub fn knows_words(&self, space: &str) -> bool {
        space == CONTENT_SPACE && self.model.as_ref().is_some_and(|model| !model.terms.is_empty())
    }

    /// A space that the kernel makes. What a model holds of other spaces is a graph over supplied vectors and says
    /// nothing without them.
    fn learned(&self, space: &str) -> Option<&ModelSpace> {
        self.model.as_ref()?.spaces.get(space).filter(|_| OWN_VECTOR_SPACES.contains(&space))
    }

    fn unknown(&self, space: &str) -> VectorError {
        let names: Vec<String> = self.spaces().into_iter().map(|info| info.name).collect();
        let known = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
        VectorError::UnknownSpace { name: space.to_owned(), known }
    }
}

fn graphed<'m>(model: &'m Model, space: &str) -> Option<&'m ModelSpace> {
    model.spaces.get(space).filter(|space| space.graph.is_some())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::vector::graph;
    use crate::vector::packed::Packed;

    fn vector(item: u32) -> Vec<f32> {
        (0..8).map(|d| ((item * 31 + d * 17) as f32).sin()).collect()
    }

    fn of(name: &str, vector: Vec<f32>) -> BTreeMap<String, Vec<f32>> {
        BTreeMap::from([(name.to_owned(), vector)])
    }

    fn ask(vectors: &Vectors, query: &[f32], k: usize) -> Vec<Near> {
        let mut scratch = SearchScratch::default();
        vectors.similar("visual", query, k, &(0..10_000).collect(), &mut scratch).unwrap().to_vec()
    }

    /// 3,500 supplied vectors with a graph over the first 3,400: just enough for it to be walked.
    fn shop() -> Vectors {
        let mut vectors = Vectors::default();
        (0..3_400).for_each(|item| vectors.follow(ItemId(item), &of("visual", vector(item))));
        let space = vectors.supplied().remove("visual").unwrap();
        let rows = (0..3_400).map(|item| (ItemId(item), space.row(ItemId(item)).unwrap()));
        let (items, values): (Vec<u32>, Vec<&[f32]>) = rows.map(|(item, row)| (item.0, row)).unzip();
        let packed = Packed::from_parts(8, items, values.concat()).unwrap();
        let graph = graph::build(&packed, &AtomicBool::new(false));
        (3_400..3_500).for_each(|item| vectors.follow(ItemId(item), &of("visual", vector(item))));
        let spaces = BTreeMap::from([("visual".to_owned(), ModelSpace { packed, graph })]);
        vectors.adopt(Some(Arc::new(Model { generation: 1, built_at: 9, spaces, ..Model::default() })));
        vectors
    }

    #[test]
    fn what_changed_since_the_graph_is_seen_at_once() {
        let mut vectors = shop();
        assert_eq!(vectors.live["visual"].stale.len(), 100, "the tail");
        assert!(vectors.spaces()[0].has_graph && vectors.spaces()[0].is_supplied);
        assert_eq!(ask(&vectors, &vector(3_450), 1)[0].item, ItemId(3_450), "a new item");
        vectors.follow(ItemId(10), &of("visual", vector(9_999)));
        assert_eq!(ask(&vectors, &vector(9_999), 1)[0].item, ItemId(10), "a replaced vector");
        let before = vectors.clone();
        vectors.follow(ItemId(10), &BTreeMap::new());
        assert!(ask(&vectors, &vector(9_999), 50).iter().all(|near| near.item != ItemId(10)), "a removed one");
        assert_eq!(ask(&before, &vector(9_999), 1)[0].item, ItemId(10), "a clone does not see later writes");
        vectors.adopt(None);
        assert!(!vectors.spaces()[0].has_graph);
        assert_eq!(ask(&vectors, &vector(3_450), 1)[0].item, ItemId(3_450));
    }

    #[test]
    fn a_model_put_in_force_later_gives_the_same_view() {
        let mut early = shop();
        early.follow(ItemId(7), &of("visual", vector(7_777)));
        early.follow(ItemId(8), &BTreeMap::new());
        early.follow(ItemId(9), &BTreeMap::new());
        early.follow(ItemId(9), &of("visual", vector(9)));
        let mut late = early.clone();
        late.adopt(early.model().cloned());
        assert_eq!(early.live["visual"].stale, late.live["visual"].stale);
    }

    #[test]
    fn bad_questions_are_refused() {
        let vectors = shop();
        let mut scratch = SearchScratch::default();
        let mut ask = |space: &str, query: &[f32]| {
            vectors
                .similar(space, query, 3, &RoaringBitmap::new(), &mut scratch)
                .map(<[Near]>::len)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(ask("sound", &[1.0]), "no vector space `sound`; spaces are visual");
        assert_eq!(ask("visual", &[1.0]), "the vector has 1 dimensions, the space has 8");
        assert_eq!(ask("visual", &[0.0; 8]), "every dimension of the vector is 0, it has no direction");
        assert!(ask("visual", &[f32::NAN; 8]).starts_with("dimension 0 of the vector is NaN"));
    }

    #[test]
    fn the_mean_leans_to_the_heavier_and_ignores_the_unknown() {
        let mut vectors = Vectors::default();
        vectors.follow(ItemId(1), &of("taste", vec![1.0, 0.0]));
        vectors.follow(ItemId(2), &of("taste", vec![0.0, 1.0]));
        vectors.follow(ItemId(3), &of("taste", vec![-1.0, 0.0]));
        let mean =
            |weighted: &[(u32, f32)]| vectors.mean("taste", weighted.iter().map(|(item, w)| (ItemId(*item), *w)));
        let lean = mean(&[(1, 3.0), (2, 1.0), (99, 5.0)]).unwrap();
        assert!(lean[0] > lean[1] && lean[1] > 0.0);
        assert_eq!(mean(&[(1, 1.0), (3, 1.0)]), None, "they cancel out");
        assert_eq!(mean(&[(99, 1.0)]), None);
    }
}
