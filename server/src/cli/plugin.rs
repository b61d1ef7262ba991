//! `planogram plugin`: what is loaded.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use planogram_core::engine::Engine;
use planogram_core::engine::types::PluginInfo;

/// Makes, checks and lists ranking plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Loads the configured plugins and shows what became of them.
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
        PluginCommand::List { config } => list(config.as_deref()),
    }
}

/// Opens an empty shop in memory, so that a running server is not disturbed.
fn list(config: Option<&std::path::Path>) -> anyhow::Result<ExitCode> {
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
