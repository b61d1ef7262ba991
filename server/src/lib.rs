#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// A problem is moved a few times in a request that has failed: a box would cost more words than it saves time.
#![allow(clippy::result_large_err)]

pub mod app;
pub mod error;
pub mod extract;
pub mod guard;
pub mod openapi;
pub mod routes;
pub mod serve;
pub mod settings;
pub mod state;
pub mod telemetry;
pub mod wire;
