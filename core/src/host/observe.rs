//! How does a plugin learn?
//!
//! An [`ObserverSlot`] is one observer with its state, fed by whoever folds the log: one thread, in log order. Its code
//! runs on a helper thread of its own, so that one that never returns holds nobody up for longer than the budget of a
//! call; it is then out until its plugin is loaded anew. A fold that fails is a fault like any other and leaves the
//! decision to the caller. Columns are bounded and finite before anybody reads them.

use std::sync::Arc;

use planogram_abi::EventBatch;
use planogram_abi::table::{CallError, DescribedRole, ObserverHandle};

use super::control::{Control, Worker};
use super::guard::{Fault, FaultReason, reason_of};
use super::instance::Running;

/// One observer of one running plugin.
#[derive(Debug)]
pub struct ObserverSlot {
    running: Arc<Running>,
    name: String,
    label: String,
    /// The thread that owns the state, or why there is none.
    observer: Result<Worker<ObserverHandle>, (FaultReason, String)>,
}

impl ObserverSlot {
    pub(super) fn all_of(running: &Arc<Running>, control: &Control) -> Vec<Self> {
        let contributions = running.description.contributions.iter().enumerate();
        let observers = contributions.filter(|(_, described)| described.role == DescribedRole::Observer);
        let slot = |(index, described): (usize, &planogram_abi::table::Described)| Self {
            running: Arc::clone(running),
            name: described.name.clone(),
            label: format!("{}/{}", running.name, described.name),
            observer: start(running, index as u32, control),
        };
        observers.map(slot).collect()
    }

    /// Name of the plugin.
    pub fn plugin(&self) -> &str {
        &self.running.name
    }

    /// `plugin/name`, the key of its saved state.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether it can still be called: one that could not be made, or never returned, cannot.
    pub fn works(&self) -> bool {
        self.observer.is_ok()
    }

    fn fault(&self, reason: FaultReason, detail: String) -> Fault {
        self.running.guard.fail(reason);
        Fault { plugin: self.running.name.clone(), contribution: self.name.clone(), reason, detail }
    }

    /// Runs `body` on the observer's thread.
    fn each<T: Send + 'static>(
        &mut self,
        what: &str,
        body: impl FnOnce(&mut ObserverHandle) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, Fault> {
        let worker = self.observer.as_ref().map_err(|(reason, detail)| self.fault(*reason, detail.clone()))?;
        match worker.run(what, body) {
            Ok(outcome) => outcome.map_err(|error| {
                let (reason, detail) = reason_of(&error);
                self.fault(reason, detail)
            }),
            Err(late) => {
                self.observer = Err((FaultReason::Late, late.clone()));
                Err(self.fault(FaultReason::Late, late))
            }
        }
    }

    /// Takes a batch in.
    ///
    /// # Errors
    /// How the plugin broke; its state is then what it left behind.
    pub fn fold(&mut self, events: &Arc<EventColumns>) -> Result<(), Fault> {
        let events = Arc::clone(events);
        self.each("fold", move |observer| observer.fold(&events.lend()))
    }

    /// The learned columns as `plugin/name`, each at most `n_items` long; rows past its end are missing.
    ///
    /// # Errors
    /// How the plugin broke, or which column is too long or infinite. NaN is allowed: missing.
    pub fn freeze(&mut self, n_items: u32) -> Result<Vec<(String, Vec<f32>)>, Fault> {
        let columns = self.each("freeze", |observer| observer.freeze())?;
        for (name, values) in &columns {
            let detail = if values.len() > n_items as usize {
                format!("column `{name}` has {} rows, there are {n_items} items", values.len())
            } else if let Some(row) = values.iter().position(|value| value.is_infinite()) {
                format!("column `{name}` is infinite in row {row}")
            } else {
                continue;
            };
            return Err(self.fault(FaultReason::BadOutput, detail));
        }
        let plugin = &self.running.name;
        Ok(columns.into_iter().map(|(name, values)| (format!("{plugin}/{name}"), values)).collect())
    }

    /// The whole state as bytes.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn save(&mut self) -> Result<Vec<u8>, Fault> {
        self.each("save", |observer| observer.save())
    }

    /// Replaces the state by saved bytes.
    ///
    /// # Errors
    /// How the plugin broke, for instance because another version saved them.
    pub fn load(&mut self, state: &[u8]) -> Result<(), Fault> {
        let state = state.to_owned();
        self.each("load", move |observer| observer.load(&state))
    }
}

/// Makes the observer and the thread that owns it.
fn start(running: &Running, index: u32, control: &Control) -> Result<Worker<ObserverHandle>, (FaultReason, String)> {
    let instance = Arc::clone(&running.instance);
    let made = control.within("observe", move || instance.observe(index));
    let observer = made.map_err(|late| (FaultReason::Late, late))?.map_err(|error| reason_of(&error))?;
    control.worker("observer", observer).map_err(|message| (FaultReason::Failed, message))
}

/// Counted events as columns, row by row in log order; see [`EventBatch`] for what each holds. All observers share one.
#[derive(Debug, Default)]
pub struct EventColumns {
    /// Log positions.
    pub seqs: Vec<u64>,
    /// Event times.
    pub times_ms: Vec<i64>,
    /// Event kind codes.
    pub kinds: Vec<u32>,
    /// Items.
    pub items: Vec<u32>,
    /// Session keys.
    pub sessions: Vec<u64>,
    /// Visitor keys.
    pub visitors: Vec<u64>,
    /// How many.
    pub quantities: Vec<f32>,
}

impl EventColumns {
    fn lend(&self) -> EventBatch<'_> {
        EventBatch {
            seqs: &self.seqs,
            times_ms: &self.times_ms,
            kinds: &self.kinds,
            items: &self.items,
            sessions: &self.sessions,
            visitors: &self.visitors,
            quantities: &self.quantities,
        }
    }
}
