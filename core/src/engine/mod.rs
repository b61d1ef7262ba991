//! What can a caller do with a shop?
//!
//! The engine is the kernel's one front door: open, search, category, recommend, page, ingest, configure,
//! reload. Writes block until they are acknowledged; reads run on the ranking pool.

pub mod types;
