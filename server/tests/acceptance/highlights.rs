//! Highlights by their row: the test carries its number in the master feature table.

use serde_json::{Value, json};

use crate::shop::{Shop, escaped, product};

/// Attribute, marked text and words of each highlight of the only item.
fn highlights(shop: &Shop, query: &str) -> Vec<(String, String, Value)> {
    let list = shop.ok(&format!("/v1/search?q={}&highlight=true", escaped(query)));
    assert_eq!(list["total"], 1, "{query}: {list}");
    let rows = list["items"][0]["highlights"].as_array().unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, "attribute"), text(row, "value"), row["matched_words"].clone())).collect()
}

#[test]
fn row_031_matched_words_are_listed_and_tagged() {
    let shop = Shop::shipped();
    let mut hoodie = product("MH01", "Chaz Kangeroo Hoodie", 52.0);
    hoodie["brand"] = json!("Luma <Sport>");
    hoodie["categories"] = json!(["Men/Hoodies & Sweatshirts"]);
    hoodie["description"] = json!("Ideal for cold-weather training: this \"hoodie\" is a winner.");
    hoodie["attributes"] = json!({"material": ["Fleece", "Cotton"], "internal": "fleece lining code 7"});
    shop.put(&json!([hoodie, product("X", "Lamp", 1.0)]));
    let shown = |query: &str| -> Vec<String> {
        highlights(&shop, query).into_iter().map(|(attribute, value, _)| format!("{attribute}: {value}")).collect()
    };
    assert_eq!(
        shown("hoodies"),
        [
            "name: Chaz Kangeroo <em>Hoodie</em>",
            "categories: Men/<em>Hoodies</em> &amp; Sweatshirts",
            "description: Ideal for cold-weather training: this &quot;<em>hoodie</em>&quot; is a winner.",
        ]
    );
    assert_eq!(highlights(&shop, "hoodies")[2].2, json!(["hoodie"]));
    let words = &shop.ok("/v1/search?q=hoodies&highlight=true")["items"][0]["matched_words"];
    assert_eq!(words, &json!(["Hoodie", "Hoodies", "hoodie"]));
    assert_eq!(shown("kang"), ["name: Chaz <em>Kangeroo</em> Hoodie"], "a begun word");
    assert_eq!(shown("kangaroo"), ["name: Chaz <em>Kangeroo</em> Hoodie"], "a corrected one");
    assert_eq!(shown("sport"), ["brand: Luma &lt;<em>Sport</em>&gt;"], "escaped");
    assert_eq!(shown("mh01"), ["sku: <em>MH01</em>"]);
    shop.configure("synonym", "jumper", &json!({"type": "two-way", "terms": ["jumper", "chaz"]}));
    assert_eq!(shown("jumper"), ["name: <em>Chaz</em> Kangeroo Hoodie"], "a synonym");
    // Attributes that are not searched are not shown.
    shop.configure("attribute", "internal", &json!({"searchable": false}));
    assert_eq!(shown("fleece"), ["material: <em>Fleece</em>"]);
    let plain = shop.ok("/v1/search?q=hoodie");
    assert!(plain["items"][0].get("highlights").is_none() && plain["items"][0].get("matched_words").is_none());
    let page = json!({"lists": [{"name": "a", "q": "hoodie", "highlight": true}, {"name": "b", "q": "lamp"}]});
    let page = shop.send_ok("POST", "/v1/page", &page);
    assert_eq!(page["lists"][0]["list"]["items"][0]["matched_words"][0], "Hoodie");
    assert!(page["lists"][1]["list"]["items"][0].get("highlights").is_none());
    // Neither are the brand and the description, where they are not.
    shop.configure("attribute", "description", &json!({"searchable": false}));
    assert_eq!(
        shown("hoodies"),
        ["name: Chaz Kangeroo <em>Hoodie</em>", "categories: Men/<em>Hoodies</em> &amp; Sweatshirts"]
    );
    shop.configure("attribute", "brand", &json!({"searchable": false}));
    assert_eq!(shown("chaz sport"), ["name: <em>Chaz</em> Kangeroo Hoodie"]);
}
