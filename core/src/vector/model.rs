//! What is learned in the background, and how?
//!
//! A [`Model`] is one generation of vectors: the kernel's own spaces (`co-view`, `co-purchase`, `content`) and graphs
//! over them and over large supplied spaces. [`build`] is a pure function of its inputs. When it runs, where its file
//! lies and how it comes into force is the engine's business.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use roaring::RoaringBitmap;

use super::graph::{self, Graph};
use super::packed::Packed;
use super::scan::{self, Near, Rows};
use super::terms::Terms;
use super::{SearchScratch, Space, content, factorize};
use crate::catalog::check::OWN_VECTOR_SPACES;
use crate::id::{ItemId, Seq};
use crate::limits::{GRAPH_ROWS_MIN, MODEL_SPACES_MAX};
use crate::text::TextDoc;

/// One generation of vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Number, growing.
    pub generation: u64,
    /// Log position of what it was built from.
    pub built_at: Seq,
    /// Spaces by name.
    pub spaces: BTreeMap<String, ModelSpace>,
    /// Words in the space `content`.
    pub terms: Terms,
}

/// The frozen vectors of one space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelSpace {
    /// The vectors.
    pub packed: Packed,
    /// Their graph, if there are enough of them.
    pub graph: Option<Graph>,
}

impl ModelSpace {
    /// The nearest `k` rows of `universe` that `allowed` lets through, best first, ties by item id. `query` is a unit
    /// vector of the space's dimension.
    pub fn similar<'s>(
        &self,
        query: &[f32],
        k: usize,
        universe: &RoaringBitmap,
        allowed: impl Fn(u32) -> bool,
        scratch: &'s mut SearchScratch,
    ) -> &'s [Near] {
        scratch.top.reset(k);
        self.offer(query, k, universe, allowed, scratch);
        scratch.top.best()
    }

    /// Offers the nearest rows of `universe` that `allowed` lets through to the scratch's top: by the graph where
    /// that pays, by comparing all otherwise. `query` has the space's dimension.
    pub(super) fn offer(
        &self,
        query: &[f32],
        k: usize,
        universe: &RoaringBitmap,
        allowed: impl Fn(u32) -> bool,
        scratch: &mut SearchScratch,
    ) {
        let ef = graph::ef_for(k);
        let n_allowed = universe.intersection_len(self.packed.items());
        match &self.graph {
            Some(graph) if graph::pays(n_allowed, self.packed.len() as u64, ef) => {
                let may = |item: u32| universe.contains(item) && allowed(item);
                graph.search(&self.packed, query, ef, may, &mut scratch.walk, &mut scratch.top);
            }
            _ => scan::scan(&self.packed, query, universe, allowed, &mut scratch.top),
        }
    }
}

/// What a model is built from.
pub struct Inputs<V, P, T> {
    /// Log position of all of it.
    pub built_at: Seq,
    /// Items with their neighbors in visits and how often, ascending.
    pub co_viewed: V,
    /// Items with their neighbors in orders and how often, ascending.
    pub co_bought: P,
    /// Texts of the products, ascending by item.
    pub texts: T,
    /// Spaces that callers supply.
    pub supplied: BTreeMap<String, Space>,
}

/// An item's pairs.
pub type PairRow = (ItemId, Vec<(ItemId, f32)>);

/// Builds a generation in the rayon pool it is called in; `None` when `stop` was raised. With one thread, equal inputs
/// give an equal model.
pub fn build<V, P, T>(generation: u64, inputs: Inputs<V, P, T>, stop: &AtomicBool) -> Option<Model>
where
    V: IntoIterator<Item = PairRow>,
    P: IntoIterator<Item = PairRow>,
    T: IntoIterator<Item = TextDoc>,
{
    let [co_view, co_purchase, content] = OWN_VECTOR_SPACES;
    let (texts, terms) = content::vectors(inputs.texts, stop)?;
    let mut packed: Vec<(String, Packed)> = vec![
        (co_view.to_owned(), factorize::factorize(inputs.co_viewed, stop)?),
        (co_purchase.to_owned(), factorize::factorize(inputs.co_bought, stop)?),
        (content.to_owned(), texts),
    ];
    let large = inputs.supplied.iter().filter(|(_, space)| space.len() >= GRAPH_ROWS_MIN);
    for (name, space) in large.take(MODEL_SPACES_MAX - packed.len()) {
        // The vectors of a space are normalized already and in order of item.
        let rows = space.items().iter().filter_map(|item| Some((ItemId(item), space.row(ItemId(item))?)));
        let (items, values): (Vec<u32>, Vec<&[f32]>) = rows.map(|(item, row)| (item.0, row)).unzip();
        let rows = Packed::from_parts(space.dimension(), items, values.concat());
        packed.extend(rows.ok().map(|rows| (name.clone(), rows)));
    }
    let mut spaces = BTreeMap::new();
    for (name, packed) in packed.into_iter().filter(|(_, packed)| !packed.is_empty()) {
        let graph = if packed.len() < GRAPH_ROWS_MIN { None } else { Some(graph::build(&packed, stop)?) };
        spaces.insert(name, ModelSpace { packed, graph });
    }
    Some(Model { generation, built_at: inputs.built_at, spaces, terms })
}
