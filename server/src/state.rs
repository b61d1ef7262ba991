//! What do all requests share?
//!
//! The engine once it is open, the settings the HTTP side needs, and the switch that says "draining".
//! The engine opens on its own thread while the server already listens, so that `/health/ready` can say how far it is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use planogram_core::config::document::DocumentState;
use planogram_core::engine::Engine;
use tokio::sync::Semaphore;

use crate::error::{Kind, Problem};
use crate::settings::Settings;
use crate::wire::money::exponent;
use crate::wire::product::Exponents;

/// Makes the image of a product, if there is one: PNG bytes.
pub type Images = Arc<dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync>;

/// What all requests share; cloning shares it.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

struct Shared {
    engine: OnceLock<Arc<Engine>>,
    settings: Settings,
    write_key: Option<blake3::Hash>,
    images: Option<Images>,
    draining: AtomicBool,
    in_flight: Semaphore,
}

impl AppState {
    /// A server that is not open yet.
    pub fn new(settings: Settings, images: Option<Images>) -> Self {
        let write_key = blake3::Hash::from_hex(&settings.auth.write_key_blake3).ok();
        let in_flight = Semaphore::new(settings.server.in_flight_max);
        let (engine, draining) = (OnceLock::new(), AtomicBool::new(false));
        Self(Arc::new(Shared { engine, settings, write_key, images, draining, in_flight }))
    }

    /// A server over an engine that is open.
    pub fn open(settings: Settings, engine: Arc<Engine>, images: Option<Images>) -> Self {
        let state = Self::new(settings, images);
        state.opened(engine);
        state
    }

    /// Hands over the engine; only the first one counts.
    pub fn opened(&self, engine: Arc<Engine>) {
        // A second engine would be a mistake of ours that must not take the first away from open requests.
        if self.0.engine.set(engine).is_err() {
            tracing::error!("the engine was opened twice, the second is dropped");
        }
    }

    /// The engine.
    ///
    /// # Errors
    /// 503 while it opens.
    pub fn engine(&self) -> Result<&Arc<Engine>, Problem> {
        self.engine_if_open().ok_or_else(|| Problem::new(Kind::Unavailable, "the engine is opening, see /health/ready"))
    }

    /// The engine, if it is open.
    pub fn engine_if_open(&self) -> Option<&Arc<Engine>> {
        self.0.engine.get()
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Hash of the write key, when one is needed.
    pub fn write_key(&self) -> Option<blake3::Hash> {
        self.0.write_key
    }

    /// The image of a product.
    pub fn image(&self, sku: &str) -> Option<Vec<u8>> {
        self.0.images.as_ref().and_then(|images| images(sku))
    }

    /// Requests that may be answered at the same time.
    pub fn in_flight(&self) -> &Semaphore {
        &self.0.in_flight
    }

    /// Says that the server is about to stop; `/health/ready` turns 503 so that traffic goes elsewhere.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Is the server about to stop?
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// How long a read may take at most when it names no deadline.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.0.settings.engine.deadline_ms)
    }

    /// The decimals of the currencies of all price books.
    pub fn exponents(&self) -> Exponents {
        self.engine_if_open().map(|engine| Self::exponents_of(engine)).unwrap_or_default()
    }

    /// The same of any engine; read from the documents of the kind `price-book`.
    pub fn exponents_of(engine: &Engine) -> Exponents {
        let mut by_book = BTreeMap::new();
        for view in engine.config_list("price-book", None, DocumentState::Live, "").unwrap_or_default() {
            let write = view.document.write;
            let body: serde_json::Value = serde_json::from_str(&write.body.unwrap_or_default()).unwrap_or_default();
            if let Some(currency) = body["currency"].as_str().filter(|_| write.state == DocumentState::Live) {
                by_book.insert(write.key.id, exponent(currency));
            }
        }
        Exponents(by_book)
    }
}
