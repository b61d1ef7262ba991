//! Which items are near an item, or a taste, as vectors?
//!
//! Spaces of unit vectors by item: those that callers supply live with the products ([`Space`]), those that are learned
//! come as a [`Model`], a generation built in the background. Small universes are compared exactly, large ones walk a
//! graph; filters are obeyed on the way, not afterwards. [`Vectors`] is both together, as a snapshot holds them.
//! Who uses them, and how models come into force, is decided elsewhere.

mod error;
mod distance;
mod scan;
mod space;
mod packed;
pub mod graph;
mod spectral;
mod factorize;
mod content;
mod terms;
mod model;
mod bytes;
mod view;

pub use bytes::{ModelError, from_bytes, to_bytes};
pub use content::vectors as content_vectors;
pub use distance::{dot, normalized};
pub use error::VectorError;
pub use factorize::factorize;
pub use model::{Inputs, Model, ModelSpace, PairRow, build};
pub use packed::Packed;
pub use scan::{Near, Rows, Top, scan};
pub use space::Space;
pub use terms::{Folded, Terms};
pub use view::{SearchScratch, SpaceInfo, Vectors};
