//! What can be said on the command line?
//!
//! One file a subcommand; here stand the words and the help. Exit codes: 0 everything went well, 1 it went partly
//! well or failed, 2 nothing was good or the command line was wrong.

mod demo;
mod evaluate;
mod import;
mod open;
mod plugin;
mod rows;
mod rules;
mod serve;
mod simulate;
mod train;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use planogram_server::settings::{self, Settings};

/// Search and recommendation ranking for storefronts.
#[derive(Debug, Parser)]
#[command(
    name = "planogram",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  planogram demo                                     a whole shop to play with, on http://127.0.0.1:7650
  planogram import --data-dir shop products.jsonl    load your own catalog
  planogram serve --data-dir shop                    and serve it
  planogram config > shop.toml                       every setting with its default"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the demo shop (once) and serves it.
    #[command(after_help = "\
Examples:
  planogram demo
  planogram demo --port 8080 --data-dir /tmp/demo --products 500")]
    Demo(DemoArgs),
    /// Serves a data directory over HTTP.
    #[command(after_help = "\
Examples:
  planogram serve --data-dir shop
  planogram serve --config shop.toml --port 8080
What is said here beats the configuration file; `planogram config` prints every setting.")]
    Serve(ServeArgs),
    /// Loads products, events or category changes from files into a data directory.
    #[command(after_help = "\
Examples:
  planogram import --data-dir shop products.ndjson events.ndjson
  planogram import --data-dir shop ../data/luma/products.jsonl
Each line is one JSON object; packed files (.gz) are unpacked. A line with `kind` is an event, one with `put`, `move`
or `remove` a category change, everything else a product, in our own format or in that of the public data sets.
Refused rows are listed with their line; good rows are kept. Exit code: 0 all good, 1 some refused, 2 none good.")]
    Import(ImportArgs),
    /// Makes, checks and lists ranking plugins.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Looks after merchandising rules.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Lets simulated shoppers loose on the catalog of a data directory.
    #[command(after_help = "\
Examples:
  planogram simulate --data-dir shop > events.ndjson
  planogram simulate --data-dir shop --into-shop --days 30 --shoppers 1000")]
    Simulate(SimulateArgs),
    /// Measures how good the answers are, on data whose right answers are known.
    #[command(after_help = "\
Examples:
  planogram evaluate --data data/rsc15-100k --frozen --reference
  planogram evaluate --data data/chorus-electronics --task search --json > figures.json
The engine keeps learning from the test part, event by event, unless it is --frozen. Progress goes to standard error.
benches/quality/README.md has a command for each public data set.")]
    Evaluate(evaluate::EvaluateArgs),
    /// Learns from what was served and chosen how to rank, and refuses what is not better.
    #[command(after_help = "\
Examples:
  planogram train --data-dir shop                       a draft, to look at and to try on some visitors
  planogram train --data-dir shop --publish --json      in force, if it is better
Stop the server first: one process at a time has a data directory open. The model is fitted to the earlier 70 % of the
answers that led to a choice and judged by the later ones. Exit code: 0 written, 1 refused because it is not better
beyond chance, 2 too little to learn from.")]
    Train(train::TrainArgs),
    /// Prints every setting with its meaning and default, as a configuration file.
    Config,
    /// Reads a write key from standard input and prints its hash for `auth.write_key_blake3`.
    #[command(after_help = "Example:\n  printf %s \"$KEY\" | planogram hash-key")]
    HashKey,
}

/// What both serving commands take.
#[derive(Debug, Args)]
struct Common {
    /// Port to listen on; 0 takes any free one [default: 7650].
    #[arg(long)]
    port: Option<u16>,
    /// Data directory; made when it does not exist.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct DemoArgs {
    #[command(flatten)]
    common: Common,
    /// Products of a new demo shop.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    products: u32,
    /// Shoppers of a new demo shop; 0 leaves the shop without history.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    shoppers: u32,
    /// Seed of a new demo shop: same seed, same shop.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    common: Common,
    /// Address to listen on [default: 127.0.0.1].
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// Data directory; made when it does not exist.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write as if it were this time, and events at their own times: for a new shop that shall have a past.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Rows of one log entry.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Files to load, in order.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct SimulateArgs {
    /// Data directory with the catalog.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Days to simulate, ending now.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// How many shoppers.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    shoppers: u32,
    /// Same seed, same events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the events into the data directory instead of standard output. They begin where its log ends:
    /// `import --as-of` leaves room for them.
    #[arg(long)]
    into_shop: bool,
}

impl Common {
    /// The settings of the file with what the command line says laid over them.
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = load(self.config.as_deref())?;
        if let Some(port) = self.port {
            settings.server.port = port;
        }
        if let Some(dir) = &self.data_dir {
            settings.engine.data_dir = dir.display().to_string();
        }
        settings.check()?;
        Ok(settings)
    }
}

/// The settings of a file, or the defaults.
fn load(config: Option<&std::path::Path>) -> anyhow::Result<Settings> {
    Ok(config.map(Settings::load).transpose()?.unwrap_or_default())
}

/// Runs what the command line says.
///
/// # Errors
/// Whatever keeps the command from being carried out, in words for the operator.
pub fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Plugin(command) => plugin::run(&command),
        Command::Rules(command) => rules::run(&command),
        Command::Simulate(args) => simulate::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Config => {
            print!("{}", settings::reference());
            Ok(ExitCode::SUCCESS)
        }
        Command::HashKey => {
            let mut key = String::new();
            std::io::stdin().read_to_string(&mut key).context("standard input cannot be read")?;
            let key = key.trim();
            anyhow::ensure!(!key.is_empty(), "standard input is empty, the write key is expected there");
            println!("{}", blake3::hash(key.as_bytes()).to_hex());
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_command_line_beats_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[server]\nport = 1\ndrain_ms = 7\n").unwrap();
        let common = Common { port: Some(2), data_dir: Some("d".into()), config: Some(file.path().into()) };
        let settings = common.settings().unwrap();
        assert_eq!((settings.server.port, settings.server.drain_ms, settings.engine.data_dir.as_str()), (2, 7, "d"));
    }
}
