//! How does a subcommand get at the engine of a data directory, and give it back?

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use planogram_core::engine::Engine;
use planogram_core::engine::types::EngineConfig;
use planogram_core::id::TimeMs;
use planogram_core::log::clock::{Clock, HistoryClock};
use planogram_core::signal::event::Event;
use planogram_server::settings::Settings;
use planogram_server::telemetry;

/// How often text is committed while much is written: a bound on what a kill makes the next start index again.
const BULK_TEXT_COMMIT: Duration = Duration::from_secs(60);

/// An engine that is closed when it goes out of scope, so that everything is synced on every way out.
pub struct Open {
    engine: Arc<Engine>,
    clock: Arc<HistoryClock>,
}

/// At which time the command writes.
pub enum When {
    /// Now.
    Now,
    /// At a time of the past, and then at the times of the events it writes.
    AsOf(TimeMs),
    /// At the time the shop's log ends, and then at the times of the events it writes.
    AfterTheLast,
}

impl Open {
    /// Opens the engine of a data directory with the settings of a file.
    pub fn dir(data_dir: &Path, config: Option<&Path>, when: &When) -> anyhow::Result<(Self, Settings)> {
        Self::with(data_dir, config, when, |_| {})
    }

    /// The same for whoever writes much and reads nothing meanwhile: text is committed when a flush asks for it, and no
    /// model is learned from half a catalog.
    pub fn dir_for_bulk(data_dir: &Path, config: Option<&Path>, when: &When) -> anyhow::Result<(Self, Settings)> {
        Self::with(data_dir, config, when, |engine| {
            engine.text_commit = BULK_TEXT_COMMIT;
            engine.models.every_ms = 0;
            engine.models.every_changes = 0;
        })
    }

    fn with(
        data_dir: &Path,
        config: Option<&Path>,
        when: &When,
        change: impl FnOnce(&mut EngineConfig),
    ) -> anyhow::Result<(Self, Settings)> {
        let mut settings = super::load(config)?;
        settings.engine.data_dir = data_dir.display().to_string();
        settings.check()?;
        if std::env::var_os("RUST_LOG").is_none() && config.is_none() {
            // What the command found out should be the last thing on the screen.
            settings.log.filter = "warn".to_owned();
        }
        telemetry::log(&settings.log);
        let clock = Arc::new(HistoryClock::at(match when {
            When::AsOf(time_ms) => *time_ms,
            // The log's time never goes back, so an early clock shows the time of its last entry.
            When::Now | When::AfterTheLast => 0,
        }));
        if matches!(when, When::Now) {
            clock.go_live();
        }
        let mut engine = settings.engine()?;
        change(&mut engine);
        let engine = Engine::open_with_clock(engine, clock.clone())
            .with_context(|| format!("the data directory `{}` cannot be opened", data_dir.display()))?;
        Ok((Self { engine, clock }, settings))
    }

    /// Writes what follows at the time of the last of these events, unless the command writes now.
    pub fn reach(&self, events: &[Event]) {
        let last = events.iter().map(|event| event.time_ms).max();
        if let Some(last) = last.filter(|last| self.clock.is_in_history() && *last > self.clock.now_ms()) {
            self.clock.show(last);
        }
    }
}

impl std::ops::Deref for Open {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.engine.close();
    }
}
