//! How much may earlier searches for the same thing move a product?
//!
//! `addition = budget · T · v + exploration · text · novelty · u`, where `T` is the best text score of the list (1 when
//! nothing matches by its text), `v` in `(-1, 1)` the evidence of the kernel, `text` the item's own text score and `u` in
//! `[0, 1)` a number drawn from the request's seed and the item. So evidence moves a product by at most `budget` best
//! text scores in either direction, and less while it is thin; with a budget above 1 strong evidence outweighs the
//! words alone, which is meant: thousands of shoppers know better what "kindle" is. Exploration shows what was seldom
//! seen a little earlier now and then, by at most `exploration` of its own text score, and only where the query has
//! evidence at all. It is off by default, because every reordering that is not needed costs shoppers time.
//! What is not here: how evidence is gathered and cleaned of the places things were shown in, which the kernel does.

/// How much evidence counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Most that evidence adds or takes, in best text scores of the list.
    pub budget: f32,
    /// Most that being new adds, as a share of the item's own text score.
    pub exploration: f32,
}

/// The columns a call reads, `[n]` each.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Text score.
    pub text: &'a [f32],
    /// Evidence in `(-1, 1)`, 0 without any.
    pub evidence: &'a [f32],
    /// How little was seen of it, in `(0, 1]`, NaN where the query has no evidence; absent without exploration.
    pub novelty: Option<&'a [f32]>,
}

impl Evidence {
    /// Writes what each item gets into `out`, `[n]`.
    pub fn add(&self, columns: Columns<'_>, items: &[u32], seed: u64, out: &mut [f32]) {
        let best = columns.text.iter().copied().fold(0.0, f32::max);
        let best = if best > 0.0 { best } else { 1.0 };
        for (out, evidence) in out.iter_mut().zip(columns.evidence) {
            *out = finite(self.budget * best * evidence.clamp(-1.0, 1.0));
        }
        let Some(novelty) = columns.novelty else { return };
        for (row, novelty) in novelty.iter().enumerate().filter(|(_, novelty)| !novelty.is_nan()) {
            let drawn = draw(seed, items[row]);
            out[row] += finite(self.exploration * columns.text[row].max(0.0) * novelty.clamp(0.0, 1.0) * drawn);
        }
    }
}

fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

/// A number in `[0, 1)` that depends on the seed and the item alone (the finalizer of SplitMix64: Steele, Lea and
/// Flood, OOPSLA 2014).
fn draw(seed: u64, item: u32) -> f32 {
    let mut x = seed ^ u64::from(item).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 40) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(exploration: f32, columns: Columns<'_>, seed: u64) -> Vec<f32> {
        let mut out = vec![f32::NAN; columns.text.len()];
        let items: Vec<u32> = (0..columns.text.len() as u32).collect();
        Evidence { budget: 2.0, exploration }.add(columns, &items, seed, &mut out);
        out
    }

    #[test]
    fn evidence_moves_by_at_most_its_budget() {
        let columns = Columns { text: &[4.0, 1.0, 0.0], evidence: &[-0.5, 0.0, 0.75], novelty: None };
        assert_eq!(added(0.0, columns, 1), [-4.0, 0.0, 6.0]);
        let nothing_matches = Columns { text: &[0.0, 0.0], evidence: &[0.5, 9.0], novelty: None };
        assert_eq!(added(0.0, nothing_matches, 1), [1.0, 2.0]);
        let odd = Columns { text: &[f32::NAN, 1.0], evidence: &[f32::NAN, 0.5], novelty: None };
        assert_eq!(added(0.0, odd, 1), [0.0, 1.0]);
    }

    #[test]
    fn exploration_is_bounded_and_drawn_from_the_seed() {
        let columns =
            Columns { text: &[4.0, 4.0, 4.0, 0.0], evidence: &[0.0; 4], novelty: Some(&[1.0, 0.1, f32::NAN, 1.0]) };
        let (one, other) = (added(0.5, columns, 1), added(0.5, columns, 2));
        assert_eq!(one, added(0.5, columns, 1));
        assert_ne!(one, other);
        for out in [one, other] {
            assert!(0.0 < out[0] && out[0] < 2.0 && out[1] < 0.2, "{out:?}");
            assert_eq!(out[2..], [0.0, 0.0], "not where nothing is known, nor where no word matches");
        }
        let mean = (0..1_000).map(|item| draw(7, item)).sum::<f32>() / 1_000.0;
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
    }
}
