//! pass@k: the chance that at least one of `k` attempts at an instance resolves it.
//!
//! The estimator is the unbiased one of Chen et al. 2021 (arXiv 2107.03374, section 2.1): with `n` attempts of which `c`
//! resolve, `1 − C(n−c, k) / C(n, k)`. The interval of the mean over instances is the
//! bootstrap's percentiles over instances (Efron 1979), drawn from a fixed seed, since instances are what is sampled and
//! the attempts at one are not independent.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// How often the bootstrap draws.
const DRAWS: usize = 2000;
const SEED: u64 = 0;

/// The attempts at one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// How many were graded. Attempts that the machinery failed are none.
    pub graded: u64,
    /// How many of them resolve it.
    pub resolved: u64,
}

/// pass@k over instances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassAtK {
    /// Attempts that are allowed.
    pub k: u64,
    /// The mean over instances.
    pub estimate: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Instances with at least `k` graded attempts: only they count.
    pub instances: usize,
}

/// The unbiased estimate of one instance; `None` with fewer than `k` graded attempts, or if `k` is 0.
pub fn of_instance(attempts: Attempts, k: u64) -> Option<f64> {
    let Attempts { graded, resolved } = attempts;
    if k == 0 || graded < k || resolved > graded {
        return None;
    }
    let failed = graded - resolved;
    if failed < k {
        return Some(1.0);
    }
    // C(n−c, k) / C(n, k) as a product, which does not overflow.
    let all_fail: f64 = (failed + 1..=graded)
        .map(|number| 1.0 - float(k) / float(number))
        .product();
    Some(1.0 - all_fail)
}

/// The mean over instances with its interval; `None` if no instance has enough attempts.
pub fn over(instances: &[Attempts], k: u64) -> Option<PassAtK> {
    let estimates: Vec<f64> = instances
        .iter()
        .filter_map(|attempts| of_instance(*attempts, k))
        .collect();
    if estimates.is_empty() {
        return None;
    }
    let estimate = mean(estimates.iter().copied(), estimates.len());
    let mut random = StdRng::seed_from_u64(SEED);
    let mut means: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn =
                (0..estimates.len()).map(|_| estimates[random.random_range(0..estimates.len())]);
            mean(drawn, estimates.len())
        })
        .collect();
    means.sort_by(f64::total_cmp);
    // Without any spread the bootstrap knows nothing of what it has not seen; Wilson's interval does.
    let (low, high) = if means.first() == means.last() {
        wilson(estimate, estimates.len())
    } else {
        (means[DRAWS / 40], means[DRAWS - 1 - DRAWS / 40])
    };
    Some(PassAtK {
        k,
        estimate,
        low: low.min(estimate),
        high: high.max(estimate),
        instances: estimates.len(),
    })
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / float(count as u64)
}

/// Wilson's interval of a proportion at 95 % (Wilson 1927).
fn wilson(proportion: f64, count: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let n = float(count as u64);
    let centre = proportion + Z * Z / (2.0 * n);
    let spread = Z * (proportion * (1.0 - proportion) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    ((centre - spread) / scale, (centre + spread) / scale)
}

#[expect(clippy::cast_precision_loss, reason = "counts of attempts are small")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(graded: u64, resolved: u64) -> Attempts {
        Attempts { graded, resolved }
    }

    #[test]
    fn the_estimate_is_the_share_of_choices_with_a_success() {
        // All ways to choose k of n attempts, of which the first c resolve.
        for (graded, resolved, k) in [
            (5, 2, 1),
            (5, 2, 3),
            (6, 1, 4),
            (8, 3, 2),
            (4, 0, 2),
            (4, 4, 1),
        ] {
            let choices: Vec<u32> = (0_u32..1 << graded)
                .filter(|set| u64::from(set.count_ones()) == k)
                .collect();
            let lucky = choices
                .iter()
                .filter(|set| **set & ((1 << resolved) - 1) != 0)
                .count();
            let share = float(lucky as u64) / float(choices.len() as u64);
            let estimate = of_instance(attempts(graded, resolved), k).unwrap();
            assert!((estimate - share).abs() < 1e-12, "{graded} {resolved} {k}");
        }
    }

    #[test]
    fn instances_with_too_few_attempts_are_left_out_and_counted_so() {
        let all = [attempts(4, 1), attempts(2, 2), attempts(0, 0)];
        assert_eq!(over(&all, 3).unwrap().instances, 1);
        assert_eq!(over(&all, 5), None);
        assert_eq!(over(&all, 0), None);
    }

    #[test]
    fn the_interval_holds_the_estimate_and_narrows_with_more_instances() {
        let of = |count: usize| -> Vec<Attempts> {
            (0..count)
                .map(|index| attempts(4, (index % 5).min(4) as u64))
                .collect()
        };
        let few = over(&of(20), 1).unwrap();
        let many = over(&of(2000), 1).unwrap();
        for result in [few, many] {
            assert!(result.low <= result.estimate && result.estimate <= result.high);
        }
        assert!(many.high - many.low < (few.high - few.low) / 5.0);
        assert_eq!(over(&of(20), 1), Some(few));
    }

    #[test]
    fn ten_failures_of_ten_do_not_prove_that_success_is_impossible() {
        let none = over(&[attempts(1, 0); 10], 1).unwrap();
        assert!(
            (none.estimate, none.low) == (0.0, 0.0) && none.high > 0.2,
            "{none:?}"
        );
    }
}
