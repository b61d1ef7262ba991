//! How does a log entry change the catalog?
//!
//! Putting, patching and deleting products, and changing the tree. Documents are already checked (`check`),
//! so nothing here can fail; what names an unknown thing changes nothing. A variant's sku that turns up
//! under another product moves there, with its id: the last write wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attribute::Level;
use super::chunk::Cell;
use super::doc::{AttributeValue, CategoryChange, Placement, ProductDoc, ProductPatch, Stock, VariantDoc};
use super::eligible::Showing;
use super::{Catalog, Hung, Product, Variant, VariantList};
use crate::id::{ItemId, TimeMs, VariantId};

/// The attribute code a product's brand is filed under.
pub const BRAND: &str = "brand";

/// What a patch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchOutcome {
    /// The product that changed, `None` when the sku is unknown.
    pub item: Option<ItemId>,
    /// Name, description or categories changed.
    pub text_changed: bool,
    /// Attributes or options changed; whether the text index cares is up to their definitions.
    pub attributes_changed: bool,
}

/// Everything about a product that can change at once.
struct State {
    product: Arc<Product>,
    variants: Vec<(VariantId, Arc<Variant>)>,
}

impl Catalog {
    /// The item of a sku; an unknown one becomes an item without a product: known, not sellable.
    pub fn intern(&mut self, sku: &str) -> ItemId {
        self.item(sku).unwrap_or_else(|| self.intern_product(sku))
    }

    fn intern_product(&mut self, sku: &str) -> ItemId {
        if let Some(&item) = self.item_ids.get(sku) {
            return item;
        }
        let sku: Arc<str> = sku.into();
        let item = ItemId(self.items.len() as u32);
        self.items.get_mut(item.index()).sku = Arc::clone(&sku);
        self.item_ids.insert(sku, item);
        item
    }

    /// Creates or replaces a product with its variants. Ids of skus that were ever seen are kept.
    pub fn put(&mut self, doc: ProductDoc, time_ms: TimeMs) -> ItemId {
        let item = self.intern_product(&doc.sku);
        let created_ms = doc.created_ms.or_else(|| self.created_ms(item)).unwrap_or(time_ms);
        let placements = self.hang_up(&doc.categories);
        let mut variants: Vec<(VariantId, Arc<Variant>)> = Vec::with_capacity(doc.variants.len());
        let mut rest: Vec<(VariantId, BTreeMap<_, _>, Stock)> = Vec::with_capacity(doc.variants.len());
        for VariantDoc { sku, options, prices, stock, image } in doc.variants {
            let variant = self.claim(&sku, item);
            if variants.iter().all(|(seen, _)| *seen != variant) {
                variants.push((variant, Arc::new(Variant { options, image })));
                rest.push((variant, prices, stock));
            }
        }
        let product = Product {
            collection: doc.collection,
            name: doc.name,
            description: doc.description,
            brand: doc.brand,
            placements,
            visibility: doc.visibility,
            created_ms,
            attributes: doc.attributes,
            image: doc.image,
            url: doc.url,
            links: doc.links,
            views: doc.views,
            vectors: self.admit_vectors(doc.vectors),
        };
        self.replace(item, Some(State { product: Arc::new(product), variants }));
        for (variant, prices, stock) in rest {
            self.prices.replace(variant, &prices);
            self.set_stock(variant, stock);
        }
        item
    }

    /// Removes a product and its variants; the ids stay reserved for the skus. `None` when there is none.
    pub fn delete(&mut self, sku: &str) -> Option<ItemId> {
        let item = self.item_ids.get(sku).copied()?;
        self.product(item)?;
        self.replace(item, None);
        Some(item)
    }

    /// Changes parts of a product, or of one variant when the sku names one that is not the product itself.
    /// A variant takes prices, stock, options and image; the other fields of the patch are the product's.
    pub fn patch(&mut self, patch: &ProductPatch, _time_ms: TimeMs) -> PatchOutcome {
        let whole = self.item_ids.get(patch.sku.as_str()).copied().filter(|item| self.product(*item).is_some());
        if let Some(item) = whole {
            return self.patch_product(item, patch);
        }
        match self.variant(&patch.sku).filter(|variant| self.variant_record(*variant).is_some()) {
            Some(variant) => self.patch_variant(variant, patch),
            None => PatchOutcome::default(),
        }
    }

    fn patch_product(&mut self, item: ItemId, patch: &ProductPatch) -> PatchOutcome {
        for variant in VariantList::from_slice(self.variants_of(item)) {
            self.patch_offer(variant, patch);
        }
        let mut outcome = PatchOutcome { item: Some(item), ..PatchOutcome::default() };
        let Some(old) = self.product(item).cloned() else { return outcome };
        let mut new = (*old).clone();
        if let Some(categories) = &patch.categories {
            new.placements = self.hang_up(categories);
        }
        for (code, value) in &patch.attributes {
            match (code.as_str(), value) {
                // The brand is a field of its own; the attribute is another name for it.
                (BRAND, Some(AttributeValue::Text(brand))) => new.brand = Some(brand.clone()),
                (BRAND, None) => (new.brand, _) = (None, new.attributes.remove(BRAND)),
                _ => put_value(&mut new.attributes, code, value),
            }
        }
        new.visibility = patch.visibility.unwrap_or(new.visibility);
        new.name = patch.name.clone().unwrap_or(new.name);
        new.description = patch.description.clone().unwrap_or(new.description);
        new.image = patch.image.clone().or(new.image);
        new.url = patch.url.clone().or(new.url);
        new.links.extend(patch.links.clone());
        if *old == new {
            return outcome;
        }
        let categories = |product: &Product| product.placements.iter().map(|place| place.category).collect::<Vec<_>>();
        outcome.text_changed =
            (&old.name, &old.description) != (&new.name, &new.description) || categories(&old) != categories(&new);
        outcome.attributes_changed = (&old.attributes, &old.brand) != (&new.attributes, &new.brand);
        let variants = self.variants_of(item).iter();
        let variants = variants.filter_map(|variant| Some((*variant, Arc::clone(self.variant_record(*variant)?))));
        let state = State { product: Arc::new(new), variants: variants.collect() };
        self.replace(item, Some(state));
        outcome
    }

    fn patch_variant(&mut self, variant: VariantId, patch: &ProductPatch) -> PatchOutcome {
        self.patch_offer(variant, patch);
        let item = self.item_of(variant);
        let mut outcome = PatchOutcome { item: Some(item), ..PatchOutcome::default() };
        let (Some(product), Some(old)) = (self.product(item).cloned(), self.variant_record(variant).cloned()) else {
            return outcome;
        };
        let mut new = (*old).clone();
        patch.attributes.iter().for_each(|(code, value)| put_value(&mut new.options, code, value));
        new.image = patch.image.clone().or(new.image);
        if *old == new {
            return outcome;
        }
        outcome.attributes_changed = old.options != new.options;
        let new = Arc::new(new);
        let variants = self.variants_of(item).iter().filter_map(|id| {
            let record = if *id == variant { &new } else { self.variant_record(*id)? };
            Some((*id, Arc::clone(record)))
        });
        let state = State { product, variants: variants.collect() };
        self.replace(item, Some(state));
        outcome
    }

    /// Prices and stock: touches their columns and nothing else.
    fn patch_offer(&mut self, variant: VariantId, patch: &ProductPatch) {
        patch.prices.iter().for_each(|(book, price)| self.prices.set(variant, book, *price));
        if patch.in_stock.is_some() || patch.quantity.is_some() {
            let old = self.stock(variant);
            let in_stock = patch.in_stock.unwrap_or(old.in_stock);
            self.set_stock(variant, Stock { in_stock, quantity: patch.quantity.unwrap_or(old.quantity) });
        }
    }

    /// Changes the category tree. What names an unknown category changes nothing.
    pub fn change_category(&mut self, change: &CategoryChange) {
        match change {
            CategoryChange::Put { path, position, anchor } => self.tree.put(path, *position, *anchor),
            CategoryChange::Move { path, to } => self.tree.relocate(path, to),
            CategoryChange::Remove { path } => {
                let members = self.tree.find(path).and_then(|id| self.tree.get(id)).map(|node| node.subtree().clone());
                let removed = self.tree.remove(path);
                for item in members.iter().flat_map(|members| members.iter()) {
                    self.categories_of.get_mut(item as usize).retain(|category| !removed.contains(category));
                    if let Some(product) = &mut self.items.get_mut(item as usize).product {
                        Arc::make_mut(product).placements.retain(|place| !removed.contains(&place.category));
                    }
                }
            }
        }
    }

    /// Keeps the vectors that have the length of their space; the first one of a space sets it.
    fn admit_vectors(&mut self, mut vectors: BTreeMap<String, Vec<f32>>) -> BTreeMap<String, Vec<f32>> {
        for (space, vector) in &vectors {
            if !self.vector_spaces.contains_key(space) {
                Arc::make_mut(&mut self.vector_spaces).insert(space.clone(), vector.len());
            }
        }
        vectors.retain(|space, vector| self.vector_spaces.get(space) == Some(&vector.len()));
        vectors
    }

    fn hang_up(&mut self, categories: &[Placement]) -> Vec<Hung> {
        let mut places: Vec<Hung> = Vec::with_capacity(categories.len());
        for placement in categories.iter().filter(|placement| !placement.path.is_empty()) {
            let category = self.tree.create(&placement.path);
            if places.iter().all(|place| place.category != category) {
                places.push(Hung { category, position: placement.position });
            }
        }
        places
    }

    /// The id of a variant's sku, taken from another product if it was there.
    fn claim(&mut self, sku: &str, item: ItemId) -> VariantId {
        let Some(variant) = self.variant(sku) else {
            let sku: Arc<str> = sku.into();
            let id = VariantId(self.variants.push(super::VariantSlot { sku: Arc::clone(&sku), record: None }) as u32);
            *self.item_of.get_mut(id.index()) = item.0;
            self.variant_ids.insert(sku, id);
            return id;
        };
        let holder = self.item_of(variant);
        if holder != item {
            if let Some(product) = self.product(holder).cloned().filter(|_| self.variant_record(variant).is_some()) {
                let kept = self.variants_of(holder).iter().filter(|kept| **kept != variant);
                let kept = kept.filter_map(|kept| Some((*kept, Arc::clone(self.variant_record(*kept)?)))).collect();
                self.replace(holder, Some(State { product, variants: kept }));
            }
            *self.item_of.get_mut(variant.index()) = item.0;
        }
        variant
    }

    /// Files a product of a snapshot file. Prices and stock follow apart from this.
    pub(super) fn restore(&mut self, item: ItemId, product: Arc<Product>, variants: Vec<(VariantId, Arc<Variant>)>) {
        self.replace(item, Some(State { product, variants }));
    }

    /// Makes `state` the whole truth about an item, in every set and column but prices and stock.
    fn replace(&mut self, item: ItemId, state: Option<State>) {
        let before = VariantList::from_slice(self.variants_of(item));
        let old = self.product(item).cloned();
        let after: VariantList = state.iter().flat_map(|state| &state.variants).map(|(variant, _)| *variant).collect();
        let gone: VariantList = before.iter().copied().filter(|variant| !after.contains(variant)).collect();
        for variant in &gone {
            self.prices.replace(*variant, &BTreeMap::new());
            self.set_stock(*variant, Stock { in_stock: false, quantity: None });
            self.variants.get_mut(variant.index()).record = None;
        }
        self.reindex(item, old.as_deref(), state.as_ref(), &before);

        let moved =
            state.as_ref().is_none_or(|new| old.as_ref().is_some_and(|old| old.collection != new.product.collection));
        let leaving: &[VariantId] = if moved { &before } else { &gone };
        if let Some(old) = old.as_ref().filter(|_| moved || !gone.is_empty()) {
            self.eligible.withdraw(&old.collection, item, leaving);
        }
        let places = |product: Option<&Product>| product.map_or(Vec::new(), |product| product.placements.clone());
        let (was, is) = (places(old.as_deref()), places(state.as_ref().map(|state| &*state.product)));
        if was != is {
            self.tree.unhang(item, &was);
            self.tree.hang(item, &is);
            *self.categories_of.get_mut(item.index()) = is.iter().map(|place| place.category).collect();
        }
        self.created.set(item.index(), state.as_ref().map_or(i64::MISSING, |state| state.product.created_ms));
        if before != after {
            *self.variants_of.get_mut(item.index()) = after.clone();
        }
        if let Some(State { product, variants }) = state {
            let views = product.views.iter().filter_map(|(view, own)| Some((view.as_str(), own.visibility?)));
            let showing =
                Showing { collection: &product.collection, visibility: product.visibility, views: views.collect() };
            self.eligible.show(item, &after, &showing);
            self.items.get_mut(item.index()).product = Some(product);
            for (variant, record) in variants {
                self.variants.get_mut(variant.index()).record = Some(record);
            }
        } else {
            self.items.get_mut(item.index()).product = None;
        }
    }

    fn reindex(&mut self, item: ItemId, old: Option<&Product>, state: Option<&State>, before: &[VariantId]) {
        if let (Some(old), Some(new)) = (old, state) {
            let same_records = new.variants.len() == before.len()
                && new.variants.iter().all(|(id, record)| {
                    before.contains(id) && self.variant_record(*id).is_some_and(|old| old.options == record.options)
                });
            if same_records && old.attributes == new.product.attributes && old.brand == new.product.brand {
                return;
            }
        }
        let shared = state.map_or_else(Level::default, |state| self.shared_level(&state.product));
        let own = state.iter().flat_map(|state| &state.variants);
        let own: Vec<_> = own.map(|(variant, record)| (*variant, self.attributes.level(&record.options))).collect();
        self.attributes.update(item, before, &shared, &own);
    }

    fn shared_level(&mut self, product: &Product) -> Level {
        let Some(brand) = &product.brand else { return self.attributes.level(&product.attributes) };
        let mut values = product.attributes.clone();
        values.insert(BRAND.to_owned(), AttributeValue::Text(brand.clone()));
        self.attributes.level(&values)
    }

    pub(super) fn set_stock(&mut self, variant: VariantId, stock: Stock) {
        let item = self.item_of(variant);
        let siblings = self.variants_of.get(item.index()).map_or(&[][..], |list| list);
        self.eligible.stock(item, variant, stock.in_stock, siblings);
        let quantity = stock.quantity.unwrap_or(f64::MISSING);
        if self.quantity.get(variant.index()).to_bits() != quantity.to_bits() {
            self.quantity.set(variant.index(), quantity);
        }
    }
}

fn put_value(values: &mut BTreeMap<String, AttributeValue>, code: &str, value: &Option<AttributeValue>) {
    match value {
        Some(value) => drop(values.insert(code.to_owned(), value.clone())),
        None => drop(values.remove(code)),
    }
}
