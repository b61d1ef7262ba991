//! How does a line of a public catalog become a product?
//!
//! The known fields are mapped to the catalog's own; `null` means absent everywhere; what is left over at the
//! top becomes an attribute when it is a text, a number, yes or no, or a list of those.
//!
//! | field | becomes |
//! |---|---|
//! | `id` or `sku` | sku |
//! | `description`, else `short_description` | description |
//! | `price`, `special_price` | minor units of the root price book; no price when null |
//! | `categories` | list of paths, each a list of names or one text with `/` |
//! | `visibility` | `Catalog, Search`, `Catalog`, `Search`, `Not Visible Individually` |
//! | `url` or `url_key` | url, as it stands |
//! | `released`, `created`, `created_at`, `first_sold` | creation time: date, or seconds since 1970 |
//! | `image`, else the first of `images` | image |
//! | `variants` with `sku`, `options`, `price`, `special_price`, `qty`, `in_stock`, `image` | variants |
//! | `option_axes`, `price_max` | nothing: they repeat what the variants say |
//!
//! Objects and lists of objects at the top (the parts of a bundle, say) are passed over.
//! Bounds on lengths and counts are the catalog's business.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use planogram_core::catalog::doc::{
    AttributeValue, PRODUCTS, Placement, Price, ProductDoc, ROOT_BOOK, SpecialPrice, Stock, VariantDoc, Visibility,
};
use planogram_core::id::{DAY_MS, TimeMs};
use planogram_core::limits::PRICE_MINOR_MAX;
use serde_json::{Map, Value};

use super::lines::{LineError, Lines, OpenError};

/// The products of a file of JSON lines, packed or not.
///
/// # Errors
/// When the file cannot be opened; bad lines are errors of the iterator.
pub fn products(path: &Path) -> Result<impl Iterator<Item = Result<ProductDoc, LineError>> + Send + use<>, OpenError> {
    Ok(Lines::open(path)?.map(|line| line.and_then(|(number, text)| product(number, &text))))
}

/// The products of a reader of JSON lines.
pub fn products_from(
    reader: impl BufRead + Send + 'static,
) -> impl Iterator<Item = Result<ProductDoc, LineError>> + Send {
    Lines::from_reader(reader).map(|line| line.and_then(|(number, text)| product(number, &text)))
}

/// What is wrong with a value: where, and what.
type Fault = (String, String);

/// The product in one line.
///
/// # Errors
/// The first offending value.
pub fn product(line: u64, text: &str) -> Result<ProductDoc, LineError> {
    let value = serde_json::from_str(text).map_err(|e| LineError::new(line, "", format!("not JSON: {e}")))?;
    product_of(line, value)
}

/// The product in a line that was parsed already.
///
/// # Errors
/// As [`product`].
pub fn product_of(line: u64, value: Value) -> Result<ProductDoc, LineError> {
    let Value::Object(fields) = value else { return Err(LineError::new(line, "", "not a JSON object")) };
    convert(fields).map_err(|(pointer, message)| LineError::new(line, pointer, message))
}

fn convert(mut fields: Map<String, Value>) -> Result<ProductDoc, Fault> {
    fields.retain(|_, value| !value.is_null());
    let sku = take_sku(&mut fields)?;
    let name = take_text(&mut fields, "name")?.ok_or_else(|| fault("name", "is missing"))?;
    if !fields.contains_key("description")
        && let Some(short) = fields.remove("short_description")
    {
        fields.insert("description".to_owned(), short);
    }
    let images = take_texts(&mut fields, "images")?;
    let product = ProductDoc {
        collection: take_text(&mut fields, "collection")?.unwrap_or_else(|| PRODUCTS.to_owned()),
        name,
        description: take_text(&mut fields, "description")?.unwrap_or_default(),
        brand: take_text(&mut fields, "brand")?,
        categories: take_categories(&mut fields)?,
        visibility: take_visibility(&mut fields)?,
        created_ms: take_created(&mut fields)?,
        image: take_text(&mut fields, "image")?.or(images.into_iter().next()),
        url: take_url(&mut fields)?,
        links: BTreeMap::new(),
        views: BTreeMap::new(),
        vectors: BTreeMap::new(),
        variants: take_variants(&mut fields, &sku)?,
        attributes: take_attributes(fields)?,
        sku,
    };
    Ok(product)
}

fn take_url(fields: &mut Map<String, Value>) -> Result<Option<String>, Fault> {
    let key = take_text(fields, "url_key")?;
    Ok(take_text(fields, "url")?.or(key))
}

fn fault(key: &str, message: impl Into<String>) -> Fault {
    (format!("/{}", key.replace('~', "~0").replace('/', "~1")), message.into())
}

fn take_sku(fields: &mut Map<String, Value>) -> Result<String, Fault> {
    let (key, value) = ["id", "sku"]
        .into_iter()
        .find_map(|key| fields.remove(key).map(|value| (key, value)))
        .ok_or_else(|| fault("id", "is missing"))?;
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text),
        Value::String(_) => Err(fault(key, "is empty")),
        Value::Number(n) if n.is_u64() => Ok(n.to_string()),
        other => Err(fault(key, format!("is {other}, a text is expected"))),
    }
}

fn take_text(fields: &mut Map<String, Value>, key: &str) -> Result<Option<String>, Fault> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(n)) => Ok(Some(n.to_string())),
        Some(other) => Err(fault(key, format!("is {}, a text is expected", short(&other)))),
    }
}

fn take_texts(fields: &mut Map<String, Value>, key: &str) -> Result<Vec<String>, Fault> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .into_iter()
            .filter(|v| !v.is_null())
            .map(|v| scalar_text(&v).ok_or_else(|| fault(key, format!("holds {}, texts are expected", short(&v)))))
            .collect(),
        Some(other) => Err(fault(key, format!("is {}, a list is expected", short(&other)))),
    }
}

/// A text, number, or yes and no as text.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// The value, cut so that a message stays readable.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn take_categories(fields: &mut Map<String, Value>) -> Result<Vec<Placement>, Fault> {
    let list = match fields.remove("categories") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(fault("categories", format!("is {}, a list is expected", short(&other)))),
    };
    let mut placements: Vec<Placement> = Vec::with_capacity(list.len());
    for (i, entry) in list.iter().enumerate() {
        let path: Option<Vec<String>> = match entry {
            Value::Array(names) => names.iter().map(|n| n.as_str().map(str::to_owned)).collect(),
            Value::String(path) => Some(path.split('/').map(|n| n.trim().to_owned()).collect()),
            _ => None,
        };
        let path = path
            .filter(|p| !p.is_empty() && p.iter().all(|n| !n.is_empty()))
            .ok_or_else(|| (format!("/categories/{i}"), format!("is {}, a path of names is expected", short(entry))))?;
        if placements.iter().all(|p| p.path != path) {
            placements.push(Placement { path, position: None });
        }
    }
    Ok(placements)
}

fn take_visibility(fields: &mut Map<String, Value>) -> Result<Visibility, Fault> {
    let Some(text) = take_text(fields, "visibility")? else { return Ok(Visibility::default()) };
    match text.to_ascii_lowercase().as_str() {
        "catalog, search" | "both" => Ok(Visibility::Both),
        "catalog" => Ok(Visibility::Catalog),
        "search" => Ok(Visibility::Search),
        "not visible individually" | "neither" => Ok(Visibility::Neither),
        _ => Err(fault(
            "visibility",
            format!("is `{text}`; `Catalog, Search`, `Catalog`, `Search` or `Not Visible Individually` is expected"),
        )),
    }
}

fn take_created(fields: &mut Map<String, Value>) -> Result<Option<TimeMs>, Fault> {
    let mut found = None;
    for key in ["created", "created_at", "released", "first_sold"] {
        let Some(value) = fields.remove(key) else { continue };
        let time = match &value {
            Value::String(text) => parse_date(text),
            Value::Number(n) => n.as_f64().filter(|s| s.abs() < 1e11).map(|s| (s * 1000.0).round() as TimeMs),
            _ => None,
        };
        let time = time.ok_or_else(|| {
            fault(key, format!("is {}, a date `2010-12-31` or seconds since 1970 are expected", short(&value)))
        })?;
        found = found.or(Some(time));
    }
    Ok(found)
}

/// Midnight (UTC) of a date that starts a text; what follows the date is not read.
fn parse_date(text: &str) -> Option<TimeMs> {
    let mut parts = text.get(..10)?.split('-');
    let year: i64 = parts.next().filter(|y| y.len() == 4)?.parse().ok()?;
    let month: i64 = parts.next()?.parse().ok().filter(|m| (1..=12).contains(m))?;
    let day: i64 = parts.next()?.parse().ok().filter(|d| (1..=31).contains(d))?;
    Some(days_of_date(year, month, day) * DAY_MS)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar. Counted in years that begin in March, so that
/// the leap day comes last.
pub(crate) fn days_of_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - 719_468
}

fn take_price(fields: &mut Map<String, Value>, key: &str) -> Result<Option<i64>, Fault> {
    let Some(value) = fields.remove(key).filter(|v| !v.is_null()) else { return Ok(None) };
    let wrong = |what: &str| fault(key, format!("is {}, {what}", short(&value)));
    let major = value.as_f64().ok_or_else(|| wrong("a number is expected"))?;
    if major < 0.0 {
        return Err(wrong("0 or more is expected"));
    }
    let minor = (major * 100.0).round();
    if minor > PRICE_MINOR_MAX as f64 {
        return Err(wrong(&format!("at most {} is allowed", PRICE_MINOR_MAX / 100)));
    }
    Ok(Some(minor as i64))
}

/// What product and variant have in common: price, stock, image.
struct Offer {
    price: Option<Price>,
    in_stock: Option<bool>,
    quantity: Option<f64>,
}

fn take_offer(fields: &mut Map<String, Value>) -> Result<Offer, Fault> {
    let regular = take_price(fields, "price")?;
    let special = take_price(fields, "special_price")?;
    let special = special.map(|minor| SpecialPrice { minor, from_ms: None, until_ms: None });
    let in_stock = match fields.remove("in_stock").filter(|v| !v.is_null()) {
        None => None,
        Some(Value::Bool(b)) => Some(b),
        Some(other) => return Err(fault("in_stock", format!("is {}, true or false is expected", short(&other)))),
    };
    let quantity = match fields.remove("qty").filter(|v| !v.is_null()) {
        None => None,
        Some(value) => Some(
            value
                .as_f64()
                .filter(|q| *q >= 0.0)
                .ok_or_else(|| fault("qty", format!("is {}, a number of 0 or more is expected", short(&value))))?,
        ),
    };
    Ok(Offer { price: regular.map(|regular_minor| Price { regular_minor, special }), in_stock, quantity })
}

impl Offer {
    fn prices(&self) -> BTreeMap<String, Price> {
        self.price.iter().map(|p| (ROOT_BOOK.to_owned(), *p)).collect()
    }

    /// In stock unless it says otherwise or none is left.
    fn stock(&self) -> Stock {
        let in_stock = self.in_stock.unwrap_or(self.quantity.is_none_or(|q| q > 0.0));
        Stock { in_stock, quantity: self.quantity }
    }
}

fn take_variants(fields: &mut Map<String, Value>, sku: &str) -> Result<Vec<VariantDoc>, Fault> {
    fields.remove("option_axes");
    fields.remove("price_max");
    let whole = take_offer(fields)?;
    let list = match fields.remove("variants") {
        None => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(fault("variants", format!("is {}, a list is expected", short(&other)))),
    };
    if list.is_empty() {
        return Ok(vec![VariantDoc {
            sku: sku.to_owned(),
            options: BTreeMap::new(),
            prices: whole.prices(),
            stock: whole.stock(),
            image: None,
        }]);
    }
    list.into_iter()
        .enumerate()
        .map(|(i, value)| variant(value, &whole).map_err(|(p, m)| (format!("/variants/{i}{p}"), m)))
        .collect()
}

fn variant(value: Value, whole: &Offer) -> Result<VariantDoc, Fault> {
    let Value::Object(mut fields) = value else {
        return Err((String::new(), format!("is {}, an object is expected", short(&value))));
    };
    fields.retain(|_, value| !value.is_null());
    let sku = take_sku(&mut fields)?;
    let mut own = take_offer(&mut fields)?;
    own.price = own.price.or(whole.price);
    let mut stock = own.stock();
    stock.in_stock &= whole.in_stock != Some(false);
    let options = match fields.remove("options") {
        None => BTreeMap::new(),
        Some(Value::Object(options)) => attributes_of(options).map_err(|(p, m)| (format!("/options{p}"), m))?,
        Some(other) => return Err(fault("options", format!("is {}, an object is expected", short(&other)))),
    };
    Ok(VariantDoc { sku, options, prices: own.prices(), stock, image: take_text(&mut fields, "image")? })
}

/// The named attributes, then what is left at the top; a named one wins.
fn take_attributes(mut fields: Map<String, Value>) -> Result<BTreeMap<String, AttributeValue>, Fault> {
    let named = match fields.remove("attributes") {
        None => BTreeMap::new(),
        Some(Value::Object(named)) => attributes_of(named).map_err(|(p, m)| (format!("/attributes{p}"), m))?,
        Some(other) => return Err(fault("attributes", format!("is {}, an object is expected", short(&other)))),
    };
    let nested = |v: &Value| v.is_object() || v.is_array();
    fields.retain(|_, value| !value.is_object() && !value.as_array().is_some_and(|list| list.iter().any(nested)));
    let mut attributes = attributes_of(fields)?;
    attributes.extend(named);
    Ok(attributes)
}

fn attributes_of(fields: Map<String, Value>) -> Result<BTreeMap<String, AttributeValue>, Fault> {
    let mut attributes = BTreeMap::new();
    for (code, value) in fields {
        if let Some(value) = attribute(value).map_err(|message| fault(&code, message))? {
            attributes.insert(code, value);
        }
    }
    Ok(attributes)
}

fn attribute(value: Value) -> Result<Option<AttributeValue>, String> {
    Ok(match value {
        Value::Null => None,
        Value::Bool(b) => Some(AttributeValue::Boolean(b)),
        Value::Number(n) => n.as_f64().map(AttributeValue::Number),
        Value::String(text) => Some(AttributeValue::Text(text)),
        Value::Array(list) => {
            let texts: Option<Vec<String>> = list.iter().filter(|v| !v.is_null()).map(scalar_text).collect();
            let texts = texts.ok_or_else(|| "is a list that holds more than texts and numbers".to_owned())?;
            (!texts.is_empty()).then_some(AttributeValue::List(texts))
        }
        Value::Object(_) => return Err("is an object; a text, number, boolean or list is expected".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ProductDoc {
        product(1, text).unwrap()
    }

    fn check_error(text: &str, pointer: &str, message: &str) {
        let error = product(17, text).unwrap_err();
        assert_eq!((error.line, error.pointer.as_str(), error.message.as_str()), (17, pointer, message));
    }

    #[test]
    fn a_simple_product_is_its_own_variant() {
        let p = read(
            r#"{"id":"42","name":"Lamp","description":null,"short_description":"Bright.","brand":null,
                "categories":[["Home","Lamps"],"Home/Lamps","Sale"],"price":19.99,"special_price":15,"qty":0,
                "released":"2010-12-31","url_key":"lamp","watts":40,"tags":["a",null,1],"parts":[{"x":1}],
                "attributes":{"color":"Red","dim":true,"none":null}}"#,
        );
        assert_eq!(p.description, "Bright.");
        assert_eq!(p.brand, None);
        assert_eq!(p.created_ms, Some(1_293_753_600_000));
        assert_eq!(p.url.as_deref(), Some("lamp"));
        let paths: Vec<String> = p.categories.iter().map(|c| c.path.join("/")).collect();
        assert_eq!(paths, ["Home/Lamps", "Sale"]);
        let codes: Vec<&str> = p.attributes.keys().map(String::as_str).collect();
        assert_eq!(codes, ["color", "dim", "tags", "watts"]);
        assert_eq!(p.attributes["tags"], AttributeValue::List(vec!["a".into(), "1".into()]));
        let v = &p.variants[0];
        assert_eq!((v.sku.as_str(), v.stock.in_stock, v.stock.quantity), ("42", false, Some(0.0)));
        let special = SpecialPrice { minor: 1500, from_ms: None, until_ms: None };
        assert_eq!(v.prices["default"], Price { regular_minor: 1999, special: Some(special) });
    }

    #[test]
    fn variants_keep_their_options_and_take_the_price_of_the_whole() {
        let p = read(
            r#"{"id":7,"name":"Tee","price":10,"in_stock":true,"option_axes":["color"],"visibility":"Catalog","variants":[
                {"sku":"7-R","options":{"color":"Red"},"price":12,"qty":3,"weight":1},
                {"sku":"7-B","options":{"color":"Blue"},"in_stock":false}]}"#,
        );
        assert_eq!((p.sku.as_str(), p.visibility), ("7", Visibility::Catalog));
        let prices: Vec<i64> = p.variants.iter().map(|v| v.prices["default"].regular_minor).collect();
        assert_eq!(prices, [1200, 1000]);
        assert_eq!(p.variants.iter().map(|v| v.stock.in_stock).collect::<Vec<_>>(), [true, false]);
        assert_eq!(p.variants[1].options["color"], AttributeValue::Text("Blue".into()));
    }

    #[test]
    fn no_price_is_no_price() {
        assert!(read(r#"{"id":"1","name":"x","price":null}"#).variants[0].prices.is_empty());
    }

    #[test]
    fn bad_values_are_named() {
        check_error("{", "", "not JSON: EOF while parsing an object at line 1 column 1");
        check_error("[]", "", "not a JSON object");
        check_error(r#"{"name":"x"}"#, "/id", "is missing");
        check_error(r#"{"id":" ","name":"x"}"#, "/id", "is empty");
        check_error(r#"{"id":"1"}"#, "/name", "is missing");
        check_error(r#"{"id":"1","name":"x","price":-2}"#, "/price", "is -2, 0 or more is expected");
        check_error(r#"{"id":"1","name":"x","price":"2"}"#, "/price", "is \"2\", a number is expected");
        check_error(r#"{"id":"1","name":"x","price":1e40}"#, "/price", "is 1e+40, at most 10000000000000 is allowed");
        check_error(
            r#"{"id":"1","name":"x","categories":[["a"],["b",""]]}"#,
            "/categories/1",
            "is [\"b\",\"\"], a path of names is expected",
        );
        check_error(
            r#"{"id":"1","name":"x","variants":[{"sku":"a"},{"sku":"b","qty":-1}]}"#,
            "/variants/1/qty",
            "is -1, a number of 0 or more is expected",
        );
        check_error(
            r#"{"id":"1","name":"x","attributes":{"a/b":{}}}"#,
            "/attributes/a~1b",
            "is an object; a text, number, boolean or list is expected",
        );
    }

    #[test]
    fn dates_are_days() {
        for (date, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-03-02", 20_514), ("1969-12-31", -1)] {
            assert_eq!(parse_date(date), Some(days * DAY_MS), "{date}");
        }
        for date in ["2010", "2010-13-01", "10-12-2010", "2010-1x-01", "äääääääääää"] {
            assert_eq!(parse_date(date), None, "{date}");
        }
    }

    #[test]
    fn every_public_catalog_is_read_without_an_error() {
        let sizes = [
            ("chorus-electronics", 19_406),
            ("home-depot", 54_667),
            ("retrotech", 46_156),
            ("online-retail", 3_791),
            ("amazon-office", 3_459),
            ("complete-journey", 92_331),
        ];
        for (name, expected) in sizes {
            let Some(folder) = crate::real::dir(name) else { continue };
            let mut count = 0;
            for product in products(&folder.join("products.jsonl.gz")).unwrap() {
                let product = product.unwrap();
                assert!(!product.variants.is_empty());
                count += 1;
            }
            assert_eq!(count, expected, "{name}");
        }
    }
}
