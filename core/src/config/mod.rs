//! What can be configured while the shop runs?

pub mod document;
