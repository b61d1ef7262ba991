//! What words find, row by row: each test carries the number of its row in the master feature table.

use serde_json::{Value, json};

use crate::shop::{Shop, escaped, product, skus};

/// Products by sku and name.
fn shop(rows: &[(&str, &str)]) -> Shop {
    let shop = Shop::shipped();
    let rows: Vec<Value> = rows.iter().map(|(sku, name)| product(sku, name, 10.0)).collect();
    shop.put(&json!(rows));
    shop
}

fn found(shop: &Shop, text: &str) -> Vec<String> {
    skus(&search(shop, text)).into_iter().map(str::to_owned).collect()
}

fn search(shop: &Shop, text: &str) -> Value {
    shop.ok(&format!("/v1/search?q={}", escaped(text)))
}

#[test]
fn row_016_two_letters_find_what_begins_with_them() {
    let shop = shop(&[("A", "Lamp white"), ("B", "Lantern"), ("C", "Chair")]);
    let mut both = found(&shop, "la");
    both.sort();
    assert_eq!(both, ["A", "B"]);
    assert_eq!(found(&shop, "lan"), ["B"]);
}

#[test]
fn row_016_a_beginning_stands_for_a_bounded_number_of_words() {
    // What a keystroke may cost does not grow with the words that begin alike: it stands for the fifty most frequent.
    let word = |n: usize| format!("la{}{}k", char::from(b'b' + (n / 10) as u8), char::from(b'k' + (n % 10) as u8));
    let rare = (0..70).map(|n| (format!("R{n}"), word(n)));
    let rows: Vec<(String, String)> = rare.chain((0..3).map(|n| (format!("L{n}"), "Lamp".to_owned()))).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(sku, name)| (sku.as_str(), name.as_str())).collect();
    let shop = shop(&rows);
    let list = shop.ok("/v1/search?q=la&page_size=100");
    let n_lamps = skus(&list).iter().filter(|sku| sku.starts_with('L')).count();
    assert_eq!((n_lamps, &list["total"]), (3, &json!(49 + 3)), "49 rare words and the one that three names have");
    assert_eq!(search(&shop, "lab")["total"], 10, "one letter more, and all are within the bound");
}

#[test]
fn row_017_every_word_may_be_a_beginning_and_none_an_end() {
    let shop = shop(&[("A", "Outdoor pants"), ("B", "Indoor lamp")]);
    assert_eq!(found(&shop, "out pan"), ["A"]);
    assert_eq!(found(&shop, "oor ants"), [] as [&str; 0]);
}

#[test]
fn row_018_a_long_beginning_finds_as_any_other() {
    // No letters of a beginning are cut off, so there is no bound to pass but that of a word.
    let shop = shop(&[("A", "Electroencephalographically tested cap"), ("B", "Electroencephalogram paper")]);
    assert_eq!(found(&shop, &"electroencephalographically"[..25]), ["A"]);
    assert_eq!(found(&shop, "electroencephalographicx"), [] as [&str; 0]);
}

#[test]
fn row_019_plural_and_stem_find_the_same() {
    let shop = shop(&[("A", "Hiking pants"), ("B", "Rain pant"), ("C", "Shirt")]);
    let sorted = |text: &str| {
        let mut found = found(&shop, text);
        found.sort();
        found
    };
    assert_eq!(sorted("pant"), ["A", "B"]);
    assert_eq!(sorted("pants"), ["A", "B"]);
}

#[test]
fn row_020_one_error_in_a_long_word_still_finds_the_product() {
    let shop = shop(&[("A", "Waterproof jacket"), ("B", "Blue shirt"), ("LAMP12", "Desk lamp"), ("SKU-90210", "Rug")]);
    for typed in ["jakcet", "jaket", "jackett", "jecket"] {
        assert_eq!(found(&shop, typed), ["A"], "{typed}");
    }
    let answer = search(&shop, "watreproof jacket");
    assert_eq!(skus(&answer), ["A"]);
    assert_eq!(answer["did_you_mean"], "waterproof jacket");
    assert!(search(&shop, "jacket").get("did_you_mean").is_none());
    // Quotes say that a word is meant as it is; skus and numbers always are.
    assert_eq!(found(&shop, "\"jakcet\""), [] as [&str; 0]);
    assert_eq!(found(&shop, "sku-90211"), [] as [&str; 0]);
}

#[test]
fn row_020_an_exact_match_stands_above_a_tolerant_one() {
    let shop = shop(&[("A", "Cobalt mug"), ("B", "Kobalt mug")]);
    assert_eq!(found(&shop, "kobalt mug")[0], "B");
    assert_eq!(found(&shop, "cobalt mug")[0], "A");
}

#[test]
fn row_021_a_swedish_store_view_stems_swedish_and_others_do_not() {
    let shop = Shop::shipped();
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true}));
    shop.configure("store-view", "se", &json!({"locale": "sv-SE"}));
    let mut coat = product("A", "Winter jacket", 10.0);
    coat["views"] = json!({"se": {"name": "Vinterjackorna"}});
    shop.put(&json!([coat, product("B", "Lamp", 10.0)]));
    let in_swedish = |text: &str| {
        let list = shop.ok(&format!("/v1/search?q={text}&store_view=se"));
        skus(&list).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(in_swedish("vinterjacka"), ["A"]);
    assert_eq!(in_swedish("jacka"), ["A"], "the end of a compound noun");
    assert_eq!(found(&shop, "vinterjacka"), [] as [&str; 0]);
    assert_eq!(found(&shop, "jackets"), ["A"]);
}

#[test]
fn row_022_a_phrase_stands_above_one_field_and_that_above_several() {
    let shop = Shop::shipped();
    let row = |sku: &str, name: &str, description: &str| json!({"sku": sku, "name": name, "description": description, "price": 10});
    // Brand and description count alike, and the shorter text of C is worth a little more: only that D has both words
    // in one field sets it above C, as only the order of the words sets A above B.
    shop.configure("attribute", "description", &json!({"weight": 3}));
    let mut cross = row("C", "Reading aid", "Shines warm like a lamp");
    cross["brand"] = json!("Red");
    let one_field = row("D", "Reading aid", "Shines warm like a red lamp");
    let in_name = |sku: &str, name: &str| row(sku, name, "Shines warm like a sun");
    shop.put(&json!([cross, one_field, in_name("B", "Lamp, red glass"), in_name("A", "Glass, red lamp")]));
    assert_eq!(found(&shop, "red lamp"), ["A", "B", "D", "C"]);
}

#[test]
fn row_023_a_heavier_field_lifts_its_matches() {
    let shop = Shop::shipped();
    let mut by_brand = product("B", "Plain shirt", 10.0);
    by_brand["brand"] = json!("Oak");
    shop.put(&json!([product("A", "Oak table and chair with four legs and a drawer", 10.0), by_brand]));
    shop.configure("attribute", "brand", &json!({"weight": 10}));
    assert_eq!(found(&shop, "oak"), ["B", "A"]);
    shop.configure("attribute", "brand", &json!({"weight": 1}));
    shop.configure("attribute", "name", &json!({"weight": 10}));
    assert_eq!(found(&shop, "oak"), ["A", "B"]);
}

#[test]
fn row_024_sku_name_and_category_are_always_searched() {
    let shop = Shop::shipped();
    let mut row = product("XK-77", "Desk", 10.0);
    row["categories"] = json!([["Furniture"]]);
    row["brand"] = json!("Acme");
    row["description"] = json!("Made of walnut.");
    shop.put(&json!([row]));
    for code in ["name", "sku", "categories", "brand", "description"] {
        shop.configure("attribute", code, &json!({"searchable": false}));
    }
    for text in ["desk", "XK-77", "xk77", "furniture"] {
        assert_eq!(found(&shop, text), ["XK-77"], "{text}");
    }
    for text in ["acme", "walnut"] {
        assert_eq!(found(&shop, text), [] as [&str; 0], "{text}");
    }
}

#[test]
fn row_034_any_phrase_of_255_characters_is_answered() {
    let shop = shop(&[("A", "Lamp")]);
    let long = |c: &str| c.repeat(255 / c.chars().count());
    for text in [long("a"), long("\"a\" "), long("1x"), long("1/2 "), long("é\u{301}"), long("漢"), long("-'\"°#&%")]
    {
        let list = search(&shop, &text);
        assert!(list["total"].is_u64(), "{text:?}: {list}");
    }
    assert_eq!(shop.get(&format!("/v1/search?q={}", "a".repeat(256))).status, 400);
}

#[test]
fn what_is_written_apart_together_or_in_units_is_found() {
    let shop = shop(&[
        ("A", "Samsung smartwatch"),
        ("B", "Snow blower"),
        ("C", "15.6 in. display"),
        ("D", "Plywood 4 ft. x 8 ft."),
        ("E", "2 TB disk"),
        ("F", "1/2 in. drill"),
    ]);
    let pairs = [
        ("smart watch", "A"),
        ("snowblower", "B"),
        ("15.6\" display", "C"),
        ("15.6-inch display", "C"),
        ("4x8 plywood", "D"),
        ("48 x 96 in plywood", "D"),
        ("2tb", "E"),
        ("2 terabyte", "E"),
        ("0.5 inch drill", "F"),
    ];
    for (text, sku) in pairs {
        assert_eq!(found(&shop, text).first().map(String::as_str), Some(sku), "{text}");
    }
}

#[test]
fn what_matches_part_of_the_query_follows_and_is_told() {
    let shop = shop(&[("A", "Red wool scarf"), ("B", "Wool scarf"), ("C", "Red lamp"), ("SC-1", "Scarf rack")]);
    let answer = search(&shop, "red wool scarf");
    assert_eq!(skus(&answer)[..2], ["A", "B"]);
    assert_eq!(answer["total"], skus(&answer).len());
    assert!(answer["relaxed"][0].as_str().unwrap().starts_with("1 products match every word"), "{answer}");
    // Words that carry nothing need not match, and a sku that is found is all there is.
    assert_eq!(found(&shop, "the scarf of wool")[..1], ["B"]);
    assert_eq!(found(&shop, "sc-1 rack"), ["SC-1"]);
}

#[test]
fn a_number_is_not_all_that_a_product_shares_with_a_query() {
    let shop = shop(&[("A", "Bottle 1 l"), ("B", "Steel bottle"), ("C", "Model 1 car"), ("D", "Chair 1")]);
    for text in ["1 l bottle", "1 liter bottle", "bottle 1", "1 bottle"] {
        assert_eq!(found(&shop, text), ["A", "B"], "{text}");
    }
    // Beside all other words the number may stand for the size, and what has the size follows.
    assert_eq!(found(&shop, "car 1 l"), ["C", "A"]);
}

#[test]
fn another_form_of_a_word_is_no_correction() {
    let names: Vec<(String, String)> = (0..20).map(|at| (format!("J{at}"), format!("Jacket number {at}"))).collect();
    let mut rows: Vec<(&str, &str)> = names.iter().map(|(sku, name)| (sku.as_str(), name.as_str())).collect();
    rows.push(("RED", "Red jacket"));
    let answer = search(&shop(&rows), "red jackets");
    assert_eq!(skus(&answer)[0], "RED");
    assert!(answer.get("did_you_mean").is_none(), "{answer}");
    assert!(!answer["relaxed"].to_string().contains("was also read"), "{answer}");
}

#[test]
fn what_was_meant_keeps_its_quotes() {
    let shop = shop(&[("A", "Desk lamp jacket"), ("B", "Lamp")]);
    assert_eq!(search(&shop, "\"desk lamp\" jakcet")["did_you_mean"], "\"desk lamp\" jacket");
}

#[test]
fn tolerance_is_off_per_attribute_and_word() {
    let shop = Shop::shipped();
    let with = |sku: &str, name: &str, code: &str, value: &str| {
        let mut row = product(sku, name, 10.0);
        row["attributes"] = json!({code: value});
        row
    };
    let branded = |sku: &str, name: &str, brand: &str| {
        let mut row = product(sku, name, 10.0);
        row["brand"] = json!(brand);
        row
    };
    shop.put(&json!([
        with("A", "Mug", "glaze", "Cobalt"),
        with("B", "Bowl", "material", "Titanium"),
        product("C", "Titanium plate", 10.0),
        branded("D", "Radio", "Sonara"),
        product("E", "Kodak album", 10.0),
    ]));
    let sorted = |text: &str| {
        let mut found = found(&shop, text);
        found.sort();
        found
    };
    assert_eq!(found(&shop, "cobolt"), ["A"]);
    assert_eq!(sorted("titanum"), ["B", "C"]);
    assert_eq!(found(&shop, "sonora"), ["D"]);
    assert_eq!(found(&shop, "kodjak"), ["E"]);
    shop.configure("attribute", "glaze", &json!({"tolerant": false}));
    shop.configure("attribute", "material", &json!({"tolerant": false}));
    shop.configure("attribute", "brand", &json!({"tolerant": false}));
    shop.configure("spelling", "house", &json!({"exact": ["Kodjak"]}));
    let until_indexed_anew = || shop.put(&json!([product("F", "Rug", 10.0)]));
    until_indexed_anew();
    // No word is taken for one of the attribute, which is found as it is written.
    assert_eq!(found(&shop, "cobolt"), [] as [&str; 0]);
    assert!(search(&shop, "cobolt mug").get("did_you_mean").is_none());
    assert_eq!(found(&shop, "cobalt"), ["A"]);
    // What a word was taken for because of a name is not looked for in the attribute.
    assert_eq!(sorted("titanum"), ["C"]);
    assert_eq!(sorted("titanium"), ["B", "C"]);
    // The same holds for a field.
    assert_eq!(found(&shop, "sonora"), [] as [&str; 0]);
    assert_eq!(found(&shop, "sonara"), ["D"]);
    // A word that is named is never corrected, however it is written; others are.
    assert_eq!(found(&shop, "KODJAK"), [] as [&str; 0]);
    assert_eq!(found(&shop, "kodask"), ["E"]);
    let refused = shop.json("PUT", "/v1/config/spelling/house", &json!({"exact": ["two words"]}));
    assert_eq!((refused.status, &refused.json["pointer"]), (422, &json!("/exact")), "{}", refused.text);
    shop.configure("attribute", "glaze", &json!({"tolerant": true}));
    until_indexed_anew();
    assert_eq!(found(&shop, "cobolt"), ["A"]);
}

#[test]
fn a_thing_stands_above_what_is_made_for_it() {
    let shop = shop(&[("A", "Keyboard cover"), ("B", "Case for keyboard"), ("C", "Wireless ergonomic keyboard")]);
    assert_eq!(found(&shop, "keyboard")[0], "C");
    assert_eq!(found(&shop, "keyboard cover")[0], "A");
}

#[test]
fn a_brand_and_a_category_in_the_query_beat_an_accessory_that_mentions_both() {
    let shop = Shop::shipped();
    let row = |sku: &str, name: &str, brand: &str, leaf: &str| {
        let mut row = product(sku, name, 10.0);
        row["brand"] = json!(brand);
        row["categories"] = json!([["Electronics", leaf]]);
        row
    };
    let mut rows = Vec::new();
    for brand in ["Samsung", "Sony", "Philips"] {
        for size in [43, 55] {
            rows.push(row(&format!("{brand}-{size}"), &format!("{brand} Smart TV QLED {size} inch"), brand, "TVs"));
        }
    }
    rows.extend((0..9).map(|n| row(&format!("CABLE-{n}"), &format!("Samsung TV cable 0{n}"), "Hama", "Cables")));
    rows.extend((0..9).map(|n| row(&format!("CORD-{n}"), &format!("Power cord 0{n}"), "Hama", "Cables")));
    shop.put(&json!(rows));

    let asked = |rest: &str| shop.ok(&format!("/v1/search?q=samsung%20tv&page_size=50&explain=true{rest}"));
    let line = |answer: &Value, sku: &str, name: &str| {
        let item = answer["items"].as_array().unwrap().iter().find(|item| item["sku"] == sku);
        let ledger = item.unwrap()["ledger"].as_array().unwrap();
        ledger.iter().find(|line| line["name"] == name).map_or(0.0, |line| line["value"].as_f64().unwrap())
    };
    let answer = asked("");
    assert!(skus(&answer)[..2].iter().all(|sku| sku.starts_with("Samsung-")), "{:?}", skus(&answer));
    let by_words = |sku: &str| line(&answer, sku, "kernel/text") + line(&answer, sku, "kernel/name");
    assert!(by_words("CABLE-3") > by_words("Samsung-43"), "by words alone it is the cable");
    let [set, cable] = ["Samsung-43", "CABLE-3"].map(|sku| line(&answer, sku, "kernel/category"));
    assert!(set > cable && cable > 0.0, "{set} {cable}");
    let [set, cable_brand] = ["Samsung-43", "CABLE-3"].map(|sku| line(&answer, sku, "kernel/brand"));
    assert!(set > 0.0 && cable_brand == 0.0, "{set} {cable_brand}");
    // What is meant does not change when only some of it is looked at.
    assert_eq!(line(&asked("&filter.brand=Hama"), "CABLE-3", "kernel/category"), cable);
    // Who asks for a cable gets one, whatever it fits.
    let cables = found(&shop, "samsung tv cable");
    assert!(cables[..9].iter().all(|sku| sku.starts_with("CABLE-")), "{cables:?}");
}
