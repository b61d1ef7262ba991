//! Where does randomness come from?
//!
//! From here only: xoshiro256++ (Blackman and Vigna, 2018), seeded through SplitMix64 (Steele, Lea and
//! Flood, 2014). One seed gives one sequence on every machine. Parts of a generator take their own stream
//! by [`Rng::fork`], so that adding a draw to one part does not move the others.
//!
//! Not here: anything for secrets, and any seed from the clock.

use std::f64::consts::TAU;

/// A seeded stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

/// One step of SplitMix64: a bijection of 64 bits that mixes well.
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A 64-bit fingerprint of a text (FNV-1a, then mixed).
pub fn hash_text(text: &str) -> u64 {
    let fnv =
        text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    mix(fnv)
}

impl Rng {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let mut word = seed;
        let mut state = [0; 4];
        for slot in &mut state {
            *slot = mix(word);
            word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        }
        Self { state }
    }

    /// The stream of a named part of a seed; independent of how much other parts have drawn.
    pub fn fork(seed: u64, part: &str) -> Self {
        Self::new(seed ^ hash_text(part))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n` (Lemire's multiplication; the bias below 2^-32 does not matter here).
    ///
    /// # Panics
    /// When `n` is 0: there is nothing to draw.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "cannot draw below 0");
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Uniform in `from..=to`.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1).max(1) as usize) as i64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of a list.
    ///
    /// # Panics
    /// When the list is empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }

    /// Log-normal with this median and deviation of the logarithm.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Standard Gumbel: added to log weights, the order of the sums is a weighted random order
    /// (Yellott, 1977).
    pub fn gumbel(&mut self) -> f64 {
        -(-(self.unit() + f64::MIN_POSITIVE).ln()).ln()
    }

    /// Poisson with this mean: by counting below 30, by the rounded normal above.
    pub fn poisson(&mut self, mean: f64) -> usize {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let floor = (-mean).exp();
        let (mut count, mut product) = (0, self.unit());
        while product > floor {
            count += 1;
            product *= self.unit();
        }
        count
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }

    /// `count` different values of a list in random order, or all of them when there are fewer.
    pub fn sample<T: Clone>(&mut self, list: &[T], count: usize) -> Vec<T> {
        let mut copy = list.to_vec();
        let count = count.min(copy.len());
        for i in 0..count {
            let j = i + self.below(copy.len() - i);
            copy.swap(i, j);
        }
        copy.truncate(count);
        copy
    }
}

/// A discrete distribution, drawn from in O(log n).
#[derive(Clone, Debug, Default)]
pub struct Weights {
    cumulative: Vec<f64>,
}

impl Weights {
    /// The distribution proportional to these weights; negative and non-finite ones count as 0.
    pub fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut total = 0.0;
        let cumulative = weights
            .into_iter()
            .map(|w| {
                total += if w.is_finite() { w.max(0.0) } else { 0.0 };
                total
            })
            .collect();
        Self { cumulative }
    }

    /// Sum of all weights.
    pub fn total(&self) -> f64 {
        self.cumulative.last().copied().unwrap_or(0.0)
    }

    /// An index, or `None` when nothing has weight.
    pub fn draw(&self, rng: &mut Rng) -> Option<usize> {
        if self.total() <= 0.0 {
            return None;
        }
        let point = rng.unit() * self.total();
        Some(self.cumulative.partition_point(|&c| c <= point).min(self.cumulative.len() - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_stream() {
        let (mut a, mut b, mut c) = (Rng::new(7), Rng::new(7), Rng::fork(7, "names"));
        let draws: Vec<u64> = (0..5).map(|_| a.bits()).collect();
        assert_eq!(draws, (0..5).map(|_| b.bits()).collect::<Vec<_>>());
        assert_ne!(draws[0], c.bits());
    }

    #[test]
    fn split_mix_gives_the_published_first_value() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn moments_are_right() {
        let mut rng = Rng::new(1);
        let n = 20_000;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let normals: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        assert!(mean(&normals).abs() < 0.03);
        assert!((mean(&normals.iter().map(|x| x * x).collect::<Vec<_>>()) - 1.0).abs() < 0.05);
        for expected in [0.7, 12.0, 80.0] {
            let counts: Vec<f64> = (0..n).map(|_| rng.poisson(expected) as f64).collect();
            assert!((mean(&counts) / expected - 1.0).abs() < 0.03, "poisson {expected}: {}", mean(&counts));
        }
    }

    #[test]
    fn weights_are_kept() {
        let mut rng = Rng::new(3);
        let weights = Weights::new([1.0, 0.0, 3.0]);
        let mut counts = [0; 3];
        for _ in 0..8_000 {
            counts[weights.draw(&mut rng).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((counts[2] as f64 / counts[0] as f64 - 3.0).abs() < 0.3, "{counts:?}");
        assert_eq!(Weights::new([0.0, f64::NAN]).draw(&mut rng), None);
    }

    #[test]
    fn a_sample_has_no_value_twice() {
        let mut rng = Rng::new(4);
        let mut sample = rng.sample(&[1, 2, 3, 4, 5], 9);
        sample.sort_unstable();
        assert_eq!(sample, [1, 2, 3, 4, 5]);
    }
}
