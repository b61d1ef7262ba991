//! How does a condition read, and what keeps a product from satisfying it?
//!
//! As the end of a sentence that begins with "products whose": `color` is `Red` or `Blue` and `price` is below 20. A
//! refusal names the first part of the condition that no variant satisfies, and what the product has there, so that a
//! merchandiser sees which of ten tests it was and needs not open the catalog.
//! What is not here: who asks for the condition (see `pipeline/words.rs`).

use super::evaluate::{LISTS, VISIBLE_IN, shown_in};
use super::one::holds;
use super::{Bound, Condition, EvalContext, Test, Value};
use crate::catalog::Catalog;
use crate::catalog::attribute::UNLISTED;
use crate::id::{DAY_MS, VariantId};
use crate::signal::SignalColumn;

/// Values that are listed one by one; of more it is said how many there are.
const LISTED_MAX: usize = 8;

/// Why a product does not satisfy a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The part it fails, as [`in_words`].
    pub wanted: String,
    /// What it has there: `its color is `Blue``.
    pub has: String,
}

/// A condition as the end of a sentence that begins with "products whose".
pub fn in_words(condition: &Condition) -> String {
    match condition {
        Condition::All(parts) if parts.is_empty() => "anything is allowed".to_owned(),
        Condition::Any(parts) if parts.is_empty() => "nothing is enough".to_owned(),
        Condition::All(parts) => joined(parts, " and "),
        Condition::Any(parts) => joined(parts, " or "),
        Condition::Not(part) => match &**part {
            Condition::Field { field, test: Test::In(values) } => format!("{field} is not {}", alternatives(values)),
            Condition::Field { field, test: Test::Exists } => format!("{field} is not set"),
            other => format!("it is not so that {}", grouped(other)),
        },
        Condition::Field { field, test } => format!("{field} {}", tested(test)),
    }
}

fn joined(parts: &[Condition], between: &str) -> String {
    match parts {
        [part] => in_words(part),
        parts => parts.iter().map(grouped).collect::<Vec<_>>().join(between),
    }
}

/// In parentheses where `and` and `or` could be misread.
fn grouped(part: &Condition) -> String {
    match part {
        Condition::All(parts) | Condition::Any(parts) if parts.len() > 1 => format!("({})", in_words(part)),
        part => in_words(part),
    }
}

fn tested(test: &Test) -> String {
    let range = |from: Option<String>, to: Option<String>| match (from, to) {
        (Some(from), Some(to)) => format!("is at least {from} and below {to}"),
        (Some(from), None) => format!("is at least {from}"),
        (None, Some(to)) => format!("is below {to}"),
        (None, None) => "is a number".to_owned(),
    };
    let bound = |bound: &Bound| match bound {
        Bound::Number(number) => number.to_string(),
        Bound::Percent(percent) => format!("{percent} % of the matched product's"),
    };
    match test {
        Test::In(values) if values.is_empty() => "is that of the matched product, which has none".to_owned(),
        Test::In(values) => format!("is {}", alternatives(values)),
        Test::Range { from, to } => range(from.map(|from| from.to_string()), to.map(|to| to.to_string())),
        Test::Relative { from, to } => range(from.as_ref().map(bound), to.as_ref().map(bound)),
        Test::Contains(text) => format!("contains `{text}`"),
        Test::StartsWith(text) => format!("begins with `{text}`"),
        Test::EndsWith(text) => format!("ends with `{text}`"),
        Test::Words(text) => format!("has the words `{text}`"),
        Test::Exists => "is set".to_owned(),
    }
}

fn alternatives(values: &[Value]) -> String {
    let word = |value: &Value| match value {
        Value::Text(text) => format!("`{text}`"),
        Value::Matched(_) => "that of the matched product".to_owned(),
        other => other.spelling().into_owned(),
    };
    listed(values.iter().map(word).collect(), "or")
}

/// `a, b or c`.
fn listed(mut words: Vec<String>, last: &str) -> String {
    if words.len() > LISTED_MAX {
        let more = words.len() - LISTED_MAX;
        words.truncate(LISTED_MAX);
        words.push(format!("{more} more"));
    }
    match words.split_last() {
        Some((word, before)) if !before.is_empty() => format!("{} {last} {word}", before.join(", ")),
        _ => words.concat(),
    }
}

/// What keeps a product, of which these variants count, from satisfying a condition; `None` when one of them satisfies it.
pub fn refusal(
    condition: &Condition,
    catalog: &Catalog,
    variants: &[VariantId],
    context: &EvalContext<'_>,
) -> Option<Refusal> {
    let fails = |part: &&Condition| !variants.iter().any(|variant| holds(part, catalog, *variant, context));
    if !fails(&condition) {
        return None;
    }
    let failing = match condition {
        Condition::All(parts) => parts.iter().find(fails),
        Condition::Any(parts) if parts.len() == 1 => parts.first(),
        _ => None,
    };
    if let Some(part) = failing {
        return refusal(part, catalog, variants, context);
    }
    let has = match condition {
        Condition::All(_) => "each of that holds for one of its variants, but no one variant satisfies all".to_owned(),
        other => has(other, catalog, variants, context),
    };
    Some(Refusal { wanted: in_words(condition), has })
}

/// What a product has in the fields of a condition.
fn has(condition: &Condition, catalog: &Catalog, variants: &[VariantId], context: &EvalContext<'_>) -> String {
    let mut fields = Vec::new();
    gather_fields(condition, &mut fields);
    let word = |field: &&str| {
        let mut values: Vec<String> = Vec::new();
        for value in variants.iter().flat_map(|variant| values_of(field, catalog, *variant, context)) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        if values.is_empty() {
            format!("it has no {field}")
        } else {
            format!("its {field} is {}", listed(values, "and"))
        }
    };
    fields.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn gather_fields<'c>(condition: &'c Condition, fields: &mut Vec<&'c str>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| gather_fields(part, fields)),
        Condition::Not(part) => gather_fields(part, fields),
        Condition::Field { field, .. } if !fields.contains(&field.as_str()) => fields.push(field),
        Condition::Field { .. } => {}
    }
}

/// What one variant has in a field, as it is tested.
fn values_of(field: &str, catalog: &Catalog, variant: VariantId, context: &EvalContext<'_>) -> Vec<String> {
    let item = catalog.item_of(variant);
    let text = |text: &str| vec![format!("`{text}`")];
    let number = |number: Option<f64>| {
        number.filter(|number| !number.is_nan()).map(|number| number.to_string()).into_iter().collect::<Vec<_>>()
    };
    match field {
        "sku" => text(catalog.sku_of(item)),
        "name" => catalog.product(item).map(|product| text(product.name_in(context.view))).unwrap_or_default(),
        "category" | "categories" => {
            let placed = context.members(catalog).placed_in(item);
            placed.map(|id| format!("`{}`", catalog.category_path(id).join("/"))).collect()
        }
        "price" => {
            let quote = catalog.price(variant, context.book, context.now_ms);
            number(quote.map(|quote| context.book.major(quote.final_minor)))
        }
        "in_stock" => vec![catalog.sellable().contains(variant.0).to_string()],
        "quantity" => number(catalog.stock(variant).quantity),
        "age_days" => {
            let created = catalog.created_ms(item);
            number(created.map(|created| (context.now_ms.saturating_sub(created) as f64 / DAY_MS as f64).floor()))
        }
        code => match catalog.attribute_id(code).and_then(|id| Some((id, catalog.attribute(id)?))) {
            Some((id, attribute)) => {
                let ordinals = catalog.ordinals_of(variant, id).filter(|ordinal| *ordinal != UNLISTED);
                let texts: Vec<String> = ordinals.map(|ordinal| format!("`{}`", attribute.text(ordinal))).collect();
                let is_number = texts.is_empty() && attribute.is_numeric();
                if is_number { number(Some(attribute.number(variant))) } else { texts }
            }
            None if code == VISIBLE_IN => {
                let is_shown = |purpose| shown_in(catalog, context.view, purpose).variants.contains(variant.0);
                LISTS.iter().filter(|(_, purpose)| is_shown(*purpose)).map(|(name, _)| format!("`{name}`")).collect()
            }
            None => {
                let Some((signal, demand)) = SignalColumn::from_name(code).zip(context.demand) else {
                    return Vec::new();
                };
                let mut value = [0.0];
                demand.gather(signal, &[item.0], &mut value);
                number(Some(f64::from(value[0])))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::doc::{AttributeValue, Placement};
    use crate::catalog::testing::{product, variant};
    use crate::expr::parse_relative;

    fn condition(json: &str) -> Condition {
        parse_relative(&serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn a_condition_reads_as_a_merchandiser_says_it() {
        let check = |json: &str, expected: &str| assert_eq!(in_words(&condition(json)), expected, "{json}");
        check(r#"{"field":"color","eq":"Red"}"#, "color is `Red`");
        check(r#"{"field":"color","in":["Red","Blue",3]}"#, "color is `Red`, `Blue` or 3");
        check(r#"{"not":{"field":"color","in":["Red","Blue"]}}"#, "color is not `Red` or `Blue`");
        check(r#"{"field":"price","range":{"from":5,"to":9.5}}"#, "price is at least 5 and below 9.5");
        check(r#"{"field":"price","range":{"to":9.5}}"#, "price is below 9.5");
        check(r#"{"field":"name","contains":"oak"}"#, "name contains `oak`");
        check(r#"{"field":"brand","exists":true}"#, "brand is set");
        check(r#"{"not":{"field":"brand","exists":true}}"#, "brand is not set");
        check(r#"{"not":{"field":"name","contains":"oak"}}"#, "it is not so that name contains `oak`");
        check(
            r#"{"all":[{"any":[{"field":"a","eq":"x"},{"field":"b","eq":true}]},{"all":[{"field":"c","eq":1}]}]}"#,
            "(a is `x` or b is true) and c is 1",
        );
        check(r#"{"field":"color","eq":{"matched":"color"}}"#, "color is that of the matched product");
        check(
            r#"{"field":"price","range":{"from":{"matched_percent":80},"to":200}}"#,
            "price is at least 80 % of the matched product's and below 200",
        );
        let many = (0..12).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        check(&format!(r#"{{"field":"n","in":[{many}]}}"#), "n is 0, 1, 2, 3, 4, 5, 6, 7 or 4 more");
    }

    #[test]
    fn the_first_part_that_fails_is_named_with_what_the_product_has() {
        let mut catalog = Catalog::new();
        let mut shirt = product("SHIRT", &[variant("S-R", &[("color", "Red")]), variant("S-G", &[("color", "Green")])]);
        shirt.categories = vec![Placement { path: vec!["Men".to_owned(), "Tops".to_owned()], position: None }];
        shirt.attributes.insert("weight".to_owned(), AttributeValue::Number(200.0));
        shirt.brand = Some("Oak".to_owned());
        catalog.put(shirt, 0);
        let item = catalog.item("SHIRT").unwrap();
        let book = catalog.root_chain();
        let context = EvalContext { book: &book, now_ms: 3 * DAY_MS, view: "", demand: None, seq: 0, tree: None };
        let check = |json: &str, expected: Option<(&str, &str)>| {
            let found = refusal(&condition(json), &catalog, catalog.variants_of(item), &context);
            let found = found.as_ref().map(|found| (found.wanted.as_str(), found.has.as_str()));
            assert_eq!(found, expected, "{json}");
        };
        let oak = r#"{"field":"brand","eq":"oak"}"#;
        let blue = r#"{"field":"color","eq":"Blue"}"#;
        check(oak, None);
        check(blue, Some(("color is `Blue`", "its color is `Red` and `Green`")));
        check(
            &format!(r#"{{"all":[{oak},{{"any":[{blue}]}}]}}"#),
            Some(("color is `Blue`", "its color is `Red` and `Green`")),
        );
        check(&format!(r#"{{"not":{oak}}}"#), Some(("brand is not `oak`", "its brand is `Oak`")));
        check(r#"{"field":"size","eq":"M"}"#, Some(("size is `M`", "it has no size")));
        check(r#"{"field":"category","eq":"Women"}"#, Some(("category is `Women`", "its category is `Men/Tops`")));
        check(
            &format!(r#"{{"any":[{blue},{{"field":"weight","range":{{"to":150}}}}]}}"#),
            Some(("color is `Blue` or weight is below 150", "its color is `Red` and `Green`, its weight is 200")),
        );
        let both = r#"{"all":[{"field":"color","eq":"Red"},{"field":"color","eq":"Green"}]}"#;
        let has = "each of that holds for one of its variants, but no one variant satisfies all";
        check(both, Some(("color is `Red` and color is `Green`", has)));
        check(r#"{"field":"in_stock","eq":false}"#, Some(("in_stock is false", "its in_stock is true")));
    }
}
