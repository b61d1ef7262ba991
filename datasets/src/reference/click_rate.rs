//! What did those who typed the same click? The naive way to learn from a search log: clicks over impressions, blind
//! to the place a product was shown in.

use std::collections::HashMap;

use super::{Context, Reference, best};

/// Click rates by query and item.
#[derive(Default)]
pub struct ClickRate {
    /// (clicks, impressions) by item, by query.
    counts: HashMap<String, HashMap<u32, (f64, f64)>>,
}

impl ClickRate {
    /// Counts one impression of an item under a query.
    pub fn add(&mut self, text: &str, item: u32, is_clicked: bool) {
        let counts = self.counts.entry(text.to_owned()).or_default().entry(item).or_default();
        *counts = (counts.0 + f64::from(u8::from(is_clicked)), counts.1 + 1.0);
    }
}

impl Reference for ClickRate {
    fn name(&self) -> &'static str {
        "click rate"
    }

    fn source(&self) -> &'static str {
        "clicks over impressions of the same sessions"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let rates = self.counts.get(context.text).into_iter().flatten();
        best(rates.map(|(item, (clicks, shown))| (*item, clicks / shown)), k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_counts_not_the_number() {
        let mut rates = ClickRate::default();
        for clicked in [true, false, true, false] {
            rates.add("lamp", 1, clicked);
        }
        rates.add("lamp", 2, true);
        rates.add("lamp", 3, false);
        let ask = |text: &str| rates.rank(&Context { text, ..Context::default() }, 9);
        assert_eq!(ask("lamp"), [2, 1]);
        assert_eq!(ask("chair"), [] as [u32; 0]);
    }
}
