//! `planogram train`: which results do this shop's shoppers choose, and why?
//!
//! Joins what was served with what shoppers then did, corrects for the places things stood at, fits a linear model over
//! the columns that a learned scorer reads, and asks of it that it ranks later clicks better than what is in force. Only
//! a model that does so beyond chance is written, as a document of the scorer's kind.
//!
//! One file a step: `examples` joins, `bias` says how much is looked at each place, `columns` makes values comparable,
//! `fit` finds weights, `judge` measures. What a document means is its plugin's business; no plugin is named here.

mod bias;
mod columns;
mod examples;
mod fit;
mod judge;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use planogram_core::config::document::{DocumentKey, DocumentState, DocumentWrite};
use planogram_core::engine::Engine;
use planogram_core::engine::types::{LearnedScorer, WriteOptions};
use serde_json::{Value, json};

use super::open::{Open, When};
use columns::Column;
use examples::{Answer, Examples};
use fit::Model;
use judge::Verdict;

/// Id of the document that is written.
const DOCUMENT: &str = "learned";
/// Share of the answers, the oldest, that is learned from; the rest judges.
const TRAINING_SHARE: f64 = 0.7;
/// Chosen items that the later part must have before a difference means anything.
const CHOSEN_MIN: usize = 50;
/// Largest weight of a column, as a share of the best score of a list. What is allowed is the word of the plugin that
/// owns the document, which refuses what is above its own bound; this is the bound that ships, so that a model is not
/// made for nothing.
const WEIGHT_MAX: f64 = 1.0;
/// Weights below this are left out of the document.
const WEIGHT_MIN: f64 = 1e-3;

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Data directory of the shop; no server may have it open.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Learn from, and for, one store view; all of them together when left out.
    #[arg(long, value_name = "CODE", default_value = "")]
    store_view: String,
    /// Kind of document to learn, where several can be.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Put the model in force; otherwise it is a draft.
    #[arg(long)]
    publish: bool,
    /// Overlay of the draft.
    #[arg(long, value_name = "NAME", default_value = "learned")]
    overlay: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Seed of the intervals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What was learned, and how good it is.
struct Learned {
    columns: Vec<Column>,
    weights: Vec<f64>,
    exponent: f64,
    verdict: Verdict,
}

/// Runs the command.
pub fn run(args: &TrainArgs) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let say = |line: &str| eprintln!("{:>6.1} s  {line}", begun.elapsed().as_secs_f64());
    let (shop, _) = Open::dir(&args.data_dir, args.config.as_deref(), &When::Now)?;
    let scorer = scorer(&shop, args.kind.as_deref())?;
    say(&format!("reading what was served and what came of it, for `{}`", scorer.kind));
    let examples = examples::read(&shop, &scorer, &args.store_view)?;
    examples.damaged.iter().for_each(|file| eprintln!("warning: {file}"));
    say(&format!(
        "{} searches on record, {} of them with a choice, {} items chosen",
        examples.n_served,
        examples.answers.len(),
        examples.n_chosen()
    ));
    let (earlier, later) = split(&examples.answers);
    let n_judging: usize = later.iter().map(Answer::n_chosen).sum();
    if n_judging < CHOSEN_MIN || earlier.is_empty() {
        eprintln!("refused: {n_judging} chosen items to judge by are too few, at least {CHOSEN_MIN} are needed");
        return Ok(ExitCode::from(2));
    }
    let learned = learn(&examples, earlier, later, args.seed, &say);
    let facts = facts(&examples, &learned);
    let document = document(&learned, &facts);
    print_report(args, &learned, &document);
    if !learned.verdict.ndcg.is_better() {
        eprintln!("refused: {}", learned.verdict.ndcg.words());
        return Ok(ExitCode::FAILURE);
    }
    let said = write(&shop, args, &scorer, &document)?;
    say(&said);
    Ok(ExitCode::SUCCESS)
}

/// The scorer to learn for.
fn scorer(shop: &Engine, kind: Option<&str>) -> anyhow::Result<LearnedScorer> {
    let scorers = shop.learned_scorers();
    let kinds: Vec<String> = scorers.iter().map(|scorer| format!("`{}`", scorer.kind)).collect();
    let found = scorers.into_iter().find(|scorer| kind.is_none_or(|kind| scorer.kind == kind));
    found.with_context(|| match (kind, kinds.is_empty()) {
        (Some(kind), false) => format!("no scorer learns documents of kind `{kind}`, only {}", kinds.join(", ")),
        _ => "no plugin in force has a scorer that works by learned documents".to_owned(),
    })
}

/// The earlier answers and the later ones.
fn split(answers: &[Answer]) -> (&[Answer], &[Answer]) {
    answers.split_at((answers.len() as f64 * TRAINING_SHARE) as usize)
}

fn learn(examples: &Examples, earlier: &[Answer], later: &[Answer], seed: u64, say: &dyn Fn(&str)) -> Learned {
    let exponent = bias::exponent(earlier.iter());
    say(&format!("place k is looked at in proportion to k^-{exponent:.2}"));
    let columns = columns::of(&examples.columns, earlier);
    let model = fit::fit(&columns, earlier, exponent);
    let weights = bounded(&model);
    say("judging by later answers");
    let verdict = judge::judge(&columns, &weights, later, exponent, seed);
    Learned { columns, weights, exponent, verdict }
}

/// Weights as shares of the best score of a list: the score itself weighs 1. All shrink together until the largest is
/// allowed, so that their proportions stay what was learned.
fn bounded(model: &Model) -> Vec<f64> {
    let largest = model.weights.iter().map(|weight| weight.abs()).fold(0.0, f64::max);
    let unit = model.score_weight.max(largest / WEIGHT_MAX).max(f64::MIN_POSITIVE);
    let weights = model.weights.iter().map(|weight| weight / unit);
    weights.map(|weight| if weight.abs() < WEIGHT_MIN { 0.0 } else { weight.clamp(-WEIGHT_MAX, WEIGHT_MAX) }).collect()
}

/// Where the weights come from.
fn facts(examples: &Examples, learned: &Learned) -> Value {
    let time = |ms: Option<i64>| ms.map(planogram_server::wire::time::text);
    let verdict = &learned.verdict;
    json!({
        "answers": examples.answers.len(),
        "chosen": examples.n_chosen(),
        "from": time(examples.answers.first().map(|answer| answer.time_ms)),
        "until": time(examples.answers.last().map(|answer| answer.time_ms)),
        "position_exponent": rounded(learned.exponent),
        "held_out": {
            "answers": verdict.n_answers,
            "chosen": verdict.n_chosen,
            "nDCG": verdict.ndcg.as_json(),
            "MRR": verdict.mrr.as_json(),
        }
    })
}

/// The document of the model.
fn document(learned: &Learned, facts: &Value) -> Value {
    let weighed = learned.columns.iter().zip(&learned.weights).filter(|(_, weight)| **weight != 0.0);
    let columns: Vec<Value> = weighed.map(|(column, weight)| column.as_json(rounded(*weight))).collect();
    json!({"columns": columns, "trained": facts})
}

/// Five digits: what is beyond is noise.
fn rounded(number: f64) -> f64 {
    (number * 1e5).round() / 1e5
}

fn print_report(args: &TrainArgs, learned: &Learned, document: &Value) {
    if args.json {
        println!("{document:#}");
        return;
    }
    let mut order: Vec<usize> = (0..learned.weights.len()).collect();
    order.sort_by(|a, b| learned.weights[*b].abs().total_cmp(&learned.weights[*a].abs()));
    println!("weight   column");
    for at in order.into_iter().filter(|at| learned.weights[*at] != 0.0) {
        println!("{:+.4}  {}", learned.weights[at], learned.columns[at].name);
    }
    let verdict = &learned.verdict;
    println!("\n{} later answers, {} items chosen", verdict.n_answers, verdict.n_chosen);
    println!("nDCG  {}", verdict.ndcg.line());
    println!("MRR   {}", verdict.mrr.line());
}

/// Writes the document; says what it is now.
fn write(shop: &Engine, args: &TrainArgs, scorer: &LearnedScorer, document: &Value) -> anyhow::Result<String> {
    let key = DocumentKey { kind: scorer.kind.clone(), scope: args.store_view.clone(), id: DOCUMENT.to_owned() };
    let (state, overlay) = match args.publish {
        true => (DocumentState::Live, String::new()),
        false => (DocumentState::Draft, args.overlay.clone()),
    };
    let write = DocumentWrite {
        key,
        state,
        overlay,
        body: Some(document.to_string()),
        author: "train".to_owned(),
        note: "learned from what was served".to_owned(),
        from_ms: None,
        until_ms: None,
        expected_revision: None,
    };
    let options = WriteOptions { actor: "train".to_owned(), ..WriteOptions::default() };
    shop.write_config(vec![write], options).with_context(|| format!("`{}/{DOCUMENT}`", scorer.kind))?;
    Ok(match args.publish {
        true => format!("`{}/{DOCUMENT}` is in force", scorer.kind),
        false => format!(
            "`{}/{DOCUMENT}` is a draft of the overlay `{}`: preview it, try it on some visitors, or train with --publish",
            scorer.kind, args.overlay
        ),
    })
}
