#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

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
