//! In which order is a plan played?
//!
//! Catalog, rows that are asked untrained, the past, then the script: live it is played step by step and the engine
//! hears every event after it was asked about it; frozen the events are passed over and all cases are asked over one
//! snapshot by all cores, which changes nothing about the answers. The references answer the same cases last.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use planogram_datasets::reference::Reference;
use planogram_datasets::rng::Rng;
use planogram_server::settings::Settings;

use super::plan::{Asked, Phase, Plan, Row, Step};
use super::shop::{Answer, Shop};
use super::units::{Offer, search_request};

/// How often progress is said.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// How to play.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The engine learns nothing from the test part.
    pub is_frozen: bool,
    /// Cases of a row that are asked; all when `None`.
    pub sample: Option<usize>,
    /// Seed of the sample.
    pub seed: u64,
}

/// The lists that one ranker gave to the asked cases of a row.
pub struct Lists {
    /// Who.
    pub name: String,
    /// Published where.
    pub source: String,
    /// One list a case.
    pub lists: Vec<Vec<u32>>,
}

/// What came of a row.
pub struct Played {
    /// The asked cases, by number, ascending.
    pub asked: Vec<usize>,
    /// Our answers to them.
    pub answers: Vec<Answer>,
    /// The offer that answered; `None` for the search box.
    pub offer: Option<&'static Offer>,
    /// Whether the engine heard the script while it was asked.
    pub is_live: bool,
    /// What the references answered.
    pub references: Vec<Lists>,
}

/// Plays a plan; one outcome a row.
///
/// # Errors
/// Whatever the engine refuses: an evaluation with holes would measure something else.
pub fn play(
    plan: &Plan,
    settings: &Settings,
    options: Options,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Played>> {
    let mut shop = Shop::open(settings, plan)?;
    let refused = shop.put_catalog(plan, say)?;
    if refused > 0 {
        say(&format!("{refused} products were refused and stand in by their sku alone"));
    }
    if let Some(hybrid) = &plan.hybrid {
        say("building vectors");
        shop.search_by_vectors(hybrid)?;
    }
    let is_live = !options.is_frozen || plan.always_live;
    let mut played: Vec<Played> = Vec::new();
    for (at, row) in plan.rows.iter().enumerate() {
        let offer = match row.asked {
            Asked::Search => None,
            Asked::Unit(offers) => Some(shop.choose(&format!("row-{at}"), row.size, offers)?),
        };
        let asked = sample(row.cases.len(), options, at);
        let is_live = is_live && row.phase == Phase::Scripted && matches!(row.asked, Asked::Unit(_));
        let answers = vec![Answer::default(); asked.len()];
        played.push(Played { asked, answers, offer, is_live, references: Vec::new() });
    }
    answer_all(&shop, plan, &mut played, Phase::Untrained, say)?;
    shop.learn(&plan.training, &plan.names, say)?;
    let has_live = played.iter().any(|row| row.is_live);
    let needs_frozen =
        plan.rows.iter().any(|row| !row.references.is_empty()) && !options.is_frozen && !plan.always_live;
    if !has_live || needs_frozen {
        answer_all(&shop, plan, &mut played, Phase::Scripted, say)?;
    }
    if has_live {
        if needs_frozen {
            keep_frozen(&mut played);
        }
        live(&mut shop, plan, &mut played, say)?;
    }
    for (row, outcome) in plan.rows.iter().zip(&mut played) {
        let answered = row.references.iter().map(|reference| refer(reference.as_ref(), row, &outcome.asked, say));
        outcome.references.extend(answered);
    }
    Ok(played)
}

/// The cases to ask, ascending: all, or a seeded choice.
fn sample(n_cases: usize, options: Options, row: usize) -> Vec<usize> {
    let wanted = options.sample.unwrap_or(n_cases).min(n_cases);
    let mut cases: Vec<usize> = (0..n_cases).collect();
    if wanted < n_cases {
        let mut rng = Rng::fork(options.seed, &format!("sample-{row}"));
        for at in 0..wanted {
            cases.swap(at, at + rng.below(n_cases - at));
        }
        cases.truncate(wanted);
        cases.sort_unstable();
    }
    cases
}

/// What the engine answered before it heard the test part is something to measure the live engine against.
fn keep_frozen(played: &mut [Played]) {
    for row in played.iter_mut().filter(|row| row.is_live) {
        let lists = row.answers.iter().map(|answer| answer.items.clone()).collect();
        let source = "this engine, before it heard the test part".to_owned();
        row.references.push(Lists { name: "frozen".to_owned(), source, lists });
    }
}

/// Asks all cases of the rows of a phase over one snapshot, on all cores.
fn answer_all(
    shop: &Shop,
    plan: &Plan,
    played: &mut [Played],
    phase: Phase,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    for (at, row) in plan.rows.iter().enumerate().filter(|(_, row)| row.phase == phase) {
        let outcome = &mut played[at];
        let offer = outcome.offer;
        let ask = |case: &usize| one(shop, plan, at, row, offer, *case, false);
        let answers = in_parallel(&outcome.asked, ask, &format!("asking `{}`", row.name), say);
        outcome.answers = answers.into_iter().collect::<anyhow::Result<_>>()?;
    }
    Ok(())
}

/// One case, answered by the engine. A shown list is completed with what the answer left out, as it was shown.
fn one(
    shop: &Shop,
    plan: &Plan,
    at: usize,
    row: &Row,
    offer: Option<&'static Offer>,
    case: usize,
    is_live: bool,
) -> anyhow::Result<Answer> {
    let ask = &row.cases[case].ask;
    let request = match offer {
        None => search_request(ask, row.size),
        Some(offer) => {
            let mut request = offer.request(&format!("row-{at}-{}", offer.unit_type), ask, &plan.names, is_live);
            request.page.size = row.size;
            request
        }
    };
    let mut answer = shop.ask(&request, &plan.names)?;
    if !ask.shown.is_empty() {
        answer.items.retain(|item| ask.shown.contains(item));
        let rest: Vec<u32> = ask.shown.iter().copied().filter(|item| !answer.items.contains(item)).collect();
        answer.items.extend(rest);
    }
    Ok(answer)
}

/// Plays the script step by step.
fn live(shop: &mut Shop, plan: &Plan, played: &mut [Played], say: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let (begun, mut said) = (Instant::now(), Instant::now());
    for (done, step) in plan.script.iter().enumerate() {
        match step {
            Step::Learn(act) => shop.hear(act, &plan.names)?,
            Step::Ask { row, case } => {
                let outcome = &mut played[*row];
                if let Ok(place) = outcome.asked.binary_search(case) {
                    outcome.answers[place] =
                        one(shop, plan, *row, &plan.rows[*row], outcome.offer, *case, outcome.is_live)?;
                }
            }
        }
        if said.elapsed() > SAY_EVERY {
            said = Instant::now();
            let rate = done as f64 / begun.elapsed().as_secs_f64().max(1e-9);
            say(&format!("live: {done} of {} steps, {rate:.0} steps/s", plan.script.len()));
        }
    }
    Ok(())
}

/// A reference's lists for the asked cases.
fn refer(reference: &dyn Reference, row: &Row, asked: &[usize], say: &mut dyn FnMut(&str)) -> Lists {
    let rank = |case: &usize| reference.rank(&row.cases[*case].ask.context(), row.size as usize);
    let lists = in_parallel(asked, rank, &format!("asking {} for `{}`", reference.name(), row.name), say);
    Lists { name: reference.name().to_owned(), source: reference.source().to_owned(), lists }
}

/// One result for each input, in their order, worked out on all cores.
fn in_parallel<T: Sync, R: Send>(
    inputs: &[T],
    work: impl Fn(&T) -> R + Sync,
    what: &str,
    say: &mut dyn FnMut(&str),
) -> Vec<R> {
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(inputs.len().max(1));
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let worker = || {
            let mut own = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(input) = inputs.get(at) else { return own };
                own.push((at, work(input)));
            }
        };
        let workers: Vec<_> = (0..n_threads).map(|_| scope.spawn(worker)).collect();
        let (begun, mut said) = (Instant::now(), Instant::now());
        while workers.iter().any(|worker| !worker.is_finished()) {
            std::thread::sleep(Duration::from_millis(2));
            if said.elapsed() > SAY_EVERY {
                said = Instant::now();
                let done = next.load(Ordering::Relaxed).min(inputs.len());
                let rate = done as f64 / begun.elapsed().as_secs_f64();
                say(&format!("{what}: {done} of {}, {rate:.0} a second", inputs.len()));
            }
        }
        workers.into_iter().flat_map(|worker| worker.join().expect("a panic of a worker is a panic of ours")).collect()
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_their_inputs() {
        let inputs: Vec<u64> = (0..1_000).collect();
        assert_eq!(in_parallel(&inputs, |n| n * 2, "doubling", &mut |_| {}), (0..2_000).step_by(2).collect::<Vec<_>>());
        assert!(in_parallel(&[] as &[u8], |n| *n, "nothing", &mut |_| {}).is_empty());
    }

    #[test]
    fn a_sample_is_seeded_and_sorted() {
        let options = |seed| Options { is_frozen: true, sample: Some(10), seed };
        let chosen = sample(100, options(1), 0);
        assert_eq!(chosen, sample(100, options(1), 0));
        assert_ne!(chosen, sample(100, options(2), 0));
        assert!(chosen.len() == 10 && chosen.is_sorted_by(|a, b| a < b));
        assert_eq!(sample(3, options(1), 0), [0, 1, 2]);
    }
}
