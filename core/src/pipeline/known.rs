//! Does the shop have what a plugin's document names?
//!
//! Store views, categories and attributes are the shop's, so what is not there is not there. Customer groups, types of
//! pages and kinds of devices are words of whoever asks: known are those that the shop's own documents name, and the usual
//! ones. Of other sorts of names no list is kept, and everything is there.

use std::collections::BTreeSet;

use planogram_abi::name;

use super::run::Run;
use super::unit::{self, Unit};
use crate::catalog::BRAND;
use crate::expr::audience::{AUDIENCE_KIND, CUSTOMER_GROUP, Fact, ProfileTest, Tree, parse_audience};
use crate::expr::{Test, is_known_field};

/// Types of pages that shops have.
const PAGE_TYPES: [&str; 12] = [
    "home",
    "category",
    "search",
    "product",
    "cart",
    "checkout",
    "confirmation",
    "account",
    "wishlist",
    "order",
    "cms",
    "page-builder",
];
/// Kinds of devices that shops tell apart.
const DEVICES: [&str; 12] =
    ["desktop", "mobile", "tablet", "phone", "smartphone", "web", "app", "ios", "android", "tv", "watch", "kiosk"];

/// Whether each of some names of a sort is there, `[names.len()]`.
pub(super) fn knows(run: &Run<'_>, sort: &str, names: &[&str]) -> Vec<bool> {
    let catalog = &run.snapshot.catalog;
    let among = |known: &BTreeSet<String>| -> Vec<bool> {
        names.iter().map(|name| known.is_empty() || known.contains(&name.to_lowercase())).collect()
    };
    let usual = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    match sort {
        name::STORE_VIEW => among(&run.epoch.shop.store_views().iter().map(|view| view.code.to_lowercase()).collect()),
        name::CATEGORY => names.iter().map(|path| catalog.category(path).is_some()).collect(),
        name::ATTRIBUTE => names.iter().map(|code| *code == BRAND || catalog.attribute_id(code).is_some()).collect(),
        name::FIELD => {
            let codes: BTreeSet<String> = catalog.attributes().map(|known| known.code().to_lowercase()).collect();
            let is_there = |field: &&str| is_known_field(field, catalog) || codes.contains(&field.to_lowercase());
            names.iter().map(is_there).collect()
        }
        name::CUSTOMER_GROUP => among(&customer_groups(run)),
        name::PAGE_TYPE => {
            let mut known = usual(&PAGE_TYPES);
            let documents = run.epoch.documents().of_kind(unit::KIND).into_iter();
            let units = documents.filter_map(|document| Unit::parse(document.write.body.as_deref()?).ok());
            known.extend(units.flat_map(|unit| unit.page_types).map(|page_type| page_type.to_lowercase()));
            among(&known)
        }
        name::DEVICE => among(&usual(&DEVICES)),
        _ => vec![true; names.len()],
    }
}

/// Customer groups, in lower case, that documents on access or audiences name.
fn customer_groups(run: &Run<'_>) -> BTreeSet<String> {
    let mut groups: Vec<String> = run.epoch.shop.customer_groups().map(str::to_owned).collect();
    for document in run.epoch.documents().of_kind(AUDIENCE_KIND) {
        let body = document.write.body.as_deref().unwrap_or_default();
        let audience = parse_audience(&document.write.key.id, body).ok();
        audience.and_then(|audience| audience.condition).iter().for_each(|tree| gather_groups(tree, &mut groups));
    }
    groups.iter().map(|group| group.to_lowercase()).collect()
}

fn gather_groups(tree: &Tree, groups: &mut Vec<String>) {
    match tree {
        Tree::All(parts) | Tree::Any(parts) => parts.iter().for_each(|part| gather_groups(part, groups)),
        Tree::Not(part) => gather_groups(part, groups),
        Tree::Leaf(Fact::Profile { name, test: ProfileTest::Value(Test::In(values)) }) if name == CUSTOMER_GROUP => {
            groups.extend(values.iter().map(|value| value.spelling().into_owned()));
        }
        Tree::Leaf(_) => {}
    }
}
