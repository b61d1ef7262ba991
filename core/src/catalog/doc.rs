//! What is a product, as it is written to the log?
//!
//! The plain documents of the catalog. They are already checked (see `catalog::check`): skus are not empty,
//! prices are not negative, numbers are finite. How they look in JSON is the server's business.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::TimeMs;

/// The collection products live in unless they say otherwise.
pub const PRODUCTS: &str = "products";
/// The root price book.
pub const ROOT_BOOK: &str = "default";

/// One product with all its variants: a put replaces what was there under the same sku.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductDoc {
    /// Unique in its collection.
    pub sku: String,
    /// `products` by default.
    pub collection: String,
    /// Name in the default language.
    pub name: String,
    /// Plain text; may be empty.
    pub description: String,
    /// Brand, if it has one; also filterable as the attribute `brand`.
    pub brand: Option<String>,
    /// Where it hangs in the category tree.
    pub categories: Vec<Placement>,
    /// Where it may be shown.
    pub visibility: Visibility,
    /// When the shop created it.
    pub created_ms: Option<TimeMs>,
    /// Attributes that hold for every variant.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Image of the product; a variant may have its own.
    pub image: Option<String>,
    /// Address of the product page.
    pub url: Option<String>,
    /// Manual links, each list in order of preference.
    pub links: BTreeMap<LinkKind, Vec<String>>,
    /// Names, descriptions, visibility and addresses of single store views.
    pub views: BTreeMap<String, ViewDoc>,
    /// Vectors supplied by the caller, by space name; all vectors of a space have one length.
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// What can be bought: at least one.
    pub variants: Vec<VariantDoc>,
}

/// One buyable version of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantDoc {
    /// Unique among variants; a simple product's variant carries the product's own sku.
    pub sku: String,
    /// Option values such as color and size; filterable like attributes.
    pub options: BTreeMap<String, AttributeValue>,
    /// Price by price book code.
    pub prices: BTreeMap<String, Price>,
    /// Whether and how many.
    pub stock: Stock,
    /// Image of this variant.
    pub image: Option<String>,
}

/// A price in one price book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Minor units of the book's currency, 0 or more.
    pub regular_minor: i64,
    /// A temporary lower price.
    pub special: Option<SpecialPrice>,
}

/// A temporary price; it counts only while valid and only when lower than the regular one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecialPrice {
    /// Minor units, 0 or more.
    pub minor: i64,
    /// Begin, `None` for always.
    pub from_ms: Option<TimeMs>,
    /// End (exclusive), `None` for never.
    pub until_ms: Option<TimeMs>,
}

impl Price {
    /// What is paid at `now_ms`.
    pub fn final_minor(&self, now_ms: TimeMs) -> i64 {
        match self.special {
            Some(s) if s.from_ms.is_none_or(|f| f <= now_ms) && s.until_ms.is_none_or(|u| now_ms < u) => {
                s.minor.min(self.regular_minor)
            }
            _ => self.regular_minor,
        }
    }
}

/// Whether a variant can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    /// Can it be bought now?
    pub in_stock: bool,
    /// Units left; `None` when not counted.
    pub quantity: Option<f64>,
}

/// The value of an attribute or option.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// One text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// Yes or no; filtered as `true` and `false`.
    Boolean(bool),
    /// Several texts.
    List(Vec<String>),
}

/// Where a product may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visibility {
    /// In category pages only.
    Catalog,
    /// In search results only.
    Search,
    /// In both.
    #[default]
    Both,
    /// In neither; recommendations leave it out too.
    Neither,
}

impl Visibility {
    /// May it be shown on category pages and in recommendations?
    pub fn in_catalog(self) -> bool {
        matches!(self, Visibility::Catalog | Visibility::Both)
    }

    /// May it be shown in search results?
    pub fn in_search(self) -> bool {
        matches!(self, Visibility::Search | Visibility::Both)
    }
}

/// A product's place in a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Names from the root down: `["Men", "Tops"]`. Missing categories are created.
    pub path: Vec<String>,
    /// The merchant's order in that category, smallest first; `None` goes behind.
    pub position: Option<i32>,
}

/// The three manual lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkKind {
    /// Shown beside the product.
    Related,
    /// Better than the product.
    UpSell,
    /// Bought together with the product.
    CrossSell,
}

/// What a store view says differently of a product; `None` falls back to the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ViewDoc {
    /// Name in this view's language.
    pub name: Option<String>,
    /// Description in this view's language.
    pub description: Option<String>,
    /// Where this view shows it.
    pub visibility: Option<Visibility>,
    /// Address in this view.
    pub url: Option<String>,
}

/// A change of parts of a product; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductPatch {
    /// The product, or the variant, that changes: a variant's sku changes that variant only,
    /// a product's sku changes every variant.
    pub sku: String,
    /// New prices by book; `None` as a value removes the book's price.
    pub prices: BTreeMap<String, Option<Price>>,
    /// New stock state.
    pub in_stock: Option<bool>,
    /// New quantity; `Some(None)` stops counting.
    #[serde(default, with = "nested_option")]
    pub quantity: Option<Option<f64>>,
    /// New attribute values; `None` as a value removes the attribute.
    pub attributes: BTreeMap<String, Option<AttributeValue>>,
    /// New visibility.
    pub visibility: Option<Visibility>,
    /// New name: goes through the text index.
    pub name: Option<String>,
    /// New description: goes through the text index.
    pub description: Option<String>,
    /// New image.
    pub image: Option<String>,
    /// New address.
    pub url: Option<String>,
    /// New placements; replaces all of them.
    pub categories: Option<Vec<Placement>>,
    /// New links of the named kinds.
    pub links: BTreeMap<LinkKind, Vec<String>>,
}

/// A change of the category tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CategoryChange {
    /// Creates or changes one category; missing parents are created.
    Put {
        /// Names from the root down.
        path: Vec<String>,
        /// Order among its siblings.
        position: Option<i32>,
        /// Does a parent show its children's products?
        anchor: bool,
    },
    /// Moves a category with everything below it.
    Move {
        /// Where it is.
        path: Vec<String>,
        /// Where it goes: the new path including its own name.
        to: Vec<String>,
    },
    /// Removes a category with everything below it; products stay.
    Remove {
        /// Where it is.
        path: Vec<String>,
    },
}

/// `Option<Option<T>>` as none or a list of one: plain serde would read `Some(None)` back as `None`.
mod nested_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<Option<f64>>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|inner| [inner]).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
        let value = Option::<[Option<f64>; 1]>::deserialize(deserializer)?;
        Ok(value.map(|[inner]| inner))
    }
}
