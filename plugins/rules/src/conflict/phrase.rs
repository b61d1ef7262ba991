//! How does a condition on products read in a report?
//!
//! As a merchandiser says it: products whose `brand` is Acme. What is not known here is shown as it is written; what a
//! condition means is the kernel's business.

use serde_json::Value;

use crate::condition::Products;

/// Values that are listed one by one.
const LISTED_MAX: usize = 8;

/// The products of a condition: `products whose brand is `Acme``.
pub(super) fn products(products: &Products) -> String {
    let read = serde_json::from_str(&products.json).ok().and_then(|condition| words(&condition));
    read.map_or_else(|| format!("the products of {}", products.json), |words| format!("products whose {words}"))
}

fn words(condition: &Value) -> Option<String> {
    let joined = |parts: &Value, between: &str| {
        let parts = parts.as_array().filter(|parts| !parts.is_empty())?;
        let grouped = |part: &Value| {
            let words = words(part)?;
            let is_group = ["all", "any"].iter().any(|key| part.get(key).is_some());
            Some(if is_group && parts.len() > 1 { format!("({words})") } else { words })
        };
        Some(parts.iter().map(grouped).collect::<Option<Vec<_>>>()?.join(between))
    };
    if let Some(parts) = condition.get("all") {
        return joined(parts, " and ");
    }
    if let Some(parts) = condition.get("any") {
        return joined(parts, " or ");
    }
    if let Some(part) = condition.get("not") {
        return Some(format!("it is not so that {}", words(part)?));
    }
    let field = condition.get("field")?.as_str()?;
    let (test, value) = condition.as_object()?.iter().find(|(key, _)| *key != "field")?;
    let tested = match test.as_str() {
        "eq" => format!("is {}", spelled(value)?),
        "in" => format!("is {}", listed(value.as_array()?)?),
        "range" => match (value.get("from"), value.get("to")) {
            (Some(from), Some(to)) => format!("is at least {} and below {}", spelled(from)?, spelled(to)?),
            (Some(from), None) => format!("is at least {}", spelled(from)?),
            (None, to) => format!("is below {}", spelled(to?)?),
        },
        "contains" => format!("contains {}", spelled(value)?),
        "starts_with" => format!("begins with {}", spelled(value)?),
        "ends_with" => format!("ends with {}", spelled(value)?),
        "words" => format!("has the words {}", spelled(value)?),
        "exists" if *value == true => "is set".to_owned(),
        "exists" if *value == false => "is not set".to_owned(),
        _ => return None,
    };
    Some(format!("{field} {tested}"))
}

fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(format!("`{text}`")),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn listed(values: &[Value]) -> Option<String> {
    let mut words = values.iter().take(LISTED_MAX).map(spelled).collect::<Option<Vec<_>>>()?;
    if values.len() > LISTED_MAX {
        words.push(format!("{} more", values.len() - LISTED_MAX));
    }
    let last = words.pop()?;
    Some(if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_reads_as_a_merchandiser_says_it() {
        let check = |json: &str, expected: &str| {
            assert_eq!(products(&Products { json: json.to_owned(), id: None }), expected, "{json}");
        };
        check(r#"{"field":"brand","eq":"Oak"}"#, "products whose brand is `Oak`");
        check(r#"{"in":["A","B",3],"field":"sku"}"#, "products whose sku is `A`, `B` or 3");
        check(r#"{"field":"price","range":{"to":9.5}}"#, "products whose price is below 9.5");
        check(
            r#"{"all":[{"any":[{"field":"a","eq":1},{"field":"b","exists":true}]},{"not":{"field":"name","contains":"x"}}]}"#,
            "products whose (a is 1 or b is set) and it is not so that name contains `x`",
        );
        check(r#"{"field":"a","near":1}"#, r#"the products of {"field":"a","near":1}"#);
        check(r#"{"any":[]}"#, r#"the products of {"any":[]}"#);
    }
}
