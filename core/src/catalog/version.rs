//! When did what changed last?
//!
//! Three numbers: the log positions of the last entries that changed products (attributes, texts, the tree, what
//! exists), prices, and stock, so that what was worked out from them is known to be good still. They name moments of
//! one shop in this process; another shop, or the same one opened again, is told apart by an identity of its own.

use std::sync::Arc;

use super::Catalog;
use super::doc::ProductPatch;
use crate::id::Seq;

/// Which catalog, and when it changed last.
#[derive(Clone, Debug, Default)]
pub struct CatalogVersions {
    identity: Arc<()>,
    products: Seq,
    prices: Seq,
    stock: Seq,
}

impl PartialEq for CatalogVersions {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.identity, &other.identity)
            && (self.products, self.prices, self.stock) == (other.products, other.prices, other.stock)
    }
}

impl CatalogVersions {
    /// Without prices and stock where an answer does not depend on them.
    pub fn only(&self, prices: bool, stock: bool) -> Self {
        let asked = |is_asked: bool, seq: Seq| if is_asked { seq } else { 0 };
        Self { prices: asked(prices, self.prices), stock: asked(stock, self.stock), ..self.clone() }
    }
}

impl Catalog {
    /// Which catalog this is, and when it changed last.
    pub fn versions(&self) -> &CatalogVersions {
        &self.versions
    }

    /// Says that everything may have changed at a log position.
    pub fn touch(&mut self, seq: Seq) {
        let versions = &mut self.versions;
        (versions.products, versions.prices, versions.stock) = (seq, seq, seq);
    }

    /// Says that the category tree changed at a log position.
    pub fn touch_tree(&mut self, seq: Seq) {
        self.versions.products = seq;
    }

    /// Says that a patch was taken in at a log position.
    pub fn touch_patch(&mut self, patch: &ProductPatch, seq: Seq) {
        let ProductPatch { sku: _, prices, in_stock, quantity, attributes, visibility, .. } = patch;
        let texts = [&patch.name, &patch.description, &patch.image, &patch.url];
        let is_offer_alone = attributes.is_empty()
            && visibility.is_none()
            && texts.iter().all(|text| text.is_none())
            && patch.categories.is_none()
            && patch.links.is_empty();
        if !prices.is_empty() {
            self.versions.prices = seq;
        }
        if in_stock.is_some() || quantity.is_some() {
            self.versions.stock = seq;
        }
        if !is_offer_alone {
            self.versions.products = seq;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_touches_what_it_speaks_of() {
        let changed = |patch: ProductPatch| {
            let (mut catalog, before) = (Catalog::new(), CatalogVersions::default());
            catalog.touch_patch(&patch, 9);
            let now = catalog.versions();
            [now.products != before.products, now.prices != before.prices, now.stock != before.stock]
        };
        assert_eq!(changed(ProductPatch::default()), [false; 3]);
        assert_eq!(changed(ProductPatch { in_stock: Some(true), ..ProductPatch::default() }), [false, false, true]);
        let free = [("root".to_owned(), None)].into();
        assert_eq!(changed(ProductPatch { prices: free, ..ProductPatch::default() }), [false, true, false]);
        let named = ProductPatch { name: Some("x".to_owned()), quantity: Some(None), ..ProductPatch::default() };
        assert_eq!(changed(named), [true, false, true]);
    }

    #[test]
    fn another_catalog_is_told_apart() {
        let one = Catalog::new();
        assert_eq!(one.versions(), one.clone().versions());
        assert_ne!(one.versions(), Catalog::new().versions());
    }
}
