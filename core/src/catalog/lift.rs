//! Which products do these variants stand for, and the other way round?
//!
//! Every filter is evaluated on variants, the results are intersected, and only then lifted to products.
//! So a red S and a blue M never answer "red and M" together. Sets are walked in id order with flat bits;
//! a small set is walked by itself instead.

use roaring::RoaringBitmap;

use super::Catalog;
use super::bits::FlatBits;
use crate::id::{ItemId, VariantId};

/// A set with fewer members than the other space divided by this is walked member by member.
const NARROW: u64 = 16;

impl Catalog {
    /// The products of these variants.
    pub fn lift(&self, variants: &RoaringBitmap) -> RoaringBitmap {
        let item = |variant| self.item_of(VariantId(variant)).0;
        if variants.len() * NARROW < self.item_bound() as u64 {
            return variants.iter().map(item).filter(|item| *item != u32::MAX).collect();
        }
        let mut items = FlatBits::with_bound(self.item_bound());
        variants.iter().for_each(|variant| items.insert(item(variant)));
        items.to_bitmap()
    }

    /// The alive variants of these products.
    pub fn expand(&self, items: &RoaringBitmap) -> RoaringBitmap {
        if items.len() * NARROW < self.item_bound() as u64 {
            let variants = items.iter().flat_map(|item| self.variants_of(ItemId(item)));
            return variants.map(|variant| variant.0).collect();
        }
        let wanted = FlatBits::from_bitmap(items, self.item_bound());
        let mut variants = FlatBits::with_bound(self.variant_bound());
        for variant in self.alive().iter() {
            if wanted.contains(self.item_of(VariantId(variant)).0) {
                variants.insert(variant);
            }
        }
        variants.to_bitmap()
    }

    /// The variant that stands for a product whose filters were satisfied by `matched`: the first in the
    /// product's own order, those that can be bought before the others. `None` when none is in the set.
    pub fn witness(&self, item: ItemId, matched: &RoaringBitmap) -> Option<VariantId> {
        if let [only] = *self.variants_of(item) {
            return matched.contains(only.0).then_some(only);
        }
        let mut candidates = self.variants_of(item).iter().copied().filter(|variant| matched.contains(variant.0));
        let first = candidates.next()?;
        let sellable = |variant: &VariantId| self.sellable().contains(variant.0);
        Some(if sellable(&first) { first } else { candidates.find(sellable).unwrap_or(first) })
    }
}
