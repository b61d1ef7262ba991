//! What plugins' acts may and may not do to a list.

use serde_json::json;

use super::merchant::{act, on_matching, on_skus, open_with_merchant};
use super::*;

fn facet_counts(answer: &ListAnswer, code: &str) -> Vec<(String, u64)> {
    let facet = answer.facets.iter().find(|facet| facet.attribute == code);
    facet.into_iter().flat_map(|facet| &facet.buckets).map(|bucket| (bucket.value.clone(), bucket.count)).collect()
}

#[test]
fn a_filter_of_a_rule_and_one_of_the_request_hold_for_the_same_variant() {
    let engine = open_with_merchant();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    engine.write_config(vec![on_matching("red", "filter", &filter("color", "Red"))], WriteOptions::default()).unwrap();
    let mut request = search("shirt");
    request.filters = vec![filter("color", "Blue")];
    assert!(skus(&engine.list(request.clone()).unwrap()).is_empty(), "T1 has a blue and a red variant");
    request.filters = vec![filter("size", "S")];
    assert_eq!(skus(&engine.list(request).unwrap()), ["T1"]);
}

#[test]
fn an_included_item_is_counted_in_every_facet() {
    let engine = open_with_merchant();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    engine.write_config(vec![on_skus("more", "include", 0.0, &["T2"])], WriteOptions::default()).unwrap();
    let mut request = search("striped");
    request.facets = Some(vec!["color".into()]);
    request.filters = vec![filter("color", "Blue")];
    let answer = engine.list(request).unwrap();
    assert_eq!(skus(&answer), ["T1"]);
    assert_eq!(facet_counts(&answer, "color"), [("Red".to_owned(), 2), ("Blue".to_owned(), 1)]);
}

#[test]
fn an_item_can_be_included_in_a_unit() {
    let engine = open_with_merchant();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    engine.write_config(vec![on_skus("more", "include", 0.0, &["P1"])], WriteOptions::default()).unwrap();
    let list = request(List::Unit { unit: "any".into(), anchors: Vec::new() });
    assert_eq!(skus(&engine.list(list).unwrap()), ["P1"]);
}

#[test]
fn items_pinned_together_stand_in_the_order_in_which_they_are_listed() {
    let engine = open_with_merchant();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    engine.write_config(vec![on_skus("top", "pin", 0.0, &["P2", "T2", "P1"])], WriteOptions::default()).unwrap();
    assert_eq!(skus(&engine.list(search("")).unwrap())[..3], ["P2", "T2", "P1"]);
}

#[test]
fn what_a_plugin_cannot_prepare_for_is_refused_and_the_old_epoch_serves_on() {
    let engine = open_with_merchant();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    engine.write_config(vec![on_skus("hidden", "hide", 0.0, &["T1"])], WriteOptions::default()).unwrap();
    let before = engine.status().as_of;
    let broken = engine.write_config(vec![act("bad", json!({"broken": true}))], WriteOptions::default());
    assert!(matches!(&broken, Err(WriteError::Refused { key, .. }) if key.id == "bad"), "{broken:?}");
    assert_eq!(engine.status().as_of, before, "nothing was written");
    assert_eq!(skus(&engine.list(search("shirt")).unwrap()), ["T2"]);
    let mut draft = act("bad", json!({"broken": true}));
    (draft.state, draft.overlay) = (DocumentState::Draft, "spring".into());
    assert!(matches!(engine.write_config(vec![draft], WriteOptions::default()), Err(WriteError::Refused { .. })));
}

/// Small numbers from a seed.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    }
}

/// Products of two colors and three sizes, some sold out, some hidden in search.
fn assorted(roll: &mut impl FnMut(u64) -> u64) -> Vec<ProductDoc> {
    let product_of = |at: usize, roll: &mut dyn FnMut(u64) -> u64| {
        let n_variants = 1 + roll(3);
        let variants = (0..n_variants).map(|v| {
            let options = [("color", ["Red", "Blue"][roll(2) as usize]), ("size", ["S", "M", "L"][roll(3) as usize])];
            variant(&format!("A{at:02}-{v}"), &options, 100 + roll(900) as i64, roll(4) > 0)
        });
        let variants = variants.collect();
        let category = ["Men/Tops", "Women"][roll(2) as usize];
        let mut doc = product(&format!("A{at:02}"), "Plain shirt", category, variants);
        doc.visibility = [Visibility::Both, Visibility::Search, Visibility::Catalog][roll(5).min(2) as usize];
        doc
    };
    (0..40).map(|at| product_of(at, roll)).collect()
}

fn some_acts(roll: &mut impl FnMut(u64) -> u64) -> Vec<DocumentWrite> {
    let verbs = ["hide", "include", "filter", "pin", "boost", "bury", "raise", "at least", "at most", "banner"];
    let one = |n: u64, roll: &mut dyn FnMut(u64) -> u64| {
        let verb = verbs[roll(verbs.len() as u64) as usize];
        let color = filter("color", ["Red", "Blue"][roll(2) as usize]);
        let skus: Vec<String> = (0..3).map(|_| format!("A{:02}", roll(40))).collect();
        let mut body = json!({"verb": verb, "at": 1 + roll(12), "skus": skus});
        if roll(3) == 0 {
            body["condition"] = crate::expr::to_json(&color);
        }
        act(&format!("{n}"), body)
    };
    (0..1 + roll(4)).map(|n| one(n, roll)).collect()
}

/// Whether a product may be in the list at all, read from its document.
fn is_eligible(doc: &ProductDoc, request: &ListRequest, hidden: &[&str]) -> bool {
    let is_shown = match &request.list {
        // Without words a search is a walk through the catalog.
        List::Search { text } if !text.is_empty() => doc.visibility.in_search(),
        List::Search { .. } | List::Category { .. } | List::Unit { .. } => doc.visibility.in_catalog(),
    };
    let is_unit = matches!(request.list, List::Unit { .. });
    let passes = |variant: &VariantDoc| {
        let holds = |condition: &Condition| match condition {
            Condition::Field { field, test: Test::In(values) } => values.iter().any(|value| match value {
                Value::Text(text) => variant.options.get(field) == Some(&AttributeValue::Text(text.clone())),
                Value::Number(_) | Value::Boolean(_) | Value::Matched(_) => false,
            }),
            _ => false,
        };
        (variant.stock.in_stock || !is_unit) && request.filters.iter().all(holds)
    };
    is_shown && !hidden.contains(&doc.sku.as_str()) && doc.variants.iter().any(passes)
}

#[test]
fn no_act_lets_an_ineligible_item_in_or_tears_pages_apart_and_preview_equals_live() {
    for seed in 1..=12 {
        let mut roll = dice(seed);
        let engine = open_with_merchant();
        let docs = assorted(&mut roll);
        engine.put_products(docs.clone(), wait_for_text()).unwrap();
        let view = |sku: &str, n: u64| event(&format!("{sku}{n}"), EventKind::ProductView, &format!("s{n}"), sku);
        let views = docs.iter().map(|doc| view(&doc.sku, roll(9))).collect();
        engine.ingest_events(views, WriteOptions::default()).unwrap();
        let acts = some_acts(&mut roll);
        let hidden = docs[roll(40) as usize].sku.clone();
        let acts: Vec<DocumentWrite> = acts.into_iter().chain([on_skus("h", "hide", 0.0, &[&hidden])]).collect();
        let drafts = acts.iter().cloned().map(|mut write| {
            (write.state, write.overlay) = (DocumentState::Draft, "next".into());
            write
        });
        engine.write_config(drafts.collect(), WriteOptions::default()).unwrap();

        let lists = [
            List::Search { text: "shirt".into() },
            List::Search { text: String::new() },
            List::Category { path: "Men".into() },
            List::Unit { unit: "any".into(), anchors: vec!["A00".into()] },
        ];
        let filters = [vec![], vec![filter("color", "Red")], vec![filter("color", "Blue"), filter("size", "M")]];
        let requests: Vec<ListRequest> = lists
            .iter()
            .flat_map(|list| {
                filters.iter().map(|filters| ListRequest { filters: filters.clone(), ..request(list.clone()) })
            })
            .map(|request| ListRequest {
                page: Page { number: 1, size: 100 },
                facets: Some(vec!["color".into()]),
                ..request
            })
            .collect();
        let said = |answer: ListAnswer| format!("{:?} {:?} {}", answer.items, answer.facets, answer.total);
        let preview = |request: &ListRequest| ListRequest { overlays: vec!["next".into()], ..request.clone() };
        let previews: Vec<String> =
            requests.iter().map(|request| said(engine.list(preview(request)).unwrap())).collect();
        engine.write_config(acts, WriteOptions::default()).unwrap();

        for (request, preview) in requests.iter().zip(previews) {
            let whole = engine.list(request.clone()).unwrap();
            for sku in skus(&whole) {
                let doc = docs.iter().find(|doc| doc.sku == sku).unwrap();
                assert!(is_eligible(doc, request, &[&hidden]), "seed {seed}: {sku} in {request:?}");
            }
            let shown: Vec<String> = whole.items.iter().map(|hit| hit.sku.clone()).collect();
            assert_eq!(said(whole), preview, "seed {seed}: {request:?}");
            let size = 1 + roll(7) as u32;
            let page = |number| ListRequest { page: Page { number, size }, ..request.clone() };
            let n_pages = (shown.len() as u32).div_ceil(size);
            let pages: Vec<String> = (1..=n_pages)
                .flat_map(|number| engine.list(page(number)).unwrap().items.into_iter().map(|hit| hit.sku))
                .collect();
            assert_eq!(pages, shown, "seed {seed}: pages of {size} of {request:?}");
        }
    }
}
