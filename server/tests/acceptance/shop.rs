//! A shop for a test, and what a client of it sees.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use planogram_core::engine::Engine;
use planogram_core::host::discover;
use planogram_core::host::testing::build;
use planogram_core::log::clock::{Clock, SystemClock};
use planogram_server::serve;
use planogram_server::settings::Settings;
use planogram_server::state::AppState;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// A running server over an engine in memory; it stops when it goes out of scope.
pub struct Shop {
    /// `http://127.0.0.1:port`.
    pub address: String,
    /// The engine behind it.
    pub engine: Arc<Engine>,
    agent: ureq::Agent,
    /// Holds the plugin file while the shop is open.
    files: Option<tempfile::TempDir>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: ureq::http::HeaderMap,
    /// Body as text.
    pub text: String,
    /// Body as JSON; null when it is not JSON.
    pub json: Value,
}

impl Shop {
    /// An empty shop without plugins.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// An empty shop whose settings were changed.
    pub fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_at(Arc::new(SystemClock), change)
    }

    /// The same under a clock of the test's.
    pub fn start_at(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.server.port = 0;
        settings.engine.data_dir.clear();
        settings.engine.workers = 2;
        // However busy the machine is, no test is about a late answer unless it says so.
        settings.engine.deadline_ms = 30_000;
        settings.engine.text_commit_ms = 20;
        change(&mut settings);
        settings.check().expect("the settings of a test are good");
        let mut config = settings.engine().expect("the shipped plugin file is good");
        if settings.plugins.file.as_os_str().is_empty() {
            config.plugins.clear();
        }
        let engine = Engine::open_with_clock(config, clock).expect("an engine in memory opens");
        let state = AppState::open(settings, Arc::clone(&engine), Some(Arc::new(|sku| Some(sku.as_bytes().to_vec()))));
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, address) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = serve::listen(&state).await.expect("a free port can be listened on");
                tell.send(listener.local_addr().unwrap()).unwrap();
                let until = async move { drop(stopped.await) };
                serve::serve(state, listener, until).await.expect("serving ends by the signal");
            });
        });
        let address = format!("http://{}", address.recv().expect("the server says its address"));
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(0).build().into();
        Self { address, engine, agent, files: None, stop: Some(stop), server: Some(server) }
    }

    /// An empty shop under the plugins that ship, as they ship.
    pub fn shipped() -> Self {
        Self::shipped_at(Arc::new(SystemClock))
    }

    /// The same under a clock of the test's.
    pub fn shipped_at(clock: Arc<dyn Clock>) -> Self {
        let dir = libraries();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/default.toml");
        let shop = Self::start_at(clock, |s| {
            s.plugins.dirs = vec![dir];
            s.plugins.file = file;
        });
        let plugins = shop.ok("/v1/plugins");
        assert!(plugins.as_array().unwrap().iter().all(|p| p["state"] == "running"), "{plugins}");
        shop
    }

    /// An empty shop under the plugins of a plugin file.
    pub fn with_plugin_file(text: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let file = files.path().join("plugins.toml");
        std::fs::write(&file, text).unwrap();
        // A data directory of its own, so that no other shop shares its mapped libraries and their statics.
        let data_dir = files.path().join("data");
        let mut shop = Self::start_with(|s| {
            s.plugins.file = file;
            s.engine.data_dir = data_dir.display().to_string();
        });
        shop.files = Some(files);
        shop
    }

    /// The JSON of a GET that succeeds.
    pub fn ok(&self, path: &str) -> Value {
        good(self.get(path), path)
    }

    /// The JSON of a request with a JSON body that succeeds.
    pub fn send_ok(&self, method: &str, path: &str, body: &Value) -> Value {
        good(self.json(method, path, body), path)
    }

    /// Puts products and waits until they can be searched; returns the log position.
    pub fn put(&self, products: &Value) -> u64 {
        let receipt = self.send_ok("PUT", "/v1/products?wait=text", products);
        assert_eq!(receipt["accepted"].as_u64(), products.as_array().map(|rows| rows.len() as u64), "{receipt}");
        receipt["seq"].as_u64().unwrap()
    }

    /// Puts a configuration document.
    pub fn configure(&self, kind: &str, id: &str, document: &Value) -> Value {
        self.send_ok("PUT", &format!("/v1/config/{kind}/{id}"), document)
    }

    /// Sends events of now: (kind, session, skus). Their ids are drawn from what they say and `label`; an order
    /// carries its session as its order id.
    pub fn events(&self, label: &str, events: &[(&str, &str, &[&str])]) {
        let now_ms = now_ms();
        let row = |(i, (kind, session, skus)): (usize, &(&str, &str, &[&str]))| {
            let mut row = json!({"id": format!("{label}-{i}"), "time": now_ms, "kind": kind, "visitor": session,
                "session": session, "items": skus});
            if *kind == "order_placed" {
                row["order"] = json!(format!("{label}-{session}"));
            }
            row
        };
        let rows: Vec<Value> = events.iter().enumerate().map(row).collect();
        let receipt = self.send_ok("POST", "/v1/events", &json!(rows));
        assert_eq!(receipt["accepted"], rows.len(), "{receipt}");
    }

    /// A plugin as `/v1/plugins` shows it.
    pub fn plugin(&self, name: &str) -> Value {
        let plugins = self.ok("/v1/plugins");
        let found = plugins.as_array().unwrap().iter().find(|p| p["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("no plugin `{name}` in {plugins}"))
    }

    /// GET.
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }

    /// A request with a JSON body.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send(method, path, &[("content-type", "application/json")], Some(body.to_string().as_bytes()))
    }

    /// A request with lines.
    pub fn lines(&self, method: &str, path: &str, lines: &[&str]) -> Reply {
        self.send(method, path, &[("content-type", "application/x-ndjson")], Some(lines.join("\n").as_bytes()))
    }

    /// A request.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(bytes) => self.agent.run(request.body(bytes.to_vec()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = response.expect("the server answers");
        let text = response.body_mut().read_to_string().expect("the answer is text");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status: response.status().as_u16(), headers: response.headers().clone(), text, json }
    }
}

fn good(reply: Reply, path: &str) -> Value {
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json
}

/// The folder of all plugins the tests load, freshly built. Always the same packages, so that no test builds with
/// other features than the one before.
pub fn libraries() -> PathBuf {
    build(&[
        "planogram-live-search",
        "planogram-category-merchandising",
        "planogram-related-products",
        "planogram-faulty",
    ])
}

/// The library of one of [`libraries`].
pub fn library(name: &str) -> PathBuf {
    libraries().join(&discover::file_names(name)[0])
}

/// A table of a plugin file.
pub fn plugin_entry(name: &str, file: &Path, settings: &str) -> String {
    format!("[[plugin]]\nname = \"{name}\"\nfile = '{}'\nsettings = {settings}\n", file.display())
}

/// A simple product.
pub fn product(sku: &str, name: &str, price: f64) -> Value {
    json!({"sku": sku, "name": name, "price": price})
}

/// Milliseconds since 1970, as events of now say them.
pub fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("the clock stands after 1970").as_millis() as u64
}

/// The skus of a list, in order.
pub fn skus(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item["sku"].as_str().unwrap()).collect()
}

/// The counts of a facet: value to products; empty when the facet is not there.
pub fn facet(list: &Value, attribute: &str) -> Vec<(String, u64)> {
    let facets = list["facets"].as_array().unwrap();
    let buckets = facets.iter().find(|f| f["attribute"] == attribute).map(|f| f["buckets"].as_array().unwrap());
    let count = |b: &Value| (b["value"].as_str().unwrap().to_owned(), b["count"].as_u64().unwrap());
    buckets.into_iter().flatten().map(count).collect()
}

/// A value of a query string.
pub fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended already, by a panic that the join below reports.
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take()
            && server.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}
