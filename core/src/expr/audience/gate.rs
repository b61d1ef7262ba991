//! What must a profile have for an audience to hold at all?
//!
//! Facts (an event of some kind, a cart, an order), and of some list a product that some product condition may hold for.
//! Most audiences are passed over by one or the other, for the price of a comparison each: their documents are not
//! touched. A gate never shuts out a person who is in the audience; whether one behind an open gate is in is not told here.

use super::evaluate::CUSTOMER_GROUP;
use super::index::WhereId;
use super::set::{Compiled, Node, Question};
use super::{Bounds, Fact, List, Selector, Tree};
use crate::signal::event::EventKind;

/// What a profile must have, a bit each: [`has::EVENT`] and those above it for the kinds of events.
pub(super) type Facts = u64;

/// The bits of [`Facts`].
pub(super) mod has {
    /// An attribute.
    pub const ATTRIBUTE: u64 = 1;
    /// Something in the cart.
    pub const CART: u64 = 1 << 1;
    /// An order with a total.
    pub const ORDER: u64 = 1 << 2;
    /// A wish.
    pub const WISH: u64 = 1 << 3;
    /// A product looked at.
    pub const VIEW: u64 = 1 << 4;
    /// A product bought.
    pub const PURCHASE: u64 = 1 << 5;
    /// What nobody has.
    pub const NOTHING: u64 = 1 << 6;
    /// An event of the first kind.
    pub const EVENT: u32 = 8;
}

/// The bit of an event kind.
pub(super) fn fact_bit(kind: EventKind) -> Facts {
    1 << (has::EVENT + kind as u32)
}

pub(super) fn list_bit(list: List) -> Facts {
    match list {
        List::Cart => has::CART,
        List::Wishlist => has::WISH,
        List::Viewed => has::VIEW,
        List::Ordered => has::PURCHASE,
    }
}

/// A product of a list (the place of its bit in [`Facts`]) that a condition may hold for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clue {
    pub list: u32,
    pub wanted: WhereId,
}

/// What must be there for an audience to hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gate {
    /// All of these.
    pub facts: Facts,
    /// One of these; `None` when no product need be there.
    pub clues: Option<Vec<Clue>>,
}

impl Gate {
    /// Of several ways in, what every one of them needs; shut without any.
    pub fn any(ways: impl Iterator<Item = Gate>) -> Gate {
        let shut = Gate { facts: has::NOTHING, clues: None };
        ways.reduce(|any, way| Gate { facts: any.facts & way.facts, clues: either(any.clues, way.clues) })
            .unwrap_or(shut)
    }
}

fn either(any: Option<Vec<Clue>>, other: Option<Vec<Clue>>) -> Option<Vec<Clue>> {
    Some([any?, other?].concat())
}

impl Compiled {
    /// What must be there for this document to hold.
    pub fn gate(&self, questions: &[Question]) -> Gate {
        let facts = self.document.audience.condition.as_ref().map_or(has::NOTHING, needs);
        Gate { facts, clues: self.node.as_ref().and_then(|node| clues(node, questions)) }
    }
}

/// The gates of many audiences, side by side.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gates {
    rows: Vec<Row>,
    clues: Vec<Clue>,
}

/// Facts, whether it has clues, and which.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    facts: Facts,
    is_clued: bool,
    from: u32,
    to: u32,
}

impl Gates {
    /// What the audience of this number needs: all of the facts, and one of the clues unless there are none to have.
    #[inline]
    pub fn of(&self, number: u32) -> (Facts, Option<&[Clue]>) {
        let Row { facts, is_clued, from, to } = self.rows[number as usize];
        (facts, is_clued.then(|| &self.clues[from as usize..to as usize]))
    }
}

impl FromIterator<Gate> for Gates {
    fn from_iter<I: IntoIterator<Item = Gate>>(gates: I) -> Self {
        let mut all = Self::default();
        for gate in gates {
            let from = all.clues.len() as u32;
            all.clues.extend(gate.clues.iter().flatten());
            all.rows.push(Row { facts: gate.facts, is_clued: gate.clues.is_some(), from, to: all.clues.len() as u32 });
        }
        all
    }
}

impl Fact {
    /// The events that it looks for.
    pub(super) fn selectors(&self) -> &[Selector] {
        match self {
            Fact::Count { events, .. } => std::slice::from_ref(events),
            Fact::Sequence { steps, .. } => steps,
            _ => &[],
        }
    }
}

/// Products of which one must be there for a condition to hold; of several such sets the smallest.
fn clues(node: &Node, questions: &[Question]) -> Option<Vec<Clue>> {
    match node {
        Node::All(parts) => parts.iter().filter_map(|part| clues(part, questions)).min_by_key(Vec::len),
        Node::Any(parts) => parts.iter().map(|part| clues(part, questions)).reduce(either).unwrap_or(Some(Vec::new())),
        Node::Not(_) | Node::Audience(_) => None,
        Node::Fact(number) => clue(&questions[*number as usize]).map(|clue| vec![clue]),
    }
}

fn clue(question: &Question) -> Option<Clue> {
    let lists: &mut dyn Iterator<Item = Facts> = match &question.fact {
        Fact::Count { range, .. } if range.contains(0.0) => return None,
        Fact::Has { list, .. } => &mut std::iter::once(list_bit(*list)),
        fact => &mut fact.selectors().iter().map(|selector| fact_bit(selector.kind)),
    };
    let clues = lists.zip(&question.wheres);
    clues.filter_map(|(list, wanted)| Some(Clue { list: list.trailing_zeros(), wanted: (*wanted)? })).next()
}

/// What a profile must have for a condition to hold; never more than that.
fn needs(tree: &Tree) -> Facts {
    match tree {
        Tree::All(parts) => parts.iter().map(needs).fold(0, |all, part| all | part),
        Tree::Any(parts) => parts.iter().map(needs).reduce(|any, part| any & part).unwrap_or(has::NOTHING),
        Tree::Not(_) => 0,
        Tree::Leaf(fact) => needed_by(fact),
    }
}

fn needed_by(fact: &Fact) -> Facts {
    let unless_zero = |range: &Bounds, bit: Facts| if range.contains(0.0) { 0 } else { bit };
    match fact {
        // The request may name a customer group of its own.
        Fact::Profile { name, .. } => {
            if name == CUSTOMER_GROUP {
                0
            } else {
                has::ATTRIBUTE
            }
        }
        Fact::Count { events, range, .. } => unless_zero(range, fact_bit(events.kind)),
        Fact::Sequence { steps, .. } => steps.iter().fold(0, |all, step: &Selector| all | fact_bit(step.kind)),
        Fact::Cart { range, .. } => unless_zero(range, has::CART),
        Fact::Has { list, .. } => list_bit(*list),
        Fact::Orders { range, .. } => unless_zero(range, has::ORDER),
        Fact::Audience(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::audience::{AudienceDocument, Audiences, parse_audience};

    fn document(json: &str) -> AudienceDocument {
        let audience = parse_audience("a", &format!(r#"{{"condition":{json}}}"#)).unwrap();
        AudienceDocument { id: "a".into(), scope: String::new(), from_ms: None, until_ms: None, audience }
    }

    #[test]
    fn what_is_needed_is_never_more_than_what_must_be() {
        let check = |json: &str, expected: Facts| {
            let audience = document(json).audience;
            assert_eq!(needs(audience.condition.as_ref().unwrap()), expected, "{json}");
        };
        let views = r#"{"count":{"event":"product_view"},"range":{"from":1}}"#;
        check(views, fact_bit(EventKind::ProductView));
        check(r#"{"count":{"event":"product_view"},"range":{"to":3}}"#, 0);
        check(&format!(r#"{{"not":{views}}}"#), 0);
        check(&format!(r#"{{"all":[{views},{{"cart":{{}}}}]}}"#), fact_bit(EventKind::ProductView) | has::CART);
        check(&format!(r#"{{"any":[{views},{{"cart":{{}}}}]}}"#), 0);
        check(r#"{"any":[]}"#, has::NOTHING);
        check(r#"{"profile":"customer_group","eq":"b2b"}"#, 0);
    }

    #[test]
    fn clues_are_never_more_than_what_must_be() {
        let check = |json: &str, expected: Option<usize>| {
            let set = Audiences::new(vec![document(json)]);
            assert_eq!(set.gates.of(0).1.map(<[Clue]>::len), expected, "{json}");
        };
        let red = r#""where":{"field":"color","eq":"Red"}"#;
        let viewed = format!(r#"{{"count":{{"event":"product_view",{red}}},"range":{{"from":1}}}}"#);
        let wished = format!(r#"{{"wishlist":{{{red}}}}}"#);
        check(&viewed, Some(1));
        check(&wished, Some(1));
        check(&viewed.replace("from", "to"), None);
        check(r#"{"viewed":{}}"#, None);
        check(&format!(r#"{{"not":{viewed}}}"#), None);
        check(&format!(r#"{{"any":[{viewed},{wished}]}}"#), Some(2));
        check(&format!(r#"{{"any":[{viewed},{{"cart":{{}}}}]}}"#), None);
        check(&format!(r#"{{"all":[{{"any":[{viewed},{wished}]}},{{"cart":{{}}}},{wished}]}}"#), Some(1));
        check(r#"{"any":[]}"#, Some(0));
        let sequence = format!(
            r#"{{"sequence":[{{"event":"add_to_cart"}},{{"event":"product_view",{red}}}],"within_minutes":5}}"#
        );
        check(&sequence, Some(1));
    }
}
