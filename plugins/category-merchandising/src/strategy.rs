//! What puts one product of a category before another?
//!
//! A strategy turns one column into a value that is added to the base score of the category, `1 / (2 + position)`
//! in `(0, 0.5]`. Values that should differ do so by at least one whole step, so the strategy always decides and
//! the catalog position breaks its ties. Values are never below 0, so that boosting always raises, and small
//! enough that a double holds value and base together.
//! What is not here: orders that no single column gives (`arrangement`), and which category has which strategy.

use planogram_abi::column;
use serde::Deserialize;

/// Largest whole number up to which every whole number is an `f32`: 2^24.
pub const WHOLE_MAX: f64 = 16_777_216.0;
/// Steps of one major unit of price. A power of two, so that multiplying loses nothing.
const PRICE_STEPS: f64 = 1_024.0;
/// Price up to which `price-asc` falls in a straight line: half of the whole numbers are used up there.
const PRICE_LINEAR_MAX: f64 = WHOLE_MAX / PRICE_STEPS / 2.0;
/// Steps of one point of trending.
const TRENDING_STEPS: f64 = 1_000.0;
const MINUTES_PER_DAY: f64 = 1_440.0;

/// How far back a strategy counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Window {
    /// 24 hours.
    #[serde(rename = "24h")]
    Hours24,
    /// 72 hours.
    #[serde(rename = "72h")]
    Hours72,
    /// 7 days.
    #[default]
    #[serde(rename = "7d")]
    Days7,
    /// 30 days.
    #[serde(rename = "30d")]
    Days30,
}

impl Window {
    /// All of them, shortest first.
    pub const ALL: [Window; 4] = [Window::Hours24, Window::Hours72, Window::Days7, Window::Days30];
    /// Their names in documents, in the order of [`Window::ALL`].
    pub const NAMES: [&str; 4] = ["24h", "72h", "7d", "30d"];

    /// The name used in documents.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// How a category is ordered by one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// By catalog position.
    Position,
    /// Newest first.
    Newest,
    /// Cheapest first.
    PriceAscending,
    /// Dearest first.
    PriceDescending,
    /// Most sessions with a view.
    MostViewed(Window),
    /// Most sessions with an add to cart.
    MostAddedToCart(Window),
    /// Most purchases.
    MostPurchased(Window),
    /// Rising in the last 24 hours.
    Trending,
    /// What suits the shopper.
    RecommendedForYou,
    /// Fewest in stock first; what is not counted goes last.
    LowStockTop,
    /// Fewest in stock last; what is not counted goes first.
    LowStockBottom,
    /// Reduced products first.
    SpecialPriceTop,
    /// Reduced products last.
    SpecialPriceBottom,
    /// Names from A to Z.
    NameAscending,
    /// Names from Z to A.
    NameDescending,
    /// Skus in ascending order.
    SkuAscending,
    /// Skus in descending order.
    SkuDescending,
}

impl Strategy {
    /// The names used in documents, in the order of the variants.
    pub const NAMES: [&str; 17] = [
        "position",
        "newest",
        "price-asc",
        "price-desc",
        "most-viewed",
        "most-added-to-cart",
        "most-purchased",
        "trending",
        "recommended-for-you",
        "low-stock-top",
        "low-stock-bottom",
        "special-price-top",
        "special-price-bottom",
        "name-asc",
        "name-desc",
        "sku-asc",
        "sku-desc",
    ];

    /// The strategy of that index in [`Strategy::NAMES`]; the window is taken up where there is one.
    pub fn of_index(index: usize, window: Window) -> Option<Self> {
        let strategies = [
            Strategy::Position,
            Strategy::Newest,
            Strategy::PriceAscending,
            Strategy::PriceDescending,
            Strategy::MostViewed(window),
            Strategy::MostAddedToCart(window),
            Strategy::MostPurchased(window),
            Strategy::Trending,
            Strategy::RecommendedForYou,
            Strategy::LowStockTop,
            Strategy::LowStockBottom,
            Strategy::SpecialPriceTop,
            Strategy::SpecialPriceBottom,
            Strategy::NameAscending,
            Strategy::NameDescending,
            Strategy::SkuAscending,
            Strategy::SkuDescending,
        ];
        strategies.get(index).copied()
    }

    /// The name used in documents.
    pub fn name(self) -> &'static str {
        let index = (0..Self::NAMES.len())
            .find(|index| Self::of_index(*index, self.window().unwrap_or_default()) == Some(self));
        Self::NAMES[index.expect("every strategy has a name")]
    }

    /// How far back it counts, if it counts.
    pub fn window(self) -> Option<Window> {
        match self {
            Strategy::MostViewed(window) | Strategy::MostAddedToCart(window) | Strategy::MostPurchased(window) => {
                Some(window)
            }
            _ => None,
        }
    }

    /// The column it reads; what suits a shopper stands in no column (see `personal`).
    pub fn column(self) -> Option<String> {
        let counted = |name: &str, window: Window| format!("{name}.{}", window.name());
        Some(match self {
            Strategy::Position | Strategy::RecommendedForYou => return None,
            Strategy::Newest => column::AGE_DAYS.to_owned(),
            Strategy::PriceAscending | Strategy::PriceDescending => column::PRICE.to_owned(),
            Strategy::MostViewed(window) => counted("views", window),
            Strategy::MostAddedToCart(window) => counted("carts", window),
            Strategy::MostPurchased(window) => counted("purchases", window),
            Strategy::Trending => column::TRENDING.to_owned(),
            Strategy::LowStockTop | Strategy::LowStockBottom => column::QUANTITY.to_owned(),
            Strategy::SpecialPriceTop | Strategy::SpecialPriceBottom => column::DISCOUNT.to_owned(),
            Strategy::NameAscending | Strategy::NameDescending => column::NAME_RANK.to_owned(),
            Strategy::SkuAscending | Strategy::SkuDescending => column::SKU_RANK.to_owned(),
        })
    }

    /// What is added for the column's value `x`: finite and not below 0; what has no value goes last.
    pub fn value(self, x: f32) -> f32 {
        let x = f64::from(x);
        if x.is_nan() {
            // What is not counted is there in plenty; everything else without a value goes last.
            return if self == Strategy::LowStockBottom { WHOLE_MAX as f32 } else { 0.0 };
        }
        let value = match self {
            Strategy::Position | Strategy::RecommendedForYou => 0.0,
            // Whole minutes before or after the age of 32 years, where all older products meet.
            Strategy::Newest => (WHOLE_MAX - (x * MINUTES_PER_DAY).round().max(0.0)).max(1.0),
            Strategy::PriceAscending => price_ascending(x.max(0.0)),
            Strategy::PriceDescending => PRICE_STEPS * x.max(0.0),
            Strategy::MostViewed(_) | Strategy::MostAddedToCart(_) | Strategy::MostPurchased(_) => {
                (1.0 + x.max(0.0).round()).min(WHOLE_MAX)
            }
            Strategy::LowStockTop | Strategy::NameAscending | Strategy::SkuAscending => {
                (WHOLE_MAX - x.max(0.0).round()).max(1.0)
            }
            Strategy::LowStockBottom | Strategy::NameDescending | Strategy::SkuDescending => {
                (1.0 + x.max(0.0).round()).min(WHOLE_MAX - 1.0)
            }
            Strategy::SpecialPriceTop => 1.0 + f64::from(u8::from(x > 0.0)),
            Strategy::SpecialPriceBottom => 1.0 + f64::from(u8::from(x <= 0.0)),
            Strategy::Trending => (1.0 + (TRENDING_STEPS * x.max(0.0)).round()).min(WHOLE_MAX),
        };
        value.min(f64::from(f32::MAX)) as f32
    }
}

/// Falls by whole steps in a straight line, then as `1 / x`, so that it never reaches 0.
fn price_ascending(price: f64) -> f64 {
    match price <= PRICE_LINEAR_MAX {
        true => WHOLE_MAX - PRICE_STEPS * price,
        false => WHOLE_MAX / 2.0 * PRICE_LINEAR_MAX / price,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: Window = Window::Days7;

    #[test]
    fn names_and_indexes_agree() {
        for (index, name) in Strategy::NAMES.iter().enumerate() {
            let strategy = Strategy::of_index(index, Window::Days30).unwrap();
            assert_eq!(strategy.name(), *name);
        }
        assert_eq!(Strategy::of_index(Strategy::NAMES.len(), DAYS), None);
    }

    #[test]
    fn values_order_products_by_whole_steps() {
        let check = |strategy: Strategy, first: f32, second: f32| {
            let (first_value, second_value) = (strategy.value(first), strategy.value(second));
            let wins = f64::from(first_value) >= 1.0 + f64::from(second_value);
            assert!(wins && second_value >= 0.0, "{strategy:?}: {first} → {first_value}, {second} → {second_value}");
        };
        check(Strategy::MostViewed(DAYS), 1.0, 0.0);
        check(Strategy::MostViewed(DAYS), 0.0, f32::NAN);
        check(Strategy::MostPurchased(DAYS), 1_000_001.0, 1_000_000.0);
        check(Strategy::Trending, 1.002, 1.001);
        check(Strategy::Newest, 10.0, 10.001);
        check(Strategy::Newest, 20_000.0, f32::NAN);
        check(Strategy::PriceAscending, 19.99, 20.0);
        check(Strategy::PriceAscending, 0.0, 0.001);
        check(Strategy::PriceAscending, 8_192.0, 8_192.01);
        check(Strategy::PriceAscending, 25_000.0, 25_000.02);
        check(Strategy::PriceAscending, 249_999.0, 250_000.0);
        check(Strategy::PriceAscending, 1e7, f32::NAN);
        check(Strategy::LowStockTop, 2.0, 3.0);
        check(Strategy::LowStockTop, 1e9, f32::NAN);
        check(Strategy::LowStockBottom, 3.0, 2.0);
        check(Strategy::LowStockBottom, f32::NAN, 1e9);
        check(Strategy::SpecialPriceTop, 0.2, 0.0);
        check(Strategy::SpecialPriceBottom, 0.0, 0.2);
        check(Strategy::SpecialPriceBottom, 0.2, f32::NAN);
        check(Strategy::NameAscending, 0.0, 1.0);
        check(Strategy::SkuDescending, 50_000.0, 49_999.0);
        check(Strategy::PriceDescending, 20.0, 19.99);
        check(Strategy::PriceDescending, 250_000.0, 249_999.97);
    }

    #[test]
    fn equal_values_leave_the_position_to_decide() {
        let check = |strategy: Strategy, x: f32| {
            let score = |position: f64| 1.0 / (2.0 + position) + f64::from(strategy.value(x));
            assert!(score(4_000.0) > score(4_001.0), "{strategy:?} of {x}");
        };
        check(Strategy::Position, 7.0);
        check(Strategy::Newest, 0.0);
        check(Strategy::PriceAscending, 0.01);
        check(Strategy::PriceDescending, 99_999.0);
        check(Strategy::MostViewed(DAYS), 1e7);
    }

    #[test]
    fn odd_values_are_finite() {
        for index in 0..Strategy::NAMES.len() {
            let strategy = Strategy::of_index(index, DAYS).unwrap();
            for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -1.0] {
                let value = strategy.value(x);
                assert!(value.is_finite() && value >= 0.0, "{strategy:?} of {x} is {value}");
            }
        }
    }
}
