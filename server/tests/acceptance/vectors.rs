//! Vectors over HTTP: supplied ones are refused or live, learned ones are built on demand.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

fn seen(sku: &str, visual: &[f32]) -> Value {
    let mut row = product(sku, "Thing", 10.0);
    row["vectors"] = json!({"visual": visual});
    row
}

#[test]
fn row_092_visual_similarity_follows_the_supplied_vectors() {
    let shop = Shop::shipped();
    let mut gone = seen("GONE", &[1.0, 0.05]);
    gone["in_stock"] = json!(false);
    shop.put(&json!([seen("A", &[1.0, 0.0]), seen("FAR", &[0.0, 2.0]), seen("NEAR", &[8.0, 1.0]), gone]));
    shop.configure("unit", "looks", &json!({"type": "visual-similarity", "limit": 2, "fallback": []}));
    let looks = || shop.ok("/v1/recommendations/looks?anchors=A");
    assert_eq!(skus(&looks()), ["NEAR", "FAR"], "sold out and the anchor are left out");
    shop.put(&json!([seen("FAR", &[1.0, 0.01])]));
    assert_eq!(skus(&looks()), ["FAR", "NEAR"]);
}

#[test]
fn a_vector_of_another_dimension_is_refused_and_named() {
    let shop = Shop::start();
    shop.put(&json!([seen("A", &[1.0, 0.0])]));
    let rows = json!([seen("B", &[1.0, 0.0, 0.0]), seen("C", &[0.0, 1.0])]);
    let mixed = shop.json("PUT", "/v1/products", &rows);
    assert_eq!(mixed.status, 207, "{}", mixed.text);
    let mixed = mixed.json;
    assert_eq!(
        (&mixed["accepted"], &mixed["rejected"][0]["pointer"]),
        (&json!(1), &json!("/vectors/visual")),
        "{mixed}"
    );
    assert_eq!(mixed["rejected"][0]["allowed"], "2, as the space `visual` has", "{mixed}");
}

#[test]
fn a_model_is_built_on_demand_and_says_how_old_it_is() {
    let shop = Shop::shipped();
    shop.put(&json!([product("A", "Red tent", 1.0), product("B", "Green tent", 1.0), product("C", "Lamp", 1.0)]));
    let visits = ["s1", "s2", "s3"].map(|session| ("product_view", session, &["A", "C"][..]));
    shop.events("models", &visits);
    assert_eq!(shop.ok("/v1/models")["generation"], 0);
    let built = shop.send_ok("POST", "/v1/models/rebuild?wait=true", &json!({}));
    assert_eq!((&built["generation"], &built["behind"]), (&json!(1), &json!(1)), "{built}");
    let names: Vec<&str> = built["spaces"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["co-view", "content"]);
    shop.configure("unit", "seen", &json!({"type": "vector/co-view", "limit": 2, "fallback": []}));
    let list = shop.ok("/v1/recommendations/seen?anchors=A");
    assert_eq!((skus(&list), &list["as_of"]["model_generation"]), (vec!["C"], &json!(1)));
    let asked = shop.json("POST", "/v1/models/rebuild", &json!({}));
    assert_eq!((asked.status, &asked.json["generation"]), (202, &json!(1)), "{}", asked.text);
    assert_eq!(shop.json("POST", "/v1/models/rebuild?wait=perhaps", &json!({})).status, 400);
}
