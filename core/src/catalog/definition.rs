//! What is an attribute used for?
//!
//! Configuration documents of kind `attribute`, one for each attribute code. An attribute without a document
//! can be filtered by, is searched with weight 1 when it holds text, and is no facet; `price` and
//! `categories` are pinned facets and `brand` is a dynamic one until a document says otherwise.

use std::collections::BTreeMap;

use planogram_abi::Problem;

use super::attribute::fold_text;
use super::read::Fields;
use crate::limits::{
    CATEGORY_PATH_BYTES_MAX, CODE_BYTES_MAX, DEFAULT_FACET_BUCKETS_MAX, DEFAULT_FACET_SIZE, DEFAULT_FACETS_MAX,
    DEFAULT_TEXT_FILTERS_MAX, FACET_BUCKETS_MAX, FACET_PINNED_VALUES_MAX, NAME_BYTES_MAX,
};

/// Kind of the documents read here.
pub const ATTRIBUTE_KIND: &str = "attribute";
/// Facet over final prices.
pub const PRICE: &str = "price";
/// Facet over the category tree.
pub const CATEGORIES: &str = "categories";

/// JSON Schema of an attribute document; its id is the attribute's code.
pub const ATTRIBUTE_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Attribute",
  "description": "What an attribute is used for. The document's id is the attribute's code.",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "label": {"type": "string", "minLength": 1, "description": "Heading for shoppers; the code when absent."},
    "type": {"enum": ["text", "number", "boolean", "list"], "default": "text"},
    "searchable": {"type": "boolean", "description": "Do its texts answer searches? True for text and list when absent."},
    "weight": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1, "description": "Weight of its texts in relevance."},
    "tolerant": {"type": "boolean", "default": true, "description": "May its words be misspelled? When false, they are found only as they are written, and no misspelled word is taken for one of them."},
    "filterable": {"type": "boolean", "default": true},
    "operators": {"type": "array", "items": {"enum": ["contains", "starts_with", "ends_with", "words"]}, "description": "Tests of parts of its texts that shoppers' filters may make; all when absent."},
    "facet": {"enum": ["off", "pinned", "dynamic"], "default": "off"},
    "facet_position": {"type": "integer", "minimum": 0, "maximum": 1000000, "description": "Order among pinned facets, smallest first."},
    "facet_size": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 8, "description": "Values shown at most, as far as the settings allow; 0 shows none."},
    "facet_sort": {"enum": ["count", "alphabetical", "position"], "description": "Order of its values: `position`, the order of the category tree, for `categories` alone and its default; `count` for all others when absent."},
    "pinned_values": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 100, "uniqueItems": true, "description": "Values (of `categories`: paths) that stand first in this order, also when no match has them."},
    "buckets": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 1000, "description": "Ascending lower edges of the ranges of a numeric facet; the last range is open."},
    "step": {"type": "number", "exclusiveMinimum": 0, "description": "Width of equal ranges of a numeric facet, when there are no buckets. With `facet_size` there are that many from 0 on, the last one open."},
    "sortable": {"type": "boolean", "default": true, "description": "May a request sort by it?"}
  }
}"#;

/// What an attribute holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttributeType {
    /// One text.
    #[default]
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// Several texts.
    List,
}

/// Whether an attribute is offered as a facet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FacetMode {
    /// Never, unless a request names it.
    #[default]
    Off,
    /// Always, in the order of `facet_position`.
    Pinned,
    /// When it tells the matches apart.
    Dynamic,
}

/// Order of a facet's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FacetSort {
    /// Most products first.
    #[default]
    Count,
    /// By text.
    Alphabetical,
    /// As the merchant put them: categories alone have such an order.
    Position,
}

/// The tests of parts of a text, by the names they have in conditions.
pub const TEXT_OPERATORS: [&str; 4] = ["contains", "starts_with", "ends_with", "words"];

/// How a numeric facet is cut into ranges.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum FacetRanges {
    /// As the facet step sees fit.
    #[default]
    Automatic,
    /// Ascending lower edges; the last range is open.
    Edges(Vec<f64>),
    /// Equal ranges of this width, above 0, from the lowest number to the highest.
    Step(f64),
    /// This many equal ranges of a width above 0, the first from 0 on, the last one open.
    Steps(f64, usize),
}

/// What one attribute is used for.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeDefinition {
    /// Heading for shoppers.
    pub label: String,
    /// What it holds.
    pub value_type: AttributeType,
    /// Do its texts answer searches?
    pub searchable: bool,
    /// Weight of its texts in relevance, 1 to 10.
    pub weight: u8,
    /// Are its words found when they are misspelled?
    pub tolerant: bool,
    /// May a request filter by it?
    pub filterable: bool,
    /// Is it offered as a facet?
    pub facet: FacetMode,
    /// Order among pinned facets, smallest first; `None` goes behind.
    pub facet_position: Option<u32>,
    /// Tests of parts of its texts that a request's filters may make, of [`TEXT_OPERATORS`]; `None` allows all.
    pub operators: Option<Vec<String>>,
    /// Values shown at most, 0 to 1,000.
    pub facet_size: usize,
    /// Order of its values.
    pub facet_sort: FacetSort,
    /// Values that stand first, whether a match has them or not.
    pub pinned_values: Vec<String>,
    /// How numbers are cut into ranges.
    pub ranges: FacetRanges,
    /// May a request sort by it?
    pub sortable: bool,
}

impl AttributeDefinition {
    /// What holds for an attribute without a document.
    pub fn default_for(code: &str) -> Self {
        let (facet, facet_position, value_type) = match code {
            CATEGORIES => (FacetMode::Pinned, Some(0), AttributeType::List),
            PRICE => (FacetMode::Pinned, Some(1), AttributeType::Number),
            super::fold::BRAND => (FacetMode::Dynamic, None, AttributeType::Text),
            _ => (FacetMode::Off, None, AttributeType::Text),
        };
        Self {
            label: label_of(code),
            value_type,
            searchable: value_type != AttributeType::Number,
            weight: 1,
            tolerant: true,
            filterable: true,
            operators: None,
            facet,
            facet_position,
            facet_size: DEFAULT_FACET_SIZE,
            facet_sort: if code == CATEGORIES { FacetSort::Position } else { FacetSort::Count },
            pinned_values: Vec::new(),
            ranges: FacetRanges::Automatic,
            sortable: true,
        }
    }
}

/// `shoe_size` becomes `Shoe size`.
fn label_of(code: &str) -> String {
    let spaced = code.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Reads one attribute document.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_attribute(code: &str, json: &str) -> Result<AttributeDefinition, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    if code.is_empty() || code.len() > CODE_BYTES_MAX {
        fields.refuse("", format!("the code has {} bytes", code.len()), format!("1 to {CODE_BYTES_MAX} bytes"));
    }
    let mut read = AttributeDefinition::default_for(code);
    read.label = fields.text("label", NAME_BYTES_MAX).unwrap_or(read.label);
    let types = [
        ("text", AttributeType::Text),
        ("number", AttributeType::Number),
        ("boolean", AttributeType::Boolean),
        ("list", AttributeType::List),
    ];
    read.value_type = fields.word("type", &types).unwrap_or(read.value_type);
    let holds_text = matches!(read.value_type, AttributeType::Text | AttributeType::List);
    read.searchable = fields.flag("searchable").unwrap_or(holds_text);
    read.weight = fields.integer("weight", 1, 10).map_or(read.weight, |weight| weight as u8);
    read.tolerant = fields.flag("tolerant").unwrap_or(read.tolerant);
    read.filterable = fields.flag("filterable").unwrap_or(read.filterable);
    let modes = [("off", FacetMode::Off), ("pinned", FacetMode::Pinned), ("dynamic", FacetMode::Dynamic)];
    read.facet = fields.word("facet", &modes).unwrap_or(read.facet);
    let position = fields.integer("facet_position", 0, 1_000_000);
    read.facet_position = position.map(|position| position as u32).or(read.facet_position);
    let size = fields.integer("facet_size", 0, FACET_BUCKETS_MAX as i64).map(|size| size as usize);
    read.facet_size = size.unwrap_or(read.facet_size);
    read.pinned_values =
        fields.texts("pinned_values", FACET_PINNED_VALUES_MAX, CATEGORY_PATH_BYTES_MAX).unwrap_or_default();
    read_sort(&mut fields, code, &mut read);
    read_operators(&mut fields, &mut read);
    read_ranges(&mut fields, size, &mut read);
    read.sortable = fields.flag("sortable").unwrap_or(read.sortable);
    fields.finish(read)
}

fn read_sort(fields: &mut Fields, code: &str, read: &mut AttributeDefinition) {
    let sorts =
        [("count", FacetSort::Count), ("alphabetical", FacetSort::Alphabetical), ("position", FacetSort::Position)];
    read.facet_sort = fields.word("facet_sort", &sorts).unwrap_or(read.facet_sort);
    if read.facet_sort == FacetSort::Position && code != CATEGORIES {
        fields.refuse(
            "facet_sort",
            "`facet_sort` is `position`, which categories alone have",
            "`count`, `alphabetical`",
        );
    }
}

fn read_operators(fields: &mut Fields, read: &mut AttributeDefinition) {
    read.operators = fields.texts("operators", TEXT_OPERATORS.len(), CODE_BYTES_MAX);
    let unknown = read.operators.iter().flatten().find(|name| !TEXT_OPERATORS.contains(&name.as_str()));
    if let Some(unknown) = unknown.cloned() {
        fields.refuse("operators", format!("`operators` names `{unknown}`"), TEXT_OPERATORS.join(", "));
    }
}

/// A size that is stated bounds the ranges of a `step`; the usual one does not, so that they reach the highest number.
fn read_ranges(fields: &mut Fields, size: Option<usize>, read: &mut AttributeDefinition) {
    let (edges, step) = (fields.ascending("buckets", FACET_BUCKETS_MAX), fields.positive("step"));
    if read.value_type != AttributeType::Number && (edges.is_some() || step.is_some()) {
        fields.refuse("type", "ranges are given but the type is not `number`", "`number` with `buckets` or `step`");
    }
    read.ranges = match (edges, step, size) {
        (Some(edges), ..) => FacetRanges::Edges(edges),
        (None, Some(step), Some(size)) => FacetRanges::Steps(step, size),
        (None, Some(step), None) => FacetRanges::Step(step),
        (None, None, _) => FacetRanges::Automatic,
    };
}

/// What a shop allows of its attributes, however their documents are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeBounds {
    /// Most attributes that are facets.
    pub facets_max: usize,
    /// Most values or ranges a facet may show.
    pub buckets_max: usize,
    /// Most attributes that the filters of one request may test by the same one of [`TEXT_OPERATORS`].
    pub text_filters_max: usize,
}

impl Default for AttributeBounds {
    fn default() -> Self {
        Self {
            facets_max: DEFAULT_FACETS_MAX,
            buckets_max: DEFAULT_FACET_BUCKETS_MAX,
            text_filters_max: DEFAULT_TEXT_FILTERS_MAX,
        }
    }
}

impl AttributeBounds {
    /// What is wrong with one more attribute document, beside those of the other attributes and as one of as many
    /// facets as there were.
    pub fn check(&self, one: &AttributeDefinition, facets_before: usize, facets: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        if facets > self.facets_max && facets > facets_before {
            let allowed = format!("at most {} facets, `categories`, `price` and `brand` among them", self.facets_max);
            problems.push(Problem::new("/facet", format!("it would be facet number {facets}"), allowed));
        }
        let mut at_most = |key: &str, n: usize| {
            if n > self.buckets_max {
                let message = format!("the facet would show {n} buckets");
                problems.push(Problem::new(
                    format!("/{key}"),
                    message,
                    format!("at most {} buckets", self.buckets_max),
                ));
            }
        };
        at_most("facet_size", one.facet_size);
        if let FacetRanges::Edges(edges) = &one.ranges {
            at_most("buckets", edges.len());
        }
        problems
    }
}

/// Every attribute document in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributeDefinitions {
    documents: BTreeMap<String, AttributeDefinition>,
}

impl AttributeDefinitions {
    /// Definitions by attribute code.
    pub fn new(documents: BTreeMap<String, AttributeDefinition>) -> Self {
        Self { documents }
    }

    /// The definition of a code, the default one when there is no document.
    pub fn get(&self, code: &str) -> AttributeDefinition {
        self.documents.get(code).cloned().unwrap_or_else(|| AttributeDefinition::default_for(code))
    }

    /// The definition of a code, if it has a document.
    pub fn documented(&self, code: &str) -> Option<&AttributeDefinition> {
        self.documents.get(code)
    }

    /// Every definition that has a document, by code.
    pub fn documents(&self) -> impl Iterator<Item = (&String, &AttributeDefinition)> {
        self.documents.iter()
    }

    /// Pinned facets in display order, then dynamic ones by label; the built-in ones included.
    pub fn facets(&self) -> Vec<(String, AttributeDefinition)> {
        let built_in = [CATEGORIES, PRICE, super::fold::BRAND].map(|code| (code.to_owned(), self.get(code)));
        let all: BTreeMap<_, _> = self.documents.clone().into_iter().chain(built_in).collect();
        let mut facets: Vec<_> = all.into_iter().filter(|(_, one)| one.facet != FacetMode::Off).collect();
        facets.sort_by_cached_key(|(_, one)| match one.facet {
            FacetMode::Dynamic => (true, 0, fold_text(&one.label)),
            FacetMode::Pinned | FacetMode::Off => (false, one.facet_position.unwrap_or(u32::MAX), String::new()),
        });
        facets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_and_defaults_fill_the_rest() {
        let json = r#"{"label":"Weight","type":"number","facet":"pinned","facet_position":3,"buckets":[0,1,5]}"#;
        let read = parse_attribute("weight_kg", json).unwrap();
        assert_eq!((read.facet, read.facet_position, read.searchable), (FacetMode::Pinned, Some(3), false));
        assert_eq!((read.ranges, read.facet_size), (FacetRanges::Edges(vec![0.0, 1.0, 5.0]), 8));
        assert_eq!(parse_attribute("shoe_size", "{}").unwrap(), AttributeDefinition::default_for("shoe_size"));
        assert_eq!(AttributeDefinition::default_for("shoe_size").label, "Shoe size");
    }

    #[test]
    fn every_mistake_is_named() {
        let check = |json: &str, pointers: &[&str]| {
            let problems = parse_attribute("color", json).unwrap_err();
            let found: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(found, pointers, "{json}");
        };
        check(r#"{"weight":11,"facet":"on","colour":1}"#, &["/weight", "/facet", "/colour"]);
        check(r#"{"facet_size":1001,"label":"","step":-1}"#, &["/label", "/facet_size", "/step"]);
        check(r#"{"facet_sort":"position","operators":["like"]}"#, &["/facet_sort", "/operators"]);
        check(r#"{"type":"number","buckets":[3,3]}"#, &["/buckets"]);
        check(r#"{"step":2}"#, &["/type"]);
        check("[]", &[""]);
        check("{", &[""]);
    }

    #[test]
    fn a_size_that_is_stated_bounds_the_ranges() {
        let ranges = |json: &str| parse_attribute("price", json).unwrap().ranges;
        assert_eq!(ranges(r#"{"type":"number","step":20}"#), FacetRanges::Step(20.0));
        assert_eq!(ranges(r#"{"type":"number","step":20,"facet_size":5}"#), FacetRanges::Steps(20.0, 5));
        let bounds = AttributeBounds { buckets_max: 4, ..AttributeBounds::default() };
        let found = |json: &str, before, facets| {
            let problems = bounds.check(&parse_attribute("price", json).unwrap(), before, facets);
            problems.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>()
        };
        let max = bounds.facets_max;
        assert_eq!(found(r#"{"type":"number","facet_size":4,"buckets":[1,2,3,4,5]}"#, max, max), ["/buckets"]);
        assert_eq!(found(r#"{"facet_size":5}"#, max, max + 1), ["/facet", "/facet_size"]);
        // A shop that has too many already may still change one of them.
        assert_eq!(found(r#"{"facet_size":4}"#, max + 1, max + 1), [""; 0]);
    }

    #[test]
    fn built_in_facets_stand_until_a_document_says_otherwise() {
        let codes = |definitions: &AttributeDefinitions| -> Vec<String> {
            definitions.facets().into_iter().map(|(code, _)| code).collect()
        };
        assert_eq!(codes(&AttributeDefinitions::default()), ["categories", "price", "brand"]);
        let price = parse_attribute("price", r#"{"facet":"off","type":"number"}"#).unwrap();
        let color = parse_attribute("color", r#"{"facet":"pinned"}"#).unwrap();
        let documents = BTreeMap::from([("price".to_owned(), price), ("color".to_owned(), color)]);
        assert_eq!(codes(&AttributeDefinitions::new(documents)), ["categories", "color", "brand"]);
    }
}
