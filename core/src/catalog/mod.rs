//! What does the shop sell?
//!
//! [`Catalog`] is a view of the log: products, variants, prices, stock, categories and attributes, with the
//! sets that answer filters and facets. A clone is a handful of reference counts, and the first write after
//! it copies only the chunks it touches. Two dense id spaces are given out in log order and never reused:
//! items are shown, variants are bought. Skus are unique in the whole catalog, so that an event or a link
//! needs no collection to name a product.
//! Not here: text (`text`), what shoppers do (`signal`), order (`pipeline`). What an attribute, price book or
//! store view is used for is configuration, parsed in `definition` and `views` and passed in where it counts.

pub mod access;
pub mod attribute;
pub mod check;
pub mod definition;
pub mod doc;
pub mod eligible;
pub mod facet;
pub mod hybrid;
pub mod facet_document;
pub mod price;
pub mod record;
pub mod save;
pub mod tree;
pub mod views;

mod bits;
pub(crate) mod chunk;
mod fold;
mod lift;
pub(crate) mod read;
mod rows;
mod version;

#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;
use smallvec::SmallVec;

pub use attribute::{Attribute, AttributeId};
pub use eligible::{Purpose, StockRule, Universe, UniverseQuery};
pub use fold::{BRAND, PatchOutcome};
pub use price::{BookChain, Quote};
pub use record::{Product, Variant};
pub use tree::{Category, Hung, ROOT};
pub use version::CatalogVersions;

use attribute::Attributes;
use chunk::{Cell, Chunked, Column};
use doc::{Placement, ProductDoc, Stock, VariantDoc};
use eligible::Eligible;
use price::Prices;
use tree::Tree;

use crate::id::{CategoryId, ItemId, TimeMs, VariantId};
use crate::limits::CATEGORY_PATH_BYTES_MAX;

type VariantList = SmallVec<[VariantId; 4]>;

/// Few products hang in more categories.
type CategoryList = SmallVec<[CategoryId; 4]>;

/// One item id: its sku for ever, its product while there is one.
#[derive(Clone, Debug, Default)]
struct ItemSlot {
    sku: Arc<str>,
    product: Option<Arc<Product>>,
}

/// One variant id: its sku and product for ever, its record while it is alive.
#[derive(Clone, Debug, Default)]
struct VariantSlot {
    sku: Arc<str>,
    record: Option<Arc<Variant>>,
}

/// The catalog at one moment. See the module's page.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    item_ids: imbl::HashMap<Arc<str>, ItemId>,
    variant_ids: imbl::HashMap<Arc<str>, VariantId>,
    items: Chunked<ItemSlot, 128>,
    variants: Chunked<VariantSlot, 128>,
    /// Item → its alive variants in the document's order.
    variants_of: Chunked<VariantList, 128>,
    /// Item → the categories of its placements, in their order, to be read without the product.
    categories_of: Chunked<CategoryList, 128>,
    /// Variant → its item.
    item_of: Chunked<u32>,
    created: Column<i64>,
    quantity: Column<f64>,
    prices: Prices,
    tree: Tree,
    attributes: Attributes,
    eligible: Eligible,
    /// Space → length of its vectors, as the first product that had one said.
    vector_spaces: Arc<BTreeMap<String, usize>>,
    versions: CatalogVersions,
}

impl Catalog {
    /// An empty catalog.
    pub fn new() -> Self {
        Self::default()
    }

    /// The item of a product's sku, or of the product that a variant's sku belongs to; also an item that is
    /// only interned or was deleted.
    pub fn item(&self, sku: &str) -> Option<ItemId> {
        self.item_ids.get(sku).map(|item| self.stands_for(*item)).or_else(|| Some(self.item_of(self.variant(sku)?)))
    }

    /// An interned sku may turn out to be a variant of a product that came later: the product's item then,
    /// the same item otherwise.
    pub fn stands_for(&self, item: ItemId) -> ItemId {
        if self.product(item).is_some() {
            return item;
        }
        self.variant(self.sku_of(item)).map_or(item, |variant| self.item_of(variant))
    }

    /// The variant of a sku, dead or alive.
    pub fn variant(&self, sku: &str) -> Option<VariantId> {
        self.variant_ids.get(sku).copied()
    }

    /// The product, `None` when it is only interned or was deleted.
    pub fn product(&self, item: ItemId) -> Option<&Arc<Product>> {
        self.items.get(item.index())?.product.as_ref()
    }

    /// The variant's record, `None` when it is dead.
    pub fn variant_record(&self, variant: VariantId) -> Option<&Arc<Variant>> {
        self.variants.get(variant.index())?.record.as_ref()
    }

    /// Alive variants of a product, in the document's order.
    pub fn variants_of(&self, item: ItemId) -> &[VariantId] {
        self.variants_of.get(item.index()).map_or(&[], |list| list)
    }

    /// The categories a product hangs in itself, in the document's order; the same as its record says, without reading it.
    #[inline]
    pub fn categories_of(&self, item: ItemId) -> &[CategoryId] {
        self.categories_of.get(item.index()).map_or(&[], |list| list)
    }

    /// The product a variant belongs to. Ids come from this catalog.
    #[inline]
    pub fn item_of(&self, variant: VariantId) -> ItemId {
        ItemId(self.item_of.get(variant.index()).copied().unwrap_or(u32::MAX))
    }

    /// The sku of an item, empty for an unknown id.
    pub fn sku_of(&self, item: ItemId) -> &str {
        self.items.get(item.index()).map_or("", |slot| &slot.sku)
    }

    /// The sku of a variant, empty for an unknown id.
    pub fn variant_sku_of(&self, variant: VariantId) -> &str {
        self.variants.get(variant.index()).map_or("", |slot| &slot.sku)
    }

    /// One past the largest item id: the length of a column over items.
    pub fn item_bound(&self) -> usize {
        self.items.len()
    }

    /// One past the largest variant id: the length of a column over variants.
    pub fn variant_bound(&self) -> usize {
        self.variants.len()
    }

    /// How many products exist.
    pub fn n_products(&self) -> u64 {
        self.eligible.alive_items.len()
    }

    /// How many variants exist.
    pub fn n_variants(&self) -> u64 {
        self.eligible.alive.len()
    }

    /// Variants that exist.
    pub fn alive(&self) -> &Arc<RoaringBitmap> {
        &self.eligible.alive
    }

    /// Products that exist.
    pub fn alive_items(&self) -> &Arc<RoaringBitmap> {
        &self.eligible.alive_items
    }

    /// Variants that can be bought now.
    pub fn sellable(&self) -> &Arc<RoaringBitmap> {
        &self.eligible.sellable
    }

    /// Products with a variant that can be bought now.
    pub fn sellable_items(&self) -> &Arc<RoaringBitmap> {
        &self.eligible.sellable_items
    }

    /// What a list may draw from; without a stock rule this copies two reference counts.
    pub fn universe(&self, query: UniverseQuery<'_>) -> Universe {
        self.eligible.universe(query)
    }

    /// When the shop created a product.
    #[inline]
    pub fn created_ms(&self, item: ItemId) -> Option<TimeMs> {
        let created = self.created.get(item.index());
        (!created.is_missing()).then_some(created)
    }

    /// Whether a variant can be bought, and how many are left.
    pub fn stock(&self, variant: VariantId) -> Stock {
        let quantity = self.quantity.get(variant.index());
        let quantity = (!quantity.is_missing()).then_some(quantity);
        Stock { in_stock: self.eligible.sellable.contains(variant.0), quantity }
    }

    /// What a variant costs: the first price up the chain, with its special price while valid.
    pub fn price(&self, variant: VariantId, chain: &BookChain, now_ms: TimeMs) -> Option<Quote> {
        self.prices.quote(variant, chain, now_ms)
    }

    /// The chain of a shop without configuration: the root book in US dollars.
    pub fn root_chain(&self) -> BookChain {
        self.prices.root_chain()
    }

    /// The attribute of this code.
    pub fn attribute_id(&self, code: &str) -> Option<AttributeId> {
        self.attributes.id(code)
    }

    /// An attribute.
    pub fn attribute(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.get(id)
    }

    /// Every attribute that ever had a value, in order of first use; the index is the id.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter()
    }

    /// The texts a product itself has for an attribute, in ordinal order; variants' own are not among them.
    pub fn values_of(&self, item: ItemId, attribute: AttributeId) -> impl Iterator<Item = &str> {
        let row = attribute::values_in(self.attributes.item_row(item), attribute.0);
        let known = self.attributes.get(attribute);
        let listed = row.iter().filter(|pair| pair.ordinal != attribute::UNLISTED);
        listed.filter_map(move |pair| Some(known?.text(pair.ordinal)))
    }

    /// The values with a text that a product itself has, as (attribute, ordinal), in order; the brand is among them.
    pub fn listed_values(&self, item: ItemId) -> impl Iterator<Item = (AttributeId, u32)> {
        let listed = self.attributes.item_row(item).iter().filter(|pair| pair.ordinal != attribute::UNLISTED);
        listed.map(|pair| (AttributeId(pair.attribute), pair.ordinal))
    }

    /// What a variant has for an attribute, as ordinals of its dictionary: its own values, else the product's.
    pub(crate) fn ordinals_of(&self, variant: VariantId, attribute: AttributeId) -> impl Iterator<Item = u32> {
        let own = attribute::values_in(self.attributes.variant_row(variant), attribute.0);
        let shared = attribute::values_in(self.attributes.item_row(self.item_of(variant)), attribute.0);
        (if own.is_empty() { shared } else { own }).iter().map(|pair| pair.ordinal)
    }

    /// What a product or any of its variants has, as (attribute, ordinal), in order, each once; numbers are unlisted.
    pub(crate) fn all_values(&self, item: ItemId) -> Vec<(AttributeId, u32)> {
        let own = self.variants_of(item).iter().flat_map(|variant| self.attributes.variant_row(*variant));
        let pairs = self.attributes.item_row(item).iter().chain(own);
        let mut values: Vec<(AttributeId, u32)> =
            pairs.map(|pair| (AttributeId(pair.attribute), pair.ordinal)).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The category of a path such as `Men/Tops`, compared without case.
    pub fn category(&self, path: &str) -> Option<CategoryId> {
        (path.len() <= CATEGORY_PATH_BYTES_MAX).then(|| self.tree.find_text(path)).flatten()
    }

    /// The category at the end of these names.
    pub fn category_at<S: AsRef<str>>(&self, path: &[S]) -> Option<CategoryId> {
        self.tree.find(path).filter(|id| *id != ROOT)
    }

    /// A category; [`ROOT`] is the unnamed top with the top-level categories as children.
    pub fn category_node(&self, id: CategoryId) -> Option<&Category> {
        self.tree.get(id)
    }

    /// Every category, in id order, the root left out.
    pub fn categories(&self) -> impl Iterator<Item = (CategoryId, &Category)> {
        self.tree.iter()
    }

    /// Products on the category's page: its own and, for an anchor, its descendants'. Not all are eligible.
    pub fn members(&self, id: CategoryId) -> Option<&Arc<RoaringBitmap>> {
        Some(self.tree.get(id)?.members())
    }

    /// Names from the root down.
    pub fn category_path(&self, id: CategoryId) -> Vec<String> {
        self.tree.path(id)
    }

    /// Ancestors, nearest first, the root left out.
    pub fn ancestors(&self, id: CategoryId) -> impl Iterator<Item = CategoryId> + '_ {
        self.tree.ancestors(id)
    }

    /// The whole document again, as the last put and the patches since left it.
    pub fn document(&self, item: ItemId) -> Option<ProductDoc> {
        let product = self.product(item)?;
        let placements = product
            .placements
            .iter()
            .map(|place| Placement { path: self.tree.path(place.category), position: place.position });
        Some(ProductDoc {
            sku: self.sku_of(item).to_owned(),
            collection: product.collection.clone(),
            name: product.name.clone(),
            description: product.description.clone(),
            brand: product.brand.clone(),
            categories: placements.collect(),
            visibility: product.visibility,
            created_ms: Some(product.created_ms),
            attributes: product.attributes.clone(),
            image: product.image.clone(),
            url: product.url.clone(),
            links: product.links.clone(),
            views: product.views.clone(),
            vectors: product.vectors.clone(),
            variants: self.variants_of(item).iter().map(|variant| self.variant_document(*variant)).collect(),
        })
    }

    fn variant_document(&self, variant: VariantId) -> VariantDoc {
        let record = self.variant_record(variant);
        VariantDoc {
            sku: self.variant_sku_of(variant).to_owned(),
            options: record.map_or_else(BTreeMap::new, |record| record.options.clone()),
            prices: self.prices.of(variant),
            stock: self.stock(variant),
            image: record.and_then(|record| record.image.clone()),
        }
    }
}
