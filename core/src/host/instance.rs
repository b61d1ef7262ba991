//! What is one running plugin?
//!
//! A mapped library, configured, with a description that was checked once, and the guard that watches it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use planogram_abi::Question;
use planogram_abi::table::{CallError, DescribedRole, Description, Instance, PluginRef};

use super::control::Control;
use super::guard::{Guard, GuardPolicy};
use super::load::LoadedLibrary;
use super::types::PluginEntry;

/// A configured plugin that may take part in ranking.
#[derive(Debug)]
pub struct Running {
    /// Name, as in configuration and handshake.
    pub name: String,
    /// Version it declares.
    pub version: String,
    /// Hash of its file, or `linked` when it is part of this executable.
    pub content_hash: String,
    /// Its file, or empty.
    pub file: String,
    /// What it says of itself; contributions keep their index.
    pub description: Description,
    /// The configured instance.
    pub instance: Arc<Instance>,
    /// What it did so far.
    pub guard: Arc<Guard>,
    /// Whether it ever was part of a set.
    served: AtomicBool,
    retired: Arc<AtomicU64>,
}

impl Running {
    /// Takes note that the version is part of a set, so that its end counts as a retirement.
    pub(super) fn serve(&self) {
        self.served.store(true, Ordering::Relaxed);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if *self.served.get_mut() {
            self.retired.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where a plugin's functions come from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub plugin: PluginRef,
    pub version: String,
    pub content_hash: String,
    pub file: String,
}

impl From<LoadedLibrary> for Source {
    fn from(loaded: LoadedLibrary) -> Self {
        Self {
            plugin: loaded.plugin,
            version: loaded.handshake.version,
            content_hash: loaded.content_hash,
            file: loaded.file.display().to_string(),
        }
    }
}

/// Configures and describes a plugin.
///
/// # Errors
/// What it says is wrong with its settings, how it broke, or what is wrong with its description.
pub(super) fn start(
    source: Source,
    entry: &PluginEntry,
    policy: GuardPolicy,
    control: &Control,
    retired: &Arc<AtomicU64>,
) -> Result<Running, String> {
    let (plugin, settings) = (source.plugin, entry.settings.clone());
    let make = move || -> Result<(Instance, Description), String> {
        let instance = plugin.configure(&settings).map_err(|error| format!("configure: {}", words(&error)))?;
        let description = instance.describe().map_err(|error| format!("describe: {}", words(&error)))?;
        Ok((instance, description))
    };
    let (instance, description) = control.within("configure", make)??;
    check_description(&description)?;
    Ok(Running {
        name: entry.name.clone(),
        version: source.version,
        content_hash: source.content_hash,
        file: source.file,
        description,
        instance: Arc::new(instance),
        guard: Arc::new(Guard::new(&entry.name, policy)),
        served: AtomicBool::new(false),
        retired: Arc::clone(retired),
    })
}

/// A plugin's own words where it gave some.
pub(super) fn words(error: &CallError) -> String {
    match error {
        CallError::Failed(message) => message.clone(),
        other => other.to_string(),
    }
}

/// What the contract asks of a description beyond the types.
fn check_description(description: &Description) -> Result<(), String> {
    let mut names = BTreeSet::new();
    let mut outputs = BTreeSet::new();
    for contribution in &description.contributions {
        let name = &contribution.name;
        if !names.insert((contribution.role.word(), name)) {
            return Err(format!("two {}s are named `{name}`", contribution.role.word()));
        }
        match &contribution.role {
            DescribedRole::Scorer { writes, .. } if writes.is_empty() => {
                return Err(format!("scorer `{name}` writes no column"));
            }
            DescribedRole::Scorer { writes, .. } => {
                if let Some(output) = writes.iter().find(|output| !outputs.insert(&output.name)) {
                    return Err(format!("column `{}` is written twice", output.name));
                }
            }
            DescribedRole::Reranker { window: 0, .. } => {
                return Err(format!("window of reranker `{name}` is 0, at least 1 needed"));
            }
            _ => {}
        }
    }
    let mut kinds = BTreeSet::new();
    if let Some(kind) = description.kinds.iter().find(|kind| !kinds.insert(&kind.name)) {
        return Err(format!("kind `{}` is declared twice", kind.name));
    }
    for kind in &description.kinds {
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&kind.schema) {
            return Err(format!("schema of kind `{}` is not JSON: {error}", kind.name));
        }
    }
    let is_twice = |at: usize, question: &Question| {
        description.questions[..at].iter().any(|q| (&q.kind, &q.name) == (&question.kind, &question.name))
    };
    match description.questions.iter().enumerate().find(|(at, question)| is_twice(*at, question)) {
        Some((_, question)) => Err(format!("question `{}` about `{}` is declared twice", question.name, question.kind)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::table::Described;
    use planogram_abi::{Combine, ConfigKind, Output, Phase};

    use super::*;

    fn scorer(name: &str, writes: &[&str]) -> Described {
        let output = |name: &&str| Output { name: (*name).to_owned(), combine: Combine::Add };
        let writes = writes.iter().map(output).collect();
        let role = DescribedRole::Scorer { phase: Phase::All, reads: vec![], writes };
        Described { name: name.to_owned(), lists: vec![], role }
    }

    fn check(contributions: Vec<Described>, kinds: &[(&str, &str)], question_kind: &[&str], expected: &str) {
        let kind = |(name, schema): &(&str, &str)| ConfigKind { name: (*name).into(), schema: (*schema).into() };
        let question = |kind: &&str| Question { kind: (*kind).into(), name: "why".into(), about: "why".into() };
        let description = Description {
            contributions,
            kinds: kinds.iter().map(kind).collect(),
            questions: question_kind.iter().map(question).collect(),
        };
        let found = check_description(&description).err().unwrap_or_default();
        assert_eq!(found, expected);
    }

    #[test]
    fn descriptions_are_checked() {
        check(vec![scorer("a", &["x"]), scorer("b", &["y"])], &[("k", "{}")], &["k"], "");
        check(vec![], &[], &["shared"], "");
        check(vec![scorer("a", &["x"]), scorer("a", &["y"])], &[], &[], "two scorers are named `a`");
        check(vec![scorer("a", &["x"]), scorer("b", &["x"])], &[], &[], "column `x` is written twice");
        check(vec![scorer("a", &[])], &[], &[], "scorer `a` writes no column");
        check(vec![], &[("k", "{}"), ("k", "{}")], &[], "kind `k` is declared twice");
        check(vec![], &[], &["k", "k"], "question `why` about `k` is declared twice");
        let reranker = DescribedRole::Reranker { reads: vec![], window: 0 };
        let reranker = Described { name: "r".into(), lists: vec![], role: reranker };
        check(vec![reranker], &[], &[], "window of reranker `r` is 0, at least 1 needed");
    }
}
