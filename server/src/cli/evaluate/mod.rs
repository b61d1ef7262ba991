//! `planogram evaluate`: how good are the answers on data whose right answers are known?
//!
//! The training part of a data set is streamed through the same engine and plugins that serve, then the test part is
//! replayed event by event: each case is asked first, then the engine hears what really happened and keeps learning,
//! as it would live. With `--frozen` it hears nothing of the test part, which is the protocol of the published tables.
//! A task reads its files into a plan (one file a task); one driver plays every plan; the report is a table or JSON.
//!
//! Not here: the measures' formulas and the published methods (the `datasets` crate), and any ranking.

mod baskets;
mod figures;
mod files;
mod histories;
mod judge;
mod lists;
mod plan;
mod report;
mod run;
mod search;
mod sessions;
mod shop;
mod typos;
mod units;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};
use planogram_server::settings::Settings;
use planogram_server::telemetry;

use plan::Plan;
use report::TaskReport;
use run::Options;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Task {
    /// The next click of a visit.
    Sessions,
    /// Complete the basket, bought together, next order, next basket.
    Baskets,
    /// The next item of a long history.
    Histories,
    /// Shown lists in a better order.
    Lists,
    /// Judged queries, or a catalog's own words with typing errors.
    Search,
}

impl Task {
    fn name(self) -> &'static str {
        match self {
            Task::Sessions => "sessions",
            Task::Baskets => "baskets",
            Task::Histories => "histories",
            Task::Lists => "lists",
            Task::Search => "search",
        }
    }

    /// Whether the folder holds the task's files.
    fn is_here(self, dir: &Path) -> anyhow::Result<bool> {
        match self {
            Task::Sessions => sessions::is_here(dir),
            Task::Baskets => baskets::is_here(dir),
            Task::Histories => histories::is_here(dir),
            Task::Lists => lists::is_here(dir),
            Task::Search => search::is_here(dir),
        }
    }

    fn plans(self, dir: &Path, with_references: bool, seed: u64) -> anyhow::Result<Vec<Plan>> {
        match self {
            Task::Sessions => Ok(vec![sessions::plan(dir, with_references)?]),
            Task::Baskets => Ok(vec![baskets::plan(dir, with_references)?]),
            Task::Histories => Ok(vec![histories::plan(dir, with_references)?]),
            Task::Lists => lists::plans(dir, with_references),
            Task::Search => search::plans(dir, with_references, seed),
        }
    }
}

#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folder of a data set in the plain formats (see datasets/README.md).
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What to measure; every task whose files are there when left out.
    #[arg(long)]
    task: Option<Task>,
    /// Configuration file (TOML); its data directory is left alone, everything happens in memory.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Let the engine hear nothing of the test part, as published tables do.
    #[arg(long)]
    frozen: bool,
    /// Run the published methods on the same cases and print the paired differences.
    #[arg(long)]
    reference: bool,
    /// Ask a seeded sample of this many cases a row.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// Search by words and vectors: switches the store view's `hybrid` on, with what the JSON object says, and has the
    /// learned vectors built before the first question.
    #[arg(long, value_name = "JSON", num_args = 0..=1, default_missing_value = "{}")]
    hybrid: Option<String>,
    /// Seed of samples, intervals and made-up queries.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    let mut settings = super::load(args.config.as_deref())?;
    if std::env::var_os("RUST_LOG").is_none() && args.config.is_none() {
        settings.log.filter = "warn".to_owned();
    }
    telemetry::log(&settings.log);
    let begun = Instant::now();
    let mut say = |line: &str| eprintln!("{:>6.1} s  {line}", begun.elapsed().as_secs_f64());
    let tasks = evaluate(args, &settings, &mut say)?;
    say("done");
    let name = data_name(&args.data);
    match args.json {
        true => println!("{}", report::as_json(&name, &tasks)),
        false => print!("{}", report::as_text(&name, &tasks)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder's own name.
fn data_name(dir: &Path) -> String {
    let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    full.file_name().map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Measures the tasks that were asked for, or those that are there.
fn evaluate(args: &EvaluateArgs, settings: &Settings, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<TaskReport>> {
    let options = Options { is_frozen: args.frozen, sample: args.sample.map(|n| n as usize), seed: args.seed };
    let mut reports = Vec::new();
    for task in tasks(args)? {
        say(&format!("{}: reading", task.name()));
        let mut rows = Vec::new();
        for plan in task.plans(&args.data, args.reference, args.seed)? {
            let plan = Plan { hybrid: args.hybrid.clone(), ..plan };
            let played = run::play(&plan, settings, options, say)?;
            let popularity = plan.popularity();
            say("working out intervals");
            let row = |(row, played)| figures::figures(&plan, row, played, &popularity, args.seed);
            rows.extend(plan.rows.iter().zip(&played).map(row));
        }
        reports.push(TaskReport { task: task.name(), rows });
    }
    Ok(reports)
}

fn tasks(args: &EvaluateArgs) -> anyhow::Result<Vec<Task>> {
    if let Some(task) = args.task {
        return Ok(vec![task]);
    }
    let mut found = Vec::new();
    for task in Task::value_variants() {
        if task.is_here(&args.data)? {
            found.push(*task);
        }
    }
    anyhow::ensure!(
        !found.is_empty(),
        "`{}` holds the files of no task; datasets/README.md names the formats",
        args.data.display()
    );
    Ok(found)
}
