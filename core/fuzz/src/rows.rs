//! What must hold of rows of products, whatever is sent?
//!
//! No bytes upset the reader; a line that cannot be read takes no other with it; what is wrong is said in words; and a
//! product that was read is the same after it was shown and read again.

use planogram_core::catalog::check;
use planogram_server::wire::batch::{self, Framing};
use planogram_server::wire::product::{self, Exponents};

use super::mutate::Verdict;

/// A body of lines, and the same as one JSON document.
pub fn products(bytes: &[u8]) -> Verdict {
    let lines = batch::rows(bytes, Framing::Lines, None).expect("lines stand on their own");
    let n_lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    assert_eq!(lines.len(), n_lines, "a line was lost");
    assert!(lines.is_sorted_by(|a, b| a.line < b.line), "lines are out of order");
    let document = batch::rows(bytes, Framing::Json, Some("products")).unwrap_or_default();
    let mut refused = Vec::new();
    for row in lines.into_iter().chain(document) {
        let decoded = row.value.map_err(|defect| vec![defect]).and_then(|v| product::decode(&v, &Exponents::default()));
        match decoded {
            Ok(doc) => {
                let shown = product::encode(&doc, &Exponents::default());
                let again = product::decode(&shown, &Exponents::default());
                assert_eq!(again.as_ref(), Ok(&doc), "a product changed when it was shown as {shown}");
                refused.extend(check::check_product(&doc).into_iter().map(|p| p.message));
            }
            Err(defects) => {
                assert!(!defects.is_empty(), "line {} was refused without a reason", row.line);
                refused.extend(defects.into_iter().map(|defect| defect.message));
            }
        }
    }
    assert!(refused.iter().all(|words| !words.is_empty()), "a refusal without words");
    if refused.is_empty() { Ok(()) } else { Err(refused.join("; ")) }
}

/// Bodies of one line and of several.
pub fn valid() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"sku":"A","name":"Chair","price":10}"#,
        "{\"sku\":\"A\",\"name\":\"Chair\",\"price\":10.5,\"in_stock\":false,\"quantity\":3}\n\n{\"sku\":\"B\",\"name\":\"Stühle\"}\n",
        r#"{"sku":"C","name":"Shirt","brand":"Acme","categories":["Men/Tops",{"path":"Sale","position":2}],"visibility":"search","created_at":"2026-01-02T03:04:05Z","attributes":{"eco":true,"size":4.5,"colors":["a","b"]},"links":{"related":["A"]},"views":{"de":{"name":"Hemd"}},"vectors":{"look":[0.5,-1]},"variants":[{"sku":"C-1","options":{"color":"Red"},"price":12.99,"special_price":{"price":9.99,"from":"2026-01-01T00:00:00Z"}}]}"#,
    ];
    bodies.iter().map(|body| body.as_bytes().to_vec()).collect()
}
