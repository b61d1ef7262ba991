//! Audiences: who is in which, for how long, and what is shown to whom.

use planogram_core::id::DAY_MS;
use serde_json::{Value, json};

use crate::shop::{self, Shop, product, skus};

/// The time, with room for what is before it.
fn now_ms() -> i64 {
    shop::now_ms() as i64
}

/// Two shirts and a mug.
fn shop() -> Shop {
    let shop = Shop::start();
    let of = |sku: &str, color: &str, category: &str| {
        let mut product = product(sku, &format!("{color} {sku}"), 20.0);
        product["attributes"] = json!({ "color": color });
        product["categories"] = json!([category]);
        product
    };
    shop.put(&json!([of("SHIRT", "Red", "Men/Tops"), of("TEE", "Blue", "Men/Tops"), of("MUG", "Blue", "Home")]));
    shop
}

/// Events of now: their ids are drawn from what they say.
fn send(shop: &Shop, events: &[Value]) -> u64 {
    let rows: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(at, event)| {
            let mut row = event.clone();
            row["id"] = json!(format!("{at}-{event}").chars().take(200).collect::<String>());
            row["time"] = event.get("time").cloned().unwrap_or_else(|| json!(now_ms()));
            row
        })
        .collect();
    let receipt = shop.send_ok("POST", "/v1/events", &json!(rows));
    assert_eq!(receipt["accepted"], events.len(), "{receipt}");
    receipt["seq"].as_u64().unwrap()
}

fn did(visitor: &str, kind: &str, skus: &[&str]) -> Value {
    json!({"kind": kind, "visitor": visitor, "items": skus})
}

fn audience(shop: &Shop, id: &str, condition: &Value) {
    shop.configure("audience", id, &json!({ "condition": condition }));
}

/// The audiences of a shopper.
fn of(shop: &Shop, who: &str) -> Vec<String> {
    texts(&shop.ok(&format!("/v1/membership?{who}"))["audiences"])
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Puts the conditions as audiences and holds their members, of `anna` and of `ben`, to what is expected.
fn check(shop: &Shop, conditions: &[(Value, bool, bool)]) {
    for (at, (condition, ..)) in conditions.iter().enumerate() {
        audience(shop, &format!("a{at:02}"), condition);
    }
    let [anna, ben] = ["customer=anna", "visitor=ben"].map(|who| of(shop, who));
    for (at, (condition, is_anna, is_ben)) in conditions.iter().enumerate() {
        let id = format!("a{at:02}");
        assert_eq!((anna.contains(&id), ben.contains(&id)), (*is_anna, *is_ben), "{condition}");
    }
}

#[test]
fn row_129_each_family_includes_and_excludes() {
    let shop = shop();
    let in_2020 = json!({"time": "2020-05-04T10:00:00Z"});
    let mut order = did("anna-phone", "order_placed", &[]);
    order["order"] = json!("o1");
    order["items"] = json!([{"sku": "SHIRT", "quantity": 2, "price": 20}, {"sku": "MUG", "price": 10}]);
    order["customer"] = json!("anna");
    order["time"] = json!(now_ms() - 2 * DAY_MS);
    let mut cart = did("anna-phone", "add_to_cart", &["TEE"]);
    cart["items"] = json!([{"sku": "TEE", "quantity": 3}]);
    send(
        &shop,
        &[
            json!({"kind": "profile", "customer": "anna", "attributes": {
            "tier": "Gold", "birthday": "1990-05-04", "newsletter": true, "store_credit": 12.5, "joined": in_2020,
            "address.city": "Berlin", "lists": ["sale", "news"]}}),
            order,
            cart,
            did("anna-phone", "add_to_wishlist", &["MUG"]),
            did("ben", "product_view", &["MUG"]),
            did("ben", "add_to_cart", &["MUG"]),
        ],
    );
    let red = json!({"field": "color", "eq": "Red"});
    let men = json!({"field": "category", "eq": "Men"});
    check(
        &shop,
        &[
            // Customer address.
            (json!({"profile": "address.city", "eq": "berlin"}), true, false),
            (json!({"profile": "address.city", "in": ["Paris", "Rome"]}), false, false),
            (json!({"profile": "address.country", "exists": false}), true, true),
            // Customer information.
            (json!({"profile": "tier", "eq": "gold"}), true, false),
            (json!({"profile": "birthday", "time": {"from": "1990-01-01", "to": "1991-01-01"}}), true, false),
            (json!({"profile": "newsletter", "eq": true}), true, false),
            (json!({"profile": "store_credit", "range": {"from": 12.5}}), true, false),
            (json!({"profile": "joined", "time": {"from": "2021-01-01"}}), false, false),
            (json!({"profile": "joined", "days_ago": {"from": 365}}), true, false),
            (json!({"profile": "lists", "in": ["news"]}), true, false),
            (json!({"profile": "lists", "contains": "other"}), false, false),
            // Shopping cart.
            (json!({"cart": "total", "range": {"from": 60, "to": 60.01}}), true, false),
            (json!({"cart": "quantity", "range": {"to": 2}}), false, true),
            (json!({"cart": "lines", "range": {"from": 1, "to": 2}}), true, true),
            // Products.
            (json!({"cart": {"where": men}}), true, false),
            (json!({"cart": {"where": men}, "exists": false}), false, true),
            (json!({"wishlist": {"where": {"field": "sku", "eq": "MUG"}}}), true, false),
            (json!({"viewed": {"where": {"field": "sku", "eq": "MUG"}, "days": 1}}), false, true),
            (json!({"ordered": {"where": red, "days": 3}}), true, false),
            (json!({"ordered": {"where": red, "days": 1}}), false, false),
            (json!({"count": {"event": "add_to_cart", "where": men, "hours": 1}, "range": {"from": 1}}), true, false),
            (
                json!({"sequence": [{"event": "product_view"}, {"event": "add_to_cart"}], "within_minutes": 5}),
                false,
                true,
            ),
            // Sales.
            (json!({"orders": "revenue", "days": 90, "range": {"from": 50, "to": 50.01}}), true, false),
            (json!({"orders": "count", "range": {"to": 1}}), false, true),
            (json!({"orders": "average", "range": {"from": 0}}), true, false),
            (json!({"orders": "quantity", "range": {"from": 3, "to": 4}}), true, false),
            (json!({"orders": "count", "status": "canceled", "range": {"from": 1}}), false, false),
        ],
    );
    // A condition that says nothing, and one that says it wrongly.
    let wrong = json!({"condition": {"all": [{"count": {"event": "unit_view"}, "range": {"from": 1}}]}});
    let refused = shop.json("PUT", "/v1/config/audience/wrong", &wrong);
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some("/condition/all/0/count/event")));
}

#[test]
fn row_130_all_and_any_of_true_and_false() {
    let shop = shop();
    send(&shop, &[did("neither", "page_view", &[]), did("viewed", "product_view", &["MUG"])]);
    send(&shop, &[did("carted", "add_to_cart", &["MUG"]), did("both", "product_view", &["MUG"])]);
    send(&shop, &[json!({"kind": "add_to_cart", "visitor": "both", "items": ["MUG"], "session": "s"})]);
    let (viewed, carted) = (json!({"viewed": {}}), json!({"cart": {}}));
    let parts = json!([viewed, carted]);
    audience(&shop, "all-true", &json!({ "all": parts }));
    audience(&shop, "any-true", &json!({ "any": parts }));
    audience(&shop, "all-false", &json!({ "none": parts }));
    audience(&shop, "any-false", &json!({"not": {"all": parts}}));
    audience(&shop, "nested", &json!({"any": [{"all": parts}, {"none": [viewed, {"not": {"none": [carted]}}]}]}));
    for (who, expected) in [
        ("neither", vec!["all-false", "any-false", "nested"]),
        ("viewed", vec!["any-false", "any-true"]),
        ("carted", vec!["any-false", "any-true"]),
        ("both", vec!["all-true", "any-true", "nested"]),
    ] {
        assert_eq!(of(&shop, &format!("visitor={who}")), expected, "{who}");
    }
}

#[test]
fn row_131_a_guest_is_never_in_an_audience_of_registered_shoppers() {
    let shop = shop();
    let anyone = json!({"all": []});
    for applies_to in ["everyone", "registered", "visitors"] {
        shop.configure("audience", applies_to, &json!({"applies_to": applies_to, "condition": anyone}));
    }
    let guest = ["everyone", "visitors"];
    let registered = ["everyone", "registered"];
    assert_eq!(of(&shop, ""), guest, "nobody in particular");
    assert_eq!(of(&shop, "visitor=stranger"), guest);
    assert_eq!(of(&shop, "customer=new"), registered, "whoever is signed in has an account");
    send(&shop, &[did("phone", "product_view", &["MUG"])]);
    assert_eq!(of(&shop, "visitor=phone"), guest);
    let sign_in = json!({"kind": "sign_in", "visitor": "phone", "customer": "anna"});
    send(&shop, std::slice::from_ref(&sign_in));
    assert_eq!(of(&shop, "visitor=phone"), registered);
    send(&shop, &[json!({"kind": "sign_out", "visitor": "phone"})]);
    assert_eq!(of(&shop, "visitor=phone"), guest);
    assert_eq!(of(&shop, "customer=anna&consent=false"), guest, "who has not agreed is nobody in particular");
}

#[test]
fn row_132_counts_and_export_equal_membership() {
    let shop = shop();
    audience(
        &shop,
        "lookers",
        &json!({"count": {"event": "product_view", "where": {"field": "color", "eq": "Blue"}}, "range": {"from": 2}}),
    );
    audience(&shop, "others", &json!({"not": {"audience": "lookers"}}));
    let events: Vec<Value> = (0..30)
        .flat_map(|n| (0..=n % 4).map(move |view| (n, view)))
        .map(|(n, view)| {
            let sku = if n % 5 == 0 { "SHIRT" } else { ["MUG", "TEE"][view % 2] };
            json!({"kind": "product_view", "visitor": format!("v{n}"), "items": [sku], "session": format!("s{view}")})
        })
        .collect();
    send(&shop, &events);
    let is_looker = |n: usize| of(&shop, &format!("visitor=v{n}")).contains(&"lookers".to_owned());
    let lookers: Vec<usize> = (0..30).filter(|n| is_looker(*n)).collect();
    assert_eq!(lookers.len(), (0..30).filter(|n| n % 5 > 0 && n % 4 > 0).count());
    let size = |id: &str| {
        let list = shop.ok("/v1/audiences");
        let found = list["audiences"].as_array().unwrap().iter().find(|one| one["id"] == id).cloned();
        found.unwrap_or_else(|| panic!("no {id} in {list}"))["size"].as_u64().unwrap() as usize
    };
    assert_eq!((size("lookers"), size("others")), (lookers.len(), 30 - lookers.len()));
    let key = |n: usize| shop.ok(&format!("/v1/visitors/v{n}"))["profiles"][0]["member"].as_str().unwrap().to_owned();
    let mut keys: Vec<String> = lookers.iter().map(|n| key(*n)).collect();
    keys.sort_unstable();
    // In parts, and as CSV.
    let (mut exported, mut after) = (Vec::new(), String::new());
    loop {
        let page = shop.ok(&format!("/v1/audiences/lookers/members?limit=4{after}"));
        exported.extend(
            page["members"].as_array().unwrap().iter().map(|member| member["member"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(exported, keys);
    let csv = shop.get("/v1/audiences/lookers/members?format=csv");
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text.lines().collect();
    assert_eq!(lines[0], "member,kind,last_seen,orders,in_cart");
    assert_eq!(lines[1..].iter().map(|line| &line[..16]).collect::<Vec<_>>(), keys);
    // What changes is counted anew.
    send(
        &shop,
        &[
            json!({"kind": "product_view", "visitor": "v0", "items": ["MUG"]}),
            json!({"kind": "product_view", "visitor": "v0", "items": ["TEE"]}),
        ],
    );
    assert_eq!(size("lookers"), lookers.len() + 1);
    let nowhere = shop.get("/v1/audiences/nowhere/members");
    assert_eq!((nowhere.status, nowhere.json["detail"].as_str()), (404, Some("no audience `nowhere`")));
    assert_eq!(shop.get("/v1/audiences/lookers/members?limit=0").status, 400);
}

#[test]
fn row_133_what_is_put_into_the_cart_changes_the_next_request() {
    let shop = shop();
    audience(&shop, "full", &json!({"cart": "total", "range": {"from": 40}}));
    shop.configure(
        "unit",
        "thanks",
        &json!({"type": "most-viewed", "audiences": ["full"], "fallback": ["most-viewed"]}),
    );
    shop.configure("unit", "for-all", &json!({"type": "most-viewed", "page_types": ["home"]}));
    send(&shop, &[did("other", "product_view", &["MUG"])]);
    let full = ["full".to_owned()];
    let seen = |seq: u64| {
        let unit = shop.ok(&format!("/v1/recommendations/thanks?visitor=v&min_seq={seq}"));
        let page = shop.ok(&format!("/v1/recommendations?units=thanks,for-all&visitor=v&min_seq={seq}"));
        let units: Vec<String> = page["units"]
            .as_array()
            .unwrap()
            .iter()
            .map(|unit| unit["unit"]["id"].as_str().unwrap_or("").to_owned())
            .collect();
        (of(&shop, "visitor=v") == full, !skus(&unit).is_empty(), units.len())
    };
    let seq = send(&shop, &[did("v", "add_to_cart", &["SHIRT"])]);
    assert_eq!(seen(seq), (false, false, 1));
    let seq = send(&shop, &[did("v", "add_to_cart", &["TEE"])]);
    // The product stands in the first unit that wants it.
    let (is_in, has_items, n) = seen(seq);
    assert!(is_in && has_items && n >= 1);
    let seq = send(&shop, &[did("v", "remove_from_cart", &["SHIRT"])]);
    assert_eq!(seen(seq), (false, false, 1));
    // The caller's word and the cart it names count at once, too.
    assert_eq!(of(&shop, "visitor=v&audiences=full"), full);
    assert_eq!(of(&shop, "cart=SHIRT,TEE"), full);
    let header = [("aep-segments-membership", "full, unknown")];
    let vouched = shop.send("GET", "/v1/membership", &header, None);
    assert_eq!(texts(&vouched.json["audiences"]), ["full", "unknown"]);
    let why = shop.ok("/v1/explain?sku=MUG&unit=thanks&visitor=v");
    assert!(why["answer"].as_str().unwrap().contains("audiences"), "{why}");
}

#[test]
fn windows_move_and_drafts_show_under_their_overlay() {
    let shop = shop();
    audience(&shop, "fresh", &json!({"count": {"event": "product_view", "days": 7}, "range": {"from": 1}}));
    send(&shop, &[did("v", "product_view", &["MUG"])]);
    let at = |days: i64| of(&shop, &format!("visitor=v&now={}", now_ms() + days * DAY_MS));
    assert_eq!((at(6).len(), at(8).len()), (1, 0));
    let draft =
        json!({"condition": {"all": [{"audience": "fresh"}, {"viewed": {"where": {"field": "sku", "eq": "TEE"}}}]}});
    shop.send_ok("PUT", "/v1/config/audience/fresh?overlay=spring", &json!({"condition": {"any": []}}));
    shop.send_ok("PUT", "/v1/config/audience/tees?overlay=spring", &draft);
    assert_eq!(of(&shop, "visitor=v"), ["fresh"]);
    assert_eq!(of(&shop, "visitor=v&overlay=spring"), [""; 0]);
    let sizes = |query: &str| {
        let list = shop.ok(&format!("/v1/audiences{query}"));
        list["audiences"].as_array().unwrap().iter().map(|one| one["size"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((sizes(""), sizes("?overlay=spring")), (vec![1], vec![0, 0]));
    let used = shop.ok("/v1/audiences/fresh/where-used");
    let expected = json!([{"kind": "audience", "scope": "", "id": "tees", "overlay": "spring", "pointers": ["/condition/all/0/audience"]}]);
    assert_eq!(used["used"], expected);
    // Limits and circles are refused with the way.
    let circle =
        shop.json("PUT", "/v1/config/audience/fresh?overlay=spring", &json!({"condition": {"audience": "tees"}}));
    assert_eq!(circle.status, 422);
    assert!(circle.text.contains("fresh → tees → fresh"), "{}", circle.text);
}

#[test]
fn an_audience_is_the_same_in_any_case_and_who_still_names_it_is_told_when_it_goes() {
    let shop = shop();
    audience(&shop, "full", &json!({"cart": {}}));
    shop.configure("unit", "u", &json!({"type": "most-viewed", "audiences": ["Full"], "fallback": ["most-viewed"]}));
    send(&shop, &[did("other", "product_view", &["MUG"]), did("v", "add_to_cart", &["TEE"])]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/u?visitor=v")), ["MUG"]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/u?audiences=FULL")), ["MUG"]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/u?visitor=other")), [""; 0]);
    let used = shop.ok("/v1/audiences/full/where-used");
    assert_eq!(used["used"], json!([{"kind": "unit", "scope": "", "id": "u", "pointers": ["/audiences/0"]}]));
    let gone = shop.send("DELETE", "/v1/config/audience/full", &[], None);
    assert_eq!(gone.json["warnings"], json!(["it is still named by `unit/u` (/audiences/0)"]), "{}", gone.text);
    shop.configure("unit", "u", &json!({"type": "most-viewed"}));
    audience(&shop, "full", &json!({"cart": {}}));
    let gone = shop.send("DELETE", "/v1/config/audience/full", &[], None);
    assert_eq!((gone.status, &gone.json["warnings"]), (200, &Value::Null));
}

#[test]
fn other_systems_name_members_in_bulk() {
    let shop = Shop::start_with(|settings| settings.audiences.max = 2);
    audience(&shop, "own", &json!({"audience": "crm"}));
    let path = "/v1/audiences/crm/members";
    let receipt = shop.send_ok("PUT", path, &json!([{"customer": "anna"}, {"visitor": "ben"}, {"visitor": "cid"}]));
    assert_eq!(receipt["accepted"], 3);
    let members = || ["customer=anna", "visitor=ben", "visitor=cid"].map(|who| of(&shop, who).len());
    assert_eq!(members(), [2, 2, 2], "in `crm` and so in `own`");
    assert_eq!(shop.lines("PUT", path, &[r#"{"visitor":"ben","member":false}"#, r#"{"visitor":"cid"}"#]).status, 200);
    assert_eq!(members(), [2, 0, 2]);
    shop.send_ok("PUT", &format!("{path}?replace=true"), &json!([{"visitor": "ben"}]));
    assert_eq!(members(), [0, 2, 0]);
    let list = shop.ok("/v1/audiences");
    assert_eq!(
        list["audiences"][0],
        json!({"id": "crm", "name": "crm", "applies_to": "everyone", "origin": "outside", "size": 1})
    );
    // A list that stands for all must be whole.
    let broken = shop.json("PUT", &format!("{path}?replace=true"), &json!([{"visitor": "ann"}, {"name": "x"}]));
    assert_eq!((broken.status, members()), (422, [0, 2, 0]));
    assert_eq!(shop.send_ok("PUT", &format!("{path}?replace=true"), &json!([]))["accepted"], 0);
    assert_eq!(members(), [0, 0, 0]);
    let refused = shop.json("PUT", "/v1/audiences/own/members", &json!([{"visitor": "v"}]));
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("has a condition"), "{}", refused.text);
    // A document gives it a name; the number of documents is bounded.
    shop.configure("audience", "crm", &json!({"name": "From the CRM"}));
    assert_eq!(shop.ok("/v1/audiences")["audiences"][0]["name"], "From the CRM");
    let third = shop.json("PUT", "/v1/config/audience/third", &json!({"condition": {"all": []}}));
    assert_eq!(third.status, 422);
    assert!(third.text.contains("at most 2"), "{}", third.text);
}

#[test]
fn erasing_a_person_takes_attributes_history_and_memberships_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().display().to_string();
    let shop = Shop::start_with(|settings| settings.engine.data_dir = data_dir);
    audience(&shop, "gold", &json!({"profile": "tier", "exists": true}));
    send(&shop, &[json!({"kind": "profile", "customer": "anna", "attributes": {"tier": "gold-7731"}})]);
    shop.send_ok("PUT", "/v1/audiences/crm/members", &json!([{"customer": "anna"}]));
    send(&shop, &[json!({"kind": "add_to_wishlist", "visitor": "anna-phone", "customer": "anna", "items": ["MUG"]})]);
    let held = shop.ok("/v1/customers/anna");
    let profile = &held["profiles"][0];
    assert_eq!(
        (&profile["attributes"], &profile["audiences"]),
        (&json!({"tier": "gold-7731"}), &json!(["crm", "gold"]))
    );
    assert_eq!((&profile["wishlist"][0]["sku"], profile["history"].as_array().map(Vec::len)), (&json!("MUG"), Some(1)));
    assert_eq!(shop.send("DELETE", "/v1/customers/anna", &[], None).status, 200);
    for who in ["customer=anna", "visitor=anna-phone"] {
        assert_eq!(of(&shop, who), [""; 0], "{who}");
    }
    let list = shop.ok("/v1/audiences");
    assert!(list["audiences"].as_array().unwrap().iter().all(|one| one["size"] == 0), "{list}");
    shop.engine.close();
    drop(shop);
    let snapshots = std::fs::read_dir(dir.path().join("snapshots")).unwrap().map(|entry| entry.unwrap().path());
    for file in snapshots {
        let bytes = std::fs::read(&file).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(!holds(b"gold-7731") && !holds(b"anna"), "{}", file.display());
    }
}
