//! Seeded trees and requests for the tests of this library.

use crate::condition::{Leaf, Named, Node, Operator};
use crate::facts::Facts;
use crate::moment::Weekly;

/// Small numbers from a seed.
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall alike.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `n`.
    pub fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    /// One of some texts.
    pub fn one(&mut self, texts: &[&str]) -> String {
        texts[self.roll(texts.len())].to_owned()
    }
}

const WORDS: [&str; 4] = ["sofa", "bed", "blue", "so"];
const PATHS: [&str; 4] = ["men", "men/tops", "women", "men/tops/tees"];
const NAMES: [&str; 3] = ["a", "b", "c"];
const FILTERS: [&str; 4] = ["color", "color=red", "color=blue", "size"];

/// Up to three words.
pub fn phrase(dice: &mut Dice) -> String {
    (0..=dice.roll(3)).map(|_| dice.one(&WORDS)).collect::<Vec<_>>().join(" ")
}

/// A test of anything but the cart.
pub fn leaf(dice: &mut Dice) -> Leaf {
    let operators = [Operator::Is, Operator::Contains, Operator::Starts, Operator::Ends, Operator::Words];
    match dice.roll(9) {
        0..4 => Leaf::Query { operator: operators[dice.roll(5)], phrase: phrase(dice) },
        4 => Leaf::Category { paths: vec![dice.one(&PATHS)], below: dice.roll(2) == 0 },
        5 | 6 => {
            let values = (0..=dice.roll(2)).map(|_| dice.one(&NAMES)).collect();
            Leaf::Named { what: Named::ALL[dice.roll(5)], values }
        }
        7 => Leaf::Filter(dice.one(&FILTERS)),
        _ if dice.roll(2) == 0 => Leaf::Window { from_ms: dice.roll(50) as i64, until_ms: 50 + dice.roll(50) as i64 },
        _ => Leaf::Weekly(Weekly { days: 1 << dice.roll(7), from: 0, to: 720, offset: 0 }),
    }
}

/// A tree of at most this depth.
pub fn tree(dice: &mut Dice, depth: usize) -> Node {
    let parts = |dice: &mut Dice| (0..1 + dice.roll(3)).map(|_| tree(dice, depth - 1)).collect();
    match dice.roll(if depth > 1 { 6 } else { 1 }) {
        1 | 2 => Node::All(parts(dice)),
        3 => Node::Any(parts(dice)),
        4 => Node::Not(Box::new(tree(dice, depth - 1))),
        _ => Node::Leaf(leaf(dice)),
    }
}

/// A request of an empty cart.
pub fn facts(dice: &mut Dice) -> Facts<'static> {
    let some = |dice: &mut Dice| if dice.roll(2) == 0 { String::new() } else { dice.one(&NAMES) };
    let value = dice.one(&FILTERS);
    let mut filters = vec![value.split('=').next().unwrap_or_default().to_owned(), value];
    filters.dedup();
    let view = dice.one(&NAMES);
    Facts {
        text: if dice.roll(4) == 0 { String::new() } else { phrase(dice) },
        categories: (0..dice.roll(3)).map(|_| dice.one(&PATHS)).collect(),
        audiences: (0..dice.roll(3)).map(|_| dice.one(&NAMES)).collect(),
        customer_group: some(dice),
        store_view: view.clone(),
        view,
        device: some(dice),
        page_type: some(dice),
        filters: if dice.roll(2) == 0 { Vec::new() } else { filters },
        now_ms: dice.roll(100) as i64,
        cart: None,
    }
}
