//! Bad input gets a clear answer, and every answer is well formed.

use serde_json::{Value, json};

use crate::shop::{Reply, Shop};

/// The answer is a problem of this status whose text mentions each of the parts.
fn is_problem(reply: &Reply, status: u16, parts: &[&str]) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{}", reply.text);
    assert_eq!(reply.json["status"], status);
    assert!(reply.json["type"].as_str().is_some_and(|t| t.starts_with("urn:planogram:")), "{}", reply.text);
    assert!(reply.headers.contains_key("x-request-id"));
    for part in parts {
        assert!(reply.text.contains(part), "`{part}` is not in {}", reply.text);
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let shop = Shop::start();
    let check = |path: &str, parts: &[&str]| is_problem(&shop.get(path), 400, parts);
    check("/v1/search?page_size=0", &["\"parameter\":\"page_size\"", "from 1 to 500", "\"value\":\"0\""]);
    check("/v1/search?page=1000", &["\"parameter\":\"page\"", "10000"]);
    check("/v1/search?colour=Red", &["unknown parameter `colour`", "filter.colour"]);
    check("/v1/categories/Men%2FTops/products?sort=price:sideways", &["\"parameter\":\"sort\""]);
    check("/v1/categories/Men/Tops/products?page_size=x", &["\"parameter\":\"page_size\""]);
    check("/v1/recommendations/home?anchor=A", &["did you mean `anchors`?"]);
    check("/v1/explain?q=x", &["`sku` is missing"]);
    check("/v1/explain?sku=A&category=a&unit=b", &["exclude each other"]);
    check("/v1/log?limit=0", &["\"parameter\":\"limit\"", "from 1 to 10000"]);
}

#[test]
fn bodies_are_located() {
    let shop = Shop::start();
    let check = |method: &str, path: &str, body: Value, status: u16, parts: &[&str]| {
        is_problem(&shop.json(method, path, &body), status, parts);
    };
    check("POST", "/v1/search", json!({"page_size": 1000}), 400, &["\"pointer\":\"/page_size\"", "from 1 to 500"]);
    check("POST", "/v1/page", json!({"lists": [{"name": "a"}]}), 400, &["/lists/0", "exactly one of"]);
    check("PUT", "/v1/products", json!([{"name": "Ant"}]), 422, &["\"line\":1", "/sku", "missing"]);
    check("PUT", "/v1/products", json!([{"sku": "A", "name": "Ant", "price": -1}]), 422, &["price -1 is negative"]);
    check("PUT", "/v1/products", json!(7), 400, &["expected a list of rows"]);
    check("PATCH", "/v1/products", json!([{"sku": "A", "brand": "B"}]), 422, &["unknown field `brand`"]);
    check("DELETE", "/v1/products", json!([1]), 422, &["expected a sku"]);
    check("PUT", "/v1/categories", json!([{"put": ""}]), 422, &["not a category path"]);
    check("POST", "/v1/events", json!({"events": [{"id": "e"}]}), 422, &["`time` is missing", "`kind` is missing"]);
    check("PUT", "/v1/products?wait=forever", json!([]), 400, &["\"parameter\":\"wait\""]);
    let send = |headers: &[(&str, &str)], body: &[u8]| shop.send("PUT", "/v1/products", headers, Some(body));
    is_problem(&send(&[("content-type", "application/json")], b"{\"sku\": "), 400, &["not JSON"]);
    is_problem(&send(&[("content-type", "application/json")], b"[{\"price\": 1e999}]"), 400, &["number out of range"]);
    is_problem(&send(&[("content-type", "application/json")], b"[\xff]"), 400, &["byte 0xff at offset 1"]);
    is_problem(
        &send(&[("content-type", "application/xml")], b"<x/>"),
        415,
        &["application/xml", "application/x-ndjson"],
    );
    is_problem(&send(&[], b""), 400, &["the body is empty"]);
    is_problem(&shop.send("PUT", "/v1/config/unit/home", &[], Some(b"")), 400, &["the body is empty"]);
}

#[test]
fn each_bad_line_is_listed_with_its_number() {
    let shop = Shop::start();
    let reply = shop.lines("PUT", "/v1/products", &["{", "", "{\"sku\": \"A\", \"pirce\": 1}"]);
    is_problem(&reply, 422, &["no row was accepted, 2 refused", "did you mean `price`?"]);
    let refused = reply.json["rejected"].as_array().unwrap();
    let places: Vec<_> = refused.iter().map(|r| (r["line"].as_u64(), r["index"].as_u64(), r["sku"].as_str())).collect();
    assert_eq!(places, [(Some(1), Some(0), None), (Some(3), Some(1), Some("A"))]);
    assert_eq!(refused[1]["problems"].as_array().map(Vec::len), Some(2), "{refused:?}");
}

#[test]
fn routes_and_methods_that_do_not_exist_are_problems() {
    let shop = Shop::start();
    is_problem(&shop.get("/v2/search"), 404, &["no route `/v2/search`"]);
    is_problem(&shop.get("/v1/categories/Men/Tops"), 404, &["/v1/categories/{path}/products"]);
    is_problem(&shop.get("/v1/nothing/asked"), 404, &["no kind `nothing`"]);
    is_problem(&shop.get("/v1/ask/search/asked"), 404, &["no kind `search`"]);
    is_problem(&shop.get("/demo/images/A.gif"), 404, &["no image `A.gif`"]);
    let wrong = shop.send("DELETE", "/v1/search", &[], None);
    is_problem(&wrong, 405, &["DELETE is not a method of `/v1/search`"]);
    assert!(wrong.headers["allow"].to_str().unwrap().contains("GET"));
}

#[test]
fn a_body_over_the_bound_is_refused() {
    let shop = Shop::start_with(|s| s.server.body_bytes_max = 1024);
    let body = vec![b' '; 2000];
    let reply = shop.send("PUT", "/v1/products", &[("content-type", "application/json")], Some(&body));
    is_problem(&reply, 413, &["1024 bytes"]);
}

#[test]
fn every_answer_carries_a_request_id() {
    let shop = Shop::start();
    let given = shop.send("GET", "/health/live", &[("x-request-id", "mine-1")], None);
    assert_eq!((given.status, given.headers["x-request-id"].to_str().unwrap()), (200, "mine-1"));
    let drawn = [shop.get("/health/live"), shop.get("/nowhere")].map(|r| r.headers["x-request-id"].clone());
    assert_ne!(drawn[0], drawn[1]);
    let unfit = shop.send("GET", "/health/live", &[("x-request-id", "a b")], None);
    assert_ne!(unfit.headers["x-request-id"], "a b");
}

#[test]
fn writes_ask_for_the_key_when_there_is_one() {
    let shop = Shop::start_with(|s| s.auth.write_key_blake3 = blake3::hash(b"secret").to_hex().to_string());
    let put = |headers: &[(&str, &str)]| shop.send("PUT", "/v1/products", headers, Some(b"[]"));
    is_problem(&put(&[]), 401, &["the write key is missing"]);
    is_problem(&put(&[("authorization", "Bearer wrong")]), 401, &["the write key is wrong"]);
    assert_eq!(put(&[("authorization", "Bearer secret")]).status, 200);
    assert_eq!(put(&[("x-api-key", "secret")]).status, 200);
    for counters in ["/v1/log", "/v1/categories", "/v1/categories?window=7d", "/v1/recommendations/u/metrics"] {
        is_problem(&shop.get(counters), 401, &[]);
        assert_eq!(shop.send("GET", counters, &[("x-api-key", "secret")], None).status, 200, "{counters}");
    }
    assert_ne!(shop.get("/v1/categories/Men/products").status, 401, "shoppers look at categories");
    assert_eq!(shop.get("/v1/plugins").status, 200);
}

#[test]
fn what_the_shop_is_up_to_is_not_for_shoppers_when_there_is_a_key() {
    let shop = Shop::start_with(|s| s.auth.write_key_blake3 = blake3::hash(b"secret").to_hex().to_string());
    let key = [("x-api-key", "secret")];
    let status = |method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>| {
        shop.send(method, path, headers, body).status
    };
    shop.send("PUT", "/v1/products", &key, Some(br#"[{"sku": "A", "name": "Chair", "price": 1}]"#));
    let unit = br#"{"type": "most-viewed"}"#;
    assert_eq!(status("PUT", "/v1/config/unit/u?overlay=spring", &key, Some(unit)), 200);
    for path in [
        "/v1/config",
        "/v1/config/unit",
        "/v1/config/unit/u?overlay=spring",
        "/v1/config/unit/u/history",
        "/v1/explain?q=chair&sku=A",
        "/v1/search?q=chair&explain=true",
        "/v1/search?q=chair&overlay=spring",
        "/v1/search?q=chair&now=2090-01-01T00:00:00Z",
        "/v1/recommendations/u?overlay=spring",
        "/v1/recommendations?units=u&overlay=spring",
    ] {
        is_problem(&shop.get(path), 401, &["write key"]);
        assert_eq!(status("GET", path, &key, None), 200, "{path}");
    }
    // A question is refused before it is looked for.
    assert_eq!((status("GET", "/v1/rules/none", &[], None), status("GET", "/v1/rules/none", &key, None)), (401, 404));
    assert_eq!(status("POST", "/v1/ask/rules/none", &[], Some(b"{}")), 401);
    let drafts = br#"{"q": "chair", "overlay": ["spring"]}"#;
    assert_eq!(
        (status("POST", "/v1/search", &[], Some(drafts)), status("POST", "/v1/search", &key, Some(drafts))),
        (401, 200)
    );
    let page = br#"{"lists": [{"name": "a", "q": "chair", "explain": true}]}"#;
    assert_eq!((status("POST", "/v1/page", &[], Some(page)), status("POST", "/v1/page", &key, Some(page))), (401, 200));
    for open in ["/v1/search?q=chair", "/v1/suggest?q=ch", "/openapi.json", "/health/live"] {
        assert_eq!(shop.get(open).status, 200, "{open}");
    }
    // A wrong key opens nothing, and closes nothing that is open.
    let wrong = [("x-api-key", "wrong")];
    assert_eq!(
        (status("GET", "/v1/search?q=chair", &wrong, None), status("GET", "/v1/config", &wrong, None)),
        (200, 401)
    );
}

#[test]
fn browsers_may_read_from_any_page() {
    let shop = Shop::start();
    let asked = [("origin", "https://shop.example"), ("access-control-request-method", "GET")];
    let reply = shop.send("OPTIONS", "/v1/search", &asked, None);
    assert_eq!(reply.headers["access-control-allow-origin"], "*");
    let allowed = reply.headers["access-control-allow-methods"].to_str().unwrap();
    assert!(allowed.contains("GET") && !allowed.contains("PUT"), "{allowed}");
}

#[test]
fn an_empty_batch_is_no_mistake() {
    let shop = Shop::start();
    let reply = shop.json("PUT", "/v1/products", &json!([]));
    assert_eq!((reply.status, reply.json), (200, json!({"seq": 0, "accepted": 0, "duplicates": 0, "rejected": []})));
}

#[test]
fn a_description_and_metrics_are_served() {
    let shop = Shop::start();
    let api = shop.get("/openapi.json");
    assert_eq!((api.status, api.json["openapi"].as_str().map(|v| &v[..4])), (200, Some("3.1.")));
    shop.get("/v1/search?page=0");
    let metrics = shop.get("/metrics");
    assert!(
        metrics.text.contains("planogram_http_requests_total{method=\"GET\",route=\"/v1/search\",status=\"400\"}"),
        "{}",
        metrics.text
    );
    assert!(metrics.text.contains("planogram_log_seq"), "{}", metrics.text);
}

/// Every operation of the description is answered by a route of its own: never "no route", never "no such method".
#[test]
fn every_described_operation_is_routed() {
    let shop = Shop::start();
    let api = shop.get("/openapi.json").json;
    for (path, operations) in api["paths"].as_object().unwrap() {
        let concrete = path.split('/').map(|s| if s.starts_with('{') { "x" } else { s }).collect::<Vec<_>>().join("/");
        for method in operations.as_object().unwrap().keys() {
            let reply =
                shop.send(&method.to_uppercase(), &concrete, &[], (method != "get").then_some(b"{}".as_slice()));
            assert!(reply.status != 405 && !reply.text.contains("no route"), "{method} {path}: {}", reply.text);
        }
    }
}

/// The other way round: every route of the source is described.
#[test]
fn every_route_is_described() {
    let api = Shop::start().get("/openapi.json").json;
    let table = include_str!("../../src/app.rs");
    let handlers: Vec<&str> = table
        .split("routes!(")
        .skip(1)
        .flat_map(|s| s.split(')').next().unwrap_or_default().split(','))
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
    let operations = api["paths"].as_object().unwrap().values().map(|o| o.as_object().unwrap().len()).sum::<usize>();
    let by_hand = table.matches(".route(\"").count();
    assert_eq!(operations, handlers.len() + by_hand, "{handlers:?}");
}
