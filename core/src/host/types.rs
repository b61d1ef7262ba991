//! What does the host take, and what does it tell of its plugins?

use std::collections::BTreeMap;
use std::path::PathBuf;

/// One plugin of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginEntry {
    /// Plugin name, equal to the name in the library's handshake.
    pub name: String,
    /// Library file; found by name in the plugin folders when absent.
    pub file: Option<PathBuf>,
    /// Settings as JSON text, passed to the plugin's `configure`.
    pub settings: String,
}

/// A loaded (or refused) plugin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginInfo {
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
    pub problem: Option<String>,
    /// Its contributions: (kind, name).
    pub contributions: Vec<(String, String)>,
    /// Its configuration kinds.
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

/// Why a plugin was not loaded; the previous version keeps serving.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin `{plugin}` refused: {message}")]
pub struct ReloadError {
    /// Plugin name.
    pub plugin: String,
    /// Expected …, got ….
    pub message: String,
    /// True when no plugin of that name is configured.
    pub unknown: bool,
}
