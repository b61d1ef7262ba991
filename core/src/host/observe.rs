//! How does a plugin learn?
//!
//! An [`ObserverSlot`] is one observer with its state, owned by whoever folds the log: one thread, in log order.
//! It is off the request path, so nothing here is watched for time; a fold that fails is a fault like any other
//! and leaves the decision to the caller. Columns are bounded and finite before anybody reads them.

use std::sync::Arc;

use planogram_abi::EventBatch;
use planogram_abi::table::{CallError, DescribedRole, ObserverHandle};

use super::guard::{Fault, FaultReason, reason_of};
use super::instance::Running;

/// One observer of one running plugin.
#[derive(Debug)]
pub struct ObserverSlot {
    running: Arc<Running>,
    name: String,
    label: String,
    observer: Result<ObserverHandle, CallError>,
}

impl ObserverSlot {
    pub(super) fn all_of(running: &Arc<Running>) -> Vec<Self> {
        let contributions = running.description.contributions.iter().enumerate();
        let observers = contributions.filter(|(_, described)| described.role == DescribedRole::Observer);
        let slot = |(index, described): (usize, &planogram_abi::table::Described)| Self {
            running: Arc::clone(running),
            name: described.name.clone(),
            label: format!("{}/{}", running.name, described.name),
            observer: running.instance.observe(index as u32),
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

    fn judged<T>(&self, outcome: Result<T, CallError>) -> Result<T, Fault> {
        outcome.map_err(|error| {
            let (reason, detail) = reason_of(&error);
            self.running.guard.fail(reason);
            self.fault(reason, detail)
        })
    }

    fn fault(&self, reason: FaultReason, detail: String) -> Fault {
        Fault { plugin: self.running.name.clone(), contribution: self.name.clone(), reason, detail }
    }

    fn each<T>(&mut self, body: impl FnOnce(&mut ObserverHandle) -> Result<T, CallError>) -> Result<T, Fault> {
        let outcome = match &mut self.observer {
            Ok(observer) => body(observer),
            Err(error) => Err(error.clone()),
        };
        self.judged(outcome)
    }

    /// Takes a batch in.
    ///
    /// # Errors
    /// How the plugin broke; its state is then what it left behind.
    pub fn fold(&mut self, events: &EventBatch<'_>) -> Result<(), Fault> {
        self.each(|observer| observer.fold(events))
    }

    /// The learned columns as `plugin/name`, each at most `n_items` long; rows past its end are missing.
    ///
    /// # Errors
    /// How the plugin broke, or which column is too long or infinite. NaN is allowed: missing.
    pub fn freeze(&mut self, n_items: u32) -> Result<Vec<(String, Vec<f32>)>, Fault> {
        let columns = self.each(|observer| observer.freeze())?;
        for (name, values) in &columns {
            let detail = if values.len() > n_items as usize {
                format!("column `{name}` has {} rows, there are {n_items} items", values.len())
            } else if let Some(row) = values.iter().position(|value| value.is_infinite()) {
                format!("column `{name}` is infinite in row {row}")
            } else {
                continue;
            };
            self.running.guard.fail(FaultReason::BadOutput);
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
        self.each(|observer| observer.save())
    }

    /// Replaces the state by saved bytes.
    ///
    /// # Errors
    /// How the plugin broke, for instance because another version saved them.
    pub fn load(&mut self, state: &[u8]) -> Result<(), Fault> {
        self.each(|observer| observer.load(state))
    }
}
