//! A plugin linked into the tests: its documents are acts, spoken out as they stand.

use planogram_abi::export::linked;
use planogram_abi::{Act, Call, ConditionId, ConfigKind, Contribution, Epoch, Outcome, Plugin, Rewrite, Target, Verb};
use serde_json::{Value, json};

use super::*;
use crate::expr;

/// Kind of its documents: `verb`, `at` (a pin's position or a boost's factor), `skus` or `condition`, and
/// `broken`, which it stores without complaint and cannot prepare for.
pub const KIND: &str = "act";

struct Merchant;

struct Deed {
    verb: Verb,
    skus: Vec<String>,
    condition: Option<ConditionId>,
}

impl Plugin for Merchant {
    const NAME: &'static str = "merchant";
    type Prepared = Vec<Deed>;

    fn configure(_settings: &str) -> Outcome<Self> {
        Ok(Self)
    }

    fn contributions(&self) -> Vec<Contribution<Vec<Deed>>> {
        vec![Contribution::rewriter("acts", speak)]
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        vec![ConfigKind { name: KIND.into(), schema: "{}".into() }]
    }

    fn prepare(&self, epoch: &Epoch<'_>, _previous: Option<&Vec<Deed>>) -> Outcome<Vec<Deed>> {
        epoch.documents.iter().map(|document| deed(&serde_json::from_str(document.json)?, epoch)).collect()
    }
}

fn deed(body: &Value, epoch: &Epoch<'_>) -> Outcome<Deed> {
    if body["broken"] == true {
        return Err("it is broken".into());
    }
    let at = body["at"].as_f64().unwrap_or(0.0);
    let verb = match body["verb"].as_str() {
        Some("hide") => Verb::Hide,
        Some("include") => Verb::Include,
        Some("filter") => Verb::Filter,
        Some("pin") => Verb::Pin { position: at as u32 },
        Some("boost") => Verb::Boost { factor: at as f32 },
        Some("bury") => Verb::Bury,
        Some("at least") => Verb::AtLeast { count: 2, first: (at as u32).max(2) },
        Some("at most") => Verb::AtMostInRow { count: 1 + at as u32 % 3, attribute: "color".into() },
        Some("banner") => Verb::Banner { text: "sale".into() },
        Some("note") => Verb::Note,
        _ => Verb::Raise,
    };
    let skus = body["skus"].as_array().into_iter().flatten().filter_map(|sku| sku.as_str().map(str::to_owned));
    let condition = body.get("condition").map(|condition| epoch.host.compile(&condition.to_string())).transpose()?;
    Ok(Deed { verb, skus: skus.collect(), condition })
}

fn speak(deeds: &Vec<Deed>, call: &Call<'_>, rewrite: &mut Rewrite) -> Outcome {
    for Deed { verb, skus, condition } in deeds {
        let skus: Vec<&str> = skus.iter().map(String::as_str).collect();
        let items = || call.host.resolve(&skus).into_iter().flatten().collect();
        let target = condition.map_or_else(|| Target::Items(items()), Target::Matching);
        rewrite.acts.push(Act { verb: verb.clone(), target, reason: "because".into() });
    }
    Ok(())
}

/// A shop in memory with the merchant at work.
pub fn open_with_merchant() -> Arc<Engine> {
    let engine = open(None);
    engine.host.link("merchant", linked::<Merchant>(), "{}").unwrap();
    // The next epoch is the first that has it.
    engine.write_config(vec![unit("any", r#"{"type":"most-viewed"}"#)], WriteOptions::default()).unwrap();
    engine
}

/// A document of the merchant's.
pub fn act(id: &str, body: Value) -> DocumentWrite {
    let mut write = unit(id, &body.to_string());
    write.key.kind = KIND.into();
    write
}

/// An act on skus.
pub fn on_skus(id: &str, verb: &str, at: f64, skus: &[&str]) -> DocumentWrite {
    act(id, json!({"verb": verb, "at": at, "skus": skus}))
}

/// An act on whatever satisfies a condition.
pub fn on_matching(id: &str, verb: &str, condition: &Condition) -> DocumentWrite {
    act(id, json!({"verb": verb, "condition": expr::to_json(condition)}))
}
