//! What comes next in a visit?
//!
//! After each click of a test visit all items are ranked; the next click is right, and items already seen stay in.
//! Logs with times are replayed in order of time across visits. Sequences have none: their visits are put a minute
//! apart, in file order, the clicks of one spread over its minute. Prefix cases are joined to visits again where one
//! prefix continues another, so that a live engine hears each click once.

use std::path::Path;
use std::sync::Arc;

use planogram_core::id::TimeMs;
use planogram_core::signal::event::EventKind;
use planogram_datasets::loaders::sessions::{PrefixCase, prefix_cases, sequence_sessions, timed_sessions};
use planogram_datasets::reference::{Group, Popularity, Reference, SessionPopularity, VmisKnn, Vstan};

use super::files::{columns, need, rows};
use super::judge::{Measure, Truth};
use super::plan::{Act, Ask, Asked, Case, END_MS, Line, Phase, Plan, Row, Step, group};
use super::units::NEXT_ITEM;

/// Time from one made-up visit to the next.
const MINUTE_MS: TimeMs = 60_000;
/// Longest time from one made-up click to the next.
const CLICK_MS: TimeMs = 10_000;

const MEASURES: &[Measure] = &[
    Measure::Hit(20),
    Measure::ReciprocalRank(Some(20)),
    Measure::Ndcg(10),
    Measure::Hit(10),
    Measure::Hit(5),
    Measure::Ndcg(20),
];

/// Does the folder hold this task?
pub fn is_here(dir: &Path) -> anyhow::Result<bool> {
    let (Some(train), Some(_)) = (super::files::find(dir, "train"), super::files::find(dir, "test")) else {
        return Ok(false);
    };
    Ok(columns(&train)?.iter().any(|column| column == "session_id"))
}

/// The plan of a folder.
pub fn plan(dir: &Path, with_references: bool) -> anyhow::Result<Plan> {
    let train = need(dir, "train")?;
    let mut plan = Plan::default();
    let has_times = columns(&train)?.iter().any(|column| column == "unix_ts");
    let (learned, cases) = if has_times { timed(dir, &mut plan)? } else { untimed(dir, &mut plan)? };
    plan.rows.push(Row {
        name: "next click".to_owned(),
        phase: Phase::Scripted,
        asked: Asked::Unit(NEXT_ITEM),
        size: 20,
        measures: MEASURES,
        cases,
        references: if with_references { references(&learned) } else { Vec::new() },
        case_names: Vec::new(),
    });
    Ok(plan)
}

fn references(learned: &[Group]) -> Vec<Box<dyn Reference>> {
    vec![
        Box::new(Popularity::of(learned)),
        Box::new(SessionPopularity::of(learned)),
        Box::new(VmisKnn::of(learned)),
        Box::new(Vstan::of(learned)),
    ]
}

/// A log with times: every click is an act at its own time.
fn timed(dir: &Path, plan: &mut Plan) -> anyhow::Result<(Vec<Group>, Vec<Case>)> {
    let mut learned = Vec::new();
    for session in rows(&need(dir, "train")?, timed_sessions)? {
        let who: Arc<str> = format!("t{}", session.session).into();
        let mut items = Vec::new();
        let mut last_ms = 0;
        for (at, click) in session.clicks.iter().enumerate() {
            let item = plan.names.id(&click.item);
            items.push(item);
            last_ms = click.time_ms;
            plan.training.push(act(click.time_ms, &click.action, &who, item, at));
        }
        learned.push(group(items, last_ms));
    }
    plan.training.sort_by_key(|act| act.time_ms);
    learned.sort_by_key(|group| group.time_ms);
    let (mut cases, mut steps) = (Vec::new(), Vec::new());
    for (visit, session) in rows(&need(dir, "test")?, timed_sessions)?.into_iter().enumerate() {
        let who: Arc<str> = format!("v{}", session.session).into();
        let mut items = Vec::new();
        let mut last_ms = 0;
        for (at, click) in session.clicks.iter().enumerate() {
            let item = plan.names.id(&click.item);
            if at > 0 {
                steps.push((click.time_ms, Step::Ask { row: 0, case: cases.len() }));
                cases.push(case(visit, &who, &items, last_ms, item));
            }
            items.push(item);
            last_ms = click.time_ms;
            steps.push((click.time_ms, Step::Learn(act(click.time_ms, &click.action, &who, item, at))));
        }
    }
    steps.sort_by_key(|(time_ms, _)| *time_ms);
    plan.script = steps.into_iter().map(|(_, step)| step).collect();
    Ok((learned, cases))
}

/// What a log calls a click, as an event.
fn act(time_ms: TimeMs, action: &str, who: &Arc<str>, item: u32, at: usize) -> Act {
    let kind = match action {
        "add_to_cart" | "addtocart" | "cart" => EventKind::AddToCart,
        "order_placed" | "order" | "purchase" | "transaction" | "buy" => EventKind::OrderPlaced,
        _ => EventKind::ProductView,
    };
    let order = (kind == EventKind::OrderPlaced).then(|| format!("{who}-{at}").into());
    Act { order, ..Act::of(kind, time_ms, who, vec![Line::of(item)]) }
}

fn case(visit: usize, who: &Arc<str>, items: &[u32], time_ms: TimeMs, target: u32) -> Case {
    let ask = Ask { visitor: Some(who.clone()), time_ms, items: items.to_vec(), ..Ask::default() };
    Case { group: visit as u32, ask, truth: Truth::One(target) }
}

/// Sequences: times are made up.
fn untimed(dir: &Path, plan: &mut Plan) -> anyhow::Result<(Vec<Group>, Vec<Case>)> {
    plan.notes.push("sequences without times: visits a minute apart in file order".to_owned());
    let sessions = rows(&need(dir, "train")?, sequence_sessions)?;
    let begin_ms = END_MS - sessions.len() as TimeMs * MINUTE_MS;
    let mut learned = Vec::with_capacity(sessions.len());
    for (session, begin_ms) in sessions.into_iter().zip((0..).map(|n| begin_ms + n * MINUTE_MS)) {
        let who: Arc<str> = format!("t{}", session.session).into();
        let items = plan.names.all(&session.items);
        plan.training.extend(visit(&who, &items, begin_ms));
        learned.push(group(items, begin_ms));
    }
    let visits = join(rows(&need(dir, "test")?, prefix_cases)?);
    let mut cases = Vec::new();
    for (number, session) in visits.into_iter().enumerate() {
        let who: Arc<str> = format!("v{number}").into();
        let items = plan.names.all(&session.items);
        let begin_ms = END_MS + number as TimeMs * MINUTE_MS;
        for (at, act) in visit(&who, &items, begin_ms).enumerate() {
            if at >= session.first_asked && at > 0 {
                plan.script.push(Step::Ask { row: 0, case: cases.len() });
                cases.push(case(number, &who, &items[..at], act.time_ms, items[at]));
            }
            plan.script.push(Step::Learn(act));
        }
    }
    Ok((learned, cases))
}

/// The clicks of a visit, spread over its minute.
fn visit<'a>(who: &'a Arc<str>, items: &'a [u32], begin_ms: TimeMs) -> impl Iterator<Item = Act> + 'a {
    let gap_ms = CLICK_MS.min(MINUTE_MS / (items.len() as TimeMs + 1));
    items.iter().zip(0..).map(move |(item, n)| Act::view(begin_ms + n * gap_ms, who, *item))
}

/// A test visit put together from its prefixes.
struct Joined {
    items: Vec<String>,
    /// Place of the first click that is asked for.
    first_asked: usize,
}

/// Joins consecutive cases of which one prefix continues the other by its target; files hold them longest first or
/// shortest first.
fn join(cases: Vec<PrefixCase>) -> Vec<Joined> {
    let mut joined: Vec<Joined> = Vec::new();
    for case in cases {
        let mut items = case.prefix;
        let first_asked = items.len();
        items.push(case.target);
        if let Some(last) = joined.last_mut() {
            if last.items[..last.first_asked] == items {
                last.first_asked = first_asked;
                continue;
            }
            if items[..first_asked] == last.items {
                last.items = items;
                continue;
            }
        }
        joined.push(Joined { items, first_asked });
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(items: &str, target: &str) -> PrefixCase {
        let prefix = items.split_whitespace().map(str::to_owned).collect();
        PrefixCase { case: String::new(), prefix, target: target.to_owned() }
    }

    #[track_caller]
    fn check(cases: Vec<PrefixCase>, expected: &[(&str, usize)]) {
        let joined: Vec<(String, usize)> =
            join(cases).into_iter().map(|j| (j.items.join(" "), j.first_asked)).collect();
        let expected: Vec<(String, usize)> = expected.iter().map(|(items, n)| ((*items).to_owned(), *n)).collect();
        assert_eq!(joined, expected);
    }

    #[test]
    fn prefixes_become_visits_again() {
        check(
            vec![prefix("a b c", "d"), prefix("a b", "c"), prefix("a", "b"), prefix("x", "y")],
            &[("a b c d", 1), ("x y", 1)],
        );
        check(vec![prefix("a", "b"), prefix("a b", "c")], &[("a b c", 1)]);
        check(vec![prefix("a b", "c"), prefix("a b", "d")], &[("a b c", 2), ("a b d", 2)]);
    }

    #[test]
    fn the_log_says_what_a_click_was() {
        let who: Arc<str> = "v".into();
        assert_eq!(act(0, "click", &who, 1, 0).kind, EventKind::ProductView);
        assert_eq!(act(0, "addtocart", &who, 1, 0).kind, EventKind::AddToCart);
        assert_eq!(act(0, "purchase", &who, 1, 3).order.as_deref(), Some("v-3"));
    }
}
