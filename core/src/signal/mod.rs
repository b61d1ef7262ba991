//! What do shoppers do?
//!
//! A fold over shopper events into counters, co-occurrence, an index of past visits and what queries led to.
//! [`Signals`] is the writer's state, changed in place; [`SignalView`] is what a snapshot holds, a handful of shared
//! pointers. Everything is a pure function of the log: time is the entries' time, and no result depends on the order of
//! a hash map or on when a view was taken. Skus are resolved to items before events come here, and how a signal is used
//! is decided elsewhere.

pub mod event;
pub mod key;
mod admit;
mod window;
mod counters;
mod marks;
mod session;
mod visits;
mod order;
mod cooccur;
mod placement;
mod queries;
mod fold;
mod top;
mod together;
mod alongside;
mod demand;
mod view;
mod chunked;
mod sharded;
mod memory;

pub use admit::Admission;
pub use cooccur::{COSINE_SHRINKAGE, CoKind, Neighbor, cosine};
pub use demand::{CONVERSION_PRIOR_VIEWS, CONVERSION_VIEWS_MIN, Demand, SignalColumn, TRENDING_SMOOTHING};
pub use fold::{ResolvedEvent, SavedSignals, SignalConfig, Signals};
pub use memory::{ITEM_HOUR_BYTES, SignalMemory, item_bytes_max};
pub use placement::PlacementCounts;
pub use queries::{AskedQuery, Evidence};
pub(crate) use sharded::Sharded;
pub use view::SignalView;
pub use window::{Counter, Window};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod recount;
#[cfg(test)]
mod tests;
