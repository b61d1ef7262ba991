//! Which rows of the feature table have a test over HTTP?
//!
//! `server/ACCEPTANCE.md` is made from the names of the tests: `row_065_…` is the test of row 65, `row_091_and_094_…`
//! that of two. A row without a test is listed as missing, never left out: rows 1 to 15, a GraphQL front door in the
//! shape of another vendor's, are missing because there is no such door. The page is written anew by running this
//! test with the variable `PLANOGRAM_WRITE_ACCEPTANCE` set. Whether the tests pass is the tests' own business.

use std::collections::BTreeMap;

use crate::tree;

const PAGE: &str = "server/ACCEPTANCE.md";
const TESTS: &str = "server/tests/acceptance/";
const WRITE: &str = "PLANOGRAM_WRITE_ACCEPTANCE";

/// Systems and their features in order of rows, from the first on.
const FEATURES: [(&str, &[&str]); 8] = [
    (
        "GraphQL door",
        &[
            "product searches are answered",
            "several root fields in one document",
            "category fields inside facet buckets",
            "old and new product shapes in one item",
            "simple and configurable products",
            "headers choose the scope",
            "a header names the customer group",
            "preflight requests of browsers",
            "a header narrows the catalog",
            "errors in the envelope of GraphQL",
            "request ids in the envelope",
            "which attributes sort and filter",
            "options lead to their variant",
            "variants page by page",
            "products by sku",
        ],
    ),
    (
        "search",
        &[
            "results from the first letters on",
            "every word of the query as a prefix",
            "a long beginning finds as any other",
            "plurals and stems meet",
            "typing errors are forgiven",
            "each language has its analyzer",
            "phrase above one field above several fields",
            "weights of attributes",
            "sku, name and category are always searched",
            "two-way synonyms",
            "one-way synonyms",
            "synonyms of several words are phrases",
            "synonym limits and stop words",
            "a synonym keeps its type",
            "suggestions",
            "matched words are listed and tagged",
            "redirects",
            "lexical and vector search together, on and off",
            "long phrases and odd characters",
            "filter by parts of words",
            "filter by beginnings and ends",
            "phrase and attribute operators together",
            "bound on attributes an operator tests",
            "an empty phrase browses",
            "visibility in search and in browsing",
            "stock filter",
            "what is sold out stands last",
            "several sort keys",
            "paging bounds",
            "page size bound",
            "unknown filter attributes",
        ],
    ),
    (
        "facets",
        &[
            "pinned before dynamic facets",
            "kinds of dynamic facets",
            "counts without the own filter",
            "number of values shown",
            "order of values",
            "price ranges",
            "true bounds of numbers",
            "swatches, booleans, lists",
            "bounds on facets and values",
            "category facet while browsing",
            "category facet while filtering",
            "pinned categories",
            "categories kept from customer groups",
            "drafts are published",
        ],
    ),
    (
        "merchandising",
        &[
            "conditions on the query",
            "any or all conditions",
            "boost",
            "bury",
            "pin",
            "a pin adds nothing to the results",
            "hide",
            "default rule",
            "which of several rules wins",
            "schedules and previews",
            "an explicit sort switches rules off",
            "bounds on rules",
            "the rule of an item is told in previews",
            "strategies by counts of seven days",
            "strategy by what trends",
            "strategy by the shopper's history",
            "behavior is bounded by relevance",
            "when a category rule applies",
            "strategies are inherited",
            "manual events are not inherited",
            "a missing category under position order",
            "automatic category orders",
            "smart categories",
            "every stage that moved an item is named",
        ],
    ),
    (
        "recommendations",
        &[
            "more like this",
            "viewed and bought together",
            "most viewed, bought, put into the cart",
            "trending",
            "conversion",
            "recommended for the shopper",
            "recently viewed",
            "similar by looks",
            "fallback",
            "recently viewed is not filled up",
            "page types",
            "sizes and numbers of units",
            "no product twice on a page",
            "nothing bought or in the cart",
            "inclusions and exclusions",
            "category filters reach below",
            "price filters by group price",
            "stock exclusions",
            "filters relative to the product",
            "order and labels",
            "readiness",
            "units by id",
            "drafts of units",
            "metrics of units",
        ],
    ),
    (
        "events",
        &[
            "storefront event kinds",
            "collector format",
            "events before a page view",
            "clicks join their answers",
            "variants count for their product",
            "repeated events count once",
            "standard storefront events",
            "back-office events",
            "profiles",
            "order history",
            "consent",
            "access and erasure",
            "custom attributes and events",
            "test traffic",
        ],
    ),
    (
        "related rules",
        &[
            "match and display conditions",
            "three lists",
            "manual, by rule, or both",
            "rotation",
            "segments and dates",
            "bound on products",
        ],
    ),
    (
        "segments",
        &["condition families", "nested conditions", "visitors and customers", "refresh and export", "live membership"],
    ),
];

/// File and name of each test, by row.
type Tests = BTreeMap<usize, Vec<String>>;

/// The rows a test is named by: `row_091_and_094_newest_first` has two.
fn rows_of(test: &str) -> Vec<usize> {
    let Some(rest) = test.strip_prefix("row_") else { return Vec::new() };
    let parts = rest.split('_').filter(|part| *part != "and");
    let number = |part: &str| (part.len() == 3).then(|| part.parse().ok()).flatten();
    parts.map_while(number).collect()
}

fn tests_by_row() -> Tests {
    let mut tests = Tests::new();
    for file in tree::sources().into_iter().filter(|file| file.path.starts_with(TESTS)) {
        let module = file.path[TESTS.len()..].trim_end_matches(".rs");
        for at in file.text.match_indices("#[test]\nfn ").map(|(at, found)| at + found.len()) {
            let name = file.text[at..].split('(').next().unwrap_or_default();
            for row in rows_of(name) {
                tests.entry(row).or_default().push(format!("{module}::{name}"));
            }
        }
    }
    tests
}

fn page(tests: &Tests) -> String {
    let features = FEATURES.iter().flat_map(|(system, features)| features.iter().map(move |feature| (system, feature)));
    let rows: Vec<_> = (1..).zip(features).collect();
    let (n_rows, n_tested) = (rows.len(), rows.iter().filter(|(row, _)| tests.contains_key(row)).count());
    let mut page = format!(
        "# Acceptance\n\n\
        What an outside observer can check over HTTP, row by row of the feature table.\n\
        Each test is named by its row and stands under [tests/acceptance](tests/acceptance); a row without one is missing.\n\
        Rows 1 to 15 are a GraphQL front door, which is not built: the routes are those of [README.md](README.md).\n\
        This page is made from the tests: `{WRITE}=1 cargo test --workspace -- the_acceptance_page` writes it anew.\n\n\
        {n_tested} of {n_rows} rows have a test.\n\n\
        | row | system | feature | test |\n|---|---|---|---|\n"
    );
    for (row, (system, feature)) in rows {
        let named = tests.get(&row).map(|names| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>());
        let named = named.map_or("missing".to_owned(), |names| names.join(", "));
        page.push_str(&format!("| {row} | {system} | {feature} | {named} |\n"));
    }
    page
}

#[test]
fn the_acceptance_page_lists_every_row() {
    let tests = tests_by_row();
    assert!(tests.values().flatten().count() > 20, "only {tests:?} found: the page would list nothing");
    let (page, path) = (page(&tests), tree::top().join(PAGE));
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "{PAGE} is not what the tests say; run this test with {WRITE}=1");
}

#[test]
fn rows_are_read_from_names() {
    assert_eq!(rows_of("row_065_pin_holds"), [65]);
    assert_eq!(rows_of("row_091_and_094_recently_viewed_is_newest_first"), [91, 94]);
    assert_eq!(rows_of("row_088_trending_needs_3_days"), [88]);
    assert_eq!(rows_of("a_row_088"), [0; 0]);
    let n_features: usize = FEATURES.iter().map(|(_, features)| features.len()).sum();
    assert_eq!(n_features, 133);
}
