#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod read;
pub mod text;
pub mod moment;

pub mod condition;
pub mod facts;
pub mod event;
pub mod origin;
pub mod rule;

pub mod index;
mod settled;
pub mod resolve;
pub mod book;

pub mod proof;
pub mod conflict;

#[cfg(test)]
mod testing;

pub use book::{Fired, RuleBook};
pub use condition::{Leaf, Node, Operator};
pub use event::{About, Deed, Event};
pub use facts::Facts;
pub use index::RuleIndex;
pub use origin::{Origin, Scopes};
pub use read::{Findings, Object};
pub use resolve::{Resolution, in_order, note, redirect, to_acts};
pub use rule::{Head, Limits, Rule};
