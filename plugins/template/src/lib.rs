//! The plugin that planogram plugin new copies.
#![forbid(unsafe_code)]

use planogram_abi::*;

/// The plugin.
pub struct Template;

impl Plugin for Template {
    const NAME: &'static str = "template";
    type Prepared = ();
    fn configure(_settings: &str) -> Outcome<Self> {
        Ok(Self)
    }
    fn contributions(&self) -> Vec<Contribution<()>> {
        vec![Contribution::scorer("boost", Phase::All, &[column::PRICE], &[("boost", Combine::Add)], score)]
    }
    fn prepare(&self, _epoch: &Epoch<'_>, _previous: Option<&()>) -> Outcome<()> {
        Ok(())
    }
}

fn score(_: &(), _: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    for (out, price) in batch.out[0].iter_mut().zip(batch.columns[0]) {
        *out = price * 2.0;
    }
    Ok(())
}

export_plugin!(Template);
