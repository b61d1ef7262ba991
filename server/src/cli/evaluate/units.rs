//! Which unit answers which question?
//!
//! The one table that maps a task to a unit type. Each task has an ordered list of offers: the type made for it, and
//! behind it what to fall back on when no plugin in force knows that type. The report names the offer that was taken,
//! so that a figure of a substitute is not mistaken for the real one's.

use planogram_core::limits::UNIT_LIMIT_MAX;
use planogram_core::pipeline::request::{List, ListRequest, Page, Shopper};
use serde_json::{Value, json};

use super::plan::{Ask, Names};

/// What a unit is told about the shopper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// The items of the visit so far; while the engine is live it hears the visit itself.
    Visit,
    /// The newest items of the visit as anchors.
    Anchors,
    /// The items of the basket.
    Cart,
    /// Who it is, and the items of the history where the log has them.
    Shopper,
    /// The shown list, and what was touched.
    Shown,
}

/// One way of asking.
#[derive(Debug)]
pub struct Offer {
    /// Unit type.
    pub unit_type: &'static str,
    /// Further members of the unit's document, a JSON object.
    pub options: &'static str,
    /// What fills the unit up.
    pub fallback: &'static [&'static str],
    /// What it is told.
    pub tells: Tells,
}

/// Most anchors a substitute is given.
const ANCHORS_MAX: usize = 5;

const fn offer(
    unit_type: &'static str,
    options: &'static str,
    fallback: &'static [&'static str],
    tells: Tells,
) -> Offer {
    Offer { unit_type, options, fallback, tells }
}

/// The next item of a visit.
pub const NEXT_ITEM: &[Offer] = &[
    offer("session", r#"{"keep_seen": true}"#, &["most-viewed"], Tells::Visit),
    offer("viewed-this-viewed-that", "{}", &["most-viewed"], Tells::Anchors),
];

/// What is missing in a basket.
pub const COMPLETE_BASKET: &[Offer] = &[
    offer("complete-the-basket", "{}", &["most-purchased"], Tells::Cart),
    offer("bought-this-bought-that", "{}", &["most-purchased"], Tells::Cart),
];

/// What is bought with one product.
pub const BOUGHT_TOGETHER: &[Offer] = &[offer("bought-this-bought-that", "{}", &["most-purchased"], Tells::Anchors)];

/// What a known customer orders next.
pub const NEXT_ORDER: &[Offer] = &[
    offer("recommended-for-you", r#"{"keep_purchased": true}"#, &["most-purchased"], Tells::Shopper),
    offer("most-purchased", "{}", &["most-viewed"], Tells::Shopper),
];

/// What continues a long history.
pub const NEXT_IN_HISTORY: &[Offer] = &[
    offer("recommended-for-you", r#"{"keep_purchased": true, "keep_seen": true}"#, &["most-viewed"], Tells::Shopper),
    offer("viewed-this-viewed-that", "{}", &["most-viewed"], Tells::Anchors),
];

/// A shown list in a better order.
pub const SHOWN_LIST: &[Offer] =
    &[offer("shown-list", "{}", &[], Tells::Shown), offer("recently-viewed", "{}", &[], Tells::Shown)];

impl Offer {
    /// The unit's document.
    pub fn document(&self, limit: u32) -> Value {
        let mut document: Value = serde_json::from_str(self.options).expect("the options in the table are JSON");
        document["type"] = json!(self.unit_type);
        document["limit"] = json!(limit);
        document["fallback"] = json!(self.fallback);
        document
    }

    /// The request that asks the unit. `is_live`: has the engine heard the visit itself?
    pub fn request(&self, unit: &str, ask: &Ask, names: &Names, is_live: bool) -> ListRequest {
        let skus = |items: &[u32]| items.iter().map(|item| names.name(*item).to_string()).collect::<Vec<String>>();
        let newest: Vec<u32> = ask.items.iter().rev().copied().collect();
        let mut shopper = shopper(ask);
        let (mut anchors, mut among) = (Vec::new(), Vec::new());
        match self.tells {
            Tells::Visit if is_live => {}
            Tells::Visit => shopper.recent = skus(&ask.items),
            Tells::Shopper => shopper.viewed = skus(&newest),
            Tells::Anchors => anchors = skus(&newest[..newest.len().min(ANCHORS_MAX)]),
            Tells::Cart => shopper.cart = skus(&ask.items),
            Tells::Shown => {
                shopper.viewed = skus(&newest);
                among = skus(&ask.shown);
            }
        }
        let list = List::Unit { unit: unit.to_owned(), anchors };
        ListRequest { among, ..list_request(list, shopper, UNIT_LIMIT_MAX) }
    }
}

/// The request of the search box.
pub fn search_request(ask: &Ask, size: u32) -> ListRequest {
    list_request(List::Search { text: ask.text.clone() }, shopper(ask), size)
}

fn shopper(ask: &Ask) -> Shopper {
    let visitor = ask.visitor.as_deref().map(str::to_owned);
    Shopper { session: visitor.clone(), visitor, ..Shopper::default() }
}

fn list_request(list: List, shopper: Shopper, size: u32) -> ListRequest {
    ListRequest {
        list,
        page: Page { number: 1, size },
        facets: Some(Vec::new()),
        shopper,
        seed: Some(1),
        ..ListRequest::plain("evaluate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offer_is_a_document() {
        for offers in [NEXT_ITEM, COMPLETE_BASKET, BOUGHT_TOGETHER, NEXT_ORDER, NEXT_IN_HISTORY, SHOWN_LIST] {
            for offer in offers {
                assert_eq!(offer.document(20)["type"], offer.unit_type);
                assert_eq!(offer.document(20)["limit"], 20);
            }
        }
    }

    #[test]
    fn a_live_engine_is_not_told_what_it_heard() {
        let mut names = Names::default();
        let items = names.all(&["a".to_owned(), "b".to_owned()]);
        let ask = Ask { items, visitor: Some("v".into()), ..Ask::default() };
        let frozen = NEXT_ITEM[0].request("u", &ask, &names, false);
        assert_eq!(frozen.shopper.recent, ["a", "b"]);
        let live = NEXT_ITEM[0].request("u", &ask, &names, true);
        assert!(live.shopper.recent.is_empty() && live.shopper.session.as_deref() == Some("v"));
    }
}
