//! What is an attribute used for?
//!
//! Configuration documents of kind `attribute`, one for each attribute code. An attribute without a document
//! can be filtered by, is searched with weight 1 when it holds text, and is no facet; `price` and
//! `categories` are pinned facets and `brand` is a dynamic one until a document says otherwise.

use std::collections::BTreeMap;

use planogram_abi::Problem;

use super::read::Fields;
use crate::limits::{CODE_BYTES_MAX, NAME_BYTES_MAX};

/// Kind of the documents read here.
pub const ATTRIBUTE_KIND: &str = "attribute";
/// Facet over final prices.
pub const PRICE: &str = "price";
/// Facet over the category tree.
pub const CATEGORIES: &str = "categories";
/// Most buckets of one numeric facet.
const BUCKETS_MAX: usize = 100;

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
    "filterable": {"type": "boolean", "default": true},
    "facet": {"enum": ["off", "pinned", "dynamic"], "default": "off"},
    "facet_position": {"type": "integer", "minimum": 0, "maximum": 1000000, "description": "Order among pinned facets, smallest first."},
    "facet_size": {"type": "integer", "minimum": 1, "maximum": 100, "default": 8, "description": "Values shown at most."},
    "facet_sort": {"enum": ["count", "alphabetical"], "default": "count"},
    "buckets": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 100, "description": "Ascending lower edges of the ranges of a numeric facet; the last range is open."},
    "step": {"type": "number", "exclusiveMinimum": 0, "description": "Width of equal ranges of a numeric facet, when there are no buckets."},
    "sortable": {"type": "boolean", "default": false}
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
}

/// How a numeric facet is cut into ranges.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum FacetRanges {
    /// As the facet step sees fit.
    #[default]
    Automatic,
    /// Ascending lower edges; the last range is open.
    Edges(Vec<f64>),
    /// Equal ranges of this width, above 0.
    Step(f64),
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
    /// May a request filter by it?
    pub filterable: bool,
    /// Is it offered as a facet?
    pub facet: FacetMode,
    /// Order among pinned facets, smallest first; `None` goes behind.
    pub facet_position: Option<u32>,
    /// Values shown at most, 1 to 100.
    pub facet_size: usize,
    /// Order of its values.
    pub facet_sort: FacetSort,
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
            filterable: true,
            facet,
            facet_position,
            facet_size: 8,
            facet_sort: FacetSort::Count,
            ranges: FacetRanges::Automatic,
            sortable: code == PRICE,
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
    read.filterable = fields.flag("filterable").unwrap_or(read.filterable);
    let modes = [("off", FacetMode::Off), ("pinned", FacetMode::Pinned), ("dynamic", FacetMode::Dynamic)];
    read.facet = fields.word("facet", &modes).unwrap_or(read.facet);
    let position = fields.integer("facet_position", 0, 1_000_000);
    read.facet_position = position.map(|position| position as u32).or(read.facet_position);
    read.facet_size = fields.integer("facet_size", 1, 100).map_or(read.facet_size, |size| size as usize);
    let sorts = [("count", FacetSort::Count), ("alphabetical", FacetSort::Alphabetical)];
    read.facet_sort = fields.word("facet_sort", &sorts).unwrap_or(read.facet_sort);
    let (edges, step) = (fields.ascending("buckets", BUCKETS_MAX), fields.positive("step"));
    if read.value_type != AttributeType::Number && (edges.is_some() || step.is_some()) {
        fields.refuse("type", "ranges are given but the type is not `number`", "`number` with `buckets` or `step`");
    }
    read.ranges = match (edges, step) {
        (Some(edges), _) => FacetRanges::Edges(edges),
        (None, Some(step)) => FacetRanges::Step(step),
        (None, None) => FacetRanges::Automatic,
    };
    read.sortable = fields.flag("sortable").unwrap_or(read.sortable);
    fields.finish(read)
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

    /// Every definition that has a document, by code.
    pub fn documents(&self) -> impl Iterator<Item = (&String, &AttributeDefinition)> {
        self.documents.iter()
    }

    /// Pinned facets in display order, then dynamic ones in code order; the built-in ones included.
    pub fn facets(&self) -> Vec<(String, AttributeDefinition)> {
        let built_in = [CATEGORIES, PRICE, super::fold::BRAND].map(|code| (code.to_owned(), self.get(code)));
        let all: BTreeMap<_, _> = self.documents.clone().into_iter().chain(built_in).collect();
        let mut facets: Vec<_> = all.into_iter().filter(|(_, one)| one.facet != FacetMode::Off).collect();
        let rank =
            |one: &AttributeDefinition| (one.facet == FacetMode::Dynamic, one.facet_position.unwrap_or(u32::MAX));
        facets.sort_by_key(|(_, one)| rank(one));
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
        check(r#"{"facet_size":0,"label":"","step":-1}"#, &["/label", "/facet_size", "/step"]);
        check(r#"{"type":"number","buckets":[3,3]}"#, &["/buckets"]);
        check(r#"{"step":2}"#, &["/type"]);
        check("[]", &[""]);
        check("{", &[""]);
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
