//! The contract between the planogram kernel and its plugins.
//!
//! It depends on nothing but std, so that a plugin does not compile the engine.

pub mod model;
pub mod names;
pub mod plugin;

pub use model::*;
pub use names::{column, event_kind, source};
pub use plugin::*;
