//! What is a filter on the wire?
//!
//! Two spellings of one condition tree. In a POST body `filter` is the tree itself:
//! `{"all": […]}`, `{"any": […]}`, `{"not": …}`, or a field with one test: `{"field": "color", "in": ["Red"]}`,
//! `{"field": "price", "range": {"from": 10, "to": 50}}` (to exclusive), `eq`, `contains`, `starts_with`, `exists`.
//! In an address, `filter.color=Red,Blue` or `filter=color:Red,Blue`: values of one attribute are alternatives,
//! different attributes must all hold; `10..50` is a range, `\,` a comma inside a value.

use planogram_core::expr::{Condition, Test, Value as Operand};
use planogram_core::limits::{CONDITION_DEPTH_MAX, CONDITION_NODES_MAX};
use serde_json::Value;

use super::decode::{Defect, Fields, child, shown, wrong_type};

const FIELDS: &[&str] = &["field", "eq", "in", "range", "contains", "starts_with", "exists"];
const TESTS: &[&str] = &["eq", "in", "range", "contains", "starts_with", "exists"];

/// The tree a JSON value means; nothing when there were defects.
pub fn decode(value: &Value, pointer: &str, defects: &mut Vec<Defect>) -> Option<Condition> {
    let before = defects.len();
    let mut nodes = 0;
    let condition = node(value, pointer, 1, &mut nodes, defects)?;
    (defects.len() == before).then_some(condition)
}

/// The parts that must all hold, so that each facet can leave out its own.
pub fn conjuncts(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::All(parts) => parts.into_iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

fn node(value: &Value, pointer: &str, depth: usize, nodes: &mut usize, defects: &mut Vec<Defect>) -> Option<Condition> {
    *nodes += 1;
    if depth > CONDITION_DEPTH_MAX {
        let allowed = format!("at most {CONDITION_DEPTH_MAX} levels");
        defects.push(Defect::new(pointer, format!("the condition is {depth} levels deep"), allowed));
        return None;
    }
    if *nodes > CONDITION_NODES_MAX {
        if *nodes == CONDITION_NODES_MAX + 1 {
            let allowed = format!("at most {CONDITION_NODES_MAX} parts");
            defects.push(Defect::new(pointer, format!("the condition has more than {CONDITION_NODES_MAX} parts"), allowed));
        }
        return None;
    }
    let shapes: Vec<&str> = ["all", "any", "not", "field"].into_iter().filter(|s| value.get(s).is_some()).collect();
    // A condition on a field opens its own fields.
    if shapes != ["field"] {
        let before = defects.len();
        Fields::open(value, pointer, &["all", "any", "not", "field"], defects)?;
        if defects.len() > before {
            return None;
        }
    }
    let [shape] = shapes.as_slice() else {
        defects.push(Defect::new(pointer, format!("{} is not a condition", shown(value)), "one of all, any, not, field"));
        return None;
    };
    let inner = child(pointer, shape);
    match (*shape, &value[*shape]) {
        ("field", _) => field(value, pointer, defects),
        ("not", part) => Some(Condition::Not(Box::new(node(part, &inner, depth + 1, nodes, defects)?))),
        (shape, Value::Array(parts)) => {
            let parts: Vec<Condition> = parts
                .iter()
                .enumerate()
                .filter_map(|(i, part)| node(part, &format!("{inner}/{i}"), depth + 1, nodes, defects))
                .collect();
            Some(if shape == "all" { Condition::All(parts) } else { Condition::Any(parts) })
        }
        (_, other) => {
            defects.push(Defect::new(inner, wrong_type(other, "a list of conditions"), "a list of conditions"));
            None
        }
    }
}

fn field(value: &Value, pointer: &str, defects: &mut Vec<Defect>) -> Option<Condition> {
    let mut f = Fields::open(value, pointer, FIELDS, defects)?;
    let field = f.required_text("field");
    let tests: Vec<&str> = TESTS.iter().copied().filter(|t| f.raw(t).is_some()).collect();
    let [name] = tests.as_slice() else {
        f.report("field", format!("field `{field}` has {} tests", tests.len()), format!("exactly one of {}", TESTS.join(", ")));
        return None;
    };
    let test = match *name {
        "eq" => {
            let operand = operand(&value["eq"]);
            if operand.is_none() {
                f.report("eq", wrong_type(&value["eq"], "a value"), "a text, a number, true or false");
            }
            Test::In(vec![operand?])
        }
        "in" => {
            let list = f.array("in")?;
            let operands: Option<Vec<Operand>> = list.iter().map(operand).collect();
            if operands.is_none() {
                f.report("in", format!("{} holds something else than values", shown(&value["in"])), "texts, numbers, true or false");
            }
            Test::In(operands?)
        }
        "range" => range(&mut f)?,
        "contains" => Test::Contains(f.text("contains")?),
        "starts_with" => Test::StartsWith(f.text("starts_with")?),
        _ => match f.boolean("exists")? {
            true => Test::Exists,
            false => return Some(Condition::Not(Box::new(Condition::Field { field, test: Test::Exists }))),
        },
    };
    Some(Condition::Field { field, test })
}

fn range(f: &mut Fields) -> Option<Test> {
    let pointer = f.pointer("range");
    let value = f.raw("range")?;
    let mut r = Fields::open(value, &pointer, &["from", "to"], f.defects())?;
    let (from, to) = (r.number("from"), r.number("to"));
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        r.report("to", format!("`to` {to} is not above `from` {from}"), "a larger number; it is exclusive");
    }
    Some(Test::Range { from, to })
}

fn operand(value: &Value) -> Option<Operand> {
    match value {
        Value::String(text) => Some(Operand::Text(text.clone())),
        Value::Number(n) => n.as_f64().map(Operand::Number),
        Value::Bool(b) => Some(Operand::Boolean(*b)),
        _ => None,
    }
}

/// The condition one filter of an address means: any of the values, or inside any of the ranges.
///
/// # Errors
/// What is wrong, in words.
pub fn from_address(field: &str, values: &[&str]) -> Result<Condition, String> {
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
    fn trees() {
        let check = |value: Value, expected: Condition| {
            let mut defects = Vec::new();
            assert_eq!(decode(&value, "", &mut defects), Some(expected), "{defects:?}");
        };
        let red = || one_of("color", vec![text("Red")]);
        check(json!({"field": "color", "eq": "Red"}), red());
        check(json!({"all": [{"field": "color", "in": ["Red"]}]}), Condition::All(vec![red()]));
        check(json!({"not": {"field": "color", "eq": "Red"}}), Condition::Not(Box::new(red())));
        let range = Test::Range { from: Some(10.0), to: None };
        check(json!({"field": "price", "range": {"from": 10}}), Condition::Field { field: "price".into(), test: range });
        let exists = Condition::Field { field: "x".into(), test: Test::Exists };
        check(json!({"field": "x", "exists": false}), Condition::Not(Box::new(exists)));
    }

    #[test]
    fn bad_trees_are_located() {
        let check = |value: Value, pointer: &str| {
            let mut defects = Vec::new();
            assert_eq!(decode(&value, "/filter", &mut defects), None);
            assert!(defects.len() == 1 && defects[0].pointer == pointer, "{defects:?}");
        };
        check(json!({"al": []}), "/filter/al");
        check(json!({"all": {}}), "/filter/all");
        check(json!({"all": [{"field": "c"}]}), "/filter/all/0/field");
        check(json!({"field": "c", "eq": 1, "in": [2]}), "/filter/field");
        check(json!({"field": "c", "eq": null}), "/filter/eq");
        check(json!({"field": "p", "range": {"from": 5, "to": 5}}), "/filter/range/to");
        let deep = (0..40).fold(json!({"field": "c", "eq": 1}), |inner, _| json!({"not": inner}));
        let mut defects = Vec::new();
        assert_eq!(decode(&deep, "", &mut defects), None);
        assert!(defects[0].message.contains("17 levels"), "{defects:?}");
        let wide = json!({"any": vec![json!({"field": "c", "eq": 1}); CONDITION_NODES_MAX]});
        check(wide, &format!("/filter/any/{}", CONDITION_NODES_MAX - 1));
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
