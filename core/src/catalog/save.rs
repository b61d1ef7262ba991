//! How does the catalog get into a snapshot file and back?
//!
//! [`Saved`] holds what cannot be derived: ids with their skus, records, prices, stock, the tree and the
//! dictionaries in ordinal order. Loading files everything again, so bitmaps and rows are rebuilt and can
//! not disagree with the records. Bytes and checksums are the snapshot room's business.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::doc::{Price, Stock};
use super::tree::{SavedNode, Tree};
use super::{Catalog, ItemSlot, Product, Variant, VariantSlot};
use crate::id::{ItemId, VariantId};

/// The catalog in the form it is stored in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    items: Vec<SavedItem>,
    variants: Vec<SavedVariant>,
    books: Vec<String>,
    attributes: Vec<(String, Vec<Arc<str>>)>,
    categories: Vec<SavedNode>,
    vector_spaces: BTreeMap<String, usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedItem {
    sku: Arc<str>,
    product: Option<Arc<Product>>,
    /// Alive variants in the document's order.
    variants: Vec<VariantId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedVariant {
    sku: Arc<str>,
    item: ItemId,
    record: Option<Arc<Variant>>,
    stock: Stock,
    prices: BTreeMap<String, Price>,
}

/// Why a saved catalog was not loaded: the file is damaged, or was written by something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A reference leads nowhere.
    #[error("{what} {id} does not exist, there are {bound}")]
    Missing {
        /// Kind of thing.
        what: &'static str,
        /// Its id.
        id: u32,
        /// How many there are.
        bound: usize,
    },
    /// Two things have one name.
    #[error("{what} `{name}` occurs twice")]
    Twice {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The category tree is not a tree.
    #[error("the category tree has a circle or a missing parent")]
    Tree,
}

impl Catalog {
    /// Everything that cannot be derived; records are shared, not copied.
    pub fn save(&self) -> Saved {
        let items = (0..).map(ItemId).zip(self.items.iter()).map(|(item, slot)| SavedItem {
            sku: Arc::clone(&slot.sku),
            product: slot.product.clone(),
            variants: self.variants_of(item).to_vec(),
        });
        let variants = (0..).map(VariantId).zip(self.variants.iter()).map(|(variant, slot)| SavedVariant {
            sku: Arc::clone(&slot.sku),
            item: self.item_of(variant),
            record: slot.record.clone(),
            stock: self.stock(variant),
            prices: self.prices.of(variant),
        });
        let attributes = self.attributes.iter();
        Saved {
            items: items.collect(),
            variants: variants.collect(),
            books: self.prices.codes().cloned().collect(),
            attributes: attributes.map(|one| (one.code().to_owned(), one.texts().cloned().collect())).collect(),
            categories: self.tree.save(),
            vector_spaces: (*self.vector_spaces).clone(),
        }
    }

    /// The catalog that was saved; ids, ordinals and answers are the same.
    ///
    /// # Errors
    /// When the parts do not fit together. Nothing panics on a damaged file.
    pub fn load(saved: Saved) -> Result<Self, LoadError> {
        let mut catalog = Self { vector_spaces: Arc::new(saved.vector_spaces), ..Self::new() };
        catalog.tree = Tree::load(&saved.categories).ok_or(LoadError::Tree)?;
        for code in &saved.books {
            catalog.prices.intern(code);
        }
        for (code, texts) in &saved.attributes {
            let id = catalog.attributes.intern(code);
            for text in texts {
                catalog.attributes.get_mut(id.0).intern(text);
            }
        }
        let (n_items, n_variants) = (saved.items.len(), saved.variants.len());
        let mut offers = Vec::with_capacity(n_variants);
        for saved in saved.variants {
            let missing = LoadError::Missing { what: "item", id: saved.item.0, bound: n_items };
            (saved.item.index() < n_items).then_some(()).ok_or(missing)?;
            let id = VariantId(catalog.variants.len() as u32);
            if catalog.variant_ids.insert(Arc::clone(&saved.sku), id).is_some() {
                return Err(LoadError::Twice { what: "variant", name: saved.sku.to_string() });
            }
            catalog.variants.push(VariantSlot { sku: saved.sku, record: None });
            *catalog.item_of.get_mut(id.index()) = saved.item.0;
            offers.push((saved.record, saved.stock, saved.prices));
        }
        for saved in &saved.items {
            let id = ItemId(catalog.items.len() as u32);
            if catalog.item_ids.insert(Arc::clone(&saved.sku), id).is_some() {
                return Err(LoadError::Twice { what: "item", name: saved.sku.to_string() });
            }
            catalog.items.push(ItemSlot { sku: Arc::clone(&saved.sku), product: None });
        }
        for (item, saved) in (0..).map(ItemId).zip(saved.items) {
            let Some(product) = saved.product else { continue };
            let mut variants = Vec::with_capacity(saved.variants.len());
            for variant in saved.variants {
                let record = offers.get(variant.index()).and_then(|(record, _, _)| record.clone());
                let held = record.filter(|_| catalog.item_of(variant) == item);
                let missing = LoadError::Missing { what: "variant", id: variant.0, bound: n_variants };
                variants.push((variant, held.ok_or(missing)?));
            }
            catalog.restore(item, product, variants);
        }
        for (variant, (record, stock, prices)) in (0..).map(VariantId).zip(offers) {
            if record.is_some() {
                catalog.prices.replace(variant, &prices);
                catalog.set_stock(variant, stock);
            }
        }
        Ok(catalog)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Change, apply, arb_changes, arb_shop};
    use super::*;

    /// Both catalogs must look the same from outside and inside.
    fn same(a: &Catalog, b: &Catalog) -> Result<(), TestCaseError> {
        prop_assert_eq!(a.save(), b.save());
        prop_assert_eq!(a.alive(), b.alive());
        prop_assert_eq!(a.alive_items(), b.alive_items());
        prop_assert_eq!(a.sellable(), b.sellable());
        prop_assert_eq!(a.sellable_items(), b.sellable_items());
        for item in (0..a.item_bound() as u32).map(ItemId) {
            prop_assert_eq!(a.document(item), b.document(item));
            prop_assert_eq!(a.attributes.item_row(item), b.attributes.item_row(item));
            prop_assert_eq!(b.created_ms(item).is_some(), b.product(item).is_some());
        }
        for (id, node) in a.categories() {
            let other = b.category_node(id).expect("both trees have the same nodes");
            prop_assert_eq!((node.members(), node.direct()), (other.members(), other.direct()));
            prop_assert_eq!(&node.children, &other.children);
            prop_assert_eq!(b.category(&b.category_path(id).join("/")), Some(id));
        }
        for (one, other) in a.attributes().zip(b.attributes()) {
            for ordinal in 0..one.n_values() as u32 {
                prop_assert_eq!(one.variants(ordinal), other.variants(ordinal));
                prop_assert_eq!(one.items(ordinal), other.items(ordinal));
            }
            prop_assert_eq!((one.is_uniform(), one.present()), (other.is_uniform(), other.present()));
            for variant in (0..a.variant_bound() as u32).map(VariantId) {
                prop_assert_eq!(one.number(variant).to_bits(), other.number(variant).to_bits());
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_loaded_catalog_answers_as_the_saved_one(catalog in arb_shop()) {
            let bytes = rmp_serde::to_vec(&catalog.save()).unwrap();
            let loaded = Catalog::load(rmp_serde::from_slice(&bytes).unwrap()).unwrap();
            same(&catalog, &loaded)?;
        }

        #[test]
        fn changes_after_a_load_are_the_same_as_without_it(first in arb_changes(), second in arb_changes()) {
            let mut live = Catalog::new();
            apply(&mut live, &first);
            let mut restored = Catalog::load(live.save()).unwrap();
            let published = live.clone();
            let before = published.save();
            apply(&mut live, &second);
            apply(&mut restored, &second);
            same(&live, &restored)?;
            prop_assert_eq!(before, published.save(), "a published catalog does not change");
        }

        #[test]
        fn incremental_state_equals_state_filed_from_scratch(changes in arb_changes()) {
            let mut catalog = Catalog::new();
            apply(&mut catalog, &changes);
            same(&catalog, &Catalog::load(catalog.save()).unwrap())?;
        }
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let mut catalog = Catalog::new();
        apply(&mut catalog, &[Change::put(0, 0)]);
        let check = |damage: fn(&mut Saved), expected: &str| {
            let mut saved = catalog.save();
            damage(&mut saved);
            assert_eq!(Catalog::load(saved).unwrap_err().to_string(), expected);
        };
        check(|saved| saved.variants[0].item = ItemId(9), "item 9 does not exist, there are 1");
        check(|saved| saved.items[0].variants = vec![VariantId(9)], "variant 9 does not exist, there are 2");
        check(|saved| saved.variants[1].sku = saved.variants[0].sku.clone(), "variant `P0-S-0` occurs twice");
        check(
            |saved| saved.categories.push(Some(("x".to_owned(), Some(crate::id::CategoryId(99)), None, true))),
            "the category tree has a circle or a missing parent",
        );
    }
}
