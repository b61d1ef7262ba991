//! What continues a long history?
//!
//! Histories of single shoppers without times: a history is one long visit, an item a minute, so that neighbors in it
//! are neighbors to the engine, too. The validation part belongs to the past; shoppers who go on into it come last.
//! Each test row is asked with the history it states, then the engine hears what came next.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use planogram_core::id::TimeMs;
use planogram_datasets::loaders::histories::{histories, history_cases};
use planogram_datasets::reference::{Group, ItemKnn, Popularity};

use super::files::{catalog, columns, find, need, rows};
use super::judge::{Measure, Truth};
use super::plan::{Act, Ask, Asked, Case, END_MS, Phase, Plan, Row, Step};
use super::units::NEXT_IN_HISTORY;

const MINUTE_MS: TimeMs = 60_000;

const MEASURES: &[Measure] =
    &[Measure::Hit(10), Measure::Ndcg(10), Measure::Hit(20), Measure::Ndcg(20), Measure::ReciprocalRank(Some(20))];

/// Names that the training file goes by.
const TRAIN: [&str; 2] = ["train_sequences_partial", "train"];

/// Does the folder hold this task?
pub fn is_here(dir: &Path) -> anyhow::Result<bool> {
    let Some(test) = find(dir, "test") else { return Ok(false) };
    Ok(columns(&test)?.iter().any(|column| column == "history"))
}

/// The plan of a folder.
pub fn plan(dir: &Path, with_references: bool) -> anyhow::Result<Plan> {
    let mut plan = Plan { catalog: catalog(dir)?, ..Plan::default() };
    for product in &plan.catalog {
        plan.names.id(&product.sku);
    }
    plan.notes.push("histories without times: one visit each, an item a minute".to_owned());
    let (past, goes_on) = past(dir, &mut plan)?;
    // Those who go on into the validation part are nearer to the end.
    let (late, early): (Vec<_>, Vec<_>) = past.into_iter().partition(|(user, _)| goes_on.contains(user));
    let ordered: Vec<(String, Vec<u32>)> = early.into_iter().chain(late).collect();
    let n_acts: usize = ordered.iter().map(|(_, items)| items.len()).sum();
    let mut time_ms = END_MS - n_acts as TimeMs * MINUTE_MS;
    let mut learned = Vec::new();
    for (number, (user, items)) in ordered.into_iter().enumerate() {
        let who = visitor(&user);
        for item in &items {
            plan.training.push(Act::view(time_ms, &who, *item));
            time_ms += MINUTE_MS;
        }
        learned.push(Group { user: Some(number as u32), time_ms, items });
    }
    let test = rows(&need(dir, "test")?, history_cases)?;
    let mut cases = Vec::with_capacity(test.len());
    let mut groups: BTreeMap<String, u32> = BTreeMap::new();
    for (row, n) in test.into_iter().zip(0..) {
        let (time_ms, who) = (END_MS + n * MINUTE_MS, visitor(&row.user));
        let target = plan.names.id(&row.target);
        let items = plan.names.all(&row.history);
        let n_groups = groups.len() as u32;
        let group = *groups.entry(row.user).or_insert(n_groups);
        let ask = Ask { visitor: Some(who.clone()), time_ms, items, ..Ask::default() };
        plan.script.push(Step::Ask { row: 0, case: cases.len() });
        cases.push(Case { group, ask, truth: Truth::One(target) });
        plan.script.push(Step::Learn(Act::view(time_ms, &who, target)));
    }
    plan.rows.push(Row {
        name: "next in history".to_owned(),
        phase: Phase::Scripted,
        asked: Asked::Unit(NEXT_IN_HISTORY),
        size: 20,
        measures: MEASURES,
        cases,
        references: match with_references {
            true => vec![Box::new(Popularity::of(&learned)), Box::new(ItemKnn::of(&learned))],
            false => Vec::new(),
        },
        case_names: Vec::new(),
    });
    Ok(plan)
}

fn visitor(user: &str) -> Arc<str> {
    format!("u{user}").into()
}

/// The histories before the test part, by user in file order, and who of them has a validation row.
type Past = (Vec<(String, Vec<u32>)>, HashSet<String>);

fn past(dir: &Path, plan: &mut Plan) -> anyhow::Result<Past> {
    let mut past: Vec<(String, Vec<u32>)> = Vec::new();
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    if let Some(path) = TRAIN.iter().find_map(|stem| find(dir, stem)) {
        for history in rows(&path, histories)? {
            place.insert(history.user.clone(), past.len());
            past.push((history.user, plan.names.all(&history.items)));
        }
    }
    let mut goes_on = HashSet::new();
    if let Some(path) = find(dir, "valid") {
        for row in rows(&path, history_cases)? {
            let at = *place.entry(row.user.clone()).or_insert_with(|| {
                past.push((row.user.clone(), plan.names.all(&row.history)));
                past.len() - 1
            });
            past[at].1.push(plan.names.id(&row.target));
            goes_on.insert(row.user);
        }
    }
    Ok((past, goes_on))
}
