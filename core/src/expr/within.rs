//! Which variants of a set satisfy a condition?
//!
//! The same answer as [`evaluate`](super::evaluate()) inside the set, for sets that are mostly narrow already: what has
//! a posting (a value, a category) is intersected first, and what would be a pass over a column (a price, a stock, a
//! text of a name) is asked only of what is left, variant by variant.

use roaring::RoaringBitmap;

use super::one::holds;
use super::{Condition, EvalContext, Test, evaluate};
use crate::catalog::Catalog;
use crate::id::VariantId;

/// The variants of `base` that satisfy the condition; `base` holds alive ones only.
pub fn evaluate_within(
    condition: &Condition,
    base: RoaringBitmap,
    catalog: &Catalog,
    context: &EvalContext<'_>,
) -> RoaringBitmap {
    if base.is_empty() {
        return base;
    }
    match condition {
        Condition::All(parts) => {
            let (scans, lookups): (Vec<_>, Vec<_>) = parts.iter().partition(|part| is_scan(part));
            let parts = lookups.into_iter().chain(scans);
            parts.fold(base, |left, part| evaluate_within(part, left, catalog, context))
        }
        Condition::Any(parts) => {
            let sets = parts.iter().map(|part| evaluate_within(part, base.clone(), catalog, context));
            sets.reduce(|any, set| any | set).unwrap_or_default()
        }
        Condition::Not(part) => &base - evaluate_within(part, base.clone(), catalog, context),
        Condition::Field { .. } if is_scan(condition) => {
            let kept = base.iter().filter(|variant| holds(condition, catalog, VariantId(*variant), context));
            RoaringBitmap::from_sorted_iter(kept).expect("a bitmap iterates in order")
        }
        Condition::Field { .. } => base & evaluate(condition, catalog, context),
    }
}

/// Whether a condition costs a pass over a column.
fn is_scan(condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(is_scan),
        Condition::Not(part) => is_scan(part),
        Condition::Field { field, test } => match field.as_str() {
            "price" | "quantity" | "age_days" | "name" => true,
            "sku" => !matches!(test, Test::In(_) | Test::Exists),
            _ => matches!(test, Test::Range { .. }),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::arb_condition;
    use super::*;
    use crate::catalog::testing::arb_shop;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_narrow_set_is_told_what_the_whole_is(
            catalog in arb_shop(), condition in arb_condition(), keep in any::<u64>(),
        ) {
            let context = EvalContext { book: &catalog.root_chain(), now_ms: 0, view: "default", demand: None, seq: 0, tree: None };
            let base: RoaringBitmap = catalog.alive().iter().filter(|v| keep >> (v % 64) & 1 == 1).collect();
            let expected = &base & evaluate(&condition, &catalog, &context);
            prop_assert_eq!(evaluate_within(&condition, base, &catalog, &context), expected);
        }
    }
}
