//! Does the search box find what people judged to be good?
//!
//! Judged queries are asked over the whole catalog: by text alone, and, where search sessions lie beside them, once
//! more after the first half of each query's sessions was replayed as events, a session a minute. A catalog without
//! judged queries is searched for its own products' words, as they are and with one typing error in each query.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use planogram_core::catalog::doc::{AttributeValue, ProductDoc};
use planogram_core::id::TimeMs;
use planogram_core::signal::event::EventKind;
use planogram_datasets::loaders::judged::{Judged, SearchSession, judged, search_sessions};
use planogram_datasets::reference::{Bm25, ClickRate, Reference};

use super::files::{catalog, find, parts, rows};
use super::judge::{Measure, Truth};
use super::lists::named;
use super::plan::{Act, Ask, Asked, Case, END_MS, Line, Names, Phase, Plan, Row};
use super::typos::{misspelled, own_words};

/// Items asked of the search box: enough for Recall@100 and for what a list condensed to judged items needs.
const SIZE: u32 = 500;
/// Queries made up from products' own words.
const OWN_WORD_QUERIES: usize = 2_000;
/// Queries up to this many get a line each.
const NAMED_QUERIES_MAX: usize = 20;
const MINUTE_MS: TimeMs = 60_000;

const JUDGED: &[Measure] = &[
    Measure::Graded(10),
    Measure::Condensed(10),
    Measure::JudgedShare(10),
    Measure::Recall(100),
    Measure::ReciprocalRank(Some(10)),
];
const OWN_WORDS: &[Measure] = &[Measure::Hit(10), Measure::ReciprocalRank(Some(10))];

/// Does the folder hold judged queries?
pub fn is_here(dir: &Path) -> anyhow::Result<bool> {
    Ok(find(dir, "products").is_some() && !parts(dir, "queries").is_empty())
}

/// The plans of a folder, one a part.
pub fn plans(dir: &Path, with_references: bool, seed: u64) -> anyhow::Result<Vec<Plan>> {
    let products = catalog(dir)?;
    anyhow::ensure!(!products.is_empty(), "`{}` holds no products to search", dir.display());
    let parts = parts(dir, "queries");
    if parts.is_empty() {
        return Ok(vec![own_words_plan(products, with_references, seed)]);
    }
    parts.iter().map(|(part, folder)| judged_plan(part, folder, products.clone(), with_references)).collect()
}

fn judged_plan(part: &str, dir: &Path, catalog: Vec<ProductDoc>, with_references: bool) -> anyhow::Result<Plan> {
    let mut plan = with_catalog(catalog);
    let judged = judged(dir)?;
    let cases = cases(&judged, &mut plan.names);
    let case_names = match judged.queries.len() <= NAMED_QUERIES_MAX {
        true => judged.queries.iter().map(|query| query.text.clone()).collect(),
        false => Vec::new(),
    };
    let row = |name: &str, phase, cases| Row {
        name: named(name, part),
        phase,
        asked: Asked::Search,
        size: SIZE,
        measures: JUDGED,
        cases,
        references: Vec::new(),
        case_names: case_names.clone(),
    };
    plan.rows.push(row("judged queries", Phase::Untrained, cases.clone()));
    if let Some(path) = find(dir, "sessions") {
        let heard = first_halves(rows(&path, search_sessions)?);
        plan.notes.push(format!("{} search sessions replayed, the first half of each query's", heard.len()));
        plan.rows.push(row("judged queries after sessions", Phase::Scripted, cases));
        let texts: HashMap<&str, &str> =
            judged.queries.iter().map(|query| (query.qid.as_str(), query.text.as_str())).collect();
        if with_references {
            plan.rows[1].references.push(Box::new(click_rate(&heard, &texts, &mut plan.names)));
        }
        learn(&mut plan, &heard, &texts);
    }
    if with_references {
        for row in 0..plan.rows.len() {
            let index = bm25(&plan);
            plan.rows[row].references.insert(0, Box::new(index));
        }
    }
    Ok(plan)
}

fn with_catalog(catalog: Vec<ProductDoc>) -> Plan {
    let mut plan = Plan { catalog, ..Plan::default() };
    for product in &plan.catalog {
        plan.names.id(&product.sku);
    }
    plan
}

fn cases(judged: &Judged, names: &mut Names) -> Vec<Case> {
    let nothing = BTreeMap::new();
    let case = |(number, query): (u32, &planogram_datasets::loaders::judged::Query)| {
        let gains = judged.gains.get(&query.qid).unwrap_or(&nothing);
        let gains = gains.iter().map(|(product, gain)| (names.id(product), *gain)).collect();
        let ask = Ask { text: query.text.clone(), ..Ask::default() };
        Case { group: number, ask, truth: Truth::Judged(gains) }
    };
    (0..).zip(&judged.queries).map(case).collect()
}

/// Plain BM25 over everything a product says.
fn bm25(plan: &Plan) -> Bm25 {
    let mut index = Bm25::default();
    for product in &plan.catalog {
        let id = plan.names.known(&product.sku).expect("every product of the catalog has a number");
        let model = match product.attributes.get("model") {
            Some(AttributeValue::Text(model)) => model.as_str(),
            _ => "",
        };
        let brand = product.brand.as_deref().unwrap_or_default();
        index.add(id, &[&product.name, &product.description, brand, model].join(" "));
    }
    index
}

// Search sessions.

/// The first half of each query's sessions, in file order.
fn first_halves(sessions: Vec<SearchSession>) -> Vec<SearchSession> {
    let mut total: HashMap<String, usize> = HashMap::new();
    for session in &sessions {
        *total.entry(session.qid.clone()).or_default() += 1;
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    let is_first_half = |session: &SearchSession| {
        let taken = taken.entry(session.qid.clone()).or_default();
        *taken += 1;
        *taken <= total[&session.qid] / 2
    };
    sessions.into_iter().filter(is_first_half).collect()
}

/// A session is a search, its answer with every shown product in its place, and its clicks.
fn learn(plan: &mut Plan, sessions: &[SearchSession], texts: &HashMap<&str, &str>) {
    let begin_ms = END_MS - sessions.len() as TimeMs * MINUTE_MS;
    for (session, n) in sessions.iter().zip(0..) {
        let Some(text) = texts.get(session.qid.as_str()) else { continue };
        let who: Arc<str> = session.session.as_str().into();
        let time_ms = begin_ms + n * MINUTE_MS;
        let query: Arc<str> = (*text).into();
        let line = |position: u32, item: u32| Line { position: Some(position), ..Line::of(item) };
        let shown: Vec<u32> = plan.names.all(&session.shown);
        let act = |kind, after_ms, lines| Act {
            query: Some(query.clone()),
            request: Some(who.clone()),
            ..Act::of(kind, time_ms + after_ms, &who, lines)
        };
        let answer = (0..).zip(&shown).map(|(position, item)| line(position, *item)).collect();
        plan.training.push(act(EventKind::SearchRequest, 0, Vec::new()));
        plan.training.push(act(EventKind::SearchResponse, 1, answer));
        for (rank, after_ms) in session.clicked.iter().zip(2..) {
            plan.training.push(act(EventKind::SearchClick, after_ms, vec![line(*rank, shown[*rank as usize])]));
        }
    }
}

fn click_rate(sessions: &[SearchSession], texts: &HashMap<&str, &str>, names: &mut Names) -> ClickRate {
    let mut rates = ClickRate::default();
    for session in sessions {
        if let Some(text) = texts.get(session.qid.as_str()) {
            let clicked: HashSet<u32> = session.clicked.iter().copied().collect();
            for (place, product) in (0..).zip(&session.shown) {
                rates.add(text, names.id(product), clicked.contains(&place));
            }
        }
    }
    rates
}

// Own words.

fn own_words_plan(catalog: Vec<ProductDoc>, with_references: bool, seed: u64) -> Plan {
    let mut plan = with_catalog(catalog);
    let queries = own_words(&plan.catalog, OWN_WORD_QUERIES, seed);
    plan.notes.push(format!("{} queries made up from the products' names, seed {seed}", queries.len()));
    let case = |number: usize, text: String, sku: &str, names: &Names| Case {
        group: number as u32,
        ask: Ask { text, ..Ask::default() },
        truth: Truth::One(names.known(sku).expect("every product of the catalog has a number")),
    };
    let as_written: Vec<Case> =
        queries.iter().enumerate().map(|(n, query)| case(n, query.words.join(" "), &query.sku, &plan.names)).collect();
    let with_error: Vec<Case> = queries
        .iter()
        .enumerate()
        .map(|(n, query)| case(n, misspelled(query, seed).join(" "), &query.sku, &plan.names))
        .collect();
    for (name, cases) in [("own words", as_written), ("own words, one typing error", with_error)] {
        let references: Vec<Box<dyn Reference>> =
            if with_references { vec![Box::new(bm25(&plan))] } else { Vec::new() };
        plan.rows.push(Row {
            name: name.to_owned(),
            phase: Phase::Untrained,
            asked: Asked::Search,
            size: 10,
            measures: OWN_WORDS,
            cases,
            references,
            case_names: Vec::new(),
        });
    }
    plan
}
