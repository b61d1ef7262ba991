//! What is a thing called inside the kernel?
//!
//! Dense ids, newtyped. A **product** is what is shown, a **variant** what is bought; both are given out in
//! log order and never reused, so that a replay gives the same ids. Text names (skus, category paths) are
//! mapped to ids once, at the door.

use serde::{Deserialize, Serialize};

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into a column.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense_id!(
    /// A product, a content block, an offer: one thing a list can show.
    ItemId
);
dense_id!(
    /// One buyable version of a product; a simple product has exactly one.
    VariantId
);
dense_id!(
    /// A node of the category tree.
    CategoryId
);

/// Position in the log; the first entry has 1, 0 means "before everything".
pub type Seq = u64;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type TimeMs = i64;

/// Milliseconds of one hour.
pub const HOUR_MS: TimeMs = 3_600_000;
/// Milliseconds of one day.
pub const DAY_MS: TimeMs = 24 * HOUR_MS;
