//! When are two phrases the same to a merchandiser?
//!
//! When they are equal after lower-casing and with every run of white space as one space. Nothing is stemmed
//! or folded here: a rule says `is "sofa"` and means that word; the store view's analyzer is for synonyms.

/// Longest phrase a condition may hold, in characters: the longest query there is.
pub const PHRASE_CHARS_MAX: usize = 255;

/// `text` in lower case, trimmed, with single spaces between its words.
pub fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

/// A category path with single slashes and no white space around its names.
pub fn tidy_path(path: &str) -> String {
    path.split('/').map(str::trim).filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/")
}

/// The key under which a category is found: categories are named without case.
pub fn path_key(path: &str) -> String {
    tidy_path(path).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_compare_without_case_and_spacing() {
        let check = |input: &str, expected: &str| assert_eq!(normalize(input), expected, "{input:?}");
        check("", "");
        check("  \t\n", "");
        check("Summer   SOFA ", "summer sofa");
        check("STRASSE\u{a0}Öl", "strasse öl");
    }
}
