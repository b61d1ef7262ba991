//! Which configuration is in force, and which plugins were prepared for it?
//!
//! An epoch binds the documents seen under one set of overlays to what was made of them: the typed [`Shop`] and
//! the plugins' prepared states. It is built off the request path and never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::{HashMap, Vector};
use planogram_abi::{ConditionId, Problem};

use super::{Shop, assign};
use crate::catalog::Catalog;
use crate::config::store::{Selection, Store};
use crate::expr::{self, Condition, ConditionIndex, EvalContext, StoredCondition};
use crate::host::{PluginSet, Slot};
use crate::id::ItemId;

/// One configuration with everything prepared for it.
pub struct Epoch {
    /// Revision of the configuration.
    pub revision: u64,
    /// All documents.
    pub store: Store,
    /// Drafts laid over the live documents, in order; empty for the live shop.
    pub overlays: Vec<String>,
    /// The kernel's own settings.
    pub shop: Shop,
    /// Conditions that plugins compiled.
    pub conditions: Conditions,
    /// The plugins.
    pub plugins: Arc<PluginSet>,
    /// Plugins that could not prepare for this epoch, with what they said; each keeps its previous state.
    pub unprepared: BTreeMap<String, String>,
    /// Conditions that plugins handed in while they prepared and that could not be read.
    pub misread: Vec<Misread>,
    /// Kinds of which a document is in force here.
    pub kinds_in_use: BTreeSet<String>,
    /// Overlays that hold a draft.
    pub drafted: Arc<BTreeSet<String>>,
    /// Of the live shop: what visitors in experiments see, by the overlays of their arms. Made and retired together
    /// with the live shop, so that no visitor waits for their arm.
    pub arms: BTreeMap<Vec<String>, Arc<Epoch>>,
}

/// A condition of a plugin's that could not be read.
#[derive(Clone, Debug)]
pub struct Misread {
    /// Its JSON text.
    pub condition: String,
    /// What is wrong with it, with pointers into it.
    pub problems: Vec<Problem>,
}

impl Epoch {
    /// The documents as this epoch sees them.
    pub fn documents(&self) -> Selection<'_> {
        self.store.select(&self.overlays)
    }

    /// Whether a scorer takes part: one that is named after a kind of document does where there is such a document.
    pub fn is_awake(&self, scorer: &Slot) -> bool {
        scorer.learned_kind().is_none_or(|kind| self.kinds_in_use.contains(kind))
    }

    /// The overlays of a list that change anything, each once, at its last place.
    pub fn effective(&self, overlays: Vec<String>) -> Vec<String> {
        let drafted = |overlay: &String| self.drafted.contains(overlay);
        assign::each_once(overlays.into_iter().filter(drafted).collect())
    }
}

/// Conditions compiled so far. The table only grows and equal conditions share an id, so that an id stays good
/// for prepared states that outlive the epoch they were made in.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    table: Vector<Arc<StoredCondition>>,
    /// Ids by the condition's JSON text.
    ids: HashMap<Arc<str>, ConditionId>,
    /// Those that plugins want to be told of when a product satisfies them.
    index: ConditionIndex,
}

impl Conditions {
    /// The condition of an id.
    pub fn get(&self, id: ConditionId) -> Option<&StoredCondition> {
        self.table.get(id.0 as usize).map(|condition| &**condition)
    }

    /// Lets [`Conditions::satisfied`] tell of a condition from now on; one that was never compiled is passed over.
    pub fn index(&mut self, id: ConditionId) {
        if let Some(condition) = self.table.get(id.0 as usize) {
            self.index.insert(id, condition.condition());
        }
    }

    /// The indexed conditions that a product satisfies, ascending. The table only grows, so that conditions of
    /// documents that are gone may be among them.
    pub fn satisfied(&self, catalog: &Catalog, item: ItemId, context: &EvalContext<'_>) -> Vec<ConditionId> {
        let holds = |stored: &StoredCondition| expr::holds_for(stored.condition(), catalog, item, context);
        let mut found = self.index.candidates(context.members(catalog), item);
        found.retain(|id| self.get(*id).is_some_and(holds));
        found
    }

    /// The id of a condition, new or not.
    pub fn intern(&mut self, condition: Condition) -> ConditionId {
        let stored = StoredCondition::new(condition);
        if let Some(&known) = self.ids.get(stored.text()) {
            return known;
        }
        let id = ConditionId(self.table.len() as u32);
        self.ids.insert(stored.text().clone(), id);
        self.table.push_back(Arc::new(stored));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_conditions_share_an_id() {
        let mut conditions = Conditions::default();
        let all = conditions.intern(Condition::All(vec![]));
        let any = conditions.intern(Condition::Any(vec![]));
        assert_eq!(conditions.intern(Condition::All(vec![])), all);
        assert_ne!(all, any);
        assert_eq!(conditions.get(any).map(StoredCondition::condition), Some(&Condition::Any(vec![])));
        assert_eq!(conditions.get(ConditionId(9)), None);
    }
}
