//! What is an evaluation made of?
//!
//! A [`Plan`] is a data set as the evaluator sees it, whatever its files look like: a catalog, a past to learn, a
//! script of what then happens, and rows of cases that are asked on the way. The files of the tasks make plans; one
//! driver runs them all. Items are dense numbers here; their skus stand in [`Names`].

use std::collections::HashMap;
use std::sync::Arc;

use planogram_core::catalog::doc::ProductDoc;
use planogram_core::id::TimeMs;
use planogram_core::signal::event::{Event, EventItem, EventKind};
use planogram_datasets::reference::{Context, Group, Reference};

use super::judge::{Measure, Truth};
use super::units::Offer;

/// When the history of a log without times ends: any fixed time, so that two runs agree.
pub const END_MS: TimeMs = 1_700_000_000_000;

/// Skus by number.
#[derive(Debug, Default)]
pub struct Names {
    ids: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The number of a sku; a new one when it was not met before.
    pub fn id(&mut self, name: &str) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let (id, name) = (self.names.len() as u32, Arc::<str>::from(name));
        self.ids.insert(name.clone(), id);
        self.names.push(name);
        id
    }

    /// The numbers of several skus.
    pub fn all(&mut self, names: &[String]) -> Vec<u32> {
        names.iter().map(|name| self.id(name)).collect()
    }

    /// The number of a sku that was met before.
    pub fn known(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }

    /// The sku of a number.
    pub fn name(&self, id: u32) -> &Arc<str> {
        &self.names[id as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }
}

/// One product of an act.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which.
    pub item: u32,
    /// How many.
    pub quantity: f32,
    /// Price of one in minor units.
    pub price_minor: Option<i64>,
    /// Zero-based place in the list it was shown in.
    pub position: Option<u32>,
}

impl Line {
    /// One piece, without price and place.
    pub fn of(item: u32) -> Self {
        Self { item, quantity: 1.0, price_minor: None, position: None }
    }
}

/// Something a shopper does: an event without its bookkeeping.
#[derive(Clone, Debug)]
pub struct Act {
    /// When.
    pub time_ms: TimeMs,
    /// What.
    pub kind: EventKind,
    /// Who.
    pub visitor: Arc<str>,
    /// In which visit.
    pub session: Arc<str>,
    /// The products.
    pub items: Vec<Line>,
    /// Order id.
    pub order: Option<Arc<str>>,
    /// Words searched for.
    pub query: Option<Arc<str>>,
    /// The answer it is about.
    pub request: Option<Arc<str>>,
}

impl Act {
    /// A product page viewed by a visitor whose one visit this is.
    pub fn view(time_ms: TimeMs, who: &Arc<str>, item: u32) -> Self {
        Self::of(EventKind::ProductView, time_ms, who, vec![Line::of(item)])
    }

    /// Anything by a visitor whose one visit this is.
    pub fn of(kind: EventKind, time_ms: TimeMs, who: &Arc<str>, items: Vec<Line>) -> Self {
        let (visitor, session) = (who.clone(), who.clone());
        Self { time_ms, kind, visitor, session, items, order: None, query: None, request: None }
    }

    /// The event that is sent to the engine, with its id.
    pub fn event(&self, id: u64, names: &Names) -> Event {
        let item = |line: &Line| EventItem {
            sku: names.name(line.item).to_string(),
            quantity: line.quantity,
            price_minor: line.price_minor,
            position: line.position,
        };
        Event {
            id: format!("e{id}"),
            time_ms: self.time_ms,
            kind: self.kind,
            visitor: self.visitor.to_string(),
            customer: None,
            session: self.session.to_string(),
            store_view: String::new(),
            request_id: self.request.as_deref().map(str::to_owned),
            items: self.items.iter().map(item).collect(),
            query: self.query.as_deref().map(str::to_owned),
            category: None,
            unit: None,
            order: self.order.as_deref().map(str::to_owned),
            consent: true,
            attributes: Default::default(),
        }
    }
}

/// One question: who asks, with what before them.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Visitor, as in the acts.
    pub visitor: Option<Arc<str>>,
    /// The visitor as the references count them.
    pub user: Option<u32>,
    /// When, in milliseconds.
    pub time_ms: TimeMs,
    /// The visit, basket, anchor or history, oldest first.
    pub items: Vec<u32>,
    /// The list to put in order, as it was shown.
    pub shown: Vec<u32>,
    /// Words searched for.
    pub text: String,
}

impl Ask {
    /// The same as a reference sees it.
    pub fn context(&self) -> Context<'_> {
        Context { user: self.user, time_ms: self.time_ms, items: &self.items, shown: &self.shown, text: &self.text }
    }
}

/// A question with its right answers.
#[derive(Clone, Debug)]
pub struct Case {
    /// Cases of one group resemble each other and are drawn together for intervals: the clicks of one visit.
    pub group: u32,
    /// The question.
    pub ask: Ask,
    /// What would be right.
    pub truth: Truth,
}

/// When a row is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything is learned.
    Untrained,
    /// Where the script says.
    Scripted,
}

/// What answers a row.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// The first of these units that the engine and its plugins know.
    Unit(&'static [Offer]),
    /// The search box.
    Search,
}

/// One line of the report.
pub struct Row {
    /// Its name.
    pub name: String,
    /// When it is asked.
    pub phase: Phase,
    /// What answers.
    pub asked: Asked,
    /// Length of the lists.
    pub size: u32,
    /// What is measured.
    pub measures: &'static [Measure],
    /// The cases, by number.
    pub cases: Vec<Case>,
    /// The methods to measure against.
    pub references: Vec<Box<dyn Reference>>,
    /// A name for each case, when there are so few that each is worth a line.
    pub case_names: Vec<String>,
}

/// What happens next.
pub enum Step {
    /// A case is asked.
    Ask {
        /// Index of the row.
        row: usize,
        /// Index of the case in the row.
        case: usize,
    },
    /// Something happens that the engine hears of, unless it is frozen.
    Learn(Act),
}

/// A data set, ready to be played.
#[derive(Default)]
pub struct Plan {
    /// Products with their texts; items of the log that are not among them are put in by their sku alone.
    pub catalog: Vec<ProductDoc>,
    /// Every sku of catalog and log.
    pub names: Names,
    /// The past, in order of time.
    pub training: Vec<Act>,
    /// What then happens.
    pub script: Vec<Step>,
    /// What is measured.
    pub rows: Vec<Row>,
    /// Whether the engine hears the script also under `--frozen`, because there is no past to learn from.
    pub always_live: bool,
    /// The `hybrid` of the store view, a JSON object; `None` leaves it as it ships.
    pub hybrid: Option<String>,
    /// What a reader of the figures must know: how times were made up, what was left out.
    pub notes: Vec<String>,
}

impl Plan {
    /// Time of the first act, of the past or of the script.
    pub fn begin_ms(&self) -> TimeMs {
        let heard = self.script.iter().filter_map(|step| match step {
            Step::Learn(act) => Some(act),
            Step::Ask { .. } => None,
        });
        self.training.iter().chain(heard).map(|act| act.time_ms).min().unwrap_or(END_MS)
    }

    /// How often each item was part of the past, by number.
    pub fn popularity(&self) -> Vec<u64> {
        let mut counts = vec![0; self.names.len()];
        for line in self.training.iter().flat_map(|act| &act.items) {
            counts[line.item as usize] += 1;
        }
        counts
    }
}

/// A visit as the references learn it.
pub fn group(items: Vec<u32>, time_ms: TimeMs) -> Group {
    Group { user: None, time_ms, items }
}
