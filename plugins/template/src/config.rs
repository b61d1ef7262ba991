//! What can be set?
//!
//! Every default stands here and nowhere else.

use planogram_abi::{Failure, Outcome};
use serde::Deserialize;

/// Settings of the plugin, a JSON object.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Code of a numeric product attribute.
    pub attribute: String,
    /// Smallest value that gets the bonus.
    pub at_least: f32,
    /// Added to the score, in `[0, 100]`.
    pub bonus: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { attribute: "rating".to_owned(), at_least: 4.0, bonus: 1.0 }
    }
}

impl Settings {
    /// Reads settings.
    ///
    /// # Errors
    /// Which key is unknown or out of range, with its value and what is allowed.
    pub fn parse(json: &str) -> Outcome<Self> {
        let settings: Self = serde_json::from_str(json)?;
        if settings.attribute.is_empty() {
            return Err(Failure("`attribute` is empty, must be the code of a product attribute".to_owned()));
        }
        if !(0.0..=100.0).contains(&settings.bonus) {
            return Err(Failure(format!("`bonus` is {}, must be in [0, 100]", settings.bonus)));
        }
        Ok(settings)
    }
}
