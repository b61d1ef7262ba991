//! Which shop is this: language, currency, price book?
//!
//! Configuration documents of the kinds `store-view` and `price-book`. Every request is answered in one store
//! view; its price book and the book's parents make the chain a price is looked up in. Without any document
//! there is one view, `default`, in US English and US dollars, over the root book.

use std::collections::BTreeMap;

use planogram_abi::Problem;

use super::Catalog;
use super::doc::ROOT_BOOK;
use super::hybrid::Hybrid;
use super::price::BookChain;
use super::read::Fields;
use crate::limits::{CODE_BYTES_MAX, DEFAULT_DYNAMIC_FACETS, DYNAMIC_FACETS_MAX, NAME_BYTES_MAX, PRICE_BOOK_DEPTH_MAX};

/// Kind of store view documents.
pub const STORE_VIEW_KIND: &str = "store-view";
/// Kind of price book documents.
pub const PRICE_BOOK_KIND: &str = "price-book";
/// Code of the store view of a shop without documents.
pub const DEFAULT_VIEW: &str = "default";

/// JSON Schema of a store view document; its id is the view's code.
pub const STORE_VIEW_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Store view",
  "description": "One face of the shop. The document's id is the view's code.",
  "type": "object",
  "additionalProperties": false,
  "required": ["locale"],
  "properties": {
    "name": {"type": "string", "minLength": 1, "description": "For people; the code when absent."},
    "locale": {"type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "description": "BCP 47 tag."},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "default": "USD", "description": "ISO 4217 code; must be the price book's."},
    "price_book": {"type": "string", "minLength": 1, "default": "default"},
    "text_source": {"type": "string", "minLength": 1, "description": "Code of the view whose texts are searched; the view itself when absent."},
    "default": {"type": "boolean", "default": false, "description": "Does it answer requests that name no view?"},
    "out_of_stock": {"enum": ["show", "hide"], "default": "show"},
    "hybrid": {
      "type": "object",
      "additionalProperties": false,
      "description": "Search by words and vectors together. Off when absent, but for requests that bring a vector of their own.",
      "properties": {
        "enabled": {"type": "boolean", "default": true, "description": "False also switches off the vectors that requests bring."},
        "space": {"type": "string", "minLength": 1, "default": "content", "description": "Vector space that the words are looked up in."},
        "weight": {"type": "number", "minimum": 0, "maximum": 10, "description": "What the nearest product gets, as a share of the best text score."},
        "floor": {"type": "number", "minimum": 0, "maximum": 1, "description": "Similarity from which a product counts as near."},
        "candidates": {"type": "integer", "minimum": 0, "maximum": 1000, "description": "Products at most that are found by vector alone."}
      }
    },
    "out_of_stock_last": {"enum": ["off", "relevance", "always"], "default": "off", "description": "Do products that cannot be bought stand behind all others: never, unless the request sorts, or always?"},
    "dynamic_facets": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 20, "description": "Dynamic facets shown at once, the most telling ones."}
  }
}"#;

/// JSON Schema of a price book document; its id is the book's code.
pub const PRICE_BOOK_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Price book",
  "description": "A set of prices in one currency. What it leaves out is looked up in its parent. The document's id is the book's code; the root is `default`.",
  "type": "object",
  "additionalProperties": false,
  "required": ["currency"],
  "properties": {
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code; a parent must have the same."},
    "parent": {"type": "string", "minLength": 1, "description": "Code of the book that answers when this one has no price."}
  }
}"#;

/// What a view does with products that cannot be bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutOfStock {
    /// They stay in lists.
    #[default]
    Show,
    /// They are left out.
    Hide,
}

/// Whether products that cannot be bought stand behind all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutOfStockLast {
    /// They stand where they would anyway.
    #[default]
    Off,
    /// In a list's own order, but not where the request sorts.
    Relevance,
    /// In every order.
    Always,
}

/// One face of the shop.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreView {
    /// Code that requests name.
    pub code: String,
    /// For people.
    pub name: String,
    /// BCP 47 tag.
    pub locale: String,
    /// ISO 4217.
    pub currency: String,
    /// Code of its price book.
    pub price_book: String,
    /// Code of the view whose texts are searched.
    pub text_source: String,
    /// Does it answer requests that name no view?
    pub is_default: bool,
    /// What happens to products that cannot be bought.
    pub out_of_stock: OutOfStock,
    /// Search by words and vectors together.
    pub hybrid: Hybrid,
    /// Whether those that are shown stand last.
    pub out_of_stock_last: OutOfStockLast,
    /// Dynamic facets shown at once.
    pub dynamic_facets: usize,
}

impl Default for StoreView {
    fn default() -> Self {
        Self {
            code: DEFAULT_VIEW.to_owned(),
            name: DEFAULT_VIEW.to_owned(),
            locale: "en-US".to_owned(),
            currency: "USD".to_owned(),
            price_book: ROOT_BOOK.to_owned(),
            text_source: DEFAULT_VIEW.to_owned(),
            is_default: true,
            out_of_stock: OutOfStock::Show,
            hybrid: Hybrid::default(),
            out_of_stock_last: OutOfStockLast::Off,
            dynamic_facets: DEFAULT_DYNAMIC_FACETS,
        }
    }
}

/// A set of prices in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceBook {
    /// ISO 4217.
    pub currency: String,
    /// Where to look for what this one leaves out.
    pub parent: Option<String>,
}

impl Default for PriceBook {
    fn default() -> Self {
        Self { currency: "USD".to_owned(), parent: None }
    }
}

const LAST: [(&str, OutOfStockLast); 3] =
    [("off", OutOfStockLast::Off), ("relevance", OutOfStockLast::Relevance), ("always", OutOfStockLast::Always)];

/// Reads one store view document.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_store_view(code: &str, json: &str) -> Result<StoreView, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    check_code(&mut fields, code);
    let locale = fields.text("locale", CODE_BYTES_MAX);
    match &locale {
        Some(tag) if !is_language_tag(tag) => {
            fields.refuse("locale", format!("`locale` is `{tag}`"), "a BCP 47 tag such as `en-US`")
        }
        None if !fields.refused("locale") => {
            fields.refuse("locale", "`locale` is missing", "a BCP 47 tag such as `en-US`")
        }
        _ => {}
    }
    let usual = StoreView::default();
    let view = StoreView {
        code: code.to_owned(),
        name: fields.text("name", NAME_BYTES_MAX).unwrap_or_else(|| code.to_owned()),
        locale: locale.unwrap_or(usual.locale),
        currency: read_currency(&mut fields).unwrap_or(usual.currency),
        price_book: fields.text("price_book", CODE_BYTES_MAX).unwrap_or(usual.price_book),
        text_source: fields.text("text_source", CODE_BYTES_MAX).unwrap_or_else(|| code.to_owned()),
        is_default: fields.flag("default").unwrap_or(false),
        out_of_stock: fields
            .word("out_of_stock", &[("show", OutOfStock::Show), ("hide", OutOfStock::Hide)])
            .unwrap_or_default(),
        hybrid: fields.object("hybrid", Hybrid::read).unwrap_or_default(),
        out_of_stock_last: fields.word("out_of_stock_last", &LAST).unwrap_or_default(),
        dynamic_facets: fields
            .integer("dynamic_facets", 0, DYNAMIC_FACETS_MAX as i64)
            .map_or(usual.dynamic_facets, |n| n as usize),
    };
    fields.finish(view)
}

/// Reads one price book document.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_price_book(code: &str, json: &str) -> Result<PriceBook, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    check_code(&mut fields, code);
    let currency = read_currency(&mut fields);
    if currency.is_none() && !fields.refused("currency") {
        fields.refuse("currency", "`currency` is missing", "an ISO 4217 code such as `USD`");
    }
    let parent = fields.text("parent", CODE_BYTES_MAX);
    if parent.as_deref() == Some(code) {
        fields.refuse("parent", format!("price book `{code}` is its own parent"), "another book's code");
    }
    fields.finish(PriceBook { currency: currency.unwrap_or_default(), parent })
}

fn check_code(fields: &mut Fields, code: &str) {
    if code.is_empty() || code.len() > CODE_BYTES_MAX {
        fields.refuse("", format!("the code has {} bytes", code.len()), format!("1 to {CODE_BYTES_MAX} bytes"));
    }
}

fn read_currency(fields: &mut Fields) -> Option<String> {
    let currency = fields.text("currency", CODE_BYTES_MAX)?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        fields.refuse("currency", format!("`currency` is `{currency}`"), "an ISO 4217 code such as `USD`");
    }
    Some(currency)
}

fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Every store view and price book in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Views {
    views: BTreeMap<String, StoreView>,
    books: BTreeMap<String, PriceBook>,
}

impl Views {
    /// Views and books by code.
    pub fn new(views: BTreeMap<String, StoreView>, books: BTreeMap<String, PriceBook>) -> Self {
        Self { views, books }
    }

    /// The view of this code; an empty code means the default view: the one that says so (the first by code
    /// when several do), else `default`, else the first by code, else the plain one.
    pub fn view(&self, code: &str) -> Option<StoreView> {
        if !code.is_empty() {
            let plain = || (code == DEFAULT_VIEW).then(StoreView::default);
            return self.views.get(code).cloned().or_else(plain);
        }
        let default = self.views.values().find(|view| view.is_default);
        let default = default.or_else(|| self.views.get(DEFAULT_VIEW)).or_else(|| self.views.values().next());
        Some(default.cloned().unwrap_or_default())
    }

    /// Every view of the documents, or the plain one when there is none, by code.
    pub fn views(&self) -> Vec<StoreView> {
        if self.views.is_empty() { vec![StoreView::default()] } else { self.views.values().cloned().collect() }
    }

    /// Whether there is more than one view.
    pub fn has_several(&self) -> bool {
        self.views.len() > 1
    }

    /// The book of this code; `default` exists without a document.
    pub fn book(&self, code: &str) -> Option<PriceBook> {
        self.books.get(code).cloned().or_else(|| (code == ROOT_BOOK).then(PriceBook::default))
    }

    /// The chain of books from `code` up, `None` when there is no such book. It ends before a parent that is
    /// unknown, repeats, has another currency, or lies too deep; [`Views::problems`] names these.
    pub fn chain(&self, catalog: &Catalog, code: &str) -> Option<BookChain> {
        let book = self.book(code)?;
        let codes = self.walk(code, &book).0;
        Some(catalog.prices.chain(codes.iter().map(String::as_str), &book.currency))
    }

    fn walk(&self, code: &str, book: &PriceBook) -> (Vec<String>, Option<String>) {
        let mut codes = vec![code.to_owned()];
        let mut parent = book.parent.clone();
        while let Some(next) = parent.take() {
            let why = match self.book(&next) {
                None => format!("price book `{next}` does not exist"),
                Some(_) if codes.contains(&next) => format!("price book `{next}` is its own ancestor"),
                Some(_) if codes.len() == PRICE_BOOK_DEPTH_MAX => {
                    format!("the chain is longer than {PRICE_BOOK_DEPTH_MAX}")
                }
                Some(above) if above.currency != book.currency => {
                    format!("price book `{next}` is in {}, not in {}", above.currency, book.currency)
                }
                Some(above) => {
                    parent = above.parent;
                    codes.push(next);
                    continue;
                }
            };
            return (codes, Some(why));
        }
        (codes, None)
    }

    /// What does not fit together: each problem with the kind and code of the document that has it.
    pub fn problems(&self) -> Vec<(&'static str, String, Problem)> {
        let mut problems = Vec::new();
        for (code, book) in &self.books {
            if let (_, Some(why)) = self.walk(code, book) {
                let problem =
                    Problem::new("/parent", why, format!("a book in {} that does not lead back", book.currency));
                problems.push((PRICE_BOOK_KIND, code.clone(), problem));
            }
        }
        for (code, problem) in self.missing_books() {
            problems.push((STORE_VIEW_KIND, code, problem));
        }
        for (code, view) in &self.views {
            let problem = match self.book(&view.price_book) {
                Some(book) if book.currency != view.currency => Problem::new(
                    "/currency",
                    format!(
                        "the view is in {}, its price book `{}` in {}",
                        view.currency, view.price_book, book.currency
                    ),
                    book.currency,
                ),
                _ => continue,
            };
            problems.push((STORE_VIEW_KIND, code.clone(), problem));
        }
        problems
    }

    /// Store views that name a price book that does not exist, with what is wrong.
    pub fn missing_books(&self) -> Vec<(String, Problem)> {
        let mut books: Vec<&str> = self.books.keys().map(String::as_str).chain([ROOT_BOOK]).collect();
        books.sort_unstable();
        books.dedup();
        let missing = self.views.iter().filter(|(_, view)| self.book(&view.price_book).is_none());
        let problem = |book: &str| Problem::new("/price_book", format!("no price book `{book}`"), books.join(", "));
        missing.map(|(code, view)| (code.clone(), problem(&view.price_book))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers<T: std::fmt::Debug>(read: Result<T, Vec<Problem>>) -> Vec<String> {
        read.unwrap_err().into_iter().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn documents_are_read_with_defaults() {
        let view =
            parse_store_view("se", r#"{"locale":"sv-SE","currency":"SEK","price_book":"se","out_of_stock":"hide"}"#);
        let view = view.unwrap();
        assert_eq!((view.name.as_str(), view.text_source.as_str(), view.is_default), ("se", "se", false));
        assert_eq!((view.currency.as_str(), view.out_of_stock), ("SEK", OutOfStock::Hide));
        let book = parse_price_book("vip", r#"{"currency":"USD","parent":"default"}"#).unwrap();
        assert_eq!(book, PriceBook { currency: "USD".to_owned(), parent: Some("default".to_owned()) });
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(
            pointers(parse_store_view("x", r#"{"currency":"usd","default":1}"#)),
            ["/locale", "/currency", "/default"]
        );
        assert_eq!(pointers(parse_store_view("x", r#"{"locale":"english!"}"#)), ["/locale"]);
        assert_eq!(pointers(parse_price_book("x", r#"{"parent":"x","rate":2}"#)), ["/currency", "/parent", "/rate"]);
        assert_eq!(pointers(parse_price_book("x", r#"{"currency":7}"#)), ["/currency"]);
    }

    fn book(currency: &str, parent: Option<&str>) -> PriceBook {
        PriceBook { currency: currency.to_owned(), parent: parent.map(str::to_owned) }
    }

    #[test]
    fn a_chain_ends_where_it_would_lie() {
        let books = [
            ("vip", book("USD", Some("default"))),
            ("gold", book("USD", Some("vip"))),
            ("eur", book("EUR", Some("default"))),
            ("a", book("USD", Some("b"))),
            ("b", book("USD", Some("a"))),
            ("lost", book("USD", Some("nowhere"))),
        ];
        let views =
            Views::new(BTreeMap::new(), books.into_iter().map(|(code, book)| (code.to_owned(), book)).collect());
        let check =
            |code: &str, expected: &[&str]| assert_eq!(views.walk(code, &views.book(code).unwrap()).0, expected);
        check("gold", &["gold", "vip", "default"]);
        check("eur", &["eur"]);
        check("a", &["a", "b"]);
        check("lost", &["lost"]);
        let wrong: Vec<String> = views.problems().into_iter().map(|(_, code, _)| code).collect();
        assert_eq!(wrong, ["a", "b", "eur", "lost"]);
        assert!(views.chain(&Catalog::new(), "nowhere").is_none());
    }

    #[test]
    fn a_request_without_a_view_gets_the_default_one() {
        assert_eq!(Views::default().view("").unwrap(), StoreView::default());
        assert_eq!(Views::default().view("se"), None);
        let named = |code: &str, is_default| {
            (code.to_owned(), StoreView { code: code.to_owned(), is_default, ..StoreView::default() })
        };
        let views = Views::new(BTreeMap::from([named("de", false), named("se", true)]), BTreeMap::new());
        assert_eq!(views.view("").unwrap().code, "se");
        assert_eq!(views.view("de").unwrap().code, "de");
    }
}
