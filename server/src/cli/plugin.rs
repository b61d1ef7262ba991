//! `planogram plugin`: make one, check one, see what is loaded.
//!
//! A plugin is checked in a child process, because it may take its process with it, and that is a finding, too.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use planogram_core::engine::Engine;
use planogram_core::engine::types::PluginInfo;
use planogram_core::host::{check, scaffold};

/// How long a single check may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes, checks and lists ranking plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Writes a plugin project that compiles, with tests and a README.
    #[command(after_help = "Example:\n  planogram plugin new price-drop --path ~/plugins/price-drop")]
    New {
        /// Name: lower-case words joined by hyphens.
        name: String,
        /// Folder of the project, which must be empty or absent [default: the name].
        #[arg(long, value_name = "DIR")]
        path: Option<PathBuf>,
        /// Folder of the planogram-abi crate [default: that of the checkout this program was built from].
        #[arg(long, value_name = "DIR")]
        abi_path: Option<PathBuf>,
    },
    /// Checks whether a library keeps the contract; the report names every check. Exit code 1 when one fails.
    #[command(after_help = "Example:\n  planogram plugin check target/release/libprice_drop.so")]
    Check {
        /// The library.
        file: PathBuf,
        /// Settings as JSON.
        #[arg(long, default_value = "{}", value_name = "JSON")]
        settings: String,
        /// Runs the checks in this process, for mapped copies in this folder.
        #[arg(long, hide = true, value_name = "DIR")]
        in_child: Option<PathBuf>,
    },
    /// Loads the configured plugins and shows what became of them. Exit code 1 when one does not run.
    #[command(after_help = "Example:\n  planogram plugin list --config shop.toml")]
    List {
        /// Configuration file (TOML).
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Runs the command.
pub fn run(command: &PluginCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginCommand::New { name, path, abi_path } => {
            let dir = path.clone().unwrap_or_else(|| PathBuf::from(name));
            let abi = abi_path.clone().unwrap_or_else(scaffold::default_abi_path);
            for file in scaffold::write(name, &dir, &abi)? {
                println!("{}", file.display());
            }
            println!("\nNext:\n  cd {}\n  cargo test\n  cargo build --release", dir.display());
            Ok(ExitCode::SUCCESS)
        }
        PluginCommand::Check { file, settings, in_child: Some(private_dir) } => {
            let good = check::run(file, settings, private_dir, &mut std::io::stdout().lock());
            Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        PluginCommand::Check { file, settings, in_child: None } => check_in_child(file, settings),
        PluginCommand::List { config } => list(config.as_deref()),
    }
}

fn check_in_child(file: &Path, settings: &str) -> anyhow::Result<ExitCode> {
    let private_dir = std::env::temp_dir().join(format!("planogram-check-{}", std::process::id()));
    std::fs::create_dir_all(&private_dir).with_context(|| format!("`{}`", private_dir.display()))?;
    let mut child = Command::new(std::env::current_exe().context("this program cannot find itself")?);
    child.args(["plugin", "check", "--settings", settings, "--in-child"]).arg(&private_dir).arg(file);
    let report = check::supervise(child, PATIENCE);
    if let Err(error) = std::fs::remove_dir_all(&private_dir) {
        tracing::warn!(%error, dir = %private_dir.display(), "a temporary folder stays");
    }
    let report = report.context("the checks cannot be started")?;
    println!("{}\n{report}", file.display());
    Ok(if report.good() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Opens an empty shop in memory, so that a running server is not disturbed.
fn list(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut settings = super::load(config)?;
    settings.engine.data_dir.clear();
    let engine = Engine::open(settings.engine()?)?;
    let plugins = engine.plugins();
    engine.close();
    print!("{}", table(&plugins));
    let all_run = plugins.iter().all(|p| p.state == "running");
    Ok(if all_run { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn table(plugins: &[PluginInfo]) -> String {
    if plugins.is_empty() {
        return "no plugin is configured\n".to_owned();
    }
    let width = plugins.iter().map(|p| p.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for p in plugins {
        let what: Vec<String> = p.contributions.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
        out.push_str(&format!("{:width$}  {:11}  {:8}  {}\n", p.name, p.state, p.version, what.join(", ")));
        if let Some(problem) = &p.problem {
            out.push_str(&format!("{:width$}  {problem}\n", ""));
        }
        if !p.file.is_empty() {
            out.push_str(&format!("{:width$}  {}\n", "", p.file));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_plugin_says_why() {
        let good = PluginInfo {
            name: "one".into(),
            state: "running".into(),
            version: "1.0.0".into(),
            contributions: vec![("scorer".into(), "s".into())],
            ..PluginInfo::default()
        };
        let bad = PluginInfo {
            name: "three".into(),
            state: "refused".into(),
            problem: Some("expected 1, got 2".into()),
            ..PluginInfo::default()
        };
        let text = table(&[good, bad]);
        assert_eq!(text.lines().next(), Some("one    running      1.0.0     scorer s"));
        assert!(text.contains("       expected 1, got 2\n"), "{text}");
    }
}
