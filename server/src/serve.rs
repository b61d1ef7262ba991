//! How does the server run, from listening to the last answer?
//!
//! It listens first and opens the engine on a thread of its own, so that health answers from the first moment.
//! On SIGTERM or Ctrl-C it says that it drains, takes no new connections, lets open requests finish within the
//! drain time, and closes the engine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use planogram_core::engine::types::EngineConfig;
use planogram_core::engine::{Engine, OpenError};
use planogram_core::log::clock::Clock;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::app::app;
use crate::state::AppState;
use crate::telemetry;

/// Why serving ended other than by a signal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        why: std::io::Error,
    },
    /// The engine did not open.
    #[error("the engine did not open: {0}")]
    Open(#[from] OpenError),
    /// What should happen before the first answer failed.
    #[error("the shop was not made ready: {0}")]
    Prepare(String),
    /// Accepting connections failed.
    #[error("serving failed: {0}")]
    Serve(#[from] std::io::Error),
}

/// The threads that read requests and send answers. They are few: a worker of the ranking pool ranks a list and writes
/// it as JSON, which takes many times as long, and on the same cores every thread more is one more to be woken.
///
/// # Errors
/// The system gives no threads.
pub fn runtime() -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.div_ceil(CORES_A_THREAD);
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

/// Cores that one thread for connections serves.
const CORES_A_THREAD: usize = 4;

/// Listens on the configured address.
///
/// # Errors
/// The address is taken or not ours.
pub async fn listen(state: &AppState) -> Result<TcpListener, ServeError> {
    let server = &state.settings().server;
    let address = format!("{}:{}", bracketed(&server.bind), server.port);
    let listener = TcpListener::bind(&address).await.map_err(|why| ServeError::Listen { address, why })?;
    if let Ok(local) = listener.local_addr() {
        tracing::info!(address = %local, "listening");
        warn_if_open(state, local);
    }
    Ok(listener)
}

fn bracketed(bind: &str) -> String {
    if bind.contains(':') { format!("[{bind}]") } else { bind.to_owned() }
}

fn warn_if_open(state: &AppState, local: SocketAddr) {
    if !local.ip().is_loopback() && state.write_key().is_none() {
        tracing::warn!(
            address = %local,
            "ANYBODY who reaches this address can change the shop: set auth.write_key_blake3 or bind to 127.0.0.1"
        );
    }
}

/// Opens the engine on a thread of its own, prepares it, and hands it to the state; the outcome comes over the channel.
pub fn open_in_background(
    state: &AppState,
    config: EngineConfig,
    clock: Arc<dyn Clock>,
    prepare: impl FnOnce(&Arc<Engine>) -> Result<(), String> + Send + 'static,
) -> tokio::sync::oneshot::Receiver<Result<(), ServeError>> {
    let (done, outcome) = tokio::sync::oneshot::channel();
    let state = state.clone();
    std::thread::spawn(move || {
        let result =
            Engine::open_with_clock(config, clock).map_err(ServeError::from).and_then(|engine| {
                match prepare(&engine) {
                    Ok(()) => {
                        state.opened(engine);
                        Ok(())
                    }
                    Err(why) => {
                        engine.close();
                        Err(ServeError::Prepare(why))
                    }
                }
            });
        // Nobody waits when the server was stopped while it opened.
        drop(done.send(result));
    });
    outcome
}

/// Serves until `stop` resolves, then drains and closes the engine.
///
/// # Errors
/// Accepting connections failed.
pub async fn serve(
    state: AppState,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let (draining, mut drained) = tokio::sync::watch::channel(false);
    let for_signal = state.clone();
    let signal = async move {
        stop.await;
        for_signal.drain();
        tracing::info!("draining");
        draining.send_replace(true);
    };
    let patience = Duration::from_millis(state.settings().server.drain_ms);
    let serving = axum::serve(listener, app(state.clone())).with_graceful_shutdown(signal);
    let overdue = async move {
        // The sender lives in the signal's future; when that is gone, serving has ended anyway.
        if drained.wait_for(|d| *d).await.is_ok() {
            tokio::time::sleep(patience).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = serving => result?,
        () = telemetry::upkeep() => {}
        () = overdue => tracing::warn!(drain_ms = patience.as_millis() as u64, "open requests were cut off"),
    }
    if let Some(engine) = state.engine_if_open().cloned() {
        let closing = tokio::task::spawn_blocking(move || engine.close());
        if closing.await.is_err() {
            tracing::error!("closing the engine panicked");
        }
    }
    Ok(())
}

/// Resolves on Ctrl-C or SIGTERM.
pub async fn signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {},
        () = terminate => {},
    }
}
