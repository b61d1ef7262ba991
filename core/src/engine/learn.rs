//! What can be learned from what was served?
//!
//! The records of what was answered, and the scorers whose documents can be learned from them. Learning itself, and the
//! judgement of what was learned, are a tool's business: the kernel only remembers and applies.

use std::io;

use planogram_abi::ListKind;

use super::Engine;
use super::types::LearnedScorer;
use crate::log::served::ServedRecord;

impl Engine {
    /// Hands over every served record that is kept, oldest first; returns what could not be read, in words.
    ///
    /// # Errors
    /// When the records cannot be read at all.
    pub fn each_served(&self, take: &mut dyn FnMut(&ServedRecord)) -> io::Result<Vec<String>> {
        self.served.each(take)
    }

    /// The scorers of searches that work by documents of a kind of their own, in configured order.
    pub fn learned_scorers(&self) -> Vec<LearnedScorer> {
        let plugins = self.publisher.current().epoch.plugins.clone();
        let scorers = plugins.learned_scorers(ListKind::Search);
        scorers
            .map(|slot| LearnedScorer {
                plugin: slot.plugin().to_owned(),
                kind: slot.name().to_owned(),
                reads: slot.reads().to_vec(),
                writes: slot.writes().iter().map(|output| format!("{}/{}", slot.plugin(), output.name)).collect(),
            })
            .collect()
    }
}
