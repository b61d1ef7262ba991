//! Which way do the arrows run, and what must never be?
//!
//! The laws of the architecture (`core/README.md`) and the tidiness of the tree, read from manifests and sources and
//! kept as tests. Each law is a function from text to problems, tried on something bad before it is trusted.
//! Exceptions stand in one list each, with the reason; an exception that nothing needs any more is a problem, too.

#![forbid(unsafe_code)]

mod acceptance;
mod arrows;
mod rooms;
mod tidy;
mod tree;
