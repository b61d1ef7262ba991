//! What did the shop learn about which results its shoppers choose?
//!
//! A linear model over columns, one document of the kind `ranker` a store view, applied to the top of the list:
//! `line = best · weight · φ(x)` for each column, where `best` is the highest score of the list, so that a weight means
//! the same for every query. Each line stands in the ledger by itself. How the weights are found is not known here.

use planogram_abi::limits::{COLUMNS_MAX, NAME_BYTES_MAX};
use planogram_abi::{Call, Combine, Document, Outcome, Problem, ScoreBatch};
use planogram_rules::read::{Object, show};
use planogram_rules::{Findings, Origin, Scopes};
use serde::Deserialize;
use serde_json::Value;

use crate::state::State;

/// What comes before a column's name in the name of its line.
const LINE_PREFIX: &str = "ranker.";
/// How many spreads from the center still count: a column cannot run away with a list.
const REACH: f32 = 3.0;

/// Columns that a ranker may weigh when the settings do not say.
const COLUMNS: [&str; 13] = [
    "text",
    "source.vector",
    "live-search/behavior",
    "price",
    "discount",
    "in_stock",
    "age_days",
    "attribute.rating",
    "views.7d",
    "carts.7d",
    "purchases.7d",
    "trending",
    "affinity",
];

/// Settings of the learned ranker.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RankerSettings {
    /// Columns that may be weighed; their values are kept with what was served. None switches the ranker off.
    pub columns: Vec<String>,
    /// Largest weight, as a share of the best score of the list.
    pub weight_max: f32,
}

impl Default for RankerSettings {
    fn default() -> Self {
        Self { columns: COLUMNS.iter().map(|column| (*column).to_owned()).collect(), weight_max: 1.0 }
    }
}

impl RankerSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// Names the key path, the value and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let (n, most) = (self.columns.len(), COLUMNS_MAX - 1);
        if n > most {
            return Err(format!("`ranker.columns` has {n} names, allowed are 0 to {most}"));
        }
        let longest = NAME_BYTES_MAX - LINE_PREFIX.len();
        for (at, column) in self.columns.iter().enumerate() {
            if column.is_empty() || column.len() > longest {
                return Err(format!(
                    "`ranker.columns` has a name of {} bytes, allowed are 1 to {longest}",
                    column.len()
                ));
            }
            if self.columns[..at].contains(column) {
                return Err(format!("`ranker.columns` names `{column}` twice, allowed is each name once"));
            }
        }
        if !(0.0..=10.0).contains(&self.weight_max) {
            return Err(format!("`ranker.weight_max` is {}, allowed are 0 to 10", self.weight_max));
        }
        Ok(())
    }

    /// What the scorer writes: a line for each column.
    pub fn writes(&self) -> Vec<(String, Combine)> {
        self.columns.iter().map(|column| (format!("{LINE_PREFIX}{column}"), Combine::Add)).collect()
    }
}

/// How a value becomes comparable from query to query.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    /// As a share of the best score of the list: for columns that are scores themselves.
    Score,
    /// `(x − center) / spread`, or the same of `ln(1 + x)`, at most [`REACH`] either way.
    Spread { center: f32, spread: f32, is_log: bool },
}

impl Scale {
    fn apply(self, x: f32, best: f32) -> f32 {
        // A missing value is an average one.
        if x.is_nan() {
            return 0.0;
        }
        let scaled = match self {
            Scale::Score => x / best,
            Scale::Spread { center, spread, is_log } => {
                let x = if is_log { x.max(0.0).ln_1p() } else { x };
                (x - center) / spread
            }
        };
        // Infinite values may leave nothing that can be compared.
        if scaled.is_nan() { 0.0 } else { scaled.clamp(-REACH, REACH) }
    }
}

/// One document: weights by place of the column in the settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranker {
    enabled: bool,
    terms: Vec<(usize, f32, Scale)>,
}

impl Ranker {
    /// Reads a document.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(document: &Document<'_>, settings: &RankerSettings) -> Result<Self, Vec<Problem>> {
        let mut findings = Findings::default();
        let body = findings.parse(document.json);
        let ranker = body.and_then(|body| Self::from_value(&body, settings, &mut findings));
        findings.finish(ranker)
    }

    fn from_value(body: &Value, settings: &RankerSettings, findings: &mut Findings) -> Option<Self> {
        let object = Object::read(body, "", &["enabled", "columns", "trained"], findings)?;
        let enabled = object.flag("enabled", true, findings);
        object.require("columns", findings)?;
        if let Some(facts) = object.get("trained").filter(|facts| !facts.is_object()) {
            findings.report(object.at("trained"), format!("`trained` is {}", show(facts)), "an object");
        }
        let mut terms: Vec<(usize, f32, Scale)> = Vec::new();
        for (at, row) in object.list("columns", COLUMNS_MAX, findings).iter().enumerate() {
            let pointer = format!("/columns/{at}");
            let Some(term) = read_term(row, &pointer, settings, findings) else { continue };
            if terms.iter().any(|(known, ..)| *known == term.0) {
                findings.report(
                    pointer,
                    format!("`{}` is weighed twice", settings.columns[term.0]),
                    "each column once",
                );
                continue;
            }
            terms.push(term);
        }
        Some(Self { enabled, terms })
    }

    /// Writes the line of each column into `out`, both in the order of the settings. `scores` are those so far.
    pub fn add(&self, scores: &[f32], columns: &[&[f32]], out: &mut [&mut [f32]]) {
        if !self.enabled {
            return;
        }
        let best = scores.iter().copied().fold(0.0, f32::max);
        let best = if best > 0.0 { best } else { 1.0 };
        for &(at, weight, scale) in &self.terms {
            let (Some(column), Some(line)) = (columns.get(at), out.get_mut(at)) else { continue };
            for (line, &x) in line.iter_mut().zip(*column) {
                let added = best * weight * scale.apply(x, best);
                *line = if added.is_finite() { added } else { 0.0 };
            }
        }
    }
}

fn read_term(
    row: &Value,
    pointer: &str,
    settings: &RankerSettings,
    findings: &mut Findings,
) -> Option<(usize, f32, Scale)> {
    let known = ["column", "weight", "scale", "center", "spread"];
    let object = Object::read(row, pointer, &known, findings)?;
    let column = object.required_text("column", NAME_BYTES_MAX, findings)?;
    let place = settings.columns.iter().position(|known| known == column);
    if place.is_none() {
        let message = format!("`{column}` is no column of the ranker");
        findings.report(object.at("column"), message, settings.columns.join(", "));
    }
    let most = f64::from(settings.weight_max);
    let weight = number(&object, "weight", -most, most, findings);
    let scale = match object.choice("scale", &["score", "linear", "log"], findings) {
        Some(0) => Some(Scale::Score),
        Some(which) => {
            let center = number(&object, "center", -1e9, 1e9, findings);
            let spread = number(&object, "spread", 1e-6, 1e9, findings);
            center.zip(spread).map(|(center, spread)| Scale::Spread { center, spread, is_log: which == 2 })
        }
        None => {
            object.require("scale", findings);
            None
        }
    };
    Some((place?, weight?, scale?))
}

/// A number that must be there.
fn number(object: &Object<'_>, key: &str, least: f64, most: f64, findings: &mut Findings) -> Option<f32> {
    object.require(key, findings)?;
    let value = object.get(key)?;
    let found = value.as_f64().filter(|number| (least..=most).contains(number));
    if found.is_none() {
        findings.report(
            object.at(key),
            format!("`{key}` is {}", show(value)),
            format!("a number from {least} to {most}"),
        );
    }
    found.map(|number| number as f32)
}

/// The rankers of an epoch.
#[derive(Debug, Default)]
pub struct Rankers {
    all: Vec<(Origin, Ranker)>,
    scopes: Scopes,
}

impl Rankers {
    /// Takes one in.
    pub fn insert(&mut self, origin: Origin, ranker: Ranker) {
        self.scopes.insert(&origin);
        self.all.push((origin, ranker));
    }

    /// The one of the store view, else the one of all.
    pub fn of(&self, store_view: &str, now_ms: i64) -> Option<&Ranker> {
        let in_force = || self.all.iter().filter(|(origin, _)| self.scopes.in_force(origin, store_view, now_ms));
        let own = in_force().find(|(origin, _)| origin.scope == store_view);
        own.or_else(|| in_force().next()).map(|(_, ranker)| ranker)
    }
}

/// The scorer: the first column passed in is the score, the others are those of the settings.
pub fn score(state: &State, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    let (scores, columns) = batch.columns.split_first().ok_or("the score is missing")?;
    if let Some(ranker) = state.rankers.of(call.request.store_view, call.request.now_ms) {
        ranker.add(scores, columns, batch.out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(json: &str) -> Document<'_> {
        let (from_ms, until_ms) = (i64::MIN, i64::MAX);
        Document { kind: "ranker", scope: "", id: "r", revision: 1, seq: 1, from_ms, until_ms, json }
    }

    fn settings() -> RankerSettings {
        RankerSettings {
            columns: vec!["price".into(), "live-search/behavior".into(), "age_days".into()],
            weight_max: 1.0,
        }
    }

    #[test]
    fn each_column_writes_its_own_line() {
        let json = r#"{"columns":[
            {"column":"price","weight":-0.2,"scale":"log","center":2,"spread":0.5},
            {"column":"live-search/behavior","weight":0.5,"scale":"score"}]}"#;
        let ranker = Ranker::read(&document(json), &settings()).unwrap();
        let e2 = 2f32.exp() - 1.0;
        let columns: [&[f32]; 3] = [&[e2, 1e30, f32::NAN], &[4.0, 0.0, -2.0], &[1.0, 2.0, 3.0]];
        let mut lines = [[0.0; 3], [0.0; 3], [0.0; 3]];
        let mut out: Vec<&mut [f32]> = lines.iter_mut().map(|line| line.as_mut_slice()).collect();
        ranker.add(&[10.0, 8.0, -1.0], &columns, &mut out);
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-4, "{a} is not {b}");
        near(lines[0][0], 0.0);
        near(lines[0][1], -0.2 * 10.0 * REACH);
        near(lines[0][2], 0.0);
        assert_eq!((lines[1], lines[2]), ([2.0, 0.0, -1.0], [0.0; 3]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |json: &str, expected: &[&str]| {
            let problems = Ranker::read(&document(json), &settings()).unwrap_err();
            assert_eq!(problems.iter().map(|p| p.pointer.as_str()).collect::<Vec<_>>(), expected, "{json}");
        };
        let one = |fields: &str| format!(r#"{{"columns":[{{{fields}}}]}}"#);
        check("{}", &["/columns"]);
        check(r#"{"columns":[],"trained":1}"#, &["/trained"]);
        check(&one(r#""column":"stars","weight":0.1,"scale":"score""#), &["/columns/0/column"]);
        check(&one(r#""column":"price","weight":2,"scale":"score""#), &["/columns/0/weight"]);
        check(&one(r#""column":"price","weight":0.1,"scale":"cube""#), &["/columns/0/scale"]);
        check(&one(r#""column":"price","weight":0.1,"scale":"log","center":1,"spread":0"#), &["/columns/0/spread"]);
        let twice = r#"{"column":"price","weight":0.1,"scale":"score"}"#;
        check(&format!(r#"{{"columns":[{twice},{twice}]}}"#), &["/columns/1"]);
    }

    #[test]
    fn a_store_view_goes_before_the_rest() {
        let mut rankers = Rankers::default();
        let origin = |scope: &str, id: &str| Origin { scope: scope.into(), id: id.into(), ..Origin::of(&document("")) };
        let ranker = |enabled| Ranker { enabled, terms: Vec::new() };
        rankers.insert(origin("", "a"), ranker(true));
        rankers.insert(origin("uk", "b"), ranker(false));
        assert_eq!(rankers.of("uk", 0), Some(&ranker(false)));
        assert_eq!(rankers.of("de", 0), Some(&ranker(true)));
        assert_eq!(Rankers::default().of("de", 0), None);
    }

    #[test]
    fn bad_settings_are_named() {
        let check = |change: fn(&mut RankerSettings), expected: &str| {
            let mut settings = settings();
            change(&mut settings);
            assert!(settings.check().unwrap_err().contains(expected));
        };
        check(|s| s.columns.push("price".into()), "names `price` twice");
        check(|s| s.columns.push(String::new()), "a name of 0 bytes, allowed are 1 to 56");
        check(|s| s.weight_max = f32::NAN, "`ranker.weight_max` is NaN");
        check(|s| s.columns = (0..64).map(|n| n.to_string()).collect(), "64 names, allowed are 0 to 63");
    }
}
