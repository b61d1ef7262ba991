//! What can an operator set, and what holds when nothing is set?
//!
//! Every default of the plugin stands in this file.

use planogram_rules::Limits;
use serde::Deserialize;

use crate::strategy::Window;

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Category rules in one scope.
    pub rules_max: usize,
    /// Leaves of one rule's conditions.
    pub conditions_max: usize,
    /// Events of one rule.
    pub events_max: usize,
    /// Windows that rules may name; each costs three columns on every category page.
    pub windows: Vec<Window>,
}

impl Default for Settings {
    fn default() -> Self {
        let Limits { rules_max, conditions_max, events_max } = Limits::default();
        Self { rules_max, conditions_max, events_max, windows: Window::ALL.to_vec() }
    }
}

impl Settings {
    /// The limits as the rules' reader takes them.
    pub fn limits(&self) -> Limits {
        Limits { rules_max: self.rules_max, conditions_max: self.conditions_max, events_max: self.events_max }
    }

    /// Reads and checks the settings, a JSON object; blank text is the same as `{}`.
    ///
    /// # Errors
    /// Names the key path, the value and what is allowed.
    pub fn read(json: &str) -> Result<Self, String> {
        let json = if json.trim().is_empty() { "{}" } else { json };
        let mut settings: Self = serde_json::from_str(json).map_err(|error| format!("settings: {error}"))?;
        settings.limits().check("")?;
        settings.windows.sort_unstable();
        settings.windows.dedup();
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        assert_eq!(Settings::read(" ").unwrap(), Settings::default());
        let settings = Settings::read(r#"{"windows":["30d","7d","7d"]}"#).unwrap();
        assert_eq!(settings.windows, [Window::Days7, Window::Days30]);
        let check = |json: &str, expected: &str| {
            let message = Settings::read(json).expect_err(json);
            assert!(message.contains(expected), "{json}: {message}");
        };
        check(r#"{"rules":1}"#, "unknown field `rules`");
        check(r#"{"rules_max":0}"#, "`rules_max` is 0, allowed are 1 to 1000000");
        check(r#"{"windows":["1y"]}"#, "unknown variant `1y`");
    }
}
