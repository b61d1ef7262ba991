//! Does the whole server do what it says, over HTTP?
//!
//! One binary: [`shop`] starts the real router over a real engine in memory on a free port and speaks HTTP to it; the
//! other modules hold the tests, one module a subject.

mod audiences;
mod bad_input;
mod bad_rows;
mod bare;
mod categories;
mod counters;
mod demo;
mod evaluate;
mod experiments;
mod facets;
mod faults;
mod hybrid;
mod filters;
mod highlights;
mod identity;
mod killed;
mod limits;
mod luma;
mod merchandising;
mod mutations;
mod personal;
mod rebuilt;
mod recommendations;
mod redirects;
mod related_rules;
mod reload;
mod rule_conflicts;
mod rule_properties;
mod rules;
mod search_text;
mod session;
mod shop;
mod suggestions;
mod sorting;
mod synonyms;
mod template;
mod train;
mod units;
mod vectors;
mod writes;
