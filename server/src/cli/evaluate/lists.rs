//! In which order should this list have been shown?
//!
//! Lists as they were shown, with what was clicked. The whole log is played in order of time, as there is no training
//! part: what a shopper touches is a product view, a shown list an impression with places and prices, its click a unit
//! click. Asked is the last list of each visit, before its impression; the clicked item is right.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use planogram_core::id::TimeMs;
use planogram_core::signal::event::EventKind;
use planogram_datasets::loaders::lists::{ShownList, list_events, shown_lists};
use planogram_datasets::reference::{AsShown, TouchedFirst};

use super::files::{need, parts, rows};
use super::judge::{Measure, Truth};
use super::plan::{Act, Ask, Asked, Case, Line, Names, Phase, Plan, Row, Step};
use super::units::SHOWN_LIST;

const MEASURES: &[Measure] =
    &[Measure::ReciprocalRank(None), Measure::Hit(1), Measure::Hit(3), Measure::Hit(5), Measure::Ndcg(10)];
/// Longest list that is asked, in items.
const SIZE: u32 = 100;
/// The log's word for a click on a list; it stands in the table of lists, with more.
const CLICK: &str = "clickout_item";

/// Does the folder hold this task?
pub fn is_here(dir: &Path) -> anyhow::Result<bool> {
    Ok(!parts(dir, "clickouts").is_empty())
}

/// The plans of a folder, one a part.
pub fn plans(dir: &Path, with_references: bool) -> anyhow::Result<Vec<Plan>> {
    parts(dir, "clickouts").iter().map(|(part, folder)| plan(part, folder, with_references)).collect()
}

/// What happens at one time: touches come before the lists of the same second, as the protocol sees it.
enum Moment {
    Touch { session: String, item: String },
    List(ShownList),
}

fn plan(part: &str, dir: &Path, with_references: bool) -> anyhow::Result<Plan> {
    let mut plan = Plan { always_live: true, ..Plan::default() };
    plan.notes.push("no training part: the log is heard in order of time, also under --frozen".to_owned());
    let mut moments: Vec<(TimeMs, Moment)> = Vec::new();
    for event in rows(&need(dir, "events")?, list_events)? {
        if let (Some(item), true) = (event.item, event.action != CLICK) {
            moments.push((event.time_ms, Moment::Touch { session: event.session, item }));
        }
    }
    moments.extend(rows(&need(dir, "clickouts")?, shown_lists)?.into_iter().map(|l| (l.time_ms, Moment::List(l))));
    moments.sort_by_key(|(time_ms, moment)| (*time_ms, matches!(moment, Moment::List(_))));
    let mut touched: HashMap<String, Vec<u32>> = HashMap::new();
    let mut cases = Vec::new();
    for (time_ms, moment) in moments {
        match moment {
            Moment::Touch { session, item } => {
                let (who, item) = (Arc::from(session.as_str()), plan.names.id(&item));
                touched.entry(session).or_default().push(item);
                plan.script.push(Step::Learn(Act::view(time_ms, &who, item)));
            }
            Moment::List(list) => {
                let clicked = plan.names.id(&list.clicked);
                let seen = touched.entry(list.session.clone()).or_default();
                if list.last_in_session {
                    plan.script.push(Step::Ask { row: 0, case: cases.len() });
                    cases.push(case(&list, cases.len(), seen, clicked, &mut plan.names));
                }
                plan.script.extend(shown_and_clicked(&list, clicked, &mut plan.names).map(Step::Learn));
                seen.push(clicked);
            }
        }
    }
    plan.rows.push(Row {
        name: named("last list of a visit", part),
        phase: Phase::Scripted,
        asked: Asked::Unit(SHOWN_LIST),
        size: SIZE,
        measures: MEASURES,
        cases,
        references: if with_references { vec![Box::new(AsShown), Box::new(TouchedFirst)] } else { Vec::new() },
        case_names: Vec::new(),
    });
    Ok(plan)
}

/// A row's name with the part of the folder it is about.
pub fn named(name: &str, part: &str) -> String {
    if part.is_empty() { name.to_owned() } else { format!("{name} ({part})") }
}

fn case(list: &ShownList, number: usize, touched: &[u32], clicked: u32, names: &mut Names) -> Case {
    let ask = Ask {
        visitor: Some(list.session.as_str().into()),
        time_ms: list.time_ms,
        items: touched.to_vec(),
        shown: list.shown.iter().map(|(item, _)| names.id(item)).collect(),
        ..Ask::default()
    };
    Case { group: number as u32, ask, truth: Truth::One(clicked) }
}

/// The impression of a list, and the click on it.
fn shown_and_clicked(list: &ShownList, clicked: u32, names: &mut Names) -> impl Iterator<Item = Act> + use<> {
    let who: Arc<str> = list.session.as_str().into();
    let request: Arc<str> = format!("{}-{}", list.session, list.step).into();
    let line = |(position, (item, price)): (u32, &(String, f64)), names: &mut Names| Line {
        item: names.id(item),
        quantity: 1.0,
        price_minor: Some((price * 100.0).round() as i64).filter(|price| *price >= 0),
        position: Some(position),
    };
    let lines: Vec<Line> = (0..).zip(&list.shown).map(|shown| line(shown, names)).collect();
    let place = lines.iter().position(|line| line.item == clicked);
    let click = place.map_or_else(|| Line::of(clicked), |place| lines[place].clone());
    let act = |kind, lines| Act { request: Some(request.clone()), ..Act::of(kind, list.time_ms, &who, lines) };
    [
        act(EventKind::UnitImpression, lines),
        act(EventKind::UnitClick, vec![click]),
        act(EventKind::ProductView, vec![Line::of(clicked)]),
    ]
    .into_iter()
}
