//! What must hold of the kernel's readers, whatever they are given?
//!
//! Each target takes any bytes, never panics, and says in words why it refuses; what it takes, it can write and read
//! back to the same. Beside each stand valid inputs, from which mutations and fuzz runs begin.

use planogram_abi::handshake::{PgHandshake, SECTION_ELF, parse, to_bytes};
use planogram_core::catalog::Catalog;
use planogram_core::expr::audience::{AudienceDocument, Audiences, Person, find_cycle, parse_audience};
use planogram_core::expr::{self, EvalContext};
use planogram_core::host::verify;
use planogram_core::log::checkpoint::Checkpoint;
use planogram_core::log::entry::Entry;
use planogram_core::log::fuzz;
use planogram_core::visitor::{Outside, Visitor};
use serde_json::{Value, json};

use super::mutate::Verdict;

/// A plugin's file, and the record in it.
pub fn handshake(bytes: &[u8]) -> Verdict {
    let in_file = verify::read(bytes).map_err(|error| error.to_string());
    let alone = parse(bytes).map_err(|error| error.to_string());
    let taken = match (in_file, alone) {
        (Ok(found), _) | (_, Ok(found)) => found,
        (Err(no_file), Err(no_record)) => return Err(format!("{no_file}; {no_record}")),
    };
    // A record that was read may still speak against itself, field by field.
    let mismatches = taken.mismatches();
    if mismatches.is_empty() { Ok(()) } else { Err(mismatches.join("; ")) }
}

/// A record, and the smallest shared library that carries it.
pub fn handshakes() -> Vec<Vec<u8>> {
    let record = to_bytes(&PgHandshake::new("demo", "0.1.0", "planogram_plugin_demo")).to_vec();
    vec![shared_library(&record), record]
}

/// A shared library of 64 bits, little endian, with nothing but a section for the handshake (System V ABI, chapter 4:
/// a header of 64 bytes, then sections, then their headers of 64 bytes each).
fn shared_library(record: &[u8]) -> Vec<u8> {
    let names = format!("\0{SECTION_ELF}\0.shstrtab\0");
    let (record_at, names_at) = (64, 64 + record.len());
    let headers_at = (names_at + names.len()).next_multiple_of(8);
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    // Shared object, x86-64, version 1, no entry point, no segments.
    file.extend([3, 0, 62, 0, 1, 0, 0, 0]);
    file.extend([0; 16]);
    file.extend((headers_at as u64).to_le_bytes());
    file.extend([0; 4]);
    // Sizes of the headers; three sections, of which the last holds the names.
    for half in [64_u16, 56, 0, 64, 3, 2] {
        file.extend(half.to_le_bytes());
    }
    file.extend(record);
    file.extend(names.as_bytes());
    file.resize(headers_at + 64, 0);
    for (name, kind, at, length) in
        [(1_u32, 1_u32, record_at, record.len()), (2 + SECTION_ELF.len() as u32, 3, names_at, names.len())]
    {
        file.extend(name.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend([0; 16]);
        file.extend((at as u64).to_le_bytes());
        file.extend((length as u64).to_le_bytes());
        file.extend([0; 8]);
        file.extend(1_u64.to_le_bytes());
        file.extend([0; 8]);
    }
    file
}

/// An entry of the log as it lies on disk, and the same bytes under a checksum that is right, so that the decoder
/// behind it sees them, too.
pub fn entry(bytes: &[u8]) -> Verdict {
    const SEQ: u64 = 1;
    let as_is = fuzz::read_entry(SEQ, bytes).map_err(|error| error.to_string());
    let payload = bytes.get(fuzz::ENTRY_CHECKSUM_BYTES..).unwrap_or(bytes);
    let signed = fuzz::read_entry(SEQ, &fuzz::signed_entry(SEQ, payload)).map_err(|error| error.to_string());
    let taken = match (as_is, signed) {
        (Ok(taken), _) | (_, Ok(taken)) => taken,
        (Err(as_is), Err(signed)) => return Err(format!("{as_is}; {signed}")),
    };
    let written = fuzz::write_entry(&taken).map_err(|error| error.to_string())?;
    let again = fuzz::read_entry(SEQ, &written).expect("what was written is read");
    // Bytes and not values, since a NaN equals nothing.
    assert!(fuzz::write_entry(&again).expect("what was read is written") == written, "{taken:?} changed to {again:?}");
    Ok(())
}

/// One entry of every kind. From JSON, so that fields that are added later are left out as in an old log.
pub fn entries() -> Vec<Vec<u8>> {
    let price = json!({"regular_minor": 1_000, "special": {"minor": 900, "from_ms": null, "until_ms": 7}});
    let variant = json!({"sku": "A-1", "options": {"size": {"Number": 4.5}, "color": {"Text": "Red"}},
        "prices": {"default": price}, "stock": {"in_stock": true, "quantity": 2.0}, "image": null});
    let product = json!({"sku": "A", "collection": "products", "name": "Stuhl", "description": "", "brand": "Acme",
        "categories": [{"path": ["Men", "Tops"], "position": 3}], "visibility": "Both", "created_ms": 5,
        "attributes": {"eco": {"Boolean": true}, "colors": {"List": ["a", "b"]}}, "image": null, "url": null,
        "links": {"Related": ["B"]}, "views": {"de": {"name": "Stuhl", "description": null, "visibility": "Search",
        "url": null}}, "vectors": {"look": [0.5, -1.0]}, "variants": [variant]});
    let patch = json!({"sku": "A", "prices": {"vip": null}, "in_stock": false, "quantity": [null], "attributes":
        {"eco": null}, "visibility": null, "name": "Sessel", "description": null, "image": null, "url": null,
        "categories": null, "links": {}});
    let event = json!({"id": "e1", "time_ms": 3, "kind": "OrderPlaced", "visitor": "v", "customer": "c",
        "session": "s", "store_view": "", "request_id": null, "items": [{"sku": "A", "quantity": 1.5,
        "price_minor": 900, "position": 0}], "query": "q", "category": null, "unit": null, "order": "o1"});
    let document = json!({"key": {"kind": "unit", "scope": "", "id": "top"}, "state": "Live", "overlay": "",
        "body": "{}", "author": "a", "note": "", "from_ms": 1, "until_ms": null, "expected_revision": 0});
    let bodies = [
        json!({"Products": [product]}),
        json!({"Patches": [patch]}),
        json!({"Deletions": ["A", ""]}),
        json!({"Categories": [{"Put": {"path": ["Men"], "position": 1, "anchor": true}},
            {"Move": {"path": ["Men"], "to": ["Gents"]}}, {"Remove": {"path": ["Gents"]}}]}),
        json!({"Events": [event]}),
        json!({"Config": [document]}),
        json!({"Plugin": {"name": "p", "content_hash": "00", "version": "1"}}),
        json!({"Model": {"name": "m", "generation": 2, "content_hash": "00"}}),
        json!({"Erased": {"visitors": ["a1"], "customers": []}}),
        json!("Tick"),
    ];
    let written = |body: Value| {
        let entry = json!({"seq": 1, "time_ms": 9, "actor": "test", "idempotency_key": "k", "body": body});
        let entry: Entry = serde_json::from_value(entry).expect("the entries here are entries");
        fuzz::write_entry(&entry).expect("the entries here are small")
    };
    bodies.into_iter().map(written).collect()
}

/// A snapshot file.
pub fn checkpoint(bytes: &[u8]) -> Verdict {
    let taken = fuzz::read_checkpoint(bytes)?;
    let written = fuzz::write_checkpoint(&taken).expect("what was read is within bounds");
    assert!(written == bytes, "a snapshot file has one form only");
    Ok(())
}

/// Files with no section, one, and several.
pub fn checkpoints() -> Vec<Vec<u8>> {
    let section = |name: &str, n: usize| (name.to_owned(), vec![7; n]);
    let files = [
        Checkpoint { seq: 0, sections: Vec::new() },
        Checkpoint { seq: 9, sections: vec![section("meta", 3)] },
        Checkpoint { seq: u64::MAX, sections: vec![section("räume", 100), section("empty", 0), section("", 1)] },
    ];
    files.iter().map(|file| fuzz::write_checkpoint(file).expect("the files here are within bounds")).collect()
}

/// A condition as JSON text.
pub fn condition(bytes: &[u8]) -> Verdict {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let parsed = expr::parse(&json).map_err(|problems| {
        let words = |p: &planogram_abi::Problem| format!("{}: {} ({})", p.pointer, p.message, p.allowed);
        problems.iter().map(words).collect::<Vec<_>>().join("; ")
    })?;
    let again = expr::parse(&expr::to_json(&parsed));
    assert_eq!(again.as_ref(), Ok(&parsed), "a condition changed when it was written");
    Ok(())
}

/// An audience document as JSON text: every mistake lies where its pointer leads, and what is taken is evaluated.
pub fn audience(bytes: &[u8]) -> Verdict {
    let text = str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let audience = parse_audience("a", text).map_err(|problems| {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        let leads = |p: &planogram_abi::Problem| json.pointer(&p.pointer).is_some();
        assert!(problems.iter().all(leads), "a pointer leads nowhere: {problems:?}");
        problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; ")
    })?;
    let document = AudienceDocument { id: "a".into(), scope: String::new(), from_ms: None, until_ms: None, audience };
    let _circle = find_cycle([("a", &document.audience)]);
    let set = Audiences::new(vec![document]);
    let (catalog, nobody, outside) = (Catalog::new(), Visitor::default(), Outside::default());
    let book = catalog.root_chain();
    let context = EvalContext { book: &book, now_ms: 0, view: "default", demand: None, seq: 0, tree: None };
    let person =
        Person { visitor: &nobody, is_registered: false, cart: None, group: None, outside: &outside, vouched: &[] };
    let of = set.of(&person, &catalog, &context);
    assert_eq!(!of.is_empty(), set.holds("a", &person, &catalog, &context), "an audience is asked in two ways");
    Ok(())
}

/// Every leaf of an audience.
pub fn audiences() -> Vec<Vec<u8>> {
    let leaves = [
        json!({"profile": "tier", "time": {"from": "1990-05-04", "to": "2026-01-31T12:00:00.5+01:00"}}),
        json!({"profile": "tier", "exists": false}),
        json!({"count": {"event": "product_view", "where": {"field": "sku", "eq": "A"}, "days": 7}, "range": {"to": 3}}),
        json!({"sequence": [{"event": "product_view"}, {"event": "add_to_cart"}], "within_minutes": 60, "hours": 2}),
        json!({"none": [{"cart": "total", "range": {"from": 50}}, {"wishlist": {}}, {"audience": ["a", "b"]}]}),
        json!({"any": [{"viewed": {"minutes": 5}, "exists": false}, {"not": {"audience": "c"}}]}),
        json!({"orders": "average", "from": "2026-01-01", "until": "2026-02-01", "status": "any", "range": {"from": 1}}),
    ];
    let document = |leaf: &Value| json!({"name": "A", "applies_to": "visitors", "condition": leaf}).to_string();
    leaves.iter().map(|leaf| document(leaf).into_bytes()).collect()
}

/// Every node and every test of the language.
pub fn conditions() -> Vec<Vec<u8>> {
    let texts = [
        json!({"all": []}),
        json!({"any": [{"field": "sku", "eq": "A"}, {"not": {"field": "price", "range": {"from": 1, "to": 2.5}}}]}),
        json!({"all": [{"field": "brand", "in": ["Acme", "Luma"]}, {"field": "in_stock", "eq": true}]}),
        json!({"any": [{"field": "name", "contains": "sh"}, {"field": "name", "starts_with": "Sh"}]}),
        json!({"all": [{"field": "name", "ends_with": "irt"}, {"field": "name", "words": "sh"}]}),
        json!({"not": {"all": [{"field": "eco", "exists": true}, {"field": "size", "in": [1, 2, 3]}]}}),
    ];
    texts.iter().map(|text| text.to_string().into_bytes()).collect()
}
