//! Who may be shown at all?
//!
//! For each collection and each store view that speaks of visibility: the products and variants shown in
//! search and in the catalog, kept up to date by every change, so that a request without filters starts
//! from a ready set. Stock is one more bitmap that a request may intersect. Filters come later, in `expr`.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::bits::put_bit;
use super::doc::Visibility;
use crate::id::{ItemId, VariantId};

/// Which kind of list the set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Search results.
    Search,
    /// Category pages and recommendations.
    Catalog,
}

/// Whether what cannot be bought now may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockRule {
    /// It may.
    Any,
    /// Only variants that can be bought.
    InStock,
}

/// Which part of the catalog a list draws from.
#[derive(Clone, Copy, Debug)]
pub struct UniverseQuery<'a> {
    /// Collection: `products` unless the list says otherwise.
    pub collection: &'a str,
    /// Kind of list.
    pub purpose: Purpose,
    /// Store view code.
    pub view: &'a str,
    /// What stock is asked for.
    pub stock: StockRule,
}

/// Variants and the products they belong to: `items` is exactly `variants` lifted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Universe {
    /// Variants.
    pub variants: Arc<RoaringBitmap>,
    /// Products with at least one of these variants.
    pub items: Arc<RoaringBitmap>,
}

impl Universe {
    fn put(&mut self, item: ItemId, variants: &[VariantId], member: bool) {
        let shown = member && !variants.is_empty();
        put_bit(&mut self.items, item.0, shown);
        variants.iter().for_each(|variant| put_bit(&mut self.variants, variant.0, member));
    }
}

#[derive(Clone, Debug, Default)]
struct Shown {
    search: Universe,
    catalog: Universe,
}

impl Shown {
    fn put(&mut self, item: ItemId, variants: &[VariantId], visibility: Visibility) {
        self.search.put(item, variants, visibility.in_search());
        self.catalog.put(item, variants, visibility.in_catalog());
    }
}

/// One collection: what it shows by default, and in views that differ for some product.
#[derive(Clone, Debug, Default)]
struct Shelf {
    base: Shown,
    views: BTreeMap<String, Shown>,
}

/// The eligibility sets of the whole catalog.
#[derive(Clone, Debug, Default)]
pub(crate) struct Eligible {
    /// Variants of products that exist.
    pub alive: Arc<RoaringBitmap>,
    /// Products that exist.
    pub alive_items: Arc<RoaringBitmap>,
    /// Alive variants that can be bought.
    pub sellable: Arc<RoaringBitmap>,
    /// Products with a variant that can be bought.
    pub sellable_items: Arc<RoaringBitmap>,
    shelves: BTreeMap<String, Arc<Shelf>>,
}

/// Where one product is shown.
pub(crate) struct Showing<'a> {
    pub collection: &'a str,
    pub visibility: Visibility,
    /// Store views that say otherwise.
    pub views: Vec<(&'a str, Visibility)>,
}

impl Eligible {
    /// Takes a product and these variants out of every set but stock, which is set apart from this.
    pub fn withdraw(&mut self, collection: &str, item: ItemId, variants: &[VariantId]) {
        put_bit(&mut self.alive_items, item.0, false);
        variants.iter().for_each(|variant| put_bit(&mut self.alive, variant.0, false));
        if let Some(shelf) = self.shelves.get_mut(collection) {
            let shelf = Arc::make_mut(shelf);
            let all = std::iter::once(&mut shelf.base).chain(shelf.views.values_mut());
            all.for_each(|shown| shown.put(item, variants, Visibility::Neither));
        }
    }

    /// Puts a product and its variants into the sets they belong to, stock left out.
    pub fn show(&mut self, item: ItemId, variants: &[VariantId], showing: &Showing<'_>) {
        put_bit(&mut self.alive_items, item.0, true);
        variants.iter().for_each(|variant| put_bit(&mut self.alive, variant.0, true));
        let shelf = Arc::make_mut(self.shelves.entry(showing.collection.to_owned()).or_default());
        for (view, _) in &showing.views {
            if !shelf.views.contains_key(*view) {
                shelf.views.insert((*view).to_owned(), shelf.base.clone());
            }
        }
        shelf.base.put(item, variants, showing.visibility);
        for (code, shown) in &mut shelf.views {
            let own = showing.views.iter().find(|(view, _)| view == code);
            shown.put(item, variants, own.map_or(showing.visibility, |(_, visibility)| *visibility));
        }
    }

    /// Sets whether a variant can be bought; `siblings` are all alive variants of its product.
    pub fn stock(&mut self, item: ItemId, variant: VariantId, in_stock: bool, siblings: &[VariantId]) {
        if self.sellable.contains(variant.0) != in_stock {
            put_bit(&mut self.sellable, variant.0, in_stock);
            let any = siblings.iter().any(|sibling| self.sellable.contains(sibling.0));
            put_bit(&mut self.sellable_items, item.0, any);
        }
    }

    /// The set a list draws from; a collection nobody ever put a product in is empty.
    pub fn universe(&self, query: UniverseQuery<'_>) -> Universe {
        let Some(shelf) = self.shelves.get(query.collection) else { return Universe::default() };
        let shown = shelf.views.get(query.view).unwrap_or(&shelf.base);
        let shown = match query.purpose {
            Purpose::Search => &shown.search,
            Purpose::Catalog => &shown.catalog,
        };
        match query.stock {
            StockRule::Any => shown.clone(),
            // A product is shown with all its variants or with none, so both sides can be cut apart.
            StockRule::InStock => Universe {
                variants: Arc::new(&*shown.variants & &*self.sellable),
                items: Arc::new(&*shown.items & &*self.sellable_items),
            },
        }
    }
}
