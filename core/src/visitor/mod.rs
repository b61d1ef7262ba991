//! What did this shopper do lately?
//!
//! One profile per person: an anonymous visitor's until sign-in, the account's afterwards. [`Visitors`] is the
//! writer's state, [`VisitorView`] what a snapshot holds: the profiles as they were published, cloned by one pointer.
//! [`next_purchases`] says what somebody is likely to buy next.
//! Keys are hashes (see `signal::key`); names never come here. An event without visitor leaves nothing here.

mod affinity;
mod profile;
mod kept;
mod outside;
mod habit;
mod slots;
mod fold;
mod personal;

pub use affinity::{Affinities, Affinity, HALF_LIFE_DAYS};
pub use fold::{SavedVisitors, VisitorView, Visitors};
pub use habit::Habit;
pub use kept::{Happened, Kept, Ordered, is_kept};
pub use outside::Outside;
pub use personal::{Past, next_purchases};
pub use profile::{CartLine, Purchased, Viewed, Visitor, Warmth};
