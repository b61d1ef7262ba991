//! Which words do kernel and plugin share?
//!
//! The safe Rust vocabulary of the contract: a request, what was understood of it, candidates, columns, acts.
//! These types never cross the wall themselves; `layout` has the C twins that do, and the shims on both sides
//! translate. Item ids are dense, are valid for one call only through the host, and must not be stored
//! across epochs; skus may be.

/// Which list is being ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum ListKind {
    /// Results for a text query (an empty text is a browse of the whole collection).
    Search = 0,
    /// All members of one category.
    Category = 1,
    /// One recommendation unit.
    Recommendation = 2,
}

/// What a plugin may know of the request it is asked to help with; everything is borrowed for the call.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Which list is being ranked.
    pub kind: ListKind,
    /// The shopper's words as typed, trimmed; empty when there are none.
    pub text: &'a str,
    /// Code of the store view that answers.
    pub store_view: &'a str,
    /// BCP 47 tag of the store view, such as `en-US`.
    pub locale: &'a str,
    /// Path of the category being browsed (`Men/Tops`), or empty.
    pub category: &'a str,
    /// Id of the recommendation unit, or empty.
    pub unit: &'a str,
    /// Type of the recommendation unit, or empty.
    pub unit_type: &'a str,
    /// Page type the list is shown on (`home`, `product`, `cart`, …), or empty.
    pub page_type: &'a str,
    /// Customer group code, or empty.
    pub customer_group: &'a str,
    /// Audiences the shopper is in.
    pub audiences: &'a [&'a str],
    /// Items the list is about: the product of a product page; newest first.
    pub anchors: &'a [u32],
    /// Items in the cart.
    pub cart: &'a [u32],
    /// Items the shopper looked at, newest first.
    pub recent: &'a [u32],
    /// Items the shopper bought, newest first.
    pub purchased: &'a [u32],
    /// Time of the request in milliseconds since 1970 (the snapshot's time unless a preview sets it).
    pub now_ms: i64,
    /// Seed for anything random: equal seeds give equal answers.
    pub seed: u64,
    /// True when the caller asked for an explicit sort, so that merchandising stays off.
    pub explicit_sort: bool,
    /// How well the shopper is known.
    pub warmth: Warmth,
    /// Kind of device, as the caller names it (`mobile`, `desktop`), or empty. Since 1.1.
    pub device: &'a str,
    /// What the caller filters by: the field of each filter (`color`) and, where it asks for values, each of them
    /// (`color=Red`). Since 1.1.
    pub filters: &'a [&'a str],
}

impl Request<'_> {
    /// A request for a list of the store view `default` in American English, by nobody in particular.
    pub const fn plain(kind: ListKind) -> Self {
        Self {
            kind,
            text: "",
            store_view: "default",
            locale: "en-US",
            category: "",
            unit: "",
            unit_type: "",
            page_type: "",
            customer_group: "",
            audiences: &[],
            anchors: &[],
            cart: &[],
            recent: &[],
            purchased: &[],
            now_ms: 0,
            seed: 0,
            explicit_sort: false,
            warmth: Warmth::None,
            device: "",
            filters: &[],
        }
    }
}

/// How well a shopper is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Warmth {
    /// Nothing is known.
    #[default]
    None = 0,
    /// Only what was done in this visit.
    Session = 1,
    /// Earlier visits or purchases, too.
    Known = 2,
}

impl Warmth {
    /// The warmth of a code; one that is not known here counts as [`Warmth::None`].
    pub fn from_code(code: u32) -> Self {
        match code {
            1 => Warmth::Session,
            2 => Warmth::Known,
            _ => Warmth::None,
        }
    }
}

/// What was understood of the shopper's words: every group must match, by any one of its alternatives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// One group per word or phrase of the query, in the order typed.
    pub groups: Vec<TermGroup>,
    /// Where the storefront should send the shopper instead of showing results.
    pub redirect: Option<String>,
}

/// One word of the query with everything that may stand for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TermGroup {
    /// The original word and its expansions; the first is the original.
    pub alternatives: Vec<Alternative>,
}

/// One way to satisfy a [`TermGroup`].
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// A word, or several words that must stand side by side.
    pub text: String,
    /// Factor on the text score, in `(0, 1]`; 1 for the shopper's own word.
    pub weight: f32,
    /// True when the last word may also match as a prefix.
    pub prefix: bool,
}

/// A compiled condition, valid for the epoch it was compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConditionId(pub u32);

/// Whom an act is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// These items.
    Items(Vec<u32>),
    /// Every item that satisfies a condition.
    Matching(ConditionId),
}

/// One deed of merchandising, with whom a merchandiser will read that it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// What is done.
    pub verb: Verb,
    /// To whom.
    pub target: Target,
    /// Who orders it, as a sentence begins: a rule's name and id. The host says what is done: `rule "Sale" (r/sale)` hides
    /// a product in "rule "Sale" (r/sale) hides it". May be empty: the plugin does.
    pub reason: String,
}

/// What an [`Act`] does. The first three change the set and are applied before retrieval and facets; the last two
/// leave the list alone; the others change the order and are applied after ranking.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Set act: never show it.
    Hide,
    /// Set act: add it to the matches though the text did not match (it must still be eligible).
    Include,
    /// Set act: keep only the target.
    Filter,
    /// Order act: place at this zero-based position of the whole list; only items already in the list.
    Pin {
        /// Zero-based position in the whole list, the same on every page size.
        position: u32,
    },
    /// Order act: multiply the score by this factor (`> 1` raises, `0 < factor < 1` lowers).
    Boost {
        /// Finite and greater than 0.
        factor: f32,
    },
    /// Order act: after every item that is not buried, in score order.
    Bury,
    /// Order act: before every item that is neither pinned nor raised, in score order.
    Raise,
    /// Order act: at least `count` of the target stand within the first `first` positions, if the list has as many
    /// that are neither buried nor sold out. Pins stay where they are. Since 1.1.
    AtLeast {
        /// At least 1.
        count: u32,
        /// At least `count`.
        first: u32,
    },
    /// Order act: no more than `count` items with the same value of an attribute stand in a row, where another item
    /// is near enough to be put between; the target is not looked at. Since 1.1.
    AtMostInRow {
        /// At least 1.
        count: u32,
        /// Code of the attribute.
        attribute: String,
    },
    /// Beside the list: shown with it; the target is not looked at. Since 1.1.
    Banner {
        /// A text, or the id of a content block.
        text: String,
    },
    /// Beside the list: says in the reason which rule applied, for previews; the target is not looked at. Since 1.1.
    Note,
}

impl Verb {
    /// Whether the act changes the set (and so must come from a rewriter) rather than the order.
    pub fn changes_set(&self) -> bool {
        matches!(self, Verb::Hide | Verb::Include | Verb::Filter)
    }

    /// Whether the act changes the order of the list.
    pub fn changes_order(&self) -> bool {
        !self.changes_set() && !matches!(self, Verb::Banner { .. } | Verb::Note)
    }
}

/// One item a retriever proposes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Item id.
    pub item: u32,
    /// Raw score of the source; finite, larger is better; only comparable within one source.
    pub score: f32,
}

/// When a scorer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// Over all matches: must be cheap.
    All = 1,
    /// Over the top window only.
    Window = 2,
}

/// How a written column enters the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Combine {
    /// Added to the score; the ledger line is the value.
    Add = 1,
    /// Multiplies the score so far; the ledger line is the difference it makes.
    Factor = 2,
    /// Not part of the score; a column for later scorers and the ledger's notes.
    Feature = 3,
}

/// A column a scorer writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Name, unique within the plugin; the ledger shows `plugin/name`.
    pub name: String,
    /// How it enters the score.
    pub combine: Combine,
}

/// A batch of candidates to score: row `i` is one candidate in every slice.
#[derive(Debug)]
pub struct ScoreBatch<'a, 'b> {
    /// Item ids, `[n]`.
    pub items: &'a [u32],
    /// The columns the scorer declared under `reads`, in that order, each `[n]`.
    /// A missing value is NaN.
    pub columns: &'a [&'a [f32]],
    /// The columns the scorer declared under `writes`, in that order, each `[n]`,
    /// filled with the neutral value (0 for add and feature, 1 for factor); owned by the host.
    /// Every value left here must be finite.
    pub out: &'a mut [&'b mut [f32]],
}

/// The ranked list a reranker looks at: the head of the order, best first.
#[derive(Clone, Copy, Debug)]
pub struct RankedList<'a> {
    /// Item ids in order, `[n]`.
    pub items: &'a [u32],
    /// Their scores, `[n]`.
    pub scores: &'a [f32],
    /// The columns the reranker declared under `reads`, each `[n]`.
    pub columns: &'a [&'a [f32]],
}

/// One configuration document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// Kind, as declared in [`ConfigKind`].
    pub kind: &'a str,
    /// Store view code, or empty for every store view.
    pub scope: &'a str,
    /// Id, unique within kind and scope.
    pub id: &'a str,
    /// Revision, starting at 1 and growing with each write.
    pub revision: u64,
    /// Sequence of the write in the log: newer documents have larger ones. A draft that is laid over the live documents
    /// has `u64::MAX`: it will be the newest when it is published.
    pub seq: u64,
    /// Begin of validity in milliseconds since 1970, `i64::MIN` for always.
    pub from_ms: i64,
    /// End of validity (exclusive), `i64::MAX` for never.
    pub until_ms: i64,
    /// The document as JSON text.
    pub json: &'a str,
}

/// A kind of configuration document a plugin owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigKind {
    /// Name in `/v1/config/{kind}`: lower case words joined by hyphens.
    pub name: String,
    /// JSON Schema of one document, shown in OpenAPI.
    pub schema: String,
}

/// What is wrong with a configuration document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer to the value, `""` for the whole document.
    pub pointer: String,
    /// What is wrong, lower case, no full stop, with the value.
    pub message: String,
    /// What is allowed there.
    pub allowed: String,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), allowed: allowed.into() }
    }
}

/// A batch of shopper events for an observer, in log order: row `i` is one (event, item) pair in every slice.
#[derive(Clone, Copy, Debug)]
pub struct EventBatch<'a> {
    /// Log sequence of the entry, `[n]`.
    pub seqs: &'a [u64],
    /// Event time in milliseconds since 1970, `[n]`.
    pub times_ms: &'a [i64],
    /// Event kind code, `[n]`; see `planogram_abi::event_kind`.
    pub kinds: &'a [u32],
    /// Item id, or `u32::MAX` when the event is about no item, `[n]`.
    pub items: &'a [u32],
    /// Hash of the session, `[n]`.
    pub sessions: &'a [u64],
    /// Hash of the visitor, `[n]`.
    pub visitors: &'a [u64],
    /// Quantity, `[n]`.
    pub quantities: &'a [f32],
}
