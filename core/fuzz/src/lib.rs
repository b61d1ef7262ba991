#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod kernel;
pub mod mutate;
pub mod rows;
