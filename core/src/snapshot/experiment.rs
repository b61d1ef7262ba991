//! What is an experiment?
//!
//! A document of kind `experiment`: the share of visitors it takes in, and its arms, each a weight and the overlays
//! (sets of drafts) its visitors see; an arm without overlays is the control. There is no other mechanism: what an
//! arm changes is what a preview of the same overlays shows. Who gets which arm is decided in `assign`; how the arms
//! did is for those who read the served records.

use planogram_abi::Problem;

use super::assign::{share_of_arm, share_of_traffic};
use crate::catalog::read::Fields;
use crate::limits::{EXPERIMENT_ARMS_MAX, EXPERIMENT_OVERLAYS_MAX, EXPERIMENT_TEXT_BYTES_MAX, EXPERIMENT_WEIGHT_MAX};

/// Kind of experiment documents.
pub const EXPERIMENT_KIND: &str = "experiment";

/// JSON Schema of an experiment document.
pub const EXPERIMENT_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Experiment",
  "description": "Visitors are split among arms; an arm shows them its overlays. With u(d) = the first 8 bytes of BLAKE3(d, salt, 0x00, visitor) as a little-endian number, without its lowest 11 bits, over 2^53: a visitor takes part when u('t') < traffic, and gets the first arm whose cumulated share of the weights is above u('a').",
  "type": "object",
  "additionalProperties": false,
  "required": ["arms"],
  "properties": {
    "salt": {"type": "string", "minLength": 1, "maxLength": 256, "description": "Names the split: experiments with one salt split alike, others independently. The document's id when absent."},
    "traffic": {"type": "number", "minimum": 0, "maximum": 1, "default": 1, "description": "Share of visitors who take part. Changing it moves nobody from one arm to another."},
    "arms": {
      "type": "array",
      "minItems": 1,
      "maxItems": 20,
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[^:,]+$", "description": "Unique in the experiment."},
          "weight": {"type": "number", "minimum": 0, "maximum": 1000000, "default": 1, "description": "Its share of those who take part is its weight over the sum of all weights."},
          "overlays": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 256}, "maxItems": 8, "default": [], "description": "Drafts its visitors see, later overlays over earlier ones; none makes it the control."}
        }
      }
    }
  }
}"#;

/// One way the shop is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Unique in the experiment.
    pub name: String,
    /// At least 0; its share is its weight over the sum of all weights.
    pub weight: f64,
    /// Overlays its visitors see, later over earlier; empty for the control.
    pub overlays: Vec<String>,
}

/// A split of visitors.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Id of the document.
    pub id: String,
    /// What makes this split differ from others.
    pub salt: String,
    /// Share of visitors who take part, 0 to 1.
    pub traffic: f64,
    /// At least one, with a sum of weights above 0.
    pub arms: Vec<Arm>,
}

impl Experiment {
    /// The arm a visitor gets, `None` when they do not take part. It depends on nothing but the document and the
    /// visitor's id.
    pub fn arm_of(&self, visitor: &str) -> Option<&Arm> {
        if share_of_traffic(&self.salt, visitor) >= self.traffic {
            return None;
        }
        let total: f64 = self.arms.iter().map(|arm| arm.weight).sum();
        let point = share_of_arm(&self.salt, visitor) * total;
        let mut upper = 0.0;
        let drawn = self.arms.iter().find(|arm| {
            upper += arm.weight;
            point < upper
        });
        // The product may round up to the sum itself.
        drawn.or_else(|| self.arms.iter().rev().find(|arm| arm.weight > 0.0))
    }

    /// The arm of a name.
    pub fn arm(&self, name: &str) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.name == name)
    }
}

/// Reads one experiment document.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_experiment(id: &str, json: &str) -> Result<Experiment, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    let salt = fields.text("salt", EXPERIMENT_TEXT_BYTES_MAX).unwrap_or_else(|| id.to_owned());
    if salt.contains('\0') {
        fields.refuse("salt", "`salt` has a zero byte", "a text without one");
    }
    let traffic = fields.number("traffic", 0.0, 1.0).unwrap_or(1.0);
    let arms = fields.objects("arms", EXPERIMENT_ARMS_MAX, read_arm);
    if arms.is_none() && !fields.refused("arms") {
        fields.refuse("arms", "`arms` is missing", format!("1 to {EXPERIMENT_ARMS_MAX} objects"));
    }
    let arms = arms.unwrap_or_default();
    for (at, arm) in arms.iter().enumerate() {
        if !arm.name.is_empty() && arms[..at].iter().any(|other| other.name == arm.name) {
            let keys = ["arms", &at.to_string(), "name"];
            fields.refuse_at(&keys, format!("two arms are named `{}`", arm.name), "each name once");
        }
    }
    if !arms.is_empty() && arms.iter().all(|arm| arm.weight == 0.0) {
        fields.refuse("arms", "every arm has the weight 0", "a weight above 0");
    }
    fields.finish(Experiment { id: id.to_owned(), salt, traffic, arms })
}

fn read_arm(fields: &mut Fields) -> Arm {
    let name = fields.text("name", EXPERIMENT_TEXT_BYTES_MAX);
    let allowed = "a text without `:` and `,`";
    match &name {
        // Requests force an arm as `experiment:arm`, several separated by commas.
        Some(name) if name.contains([':', ',']) => fields.refuse("name", format!("`name` is `{name}`"), allowed),
        None if !fields.refused("name") => fields.refuse("name", "`name` is missing", allowed),
        _ => {}
    }
    Arm {
        name: name.unwrap_or_default(),
        weight: fields.number("weight", 0.0, EXPERIMENT_WEIGHT_MAX).unwrap_or(1.0),
        overlays: fields.texts("overlays", EXPERIMENT_OVERLAYS_MAX, EXPERIMENT_TEXT_BYTES_MAX).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(json: &str) -> Experiment {
        parse_experiment("e", json).unwrap()
    }

    fn arms_of(experiment: &Experiment, n: usize) -> Vec<Option<&str>> {
        (0..n).map(|v| experiment.arm_of(&format!("visitor-{v}")).map(|arm| arm.name.as_str())).collect()
    }

    const HALVES: &str = r#"{"arms":[{"name":"a"},{"name":"b","overlays":["x","y"]}]}"#;

    #[test]
    fn a_document_is_read_and_defaults_fill_the_rest() {
        let read = experiment(HALVES);
        assert_eq!((read.salt.as_str(), read.traffic, read.arms.len()), ("e", 1.0, 2));
        assert_eq!((read.arms[0].weight, &read.arms[0].overlays[..]), (1.0, &[][..]));
        assert_eq!(read.arms[1].overlays, ["x", "y"]);
        let schema: serde_json::Value = serde_json::from_str(EXPERIMENT_SCHEMA).unwrap();
        let arms = &schema["properties"]["arms"];
        assert_eq!(arms["maxItems"], EXPERIMENT_ARMS_MAX);
        assert_eq!(arms["items"]["properties"]["overlays"]["maxItems"], EXPERIMENT_OVERLAYS_MAX);
    }

    #[test]
    fn every_mistake_is_named() {
        let check = |json: &str, pointers: &[&str]| {
            let problems = parse_experiment("e", json).unwrap_err();
            let found: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(found, pointers, "{json}");
        };
        check("{}", &["/arms"]);
        check(r#"{"arms":[]}"#, &["/arms"]);
        check(r#"{"arms":[7]}"#, &["/arms/0"]);
        check(r#"{"arms":[{"name":"a"},{"name":"a"}]}"#, &["/arms/1/name"]);
        check(
            r#"{"arms":[{"name":"a:b"},{"weight":-1,"overlay":"x"}]}"#,
            &["/arms/0/name", "/arms/1/name", "/arms/1/weight", "/arms/1/overlay"],
        );
        check(r#"{"arms":[{"name":"a","weight":0}]}"#, &["/arms"]);
        check(
            r#"{"arms":[{"name":"a","overlays":["x",2]}],"traffic":1.5,"salt":""}"#,
            &["/salt", "/traffic", "/arms/0/overlays"],
        );
        check(r#"{"salt":"a\u0000b","arms":[{"name":"a"}]}"#, &["/salt"]);
    }

    #[test]
    fn visitors_are_split_by_weight() {
        let n = 20_000;
        let quarters =
            experiment(r#"{"arms":[{"name":"a","weight":3},{"name":"b","weight":1},{"name":"c","weight":0}]}"#);
        let count = |arm: &str| arms_of(&quarters, n).iter().filter(|got| **got == Some(arm)).count();
        // Three standard deviations of a binomial count are 184.
        assert!(count("a").abs_diff(15_000) < 184, "{}", count("a"));
        assert_eq!((count("a") + count("b"), count("c")), (n, 0));
    }

    #[test]
    fn more_traffic_moves_nobody_between_arms() {
        let all = experiment(HALVES);
        let whole = arms_of(&all, 5_000);
        let mut before = vec![None; 5_000];
        for traffic in [0.0, 0.1, 0.5, 0.9] {
            let partly = Experiment { traffic, ..all.clone() };
            let now = arms_of(&partly, 5_000).into_iter().map(|arm| arm.map(str::to_owned));
            let now: Vec<Option<String>> = now.collect();
            let n_in = now.iter().flatten().count();
            assert!(n_in.abs_diff((traffic * 5_000.0) as usize) <= 106, "{n_in} take part at {traffic}");
            for ((was, is), at_last) in before.iter().zip(&now).zip(&whole) {
                assert!(was.is_none() || was == is, "whoever takes part stays");
                assert!(is.is_none() || is.as_deref() == *at_last, "and keeps the arm");
            }
            before = now;
        }
    }

    #[test]
    fn salts_make_splits_independent() {
        let one = experiment(HALVES);
        let other = Experiment { salt: "other".into(), ..one.clone() };
        let both = arms_of(&one, 20_000).into_iter().zip(arms_of(&other, 20_000));
        let mut cells = std::collections::BTreeMap::new();
        both.for_each(|pair| *cells.entry(pair).or_insert(0usize) += 1);
        assert_eq!(cells.len(), 4);
        assert!(cells.values().all(|n| n.abs_diff(5_000) < 184), "{cells:?}");
        assert_eq!(arms_of(&one, 100), arms_of(&Experiment { id: "renamed".into(), ..one.clone() }, 100));
    }
}
