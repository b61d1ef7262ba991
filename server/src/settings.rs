//! What can an operator configure?
//!
//! One TOML file, typed, unknown keys refused, units in the keys, every default here and nowhere else.
//! Two stages: [`Settings`] is what was said, [`Settings::check`] refuses what cannot be meant, and
//! [`Settings::engine`] is what it means to the kernel. `planogram config` prints [`reference()`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use planogram_core::engine::types::{AttributeBounds, EngineConfig, ModelConfig, PluginEntry, UnitBounds};
use planogram_core::id::{HOUR_MS, TimeMs};
use serde::{Deserialize, Serialize};

/// The plugins that are on when nothing else is said.
pub const SHIPPED_PLUGINS: &str = include_str!("../../plugins/default.toml");

/// Declares one table of the file: its struct, its defaults and its lines in the reference.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($(#[doc = $about:literal])+ $field:ident: $type:ty = $default:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[doc = $about])+ pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            fn describe(table: &str, out: &mut String) {
                out.push_str(&format!("\n[{table}]\n"));
                let defaults = Self::default();
                $(describe_key(out, &[$($about),+], stringify!($field), &defaults.$field);)*
            }
        }
    };
}

table! {
    /// `[server]`: the HTTP side.
    Server {
        /// Address to listen on; anything but a loopback address is reachable from outside.
        bind: String = "127.0.0.1".to_owned();
        /// Port, 0 to 65535; 0 takes any free one.
        port: u16 = 7650;
        /// Largest request body in bytes, 1024 to 4294967296.
        body_bytes_max: u64 = 64 << 20;
        /// Requests answered at the same time before new ones are shed with 503, 1 to 1000000.
        in_flight_max: usize = 1024;
        /// How long open requests may finish after a signal to stop, in milliseconds, 0 to 600000.
        drain_ms: u64 = 10_000;
    }
}

table! {
    /// `[engine]`: the kernel.
    Engine {
        /// Data directory; empty keeps everything in memory.
        data_dir: String = "planogram-data".to_owned();
        /// Ranking workers, 0 to 1024; 0 takes one per core.
        workers: usize = 0;
        /// Requests that may wait for a worker before new ones are shed, 1 to 1000000.
        queue_max: usize = 1024;
        /// Deadline of a request that names none, in milliseconds, 1 to 60000.
        deadline_ms: u64 = 1_000;
        /// How long a write waits for others to share its sync, in milliseconds, 0 to 1000.
        group_commit_ms: u64 = 2;
        /// How often the text index commits, in milliseconds, 1 to 60000.
        text_commit_ms: u64 = 250;
        /// Log entries between two snapshot files, 1 to 1000000000.
        snapshot_every_entries: u64 = 50_000;
        /// Log time after which vector models are built anew, in hours, 0 to 8760; 0 leaves the clock out.
        models_every_hours: u64 = 6;
        /// Counted events and products written after which they are, 0 to 1000000000000; 0 leaves them out.
        models_every_changes: u64 = 1_000_000;
        /// Threads that build them, 1 to 1024; more than one makes graphs that differ from build to build.
        models_threads: usize = 1;
        /// How long log entries are kept behind the snapshot files, in hours of log time, 0 to 876000; 0 keeps them for ever.
        retention_hours: u64 = 0;
    }
}

table! {
    /// `[units]`: recommendation units.
    Units {
        /// Most items a unit may show, 1 to 100.
        limit_max: u32 = 100;
        /// Most units that may be live on one page type of one store view, 1 to 50.
        per_page_type_max: usize = 50;
    }
}

table! {
    /// `[attributes]`: facets and filters.
    Attributes {
        /// Most attributes that may be facets, 1 to 10000; `categories`, `price` and `brand` count.
        facets_max: usize = 100;
        /// Most values or ranges a facet may show, 1 to 1000.
        buckets_max: usize = 100;
        /// Most attributes that the filters of one request may test by the same text operator, 0 to 1000.
        text_filters_max: usize = 6;
    }
}

table! {
    /// `[audiences]`: shoppers who have something in common.
    Audiences {
        /// Most audience documents, 1 to 100000.
        max: usize = 1_000;
    }
}

table! {
    /// `[plugins]`: where ranking plugins come from.
    Plugins {
        /// Folders searched for plugin libraries after the one of the executable.
        dirs: Vec<PathBuf> = Vec::new();
        /// File that says which plugins are on; empty for the shipped one.
        file: PathBuf = PathBuf::new();
    }
}

table! {
    /// `[auth]`: who may write.
    Auth {
        /// BLAKE3 hash of the write key in hexadecimal (`planogram hash-key` makes it); empty lets everybody write, and read drafts, rules and audiences.
        write_key_blake3: String = String::new();
        /// May shoppers' browsers send events without the write key?
        events_open: bool = true;
    }
}

table! {
    /// `[cors]`: which pages may call from a browser.
    Cors {
        /// Allowed origins of GET and POST; `*` allows any.
        origins: Vec<String> = vec!["*".to_owned()];
    }
}

table! {
    /// `[log]`: what the server says.
    Log {
        /// Filter such as `info` or `planogram_core=debug,info`.
        filter: String = "info".to_owned();
        /// `text` or `json`.
        format: String = "text".to_owned();
    }
}

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The HTTP side.
    pub server: Server,
    /// The kernel.
    pub engine: Engine,
    /// Recommendation units.
    pub units: Units,
    /// Facets and filters.
    pub attributes: Attributes,
    /// Shoppers who have something in common.
    pub audiences: Audiences,
    /// Where ranking plugins come from.
    pub plugins: Plugins,
    /// Who may write.
    pub auth: Auth,
    /// Which pages may call from a browser.
    pub cors: Cors,
    /// What the server says.
    pub log: Log,
}

/// Why settings were refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file could not be read.
    #[error("`{file}` cannot be read: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("{file}: {why}")]
    Malformed {
        /// The file.
        file: String,
        /// Where and what.
        why: String,
    },
    /// A value out of range.
    #[error("`{key}` is {value}, allowed is {allowed}")]
    OutOfRange {
        /// Path of the key.
        key: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
}

impl Settings {
    /// The settings of a file.
    ///
    /// # Errors
    /// Unreadable, malformed or out of range; the message names the key, the value and what is allowed.
    pub fn load(file: &Path) -> Result<Self, SettingsError> {
        Self::parse(&read(file)?, &file.display().to_string())
    }

    /// The settings of a text; `file` names it in messages.
    ///
    /// # Errors
    /// Malformed or out of range.
    pub fn parse(text: &str, file: &str) -> Result<Self, SettingsError> {
        let settings: Self = toml::from_str(text).map_err(|e| malformed(file, &e))?;
        settings.check()?;
        Ok(settings)
    }

    /// Refuses values out of range.
    ///
    /// # Errors
    /// The first value out of range.
    pub fn check(&self) -> Result<(), SettingsError> {
        let (s, e) = (&self.server, &self.engine);
        within("server.body_bytes_max", s.body_bytes_max, 1024, 1 << 32)?;
        within("server.in_flight_max", s.in_flight_max as u64, 1, 1_000_000)?;
        within("server.drain_ms", s.drain_ms, 0, 600_000)?;
        within("engine.workers", e.workers as u64, 0, 1024)?;
        within("engine.queue_max", e.queue_max as u64, 1, 1_000_000)?;
        within("engine.deadline_ms", e.deadline_ms, 1, 60_000)?;
        within("engine.group_commit_ms", e.group_commit_ms, 0, 1_000)?;
        within("engine.text_commit_ms", e.text_commit_ms, 1, 60_000)?;
        within("engine.snapshot_every_entries", e.snapshot_every_entries, 1, 1_000_000_000)?;
        within("engine.models_every_hours", e.models_every_hours, 0, 8_760)?;
        within("engine.models_every_changes", e.models_every_changes, 0, 1_000_000_000_000)?;
        within("engine.models_threads", e.models_threads as u64, 1, 1024)?;
        within("engine.retention_hours", e.retention_hours, 0, 876_000)?;
        within("units.limit_max", u64::from(self.units.limit_max), 1, 100)?;
        within("units.per_page_type_max", self.units.per_page_type_max as u64, 1, 50)?;
        within("attributes.facets_max", self.attributes.facets_max as u64, 1, 10_000)?;
        within("attributes.buckets_max", self.attributes.buckets_max as u64, 1, 1_000)?;
        within("attributes.text_filters_max", self.attributes.text_filters_max as u64, 0, 1_000)?;
        within("audiences.max", self.audiences.max as u64, 1, 100_000)?;
        let refuse = |key, value: &str, allowed: &str| {
            Err(SettingsError::OutOfRange { key, value: format!("\"{value}\""), allowed: allowed.to_owned() })
        };
        if s.bind.parse::<std::net::IpAddr>().is_err() {
            return refuse("server.bind", &s.bind, "an IP address such as 127.0.0.1 or ::");
        }
        if !self.auth.write_key_blake3.is_empty() && blake3::Hash::from_hex(&self.auth.write_key_blake3).is_err() {
            return refuse("auth.write_key_blake3", &self.auth.write_key_blake3, "64 hexadecimal digits, or nothing");
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            return refuse("log.format", &self.log.format, "text, json");
        }
        let unfit = |origin: &&String| *origin != "*" && axum::http::HeaderValue::from_str(origin).is_err();
        if let Some(origin) = self.cors.origins.iter().find(unfit) {
            return refuse("cors.origins", origin, "origins such as https://shop.example, or *");
        }
        Ok(())
    }

    /// What the settings mean to the kernel. Plugins are looked for beside the executable first.
    ///
    /// # Errors
    /// The plugin file cannot be read or understood.
    pub fn engine(&self) -> Result<EngineConfig, SettingsError> {
        let e = &self.engine;
        let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
        Ok(EngineConfig {
            data_dir: (!e.data_dir.is_empty()).then(|| PathBuf::from(&e.data_dir)),
            plugin_dirs: beside.into_iter().chain(self.plugins.dirs.iter().cloned()).collect(),
            plugins: self.plugin_entries()?,
            workers: e.workers,
            queue_max: e.queue_max,
            deadline: Duration::from_millis(e.deadline_ms),
            group_commit: Duration::from_millis(e.group_commit_ms),
            text_commit: Duration::from_millis(e.text_commit_ms),
            snapshot_every: e.snapshot_every_entries,
            models: ModelConfig {
                every_ms: e.models_every_hours as TimeMs * HOUR_MS,
                every_changes: e.models_every_changes,
                threads: e.models_threads,
            },
            // At most 100 years: far from overflow.
            retention_ms: e.retention_hours as TimeMs * HOUR_MS,
            identity_seed: None,
            unit_bounds: UnitBounds {
                limit_max: self.units.limit_max,
                per_page_type_max: self.units.per_page_type_max,
            },
            attribute_bounds: AttributeBounds {
                facets_max: self.attributes.facets_max,
                buckets_max: self.attributes.buckets_max,
                text_filters_max: self.attributes.text_filters_max,
            },
            audiences_max: self.audiences.max,
        })
    }

    fn plugin_entries(&self) -> Result<Vec<PluginEntry>, SettingsError> {
        let file = &self.plugins.file;
        if file.as_os_str().is_empty() {
            return plugin_entries(SHIPPED_PLUGINS, "plugins/default.toml");
        }
        plugin_entries(&read(file)?, &file.display().to_string())
    }
}

/// The plugins a plugin file switches on, in order.
///
/// # Errors
/// Malformed, or a plugin named twice.
pub fn plugin_entries(text: &str, file: &str) -> Result<Vec<PluginEntry>, SettingsError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        plugin: Vec<Entry>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        name: String,
        file: Option<PathBuf>,
        #[serde(default)]
        settings: toml::Table,
    }
    let parsed: File = toml::from_str(text).map_err(|e| malformed(file, &e))?;
    let mut entries: Vec<PluginEntry> = Vec::with_capacity(parsed.plugin.len());
    for entry in parsed.plugin {
        if entries.iter().any(|e| e.name == entry.name) {
            let why = format!("plugin `{}` is named twice, each may stand once", entry.name);
            return Err(SettingsError::Malformed { file: file.to_owned(), why });
        }
        let settings = serde_json::to_string(&entry.settings).expect("a TOML table is a JSON object with text keys");
        entries.push(PluginEntry { name: entry.name, file: entry.file, settings });
    }
    Ok(entries)
}

/// Every key with its meaning and its default, as a file that can be used as it is.
pub fn reference() -> String {
    let mut out = String::from("# planogram: every setting with its default.\n");
    Server::describe("server", &mut out);
    Engine::describe("engine", &mut out);
    Units::describe("units", &mut out);
    Attributes::describe("attributes", &mut out);
    Audiences::describe("audiences", &mut out);
    Plugins::describe("plugins", &mut out);
    Auth::describe("auth", &mut out);
    Cors::describe("cors", &mut out);
    Log::describe("log", &mut out);
    out
}

fn describe_key<T: Serialize>(out: &mut String, about: &[&str], key: &str, default: &T) {
    for line in about {
        out.push_str(&format!("#{line}\n"));
    }
    let value = toml::Value::try_from(default).expect("defaults are plain values");
    out.push_str(&format!("{key} = {value}\n"));
}

fn read(file: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(file)
        .map_err(|e| SettingsError::Unreadable { file: file.display().to_string(), why: e.to_string() })
}

fn malformed(file: &str, error: &toml::de::Error) -> SettingsError {
    SettingsError::Malformed { file: file.to_owned(), why: error.to_string().trim_end().to_owned() }
}

fn within(key: &'static str, value: u64, min: u64, max: u64) -> Result<(), SettingsError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(SettingsError::OutOfRange { key, value: value.to_string(), allowed: format!("{min} to {max}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let said = Settings::parse(text, "shop.toml").unwrap_err().to_string();
        for part in expected {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn the_reference_is_the_default() {
        assert_eq!(Settings::parse(&reference(), "reference").unwrap(), Settings::default());
        assert_eq!(Settings::parse("", "empty").unwrap(), Settings::default());
    }

    #[test]
    fn a_bad_value_names_key_value_and_what_is_allowed() {
        check("[server]\nprot = 1", &["shop.toml", "line 2", "unknown field `prot`", "`port`"]);
        check("[server]\nport = 70000", &["line 2", "port = 70000"]);
        check("[server]\nport = \"x\"", &["line 2", "port = \"x\"", "expected"]);
        check("[server]\nbind = \"localhost\"", &["`server.bind`", "\"localhost\"", "an IP address"]);
        check("[server]\nbody_bytes_max = 3", &["`server.body_bytes_max` is 3", "1024 to 4294967296"]);
        check("[engine]\ndeadline_ms = 0", &["`engine.deadline_ms` is 0", "1 to 60000"]);
        check("[auth]\nwrite_key_blake3 = \"abc\"", &["`auth.write_key_blake3`", "64 hexadecimal"]);
        check("[log]\nformat = \"xml\"", &["`log.format`", "text, json"]);
        check("[colour]\n", &["unknown field `colour`"]);
    }

    #[test]
    fn plugins_keep_their_order_and_settings() {
        let entries = plugin_entries(
            "[[plugin]]\nname = \"b\"\n[plugin.settings]\nweight = 2\n[[plugin]]\nname = \"a\"\nfile = \"liba.so\"",
            "f",
        )
        .unwrap();
        assert_eq!((entries[0].name.as_str(), entries[0].settings.as_str()), ("b", "{\"weight\":2}"));
        assert_eq!(entries[1].file.as_deref(), Some(Path::new("liba.so")));
        let twice = plugin_entries("[[plugin]]\nname = \"a\"\n[[plugin]]\nname = \"a\"", "f").unwrap_err();
        assert!(twice.to_string().contains("named twice"));
        assert!(plugin_entries(SHIPPED_PLUGINS, "shipped").is_ok());
    }
}
