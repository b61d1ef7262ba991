//! What does a document name, whatever its kind?
//!
//! The kernel does not know what a plugin's document means, but conditions on products are written in one language
//! everywhere, categories are named by their paths under `category`, and audiences under `audience` or `audiences`, as a
//! text, a list of texts, or inside what stands there. So it can be told where an audience is used, and an author what their document names in vain.
//! What is not here: whether that is there, and what is done about it.

use serde_json::{Map, Value as Json};

use super::parse_relative;

/// What a document names, each with the JSON pointer to it, in the order of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Fields that conditions test.
    pub fields: Vec<(String, String)>,
    /// Paths of categories: those that conditions test for, and what stands under `category`.
    pub categories: Vec<(String, String)>,
    /// Audiences.
    pub audiences: Vec<(String, String)>,
}

/// What a document names; nothing when it is not JSON.
pub fn named_in(json: &str) -> Named {
    let mut named = Named::default();
    if let Ok(document) = serde_json::from_str(json) {
        named.look(&document, false, "");
    }
    named
}

/// Whether two names mean one audience: to rules and units they do whatever their case.
pub fn is_same_audience(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

/// JSON pointer to the first place of a document at which `part`, JSON as well, stands.
pub fn pointer_to(json: &str, part: &str) -> Option<String> {
    let (document, part) = (serde_json::from_str(json).ok()?, serde_json::from_str(part).ok()?);
    find(&document, &part)
}

fn find(json: &Json, part: &Json) -> Option<String> {
    if json == part {
        return Some(String::new());
    }
    match json {
        Json::Array(parts) => parts.iter().enumerate().find_map(|(at, one)| Some(format!("/{at}{}", find(one, part)?))),
        Json::Object(object) => {
            object.iter().find_map(|(key, value)| Some(format!("/{}{}", escaped(key), find(value, part)?)))
        }
        _ => None,
    }
}

/// A key as a part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Named {
    /// Parsed JSON is at most 128 deep, so this ends.
    fn look(&mut self, json: &Json, is_about: bool, pointer: &str) {
        match json {
            Json::String(text) if is_about => self.audiences.push((pointer.to_owned(), text.clone())),
            Json::Array(parts) => {
                parts.iter().enumerate().for_each(|(at, part)| self.look(part, is_about, &format!("{pointer}/{at}")));
            }
            Json::Object(object) => {
                self.leaf(object, pointer);
                for (key, value) in object {
                    let below = format!("{pointer}/{}", escaped(key));
                    if key == "category" {
                        self.paths(value, &below);
                    }
                    self.look(value, is_about || matches!(key.as_str(), "audience" | "audiences"), &below);
                }
            }
            _ => {}
        }
    }

    /// A test of one field.
    fn leaf(&mut self, object: &Map<String, Json>, pointer: &str) {
        let Some(Json::String(field)) = object.get("field") else { return };
        if parse_relative(&Json::Object(object.clone())).is_err() {
            return;
        }
        self.fields.push((format!("{pointer}/field"), field.clone()));
        if !matches!(field.as_str(), "category" | "categories") {
            return;
        }
        for test in ["eq", "in"] {
            object.get(test).into_iter().for_each(|value| self.paths(value, &format!("{pointer}/{test}")));
        }
    }

    /// A path, or a list of them.
    fn paths(&mut self, value: &Json, pointer: &str) {
        match value {
            Json::String(path) => self.categories.push((pointer.to_owned(), path.clone())),
            Json::Array(parts) => {
                let texts = parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.as_str()?)));
                self.categories.extend(texts.map(|(at, path)| (format!("{pointer}/{at}"), path.to_owned())));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_found_at_every_place_and_no_other_text() {
        let check = |json: &str, expected: &[(&str, &str)]| {
            let found = named_in(json).audiences;
            let found: Vec<(&str, &str)> = found.iter().map(|(at, id)| (at.as_str(), id.as_str())).collect();
            assert_eq!(found, expected, "{json}");
        };
        check(r#"{"audiences":["new","vip"],"label":"vip"}"#, &[("/audiences/0", "new"), ("/audiences/1", "vip")]);
        check(
            r#"{"when":{"any":[{"audience":"vip"},{"audience":{"in":["vip"]}}]}}"#,
            &[("/when/any/0/audience", "vip"), ("/when/any/1/audience/in/0", "vip")],
        );
        check("vip", &[]);
        assert!(is_same_audience("Staff Ö", "staff ö") && !is_same_audience("vip", "vips"));
    }

    #[test]
    fn a_part_is_found_whatever_the_order_of_its_keys() {
        let json = r#"{"a":[1,{"x/y":{"b":1,"c":[2]}}]}"#;
        assert_eq!(pointer_to(json, r#"{"c":[2],"b":1}"#).as_deref(), Some("/a/1/x~1y"));
        assert_eq!((pointer_to(json, "3"), pointer_to("no", "1")), (None, None));
    }

    #[test]
    fn fields_and_categories_are_those_of_conditions() {
        let json = r#"{"category":"Hats","field":"free","events":[{"hide":{"not":{"field":"colr","eq":"Red"}}},
            {"pin":"A","field":3,"eq":1},{"boost":{"any":[{"field":"category","in":["Men",{"matched":"category"}]},
            {"field":"categories","eq":"Hats/Tall"}]}}]}"#;
        let named = named_in(json);
        let words = |named: &[(String, String)]| -> Vec<String> {
            named.iter().map(|(pointer, name)| format!("{pointer} {name}")).collect()
        };
        assert_eq!(
            words(&named.fields),
            [
                "/events/0/hide/not/field colr",
                "/events/2/boost/any/0/field category",
                "/events/2/boost/any/1/field categories"
            ]
        );
        let expected = ["/category Hats", "/events/2/boost/any/0/in/0 Men", "/events/2/boost/any/1/eq Hats/Tall"];
        assert_eq!(words(&named.categories), expected);
        assert_eq!(named.audiences, []);
    }
}
