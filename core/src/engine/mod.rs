//! What can a caller do with a shop?
//!
//! The engine is the kernel's one front door: open, search, category, recommend, page, ingest, configure,
//! reload. Writes block until they are acknowledged; reads run on the ranking pool.

pub mod types;

use std::sync::Arc;

use crate::catalog::doc::{CategoryChange, ProductDoc, ProductPatch};
use crate::config::document::{Document, DocumentState, DocumentWrite};
use crate::id::Seq;
use crate::log::entry::Entry;
use crate::pipeline::request::{ListAnswer, ListRequest};
use crate::signal::event::Event;
use types::*;

/// Why a shop could not be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(pub String);

/// A shop, open for business.
pub struct Engine;

#[allow(unused_variables, missing_docs)]
impl Engine {
    pub fn open(config: EngineConfig) -> Result<Arc<Engine>, OpenError> { Ok(Arc::new(Engine)) }
    /// Answers on the ranking pool; `reply` is called exactly once, possibly on another thread.
    pub fn submit_list(self: &Arc<Self>, request: ListRequest, reply: Box<dyn FnOnce(Result<ListAnswer, QueryError>) + Send>) { reply(Err(QueryError::Internal("stub".into()))) }
    pub fn submit_page(self: &Arc<Self>, request: PageRequest, reply: Box<dyn FnOnce(Result<PageAnswer, QueryError>) + Send>) { reply(Err(QueryError::Internal("stub".into()))) }
    /// "Why is this sku not here?": what first stopped it, or where it stands.
    pub fn explain_absence(&self, request: ListRequest, sku: &str) -> Result<String, QueryError> { Ok(String::new()) }
    pub fn put_products(&self, docs: Vec<ProductDoc>, options: WriteOptions) -> Result<Receipt, WriteError> { Ok(Receipt::default()) }
    pub fn patch_products(&self, patches: Vec<ProductPatch>, options: WriteOptions) -> Result<Receipt, WriteError> { Ok(Receipt::default()) }
    pub fn delete_products(&self, skus: Vec<String>, options: WriteOptions) -> Result<Receipt, WriteError> { Ok(Receipt::default()) }
    pub fn change_categories(&self, changes: Vec<CategoryChange>, options: WriteOptions) -> Result<Receipt, WriteError> { Ok(Receipt::default()) }
    pub fn ingest_events(&self, events: Vec<Event>, options: WriteOptions) -> Result<Receipt, WriteError> { Ok(Receipt::default()) }
    /// Writes documents, all or none; returns the stored revisions and the log position.
    pub fn write_config(&self, writes: Vec<DocumentWrite>, options: WriteOptions) -> Result<(Vec<Document>, Seq), WriteError> { Ok((vec![], 0)) }
    pub fn config_kinds(&self) -> Vec<KindInfo> { vec![] }
    pub fn config_list(&self, kind: &str, scope: Option<&str>) -> Result<Vec<DocumentView>, WriteError> { Ok(vec![]) }
    pub fn config_get(&self, kind: &str, scope: &str, id: &str, state: DocumentState, overlay: &str) -> Result<Option<DocumentView>, WriteError> { Ok(None) }
    /// All revisions, newest first.
    pub fn config_history(&self, kind: &str, scope: &str, id: &str) -> Result<Vec<Document>, WriteError> { Ok(vec![]) }
    pub fn ask(&self, kind: &str, question: &str, argument: &str) -> Result<String, WriteError> { Ok(String::new()) }
    pub fn plugins(&self) -> Vec<PluginInfo> { vec![] }
    /// Loads the plugin's library anew; on any failure the previous version keeps serving.
    pub fn reload_plugin(&self, name: &str) -> Result<PluginInfo, ReloadError> { Ok(PluginInfo::default()) }
    pub fn read_log(&self, from: Seq, max: usize) -> Result<Vec<Entry>, String> { Ok(vec![]) }
    /// Product as stored, for `GET /v1/products/{sku}`.
    pub fn product(&self, sku: &str) -> Option<ProductDoc> { None }
    pub fn store_views(&self) -> Vec<(String, String)> { vec![] }
    pub fn status(&self) -> Status { Status::default() }
    /// Waits until everything written so far is visible, text included.
    pub fn flush(&self) -> Result<(), WriteError> { Ok(()) }
    /// Drains, syncs, writes a snapshot file. Later calls answer `Closing`.
    pub fn close(&self) {}
}
