//! What can be configured while the shop runs?
//!
//! Documents keyed (kind, scope, id), folded from the log into a [`store::Store`]. A request reads them
//! through a [`store::Selection`]: the live documents with the named overlays laid over them. The kernel's own
//! kinds are typed here and in `catalog::views`; all other kinds belong to plugins.

pub mod document;
pub mod store;
