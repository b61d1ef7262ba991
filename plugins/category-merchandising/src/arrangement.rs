//! In which order does a category stand by itself?
//!
//! By one column (`strategy`), by a list of an attribute's values, or by a blend: up to six strategies, each a share in
//! `[0, 1]` times its weight, so that the sum of all is bounded. Shares of counts are `ln(1 + x) / ln(1 + max)` over the
//! members, so that one runaway does not flatten the rest; a new product's is `1 / (1 + age / 30 days)`. Every part is a
//! column of its own, so that the ledger says what each gave.
//! What is not here: what a column holds, and which category has which order.

use planogram_abi::{Call, ConditionId, Outcome, PrepareHost, ScoreBatch, column};
use planogram_rules::read::show;
use planogram_rules::{Findings, Object};

use crate::config::Settings;
use crate::personal;
use crate::strategy::{Strategy, WHOLE_MAX, Window};

/// Values of one order by values.
const VALUES_MAX: usize = 100;
/// Longest attribute code and value, in characters.
const TEXT_CHARS_MAX: usize = 255;
/// Steps of a share: fine enough that what differs is told apart, few enough that the whole sum is exact.
pub const SHARE_STEPS: f64 = WHOLE_MAX / 16.0;
/// Days after which being new counts half.
const NEW_DAYS: f64 = 30.0;
/// Largest weight of a part, before weights are made to add up to 1.
const WEIGHT_MAX: f64 = 1_000_000.0;

/// What can be a part of a blend, in the order of the plugin's columns.
pub const PARTS: [&str; 6] =
    ["most-viewed", "most-added-to-cart", "most-purchased", "trending", "newest", "recommended-for-you"];

/// The order of a category.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrangement {
    /// By one column.
    By(Strategy),
    /// By a list of values.
    Values(ValueOrder),
    /// By several.
    Blend(Blend),
}

/// Products with the first value of an attribute first, then those with the second, and so on.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueOrder {
    /// Code of the attribute.
    pub attribute: String,
    /// Values, first one first.
    pub values: Vec<String>,
    /// Compiled, in the same order; `None` where the host does not take one.
    conditions: Vec<Option<ConditionId>>,
}

/// Several strategies at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Blend {
    /// Place in [`PARTS`], and weight; weights add up to 1.
    pub parts: Vec<(usize, f64)>,
    /// How far back counts go.
    pub window: Window,
}

impl Arrangement {
    /// Reads the fields `strategy` and `window` of a rule.
    pub fn read(rule: &Object<'_>, settings: &Settings, findings: &mut Findings) -> Option<Self> {
        let said = rule.get("strategy");
        if said.is_some_and(serde_json::Value::is_object) {
            if rule.has("window") {
                let message = "`window` stands beside a strategy that has its own";
                findings.report(rule.at("window"), message, "a `window` within the strategy");
            }
            return Self::read_object(rule, settings, findings);
        }
        let window = rule.choice("window", &Window::NAMES, findings).map(|index| Window::ALL[index]);
        let index = rule.choice("strategy", &Strategy::NAMES, findings);
        let strategy = index.and_then(|index| Strategy::of_index(index, window.unwrap_or_default()));
        let counts_back = strategy.and_then(Strategy::window);
        let is_idle = counts_back.is_none() && (strategy.is_some() || !rule.has("strategy"));
        if let Some(window) = window.filter(|_| is_idle) {
            let message = format!("`window` is {}, but no strategy here counts", window.name());
            findings.report(rule.at("window"), message, "only beside most-viewed, most-added-to-cart, most-purchased");
        }
        if let Some(window) = counts_back {
            check_window(window, &rule.at("window"), settings, findings);
        }
        strategy.map(Arrangement::By)
    }

    fn read_object(rule: &Object<'_>, settings: &Settings, findings: &mut Findings) -> Option<Self> {
        let (value, pointer) = (rule.get("strategy")?, rule.at("strategy"));
        if value.get("order_by").is_some() {
            return ValueOrder::read(value, &pointer, findings).map(Arrangement::Values);
        }
        Blend::read(value, &pointer, settings, findings).map(Arrangement::Blend)
    }

    /// The name used in documents, `values` for an order by values, `blend` for a blend.
    pub fn name(&self) -> &'static str {
        match self {
            Arrangement::By(strategy) => strategy.name(),
            Arrangement::Values(_) => "values",
            Arrangement::Blend(_) => "blend",
        }
    }

    /// How far back it counts, if it counts.
    pub fn window(&self) -> Option<Window> {
        match self {
            Arrangement::By(strategy) => strategy.window(),
            Arrangement::Values(_) => None,
            Arrangement::Blend(blend) => Some(blend.window),
        }
    }

    /// Lets the host compile what the order tests; a value it does not take orders nothing.
    pub fn compile(&mut self, host: &dyn PrepareHost) {
        if let Arrangement::Values(order) = self {
            let of = |value: &String| {
                let condition = serde_json::json!({ "field": order.attribute, "eq": value }).to_string();
                host.compile(&condition).ok()
            };
            order.conditions = order.values.iter().map(of).collect();
        }
    }

    /// Writes what every product gets: into column 0, or those of its parts, which follow in the order of [`PARTS`].
    ///
    /// # Errors
    /// When the host does not give a column.
    pub fn score(&self, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
        match self {
            Arrangement::By(Strategy::RecommendedForYou) => {
                let shares = personal::shares(call, batch.items)?;
                let write = |(out, share): (&mut f32, f64)| *out = (SHARE_STEPS * share).round() as f32;
                batch.out[0].iter_mut().zip(shares).for_each(write);
            }
            Arrangement::By(strategy) => {
                let Some(name) = strategy.column() else { return Ok(()) };
                let column = call.host.gather(&name, batch.items)?;
                write_each(batch.out[0], &column, |x| strategy.value(x));
            }
            Arrangement::Values(order) => order.score(call, batch),
            Arrangement::Blend(blend) => blend.score(call, batch)?,
        }
        Ok(())
    }
}

fn check_window(window: Window, pointer: &str, settings: &Settings, findings: &mut Findings) {
    if !settings.windows.contains(&window) {
        let known: Vec<&str> = settings.windows.iter().map(|window| window.name()).collect();
        let message = format!("the window {} is not among the `windows` of the settings", window.name());
        findings.report(pointer.to_owned(), message, known.join(", "));
    }
}

impl ValueOrder {
    fn read(value: &serde_json::Value, pointer: &str, findings: &mut Findings) -> Option<Self> {
        let object = Object::read(value, pointer, &["order_by", "values"], findings)?;
        let attribute = object.required_text("order_by", TEXT_CHARS_MAX, findings)?.to_owned();
        object.require("values", findings)?;
        let mut values = Vec::new();
        for (at, value) in object.list("values", VALUES_MAX, findings).iter().enumerate() {
            match value.as_str().filter(|text| !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS_MAX) {
                Some(text) => values.push(text.to_owned()),
                None => {
                    let allowed = format!("a text of at most {TEXT_CHARS_MAX} characters");
                    findings.report(format!("{pointer}/values/{at}"), format!("it is {}", show(value)), allowed);
                }
            }
        }
        Some(Self { attribute, values, conditions: Vec::new() })
    }

    fn score(&self, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) {
        // From the last value to the first, so that of several values of a product the first one counts.
        for (at, condition) in self.conditions.iter().enumerate().rev() {
            let Some(condition) = condition else { continue };
            let value = (self.conditions.len() - at) as f32;
            let holds = call.host.test(*condition, batch.items);
            batch.out[0].iter_mut().zip(holds).filter(|(_, holds)| *holds).for_each(|(out, _)| *out = value);
        }
    }
}

impl Blend {
    fn read(value: &serde_json::Value, pointer: &str, settings: &Settings, findings: &mut Findings) -> Option<Self> {
        let object = Object::read(value, pointer, &["blend", "window"], findings)?;
        let window = object.choice("window", &Window::NAMES, findings).map_or(Window::default(), |at| Window::ALL[at]);
        check_window(window, &object.at("window"), settings, findings);
        object.require("blend", findings)?;
        let weights = Object::read(object.get("blend")?, &object.at("blend"), &PARTS, findings)?;
        let weight = |(at, name): (usize, &&str)| Some((at, weights.number_above(name, 0.0, WEIGHT_MAX, findings)?));
        let mut parts: Vec<(usize, f64)> = PARTS.iter().enumerate().filter_map(weight).collect();
        if parts.is_empty() {
            findings.report(object.at("blend"), "the blend has no part", PARTS.join(", "));
        }
        let total: f64 = parts.iter().map(|(_, weight)| weight).sum();
        parts.iter_mut().for_each(|(_, weight)| *weight /= total);
        Some(Self { parts, window })
    }

    fn score(&self, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
        let window = self.window.name();
        for &(part, weight) in &self.parts {
            let out = &mut batch.out[1 + part];
            let worth = |share: f64| (SHARE_STEPS * weight * share).round() as f32;
            let counted = match PARTS[part] {
                "most-viewed" => format!("views.{window}"),
                "most-added-to-cart" => format!("carts.{window}"),
                "most-purchased" => format!("purchases.{window}"),
                "trending" => column::TRENDING.to_owned(),
                "newest" => {
                    let ages = call.host.gather(column::AGE_DAYS, batch.items)?;
                    out.iter_mut().zip(ages).for_each(|(out, days)| *out = worth(share_of_age(days)));
                    continue;
                }
                _ => {
                    let shares = personal::shares(call, batch.items)?;
                    out.iter_mut().zip(shares).for_each(|(out, share)| *out = worth(share));
                    continue;
                }
            };
            let counts = call.host.gather(&counted, batch.items)?;
            let most = most_of(&counts);
            write_each(out, &counts, |x| worth(share_of_count(x, most)));
        }
        Ok(())
    }
}

/// Whole numbers whose worth is worked out once.
const KNOWN: usize = 256;

/// Writes what every value of a column is worth. Most values of a shop are small counts, and what those are worth is
/// worked out once each.
fn write_each(out: &mut [f32], column: &[f32], worth: impl Fn(f32) -> f32) {
    let mut known = [f32::NAN; KNOWN];
    for (out, &x) in out.iter_mut().zip(column) {
        // What is no whole number, or too large, does not come back as it was.
        let at = x as u8;
        *out = if f32::from(at) != x {
            worth(x)
        } else {
            let known = &mut known[usize::from(at)];
            if known.is_nan() {
                *known = worth(x);
            }
            *known
        };
    }
}

/// Halves after a month, in `(0, 1]`; what has no age counts nothing.
fn share_of_age(days: f32) -> f64 {
    if days.is_nan() { 0.0 } else { 1.0 / (1.0 + f64::from(days.max(0.0)) / NEW_DAYS) }
}

/// The largest value, 0 when there is none above.
fn most_of(values: &[f32]) -> f32 {
    // `max` turns NaN into 0.
    values.iter().fold(0.0_f32, |most, x| most.max(*x))
}

/// `ln(1 + x) / ln(1 + most)`; what has no value, or less than 0, counts nothing.
fn share_of_count(x: f32, most: f32) -> f64 {
    if !(most > 0.0 && most.is_finite()) {
        return 0.0;
    }
    f64::from(x.max(0.0)).ln_1p() / f64::from(most).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Arrangement, Vec<(String, String)>> {
        let settings = Settings::read(r#"{"windows":["7d"]}"#).unwrap();
        let body: serde_json::Value = serde_json::from_str(json).unwrap();
        let mut findings = Findings::default();
        let object = Object::read(&body, "", &["strategy", "window"], &mut findings);
        let read = object.and_then(|object| Arrangement::read(&object, &settings, &mut findings));
        findings.finish(read).map_err(|ps| ps.into_iter().map(|p| (p.pointer, p.message)).collect())
    }

    #[test]
    fn weights_of_a_blend_add_up_to_one() {
        let blend = read(r#"{"strategy":{"blend":{"most-purchased":2,"trending":6},"window":"7d"}}"#).unwrap();
        assert_eq!(blend, Arrangement::Blend(Blend { parts: vec![(2, 0.25), (3, 0.75)], window: Window::Days7 }));
        assert_eq!((blend.name(), blend.window()), ("blend", Some(Window::Days7)));
    }

    #[test]
    fn mistakes_are_named() {
        let check = |json: &str, pointer: &str, message: &str| {
            assert_eq!(read(json), Err(vec![(pointer.to_owned(), message.to_owned())]), "{json}");
        };
        check(r#"{"strategy":{"blend":{}}}"#, "/strategy/blend", "the blend has no part");
        check(r#"{"strategy":{"blend":{"random":1,"newest":1}}}"#, "/strategy/blend/random", "unknown field `random`");
        check(
            r#"{"strategy":{"blend":{"newest":1},"window":"30d"}}"#,
            "/strategy/window",
            "the window 30d is not among the `windows` of the settings",
        );
        check(r#"{"strategy":{"order_by":"color"}}"#, "/strategy/values", "`values` is missing");
        check(r#"{"strategy":{"order_by":"color","values":["a",3]}}"#, "/strategy/values/1", "it is 3");
        check(
            r#"{"strategy":{"order_by":"color","values":["a"]},"window":"7d"}"#,
            "/window",
            "`window` stands beside a strategy that has its own",
        );
    }

    #[test]
    fn shares_of_counts_lie_between_nothing_and_all() {
        let shares =
            |counts: &[f32]| -> Vec<f64> { counts.iter().map(|x| share_of_count(*x, most_of(counts))).collect() };
        assert_eq!(shares(&[f32::NAN, -1.0, 0.0, 9.0]), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(shares(&[0.0, f32::NAN]), [0.0, 0.0]);
        let shares = shares(&[1.0, 99.0]);
        assert!(shares[0] > 0.1 && shares[0] < 0.2, "{shares:?}");
    }

    #[test]
    fn every_value_is_worth_what_it_is_worth_alone() {
        let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0, -1.0, 0.5, 254.5, 255.0, 256.0, 1e30];
        let column: Vec<f32> = odd.into_iter().chain((0..600).map(|n| (n % 300) as f32 / 2.0)).collect();
        let worth = |x: f32| share_of_count(x, 700.0) as f32;
        let mut out = vec![0.0; column.len()];
        write_each(&mut out, &column, worth);
        for (out, x) in out.iter().zip(&column) {
            assert_eq!(*out, worth(*x), "{x}");
        }
    }
}
