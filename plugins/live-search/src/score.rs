//! How do the signals reach the score?
//!
//! The first column passed in is the text score, the others are the signals in their order. A query rule may
//! ask for one signal instead of the mixture; under an explicit sort it has no say.
//! What is not here: the formulas (see [`crate::behavior`] and [`crate::evidence`]).

use planogram_abi::{Call, Outcome, ScoreBatch};
use planogram_rules::Facts;

use crate::evidence::{Columns, Evidence};
use crate::state::State;

/// The scorer of the signals.
pub fn score(state: &State, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    let request = &call.request;
    let strategy = match state.rules.any_strategy() && !request.explicit_sort {
        true => state.rules.strategy(&Facts::of(call)),
        false => None,
    };
    let (text, signals) = batch.columns.split_first().ok_or("the text column is missing")?;
    let text = (!request.text.is_empty()).then_some(*text);
    state.behavior.add(strategy, text, signals, batch.out[0]);
    Ok(())
}

/// The scorer of the evidence from earlier searches.
pub fn evidence(state: &State, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    let [text, evidence, rest @ ..] = batch.columns else { return Err("the evidence column is missing".into()) };
    let settings = state.settings.evidence;
    let weights = Evidence { budget: settings.budget, exploration: settings.exploration };
    let columns = Columns { text, evidence, novelty: rest.first().copied() };
    weights.add(columns, batch.items, call.request.seed, batch.out[0]);
    Ok(())
}
