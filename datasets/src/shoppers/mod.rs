//! What would shoppers do in this shop, and which effects are hidden in it?
//!
//! A simulator over any catalog, because no public set holds catalog, queries, clicks and orders of one shop.
//! [`simulate`] plants effects of known size ([`Planted`]) and yields typed events in time order; what can be
//! learned from events can so be checked against the truth. One seed gives one stream.
//!
//! | effect | how it is planted |
//! |---|---|
//! | popularity | a product of rank r is wanted in proportion to r^−s (Zipf), s = `zipf_exponent` |
//! | season | a department's demand is multiplied by exp(a·cos(2π(day − peak)/365)) |
//! | rhythm | weekdays and hours have factors; see [`market`] |
//! | taste | a shopper's favorite departments draw `taste_share` of the visits; favorite brands weigh 4 times |
//! | price level | a shopper prefers the cheap, middle or dear third of a department |
//! | position bias | a place k of a list is examined with probability (k + 1)^−η; a click needs that and liking |
//! | complements | after one of a pair goes into the cart, the other follows with `complement_rate` |
//! | substitutes | after one of a group is viewed, another follows with `substitute_rate` |
//! | trending | in the last `trend_days`, `trend_share` of what is wanted goes to a few items |
//! | conversion | a viewed product is put into the cart at a rate of its own: half, once or twice the base |
//! | returns | an ordered line comes back with `return_rate`, a whole order is canceled with `cancel_rate` |
//!
//! Not here: any clock, any catalog change. Stock is taken from the catalog as it is: what cannot be bought
//! is viewed but never bought.

pub mod config;
pub mod market;
pub mod product;
pub mod search;
pub mod timeline;
pub mod visit;

#[cfg(test)]
mod recover;

pub use config::{SimConfig, examination};
pub use market::{Planted, Season, Taste};
pub use product::{SimProduct, of_catalog};
pub use timeline::{Simulation, simulate};
