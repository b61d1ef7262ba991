//! Which products do these words mean?
//!
//! tantivy keeps the postings, one index per distinct text source; reading words, counting statistics and scoring
//! are ours, because scores must be the same bits whatever the segments look like.
//! Prices, stock, filters, facets, and what a merchandiser wants are deliberately not here, nor is any order:
//! the room returns every match with its score, the caller sorts. How to relax a query that finds too little is the
//! pipeline's policy.

mod analyzer;
mod best;
mod bits;
mod compile;
mod compounding;
mod document;
mod error;
mod evaluate;
mod feed;
mod highlight;
mod fit;
mod heads;
mod index;
mod names;
mod reading;
mod roles;
mod schema;
mod score;
mod search;
mod segment;
mod segmenter;
mod similar;
mod statistics;
mod tolerance;
mod units;
mod view;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use analyzer::{Language, analyze, stem_set, stems};
pub use document::{FieldWeights, TextDoc, TextField};
pub use error::TextError;
pub use heads::KnownWord;
pub use highlight::{Highlighter, excerpt};
pub use index::TextIndex;
pub use reading::{LastWord, quoted_words, read_query};
pub use search::Search;
pub use tolerance::{Asked, Guess, Tolerance};
pub use view::{Found, Match, TextView, TextViewMark};
pub use vocabulary::{Completion, Correction};
