//! What do shoppers do?

pub mod event;
