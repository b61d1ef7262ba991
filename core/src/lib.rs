//! The planogram ranking kernel.

#![deny(unsafe_code)]

pub mod id;
pub mod score;
pub mod limits;
pub mod config;
pub mod log;
pub mod catalog;
pub mod text;
pub mod signal;
pub mod visitor;
pub mod expr;
pub mod host;
pub mod snapshot;
pub mod pipeline;
pub mod engine;
