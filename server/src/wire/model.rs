//! What is a model on the wire?

use planogram_core::engine::types::{ModelInfo, SpaceInfo};
use serde::Serialize;
use utoipa::ToSchema;

/// The model in force and every vector space.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelsJson {
    /// Number of the model in force, 0 for none.
    pub generation: u64,
    /// Log sequence of what it was built from.
    pub built_at: u64,
    /// Log entries since then.
    pub behind: u64,
    /// The spaces, by name.
    pub spaces: Vec<SpaceJson>,
}

/// One vector space.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpaceJson {
    /// Name; a unit draws from it as `vector/` and this.
    pub name: String,
    /// Numbers of a vector.
    pub dimension: usize,
    /// Products that have one.
    pub items: usize,
    /// Whether a graph serves wide searches.
    pub graph: bool,
    /// Whether callers supply the vectors.
    pub supplied: bool,
}

impl From<ModelInfo> for ModelsJson {
    fn from(info: ModelInfo) -> Self {
        Self {
            generation: info.generation,
            built_at: info.built_at,
            behind: info.behind,
            spaces: info.spaces.into_iter().map(SpaceJson::from).collect(),
        }
    }
}

impl From<SpaceInfo> for SpaceJson {
    fn from(info: SpaceInfo) -> Self {
        Self {
            name: info.name,
            dimension: info.dimension,
            items: info.n_items,
            graph: info.has_graph,
            supplied: info.is_supplied,
        }
    }
}
