//! How does the catalog remember a product?
//!
//! What is left of a [`ProductDoc`](super::doc::ProductDoc) once prices and stock went to their columns and
//! category paths became ids: changing those never touches the record, and a moved category needs no
//! rewrite. [`Catalog::document`](super::Catalog::document) puts the document together again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::doc::{AttributeValue, LinkKind, ViewDoc, Visibility};
use super::tree::Hung;
use crate::id::TimeMs;

/// A product without its variants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Collection it lies in.
    pub collection: String,
    /// Name in the default language.
    pub name: String,
    /// Plain text; may be empty.
    pub description: String,
    /// Brand, if it has one.
    pub brand: Option<String>,
    /// Where it hangs in the category tree, in the order of the document.
    pub placements: Vec<Hung>,
    /// Where it may be shown.
    pub visibility: Visibility,
    /// When the shop created it: as the document says, else the time of its first put.
    pub created_ms: TimeMs,
    /// Attributes that hold for every variant that has none of its own; the brand is not among them.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Image of the product.
    pub image: Option<String>,
    /// Address of the product page.
    pub url: Option<String>,
    /// Manual links, each list in order of preference.
    pub links: BTreeMap<LinkKind, Vec<String>>,
    /// What single store views say differently.
    pub views: BTreeMap<String, ViewDoc>,
    /// Vectors supplied by the caller, by space name.
    pub vectors: BTreeMap<String, Vec<f32>>,
}

impl Product {
    /// The name a store view shows.
    pub fn name_in(&self, view: &str) -> &str {
        self.views.get(view).and_then(|own| own.name.as_deref()).unwrap_or(&self.name)
    }

    /// The description a store view shows.
    pub fn description_in(&self, view: &str) -> &str {
        self.views.get(view).and_then(|own| own.description.as_deref()).unwrap_or(&self.description)
    }

    /// The address a store view shows.
    pub fn url_in(&self, view: &str) -> Option<&str> {
        self.views.get(view).and_then(|own| own.url.as_deref()).or(self.url.as_deref())
    }

    /// Where a store view shows it.
    pub fn visibility_in(&self, view: &str) -> Visibility {
        self.views.get(view).and_then(|own| own.visibility).unwrap_or(self.visibility)
    }
}

/// A variant without price and stock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Option values such as color and size.
    pub options: BTreeMap<String, AttributeValue>,
    /// Image of this variant.
    pub image: Option<String>,
}
