#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod documents;
pub mod loaders;
pub mod metrics;
pub mod real;
pub mod reference;
pub mod rng;
pub mod shop;
pub mod shoppers;
