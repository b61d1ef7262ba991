//! What can an operator see?
//!
//! One process-wide metrics recorder, rendered on our own route, and the setup of the server's log.
//! Counters of requests are counted where they happen; what the kernel knows is read when metrics are asked for.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use planogram_core::engine::Engine;
use planogram_core::engine::types::{PluginInfo, Status};
use tracing_subscriber::EnvFilter;

use crate::settings::Log;

/// How often observations are sorted into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Upper bounds of the request time histogram, in seconds.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Installs the metrics recorder; the first call does, later calls return the same handle.
pub fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("planogram_http_request_seconds".to_owned()), BUCKETS)
            .expect("there is at least one bucket");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::error!("another metrics recorder is installed, metrics stay empty");
        }
        describe();
        handle
    })
}

/// Sorts what was observed into its buckets, now and then, for ever: until then every single observation takes memory,
/// whether or not anybody asks for metrics.
pub async fn upkeep() {
    let mut turn = tokio::time::interval(UPKEEP_EVERY);
    loop {
        turn.tick().await;
        recorder().run_upkeep();
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("planogram_http_requests_total", "Requests answered, by method, route and status.");
    describe_histogram!("planogram_http_request_seconds", "Time to answer, by method and route.");
    describe_counter!("planogram_http_shed_total", "Requests answered 503 because too many were open.");
    describe_counter!("planogram_http_panics_total", "Handlers that panicked.");
    describe_counter!("planogram_rows_accepted_total", "Rows of batches taken in.");
    describe_counter!("planogram_rows_rejected_total", "Rows of batches refused.");
    describe_counter!(
        "planogram_degraded_total",
        "Answers in which something did not take part, by plugin and reason."
    );
    describe_counter!("planogram_plugin_calls_total", "Calls of a plugin since it was loaded.");
    describe_counter!("planogram_plugin_faults_total", "Failed calls of a plugin, by reason.");
    describe_gauge!("planogram_plugin_breaker", "0 closed, 1 half-open, 2 open.");
    describe_gauge!("planogram_plugin_running", "1 when the plugin takes part.");
    describe_gauge!("planogram_plugin_observer_lag_entries", "Log entries a plugin's observers lag behind.");
    describe_gauge!("planogram_ready", "1 when the engine answers.");
    describe_gauge!("planogram_log_seq", "Log position of the current snapshot.");
    describe_gauge!("planogram_text_lag_entries", "Log entries the text index lags behind.");
    describe_gauge!("planogram_snapshot_age_seconds", "Wall time since the time of the current snapshot.");
    describe_gauge!("planogram_products", "Products that can be shown.");
    describe_gauge!("planogram_variants", "Variants.");
    describe_gauge!("planogram_visitors", "Visitors remembered.");
    describe_gauge!("planogram_library_mappings", "Plugin libraries mapped; code is never unloaded.");
    describe_gauge!("planogram_library_mappings_max", "Plugin libraries that may be mapped.");
    describe_gauge!(
        "planogram_plugin_threads_lost",
        "Threads kept by plugins that never returned from a call no request waited for."
    );
    describe_counter!("planogram_plugins_retired_total", "Plugin versions replaced and no longer used by any request.");
    describe_gauge!("planogram_workers_lost", "Ranking workers written off because a plugin never returned.");
    describe_counter!("planogram_served_dropped_total", "Served records dropped because the side journal was full.");
}

/// The metrics as Prometheus reads them.
pub fn render(engine: Option<&Arc<Engine>>) -> String {
    let handle = recorder();
    match engine {
        None => metrics::gauge!("planogram_ready").set(0.0),
        Some(engine) => {
            read_status(&engine.status());
            engine.plugins().iter().for_each(read_plugin);
        }
    }
    handle.run_upkeep();
    handle.render()
}

fn read_status(status: &Status) {
    use metrics::{counter, gauge};
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64);
    gauge!("planogram_ready").set(f64::from(u8::from(status.ready)));
    gauge!("planogram_log_seq").set(status.as_of.seq as f64);
    gauge!("planogram_text_lag_entries").set(status.as_of.seq.saturating_sub(status.as_of.text_seq) as f64);
    gauge!("planogram_snapshot_age_seconds").set(now_ms.saturating_sub(status.now_ms) as f64 / 1000.0);
    gauge!("planogram_products").set(status.products as f64);
    gauge!("planogram_variants").set(status.variants as f64);
    gauge!("planogram_visitors").set(status.visitors as f64);
    gauge!("planogram_library_mappings").set(status.mappings.0 as f64);
    gauge!("planogram_library_mappings_max").set(status.mappings.1 as f64);
    gauge!("planogram_plugin_threads_lost").set(status.threads_lost as f64);
    counter!("planogram_plugins_retired_total").absolute(status.plugins_retired);
    gauge!("planogram_workers_lost").set(status.workers_lost as f64);
    counter!("planogram_served_dropped_total").absolute(status.served_dropped);
}

fn read_plugin(plugin: &PluginInfo) {
    use metrics::{counter, gauge};
    let name = || plugin.name.clone();
    let breaker = match plugin.breaker.as_str() {
        "open" => 2.0,
        "half-open" => 1.0,
        _ => 0.0,
    };
    counter!("planogram_plugin_calls_total", "plugin" => name()).absolute(plugin.calls);
    for (reason, count) in &plugin.faults {
        counter!("planogram_plugin_faults_total", "plugin" => name(), "reason" => reason.clone()).absolute(*count);
    }
    gauge!("planogram_plugin_breaker", "plugin" => name()).set(breaker);
    gauge!("planogram_plugin_running", "plugin" => name()).set(f64::from(u8::from(plugin.state == "running")));
    gauge!("planogram_plugin_observer_lag_entries", "plugin" => name()).set(plugin.observer_lag as f64);
}

/// Starts the server's log on standard error; `RUST_LOG` beats the configured filter.
pub fn log(settings: &Log) {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(&settings.filter));
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if settings.format == "json" { builder.json().try_init() } else { builder.try_init() };
    // A test or an embedding program has a log already: that one stays.
    drop(installed);
}
