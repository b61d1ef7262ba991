#![doc = include_str!("../README.md")]

pub mod model;
pub mod names;
pub mod plugin;
pub mod limits;
pub mod layout;
pub mod table;
pub mod handshake;
pub mod export;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use model::*;
pub use names::{column, event_kind, name, source};
pub use plugin::*;
