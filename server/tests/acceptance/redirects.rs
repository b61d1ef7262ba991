//! Redirects by their row: the test carries its number in the master feature table.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

#[test]
fn row_032_a_phrase_leads_elsewhere() {
    let shop = Shop::shipped();
    shop.put(&json!([product("A", "Acme chair", 1.0)]));
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true}));
    shop.configure("store-view", "uk", &json!({"locale": "en-GB", "text_source": "default"}));
    shop.configure("redirect", "acme", &json!({"query": "acme", "url": "https://shop.example/brands/acme"}));
    shop.send_ok("PUT", "/v1/config/redirect/acme?store_view=uk", &json!({"query": "acme", "url": "/uk/acme"}));
    let redirect = |query: &str| shop.ok(&format!("/v1/search?q={query}"))["redirect"].clone();
    assert_eq!(redirect("ACME"), "https://shop.example/brands/acme");
    assert_eq!(redirect("acme&store_view=uk"), "/uk/acme");
    assert_eq!(redirect("acme+chair"), Value::Null, "the whole phrase only");
    assert_eq!(skus(&shop.ok("/v1/search?q=acme")), ["A"], "the answer is there all the same");
    shop.configure("redirect", "help", &json!({"query": "returns", "url": "/help/returns"}));
    assert_eq!((redirect("Returns"), redirect("chair+returns")), (json!("/help/returns"), Value::Null));
}
