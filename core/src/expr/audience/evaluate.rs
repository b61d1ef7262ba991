//! Which audiences is this shopper in, now?
//!
//! Asked anew for every request. An audience whose gate the profile does not pass is not looked at. A question is
//! answered when the first audience needs it and then remembered for the length of the request, and so is what the cart
//! holds; products are looked at when the first product condition is asked. What another system or the caller said
//! counts beside the condition.

use std::cell::{Cell, OnceCell};

use smallvec::SmallVec;

use super::gate::{Facts, fact_bit, has};
use super::index::WhereId;
use super::seen::Seen;
use super::set::{Compiled, Node, Question};
use super::{AppliesTo, Audiences, Bounds, CartMeasure, Fact, List, OrderMeasure, OrderStatus, ProfileTest, Window};
use crate::catalog::Catalog;
use crate::expr::evaluate::number_test;
use crate::expr::{EvalContext, Test};
use crate::id::{DAY_MS, ItemId, TimeMs};
use crate::signal::event::{EventKind, ProfileValue};
use crate::visitor::{Outside, Visitor};

/// The attribute that a request may name itself.
pub const CUSTOMER_GROUP: &str = "customer_group";

/// Who is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// What is remembered; of nobody in particular an empty profile.
    pub visitor: &'a Visitor,
    /// Whether the person has an account.
    pub is_registered: bool,
    /// What is in the cart, when the request says so itself: products and pieces.
    pub cart: Option<&'a [(ItemId, f32)]>,
    /// Customer group, when the request says so itself.
    pub group: Option<&'a str>,
    /// What other systems said.
    pub outside: &'a Outside,
    /// Audiences that the caller vouches for.
    pub vouched: &'a [String],
}

impl Audiences {
    /// The audiences in force that a person is in, in order of id. Those the caller vouches for or another system
    /// named are among them as far as they have a document.
    pub fn of<'s>(&'s self, person: &Person<'_>, catalog: &Catalog, context: &EvalContext<'_>) -> Vec<&'s str> {
        if self.documents.is_empty() {
            return Vec::new();
        }
        let asked = Asked::new(self, person, catalog, context);
        let numbers = 0..self.ids.len() as u32;
        numbers
            .filter(|number| asked.is_defined_and_in(*number))
            .map(|number| self.ids[number as usize].as_str())
            .collect()
    }

    /// Whether a person is in one audience.
    pub fn holds(&self, id: &str, person: &Person<'_>, catalog: &Catalog, context: &EvalContext<'_>) -> bool {
        match self.number(id) {
            Some(number) => Asked::new(self, person, catalog, context).is_in(number),
            None => person.vouched.iter().any(|one| one == id) || person.outside.has(id, person.visitor),
        }
    }
}

/// What is known of an answer.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Memo {
    #[default]
    Unknown,
    /// Being answered: a circle that was stored all the same ends here.
    Open,
    No,
    Yes,
}

/// One person's answers.
struct Asked<'a> {
    set: &'a Audiences,
    person: &'a Person<'a>,
    catalog: &'a Catalog,
    context: &'a EvalContext<'a>,
    has: Facts,
    audiences: Box<[Cell<Memo>]>,
    questions: Box<[Cell<Memo>]>,
    /// The products of the profile.
    seen: OnceCell<Seen<'a>>,
    cart: OnceCell<Cart>,
}

impl<'a> Asked<'a> {
    fn new(set: &'a Audiences, person: &'a Person<'a>, catalog: &'a Catalog, context: &'a EvalContext<'a>) -> Self {
        let asked = Self {
            set,
            person,
            catalog,
            context,
            has: facts_of(person),
            audiences: (0..set.ids.len()).map(|_| Cell::default()).collect(),
            questions: (0..set.questions.len()).map(|_| Cell::default()).collect(),
            seen: OnceCell::new(),
            cart: OnceCell::new(),
        };
        let outside = person.outside.audiences_of(person.visitor);
        let said = person.vouched.iter().map(String::as_str).chain(outside);
        for number in said.filter_map(|id| set.number(id)) {
            asked.audiences[number as usize].set(Memo::Yes);
        }
        asked
    }

    fn is_defined_and_in(&self, number: u32) -> bool {
        let memo = &self.audiences[number as usize];
        if memo.get() == Memo::No || memo.get() == Memo::Unknown && !self.passes_gate(number) {
            return false;
        }
        let Some(found) = self.set.find(number, self.context.view, self.context.now_ms) else { return false };
        memo.get() == Memo::Yes || self.remember(memo, || self.passes(found))
    }

    /// Whether an audience may hold.
    fn passes_gate(&self, number: u32) -> bool {
        let (facts, clues) = self.set.gates.of(number);
        facts & !self.has == 0 && clues.is_none_or(|clues| clues.iter().any(|clue| self.seen().may_have(*clue)))
    }

    fn seen(&self) -> &Seen<'a> {
        self.seen.get_or_init(|| Seen::new(self.set, self.person, self.catalog, self.context))
    }

    fn is_in(&self, number: u32) -> bool {
        let memo = &self.audiences[number as usize];
        match memo.get() {
            Memo::Yes => true,
            Memo::No | Memo::Open => false,
            Memo::Unknown => self.remember(memo, || {
                let found = || self.set.find(number, self.context.view, self.context.now_ms);
                self.passes_gate(number) && found().is_some_and(|found| self.passes(found))
            }),
        }
    }

    fn remember(&self, memo: &Cell<Memo>, answer: impl FnOnce() -> bool) -> bool {
        memo.set(Memo::Open);
        let answer = answer();
        memo.set(if answer { Memo::Yes } else { Memo::No });
        answer
    }

    fn passes(&self, audience: &Compiled) -> bool {
        let applies = match audience.document.audience.applies_to {
            AppliesTo::Everyone => true,
            AppliesTo::Registered => self.person.is_registered,
            AppliesTo::Visitors => !self.person.is_registered,
        };
        applies && audience.node.as_ref().is_some_and(|node| self.node(node))
    }

    fn node(&self, node: &Node) -> bool {
        match node {
            Node::All(parts) => parts.iter().all(|part| self.node(part)),
            Node::Any(parts) => parts.iter().any(|part| self.node(part)),
            Node::Not(part) => !self.node(part),
            Node::Audience(number) => self.is_in(*number),
            Node::Fact(number) => {
                let memo = &self.questions[*number as usize];
                match memo.get() {
                    Memo::Yes => true,
                    Memo::No | Memo::Open => false,
                    Memo::Unknown => self.remember(memo, || self.answer(&self.set.questions[*number as usize])),
                }
            }
        }
    }

    fn answer(&self, question: &Question) -> bool {
        match &question.fact {
            Fact::Profile { name, test } => self.profile(name, test),
            Fact::Count { events, window, range } => {
                let n = self.count(events.kind, question.wheres[0], window, *range);
                range.contains(n as f64)
            }
            Fact::Sequence { steps, within_ms, window } => {
                let kinds: SmallVec<[EventKind; 8]> = steps.iter().map(|step| step.kind).collect();
                self.sequence(&kinds, &question.wheres, *within_ms, window)
            }
            Fact::Cart { measure, range } => range.contains(self.cart(*measure)),
            Fact::Has { list, window, .. } => self.is_listed(*list, question.wheres[0], window),
            Fact::Orders { measure, window, status, range } => {
                self.orders(*measure, window, *status).is_some_and(|measured| range.contains(measured))
            }
            Fact::Audience(id) => self.set.number(id).is_some_and(|number| self.is_in(number)),
        }
    }

    fn profile(&self, name: &str, test: &ProfileTest) -> bool {
        if name == CUSTOMER_GROUP
            && let Some(group) = self.person.group
        {
            return matches!(test, ProfileTest::Value(test) if test.holds_for(group));
        }
        let Some(value) = self.person.visitor.kept().attributes.get(name) else { return false };
        match test {
            ProfileTest::Value(test) => test_value(value, test),
            ProfileTest::Time { from_ms, to_ms } => moment_of(value)
                .is_some_and(|moment| from_ms.is_none_or(|from| from <= moment) && to_ms.is_none_or(|to| moment < to)),
            ProfileTest::DaysAgo(range) => moment_of(value).is_some_and(|moment| {
                range.contains(self.context.now_ms.saturating_sub(moment) as f64 / DAY_MS as f64)
            }),
        }
    }

    /// Events in the window, newest first; no further than what the range can tell apart.
    fn count(&self, kind: EventKind, wanted: Option<WhereId>, window: &Window, range: Bounds) -> usize {
        if self.has & fact_bit(kind) == 0 || wanted.is_some_and(|id| !self.seen().is_in_event(kind, id)) {
            return 0;
        }
        let enough = match range.to {
            None => range.from.map_or(1, |from| from.max(0.0).ceil() as usize),
            Some(_) => usize::MAX,
        };
        let (now_ms, begin) = (self.context.now_ms, window.begin(self.context.now_ms));
        let (mut n, mut is_wanted) = (0, false);
        // The lines of an event come together, its first one last.
        let lines = self.person.visitor.events.iter().enumerate().rev();
        for (at, line) in lines.take_while(|(_, line)| line.time_ms >= begin) {
            if line.kind() != kind || !window.contains(line.time_ms, now_ms) {
                continue;
            }
            is_wanted |= wanted.is_none_or(|id| self.holds(id, at));
            if line.begins {
                n += usize::from(std::mem::take(&mut is_wanted));
                if n >= enough {
                    break;
                }
            }
        }
        n
    }

    /// Whether the steps happen one after another. Of all ways to have come as far as a step the one that began last
    /// is kept: if any ends in time, it does.
    fn sequence(&self, kinds: &[EventKind], wanted: &[Option<WhereId>], within_ms: TimeMs, window: &Window) -> bool {
        let is_missing = |(kind, wanted): (&EventKind, &Option<WhereId>)| {
            self.has & fact_bit(*kind) == 0 || wanted.is_some_and(|id| !self.seen().is_in_event(*kind, id))
        };
        if kinds.iter().zip(wanted).any(is_missing) {
            return false;
        }
        let now_ms = self.context.now_ms;
        let mut begun: SmallVec<[Option<TimeMs>; 8]> = kinds.iter().map(|_| None).collect();
        let events = &self.person.visitor.events;
        let mut at = 0;
        while at < events.len() {
            let lines = 1 + events[at + 1..].iter().take_while(|line| !line.begins).count();
            let event = at..at + lines;
            let (kind, time_ms) = (events[at].kind(), events[at].time_ms);
            at += lines;
            if !window.contains(time_ms, now_ms) {
                continue;
            }
            // From the last step down, so that one event is no two steps.
            for step in (0..kinds.len()).rev() {
                let is_it =
                    kinds[step] == kind && wanted[step].is_none_or(|id| event.clone().any(|line| self.holds(id, line)));
                if !is_it {
                    continue;
                }
                let from = if step == 0 { Some(time_ms) } else { begun[step - 1] };
                begun[step] = begun[step].max(from);
            }
            let whole = begun.last().copied().flatten();
            if whole.is_some_and(|from| time_ms.saturating_sub(from) <= within_ms) {
                return true;
            }
        }
        false
    }

    fn is_listed(&self, list: List, wanted: Option<WhereId>, window: &Window) -> bool {
        if wanted.is_some_and(|id| !self.seen().is_on(list, id)) {
            return false;
        }
        let mut is_there = false;
        each_listed(self.person, list, |item, time| {
            is_there = is_there
                || time.is_none_or(|time_ms| window.contains(time_ms, self.context.now_ms))
                    && wanted.is_none_or(|id| self.seen().holds(id, self.seen().place(item)));
        });
        is_there
    }

    fn cart(&self, measure: CartMeasure) -> f64 {
        let cart = self.cart.get_or_init(|| {
            let mut cart = Cart::default();
            for (item, quantity) in cart_of(self.person) {
                cart.lines += 1.0;
                cart.quantity += f64::from(quantity);
                cart.total += f64::from(quantity) * self.price(item);
            }
            cart
        });
        match measure {
            CartMeasure::Lines => cart.lines,
            CartMeasure::Quantity => cart.quantity,
            CartMeasure::Total => cart.total,
        }
    }

    /// What a product costs, in major units: its first variant stands for it, and without a price it is 0.
    fn price(&self, item: ItemId) -> f64 {
        let catalog = self.catalog;
        let variant = catalog.variants_of(catalog.stands_for(item)).first();
        let quote = variant.and_then(|variant| catalog.price(*variant, self.context.book, self.context.now_ms));
        quote.map_or(0.0, |quote| self.context.book.major(quote.final_minor))
    }

    /// `None` of an average over nothing.
    fn orders(&self, measure: OrderMeasure, window: &Window, status: OrderStatus) -> Option<f64> {
        let (mut n, mut minor, mut pieces) = (0.0, 0.0, 0.0);
        for order in &self.person.visitor.kept().orders {
            let is_meant = match status {
                OrderStatus::Placed => !order.canceled,
                OrderStatus::Canceled => order.canceled,
                OrderStatus::Any => true,
            };
            if is_meant && window.contains(order.time_ms, self.context.now_ms) {
                n += 1.0;
                minor += order.total_minor as f64;
                pieces += f64::from(order.quantity);
            }
        }
        let revenue = minor / self.context.book.scale();
        match measure {
            OrderMeasure::Count => Some(n),
            OrderMeasure::Revenue => Some(revenue),
            OrderMeasure::Quantity => Some(pieces),
            OrderMeasure::Average => (n > 0.0).then(|| revenue / n),
            OrderMeasure::AverageQuantity => (n > 0.0).then(|| pieces / n),
        }
    }

    /// Whether a product condition holds for the product of a line of the history.
    fn holds(&self, id: WhereId, line: usize) -> bool {
        self.seen().holds(id, self.seen().place_of_line(line))
    }
}

/// What a cart measures.
#[derive(Clone, Copy, Default)]
struct Cart {
    lines: f64,
    quantity: f64,
    total: f64,
}

/// The cart that the request names, else the profile's.
fn cart_of<'p>(person: &'p Person<'_>) -> impl Iterator<Item = (ItemId, f32)> + 'p {
    let own = if person.cart.is_none() { &person.visitor.cart[..] } else { &[] };
    let said = person.cart.unwrap_or_default().iter().copied();
    own.iter().map(|line| (line.item, line.quantity)).chain(said)
}

/// The products of a list, each with its time unless the request names the list itself.
pub(super) fn each_listed(person: &Person<'_>, list: List, mut visit: impl FnMut(ItemId, Option<TimeMs>)) {
    let visitor = person.visitor;
    match (list, person.cart) {
        (List::Cart, Some(cart)) => cart.iter().for_each(|(item, _)| visit(*item, None)),
        (List::Cart, None) => visitor.cart.iter().for_each(|line| visit(line.item, Some(line.time_ms))),
        (List::Wishlist, _) => {
            visitor.kept().wishlist.iter().for_each(|wished| visit(wished.item, Some(wished.time_ms)));
        }
        (List::Viewed, _) => visitor.views.iter().for_each(|view| visit(view.item, Some(view.time_ms))),
        (List::Ordered, _) => visitor.purchases.iter().for_each(|bought| visit(bought.item, Some(bought.time_ms))),
    }
}

fn facts_of(person: &Person<'_>) -> Facts {
    let visitor = person.visitor;
    let kept = visitor.kept();
    let bits = [
        (!kept.attributes.is_empty(), has::ATTRIBUTE),
        (cart_of(person).next().is_some(), has::CART),
        (!kept.orders.is_empty(), has::ORDER),
        (!kept.wishlist.is_empty(), has::WISH),
        (!visitor.views.is_empty(), has::VIEW),
        (!visitor.purchases.is_empty(), has::PURCHASE),
    ];
    let facts = bits.into_iter().filter(|(is_there, _)| *is_there).fold(0, |all, (_, bit)| all | bit);
    visitor.events.iter().fold(facts, |all, line| all | 1 << (has::EVENT + u32::from(line.code())))
}

fn test_value(value: &ProfileValue, test: &Test) -> bool {
    match value {
        ProfileValue::Text(text) => test.holds_for(text),
        ProfileValue::Number(number) => number_test(test)(*number),
        ProfileValue::Boolean(flag) => test.holds_for(if *flag { "true" } else { "false" }),
        ProfileValue::Time(_) => *test == Test::Exists,
        ProfileValue::List(texts) => texts.iter().any(|text| test.holds_for(text)),
    }
}

fn moment_of(value: &ProfileValue) -> Option<TimeMs> {
    match value {
        ProfileValue::Time(moment) => Some(*moment),
        ProfileValue::Text(text) => super::parse_time(text),
        ProfileValue::Number(_) | ProfileValue::Boolean(_) | ProfileValue::List(_) => None,
    }
}

#[cfg(test)]
mod tests;
