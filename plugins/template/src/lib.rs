//! A planogram plugin: products whose attribute is high enough get a bonus.
//!
//! This file says what the plugin contributes and exports it; `config` reads its settings, `bonus` is the idea.
//! Replace `bonus` by your own.

#![forbid(unsafe_code)]

mod bonus;
mod config;

use planogram_abi::{Call, Combine, Contribution, Epoch, Outcome, Phase, Plugin, ScoreBatch, column, export_plugin};

use config::Settings;

/// The plugin, configured.
pub struct Template {
    settings: Settings,
}

impl Plugin for Template {
    const NAME: &'static str = "template";

    /// What a call needs. It is made anew when documents or models change; settings are all we have.
    type Prepared = Settings;

    fn configure(settings: &str) -> Outcome<Self> {
        Ok(Self { settings: Settings::parse(settings)? })
    }

    fn contributions(&self) -> Vec<Contribution<Settings>> {
        let reads = [format!("{}{}", column::ATTRIBUTE_PREFIX, self.settings.attribute)];
        vec![Contribution::scorer("bonus", Phase::All, &reads, &[("bonus", Combine::Add)], score)]
    }

    fn prepare(&self, _epoch: &Epoch<'_>, _previous: Option<&Settings>) -> Outcome<Settings> {
        Ok(self.settings.clone())
    }
}

/// Writes column `bonus` from the attribute's column; row `i` is one product in both.
fn score(settings: &Settings, _call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    bonus::fill(batch.columns[0], settings.at_least, settings.bonus, batch.out[0]);
    Ok(())
}

export_plugin!(Template);

#[cfg(test)]
mod tests {
    use planogram_abi::testing::{Asked, Harness, Shop};

    use super::*;

    fn shop() -> Shop {
        Shop::new()
            .item("loved", &[("attribute.rating", 4.8)])
            .item("plain", &[("attribute.rating", 3.1)])
            .item("unrated", &[])
    }

    /// Scores the three items of the shop.
    fn check(settings: &str, expected: [f32; 3]) {
        let harness = Harness::<Template>::new(settings, shop()).unwrap();
        let columns = harness.score("bonus", &Asked::search("shoes"), &["loved", "plain", "unrated"]).unwrap();
        assert_eq!(columns, [("bonus".to_owned(), expected.to_vec())]);
    }

    #[test]
    fn what_is_good_enough_gets_the_bonus() {
        check("{}", [1.0, 0.0, 0.0]);
        check(r#"{"at_least": 3, "bonus": 0.5}"#, [0.5, 0.5, 0.0]);
        check(r#"{"attribute": "score"}"#, [0.0, 0.0, 0.0]);
    }

    #[test]
    fn bad_settings_say_what_is_wrong() {
        let refused = Harness::<Template>::new(r#"{"bonus": 1000}"#, shop()).err().unwrap();
        assert!(refused.to_string().contains("`bonus` is 1000, must be in [0, 100]"), "{refused}");
        let refused = Harness::<Template>::new(r#"{"color": 1}"#, shop()).err().unwrap();
        assert!(refused.to_string().contains("unknown field `color`"), "{refused}");
    }
}
