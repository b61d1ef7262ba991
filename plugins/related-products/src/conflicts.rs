//! Which related-product rules do not do what their authors think?
//!
//! The answer to the shared question of that name. *never-firing*: its time is over, or no product of the store view
//! satisfies its `match`. *empty-display*: nothing that is shown satisfies its `display`, whatever product it is about.
//! *missing-target*: one of its conditions names a sku that the catalog does not have. What cannot be told within
//! [`ABOUT_MAX`] products is not reported, so that no finding is a false alarm.

use planogram_abi::{Call, ConditionId, Outcome};
use serde_json::{Value, json};

use crate::book::Book;
use crate::rule::RelatedRule;

/// What the question is about.
pub const ABOUT: &str =
    "Rules that contradict or shadow each other, never fire, pin what cannot be shown, or name what is not there.";
/// Most products a rule is about that its relative `display` is tried with.
pub const ABOUT_MAX: usize = 200;
/// Most findings in a report.
const FINDINGS_MAX: usize = 10_000;

/// Answers with `{"conflicts": […]}`.
///
/// # Errors
/// When the host cannot say what satisfies a condition.
pub fn conflicts(book: &Book, call: &Call<'_>) -> Outcome<String> {
    let mut findings: Vec<Value> = Vec::new();
    for rule in book.rules() {
        let own = about(rule, call)?;
        findings.extend(own.into_iter().map(|(kind, words)| finding(rule, kind, &words)));
        if findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    findings.truncate(FINDINGS_MAX);
    Ok(json!({ "conflicts": findings }).to_string())
}

fn finding(rule: &RelatedRule, kind: &str, words: &str) -> Value {
    let origin = &rule.head.origin;
    let shown = json!({ "kind": origin.kind, "id": origin.id, "store_view": origin.scope, "name": rule.head.name });
    json!({ "kind": kind, "rules": [shown], "words": words, "example": null })
}

/// What is wrong with one rule: kind of finding, and words.
fn about(rule: &RelatedRule, call: &Call<'_>) -> Outcome<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    for (field, text) in [("match", &rule.matches.0), ("display", &rule.display.0)] {
        for sku in missing(text, call) {
            found.push(("missing-target", format!("the catalog has no product `{sku}`, which `{field}` names")));
        }
    }
    if rule.head.origin.until_ms <= call.request.now_ms {
        found.push(("never-firing", "its time is over".to_owned()));
        return Ok(found);
    }
    let is_here = rule.head.origin.scope.is_empty() || rule.head.origin.scope == call.request.store_view;
    let (Some(matches), Some(display), true) = (rule.matches.1, rule.display.1, is_here) else { return Ok(found) };
    let products = call.host.matching(matches, &[], ABOUT_MAX + 1)?;
    if products.is_empty() {
        found.push(("never-firing", "no product that is shown satisfies `match`".to_owned()));
    } else if is_empty(display, rule.is_relative, &products, call)? {
        let whom = if rule.is_relative { ", whatever product it is about" } else { "" };
        found.push(("empty-display", format!("no product that is shown satisfies `display`{whom}")));
    }
    Ok(found)
}

fn is_empty(display: ConditionId, is_relative: bool, products: &[u32], call: &Call<'_>) -> Outcome<bool> {
    if !is_relative {
        return Ok(call.host.matching(display, &[], 1)?.is_empty());
    }
    if products.len() > ABOUT_MAX {
        return Ok(false);
    }
    for product in products {
        // The product itself is never shown beside itself.
        if call.host.matching(display, &[*product], 2)?.iter().any(|shown| shown != product) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Skus that a condition names and the catalog does not have, each once.
fn missing(condition: &str, call: &Call<'_>) -> Vec<String> {
    let mut skus: Vec<String> = Vec::new();
    if let Ok(condition) = serde_json::from_str(condition) {
        named_skus(&condition, &mut skus);
    }
    let names: Vec<&str> = skus.iter().map(String::as_str).collect();
    let known = call.host.resolve(&names);
    skus.into_iter().zip(known).filter(|(_, item)| item.is_none()).map(|(sku, _)| sku).collect()
}

fn named_skus(condition: &Value, skus: &mut Vec<String>) {
    match condition {
        Value::Array(parts) => parts.iter().for_each(|part| named_skus(part, skus)),
        Value::Object(parts) if parts.get("field").and_then(Value::as_str) == Some("sku") => {
            let values = [parts.get("eq"), parts.get("in")].into_iter().flatten();
            let texts = values.flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
            for sku in texts.filter_map(Value::as_str) {
                if !skus.iter().any(|known| known == sku) {
                    skus.push(sku.to_owned());
                }
            }
        }
        Value::Object(parts) => parts.values().for_each(|part| named_skus(part, skus)),
        _ => {}
    }
}
