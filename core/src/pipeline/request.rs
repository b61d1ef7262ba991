//! What can be asked, and what is answered?
//!
//! The typed requests and answers of the engine. They know nothing of HTTP; the server's `wire` turns JSON
//! into these and back. Every field has a default that is the plain shop.

use std::ops::Range;
use std::time::Duration;

use crate::expr::Condition;
use crate::id::{ItemId, Seq, TimeMs};
pub use crate::snapshot::AsOf;
pub use crate::snapshot::assign::Arms;

/// One list to rank: a search, a category page, or a recommendation unit.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// Which list.
    pub list: List,
    /// Id of the request; drawn by the server when the caller gives none.
    pub request_id: String,
    /// Store view code; empty means the default one.
    pub store_view: String,
    /// Must hold for one eligible variant of every item.
    pub filters: Vec<Condition>,
    /// Explicit order; empty means by relevance (or the category's order).
    pub sort: Vec<SortKey>,
    /// Which slice.
    pub page: Page,
    /// Facets to count: `None` for the configured ones, `Some(vec![])` for none.
    pub facets: Option<Vec<String>>,
    /// Who asks.
    pub shopper: Shopper,
    /// Of a unit: rank exactly these skus, in the order another system gave them, at most
    /// [`AMONG_MAX`](crate::limits::AMONG_MAX); empty for what the unit finds itself.
    pub among: Vec<String>,
    /// Of a search: what is looked for, as a vector the caller made; beside the words or instead of them.
    pub vector: Option<QueryVector>,
    /// Ledger lines on every item?
    pub explain: bool,
    /// Matched words of every item of a search?
    pub highlight: bool,
    /// Time to answer for, in a preview; the snapshot's time otherwise. Dated documents and special prices follow
    /// it, signals and stock do not: nobody knows them for another time.
    pub now_ms: Option<TimeMs>,
    /// Sets of draft documents laid over the live ones, in order.
    pub overlays: Vec<String>,
    /// Arms to show whatever the visitor would get, for previews: (experiment, arm).
    pub arms: Arms,
    /// Seed of all randomness; derived from the request id when absent.
    pub seed: Option<u64>,
    /// Wait until the log is folded up to here.
    pub min_seq: Option<Seq>,
    /// Give up what is not done by then.
    pub deadline: Option<Duration>,
}

impl ListRequest {
    /// The first 24 products of the default store view, for nobody in particular.
    pub fn plain(request_id: &str) -> Self {
        Self {
            list: List::Search { text: String::new() },
            request_id: request_id.to_owned(),
            store_view: String::new(),
            filters: Vec::new(),
            sort: Vec::new(),
            page: Page { number: 1, size: 24 },
            facets: None,
            shopper: Shopper::default(),
            among: Vec::new(),
            vector: None,
            explain: false,
            highlight: false,
            now_ms: None,
            overlays: Vec::new(),
            arms: Arms::new(),
            seed: None,
            min_seq: None,
            deadline: None,
        }
    }
}

impl ListRequest {
    /// Whether somebody looks at the shop as its merchant does: at another time, under overlays or chosen arms, or with
    /// reasons.
    pub fn is_preview(&self) -> bool {
        self.explain || self.now_ms.is_some() || !self.overlays.is_empty() || !self.arms.is_empty()
    }
}

/// Which list.
#[derive(Clone, Debug, PartialEq)]
pub enum List {
    /// Search results; an empty text browses everything.
    Search {
        /// The shopper's words.
        text: String,
    },
    /// The members of a category.
    Category {
        /// Names from the root, joined by `/`.
        path: String,
    },
    /// A recommendation unit.
    Unit {
        /// Id of the unit's document.
        unit: String,
        /// The product the page is about (sku), and others.
        anchors: Vec<String>,
    },
}

/// A direction in a vector space.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryVector {
    /// Name of the space.
    pub space: String,
    /// As many finite numbers as the space has, not all of them 0; of any length.
    pub values: Vec<f32>,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shopper {
    /// Browser or device; behind the engine's door a pseudonym, as in events.
    pub visitor: Option<String>,
    /// Account.
    pub customer: Option<String>,
    /// Visit.
    pub session: Option<String>,
    /// Customer group code.
    pub customer_group: Option<String>,
    /// Price book code; the store view's when absent.
    pub price_book: Option<String>,
    /// Audiences the caller vouches for.
    pub audiences: Vec<String>,
    /// Skus in the cart.
    pub cart: Vec<String>,
    /// Skus looked at, newest first, when the caller keeps the history itself.
    pub viewed: Vec<String>,
    /// Skus viewed in this visit so far, oldest first, a repeated view each time; in place of the visit that is known
    /// from events.
    pub recent: Vec<String>,
    /// Page type the list is shown on.
    pub page_type: Option<String>,
    /// Kind of device, as the caller names it: `mobile`, `desktop`.
    pub device: Option<String>,
    /// The shopper has not agreed to be remembered: visitor, account and visit are not looked at.
    pub unconsented: bool,
}

/// A slice of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Items a page.
    pub size: u32,
}

/// One key of an explicit order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// `relevance`, `position`, `name`, `price`, `created`, or an attribute that its document does not bar.
    pub field: String,
    /// Smallest first?
    pub ascending: bool,
}

/// An answered list.
#[derive(Clone, Debug)]
pub struct ListAnswer {
    /// The slice.
    pub items: Vec<Hit>,
    /// All matches.
    pub total: u64,
    /// Page asked for.
    pub page: Page,
    /// Counts, in display order.
    pub facets: Vec<Facet>,
    /// Id of the request, the key that events answer to.
    pub request_id: String,
    /// Which state of the shop answered.
    pub as_of: AsOf,
    /// What did not take part, and why.
    pub degraded: Vec<Degraded>,
    /// Where to send the shopper instead.
    pub redirect: Option<String>,
    /// How the query was relaxed to find anything, in words; empty when it was not.
    pub relaxed: Vec<String>,
    /// The query as it was probably meant, where words were corrected; products of both readings are listed.
    pub did_you_mean: Option<String>,
    /// Remarks on the request, such as an unknown filter attribute.
    pub warnings: Vec<String>,
    /// Of a unit: the label, type and page types it is configured with.
    pub unit: Option<UnitInfo>,
    /// Arms of the experiments the shopper takes part in: (experiment, arm), by experiment.
    pub arms: Arms,
    /// Of a search: what else might be searched for, at most five.
    pub suggestions: Vec<String>,
    /// Names of [`Hit::values`]; empty when nobody keeps them.
    pub columns: Vec<String>,
    /// What rules show with the list, each once, in the order of the rules.
    pub banners: Vec<String>,
    /// In a preview ([`ListRequest::is_preview`]): the rules that applied, in order; `None` otherwise.
    pub applied_rules: Option<Vec<AppliedRule>>,
}

/// A rule that applied to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRule {
    /// The plugin that knows the rule.
    pub plugin: String,
    /// What the plugin calls it.
    pub rule: String,
}

/// What a search box asks while something is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuggestRequest {
    /// What was typed so far; nothing asks for what is popular.
    pub text: String,
    /// Store view code; empty means the default one.
    pub store_view: String,
    /// Customer group code: what is hidden from it is not suggested.
    pub customer_group: Option<String>,
    /// At most so many, 1 to [`SUGGESTIONS_MAX`](crate::limits::SUGGESTIONS_MAX).
    pub limit: usize,
    /// Id of the request.
    pub request_id: String,
    /// Wait until the log is folded up to here.
    pub min_seq: Option<Seq>,
    /// Give up what is not done by then.
    pub deadline: Option<Duration>,
}

/// One thing to suggest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What would be searched for.
    pub text: String,
    /// Where it comes from.
    pub kind: SuggestionKind,
}

/// Where a suggestion comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionKind {
    /// Shoppers searched for it and got results.
    Query,
    /// Product names say it.
    Name,
    /// A category is called so.
    Category,
}

/// What is suggested, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuggestAnswer {
    /// Queries first, then names, then categories; each text once.
    pub suggestions: Vec<Suggestion>,
    /// Which state of the shop answered.
    pub as_of: AsOf,
}

/// One item of an answer.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Item id, valid in this snapshot.
    pub item: ItemId,
    /// Sku of the product.
    pub sku: String,
    /// Sku of the variant that satisfied the filters and gives price and image.
    pub variant: String,
    /// Name in the store view.
    pub name: String,
    /// Brand.
    pub brand: Option<String>,
    /// Address.
    pub url: Option<String>,
    /// Image of the matched variant, else of the product.
    pub image: Option<String>,
    /// What is paid, in minor units; `None` when the price book has none.
    pub price_minor: Option<i64>,
    /// Before reductions.
    pub regular_minor: Option<i64>,
    /// Currency of both.
    pub currency: String,
    /// Can any variant be bought?
    pub in_stock: bool,
    /// The sum of the ledger.
    pub score: f64,
    /// Which retrievers found it, each with its raw score.
    pub sources: Vec<(String, f64)>,
    /// For units: `primary`, or the fallback rung that supplied it.
    pub query_type: Option<String>,
    /// Zero-based position in the whole list.
    pub position: u32,
    /// Why it stands here, when asked.
    pub ledger: Option<Vec<LedgerLine>>,
    /// What the score was made of, one number for each of [`ListAnswer::columns`]; for the record of what was served.
    pub values: Vec<f32>,
    /// Which of its texts hold words that were searched for, when asked.
    pub highlights: Option<Vec<Highlight>>,
}

/// A text of an item, or a part of a long one, and where words stand in it that were searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// `name`, `sku`, `brand`, `categories`, `description`, or an attribute code.
    pub attribute: String,
    /// The text.
    pub text: String,
    /// Byte ranges of the words, ascending, apart from each other, on character boundaries.
    pub spans: Vec<Range<usize>>,
}

impl Hit {
    /// Whether a unit's own type supplied it, not its fallback.
    pub fn is_primary(&self) -> bool {
        self.query_type.as_deref() == Some(PRIMARY)
    }
}

/// What [`Hit::query_type`] says of an item that the unit's own type supplied.
pub const PRIMARY: &str = "primary";

/// One line of the ledger. The `value`s of an item's [`LedgerKind::Score`] lines, added left to right in
/// `f64`, are its score, to the bit.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerLine {
    /// What kind of line.
    pub kind: LedgerKind,
    /// `kernel/text`, `plugin/column`, …
    pub name: String,
    /// The contribution, or the position of a pin; 0 for notes.
    pub value: f64,
    /// In words: the rule, the column value behind it.
    pub note: String,
    /// Of a rule's line: where the product stood in the whole list before and after, zero-based, when the rule moved it.
    pub moved: Option<(u32, u32)>,
}

/// What a ledger line records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerKind {
    /// Part of the sum.
    Score,
    /// Moved to a zero-based position.
    Pin,
    /// Moved between bands (raised, buried) without touching the score.
    Band,
    /// Explicit sort: the key's value decided, not the score.
    Sort,
    /// Moved by a quota (so many in the first positions, so many in a row).
    Quota,
    /// A remark.
    Note,
}

/// One facet.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    /// Attribute code, `price` or `categories`.
    pub attribute: String,
    /// For people.
    pub label: String,
    /// One of [`facet_kind`].
    pub kind: String,
    /// Values and counts, in display order.
    pub buckets: Vec<Bucket>,
    /// True smallest and largest value of a numeric facet over the matches.
    pub bounds: Option<(f64, f64)>,
}

/// Why a facet is shown.
pub mod facet_kind {
    /// The merchant put it there.
    pub const PINNED: &str = "pinned";
    /// The matches have it clearly more often than the shop does.
    pub const INTELLIGENT: &str = "intelligent";
    /// Many matches have it.
    pub const POPULAR: &str = "popular";
}

/// One value of a facet.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// The value, or `from-to` of a range.
    pub value: String,
    /// Bounds of a range: from inclusive, to exclusive; `None` is open.
    pub range: Option<(f64, Option<f64>)>,
    /// Products.
    pub count: u64,
}

/// Something that did not take part in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Degraded {
    /// The plugin, or `kernel`.
    pub plugin: String,
    /// The contribution or stage.
    pub contribution: String,
    /// `panicked`, `late`, `failed`, `bad-output`, `breaker-open`, `deadline`.
    pub reason: String,
    /// In words.
    pub detail: String,
}

/// What a unit's document says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitInfo {
    /// Id of the document.
    pub id: String,
    /// Unit type.
    pub unit_type: String,
    /// Heading for shoppers.
    pub label: String,
    /// Page types it is shown on; empty means all.
    pub page_types: Vec<String>,
    /// Place among the units of a page, smallest first.
    pub order: i32,
    /// Items it shows at most.
    pub limit: u32,
}

/// Why a read was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The caller's fault: a parameter is out of range or unknown.
    #[error("{message}; {allowed}")]
    Invalid {
        /// The parameter.
        parameter: String,
        /// What is wrong, with the value.
        message: String,
        /// What is allowed.
        allowed: String,
    },
    /// The caller's fault: the named thing does not exist.
    #[error("no {what} `{name}`")]
    NotFound {
        /// Kind of thing: `store view`, `category`, `unit`.
        what: String,
        /// Its name.
        name: String,
    },
    /// The log did not reach `min_seq` before the deadline.
    #[error("the log is at {at}, `min_seq` {wanted} was not reached before the deadline")]
    NotYet {
        /// Where the log is.
        at: Seq,
        /// What was asked for.
        wanted: Seq,
    },
    /// Too many requests wait: try again.
    #[error("{waiting} requests wait for a worker, at most {limit} may")]
    Overloaded {
        /// Requests waiting.
        waiting: usize,
        /// The bound.
        limit: usize,
    },
    /// The deadline passed before a worker was free: try again.
    #[error("the deadline passed while the request waited for a worker")]
    Expired,
    /// Ours.
    #[error("{0}")]
    Internal(String),
}
