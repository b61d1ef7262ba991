//! What do rules name that the shop does not have?
//!
//! Store views, categories and attributes are the shop's own: a condition on one that is not there never holds. Customer
//! groups, types of pages and kinds of devices are words of whoever asks: told is what neither the shop's documents nor
//! usage know. Audiences are not looked at, because requests may name those of other systems.

use std::collections::{BTreeMap, BTreeSet};

use planogram_abi::{CallHost, name};

use super::Subject;
use crate::condition::{Leaf, Named};
use crate::event::Deed;

/// A sort of names and a name.
type Name = (&'static str, String);

/// What each rule names in vain, in words, and whether a request may still fire it.
pub(super) fn in_vain(subjects: &[Subject<'_>], host: &dyn CallHost) -> Vec<(usize, String, bool)> {
    let named: Vec<BTreeSet<Name>> = subjects.iter().map(named).collect();
    let mut sorts: BTreeMap<&'static str, BTreeSet<&str>> = BTreeMap::new();
    for (sort, name) in named.iter().flatten() {
        sorts.entry(sort).or_default().insert(name);
    }
    let mut unknown: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (sort, names) in sorts {
        let names: Vec<&str> = names.into_iter().collect();
        // What cannot be told is not told.
        let known = host.knows(sort, &names).unwrap_or_else(|_| vec![true; names.len()]);
        unknown.extend(names.iter().zip(known).filter(|(_, known)| !known).map(|(name, _)| (sort, *name)));
    }
    let mut found = Vec::new();
    for (at, names) in named.iter().enumerate() {
        let vain = names.iter().filter(|(sort, name)| unknown.contains(&(*sort, name.as_str())));
        found.extend(vain.map(|(sort, name)| {
            let may_fire = ![name::STORE_VIEW, name::CATEGORY, name::FIELD].contains(sort);
            (at, words(sort, name), may_fire)
        }));
    }
    found
}

fn words(sort: &str, name: &str) -> String {
    match sort {
        name::STORE_VIEW => format!("there is no store view `{name}`, so no request is for it"),
        name::CATEGORY => format!("there is no category `{name}`, so no list is in it"),
        name::FIELD => format!("no product has the attribute `{name}`, so nobody filters by it"),
        name::ATTRIBUTE => format!("no product has the attribute `{name}`, so `at_most_in_row` does nothing"),
        name::CUSTOMER_GROUP => {
            format!("no document on access or audiences names the customer group `{name}`, so perhaps no request does")
        }
        name::PAGE_TYPE => {
            format!("`{name}` is no usual type of page, and no unit is shown there, so perhaps no request names it")
        }
        other => format!("`{name}` is no usual {other}, so perhaps no request names it"),
    }
}

/// Everything that a rule names.
fn named(subject: &Subject<'_>) -> BTreeSet<Name> {
    let mut names: BTreeSet<Name> = BTreeSet::new();
    names.extend(subject.category.map(|path| (name::CATEGORY, path.to_owned())));
    let mut look = |leaf: &Leaf, _: bool| match leaf {
        Leaf::Category { paths, .. } => names.extend(paths.iter().map(|path| (name::CATEGORY, path.clone()))),
        Leaf::Named { what, values } => {
            let sort = match what {
                Named::Audience => return,
                Named::CustomerGroup => name::CUSTOMER_GROUP,
                Named::StoreView => name::STORE_VIEW,
                Named::Device => name::DEVICE,
                Named::PageType => name::PAGE_TYPE,
            };
            names.extend(values.iter().map(|value| (sort, value.clone())));
        }
        Leaf::Filter(text) => {
            let field = text.split_once('=').map_or(text.as_str(), |(field, _)| field);
            names.insert((name::FIELD, field.to_owned()));
        }
        Leaf::Query { .. } | Leaf::Cart(_) | Leaf::Weekly(_) | Leaf::Window { .. } => {}
    };
    subject.rule.when.iter().for_each(|when| when.each(&mut look));
    for event in &subject.rule.events {
        if let Deed::AtMostInRow { attribute, .. } = &event.deed {
            names.insert((name::ATTRIBUTE, attribute.clone()));
        }
    }
    names
}
