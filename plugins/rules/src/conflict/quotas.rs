//! Which quotas cannot both be kept?
//!
//! "At least 6 of these and at least 4 of those" do not fit into the first 8 unless enough products are both; "at least 8
//! of one brand" leaves no room for "no more than 3 of one brand in a row". A quota asks for no more products than there
//! are, so only what the shop can fill is counted.
//! What is not here: quotas of products that overlap in ways that only all of them together show.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use planogram_abi::limits::CANDIDATES_MAX;
use serde_json::Value;

use super::{Bench, Case, phrase};
use crate::event::{About, Deed, Event};

/// Quotas that are compared with each other; more would not be read by anybody.
const QUOTAS_MAX: usize = 1_000;
/// The field of which a product has one value.
const BRAND: &str = "brand";

/// Products that quotas mean, when they are few enough to be known.
type Members = Option<Rc<HashSet<u32>>>;

/// A quota, and the rule it stands in.
struct Quota<'c> {
    case: usize,
    event: &'c Event,
    /// Products it means, when they are few enough to be known.
    members: Members,
    /// Brands one of which all of them are of.
    brands: Option<Vec<String>>,
}

/// Pairs of quotas that cannot both be kept: their rules, perhaps the same one twice, and what is wrong.
pub(super) fn opposed_quotas(cases: &[Case<'_>], bench: &Bench<'_>) -> Vec<(usize, usize, String)> {
    let mut known: HashMap<(String, Option<u32>), Members> = HashMap::new();
    let mut quotas: Vec<Quota<'_>> = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let is_quota = |event: &&Event| matches!(event.deed, Deed::AtLeast { .. } | Deed::AtMostInRow { .. });
        for event in case.subject.rule.events.iter().filter(is_quota).take(QUOTAS_MAX - quotas.len()) {
            let within = case.subject.members.map(|members| members.0);
            let members = known.entry((format!("{:?}", event.about), within));
            let members = members.or_insert_with(|| members_of(case, event, bench).map(Rc::new)).clone();
            quotas.push(Quota { case: at, event, members, brands: brands_of(&event.about) });
        }
    }
    let mut found = Vec::new();
    for (at, one) in quotas.iter().enumerate() {
        for other in &quotas[at + 1..] {
            found
                .extend(opposed(one, other).or_else(|| opposed(other, one)).map(|words| (one.case, other.case, words)));
        }
    }
    found
}

/// Why two quotas cannot both be kept; nothing when they can.
fn opposed(one: &Quota<'_>, other: &Quota<'_>) -> Option<String> {
    let Deed::AtLeast { count, first } = one.event.deed else { return None };
    let needed = needed(one, count);
    match &other.event.deed {
        Deed::AtLeast { count: other_count, first: other_first } => {
            let (room, other_needed) = (first.max(*other_first), self::needed(other, *other_count));
            if needed + other_needed <= room
                || needed + other_needed - both(one, other)?.min(needed).min(other_needed) <= room
            {
                return None;
            }
            let (a, b) = (words(one, count), words(other, *other_count));
            Some(format!("{a} and {b} do not fit into the first {room} together"))
        }
        Deed::AtMostInRow { count: in_row, attribute } if attribute == BRAND => {
            one.brands.as_ref().filter(|brands| brands.len() == 1)?;
            let room = first - first / (in_row + 1);
            let limit = format!("at most {in_row} of one brand in a row leave room for {room}");
            (needed > room).then(|| format!("{} shall stand among the first {first}, but {limit}", words(one, count)))
        }
        _ => None,
    }
}

fn words(quota: &Quota<'_>, count: u32) -> String {
    match &quota.event.about {
        About::Products(products) => format!("at least {count} {}", phrase::products(products)),
        About::Skus(skus) => format!("at least {count} of `{}`", skus.join("`, `")),
        About::List => format!("at least {count}"),
    }
}

/// No more than there are.
fn needed(quota: &Quota<'_>, count: u32) -> u32 {
    let there = quota.members.as_ref().map_or(count, |members| u32::try_from(members.len()).unwrap_or(u32::MAX));
    count.min(there)
}

/// How many products both quotas mean; `None` when that is not known.
fn both(one: &Quota<'_>, other: &Quota<'_>) -> Option<u32> {
    if let (Some(brands), Some(others)) = (&one.brands, &other.brands)
        && !brands.iter().any(|brand| others.contains(brand))
    {
        return Some(0);
    }
    let (members, others) = (one.members.as_ref()?, other.members.as_ref()?);
    u32::try_from(members.intersection(others).count()).ok()
}

/// The products that a quota means and that can be in the list; `None` when there are too many.
fn members_of(case: &Case<'_>, event: &Event, bench: &Bench<'_>) -> Option<HashSet<u32>> {
    let items: Vec<u32> = match &event.about {
        About::Skus(skus) => {
            let names: Vec<&str> = skus.iter().map(String::as_str).collect();
            bench.host.resolve(&names).into_iter().flatten().collect()
        }
        About::Products(products) => bench.host.matching(products.id?, &[], CANDIDATES_MAX).ok()?,
        About::List => return None,
    };
    if items.len() >= CANDIDATES_MAX {
        return None;
    }
    let holds = case.subject.members.or(bench.shown).map(|condition| bench.host.test(condition, &items));
    let holds = holds.unwrap_or_else(|| vec![true; items.len()]);
    Some(items.into_iter().zip(holds).filter(|(_, holds)| *holds).map(|(item, _)| item).collect())
}

/// The brands that a condition on products leaves, in lower case; `None` when it does not name them.
fn brands_of(about: &About) -> Option<Vec<String>> {
    let About::Products(products) = about else { return None };
    brands_in(&serde_json::from_str(&products.json).ok()?)
}

fn brands_in(condition: &Value) -> Option<Vec<String>> {
    if let Some(parts) = condition.get("all").and_then(Value::as_array) {
        return parts.iter().find_map(brands_in);
    }
    if condition.get("field")? != BRAND {
        return None;
    }
    let brands = match (condition.get("eq"), condition.get("in")) {
        (Some(brand), None) => std::slice::from_ref(brand),
        (None, Some(brands)) => brands.as_array()?,
        _ => return None,
    };
    brands.iter().map(|brand| Some(brand.as_str()?.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Products;

    #[test]
    fn quotas_fit_or_they_do_not() {
        let quota = |deed: Deed, members: std::ops::Range<u32>, brand: Option<&str>| {
            let event = Event { about: About::List, deed };
            (event, Rc::new(members.collect::<HashSet<u32>>()), brand.map(|brand| vec![brand.to_owned()]))
        };
        let at_least = |count, first| Deed::AtLeast { count, first };
        let check = |one: (Deed, std::ops::Range<u32>, Option<&str>),
                     other: (Deed, std::ops::Range<u32>, Option<&str>),
                     fits: bool| {
            let quotas = [quota(one.0, one.1, one.2), quota(other.0, other.1, other.2)];
            let [one, other] = quotas.each_ref().map(|(event, members, brands)| Quota {
                case: 0,
                event,
                members: Some(members.clone()),
                brands: brands.clone(),
            });
            assert_eq!(
                opposed(&one, &other).or_else(|| opposed(&other, &one)).is_none(),
                fits,
                "{:?} {:?}",
                one.event,
                other.event
            );
        };
        check((at_least(6, 8), 0..9, None), (at_least(4, 8), 10..19, None), false);
        check((at_least(4, 8), 0..9, None), (at_least(4, 8), 10..19, None), true);
        // Two products are both.
        check((at_least(6, 8), 0..9, None), (at_least(4, 8), 7..19, None), true);
        check((at_least(6, 8), 0..9, None), (at_least(4, 8), 8..19, None), false);
        // There are only two of the others, or the second has more room.
        check((at_least(6, 8), 0..9, None), (at_least(4, 8), 10..12, None), true);
        check((at_least(6, 8), 0..9, None), (at_least(4, 10), 10..19, None), true);
        let in_row = |count| Deed::AtMostInRow { count, attribute: "brand".into() };
        check((at_least(7, 8), 0..9, Some("oak")), (in_row(3), 0..0, None), false);
        check((at_least(6, 8), 0..9, Some("oak")), (in_row(3), 0..0, None), true);
        check((at_least(7, 8), 0..9, None), (in_row(3), 0..0, None), true);
    }

    #[test]
    fn brands_are_read_from_a_condition() {
        let check = |json: &str, expected: Option<&[&str]>| {
            let products = Products { json: json.to_owned(), id: None };
            let brands = brands_of(&About::Products(products));
            let brands = brands.as_ref().map(|brands| brands.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(brands.as_deref(), expected, "{json}");
        };
        check(r#"{"field":"brand","eq":"Oak"}"#, Some(&["oak"]));
        check(
            r#"{"all":[{"field":"price","exists":true},{"field":"brand","in":["Oak","Elm"]}]}"#,
            Some(&["oak", "elm"]),
        );
        check(r#"{"any":[{"field":"brand","eq":"Oak"}]}"#, None);
        check(r#"{"field":"color","eq":"Oak"}"#, None);
    }
}
