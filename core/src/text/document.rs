//! What does the engine hand in, and how much does each field count?
//!
//! One [`TextDoc`] per item and text source. How a product becomes one (which attributes, whose names) is the
//! catalog's business.

use crate::id::ItemId;
use crate::limits::TEXT_WEIGHT_MAX;
use crate::text::TextError;

/// Everything of one item that can be searched, in the language of its text source.
#[derive(Clone, Debug, PartialEq)]
pub struct TextDoc {
    /// The item; a later document of the same item replaces this one.
    pub item: ItemId,
    /// Name.
    pub name: String,
    /// Plain text.
    pub description: String,
    /// Brand; may be empty.
    pub brand: String,
    /// Names of its categories, ancestors included if they shall be found.
    pub categories: Vec<String>,
    /// Skus of the product and its variants.
    pub skus: Vec<String>,
    /// Searchable attribute values, each with its weight from 1 to 10; 0 leaves it out, more counts as 10.
    pub attributes: Vec<(String, u8)>,
    /// The same, of attributes whose words have to be typed as they are written.
    pub verbatim: Vec<(String, u8)>,
}

impl TextDoc {
    /// A document with a name and nothing else.
    pub fn named(item: ItemId, name: impl Into<String>) -> Self {
        Self {
            item,
            name: name.into(),
            description: String::new(),
            brand: String::new(),
            categories: Vec::new(),
            skus: Vec::new(),
            attributes: Vec::new(),
            verbatim: Vec::new(),
        }
    }
}

/// A field of a [`TextDoc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextField {
    /// The name.
    Name = 0,
    /// The skus; matched whole, separators aside.
    Sku = 1,
    /// The brand.
    Brand = 2,
    /// The category names.
    Category = 3,
    /// The attribute values.
    Attributes = 4,
    /// The description.
    Description = 5,
    /// The values of attributes in which typing errors are not tolerated.
    Verbatim = 6,
}

impl TextField {
    /// How many fields there are.
    pub(super) const COUNT: usize = 7;

    /// All fields; the order is also the order in which scores add up.
    pub const ALL: [TextField; Self::COUNT] =
        [Self::Name, Self::Sku, Self::Brand, Self::Category, Self::Attributes, Self::Description, Self::Verbatim];

    /// The field's name in configuration and in the index.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Sku => "sku",
            Self::Brand => "brand",
            Self::Category => "category",
            Self::Attributes => "attributes",
            Self::Description => "description",
            Self::Verbatim => "verbatim",
        }
    }

    /// Whether inflected forms match too; a sku has none.
    pub(super) fn is_stemmed(self) -> bool {
        self != Self::Sku
    }
}

/// How much one occurrence in each field counts, from 0 (not searched) to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldWeights {
    /// Name; 5 by default.
    pub name: f32,
    /// Skus; 10 by default.
    pub sku: f32,
    /// Brand; 3 by default.
    pub brand: f32,
    /// Categories; 2 by default.
    pub category: f32,
    /// Attributes, times the attribute's own weight; 0.3 by default, because they hold whatever a data sheet holds.
    pub attributes: f32,
    /// Description; 1 by default.
    pub description: f32,
}

impl Default for FieldWeights {
    fn default() -> Self {
        Self { name: 5.0, sku: 10.0, brand: 3.0, category: 2.0, attributes: 0.3, description: 1.0 }
    }
}

impl FieldWeights {
    /// The weight of one field.
    pub fn of(&self, field: TextField) -> f32 {
        match field {
            TextField::Name => self.name,
            TextField::Sku => self.sku,
            TextField::Brand => self.brand,
            TextField::Category => self.category,
            TextField::Attributes | TextField::Verbatim => self.attributes,
            TextField::Description => self.description,
        }
    }

    /// # Errors
    /// When a weight is not a number from 0 to 100.
    pub(super) fn check(&self) -> Result<(), TextError> {
        for field in TextField::ALL {
            let value = self.of(field);
            if !(0.0..=TEXT_WEIGHT_MAX).contains(&value) {
                return Err(TextError::Weight { field: field.name(), value, max: TEXT_WEIGHT_MAX });
            }
        }
        Ok(())
    }
}
