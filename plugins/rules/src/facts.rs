//! What does a request say that rules may test?
//!
//! Everything once, in the form in which rules compare it: texts in lower case, paths as keys. The same form is built for
//! requests that nobody sent, when rules are compared with each other (see [`crate::conflict`]).

use planogram_abi::{Call, CallHost, Request};

use crate::condition::{Leaf, Named, Node, Operator, Products};
use crate::text::{normalize, path_key};

/// What a request says.
#[derive(Clone, Default)]
pub struct Facts<'a> {
    /// The query, normalized.
    pub text: String,
    /// Keys of the category that is browsed, or of those that a search is filtered by.
    pub categories: Vec<String>,
    /// Audiences, in lower case.
    pub audiences: Vec<String>,
    /// Customer group in lower case, or empty.
    pub customer_group: String,
    /// Store view in lower case.
    pub store_view: String,
    /// Store view as it is written, which is how documents name it.
    pub view: String,
    /// Kind of device in lower case, or empty.
    pub device: String,
    /// Page type in lower case, or empty.
    pub page_type: String,
    /// What is filtered by: `field` and `field=value`, in lower case.
    pub filters: Vec<String>,
    /// Time of the request, milliseconds since 1970.
    pub now_ms: i64,
    /// The cart, and who can tell what is in it; nobody for a request that was made up, whose cart is empty.
    pub cart: Option<(&'a dyn CallHost, &'a [u32])>,
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = [&self.customer_group, &self.store_view, &self.device, &self.page_type];
        let lists = (&self.audiences, &self.filters);
        write!(f, "{:?} in {:?} of {named:?} with {lists:?} at {}", self.text, self.categories, self.now_ms)
    }
}

impl<'a> Facts<'a> {
    /// What the request of a call says.
    pub fn of(call: &'a Call<'a>) -> Self {
        Self { cart: Some((call.host, call.request.cart)), ..Self::said(&call.request) }
    }

    /// What a request says, of an empty cart.
    pub fn said(request: &Request<'_>) -> Self {
        let filters: Vec<String> = request.filters.iter().map(|filter| filter.to_lowercase()).collect();
        let categories = match request.category {
            "" => filters.iter().filter_map(|filter| filter.strip_prefix("category=")).map(path_key).collect(),
            browsed => vec![path_key(browsed)],
        };
        Self {
            text: normalize(request.text),
            categories,
            audiences: request.audiences.iter().map(|audience| audience.to_lowercase()).collect(),
            customer_group: request.customer_group.to_lowercase(),
            store_view: request.store_view.to_lowercase(),
            view: request.store_view.to_owned(),
            device: request.device.to_lowercase(),
            page_type: request.page_type.to_lowercase(),
            filters,
            now_ms: request.now_ms,
            cart: None,
        }
    }

    /// What is named; empty texts for nothing.
    pub fn named(&self, what: Named) -> &[String] {
        match what {
            Named::Audience => &self.audiences,
            Named::CustomerGroup => std::slice::from_ref(&self.customer_group),
            Named::StoreView => std::slice::from_ref(&self.store_view),
            Named::Device => std::slice::from_ref(&self.device),
            Named::PageType => std::slice::from_ref(&self.page_type),
        }
    }

    /// Each category and those above it, the nearest first; perhaps some twice.
    pub fn categories_and_above(&self) -> impl Iterator<Item = &str> {
        let lines = self.categories.iter().map(String::as_str).filter(|path| !path.is_empty());
        lines.flat_map(|path| std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(above, _)| above)))
    }

    /// Whether a tree holds.
    pub fn hold(&self, node: &Node) -> bool {
        match node {
            Node::All(parts) => parts.iter().all(|part| self.hold(part)),
            Node::Any(parts) => parts.iter().any(|part| self.hold(part)),
            Node::Not(part) => !self.hold(part),
            Node::Leaf(leaf) => self.satisfy(leaf),
        }
    }

    /// Whether a test of the whole query (`is`) is among what makes the tree hold.
    pub fn hold_exactly(&self, node: &Node) -> bool {
        match node {
            Node::All(parts) | Node::Any(parts) => parts.iter().any(|part| self.hold_exactly(part)),
            Node::Not(_) => false,
            Node::Leaf(leaf @ Leaf::Query { operator: Operator::Is, .. }) => self.satisfy(leaf),
            Node::Leaf(_) => false,
        }
    }

    /// Whether one test is passed.
    pub fn satisfy(&self, leaf: &Leaf) -> bool {
        match leaf {
            Leaf::Query { operator, phrase } => operator.holds(phrase, &self.text),
            Leaf::Category { paths, below: false } => self.categories.iter().any(|path| paths.contains(path)),
            Leaf::Category { paths, below: true } => {
                self.categories_and_above().any(|path| paths.iter().any(|known| known == path))
            }
            Leaf::Named { what, values } => self.named(*what).iter().any(|value| values.contains(value)),
            Leaf::Cart(Products { id, .. }) => {
                let Some(((host, cart), id)) = self.cart.zip(*id) else { return false };
                !cart.is_empty() && host.test(id, cart).contains(&true)
            }
            Leaf::Filter(text) => self.filters.contains(text),
            Leaf::Weekly(hours) => hours.holds(self.now_ms),
            Leaf::Window { from_ms, until_ms } => (*from_ms..*until_ms).contains(&self.now_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::ListKind;

    use super::*;
    use crate::moment::Weekly;

    #[test]
    fn every_test_looks_at_its_own_fact() {
        let request = Request {
            text: " Blue SOFA bed ",
            filters: &["category", "category=Sale", "category=Men/Tops", "color=Red"],
            audiences: &["VIP", "new"],
            device: "Mobile",
            store_view: "UK",
            now_ms: 1_000,
            ..Request::plain(ListKind::Search)
        };
        let facts = Facts::said(&request);
        let check = |leaf: Leaf, expected: bool| assert_eq!(facts.satisfy(&leaf), expected, "{leaf:?}");
        let query = |operator, phrase: &str| Leaf::Query { operator, phrase: phrase.into() };
        check(query(Operator::Is, "blue sofa bed"), true);
        check(query(Operator::Contains, "ofa b"), true);
        check(query(Operator::Starts, "sofa"), false);
        check(query(Operator::Ends, "bed"), true);
        check(query(Operator::Words, "bed blue"), true);
        check(query(Operator::Words, "bed blu"), false);
        let category = |path: &str, below| Leaf::Category { paths: vec!["x".into(), path.into()], below };
        check(category("men/tops", false), true);
        check(category("sale", false), true);
        check(category("women", true), false);
        check(category("men", false), false);
        check(category("men", true), true);
        check(category("me", true), false);
        let named = |what, value: &str| Leaf::Named { what, values: vec!["?".into(), value.into()] };
        check(named(Named::Audience, "vip"), true);
        check(named(Named::Audience, "old"), false);
        check(named(Named::Device, "mobile"), true);
        check(named(Named::StoreView, "uk"), true);
        check(named(Named::PageType, "home"), false);
        check(named(Named::CustomerGroup, "b2b"), false);
        check(Leaf::Filter("color=red".into()), true);
        check(Leaf::Filter("color".into()), false);
        check(Leaf::Window { from_ms: 1_000, until_ms: 1_001 }, true);
        check(Leaf::Window { from_ms: 0, until_ms: 1_000 }, false);
        check(Leaf::Weekly(Weekly { days: 1 << 3, from: 0, to: 1, offset: 0 }), true);
        check(Leaf::Cart(Products { json: String::new(), id: None }), false);
    }

    #[test]
    fn a_browsed_category_goes_before_a_filter() {
        let request = Request { category: "Women", filters: &["category=Men"], ..Request::plain(ListKind::Category) };
        assert_eq!(Facts::said(&request).categories, ["women"]);
    }
}
