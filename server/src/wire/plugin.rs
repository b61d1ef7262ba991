//! What are plugins and the state of the engine on the wire?

use std::collections::BTreeMap;

use planogram_core::engine::types::{PluginInfo, Status};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::AsOfJson;
use super::time;

/// A plugin: what it is, what it does, how it is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PluginJson {
    /// Name.
    pub name: String,
    /// Version it declares.
    pub version: String,
    /// Hash of the library file.
    pub content_hash: String,
    /// Library file.
    pub file: String,
    /// `running`, `quarantined`, `refused`, `missing`.
    pub state: String,
    /// Why it is not running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What it contributes.
    pub contributions: Vec<ContributionJson>,
    /// Its kinds of configuration document.
    pub config_kinds: Vec<String>,
    /// Calls since it was loaded.
    pub calls: u64,
    /// Calls that failed, by reason.
    pub faults: BTreeMap<String, u64>,
    /// `closed`, `open`, `half-open`.
    pub breaker: String,
    /// Log entries its observers lag behind.
    pub observer_lag: u64,
}

/// One contribution of a plugin.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContributionJson {
    /// `rewriter`, `retriever`, `scorer`, `reranker`, `observer`.
    pub kind: String,
    /// Name.
    pub name: String,
}

impl From<PluginInfo> for PluginJson {
    fn from(info: PluginInfo) -> Self {
        Self {
            name: info.name,
            version: info.version,
            content_hash: info.content_hash,
            file: info.file,
            state: info.state,
            problem: info.problem,
            contributions: info.contributions.into_iter().map(|(kind, name)| ContributionJson { kind, name }).collect(),
            config_kinds: info.config_kinds,
            calls: info.calls,
            faults: info.faults,
            breaker: info.breaker,
            observer_lag: info.observer_lag,
        }
    }
}

/// How the engine is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadyJson {
    /// Does it answer?
    pub ready: bool,
    /// What it is doing while it does not: `opening`, a phase of the kernel, `draining`.
    pub phase: String,
    /// Identity of the current snapshot.
    pub as_of: AsOfJson,
    /// Time of the current snapshot.
    pub now: String,
    /// Products that can be shown.
    pub products: u64,
    /// Variants.
    pub variants: u64,
    /// Visitors remembered.
    pub visitors: u64,
}

impl From<Status> for ReadyJson {
    fn from(status: Status) -> Self {
        Self {
            ready: status.ready,
            phase: status.phase,
            as_of: status.as_of.into(),
            now: time::text(status.now_ms),
            products: status.products,
            variants: status.variants,
            visitors: status.visitors,
        }
    }
}
