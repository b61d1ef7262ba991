//! Which epoch does a request see?
//!
//! The live one, or one under overlays: those of the arms its visitor gets, and on top of them those it names
//! itself. An experiment runs when it is live, or under the overlay that holds its draft; arms' overlays start no
//! experiments of their own. What visitors can see is prepared with every publication and retires with it, so that
//! nobody waits for their arm; only previews are made on demand.

use std::collections::BTreeSet;
use std::sync::Arc;

use planogram_abi::Problem;
use tracing::warn;

use super::Engine;
use super::epochs::{EpochBuilder, build};
use super::types::{QueryError, WriteError};
use crate::config::document::{DocumentState, DocumentWrite};
use crate::host::Host;
use crate::id::TimeMs;
use crate::limits::ARM_COMBINATIONS_MAX;
use crate::pipeline::request::ListRequest;
use crate::snapshot::assign::{Arms, Experiments, Who};
use crate::snapshot::experiment::EXPERIMENT_KIND;
use crate::snapshot::{Epoch, Snapshot, read_experiments};

/// What decides which epoch a request sees.
pub struct Ask {
    overlays: Vec<String>,
    forced: Arms,
    visitor: Option<String>,
    store_view: String,
    now_ms: Option<TimeMs>,
}

impl Ask {
    /// What a request says of it. Whoever signs in keeps their arms as long as the visitor's id is sent.
    pub fn of(request: &ListRequest) -> Self {
        let shopper = &request.shopper;
        let ids = [&shopper.visitor, &shopper.customer];
        Self {
            overlays: request.overlays.clone(),
            forced: request.arms.clone(),
            visitor: ids.into_iter().flatten().find(|id| !id.is_empty()).cloned(),
            store_view: request.store_view.clone(),
            now_ms: request.now_ms,
        }
    }
}

/// What a request sees.
pub struct Seen {
    /// The epoch.
    pub epoch: Arc<Epoch>,
    /// The arms it was chosen by.
    pub arms: Arms,
}

impl EpochBuilder {
    /// What a request sees of a snapshot: always the same for the same request.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] for a forced arm that does not exist.
    pub fn see(&self, snapshot: &Snapshot, ask: &Ask) -> Result<Seen, QueryError> {
        let live = &snapshot.epoch;
        let named = live.effective(ask.overlays.clone());
        let drafted;
        let experiments = if named.is_empty() {
            &live.shop.experiments
        } else {
            // What cannot be read was reported when it was stored.
            drafted = read_experiments(&live.store.select(&named), &mut Vec::new());
            &drafted
        };
        if experiments.is_empty() && ask.forced.is_empty() {
            return Ok(Seen { epoch: self.under(snapshot, named), arms: Arms::new() });
        }
        // An unknown store view is refused later, by name.
        let view = live.shop.store_view(&ask.store_view).map_or_else(|| ask.store_view.clone(), |view| view.code);
        let who = Who {
            view: &view,
            now_ms: ask.now_ms.unwrap_or(snapshot.now_ms),
            visitor: ask.visitor.as_deref(),
            forced: &ask.forced,
        };
        let (arms, mut overlays) = experiments.assign(who).map_err(|unknown| QueryError::Invalid {
            parameter: "arms".into(),
            message: unknown.message,
            allowed: unknown.allowed,
        })?;
        overlays.extend(named);
        Ok(Seen { epoch: self.under(snapshot, live.effective(overlays)), arms })
    }
}

/// Prepares what visitors in experiments see of a live epoch that is about to be published.
pub fn prepare(host: &Host, live: &mut Epoch, now_ms: TimeMs) {
    let (sets, is_all) = combinations(&live.shop.experiments, live, now_ms);
    if !is_all {
        warn!(max = ARM_COMBINATIONS_MAX, "more combinations of arms than are prepared, the others are made on demand");
    }
    let sets: BTreeSet<Vec<String>> = sets.into_iter().map(|overlays| live.effective(overlays)).collect();
    let prepared = sets.into_iter().filter(|overlays| !overlays.is_empty()).map(|overlays| {
        let epoch = build(host, live.store.clone(), overlays.clone(), Some(live));
        (overlays, Arc::new(epoch))
    });
    live.arms = prepared.collect();
}

/// Says what authors of experiments should know, when it is news.
pub fn warn_of_remarks(new: &Epoch, old: &Epoch) {
    let known = old.shop.experiments.remarks(&old.store);
    for (key, remark) in new.shop.experiments.remarks(&new.store) {
        if !known.iter().any(|(known_key, said)| *known_key == key && *said == remark) {
            warn!(experiment = key.id, store_view = key.scope, remark, "experiment");
        }
    }
}

fn combinations(experiments: &Experiments, epoch: &Epoch, now_ms: TimeMs) -> (BTreeSet<Vec<String>>, bool) {
    let views: Vec<String> = epoch.shop.store_views().into_iter().map(|view| view.code).collect();
    experiments.combinations(&views, now_ms, ARM_COMBINATIONS_MAX - 1)
}

impl Engine {
    /// Refuses experiments that would show more combinations of arms than can be kept ready.
    pub(super) fn check_combinations(&self, epoch: &Epoch, writes: &[DocumentWrite]) -> Result<(), WriteError> {
        let is_experiment = |w: &&DocumentWrite| w.key.kind == EXPERIMENT_KIND && w.state == DocumentState::Live;
        let Some(write) = writes.iter().filter(is_experiment).find(|write| write.body.is_some()) else { return Ok(()) };
        let current = self.publisher.current();
        let mut store = epoch.store.clone();
        store.apply(writes, current.seq + 1, current.now_ms);
        let experiments = read_experiments(&store.select(&[]), &mut Vec::new());
        if combinations(&experiments, epoch, current.now_ms).1 {
            return Ok(());
        }
        let message = format!("with it visitors would see more than {ARM_COMBINATIONS_MAX} combinations of arms");
        let allowed = format!(
            "experiments whose arms make at most {ARM_COMBINATIONS_MAX} combinations of overlays, the live shop included"
        );
        Err(WriteError::Refused { key: write.key.clone(), problems: vec![Problem::new("/arms", message, allowed)] })
    }
}
