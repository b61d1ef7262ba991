//! What is a filter on the wire?
//!
//! Two spellings of one condition tree. In a POST body `filter` is the tree itself, read by the kernel (`expr`):
//! `{"all": […]}`, `{"field": "price", "range": {"from": 10, "to": 50}}` (to exclusive), and so on.
//! In an address, `filter.color=Red,Blue` or `filter=color:Red,Blue`: values of one attribute are alternatives,
//! different attributes must all hold; `10..50` is a range, `\,` a comma inside a value. `filter.part:contains=x`, and
//! likewise `starts_with`, `ends_with` and `words`, looks at parts of texts.

use planogram_core::expr::{Condition, Test, Value as Operand};
use serde_json::Value;

use super::decode::Defect;

/// The tree a JSON value means; nothing when there were defects.
pub fn decode(value: &Value, pointer: &str, defects: &mut Vec<Defect>) -> Option<Condition> {
    match planogram_core::expr::parse(value) {
        Ok(condition) => Some(condition),
        Err(problems) => {
            let placed =
                |p: planogram_abi::Problem| Defect::new(format!("{pointer}{}", p.pointer), p.message, p.allowed);
            defects.extend(problems.into_iter().map(placed));
            None
        }
    }
}

/// The parts that must all hold, so that each facet can leave out its own.
pub fn conjuncts(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::All(parts) => parts.into_iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

/// The condition one filter of an address means: any of the values, or inside any of the ranges.
///
/// # Errors
/// What is wrong, in words.
pub fn from_address(field: &str, values: &[&str]) -> Result<Condition, String> {
    if let Some((field, part)) = part_test(field) {
        return of_parts(field, part, values);
    }
    let mut operands = Vec::new();
    let mut parts = Vec::new();
    for value in values.iter().flat_map(|v| split(v)) {
        if value.is_empty() {
            return Err(format!("filter `{field}` has an empty value"));
        }
        match address_range(&value) {
            Some(Ok(test)) => parts.push(Condition::Field { field: field.to_owned(), test }),
            Some(Err(why)) => return Err(format!("filter `{field}`: {why}")),
            None => operands.extend(address_operands(value)),
        }
    }
    if !operands.is_empty() {
        parts.push(Condition::Field { field: field.to_owned(), test: Test::In(operands) });
    }
    Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Condition::Any(parts) })
}

/// Makes a test of a part of a text.
type PartTest = fn(String) -> Test;

/// The field and the test of `part:contains`; nothing when the name ends in no such word.
fn part_test(name: &str) -> Option<(&str, PartTest)> {
    let (field, operator) = name.rsplit_once(':').filter(|(field, _)| !field.is_empty())?;
    let test: PartTest = match operator {
        "contains" => Test::Contains,
        "starts_with" => Test::StartsWith,
        "ends_with" => Test::EndsWith,
        "words" => Test::Words,
        _ => return None,
    };
    Some((field, test))
}

fn of_parts(field: &str, test: PartTest, values: &[&str]) -> Result<Condition, String> {
    let mut parts = Vec::new();
    for value in values.iter().flat_map(|v| split(v)) {
        if value.is_empty() {
            return Err(format!("filter `{field}` has an empty value"));
        }
        parts.push(Condition::Field { field: field.to_owned(), test: test(value) });
    }
    Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Condition::Any(parts) })
}

/// An address has only texts: one that reads as a number or a boolean stands for that value as well.
fn address_operands(text: String) -> Vec<Operand> {
    let typed = match text.as_str() {
        "true" => Some(Operand::Boolean(true)),
        "false" => Some(Operand::Boolean(false)),
        other => other.parse::<f64>().ok().filter(|n| n.is_finite()).map(Operand::Number),
    };
    std::iter::once(Operand::Text(text)).chain(typed).collect()
}

fn address_range(text: &str) -> Option<Result<Test, String>> {
    let (from, to) = text.split_once("..")?;
    let bound = |s: &str| match s.trim() {
        "" | "*" => Some(None),
        s => s.parse::<f64>().ok().filter(|n| n.is_finite()).map(Some),
    };
    // Something like "a..b" is a text with two dots in it, not a broken range.
    let (from, to) = (bound(from)?, bound(to)?);
    Some(match (from, to) {
        (None, None) => Err(format!("range `{text}` has no bound")),
        (Some(f), Some(t)) if f >= t => Err(format!("range `{text}` ends before it begins; the end is exclusive")),
        (from, to) => Ok(Test::Range { from, to }),
    })
}

/// Splits at commas that are not escaped by a backslash.
pub fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let last = parts.last_mut().expect("there is always one part");
        match c {
            '\\' if chars.peek() == Some(&',') => last.extend(chars.next()),
            ',' => parts.push(String::new()),
            c => last.push(c),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one_of(field: &str, operands: Vec<Operand>) -> Condition {
        Condition::Field { field: field.into(), test: Test::In(operands) }
    }

    fn text(s: &str) -> Operand {
        Operand::Text(s.into())
    }

    #[test]
    fn a_bad_tree_is_located_in_the_body() {
        let mut defects = Vec::new();
        assert_eq!(decode(&json!({"all": [{"field": "c", "eq": null}]}), "/filter", &mut defects), None);
        assert!(!defects.is_empty() && defects.iter().all(|d| d.pointer.starts_with("/filter/all/0")), "{defects:?}");
        assert_eq!(
            decode(&json!({"field": "c", "in": ["x"]}), "/filter", &mut defects),
            Some(one_of("c", vec![text("x")]))
        );
    }

    #[test]
    fn filters_of_an_address() {
        let check = |values: &[&str], expected: Condition| assert_eq!(from_address("f", values), Ok(expected));
        check(&["Red,Blue"], one_of("f", vec![text("Red"), text("Blue")]));
        check(&["Red", "Blue"], one_of("f", vec![text("Red"), text("Blue")]));
        check(&["A\\, B"], one_of("f", vec![text("A, B")]));
        check(&["4"], one_of("f", vec![text("4"), Operand::Number(4.0)]));
        check(&["true"], one_of("f", vec![text("true"), Operand::Boolean(true)]));
        let range = |from, to| Condition::Field { field: "f".into(), test: Test::Range { from, to } };
        check(&["10..50"], range(Some(10.0), Some(50.0)));
        check(&["10.."], range(Some(10.0), None));
        check(&["..5,10..20"], Condition::Any(vec![range(None, Some(5.0)), range(Some(10.0), Some(20.0))]));
        check(&["a..b"], one_of("f", vec![text("a..b")]));
        let part = |test| Condition::Field { field: "f".into(), test };
        let of_parts = |field: &str, values: &[&str]| from_address(field, values).unwrap();
        assert_eq!(of_parts("f:contains", &["a..b"]), part(Test::Contains("a..b".into())));
        assert_eq!(of_parts("f:words", &["a"]), part(Test::Words("a".into())));
        let either = vec![part(Test::StartsWith("a".into())), part(Test::StartsWith("b".into()))];
        assert_eq!(of_parts("f:starts_with", &["a,b"]), Condition::Any(either));
        assert!(from_address("f:ends_with", &[""]).is_err());
        for bad in ["50..10", "..", "", "Red,"] {
            assert!(from_address("f", &[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_comes_apart() {
        let red = one_of("color", vec![text("Red")]);
        assert_eq!(conjuncts(Condition::All(vec![red.clone(), Condition::All(vec![red.clone()])])).len(), 2);
        assert_eq!(conjuncts(red.clone()), vec![red]);
    }
}
