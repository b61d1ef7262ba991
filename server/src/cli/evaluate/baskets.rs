//! What is missing in a basket, what goes with one product, and what does a customer order next?
//!
//! Orders with times are replayed in order of time: at each test order its completion cases and, for a customer with a
//! past, the next order are asked, then the engine hears the order. Baskets without times are put a week apart, each
//! customer's last training basket a week before the end, customers spread over the week in file order; the last
//! basket is the test.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use planogram_core::id::{DAY_MS, TimeMs};
use planogram_core::limits::EVENT_ITEMS_MAX;
use planogram_core::signal::event::EventKind;
use planogram_datasets::loaders::orders::{Basket, Order, baskets, completion_cases, orders};
use planogram_datasets::reference::{CoPurchase, Group, OwnHistory, Pairs, Popularity, Reference, TifuKnn, Weighing};

use super::files::{catalog, columns, find, need, rows};
use super::judge::{Measure, Truth};
use super::plan::{Act, Ask, Asked, Case, END_MS, Line, Names, Phase, Plan, Row, Step};
use super::units::{BOUGHT_TOGETHER, COMPLETE_BASKET, NEXT_ORDER, Offer};

const WEEK_MS: TimeMs = 7 * DAY_MS;

const COMPLETION: &[Measure] =
    &[Measure::Hit(10), Measure::Hit(20), Measure::ReciprocalRank(Some(20)), Measure::Ndcg(10)];
const TOGETHER: &[Measure] = &[Measure::Precision(10), Measure::Hit(10)];
const NEXT: &[Measure] = &[
    Measure::Recall(20),
    Measure::PersonHit(20),
    Measure::Ndcg(20),
    Measure::Recall(10),
    Measure::PersonHit(10),
    Measure::Ndcg(10),
];
const LAST: &[Measure] = &[
    Measure::Recall(10),
    Measure::Ndcg(10),
    Measure::PersonHit(10),
    Measure::Recall(20),
    Measure::Ndcg(20),
    Measure::PersonHit(20),
];

/// Does the folder hold this task?
pub fn is_here(dir: &Path) -> anyhow::Result<bool> {
    let Some(train) = find(dir, "train") else { return Ok(false) };
    let columns = columns(&train)?;
    Ok(columns.iter().any(|c| c == "order_seq")
        || (columns.iter().any(|c| c == "order_id") && find(dir, "test").is_some()))
}

/// The plan of a folder.
pub fn plan(dir: &Path, with_references: bool) -> anyhow::Result<Plan> {
    let train = need(dir, "train")?;
    if columns(&train)?.iter().any(|c| c == "order_seq") {
        return untimed(dir, with_references);
    }
    timed(dir, with_references)
}

fn row(name: &str, offers: &'static [Offer], measures: &'static [Measure], cases: Vec<Case>) -> Row {
    Row {
        name: name.to_owned(),
        phase: Phase::Scripted,
        asked: Asked::Unit(offers),
        size: 20,
        measures,
        cases,
        references: Vec::new(),
        case_names: Vec::new(),
    }
}

// Orders with times.

/// Rows of a folder of orders.
const COMPLETE: usize = 0;
const BOUGHT_WITH: usize = 1;
const NEXT_OF_CUSTOMER: usize = 2;

fn timed(dir: &Path, with_references: bool) -> anyhow::Result<Plan> {
    let mut plan = Plan { catalog: catalog(dir)?, ..Plan::default() };
    for product in &plan.catalog {
        plan.names.id(&product.sku);
    }
    let mut learned = Vec::new();
    let mut users = Names::default();
    for order in rows(&need(dir, "train")?, orders)? {
        learned.push(learned_order(&order, &mut plan.names, &mut users));
        plan.training.extend(placed(&order, &mut plan.names));
    }
    plan.training.sort_by_key(|act| act.time_ms);
    let known: HashSet<u32> = learned.iter().filter_map(|group| group.user).collect();
    let mut open = completion(dir, &mut plan.names)?;
    let mut cases: [Vec<Case>; 3] = Default::default();
    let mut test = rows(&need(dir, "test")?, orders)?;
    test.sort_by_key(|order| order.time_ms);
    let mut asked = HashSet::new();
    for (number, order) in test.iter().enumerate() {
        for (target, basket) in open.remove(&order.order).unwrap_or_default() {
            let ask = Ask { time_ms: order.time_ms, ..Ask::default() };
            let complete = Ask { items: basket.clone(), ..ask.clone() };
            let together = Ask { items: vec![target], ..ask };
            push(&mut plan.script, &mut cases, COMPLETE, number, complete, Truth::One(target));
            push(&mut plan.script, &mut cases, BOUGHT_WITH, number, together, Truth::Any(basket));
        }
        let user = order.customer.as_deref().map(|customer| users.id(customer));
        if let Some(user) = user.filter(|user| known.contains(user) && asked.insert(*user)) {
            let ask = Ask { visitor: Some(visitor(order)), user: Some(user), time_ms: order.time_ms, ..Ask::default() };
            let items = order.lines.iter().map(|line| plan.names.id(&line.item)).collect();
            push(&mut plan.script, &mut cases, NEXT_OF_CUSTOMER, number, ask, Truth::Any(items));
        }
        plan.script.extend(placed(order, &mut plan.names).into_iter().map(Step::Learn));
    }
    let [complete, together, next] = cases;
    plan.rows.push(row("complete the basket", COMPLETE_BASKET, COMPLETION, complete));
    plan.rows.push(row("bought together", BOUGHT_TOGETHER, TOGETHER, together));
    plan.rows.push(row("next order", NEXT_ORDER, NEXT, next));
    if with_references {
        let pairs = Arc::new(Pairs::of(&learned));
        plan.rows[COMPLETE].references = vec![
            Box::new(Popularity::beside_context(&learned)) as Box<dyn Reference>,
            Box::new(CoPurchase::new(pairs.clone(), Weighing::Count)),
            Box::new(CoPurchase::new(pairs.clone(), Weighing::Cosine)),
        ];
        plan.rows[BOUGHT_WITH].references = vec![
            Box::new(Popularity::beside_context(&learned)) as Box<dyn Reference>,
            Box::new(CoPurchase::new(pairs.clone(), Weighing::Cosine)),
            Box::new(CoPurchase::new(pairs.clone(), Weighing::Count)),
        ];
        plan.rows[NEXT_OF_CUSTOMER].references =
            vec![Box::new(Popularity::of(&learned)) as Box<dyn Reference>, Box::new(OwnHistory::of(&learned))];
    }
    plan.rows.retain(|row| !row.cases.is_empty());
    renumber(&mut plan);
    plan.notes.push("cancellations are not replayed: they name no order".to_owned());
    Ok(plan)
}

fn push(script: &mut Vec<Step>, cases: &mut [Vec<Case>; 3], row: usize, order: usize, ask: Ask, truth: Truth) {
    script.push(Step::Ask { row, case: cases[row].len() });
    cases[row].push(Case { group: order as u32, ask, truth });
}

/// Rows without cases are gone, so the script's rows have other numbers.
fn renumber(plan: &mut Plan) {
    let names = ["complete the basket", "bought together", "next order"];
    let place = names.map(|name| plan.rows.iter().position(|row| row.name == name));
    for step in &mut plan.script {
        if let Step::Ask { row, .. } = step {
            *row = place[*row].expect("a row with a question has a case");
        }
    }
}

/// Completion cases by order: (target, rest of the basket).
type Completion = HashMap<String, Vec<(u32, Vec<u32>)>>;

fn completion(dir: &Path, names: &mut Names) -> anyhow::Result<Completion> {
    let mut open = Completion::new();
    if let Some(path) = find(dir, "completion_cases") {
        for case in rows(&path, completion_cases)? {
            open.entry(case.order).or_default().push((names.id(&case.target), names.all(&case.basket)));
        }
    }
    Ok(open)
}

fn visitor(order: &Order) -> Arc<str> {
    match &order.customer {
        Some(customer) => format!("c{customer}").into(),
        None => format!("guest-{}", order.order).into(),
    }
}

fn learned_order(order: &Order, names: &mut Names, users: &mut Names) -> Group {
    let user = order.customer.as_deref().map(|customer| users.id(customer));
    Group { user, time_ms: order.time_ms, items: order.lines.iter().map(|line| names.id(&line.item)).collect() }
}

/// The order as events: one, or several where it has more lines than an event may carry.
fn placed(order: &Order, names: &mut Names) -> Vec<Act> {
    let who = visitor(order);
    let sold: Vec<Line> = order
        .lines
        .iter()
        .filter(|line| line.quantity > 0.0)
        .map(|line| Line {
            item: names.id(&line.item),
            quantity: line.quantity,
            price_minor: line.price_minor.filter(|price| *price >= 0),
            position: None,
        })
        .collect();
    let part = |(number, lines): (usize, &[Line])| Act {
        order: Some(if number == 0 { order.order.as_str().into() } else { format!("{}-{number}", order.order).into() }),
        session: order.order.as_str().into(),
        ..Act::of(EventKind::OrderPlaced, order.time_ms, &who, lines.to_vec())
    };
    sold.chunks(EVENT_ITEMS_MAX).enumerate().map(part).collect()
}

// Baskets without times.

fn untimed(dir: &Path, with_references: bool) -> anyhow::Result<Plan> {
    let mut plan = Plan { catalog: catalog(dir)?, ..Plan::default() };
    for product in &plan.catalog {
        plan.names.id(&product.sku);
    }
    plan.notes.push("baskets without times: a week apart, the last a week before the end".to_owned());
    let train = rows(&need(dir, "train")?, baskets)?;
    let mut users = Names::default();
    let mut newest: HashMap<u32, u32> = HashMap::new();
    for basket in &train {
        let last = newest.entry(users.id(&basket.customer)).or_default();
        *last = basket.number.max(*last);
    }
    let spread_ms = WEEK_MS / (users.len() as TimeMs + 1);
    let mut learned = Vec::new();
    for basket in &train {
        let user = users.id(&basket.customer);
        let weeks = TimeMs::from(newest[&user] - basket.number) + 1;
        let time_ms = END_MS - weeks * WEEK_MS + TimeMs::from(user) * spread_ms;
        let items = plan.names.all(&basket.items);
        plan.training.push(basket_act(basket, time_ms, &items));
        learned.push(Group { user: Some(user), time_ms, items });
    }
    plan.training.sort_by_key(|act| act.time_ms);
    let mut cases = Vec::new();
    for basket in rows(&need(dir, "test")?, baskets)? {
        let user = users.id(&basket.customer);
        let time_ms = END_MS + TimeMs::from(user) * spread_ms;
        let items = plan.names.all(&basket.items);
        let act = basket_act(&basket, time_ms, &items);
        let ask = Ask { visitor: Some(act.visitor.clone()), user: Some(user), time_ms, ..Ask::default() };
        plan.script.push(Step::Ask { row: 0, case: cases.len() });
        cases.push(Case { group: user, ask, truth: Truth::Any(items) });
        plan.script.push(Step::Learn(act));
    }
    let mut row = row("next basket", NEXT_ORDER, LAST, cases);
    if with_references {
        row.references = vec![
            Box::new(Popularity::of(&learned)),
            Box::new(OwnHistory::of(&learned)),
            Box::new(TifuKnn::of(&learned)),
        ];
    }
    plan.rows.push(row);
    Ok(plan)
}

fn basket_act(basket: &Basket, time_ms: TimeMs, items: &[u32]) -> Act {
    let who: Arc<str> = format!("c{}", basket.customer).into();
    let id: Arc<str> = format!("{}-{}", basket.customer, basket.number).into();
    let lines = items.iter().take(EVENT_ITEMS_MAX).map(|item| Line::of(*item)).collect();
    Act { order: Some(id.clone()), session: id, ..Act::of(EventKind::OrderPlaced, time_ms, &who, lines) }
}
