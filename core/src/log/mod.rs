//! What happened, in order?

pub mod entry;
