//! What can an operator set, and what holds when nothing is set?
//!
//! Every default of the plugin stands in this file. Signals are merged key by key over the shipped ones, so
//! that a shop can move one weight without repeating the rest; a weight of 0 switches a signal off, and its
//! column is then not even gathered.

use std::collections::BTreeMap;

use planogram_abi::limits::{COLUMNS_MAX, NAME_BYTES_MAX};
use planogram_rules::{Limits, Resolution};
use serde::Deserialize;

use crate::behavior::{Behavior, Curve, Signal};
use crate::ranker::RankerSettings;

/// The 33 English stop words that are stripped from synonyms.
const STOP_WORDS: &str = "a an and are as at be but by for if in into is it no not of on or such that the their then \
                          there these they this to was will with";

/// The shipped signals: column, weight, curve. Weights are relative to each other.
const SIGNALS: [(&str, f32, Curve); 7] = [
    ("purchases.7d", 0.30, Curve::Saturating { half: 10.0 }),
    ("carts.7d", 0.15, Curve::Saturating { half: 20.0 }),
    ("views.7d", 0.15, Curve::Saturating { half: 100.0 }),
    ("trending", 0.10, Curve::Ramp { from: 1.0, to: 3.0 }),
    ("attribute.rating", 0.10, Curve::Ramp { from: 2.5, to: 5.0 }),
    ("in_stock", 0.10, Curve::Ramp { from: 0.0, to: 1.0 }),
    ("age_days", 0.10, Curve::Ramp { from: 90.0, to: 0.0 }),
];

/// The plugin's settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Signals added to the text score.
    pub behavior: BehaviorSettings,
    /// What earlier searches for the same led to.
    pub evidence: EvidenceSettings,
    /// Synonyms.
    pub synonyms: SynonymSettings,
    /// Query rules: how many, and how large.
    pub rules: Limits,
    /// How many of the matching rules apply.
    pub resolution: Resolution,
    /// Redirects.
    pub redirects: RedirectSettings,
    /// The learned ranker.
    pub ranker: RankerSettings,
}

/// Settings of the signals.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BehaviorSettings {
    /// Most that all signals together add to an item, as a share of its own text score.
    pub budget: f32,
    /// Most that they add when there is no text to match, as a score.
    pub browse_budget: f32,
    /// Column → what differs from the shipped signal of that column.
    pub signals: BTreeMap<String, SignalSettings>,
}

impl Default for BehaviorSettings {
    fn default() -> Self {
        Self { budget: 0.3, browse_budget: 1.0, signals: BTreeMap::new() }
    }
}

/// Settings of the evidence from earlier searches.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceSettings {
    /// Most that it adds to an item or takes from it, in best text scores of the list.
    pub budget: f32,
    /// Most that an item gets for being seldom seen, as a share of its own text score.
    pub exploration: f32,
}

impl Default for EvidenceSettings {
    fn default() -> Self {
        Self { budget: 6.0, exploration: 0.0 }
    }
}

/// Settings of one signal: a weight, and either `half` or `from` and `to`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalSettings {
    /// Relative to the other weights.
    pub weight: Option<f32>,
    /// The value that counts half.
    pub half: Option<f32>,
    /// The value that counts nothing.
    pub from: Option<f32>,
    /// The value that counts fully; may lie below `from`.
    pub to: Option<f32>,
}

/// Settings of the synonyms.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SynonymSettings {
    /// Factor on the text score of a word that the shopper did not type.
    pub weight: f32,
    /// Whether everyday words that mean the same find each other without a document.
    pub everyday: bool,
    /// Factor on the text score of an everyday word that the shopper did not type.
    pub everyday_weight: f32,
    /// Documents in one scope.
    pub per_scope_max: usize,
    /// Terms of one document.
    pub terms_max: usize,
    /// Words stripped from terms.
    pub stop_words: Vec<String>,
}

impl Default for SynonymSettings {
    fn default() -> Self {
        let stop_words = STOP_WORDS.split_whitespace().map(str::to_owned).collect();
        Self { weight: 0.9, everyday: true, everyday_weight: 0.6, per_scope_max: 10_000, terms_max: 50, stop_words }
    }
}

/// Settings of the redirects.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectSettings {
    /// Documents in one scope.
    pub per_scope_max: usize,
}

impl Default for RedirectSettings {
    fn default() -> Self {
        Self { per_scope_max: 10_000 }
    }
}

impl Settings {
    /// Reads and checks the settings, a JSON object; blank text is the same as `{}`.
    ///
    /// # Errors
    /// Names the key path, the value and what is allowed.
    pub fn read(json: &str) -> Result<Self, String> {
        let json = if json.trim().is_empty() { "{}" } else { json };
        let settings: Self = serde_json::from_str(json).map_err(|error| format!("settings: {error}"))?;
        settings.rules.check("rules")?;
        let (synonyms, redirects) = (&settings.synonyms, &settings.redirects);
        in_range("evidence.budget", settings.evidence.budget, 0.0, 100.0)?;
        in_range("evidence.exploration", settings.evidence.exploration, 0.0, 1.0)?;
        in_range("synonyms.weight", synonyms.weight, f32::MIN_POSITIVE, 1.0)?;
        in_range("synonyms.everyday_weight", synonyms.everyday_weight, f32::MIN_POSITIVE, 1.0)?;
        in_range("synonyms.per_scope_max", synonyms.per_scope_max, 1, 1_000_000)?;
        in_range("synonyms.terms_max", synonyms.terms_max, 2, 1_000)?;
        in_range("redirects.per_scope_max", redirects.per_scope_max, 1, 1_000_000)?;
        settings.behavior()?;
        settings.ranker.check()?;
        Ok(settings)
    }

    /// What the signal settings mean: signals with a weight above 0, ordered as shipped, then by column name.
    ///
    /// # Errors
    /// Names the key path, the value and what is allowed.
    pub fn behavior(&self) -> Result<Behavior, String> {
        let said = &self.behavior;
        in_range("behavior.budget", said.budget, 0.0, 10.0)?;
        in_range("behavior.browse_budget", said.browse_budget, 0.0, 1_000_000.0)?;
        let nothing = SignalSettings::default();
        let mut signals = Vec::new();
        for (column, weight, curve) in SIGNALS {
            let signal = said.signals.get(column).unwrap_or(&nothing);
            signals.push(merge(column, signal, weight, Some(curve))?);
        }
        for (column, signal) in &said.signals {
            if !SIGNALS.iter().any(|(shipped, ..)| shipped == column) {
                signals.push(merge(column, signal, 0.0, None)?);
            }
        }
        signals.retain(|signal| signal.weight > 0.0);
        // The text column is read beside them.
        in_range("behavior.signals (those with a weight)", signals.len(), 0, COLUMNS_MAX - 1)?;
        Ok(Behavior { budget: said.budget, browse_budget: said.browse_budget, signals })
    }
}

/// The signal of `column`: what was said over what is shipped.
fn merge(column: &str, said: &SignalSettings, weight: f32, shipped: Option<Curve>) -> Result<Signal, String> {
    let path = format!("behavior.signals.\"{column}\"");
    if column.is_empty() || column.len() > NAME_BYTES_MAX {
        return Err(format!("`{path}` has a name of {} bytes, allowed are 1 to {NAME_BYTES_MAX}", column.len()));
    }
    let weight = said.weight.unwrap_or(weight);
    in_range(&format!("{path}.weight"), weight, 0.0, 1_000.0)?;
    let curve = match (said.half, said.from, said.to) {
        (None, None, None) => {
            shipped.ok_or(format!("`{path}` has no curve, allowed are `half`, or `from` and `to`"))?
        }
        (Some(half), None, None) => {
            in_range(&format!("{path}.half"), half, f32::MIN_POSITIVE, f32::MAX)?;
            Curve::Saturating { half }
        }
        (None, Some(from), Some(to)) => {
            in_range(&format!("{path}.from"), from, -1e9, 1e9)?;
            in_range(&format!("{path}.to"), to, -1e9, 1e9)?;
            if from == to {
                return Err(format!("`{path}.to` is {to}, it must differ from `from`"));
            }
            Curve::Ramp { from, to }
        }
        _ => return Err(format!("`{path}` mixes curves, allowed are `half`, or `from` and `to`")),
    };
    Ok(Signal { column: column.to_owned(), weight, curve })
}

fn in_range<T: PartialOrd + std::fmt::Display>(path: &str, value: T, least: T, most: T) -> Result<(), String> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(format!("`{path}` is {value}, allowed are {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_shipped_plugin() {
        let settings = Settings::read("").unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.synonyms.stop_words.len(), 33);
        assert_eq!(settings.behavior().unwrap().signals.len(), SIGNALS.len());
    }

    #[test]
    fn signals_are_merged_over_the_shipped_ones() {
        let json = r#"{"behavior":{"signals":{
            "views.7d":{"weight":0.5},
            "trending":{"weight":0},
            "discount":{"weight":0.1,"from":0,"to":0.5}}}}"#;
        let behavior = Settings::read(json).unwrap().behavior().unwrap();
        let find = |column: &str| behavior.signals.iter().find(|signal| signal.column == column);
        assert_eq!(find("views.7d").unwrap().weight, 0.5);
        assert_eq!(find("views.7d").unwrap().curve, Curve::Saturating { half: 100.0 });
        assert_eq!(find("trending"), None);
        assert_eq!(find("discount").unwrap().curve, Curve::Ramp { from: 0.0, to: 0.5 });
    }

    #[test]
    fn a_bad_setting_is_named() {
        let check = |json: &str, expected: &str| {
            let message = Settings::read(json).expect_err(json);
            assert!(message.contains(expected), "{json}: {message}");
        };
        check(r#"{"budget":1}"#, "unknown field `budget`");
        check(r#"{"behavior":{"budget":-1}}"#, "`behavior.budget` is -1, allowed are 0 to 10");
        check(r#"{"behavior":{"signals":{"views.7d":{"weight":-1}}}}"#, "`behavior.signals.\"views.7d\".weight` is -1");
        check(r#"{"behavior":{"signals":{"views.7d":{"half":0}}}}"#, "`behavior.signals.\"views.7d\".half` is 0");
        check(r#"{"behavior":{"signals":{"discount":{"weight":1}}}}"#, "`behavior.signals.\"discount\"` has no curve");
        check(r#"{"behavior":{"signals":{"views.7d":{"half":1,"to":2}}}}"#, "mixes curves");
        check(r#"{"behavior":{"signals":{"discount":{"from":1,"to":1}}}}"#, "must differ");
        check(r#"{"evidence":{"budget":-1}}"#, "`evidence.budget` is -1, allowed are 0 to 100");
        check(r#"{"synonyms":{"weight":0}}"#, "`synonyms.weight` is 0");
        check(r#"{"rules":{"conditions_max":1001}}"#, "`rules.conditions_max` is 1001");
        check(r#"{"resolution":"best"}"#, "unknown variant `best`");
        check("[", "settings: ");
    }
}
