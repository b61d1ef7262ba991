//! Synonyms row by row: each test carries the number of its row in the master feature table.

use serde_json::json;

use crate::shop::{Shop, escaped, library, plugin_entry, product, skus};

fn synonyms(shop: &Shop, id: &str, terms: &[&str]) {
    shop.configure("synonym", id, &json!({"type": "two-way", "terms": terms}));
}

fn found(shop: &Shop, query: &str) -> String {
    let mut found: Vec<String> =
        skus(&shop.ok(&format!("/v1/search?q={}", escaped(query)))).into_iter().map(str::to_owned).collect();
    found.sort_unstable();
    found.concat()
}

#[test]
fn row_025_terms_of_a_two_way_synonym_find_the_same() {
    let settings = "{ synonyms = { everyday = false } }";
    let shop = Shop::with_plugin_file(&plugin_entry("live-search", &library("live-search"), settings));
    shop.put(&json!([
        product("A", "Sofa", 1.0),
        product("B", "Couch", 1.0),
        product("C", "Blue settee", 1.0),
        product("D", "Lamp", 1.0)
    ]));
    assert_eq!(["sofa", "couch", "settee"].map(|q| found(&shop, q)), ["A", "B", "C"]);
    synonyms(&shop, "seats", &["sofa", "couch", "settee"]);
    assert_eq!(["sofa", "couch", "settee", "sofas"].map(|q| found(&shop, q)), ["ABC"; 4]);
    assert_eq!(skus(&shop.ok("/v1/search?q=blue+sofa"))[0], "C", "the one that matches both words leads");
    // The word the shopper typed counts more than what stands for it.
    let first = |query: &str| skus(&shop.ok(&format!("/v1/search?q={query}")))[0].to_owned();
    assert_eq!((first("sofa"), first("couch")), ("A".to_owned(), "B".to_owned()));
    assert_eq!(shop.send("DELETE", "/v1/config/synonym/seats", &[], None).status, 200);
    assert_eq!(found(&shop, "sofa"), "A");
}

#[test]
fn everyday_words_find_each_other_until_a_document_names_them() {
    let shop = Shop::shipped();
    shop.put(&json!([
        product("A", "Sofa", 1.0),
        product("B", "Couch", 1.0),
        product("P", "Pants", 1.0),
        product("T", "Trousers", 1.0)
    ]));
    assert_eq!(["sofa", "couch", "pants", "trousers"].map(|q| found(&shop, q)), ["AB", "AB", "PT", "PT"]);
    assert_eq!(skus(&shop.ok("/v1/search?q=couch")), ["B", "A"], "the word that was typed leads");
    let document = json!({"type": "one-way", "term": "pants", "expansions": ["trousers"]});
    shop.configure("synonym", "pants", &document);
    assert_eq!(["sofa", "couch", "pants", "trousers"].map(|q| found(&shop, q)), ["AB", "AB", "PT", "T"]);
}

#[test]
fn row_026_a_one_way_synonym_widens_its_term_only() {
    let shop = Shop::shipped();
    shop.put(&json!([product("P", "Pants", 1.0), product("C", "Capris", 1.0), product("S", "Shorts", 1.0)]));
    let document = json!({"type": "one-way", "term": "pants", "expansions": ["capris", "shorts"]});
    shop.configure("synonym", "pants", &document);
    assert_eq!(["pants", "shorts", "capris"].map(|q| found(&shop, q)), ["CPS", "S", "C"]);
    assert_eq!(found(&shop, "pant"), "CPS", "plurals meet, though a plugin compares words before the index does");
}

#[test]
fn row_027_a_term_of_several_words_is_a_phrase() {
    let shop = Shop::shipped();
    let split = json!({"sku": "S", "name": "Head band", "description": "With a torch.", "price": 1});
    shop.put(&json!([product("L", "Headlamp", 1.0), product("T", "Small head torch", 1.0), split]));
    assert_eq!(found(&shop, "head torch"), "ST", "two words may stand in two fields");
    synonyms(&shop, "lamp", &["headlamp", "head torch"]);
    assert_eq!(found(&shop, "headlamp"), "LT", "the phrase does not stand in two fields");
    assert_eq!(found(&shop, "head torch"), "LT", "and now it is one term in the query, too");
}

#[test]
fn row_028_synonyms_have_a_limit_and_lose_their_stop_words() {
    let settings = "{ synonyms = { per_scope_max = 200 } }";
    let shop = Shop::with_plugin_file(&plugin_entry("live-search", &library("live-search"), settings));
    shop.put(&json!([product("T", "Tent", 1.0), product("M", "Marquee", 1.0)]));
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true}));
    shop.configure("store-view", "uk", &json!({"locale": "en-GB", "text_source": "default"}));
    synonyms(&shop, "tent", &["the tent", "a marquee"]);
    assert_eq!((found(&shop, "tent"), found(&shop, "the marquee")), ("MT".to_owned(), "MT".to_owned()));
    let set = |n: usize| json!({"type": "two-way", "terms": [format!("left{n}"), format!("right{n}")]});
    for n in 2..=200 {
        shop.configure("synonym", &format!("s{n}"), &set(n));
    }
    let refused = shop.json("PUT", "/v1/config/synonym/s201", &set(201));
    assert!(refused.status == 422 && refused.text.contains("number 201"), "{}", refused.text);
    // The limit is one of each store view, and a document that is there may change.
    shop.configure("synonym", "s200", &set(999));
    shop.send_ok("PUT", "/v1/config/synonym/s201?store_view=uk", &set(201));
    let only = shop.json("PUT", "/v1/config/synonym/tent", &json!({"type": "two-way", "terms": ["of the", "tent"]}));
    assert!(only.status == 422 && only.text.contains("only stop words"), "{}", only.text);
}

#[test]
fn row_029_the_type_of_a_synonym_does_not_change() {
    let shop = Shop::shipped();
    synonyms(&shop, "sofa", &["sofa", "couch"]);
    let one_way = json!({"type": "one-way", "term": "sofa", "expansions": ["couch"]});
    let refused = shop.json("PUT", "/v1/config/synonym/sofa", &one_way);
    assert_eq!((refused.status, &refused.json["pointer"]), (422, &json!("/type")), "{}", refused.text);
    // Its terms may change, and what is created anew may be anything.
    synonyms(&shop, "sofa", &["sofa", "settee"]);
    assert_eq!(shop.send("DELETE", "/v1/config/synonym/sofa", &[], None).status, 200);
    shop.configure("synonym", "sofa", &one_way);
}
