//! When does a rule fire?
//!
//! A tree of tests of the request: `{"all": […]}`, `{"any": […]}`, `{"not": …}` to any depth within bounds, and leaves.
//! A rule holds a list of such trees joined by `match`: `any` (the default) or `all`. Texts are normalized by
//! [`crate::text::normalize`]. An `is` under `all` must stand without another test of the query beside it, because a
//! second one could only be redundant or impossible.
//! What is not here: what a request says (see [`crate::facts`]), how many rules are tested at once (see
//! [`crate::index`]).

use planogram_abi::{ConditionId, Outcome, PrepareHost};
use serde_json::Value;

use crate::moment::Weekly;

mod read;

pub use read::read_conditions;

/// Deepest tree, the leaves included.
pub const DEPTH_MAX: usize = 16;
/// Most values of one leaf.
pub const VALUES_MAX: usize = 1_000;
/// Longest category path, id or code in a condition, in characters.
pub const VALUE_CHARS_MAX: usize = 1_000;

/// How a phrase is compared with the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The whole query is the phrase.
    Is,
    /// The phrase stands anywhere in the query, also inside a word.
    Contains,
    /// The query begins with the phrase.
    Starts,
    /// The query ends with the phrase.
    Ends,
    /// Every word of the phrase is a word of the query, in any order.
    Words,
}

impl Operator {
    /// The names used in documents, in the order of the variants.
    pub const NAMES: [&str; 5] = ["is", "contains", "starts", "ends", "words"];
    const ALL: [Operator; 5] = [Operator::Is, Operator::Contains, Operator::Starts, Operator::Ends, Operator::Words];

    /// Whether a query satisfies the test; both are normalized.
    pub fn holds(self, phrase: &str, query: &str) -> bool {
        match self {
            Operator::Is => query == phrase,
            Operator::Contains => query.contains(phrase),
            Operator::Starts => query.starts_with(phrase),
            Operator::Ends => query.ends_with(phrase),
            Operator::Words => phrase.split(' ').all(|word| query.split(' ').any(|other| other == word)),
        }
    }
}

/// What a request names once, or, of audiences, several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// Audiences the shopper is in.
    Audience,
    /// Customer group.
    CustomerGroup,
    /// Store view.
    StoreView,
    /// Kind of device.
    Device,
    /// Page type.
    PageType,
}

impl Named {
    /// All of them.
    pub const ALL: [Named; 5] =
        [Named::Audience, Named::CustomerGroup, Named::StoreView, Named::Device, Named::PageType];

    /// The name used in documents and, with an `s` for audiences, in requests.
    pub fn key(self) -> &'static str {
        match self {
            Named::Audience => "audience",
            Named::CustomerGroup => "customer_group",
            Named::StoreView => "store_view",
            Named::Device => "device",
            Named::PageType => "page_type",
        }
    }
}

/// A condition on products, which the kernel compiles.
#[derive(Clone, Debug)]
pub struct Products {
    /// The tree as JSON text.
    pub json: String,
    /// What it was compiled to; absent until the plugin prepares.
    pub id: Option<ConditionId>,
}

impl PartialEq for Products {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Products {
    /// The condition of a JSON value, not compiled yet.
    pub fn new(tree: &Value) -> Self {
        Self { json: tree.to_string(), id: None }
    }

    /// Lets the host compile it.
    ///
    /// # Errors
    /// What the host finds wrong with it.
    pub fn compile(&mut self, host: &dyn PrepareHost) -> Outcome {
        self.id = Some(host.compile(&self.json)?);
        Ok(())
    }
}

/// One test of the request.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    /// Of the query.
    Query {
        /// How it is compared.
        operator: Operator,
        /// The phrase, normalized and not empty.
        phrase: String,
    },
    /// Of the category that is browsed, or that a search is filtered by: one of these, or below one.
    Category {
        /// Keys of the paths.
        paths: Vec<String>,
        /// Whether categories below count, too.
        below: bool,
    },
    /// Of something the request names: one of these, in lower case.
    Named {
        /// What.
        what: Named,
        /// The values.
        values: Vec<String>,
    },
    /// Some product in the cart satisfies a condition.
    Cart(Products),
    /// The shopper filters by this field (`color`) or value (`color=red`), in lower case.
    Filter(String),
    /// Hours of a week.
    Weekly(Weekly),
    /// From inclusive, until exclusive, in milliseconds since 1970.
    Window {
        /// `i64::MIN` for always.
        from_ms: i64,
        /// `i64::MAX` for ever.
        until_ms: i64,
    },
}

/// A tree of tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Every part holds; true when empty.
    All(Vec<Node>),
    /// At least one part holds; false when empty.
    Any(Vec<Node>),
    /// The part does not hold.
    Not(Box<Node>),
    /// A test.
    Leaf(Leaf),
}

impl Node {
    /// Calls `visit` with every leaf, and whether it stands under an even number of negations.
    pub fn each<'n>(&'n self, visit: &mut dyn FnMut(&'n Leaf, bool)) {
        self.walk(true, visit);
    }

    fn walk<'n>(&'n self, positive: bool, visit: &mut dyn FnMut(&'n Leaf, bool)) {
        match self {
            Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| part.walk(positive, visit)),
            Node::Not(part) => part.walk(!positive, visit),
            Node::Leaf(leaf) => visit(leaf, positive),
        }
    }

    /// Lets the host compile the conditions on products.
    ///
    /// # Errors
    /// What the host finds wrong with one.
    pub fn compile(&mut self, host: &dyn PrepareHost) -> Outcome {
        match self {
            Node::All(parts) | Node::Any(parts) => parts.iter_mut().try_for_each(|part| part.compile(host)),
            Node::Not(part) => part.compile(host),
            Node::Leaf(Leaf::Cart(products)) => products.compile(host),
            Node::Leaf(_) => Ok(()),
        }
    }
}
