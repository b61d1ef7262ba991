//! A shop for a test, and what a client of it sees.

use std::sync::Arc;
use std::thread::JoinHandle;

use planogram_core::engine::Engine;
use planogram_server::serve;
use planogram_server::settings::Settings;
use planogram_server::state::AppState;
use serde_json::Value;
use tokio::sync::oneshot;

/// A running server over an engine in memory; it stops when it goes out of scope.
pub struct Shop {
    /// `http://127.0.0.1:port`.
    pub address: String,
    /// The engine behind it.
    #[allow(dead_code, reason = "for tests that look behind the HTTP side")]
    pub engine: Arc<Engine>,
    agent: ureq::Agent,
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
        let mut settings = Settings::default();
        settings.server.port = 0;
        settings.engine.data_dir.clear();
        settings.engine.workers = 2;
        change(&mut settings);
        settings.check().expect("the settings of a test are good");
        let mut config = settings.engine().expect("the shipped plugin file is good");
        if settings.plugins.file.as_os_str().is_empty() {
            config.plugins.clear();
        }
        let engine = Engine::open(config).expect("an engine in memory opens");
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
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { address, engine, agent, stop: Some(stop), server: Some(server) }
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
