//! How likely is it that a shopper looks at a place of the list?
//!
//! The position-based click model: a product is clicked when its place is examined and it attracts, and both are
//! independent (Craswell, Zoeter, Taylor and Ramsey, *An experimental comparison of click position-bias models*,
//! WSDM 2008, their baseline; Chuklin, Markov and de Rijke, *Click Models for Web Search*, 2015, section 3.3).
//! Its curve is estimated from the shop's own clicks, all queries together: clicks at a place divided by the
//! attractiveness of what stood there, which is one step of alternating estimation a search, in closed form
//! (regression-based EM of Wang and others, WSDM 2018, does the same in batches).
//! Until there are clicks it is `1 / rank`, the usual assumption (Joachims, Swaminathan and Schnabel, WSDM 2017).

use serde::{Deserialize, Serialize};

use super::fade::{Day, pass};
use crate::limits::EXAMINED_POSITIONS;

/// Examined attractive products that the assumed curve is worth at each place.
const PRIOR_ATTRACTION: f64 = 5.0;
/// Least examination of a place relative to the first, so that no click counts for more than twenty: far down, the
/// little that is known of a place would decide (clipping, as with any inverse propensity). Measured on six queries of
/// a click log, see `benches/quality`: .05 and .1 do equally well, .01 and .03 worse.
const LEAST: f64 = 0.05;
/// Share of examined products that are clicked, before anything is known.
const PRIOR_RATE: f64 = 0.1;
/// Examined products that this share is worth.
const PRIOR_EXAMINED: f64 = 100.0;

/// One place of a result list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    clicks: f64,
    /// Sum of the attractiveness of what was shown here.
    attraction: f64,
}

/// The curve of the shop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Examination {
    day: Day,
    places: Vec<Place>,
    clicks: f64,
    examined: f64,
}

impl Examination {
    /// Lets time pass.
    pub fn settle(&mut self, day: Day) {
        let left = pass(day, &mut self.day);
        if left < 1.0 {
            self.clicks *= left;
            self.examined *= left;
            self.places.iter_mut().for_each(|place| {
                place.clicks *= left;
                place.attraction *= left;
            });
        }
    }

    /// Probability that a place is looked at, relative to the first, in `[0.05, 1]`.
    pub fn at(&self, position: u32) -> f64 {
        (self.absolute(position) / self.absolute(0)).clamp(LEAST, 1.0)
    }

    fn absolute(&self, position: u32) -> f64 {
        let place = self.places.get(place_of(position)).copied().unwrap_or_default();
        let assumed = 1.0 / (1.0 + place_of(position) as f64);
        (place.clicks + PRIOR_ATTRACTION * assumed) / (place.attraction + PRIOR_ATTRACTION)
    }

    /// Share of examined products that are clicked, whatever the query.
    pub fn rate(&self) -> f64 {
        (self.clicks + PRIOR_EXAMINED * PRIOR_RATE) / (self.examined + PRIOR_EXAMINED)
    }

    /// Something was shown at a place that is so attractive as far as is known; returns how much of it was examined.
    pub fn shown(&mut self, position: u32, attractiveness: f64) -> f64 {
        let examined = self.at(position);
        self.place(position).attraction += attractiveness;
        self.examined += examined;
        examined
    }

    /// What was shown at a place was clicked.
    pub fn clicked(&mut self, position: u32) {
        self.place(position).clicks += 1.0;
        self.clicks += 1.0;
    }

    fn place(&mut self, position: u32) -> &mut Place {
        let at = place_of(position);
        if at >= self.places.len() {
            self.places.resize(at + 1, Place::default());
        }
        &mut self.places[at]
    }
}

/// All places past the last one that is told apart are alike.
fn place_of(position: u32) -> usize {
    (position as usize).min(EXAMINED_POSITIONS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_assumed_at_first_and_learned_from_clicks() {
        let mut curve = Examination::default();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 0.02, "{a} is not {b}");
        near(curve.at(0), 1.0);
        near(curve.at(3), 0.25);
        near(curve.at(1_000_000), LEAST);
        // Shoppers of this shop look at the fourth place half as often as at the first.
        for n in 0..4_000 {
            for position in 0..4 {
                curve.shown(position, 0.2);
            }
            if n % 5 == 0 {
                curve.clicked(0);
            }
            if n % 10 == 0 {
                curve.clicked(3);
            }
        }
        near(curve.at(3), 0.5);
        assert!(curve.at(1) <= LEAST, "nobody looks at the second place: {}", curve.at(1));
        let before = curve.at(3);
        curve.settle(0);
        assert_eq!(curve.at(3), before);
        curve.settle(9_000);
        near(curve.at(3), 0.25);
    }
}
