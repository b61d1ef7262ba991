//! Who is in an audience?
//!
//! The condition tree once more, over what is known of a shopper instead of a product: `all`, `any`, `none` and `not`
//! around leaves that ask the profile, count events in a window, look for a sequence, or name another audience. What
//! such a leaf says of products is a product condition. `parse` reads the tree, `document` the document around it;
//! `set` compiles all audiences of a configuration together, so that what many of them ask is asked once, `gate` says
//! which of them a profile cannot be in, `index` and `seen` tell which product conditions hold for its products, and
//! `evaluate` answers for one shopper at one time. Memberships are nowhere stored: windows move without an event, and
//! a preview sees other documents, so whatever was stored could be wrong.

mod document;
mod evaluate;
mod gate;
mod index;
mod parse;
mod seen;
mod set;
mod time;

pub use document::{AUDIENCE_KIND, AUDIENCE_SCHEMA, AppliesTo, Audience, parse_audience};
pub use evaluate::{CUSTOMER_GROUP, Person};
pub use parse::parse_tree;
pub use set::{AudienceDocument, Audiences, find_cycle};
pub use time::parse_time;

use super::{Condition, Test};
use crate::id::TimeMs;
use crate::limits::DEFAULT_FUTURE_MS;
use crate::signal::event::EventKind;

/// A condition on a shopper.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Every part holds; true when empty.
    All(Vec<Tree>),
    /// At least one part holds; false when empty.
    Any(Vec<Tree>),
    /// The part does not hold.
    Not(Box<Tree>),
    /// One question.
    Leaf(Fact),
}

/// One question about a shopper.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// What a profile attribute says; of an absent one nothing holds.
    Profile {
        /// Its name; `customer_group` is the request's when it names one.
        name: String,
        /// What is asked of it.
        test: ProfileTest,
    },
    /// How many events there were.
    Count {
        /// Which.
        events: Selector,
        /// When.
        window: Window,
        /// How many.
        range: Bounds,
    },
    /// One event after another.
    Sequence {
        /// At least two.
        steps: Vec<Selector>,
        /// Most milliseconds from the first to the last.
        within_ms: TimeMs,
        /// When.
        window: Window,
    },
    /// How large the cart is.
    Cart {
        /// In which respect.
        measure: CartMeasure,
        /// How large.
        range: Bounds,
    },
    /// Whether a product is on a list.
    Has {
        /// Which list.
        list: List,
        /// Which products; any without a condition.
        wanted: Option<Condition>,
        /// When it came there.
        window: Window,
    },
    /// What was ordered.
    Orders {
        /// In which respect.
        measure: OrderMeasure,
        /// When.
        window: Window,
        /// Which orders.
        status: OrderStatus,
        /// How much.
        range: Bounds,
    },
    /// Membership of another audience.
    Audience(String),
}

/// What is asked of a profile attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum ProfileTest {
    /// As of a product attribute.
    Value(Test),
    /// The moment lies in a range: from inclusive, to exclusive. A text that is a date is a moment.
    Time {
        /// Lower bound, inclusive.
        from_ms: Option<TimeMs>,
        /// Upper bound, exclusive.
        to_ms: Option<TimeMs>,
    },
    /// The moment is so many days ago, fractions included.
    DaysAgo(Bounds),
}

/// Events of a kind, and with products that satisfy a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// The kind.
    pub kind: EventKind,
    /// What one of the event's products must satisfy; any event without a condition.
    pub wanted: Option<Condition>,
}

/// A range of numbers: from inclusive, to exclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Lower bound, inclusive.
    pub from: Option<f64>,
    /// Upper bound, exclusive.
    pub to: Option<f64>,
}

impl Bounds {
    /// Whether a number lies inside.
    pub fn contains(&self, number: f64) -> bool {
        self.from.is_none_or(|from| from <= number) && self.to.is_none_or(|to| number < to)
    }
}

/// When something must have happened; all of it must hold, nothing is any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// So many milliseconds back from now, the edge included.
    pub span_ms: Option<TimeMs>,
    /// Not before.
    pub from_ms: Option<TimeMs>,
    /// Before.
    pub until_ms: Option<TimeMs>,
}

impl Window {
    /// The oldest time inside.
    #[inline]
    pub fn begin(&self, now_ms: TimeMs) -> TimeMs {
        let span = self.span_ms.map_or(TimeMs::MIN, |span| now_ms.saturating_sub(span));
        span.max(self.from_ms.unwrap_or(TimeMs::MIN))
    }

    /// Whether a time lies inside. What clocks that run ahead said counts, what comes after a preview's time does not.
    #[inline]
    pub fn contains(&self, time_ms: TimeMs, now_ms: TimeMs) -> bool {
        let is_past = time_ms <= now_ms.saturating_add(DEFAULT_FUTURE_MS);
        is_past && time_ms >= self.begin(now_ms) && self.until_ms.is_none_or(|until| time_ms < until)
    }
}

/// What is measured of the cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CartMeasure {
    /// What it costs in the request's price book, in major units.
    Total,
    /// Pieces.
    Quantity,
    /// Distinct products.
    Lines,
}

/// What is measured of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderMeasure {
    /// How many.
    Count,
    /// What they cost together, in major units.
    Revenue,
    /// What one costs on average, in major units; nothing without orders.
    Average,
    /// Pieces.
    Quantity,
    /// Pieces in one order on average; nothing without orders.
    AverageQuantity,
}

/// Which orders are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Of which something was kept.
    Placed,
    /// Of which nothing was kept.
    Canceled,
    /// All.
    Any,
}

/// Products that a profile lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// In the cart.
    Cart,
    /// Wished for.
    Wishlist,
    /// Looked at, the last time each.
    Viewed,
    /// Bought and kept, the last time each.
    Ordered,
}
