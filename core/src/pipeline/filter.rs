//! May the caller filter and sort so, and what does a filter mean?
//!
//! Attributes say in their documents whether shoppers may filter and sort by them, and which parts of their texts may
//! be looked for; conditions that merchants write are held to none of this. A shopper's `contains` of a long text is
//! one that was typed on: it also matches word by word. Evaluation is `expr`'s business, facets are the facet step's.

use std::borrow::Cow;

use super::request::{ListRequest, QueryError};
use super::run::Run;
use crate::catalog::definition::CATEGORIES;
use crate::expr::{Condition, Test, Value};
use crate::limits::CONTAINS_CHARS_MAX;
use crate::snapshot::Shop;

/// The name of a field in facets and messages: the two names of the category tree are one.
pub(super) fn canonical(field: &str) -> &str {
    if field == CATEGORIES { "category" } else { field }
}

/// Refuses filters and sort keys that the attributes' documents do not allow.
pub(super) fn check(shop: &Shop, request: &ListRequest) -> Result<(), QueryError> {
    let refused = |parameter: &str, message: String, allowed: String| {
        Err(QueryError::Invalid { parameter: parameter.to_owned(), message, allowed })
    };
    let mut leaves = Vec::new();
    request.filters.iter().for_each(|filter| gather_leaves(filter, &mut leaves));
    for (field, test) in leaves {
        let Some(definition) = shop.documented(field) else { continue };
        if !definition.filterable {
            let message = format!("`{field}` is not filterable");
            return refused("filter", message, format!("set `filterable` of the attribute `{field}`"));
        }
        if let (Some(operator), Some(listed)) = (test.text_operator(), &definition.operators)
            && !listed.iter().any(|known| known == operator)
        {
            let listed = if listed.is_empty() { "`eq`, `in`, `exists`".to_owned() } else { listed.join(", ") };
            return refused("filter", format!("`{field}` cannot be filtered by `{operator}`"), listed);
        }
    }
    let barred = |field: &str| shop.documented(field).is_some_and(|definition| !definition.sortable);
    match request.sort.iter().find(|key| barred(&key.field)) {
        Some(key) => {
            let allowed = format!("set `sortable` of the attribute `{}`", key.field);
            refused("sort", format!("`{}` is not sortable", key.field), allowed)
        }
        None => Ok(()),
    }
}

/// Refuses filters that test more than `max` attributes by one text operator: each walks a dictionary.
///
/// # Errors
/// The operator and the number of attributes.
pub fn check_text_operators(filters: &[Condition], max: usize) -> Result<(), QueryError> {
    let mut leaves = Vec::new();
    filters.iter().for_each(|filter| gather_leaves(filter, &mut leaves));
    let mut tested: Vec<(&str, &str)> =
        leaves.iter().filter_map(|(field, test)| Some((test.text_operator()?, *field))).collect();
    tested.sort_unstable();
    tested.dedup();
    match tested.chunk_by(|a, b| a.0 == b.0).find(|fields| fields.len() > max) {
        Some(fields) => Err(QueryError::Invalid {
            parameter: "filter".into(),
            message: format!("`filter` tests {} attributes by `{}`", fields.len(), fields[0].0),
            allowed: format!("at most {max} attributes an operator"),
        }),
        None => Ok(()),
    }
}

/// A caller's filter as it is meant: long `contains` also match word by word, and categories that the shopper does not
/// see hold nothing.
pub(super) fn meant<'c>(run: &Run<'_>, condition: &'c Condition) -> Cow<'c, Condition> {
    let mut leaves = Vec::new();
    gather_leaves(condition, &mut leaves);
    if leaves.iter().all(|(field, test)| meant_leaf(run, field, test).is_none()) {
        return Cow::Borrowed(condition);
    }
    Cow::Owned(rewritten(run, condition))
}

fn rewritten(run: &Run<'_>, condition: &Condition) -> Condition {
    let all = |parts: &[Condition]| parts.iter().map(|part| rewritten(run, part)).collect();
    match condition {
        Condition::All(parts) => Condition::All(all(parts)),
        Condition::Any(parts) => Condition::Any(all(parts)),
        Condition::Not(part) => Condition::Not(Box::new(rewritten(run, part))),
        Condition::Field { field, test } => meant_leaf(run, field, test).unwrap_or_else(|| condition.clone()),
    }
}

/// What a leaf means when it is not what it says.
fn meant_leaf(run: &Run<'_>, field: &str, test: &Test) -> Option<Condition> {
    let leaf = |test: Test| Condition::Field { field: field.to_owned(), test };
    let seen = |test: Test| leaf(seen_test(run, field, &test).unwrap_or(test));
    match test {
        Test::Contains(text) if text.chars().count() > CONTAINS_CHARS_MAX => {
            Some(Condition::Any(vec![seen(test.clone()), seen(Test::Words(text.clone()))]))
        }
        _ => seen_test(run, field, test).map(leaf),
    }
}

/// What a test of the category means to a shopper who does not see all categories, when it is not what it says: one
/// of names keeps those that are seen, any other becomes the names of those seen that pass it.
fn seen_test(run: &Run<'_>, field: &str, test: &Test) -> Option<Test> {
    if canonical(field) != "category" || run.hidden.is_empty() {
        return None;
    }
    let catalog = &run.snapshot.catalog;
    if let Test::In(values) = test {
        let is_hidden = |value: &Value| catalog.category(&value.spelling()).is_some_and(|id| run.hidden.contains(id));
        let kept: Vec<Value> = values.iter().filter(|value| !is_hidden(value)).cloned().collect();
        return (kept.len() < values.len()).then_some(Test::In(kept));
    }
    let seen = catalog.categories().filter(|(id, _)| !run.hidden.contains(*id));
    let paths = seen.map(|(id, _)| catalog.category_path(id).join("/")).filter(|path| test.holds_for(path));
    Some(Test::In(paths.map(Value::Text).collect()))
}

/// The category paths that filters ask for by name, in order of occurrence.
pub(super) fn categories_of(filters: &[Condition]) -> Vec<&str> {
    let mut paths = Vec::new();
    for (field, test) in asked(filters) {
        if let (true, Some(Test::In(values))) = (field == "category", test) {
            paths.extend(
                values.iter().filter_map(|value| if let Value::Text(path) = value { Some(&**path) } else { None }),
            );
        }
    }
    paths
}

/// What filters ask for, as plugins see it: each field, and each value that is asked of it (`color`, `color=Red`), once.
/// A value that is ruled out is not asked for, and neither is what is only one way out of several.
pub(super) fn texts(filters: &[Condition]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (field, test) in asked(filters) {
        let values = if let Some(Test::In(values)) = test { values.as_slice() } else { &[] };
        let valued = values.iter().map(|value| match value {
            Value::Text(text) => format!("{field}={text}"),
            Value::Number(number) => format!("{field}={number}"),
            Value::Boolean(flag) => format!("{field}={flag}"),
            Value::Matched(_) => field.to_owned(),
        });
        for text in std::iter::once(field.to_owned()).chain(valued) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts
}

/// The fields that everything that passes was tested by, with the tests that it passed rather than failed.
fn asked(filters: &[Condition]) -> Vec<(&str, Option<&Test>)> {
    let mut all = Vec::new();
    filters.iter().for_each(|filter| gather_asked(filter, false, &mut all));
    all
}

fn gather_asked<'c>(condition: &'c Condition, is_negated: bool, asked: &mut Vec<(&'c str, Option<&'c Test>)>) {
    let (parts, must_all) = match condition {
        Condition::All(parts) => (parts, !is_negated),
        Condition::Any(parts) => (parts, is_negated),
        Condition::Not(part) => return gather_asked(part, !is_negated, asked),
        Condition::Field { field, test } => {
            asked.push((canonical(field), (!is_negated).then_some(test)));
            return;
        }
    };
    let mut of_parts = Vec::new();
    parts.iter().for_each(|part| gather_asked(part, is_negated, &mut of_parts));
    // Of alternatives it is only certain what they test, if that is the same.
    if must_all || of_parts.iter().all(|(field, _)| *field == of_parts[0].0) {
        asked.append(&mut of_parts);
    }
}

fn gather_leaves<'c>(condition: &'c Condition, leaves: &mut Vec<(&'c str, &'c Test)>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| gather_leaves(part, leaves)),
        Condition::Not(part) => gather_leaves(part, leaves),
        Condition::Field { field, test } => leaves.push((field, test)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(field: &str) -> Condition {
        Condition::Field { field: field.to_owned(), test: Test::Contains("x".to_owned()) }
    }

    #[test]
    fn attributes_are_counted_by_operator_and_once() {
        let all = |fields: &[&str]| Condition::All(fields.iter().map(|field| contains(field)).collect());
        let starts = Condition::Field { field: "c".to_owned(), test: Test::StartsWith("x".to_owned()) };
        assert_eq!(
            check_text_operators(&[all(&["a", "b"]), Condition::Not(Box::new(contains("a"))), starts], 2),
            Ok(())
        );
        let error = check_text_operators(&[all(&["a", "b"]), contains("c")], 2).unwrap_err();
        assert_eq!(error.to_string(), "`filter` tests 3 attributes by `contains`; at most 2 attributes an operator");
    }

    #[test]
    fn categories_go_by_two_names() {
        let of = |field: &str, path: &str| Condition::Field {
            field: field.to_owned(),
            test: Test::In(vec![Value::Text(path.to_owned()), Value::Number(1.0)]),
        };
        let filters = [of("categories", "C/D"), contains("a"), of("category", "E")];
        assert_eq!(texts(&filters), ["category", "category=C/D", "category=1", "a", "category=E"]);
        assert_eq!(categories_of(&[of("category", "A"), of("color", "B"), of("categories", "C/D")]), ["A", "C/D"]);
        // What is ruled out, or is one way of several, is not asked for.
        let not = |condition: Condition| Condition::Not(Box::new(condition));
        assert_eq!(texts(&[not(of("category", "A"))]), ["category"]);
        assert_eq!(texts(&[not(not(of("category", "A")))]), ["category", "category=A", "category=1"]);
        assert_eq!(texts(&[Condition::Any(vec![of("category", "A"), contains("a")])]), [""; 0]);
        assert_eq!(texts(&[not(Condition::Any(vec![of("category", "A"), contains("a")]))]), ["category", "a"]);
        let either = Condition::Any(vec![of("category", "A"), of("categories", "B")]);
        assert_eq!(categories_of(&[either, not(of("category", "C"))]), ["A", "B"]);
    }
}
