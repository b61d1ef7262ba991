//! In which order would a shown list have served its shopper without any learning?

use super::{Context, Reference, fill_up, newest_first};

/// The list as it was shown.
pub struct AsShown;

/// What the shopper touched in this visit first, the newest first, then the rest as shown.
pub struct TouchedFirst;

impl Reference for AsShown {
    fn name(&self) -> &'static str {
        "as shown"
    }

    fn source(&self) -> &'static str {
        "the log's own order"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        fill_up(Vec::new(), context.shown, &[], k)
    }
}

impl Reference for TouchedFirst {
    fn name(&self) -> &'static str {
        "touched first"
    }

    fn source(&self) -> &'static str {
        "a common baseline of the RecSys Challenge 2019"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let touched = newest_first(context.items).into_iter().filter(|item| context.shown.contains(item)).collect();
        fill_up(touched, context.shown, &[], k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_touch_leads() {
        let context = Context { items: &[3, 9, 2], shown: &[1, 2, 3, 4], ..Context::default() };
        assert_eq!(TouchedFirst.rank(&context, 9), [2, 3, 1, 4]);
        assert_eq!(AsShown.rank(&context, 2), [1, 2]);
    }
}
