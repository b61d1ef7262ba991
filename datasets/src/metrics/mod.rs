//! How good is a ranking?
//!
//! Small pure functions: of one list ([`rank`]), of many lists ([`spread`]), and how sure we are of a mean
//! ([`bootstrap`]). They know nothing of data sets and engines.

pub mod bootstrap;
pub mod rank;
pub mod spread;

pub use bootstrap::{Interval, bootstrap_difference, bootstrap_grouped, bootstrap_mean};
pub use rank::{dcg, hit, ndcg, ndcg_one, rank_of, recall, reciprocal_rank};
pub use spread::{coverage, popularity_bias};
