#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod read;
pub mod text;

pub mod condition;
pub mod event;
pub mod origin;
pub mod rule;

pub mod index;
pub mod resolve;

pub use condition::{Condition, Join, Operator};
pub use event::{Deed, Event};
pub use index::{Match, QueryIndex};
pub use origin::{Origin, Scopes};
pub use read::{Findings, Object};
pub use resolve::{Resolution, in_order, to_acts};
pub use rule::{Head, Limits};
