//! Does a condition hold for one product?
//!
//! The same language as `evaluate`, read for the few variants of one product instead of for the whole catalog: what an
//! audience asks of the ten products somebody looked at must not cost a pass over fifty thousand. As everywhere, all
//! parts must hold for one and the same variant. A property test holds the two to each other.

use super::evaluate::{LISTS, VISIBLE_IN, as_number, shown_in};
use super::{Condition, EvalContext, Test};
use crate::catalog::Catalog;
use crate::catalog::attribute::Attribute;
use crate::id::{CategoryId, DAY_MS, ItemId, VariantId};
use crate::signal::SignalColumn;

/// Whether an alive variant of the product satisfies the condition, whatever its eligibility; never of a product that
/// was only heard of.
pub fn holds_for(condition: &Condition, catalog: &Catalog, item: ItemId, context: &EvalContext<'_>) -> bool {
    let one = One { catalog, context, item };
    catalog.variants_of(item).iter().any(|variant| one.holds(condition, *variant))
}

/// Whether a number satisfies a test.
pub(super) fn test_number(number: f64, test: &Test) -> bool {
    match test {
        Test::In(values) => values.iter().filter_map(as_number).any(|value| value == number),
        Test::Range { from, to } => from.is_none_or(|from| from <= number) && to.is_none_or(|to| number < to),
        Test::Exists => !number.is_nan(),
        Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Words(_) => false,
    }
}

struct One<'a> {
    catalog: &'a Catalog,
    context: &'a EvalContext<'a>,
    item: ItemId,
}

impl One<'_> {
    fn holds(&self, condition: &Condition, variant: VariantId) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|part| self.holds(part, variant)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part, variant)),
            Condition::Not(part) => !self.holds(part, variant),
            Condition::Field { field, test } => self.field(field, test, variant),
        }
    }

    fn field(&self, field: &str, test: &Test, variant: VariantId) -> bool {
        let catalog = self.catalog;
        let number = |number: Option<f64>| number.is_some_and(|number| !number.is_nan() && test_number(number, test));
        match field {
            "sku" => self.sku(test, variant),
            "name" => {
                catalog.product(self.item).is_some_and(|product| test.holds_for(product.name_in(self.context.view)))
            }
            "category" | "categories" => self.category(test),
            "price" => {
                let quote = catalog.price(variant, self.context.book, self.context.now_ms);
                number(quote.map(|quote| self.context.book.major(quote.final_minor)))
            }
            "in_stock" => test.holds_for(if catalog.sellable().contains(variant.0) { "true" } else { "false" }),
            "quantity" => number(catalog.stock(variant).quantity),
            "age_days" => {
                let created = catalog.created_ms(self.item);
                number(created.map(|created| self.context.now_ms.saturating_sub(created) as f64 / DAY_MS as f64))
            }
            code => match catalog.attribute_id(code).and_then(|id| Some((id, catalog.attribute(id)?))) {
                Some((id, attribute)) => {
                    let mut ordinals = catalog.ordinals_of(variant, id);
                    let is_number = attribute.is_numeric() && number(Some(attribute.number(variant)));
                    match test {
                        Test::Exists => ordinals.next().is_some(),
                        Test::Range { .. } => is_number,
                        _ => is_number || ordinals.any(|ordinal| has_text(attribute, ordinal, test)),
                    }
                }
                None if code == VISIBLE_IN => self.visible_in(test, variant),
                None => SignalColumn::from_name(code).is_some_and(|signal| number(self.signal(signal))),
            },
        }
    }

    fn visible_in(&self, test: &Test, variant: VariantId) -> bool {
        LISTS.iter().any(|(name, purpose)| {
            test.holds_for(name) && shown_in(self.catalog, self.context.view, *purpose).variants.contains(variant.0)
        })
    }

    fn signal(&self, signal: SignalColumn) -> Option<f64> {
        let mut value = [0.0];
        self.context.demand?.gather(signal, &[self.item.0], &mut value);
        Some(f64::from(value[0]))
    }

    fn sku(&self, test: &Test, variant: VariantId) -> bool {
        let skus = [self.catalog.variant_sku_of(variant), self.catalog.sku_of(self.item)];
        match test {
            // Compared exactly: they are names.
            Test::In(values) => values.iter().any(|value| skus.contains(&&*value.spelling())),
            Test::Exists => true,
            _ => skus.iter().any(|sku| test.holds_for(sku)),
        }
    }

    /// A category stands for itself and everything below it.
    fn category(&self, test: &Test) -> bool {
        let catalog = self.catalog;
        let members = self.context.members(catalog);
        let contains = |id: CategoryId| members.subtree(id).contains(self.item.0);
        match test {
            Test::In(values) => values.iter().filter_map(|value| catalog.category(&value.spelling())).any(contains),
            _ => members.shelves(self.item).any(|id| test.holds_for(&catalog.category_path(id).join("/"))),
        }
    }
}

/// Texts too long to filter by, and numbers, have no text here.
fn has_text(attribute: &Attribute, ordinal: u32, test: &Test) -> bool {
    let text = attribute.text(ordinal);
    !text.is_empty() && test.holds_for(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{arb_condition, arb_smart};
    use super::*;
    use crate::catalog::testing::arb_shop;
    use crate::expr::{SmartTree, evaluate};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn one_product_is_told_what_the_bitmap_says(
            catalog in arb_shop(), condition in arb_condition(), smart in arb_smart(),
        ) {
            let book = catalog.root_chain();
            let hung = EvalContext { book: &book, now_ms: 0, view: "default", demand: None, seq: 0, tree: None };
            let tree = SmartTree::of(&smart, &catalog, &hung);
            let context = EvalContext { tree: tree.as_ref(), ..hung };
            let set = catalog.lift(&evaluate(&condition, &catalog, &context));
            for item in 0..catalog.item_bound() as u32 {
                let one = holds_for(&condition, &catalog, ItemId(item), &context);
                prop_assert_eq!(one, set.contains(item), "{}", catalog.sku_of(ItemId(item)));
            }
        }
    }
}
