//! How are plugins looked after while the shop runs?
//!
//! What is loaded, how it is doing, the swap of a version, and the questions plugins answer.

use std::sync::Arc;

use planogram_abi::Problem;

use super::Engine;
use super::epochs::EpochJob;
use super::observe::ObserverJob;
use super::types::*;
use crate::config::document::DocumentKey;
use crate::host::{AskError, Attempt};
use crate::log::entry::Body;
use crate::pipeline::explain;
use crate::pipeline::request::ListRequest;

impl Engine {
    /// Every configured plugin: running, refused, missing.
    pub fn plugins(&self) -> Vec<PluginInfo> {
        let mut infos = self.publisher.current().epoch.plugins.infos();
        let lag = self.observer_lag();
        infos.iter_mut().filter(|info| info.contributions.iter().any(|(kind, _)| kind == "observer")).for_each(
            |info| {
                info.observer_lag = lag;
            },
        );
        infos
    }

    /// Loads a plugin's library anew. Requests that run keep the version they began with; later ones get the new
    /// one.
    ///
    /// # Errors
    /// Expected …, got …; the previous version keeps serving.
    pub fn reload_plugin(&self, name: &str) -> Result<PluginInfo, ReloadError> {
        let refused = |message: &str| ReloadError { plugin: name.into(), message: message.into(), unknown: false };
        let (done, outcome) = crossbeam_channel::bounded(1);
        let job = EpochJob::Reload { plugin: name.to_owned(), done };
        self.send(|machinery| machinery.epochs.send(job).is_ok()).map_err(|_| refused("the engine is closing"))?;
        outcome.recv().map_err(|_| refused("the engine is closing"))??;
        let running = self.plugins().into_iter().find(|info| info.name == name);
        let info = running.ok_or_else(|| refused("it was loaded and has gone again"))?;
        let observers = self.host.observers();
        drop(self.send(|machinery| machinery.observers.send(ObserverJob::Swap(observers)).is_ok()));
        if !self.read_only {
            let body = Body::Plugin {
                name: name.to_owned(),
                content_hash: Some(info.content_hash.clone()),
                version: info.version.clone(),
            };
            let options = WriteOptions { actor: "system".into(), ..WriteOptions::default() };
            self.submit(body, options)
                .map_err(|error| refused(&format!("it runs, but the log does not say so: {error}")))?;
        }
        Ok(info)
    }

    /// Questions that several plugins may answer together, because their kind is nobody's kind of document: kind, name,
    /// what it is about.
    pub fn shared_questions(&self) -> Vec<(String, String, String)> {
        let epoch = self.publisher.current().epoch.clone();
        let shared = epoch.plugins.shared_questions();
        shared.into_iter().map(|q| (q.kind.clone(), q.name.clone(), q.about.clone())).collect()
    }

    /// Asks the owner of a kind one of its questions, or everybody who answers a shared one, in the store view, at the
    /// time and under the overlays that `of` names; argument and answers are JSON text, and each answer comes with the
    /// name of its plugin.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] when nobody answers it, for an unknown store view, and for an overlay without a draft, which
    /// would be answered of the live shop; [`WriteError::Refused`] when a plugin finds the argument wrong.
    pub fn ask(
        self: &Arc<Self>,
        kind: &str,
        question: &str,
        argument: &str,
        of: &ShopAsk,
    ) -> Result<Vec<(String, String)>, WriteError> {
        let snapshot = self.publisher.current();
        if let Some(name) = snapshot.epoch.store.without_drafts(&of.overlays).next() {
            return Err(WriteError::NotFound { what: "draft in the overlay".into(), name: name.to_owned() });
        }
        let epoch = self.epochs.under(&snapshot, snapshot.epoch.effective(of.overlays.clone()));
        let words = [kind, question, argument].map(str::to_owned);
        let (store_view, now_ms) = (of.store_view.clone(), of.now_ms);
        let request = ListRequest { store_view, now_ms, ..ListRequest::plain("question") };
        let job = move |attempt: &Attempt| {
            let [kind, question, argument] = &words;
            explain::with_context(&snapshot, &epoch, &request, attempt, |context| {
                epoch.plugins.ask(context, kind, question, argument)
            })
        };
        let asked =
            self.pool.run(Arc::new(job), self.deadline).map_err(|error| WriteError::Failed(error.to_string()))?;
        let asked = asked.map_err(|error| match error {
            QueryError::NotFound { what, name } => WriteError::NotFound { what, name },
            other => WriteError::Failed(other.to_string()),
        });
        asked?.map_err(|error| match error {
            AskError::Unknown { .. } => {
                WriteError::NotFound { what: format!("question of kind `{kind}`"), name: question.into() }
            }
            AskError::Refused { message, .. } => {
                let key = DocumentKey { kind: kind.into(), scope: String::new(), id: question.into() };
                let problems = vec![Problem::new("", message, "what the question takes")];
                WriteError::Refused { key, problems }
            }
            other => WriteError::Failed(other.to_string()),
        })
    }
}
