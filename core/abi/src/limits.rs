//! How much may cross the wall in one call?
//!
//! The bounds the host puts on what a plugin emits, and the fixed sizes of the handshake's texts.
//! They belong to the contract, because a plugin that stays below them is never refused.

/// Most contributions of one plugin.
pub const CONTRIBUTIONS_MAX: usize = 256;
/// Most configuration kinds of one plugin.
pub const KINDS_MAX: usize = 64;
/// Most questions of one plugin.
pub const QUESTIONS_MAX: usize = 64;
/// Most columns a contribution reads, and most it writes.
pub const COLUMNS_MAX: usize = 64;
/// Longest name of a plugin, contribution, column, kind or question, in bytes.
pub const NAME_BYTES_MAX: usize = 63;
/// Most term groups of one query.
pub const GROUPS_MAX: usize = 64;
/// Most alternatives of one term group.
pub const ALTERNATIVES_MAX: usize = 64;
/// Longest alternative, redirect or reason, in bytes.
pub const TEXT_BYTES_MAX: usize = 2 << 10;
/// Most acts of one call.
pub const ACTS_MAX: usize = 10_000;
/// Most item ids in the targets of one call's acts, together.
pub const ACT_ITEMS_MAX: usize = 100_000;
/// Most candidates one retrieval may ask for, in either direction.
pub const CANDIDATES_MAX: usize = 100_000;
/// Most problems reported about one document.
pub const PROBLEMS_MAX: usize = 1_000;
/// Longest answer to a question, in bytes.
pub const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Longest error message; the rest is cut.
pub const MESSAGE_BYTES_MAX: usize = 8 << 10;
/// Longest JSON Schema of a configuration kind, in bytes.
pub const SCHEMA_BYTES_MAX: usize = 1 << 20;
/// Longest saved state of one observer, in bytes.
pub const STATE_BYTES_MAX: usize = 1 << 30;
