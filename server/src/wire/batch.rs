//! Where are the rows of a request body?
//!
//! A batch is a JSON array, an object that holds the array under a known name, or NDJSON; the content type
//! decides, and without a telling one the first byte does. NDJSON lines stand on their own: a malformed line is a
//! refused row and the others are kept. Lines count from 1; in an array an element's line is its number.

use serde_json::Value;

use super::decode::{Defect, cut};

/// One row as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Line in NDJSON, element in an array, from 1.
    pub line: usize,
    /// The JSON of the row, or why there is none.
    pub value: Result<Value, Defect>,
}

/// How the rows of a body are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Lines,
}

/// The framing a content type names; `None` when it names none that is understood.
/// An absent content type is told by the first byte: `[` begins an array, anything else lines.
pub fn framing(content_type: Option<&str>, body: &[u8]) -> Option<Framing> {
    let media = content_type.map(|c| c.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    match media.as_deref() {
        Some("application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/jsonlines") => {
            Some(Framing::Lines)
        }
        Some("application/json") => Some(Framing::Json),
        None | Some("" | "text/plain" | "application/octet-stream" | "application/x-www-form-urlencoded") => {
            let first = body.iter().find(|b| !b.is_ascii_whitespace());
            Some(if first == Some(&b'[') { Framing::Json } else { Framing::Lines })
        }
        Some(_) => None,
    }
}

/// The rows of a body. `wrapper` is the field under which an object may hold the array, if any;
/// another object is a batch of one row.
///
/// # Errors
/// The defect of the whole body, when it is one JSON document and cannot be read.
pub fn rows(body: &[u8], framing: Framing, wrapper: Option<&str>) -> Result<Vec<Row>, Defect> {
    if framing == Framing::Lines {
        return Ok(body.split(|b| *b == b'\n').enumerate().filter_map(|(i, line)| row(i + 1, line)).collect());
    }
    let numbered = |list: Vec<Value>| {
        list.into_iter().enumerate().map(|(i, value)| Row { line: i + 1, value: Ok(value) }).collect()
    };
    match parse(body)? {
        Value::Array(list) => Ok(numbered(list)),
        Value::Object(mut map) => match wrapper.map(|w| (w, map.remove(w))) {
            Some((w, Some(Value::Array(list)))) => match map.keys().next() {
                None => Ok(numbered(list)),
                Some(other) => Err(Defect::new(
                    super::decode::child("", other),
                    format!("unknown field `{}` beside `{w}`", cut(other)),
                    format!("only `{w}`"),
                )),
            },
            Some((w, Some(other))) => {
                Err(Defect::new(format!("/{w}"), super::decode::wrong_type(&other, "a list"), "a list of rows"))
            }
            _ => Ok(numbered(vec![Value::Object(map)])),
        },
        other => Err(Defect::new("", super::decode::wrong_type(&other, "a list of rows"), "a JSON array, or NDJSON")),
    }
}

/// The row of one line, or nothing when the line is blank.
pub fn row(line: usize, text: &[u8]) -> Option<Row> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    Some(Row { line, value: parse(text) })
}

/// One JSON document.
///
/// # Errors
/// Where it stops being UTF-8 or JSON.
pub fn parse(bytes: &[u8]) -> Result<Value, Defect> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let line = 1 + bytes[..at].iter().filter(|b| **b == b'\n').count();
        Defect::new("", format!("byte 0x{:02x} at offset {at} (line {line}) is not UTF-8", bytes[at]), "UTF-8")
    })?;
    // Some tools write a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|e| Defect::new("", format!("not JSON: {e}"), "one JSON document"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_line_leaves_the_others() {
        let lines: Vec<String> =
            (1..=50).map(|i| if i == 17 { "{\"sku\": ".into() } else { format!("{{\"sku\":\"{i}\"}}") }).collect();
        let rows = rows(lines.join("\n").as_bytes(), Framing::Lines, None).unwrap();
        let bad: Vec<usize> = rows.iter().filter(|r| r.value.is_err()).map(|r| r.line).collect();
        assert_eq!((rows.len(), bad), (50, vec![17]));
    }

    #[test]
    fn blank_lines_keep_the_numbers() {
        let rows = rows(b"\n{\"a\":1}\r\n\n{\"a\":2}\n", Framing::Lines, None).unwrap();
        assert_eq!(rows.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn broken_utf8_is_located() {
        let defect = parse(b"{\"a\":\n\"\xff\"}").unwrap_err();
        assert_eq!(defect.message, "byte 0xff at offset 7 (line 2) is not UTF-8");
        let rows = rows(b"{\"a\":1}\n\xff\xfe\n", Framing::Lines, None).unwrap();
        assert!(rows[0].value.is_ok() && rows[1].value.is_err());
    }

    #[test]
    fn arrays_wrappers_and_single_rows() {
        let check = |body: &str, expected: Option<usize>| {
            assert_eq!(rows(body.as_bytes(), Framing::Json, Some("events")).ok().map(|r| r.len()), expected, "{body}");
        };
        check("[]", Some(0));
        check("[1,2]", Some(2));
        check("{\"events\":[1,2,3]}", Some(3));
        check("{\"id\":\"e\"}", Some(1));
        check("{\"events\":[1],\"more\":1}", None);
        check("{\"events\":7}", None);
        check("7", None);
        check("[1,", None);
    }

    #[test]
    fn the_content_type_decides_and_else_the_first_byte() {
        assert_eq!(framing(Some("application/json; charset=utf-8"), b"{"), Some(Framing::Json));
        assert_eq!(framing(Some("application/x-ndjson"), b"["), Some(Framing::Lines));
        assert_eq!(framing(None, b" [1]"), Some(Framing::Json));
        assert_eq!(framing(None, b"{}"), Some(Framing::Lines));
        assert_eq!(framing(Some("image/png"), b"["), None);
    }
}
