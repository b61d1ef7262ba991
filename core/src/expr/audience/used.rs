//! Does a document name an audience?
//!
//! Whatever its kind: the kernel does not know what a plugin's document means, but audiences are named under `audience`
//! or `audiences` everywhere, as a text, a list of texts, or inside what stands there.

use serde_json::Value as Json;

/// JSON pointers to the places where a document names an audience; none when it is not JSON.
pub fn names_audience(json: &str, id: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(document) = serde_json::from_str(json) {
        look(&document, id, false, &mut String::new(), &mut found);
    }
    found
}

/// Parsed JSON is at most 128 deep, so this ends.
fn look(json: &Json, id: &str, is_about: bool, pointer: &mut String, found: &mut Vec<String>) {
    let len = pointer.len();
    match json {
        Json::String(text) if is_about && text == id => found.push(pointer.clone()),
        Json::Array(parts) => {
            for (at, part) in parts.iter().enumerate() {
                pointer.push_str(&format!("/{at}"));
                look(part, id, is_about, pointer, found);
                pointer.truncate(len);
            }
        }
        Json::Object(object) => {
            for (key, value) in object {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                look(value, id, is_about || matches!(key.as_str(), "audience" | "audiences"), pointer, found);
                pointer.truncate(len);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_and_no_other_text() {
        let check = |json: &str, expected: &[&str]| assert_eq!(names_audience(json, "vip"), expected, "{json}");
        check(r#"{"audiences":["new","vip"],"label":"vip"}"#, &["/audiences/1"]);
        check(
            r#"{"when":{"any":[{"audience":"vip"},{"audience":{"in":["vip"]}}]}}"#,
            &["/when/any/0/audience", "/when/any/1/audience/in/0"],
        );
        check(r#"{"audience":"vips"}"#, &[]);
        check("vip", &[]);
    }
}
