//! How good is one ranked list?
//!
//! Every measure looks at the first `k` places and lies in `[0, 1]`. Means over cases are the caller's. Two
//! families: one right answer (by its rank), and graded answers (by gains).

/// Zero-based place of the target, `None` when it is not in the list.
pub fn rank_of<T: PartialEq>(ranked: &[T], target: &T) -> Option<usize> {
    ranked.iter().position(|item| item == target)
}

/// HR@k of one case: 1 when the right answer is among the first `k`. Its mean is the hit rate.
pub fn hit(rank: Option<usize>, k: usize) -> f64 {
    f64::from(u8::from(rank.is_some_and(|r| r < k)))
}

/// MRR@k of one case: 1 / (rank + 1) within the first `k`, else 0.
pub fn reciprocal_rank(rank: Option<usize>, k: usize) -> f64 {
    rank.filter(|r| *r < k).map_or(0.0, |r| 1.0 / (r + 1) as f64)
}

/// NDCG@k of one case with one right answer: 1 / log2(rank + 2) within the first `k`, else 0.
pub fn ndcg_one(rank: Option<usize>, k: usize) -> f64 {
    rank.filter(|r| *r < k).map_or(0.0, |r| 1.0 / ((r + 2) as f64).log2())
}

/// Discounted cumulative gain of the first `k` grades: Σ (2^g − 1) / log2(place + 2)
/// (Burges et al., 2005; Järvelin and Kekäläinen, 2002 for the discount).
pub fn dcg(grades: &[u8], k: usize) -> f64 {
    grades.iter().take(k).enumerate().map(|(i, &g)| (f64::from(g).exp2() - 1.0) / ((i + 2) as f64).log2()).sum()
}

/// NDCG@k: gain of the list over that of the best possible list.
///
/// `ranked` are the grades in list order, 0 for items without a grade; `judged` are all grades of the query
/// in any order. `None` when no grade is above 0: the query cannot tell good from bad.
pub fn ndcg(ranked: &[u8], judged: &[u8], k: usize) -> Option<f64> {
    let mut ideal = judged.to_vec();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = dcg(&ideal, k);
    (best > 0.0).then(|| dcg(ranked, k) / best)
}

/// Recall@k: the share of the right answers among the first `k`; `None` when there is no right answer.
pub fn recall<T: PartialEq>(ranked: &[T], relevant: &[T], k: usize) -> Option<f64> {
    let head = &ranked[..k.min(ranked.len())];
    let found = relevant.iter().filter(|item| head.contains(item)).count();
    (!relevant.is_empty()).then(|| found as f64 / relevant.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-4, "{got} is not {expected}");
    }

    #[test]
    fn one_right_answer() {
        let rank = rank_of(&["a", "b", "c"], &"c");
        assert_eq!(rank, Some(2));
        check(hit(rank, 3), 1.0);
        check(hit(rank, 2), 0.0);
        check(reciprocal_rank(rank, 20), 1.0 / 3.0);
        check(ndcg_one(rank, 20), 0.5);
        check(ndcg_one(rank, 2), 0.0);
        check(reciprocal_rank(rank_of(&["a"], &"x"), 20), 0.0);
    }

    #[test]
    fn graded_answers() {
        // The worked example of many textbooks: grades 3 2 3 0 1 2.
        let ranked = [3, 2, 3, 0, 1, 2];
        check(dcg(&ranked, 6), 13.8483);
        check(ndcg(&ranked, &ranked, 6).unwrap(), 13.8483 / 14.5956);
        check(ndcg(&[3, 3, 2], &[2, 3, 3], 10).unwrap(), 1.0);
        check(ndcg(&[0, 3], &[3], 1).unwrap(), 0.0);
        assert_eq!(ndcg(&[0, 0], &[0], 10), None);
    }

    #[test]
    fn recall_counts_what_was_found() {
        check(recall(&[1, 2, 3, 4], &[4, 1, 9], 3).unwrap(), 1.0 / 3.0);
        check(recall(&[1, 2], &[1], 100).unwrap(), 1.0);
        assert_eq!(recall(&[1], &[], 10), None);
    }
}
