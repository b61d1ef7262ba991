//! Which weights put what was chosen above what was not?
//!
//! A linear model by pairwise logistic loss: for every chosen item, every less chosen one of the same answer that should
//! stand below it, `ln(1 + exp(−(f_chosen − f_other)))`, weighed by gain and by one over the chance that the chosen place
//! was looked at. Under the position-based model that sum is an unbiased bound of the rank of what is relevant
//! (Joachims, Swaminathan and Schnabel, WSDM 2017, equations 9 to 12). Weights are pulled to 0 by half their square. The
//! loss is convex, so Newton's method finds the one minimum, the same on every run.

use super::bias::inverse_propensity;
use super::columns::{Column, features};
use super::examples::Answer;

/// How firmly weights are held at 0, against a loss that is a mean over pairs.
const PENALTY: f64 = 1e-3;
/// The score's own weight is hardly held, only enough for there to be a minimum.
const SCORE_PENALTY: f64 = 1e-6;
const STEPS_MAX: usize = 30;
/// A step shorter than this ends the search.
const STEP_MIN: f64 = 1e-7;

/// What was found; only proportions matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Weight of the score as a share of the best one.
    pub score_weight: f64,
    /// Weights of the columns.
    pub weights: Vec<f64>,
}

/// One pair: how the better one differs, and how much it counts.
struct Pairs {
    width: usize,
    /// `[n, width]`, row-major: the score first, then the columns.
    differences: Vec<f32>,
    weights: Vec<f64>,
}

/// Fits a model to answers.
pub fn fit(columns: &[Column], answers: &[Answer], exponent: f64) -> Model {
    let pairs = pairs(columns, answers, exponent);
    let found = minimum(&pairs);
    Model { score_weight: found[0], weights: found[1..].to_vec() }
}

fn pairs(columns: &[Column], answers: &[Answer], exponent: f64) -> Pairs {
    let width = columns.len() + 1;
    let mut pairs = Pairs { width, differences: Vec::new(), weights: Vec::new() };
    for answer in answers {
        let best = answer.best();
        let rows: Vec<Vec<f64>> =
            answer.rows.iter().map(|row| [vec![row.base / best], features(columns, row, best)].concat()).collect();
        for (better, x) in answer.rows.iter().zip(&rows).filter(|(row, _)| row.gain > 0) {
            let below: Vec<usize> = (0..rows.len()).filter(|at| answer.rows[*at].gain < better.gain).collect();
            let weight = f64::from(better.gain) * inverse_propensity(better.position, exponent) / below.len() as f64;
            for at in below {
                pairs.differences.extend(x.iter().zip(&rows[at]).map(|(a, b)| (a - b) as f32));
                pairs.weights.push(weight);
            }
        }
    }
    pairs
}

fn minimum(pairs: &Pairs) -> Vec<f64> {
    let mut at = vec![0.0; pairs.width];
    let mut loss = pairs.loss(&at);
    for _ in 0..STEPS_MAX {
        let (gradient, hessian) = pairs.derivatives(&at);
        let Some(step) = solve(hessian, &gradient) else { break };
        // Halved until it helps; in exact arithmetic the first one nearly always does.
        let mut share = 1.0;
        let better = loop {
            let there: Vec<f64> = at.iter().zip(&step).map(|(w, s)| w - share * s).collect();
            let loss_there = pairs.loss(&there);
            if loss_there <= loss {
                break Some((there, loss_there));
            }
            share /= 2.0;
            if share < 1e-6 {
                break None;
            }
        };
        let Some((there, loss_there)) = better else { break };
        let moved = at.iter().zip(&there).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        (at, loss) = (there, loss_there);
        if moved < STEP_MIN {
            break;
        }
    }
    at
}

fn penalty(column: usize) -> f64 {
    if column == 0 { SCORE_PENALTY } else { PENALTY }
}

impl Pairs {
    fn rows(&self) -> impl Iterator<Item = (&[f32], f64)> {
        self.differences.chunks_exact(self.width).zip(self.weights.iter().copied())
    }

    fn total(&self) -> f64 {
        self.weights.iter().sum::<f64>().max(f64::MIN_POSITIVE)
    }

    fn loss(&self, at: &[f64]) -> f64 {
        let logistic =
            |margin: f64| if margin > 0.0 { (-margin).exp().ln_1p() } else { -margin + margin.exp().ln_1p() };
        let sum: f64 = self.rows().map(|(x, weight)| weight * logistic(dot(x, at))).sum();
        let held: f64 = at.iter().enumerate().map(|(c, w)| penalty(c) * w * w / 2.0).sum();
        sum / self.total() + held
    }

    /// Gradient, and second derivatives `[width, width]`, of which only the lower half is filled.
    fn derivatives(&self, at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let n = self.width;
        let (mut gradient, mut hessian) = (vec![0.0; n], vec![vec![0.0; n]; n]);
        for (x, weight) in self.rows() {
            let miss = 1.0 / (1.0 + dot(x, at).exp());
            let curve = weight * miss * (1.0 - miss);
            for (row, a) in x.iter().enumerate() {
                let a = f64::from(*a);
                gradient[row] -= weight * miss * a;
                let own = &mut hessian[row];
                own.iter_mut().zip(x).take(row + 1).for_each(|(sum, b)| *sum += curve * a * f64::from(*b));
            }
        }
        let total = self.total();
        for row in 0..n {
            gradient[row] = gradient[row] / total + penalty(row) * at[row];
            hessian[row].iter_mut().for_each(|second| *second /= total);
            hessian[row][row] += penalty(row);
        }
        (gradient, hessian)
    }
}

fn dot(x: &[f32], w: &[f64]) -> f64 {
    x.iter().zip(w).map(|(a, b)| f64::from(*a) * b).sum()
}

/// The solution of `matrix · x = right` by Cholesky's decomposition, of a symmetric matrix of which only the lower half
/// is read; `None` when it is not positive.
fn solve(mut matrix: Vec<Vec<f64>>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    for row in 0..n {
        for column in 0..=row {
            let before: f64 = (0..column).map(|k| matrix[row][k] * matrix[column][k]).sum();
            let rest = matrix[row][column] - before;
            matrix[row][column] = match row == column {
                true if rest <= 0.0 || !rest.is_finite() => return None,
                true => rest.sqrt(),
                false => rest / matrix[column][column],
            };
        }
    }
    let mut x = right.to_vec();
    for row in 0..n {
        let before: f64 = (0..row).map(|k| matrix[row][k] * x[k]).sum();
        x[row] = (x[row] - before) / matrix[row][row];
    }
    for row in (0..n).rev() {
        let after: f64 = (row + 1..n).map(|k| matrix[k][row] * x[k]).sum();
        x[row] = (x[row] - after) / matrix[row][row];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use planogram_core::id::ItemId;
    use planogram_datasets::rng::Rng;

    use super::super::columns::Scale;
    use super::super::examples::Row;
    use super::*;

    #[test]
    fn equations_are_solved() {
        let matrix = vec![vec![4.0, 2.0, 0.0], vec![2.0, 5.0, 1.0], vec![0.0, 1.0, 3.0]];
        let x = solve(matrix, &[8.0, 15.0, 11.0]).unwrap();
        x.iter().zip([1.0, 2.0, 3.0]).for_each(|(found, expected)| assert!((found - expected).abs() < 1e-12, "{x:?}"));
        assert_eq!(solve(vec![vec![0.0]], &[1.0]), None);
        assert_eq!(solve(vec![vec![1.0, 2.0], vec![2.0, 1.0]], &[1.0, 1.0]), None);
    }

    /// Shoppers look from the top and choose by `score − 2·price`, with some noise.
    #[test]
    fn what_shoppers_choose_by_is_found_though_they_look_at_the_top() {
        let mut rng = Rng::new(5);
        let linear = |name: &str| Column { name: name.into(), scale: Scale::Linear { center: 0.0, spread: 1.0 } };
        let columns = [linear("price"), linear("noise")];
        let exponent = 1.0;
        let mut answers = Vec::new();
        for n in 0..3_000 {
            let mut rows: Vec<Row> = (0..10)
                .map(|item| {
                    let (base, price) = (rng.unit(), rng.unit() as f32);
                    let values = vec![price, rng.unit() as f32];
                    Row { item: ItemId(item), position: 0, score: base, base, values, gain: 0 }
                })
                .collect();
            rows.sort_by(|a, b| b.score.total_cmp(&a.score));
            for (position, row) in (0u32..).zip(&mut rows) {
                row.position = position;
                let liking = 3.0 * (row.base - 2.0 * f64::from(row.values[0]));
                let seen = rng.unit() < (f64::from(position) + 1.0).powf(-exponent);
                row.gain = u8::from(seen && rng.unit() < 1.0 / (1.0 + (-liking).exp()));
            }
            answers.push(Answer { query: n, time_ms: i64::from(n), rows });
        }
        let model = fit(&columns, &answers, exponent);
        let (price, noise) = (model.weights[0] / model.score_weight, model.weights[1] / model.score_weight);
        assert!((-2.6..-1.5).contains(&price) && noise.abs() < 0.2, "{model:?}");
        assert_eq!(fit(&columns, &answers, exponent), model);
        let fooled = fit(&columns, &answers, 0.0);
        let price = fooled.weights[0] / fooled.score_weight;
        assert!(price > -1.5, "who takes places for liking overrates the score that made them: {price}");
    }
}
