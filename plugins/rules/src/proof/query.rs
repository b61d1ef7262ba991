//! Is there a query that passes some tests and fails others?
//!
//! A query that must be a given text is tried as it is. Otherwise a few queries are composed of the phrases that are
//! wanted, plainest first, and tried; and a few rules that cannot err show that there is none.

use super::{Conjunction, Decided, FILLER, Literal, about, keep};
use crate::condition::{Leaf, Operator};
use crate::facts::Facts;
use crate::text::{PHRASE_CHARS_MAX, normalize};

/// One wanted or barred test of the query.
type Test<'r> = (Operator, &'r str, bool);

pub(super) fn decide(conjunction: &Conjunction<'_>, facts: &mut Facts<'static>) -> Decided {
    let literals = about(conjunction, |leaf| matches!(leaf, Leaf::Query { .. }));
    let test = |(leaf, wanted): Literal<'_>| match leaf {
        Leaf::Query { operator, phrase } => Some((*operator, phrase.clone(), wanted)),
        _ => None,
    };
    let owned: Vec<(Operator, String, bool)> = literals.clone().filter_map(test).collect();
    let tests: Vec<Test<'_>> =
        owned.iter().map(|(operator, phrase, wanted)| (*operator, phrase.as_str(), *wanted)).collect();
    if let Some((_, phrase, _)) = tests.iter().find(|(operator, _, wanted)| *operator == Operator::Is && *wanted) {
        // The whole query is known.
        facts.text = (*phrase).to_owned();
        let failing = tests.iter().find(|(operator, phrase, wanted)| operator.holds(phrase, &facts.text) != *wanted);
        return failing.map_or(Ok(true), |failing| Err(format!("{} cannot {}", named(&facts.text), fails(*failing))));
    }
    if let Some((one, other)) = opposed(&tests) {
        return Err(format!("a query that {} cannot {}", passes(one.0, one.1), fails(other)));
    }
    for text in compositions(&tests) {
        facts.text = normalize(&text);
        if facts.text.chars().count() <= PHRASE_CHARS_MAX && keep(facts, literals.clone()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A query that is known whole.
fn named(text: &str) -> String {
    if text.is_empty() { "the query of a page without one".to_owned() } else { format!("the query `{text}`") }
}

/// What a query does that passes a test.
fn passes(operator: Operator, phrase: &str) -> String {
    let verb = match operator {
        Operator::Is => "is",
        Operator::Contains => "contains",
        Operator::Starts => "starts with",
        Operator::Ends => "ends with",
        Operator::Words => "has the words",
    };
    format!("{verb} `{phrase}`")
}

/// What a query would have to do, or not to do.
fn fails((operator, phrase, wanted): Test<'_>) -> String {
    if (operator, phrase) == (Operator::Is, "") {
        return if wanted { "be empty, as that of a category page is" } else { "be given" }.to_owned();
    }
    let verb = match operator {
        Operator::Is => "be",
        Operator::Contains => "contain",
        Operator::Starts => "start with",
        Operator::Ends => "end with",
        Operator::Words => "have the words",
    };
    format!("{}{verb} `{phrase}`", if wanted { "" } else { "not " })
}

/// Two tests that no query passes.
fn opposed<'r>(tests: &[Test<'r>]) -> Option<(Test<'r>, Test<'r>)> {
    let wanted = tests.iter().filter(|test| test.2);
    for &one in wanted.clone() {
        for &other in tests {
            let contradicts = if other.2 { excludes(one, other) } else { implies(one, other) };
            if contradicts {
                return Some((one, other));
            }
        }
    }
    None
}

/// Whether every query that passes `one` would pass `other`, if that were wanted.
fn implies(one: Test<'_>, other: Test<'_>) -> bool {
    let (phrase, part) = (one.1, other.1);
    match (one.0, other.0) {
        (Operator::Words, Operator::Words) => part.split(' ').all(|word| phrase.split(' ').any(|other| other == word)),
        (Operator::Words, Operator::Contains) => phrase.split(' ').any(|word| word.contains(part)),
        (Operator::Words, _) | (_, Operator::Is | Operator::Words) => false,
        (_, Operator::Contains) => phrase.contains(part),
        (Operator::Starts, Operator::Starts) => phrase.starts_with(part),
        (Operator::Ends, Operator::Ends) => phrase.ends_with(part),
        _ => false,
    }
}

/// Whether no query passes both.
fn excludes(one: Test<'_>, other: Test<'_>) -> bool {
    let (a, b) = (one.1, other.1);
    match (one.0, other.0) {
        (Operator::Starts, Operator::Starts) => !a.starts_with(b) && !b.starts_with(a),
        (Operator::Ends, Operator::Ends) => !a.ends_with(b) && !b.ends_with(a),
        _ => false,
    }
}

/// Queries that have what is wanted, plainest first.
fn compositions(tests: &[Test<'_>]) -> Vec<String> {
    let wanted = |operator: Operator| tests.iter().filter(move |test| test.2 && test.0 == operator).map(|test| test.1);
    let start = wanted(Operator::Starts).max_by_key(|phrase| phrase.len()).unwrap_or_default();
    let end = wanted(Operator::Ends).max_by_key(|phrase| phrase.len()).unwrap_or_default();
    let mut parts: Vec<&str> = vec![start];
    for phrase in wanted(Operator::Contains).chain(wanted(Operator::Words).flat_map(|phrase| phrase.split(' '))) {
        if !parts.contains(&phrase) && phrase != end {
            parts.push(phrase);
        }
    }
    let whole = |parts: &[&str]| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let with_end: Vec<&str> = parts.iter().copied().chain([end]).collect();
    let (short, long) = (whole(&parts), whole(&with_end));
    let only_end = whole(&[end]);
    let middle: Vec<&str> = parts.iter().copied().chain([FILLER, end]).collect();
    vec![
        only_end,
        short.clone(),
        long.clone(),
        format!("{short} {FILLER}"),
        format!("{FILLER} {long}"),
        whole(&middle),
        FILLER.to_owned(),
    ]
}
