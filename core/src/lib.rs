#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

// The rooms in reading order: each uses only those above it. The one exception to `deny` is `host/load.rs`.

pub mod id; //       dense ids
pub mod score; //    finite scores with a total order
pub mod limits; //   every bound, once
pub mod config; //   documents that change while the shop runs
pub mod log; //      what happened, in order
pub mod catalog; //  what the shop sells
pub mod text; //     which products words mean
pub mod signal; //   what shoppers do
pub mod vector; //   which items are near, as vectors
pub mod visitor; //  what one shopper did lately
pub mod expr; //     which products a condition means
pub mod host; //     who may help with ranking
pub mod snapshot; // what one request sees
pub mod pipeline; // how one list is ranked
pub mod engine; //   what a caller can do with a shop
