//! What does a variant cost?
//!
//! One column of prices for each price book, in variant space: the root book's fills up and becomes dense,
//! children stay sparse overlays. The price of a request is the first hit up the chain of books; sort,
//! filter, facet and rule all read `Prices::quote` and so can never disagree. Which books stand in the
//! chain is configuration (`views`).

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::chunk::{Cell, Chunked, Column};
use super::doc::{Price, ROOT_BOOK, SpecialPrice};
use crate::id::{TimeMs, VariantId};

/// A price book's number inside one catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BookId(pub u32);

/// The books a request reads, nearest first, and how to read their amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookChain {
    pub(crate) books: SmallVec<[BookId; 4]>,
    /// Currency of every amount, ISO 4217.
    pub currency: String,
    /// Decimal places of the currency: 2 for USD, 0 for JPY.
    pub exponent: u32,
}

impl BookChain {
    /// Minor units of one major unit: 100 for USD.
    pub fn scale(&self) -> f64 {
        10f64.powi(self.exponent as i32)
    }

    /// An amount in major units, the nearest double to the decimal a person would write.
    pub fn major(&self, minor: i64) -> f64 {
        minor as f64 / self.scale()
    }
}

/// What one variant costs at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Before reductions, in minor units.
    pub regular_minor: i64,
    /// What is paid, in minor units; never above the regular price.
    pub final_minor: i64,
}

/// A price in 32 bytes, readable without branches on options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedPrice {
    regular: i64,
    /// `i64::MAX` when there is none.
    special: i64,
    from: TimeMs,
    until: TimeMs,
}

impl Cell for PackedPrice {
    const MISSING: Self = Self { regular: i64::MIN, special: i64::MAX, from: i64::MIN, until: i64::MAX };
    fn is_missing(self) -> bool {
        self.regular == i64::MIN
    }
}

impl From<Price> for PackedPrice {
    fn from(price: Price) -> Self {
        let mut packed = Self { regular: price.regular_minor, ..Self::MISSING };
        if let Some(special) = price.special {
            packed.special = special.minor;
            packed.from = special.from_ms.unwrap_or(i64::MIN);
            packed.until = special.until_ms.unwrap_or(i64::MAX);
        }
        packed
    }
}

impl PackedPrice {
    fn unpack(self) -> Price {
        let special = (self.special != i64::MAX).then_some(SpecialPrice {
            minor: self.special,
            from_ms: (self.from != i64::MIN).then_some(self.from),
            until_ms: (self.until != i64::MAX).then_some(self.until),
        });
        Price { regular_minor: self.regular, special }
    }

    fn quote(self, now_ms: TimeMs) -> Quote {
        let valid = self.from <= now_ms && now_ms < self.until;
        let final_minor = if valid { self.regular.min(self.special) } else { self.regular };
        Quote { regular_minor: self.regular, final_minor }
    }
}

/// The prices of every variant in every book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prices {
    ids: Arc<BTreeMap<String, BookId>>,
    codes: Chunked<String, 64>,
    columns: Chunked<Column<PackedPrice>, 64>,
}

impl Prices {
    /// The book of this code; it is created when a first price names it.
    pub fn intern(&mut self, code: &str) -> BookId {
        if let Some(&id) = self.ids.get(code) {
            return id;
        }
        let id = BookId(self.codes.push(code.to_owned()) as u32);
        *self.columns.get_mut(id.0 as usize) = Column::default();
        Arc::make_mut(&mut self.ids).insert(code.to_owned(), id);
        id
    }

    /// The book of this code, if any price ever named it.
    pub fn book(&self, code: &str) -> Option<BookId> {
        self.ids.get(code).copied()
    }

    /// Book codes, in the order of their ids.
    pub fn codes(&self) -> impl Iterator<Item = &String> {
        self.codes.iter()
    }

    /// Writes or removes one price.
    pub fn set(&mut self, variant: VariantId, code: &str, price: Option<Price>) {
        let packed = price.map_or(PackedPrice::MISSING, PackedPrice::from);
        let book = match self.book(code) {
            None if price.is_none() => return,
            _ => self.intern(code),
        };
        if self.columns.get(book.0 as usize).is_some_and(|column| column.get(variant.index()) == packed) {
            return;
        }
        self.columns.get_mut(book.0 as usize).set(variant.index(), packed);
    }

    /// Makes `prices` the variant's only prices.
    pub fn replace(&mut self, variant: VariantId, prices: &BTreeMap<String, Price>) {
        let stale: Vec<String> = self
            .codes
            .iter()
            .zip(self.columns.iter())
            .filter(|(code, column)| !column.get(variant.index()).is_missing() && !prices.contains_key(*code))
            .map(|(code, _)| code.clone())
            .collect();
        stale.iter().for_each(|code| self.set(variant, code, None));
        prices.iter().for_each(|(code, price)| self.set(variant, code, Some(*price)));
    }

    /// Every price of a variant by book code.
    pub fn of(&self, variant: VariantId) -> BTreeMap<String, Price> {
        let prices = self.codes.iter().zip(self.columns.iter());
        prices
            .map(|(code, column)| (code, column.get(variant.index())))
            .filter(|(_, packed)| !packed.is_missing())
            .map(|(code, packed)| (code.clone(), packed.unpack()))
            .collect()
    }

    /// The first price up the chain, at `now_ms`.
    #[inline]
    pub fn quote(&self, variant: VariantId, chain: &BookChain, now_ms: TimeMs) -> Option<Quote> {
        chain.books.iter().find_map(|book| {
            let packed = self.columns.get(book.0 as usize)?.get(variant.index());
            (!packed.is_missing()).then(|| packed.quote(now_ms))
        })
    }

    /// A chain over these codes, nearest first; books without any price fall out.
    pub fn chain<'a>(&self, codes: impl IntoIterator<Item = &'a str>, currency: &str) -> BookChain {
        let books = codes.into_iter().filter_map(|code| self.book(code)).collect();
        BookChain { books, currency: currency.to_owned(), exponent: minor_exponent(currency) }
    }

    /// The chain of a shop without configuration: the root book in US dollars.
    pub fn root_chain(&self) -> BookChain {
        self.chain([ROOT_BOOK], "USD")
    }
}

/// Decimal places of a currency: ISO 4217 as of 2024, 2 for codes it does not list otherwise.
pub fn minor_exponent(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(regular_minor: i64, special: Option<(i64, Option<i64>, Option<i64>)>) -> Price {
        let special = special.map(|(minor, from_ms, until_ms)| SpecialPrice { minor, from_ms, until_ms });
        Price { regular_minor, special }
    }

    #[test]
    fn a_packed_price_says_what_the_document_says() {
        for special in [None, Some((50, None, None)), Some((500, Some(10), None)), Some((50, Some(10), Some(20)))] {
            let document = price(100, special);
            let packed = PackedPrice::from(document);
            assert_eq!(packed.unpack(), document);
            for now in [i64::MIN, 9, 10, 19, 20, i64::MAX - 1] {
                assert_eq!(packed.quote(now).final_minor, document.final_minor(now), "{document:?} at {now}");
            }
        }
    }

    #[test]
    fn the_first_book_up_the_chain_gives_the_price() {
        let mut prices = Prices::default();
        prices.set(VariantId(0), "default", Some(price(1000, None)));
        prices.set(VariantId(1), "default", Some(price(2000, None)));
        prices.set(VariantId(1), "vip", Some(price(1500, Some((1400, Some(100), None)))));
        let chain = prices.chain(["vip", "unknown", "default"], "USD");
        let paid = |variant, now| prices.quote(VariantId(variant), &chain, now).map(|quote| quote.final_minor);
        assert_eq!([paid(0, 0), paid(1, 0), paid(1, 100), paid(2, 0)], [Some(1000), Some(1500), Some(1400), None]);
        assert_eq!(prices.of(VariantId(1)).len(), 2);
        prices.replace(VariantId(1), &BTreeMap::from([("vip".to_owned(), price(1, None))]));
        assert_eq!(prices.of(VariantId(1)).keys().collect::<Vec<_>>(), ["vip"]);
    }

    #[test]
    fn major_units_are_the_decimal_a_person_writes() {
        let prices = Prices::default();
        assert_eq!(prices.chain([], "USD").major(2999), 29.99);
        assert_eq!(prices.chain([], "JPY").major(2999), 2999.0);
        assert_eq!(prices.chain([], "KWD").major(2999), 2.999);
    }
}
