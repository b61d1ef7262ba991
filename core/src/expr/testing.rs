//! Which conditions do tests try?

use std::sync::Arc;

use proptest::prelude::*;

use super::smart::{SmartCategory, SmartMode};
use super::{Condition, StoredCondition, Test, Value};

fn arb_value() -> impl Strategy<Value = Value> {
    let texts = ["red", "Blue", "acme", "true", "Men/Tops", "sale", "search", "1", "nothing"];
    prop_oneof![
        4 => prop::sample::select(texts.to_vec()).prop_map(|text| Value::Text(text.to_owned())),
        1 => (0u8..5).prop_map(|number| Value::Number(f64::from(number))),
        1 => any::<bool>().prop_map(Value::Boolean),
    ]
}

fn arb_test() -> impl Strategy<Value = Test> {
    let texts = || prop::sample::select(vec!["e", "Re", "men", "T", "zzz"]).prop_map(str::to_owned);
    let bound = || prop::option::of((0u8..8).prop_map(f64::from));
    prop_oneof![
        4 => prop::collection::vec(arb_value(), 0..3).prop_map(Test::In),
        2 => (bound(), bound()).prop_filter_map("a range has a bound and is not upside down", |(from, to)| {
            let upside_down = from.zip(to).is_some_and(|(from, to)| from > to);
            (!upside_down && (from.is_some() || to.is_some())).then_some(Test::Range { from, to })
        }),
        1 => texts().prop_map(Test::Contains),
        1 => texts().prop_map(Test::StartsWith),
        1 => texts().prop_map(Test::EndsWith),
        1 => texts().prop_map(Test::Words),
        1 => Just(Test::Exists),
    ]
}

/// A condition of modest size over the fields of the test shop.
pub(crate) fn arb_condition() -> impl Strategy<Value = Condition> {
    let fields = vec![
        "color",
        "size",
        "eco",
        "brand",
        "category",
        "price",
        "in_stock",
        "quantity",
        "name",
        "age_days",
        "visible_in",
        "views.7d",
        "nowhere",
    ];
    let leaf = (prop::sample::select(fields), arb_test());
    let leaf = leaf.prop_map(|(field, test)| Condition::Field { field: field.to_owned(), test });
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Any),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

/// A few smart categories of the test shop, perhaps none.
pub(crate) fn arb_smart() -> impl Strategy<Value = Vec<Arc<SmartCategory>>> {
    let category = prop::sample::select(vec!["Men/Tops", "Men", "Sale", "Nowhere"]);
    let one = (category, arb_condition(), any::<bool>()).prop_map(|(category, condition, adds)| SmartCategory {
        category: category.to_owned(),
        condition: StoredCondition::new(condition),
        mode: if adds { SmartMode::Add } else { SmartMode::Replace },
    });
    prop::collection::vec(one.prop_map(Arc::new), 0..3)
}
