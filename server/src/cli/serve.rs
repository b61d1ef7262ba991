//! `planogram serve`: listen, open, answer, drain.

use std::process::ExitCode;
use std::sync::Arc;

use planogram_core::engine::Engine;
use planogram_core::log::clock::{Clock, SystemClock};
use planogram_server::serve::{self, ServeError};
use planogram_server::settings::Settings;
use planogram_server::state::{AppState, Images};
use planogram_server::telemetry;

use super::ServeArgs;

/// Runs the command.
pub fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let mut settings = args.common.settings()?;
    if let Some(bind) = &args.bind {
        settings.server.bind.clone_from(bind);
        settings.check()?;
    }
    telemetry::log(&settings.log);
    serve_shop(settings, None, Arc::new(SystemClock), |_| Ok(()), |address| println!("planogram serves on {address}"))
}

/// Serves until a signal comes. `clock` stamps what is written; `prepare` runs on the open engine before it answers requests;
/// `ready` gets the address when it does.
pub fn serve_shop(
    settings: Settings,
    images: Option<Images>,
    clock: Arc<dyn Clock>,
    prepare: impl FnOnce(&Arc<Engine>) -> Result<(), String> + Send + 'static,
    ready: impl FnOnce(&str) + Send + 'static,
) -> anyhow::Result<ExitCode> {
    let config = settings.engine()?;
    let state = AppState::new(settings, images);
    let runtime = serve::runtime()?;
    runtime.block_on(async move {
        let listener = serve::listen(&state).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let opened = serve::open_in_background(&state, config, clock, prepare);
        let serving = serve::serve(state.clone(), listener, serve::signal());
        tokio::pin!(serving);
        tokio::select! {
            ended = &mut serving => return ended,
            opened = opened => match opened {
                Ok(Ok(())) => ready(&address),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(ServeError::Prepare("it panicked, the log says where".to_owned())),
            },
        }
        serving.await
    })?;
    Ok(ExitCode::SUCCESS)
}
