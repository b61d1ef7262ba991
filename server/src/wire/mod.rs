//! What does the HTTP API look like in JSON?
//!
//! The only serde of the API: requests in, answers out, and nothing of what they mean.
//! One file a shape; `decode` is the shared way of naming every mistake.

pub mod answer;
pub mod audience;
pub mod batch;
pub mod category;
pub mod condition;
pub mod config;
pub mod decode;
pub mod event;
pub mod highlight;
pub mod list;
pub mod model;
pub mod money;
pub mod page;
pub mod units;
pub mod params;
pub mod patch;
pub mod person;
pub mod plugin;
pub mod product;
pub mod schema;
pub mod suggest;
pub mod time;
pub mod write;
