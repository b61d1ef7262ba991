//! How is the demo shop configured?
//!
//! Every document of the shop in one place: price books, store views, attribute definitions, recommendation
//! units, synonyms, and a rule each for search and category pages.

use planogram_core::catalog::doc::ProductDoc;
use serde_json::{Value, json};

use super::make::{SWEDISH, WHOLESALE};
use crate::documents::SeedDocument;

/// All documents; rules pin products of this shop.
pub fn documents(products: &[ProductDoc]) -> Vec<SeedDocument> {
    let mut all = views();
    all.extend(attributes());
    all.extend(units());
    all.extend(synonyms());
    all.extend(rules(products));
    all
}

fn views() -> Vec<SeedDocument> {
    vec![
        SeedDocument::global("price-book", "default", json!({"currency": "EUR"})),
        SeedDocument::global("price-book", WHOLESALE, json!({"currency": "EUR", "parent": "default"})),
        SeedDocument::global(
            "store-view",
            "default",
            json!({"name": "Nordvik", "locale": "en-US", "currency": "EUR", "price_book": "default", "default": true}),
        ),
        SeedDocument::global(
            "store-view",
            SWEDISH,
            json!({"name": "Nordvik Sverige", "locale": "sv-SE", "currency": "EUR", "price_book": "default"}),
        ),
    ]
}

fn attributes() -> Vec<SeedDocument> {
    let texts = [
        ("brand", "Brand", "pinned", 1, 5),
        ("color", "Color", "pinned", 2, 4),
        ("size", "Size", "pinned", 3, 1),
        ("material", "Material", "dynamic", 4, 3),
        ("style", "Style", "dynamic", 5, 2),
        ("gender", "For", "dynamic", 6, 3),
    ];
    let numbers = [
        ("rating", "Rating", "pinned"),
        ("power_w", "Power (W)", "dynamic"),
        ("capacity", "Capacity", "dynamic"),
        ("weight_kg", "Weight (kg)", "dynamic"),
        ("battery_h", "Battery life (h)", "dynamic"),
        ("width_cm", "Width (cm)", "dynamic"),
        ("height_cm", "Height (cm)", "off"),
        ("diameter_cm", "Diameter (cm)", "dynamic"),
        ("pieces", "Pieces", "off"),
    ];
    let mut bodies: Vec<(&str, Value)> = Vec::new();
    for (code, label, facet, position, weight) in texts {
        bodies.push((
            code,
            json!({"label": label, "type": "text", "searchable": true, "weight": weight, "filterable": true,
                   "facet": facet, "facet_position": position}),
        ));
    }
    for (code, label, facet) in numbers {
        let sortable = code == "rating";
        let body = json!({"label": label, "type": "number", "searchable": false, "filterable": true, "facet": facet,
                          "sortable": sortable});
        bodies.push((code, body));
    }
    let season = json!({"label": "Season", "type": "list", "searchable": true, "weight": 1, "filterable": true,
                        "facet": "dynamic"});
    bodies.push(("season", season));
    let eco = json!({"label": "Eco", "type": "boolean", "searchable": false, "filterable": true, "facet": "dynamic"});
    bodies.push(("eco", eco));
    bodies.into_iter().map(|(code, body)| SeedDocument::global("attribute", code, body)).collect()
}

fn units() -> Vec<SeedDocument> {
    let unit = |id: &str, unit_type: &str, label: &str, page: &str, fallback: &[&str]| {
        let body = json!({"type": unit_type, "label": label, "page_types": [page], "limit": 5, "fallback": fallback});
        SeedDocument::global("unit", id, body)
    };
    vec![
        unit(
            "product-bought",
            "bought-this-bought-that",
            "Bought together",
            "product",
            &["viewed-this-viewed-that", "most-viewed"],
        ),
        unit(
            "product-viewed",
            "viewed-this-viewed-that",
            "Others also looked at",
            "product",
            &["more-like-this", "most-viewed"],
        ),
        unit("product-similar", "more-like-this", "More like this", "product", &["most-viewed"]),
        unit("cart-bought", "bought-this-bought-that", "Goes with your cart", "cart", &["most-viewed"]),
        unit("home-popular", "most-viewed", "Popular right now", "home", &[]),
        unit("category-popular", "most-viewed", "Popular here", "category", &[]),
    ]
}

fn synonyms() -> Vec<SeedDocument> {
    let two_way =
        |id: &str, terms: &[&str]| SeedDocument::global("synonym", id, json!({"type": "two-way", "terms": terms}));
    let one_way = |id: &str, term: &str, expansions: &[&str]| {
        SeedDocument::global("synonym", id, json!({"type": "one-way", "term": term, "expansions": expansions}))
    };
    vec![
        two_way("sofa", &["sofa", "couch", "settee"]),
        two_way("sneakers", &["sneakers", "trainers"]),
        two_way("sweater", &["sweater", "jumper", "pullover"]),
        two_way("headlamp", &["headlamp", "head torch"]),
        two_way("rucksack", &["backpack", "rucksack"]),
        one_way("pants", "pants", &["jeans", "chinos", "leggings"]),
        one_way("shoes", "shoes", &["sneakers", "boots"]),
        SeedDocument::scoped("synonym", SWEDISH, "soffa", json!({"type": "two-way", "terms": ["soffa", "divan"]})),
    ]
}

fn rules(products: &[ProductDoc]) -> Vec<SeedDocument> {
    let first = |code: &str| products.iter().find(|p| p.sku.starts_with(code)).map(|p| p.sku.clone());
    let mut rules = Vec::new();
    if let Some(tent) = first("TEN-") {
        let body = json!({"name": "Camping season", "match": "any",
                          "conditions": [{"query": "contains", "text": "camping"}],
                          "events": [{"pin": tent, "position": 1}]});
        rules.push(SeedDocument::global("search-rule", "camping-season", body));
    }
    if let Some(jacket) = first("MJA-") {
        let body = json!({"name": "Men's clothing", "category": "Men/Clothing", "strategy": "most-viewed",
                          "window": "7d", "apply_to_subcategories": true, "events": [{"pin": jacket, "position": 1}]});
        rules.push(SeedDocument::global("category-rule", "men-clothing", body));
    }
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::shop::{ShopConfig, generate};

    #[test]
    fn keys_are_unique_and_kinds_known() {
        let shop = generate(ShopConfig { products: 200, ..ShopConfig::default() });
        let keys: BTreeSet<_> = shop.documents.iter().map(|d| d.key.clone()).collect();
        assert_eq!(keys.len(), shop.documents.len());
        let kinds: BTreeSet<&str> = keys.iter().map(|k| k.kind.as_str()).collect();
        let expected = ["attribute", "category-rule", "price-book", "search-rule", "store-view", "synonym", "unit"];
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_attribute_of_the_shop_is_defined() {
        let shop = generate(ShopConfig { products: 200, ..ShopConfig::default() });
        let defined: BTreeSet<&str> =
            shop.documents.iter().filter(|d| d.key.kind == "attribute").map(|d| d.key.id.as_str()).collect();
        for p in &shop.products {
            let options = p.variants.iter().flat_map(|v| v.options.keys());
            for code in p.attributes.keys().chain(options) {
                assert!(defined.contains(code.as_str()), "{code}");
            }
        }
    }
}
