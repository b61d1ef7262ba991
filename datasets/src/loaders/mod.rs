//! How does a public catalog or log become ours?
//!
//! Streaming readers of the plain formats (JSON lines and tab-separated tables, packed or not). A bad line is
//! an error with its number and a pointer to the offending value; the lines after it still come. Every
//! iterator yields one typed row at a time and holds no more than that (grouped ones: one group).
//!
//! Not here: what a row is used for, and checks that the catalog makes anyway (duplicate skus, bounds).

pub mod histories;
pub mod judged;
pub mod lines;
pub mod lists;
pub mod luma;
pub mod orders;
pub mod products;
pub mod sessions;
pub mod table;

pub use lines::{LineError, OpenError};
pub use luma::{Luma, luma};
pub use products::{products, products_from};
