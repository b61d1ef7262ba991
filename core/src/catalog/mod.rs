//! What does the shop sell?

pub mod doc;
