//! How is one list ranked?
//!
//! One straight line of steps, one file each, in the order in which they run; [`run::rank_list`] reads like a
//! table of contents. A search, a category page and a recommendation unit take the same line and differ
//! only in where their matches come from. No step does I/O, takes a lock, or knows the name of a plugin.

pub mod request;
pub mod unit;

pub mod run;
pub mod audience;
pub mod explain;
mod understand;
pub mod filter;
mod eligible;
mod permit;
mod evidence;
mod intent;
mod hybrid;
mod relax;
pub mod again;
mod retrieve;
mod facet;
mod rank;
mod rerank;
mod quota;
pub mod suggest;
mod page;

mod column;
mod highlight;
mod ledger;
pub mod members;
mod lend;
mod order;
mod shown;
mod source;
