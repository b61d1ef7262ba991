//! How does a subcommand get at the engine of a data directory, and give it back?

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use planogram_core::engine::Engine;
use planogram_server::settings::Settings;
use planogram_server::telemetry;

/// An engine that is closed when it goes out of scope, so that everything is synced on every way out.
pub struct Open(Arc<Engine>);

impl Open {
    /// Opens the engine of a data directory with the settings of a file.
    pub fn dir(data_dir: &Path, config: Option<&Path>) -> anyhow::Result<(Self, Settings)> {
        let mut settings = super::load(config)?;
        settings.engine.data_dir = data_dir.display().to_string();
        settings.check()?;
        telemetry::log(&settings.log);
        let engine = Engine::open(settings.engine()?)
            .with_context(|| format!("the data directory `{}` cannot be opened", data_dir.display()))?;
        Ok((Self(engine), settings))
    }
}

impl std::ops::Deref for Open {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}
