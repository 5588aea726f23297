//! Chance that depends on a seed and a position, and on nothing that was drawn before.

/// A number in [0, 1) for this position of the answer: the `position`-th output of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014)
/// started from the seed's own scrambling, so that neighbouring seeds share nothing.
pub(super) fn uniform(seed: u64, position: u64) -> f64 {
    let start = scramble(seed.wrapping_add(GOLDEN));
    let bits = scramble(start.wrapping_add(position.wrapping_add(1).wrapping_mul(GOLDEN)));
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    let fraction = (bits >> 11) as f64;
    fraction * 2f64.powi(-53)
}

/// 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of `SplitMix64`.
fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chi-squared over 64 bins has 63 degrees of freedom: 120 is beyond the 99.999th percentile.
    fn chi_squared(draws: impl Iterator<Item = f64>) -> f64 {
        let mut bins = [0u32; 64];
        let mut total = 0u32;
        for draw in draws {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "draws lie in [0, 1)"
            )]
            let bin = (draw * 64.0) as usize;
            bins[bin] += 1;
            total += 1;
        }
        let expected = f64::from(total) / 64.0;
        bins.iter()
            .map(|&count| (f64::from(count) - expected).powi(2) / expected)
            .sum()
    }

    #[test]
    fn draws_are_uniform_along_positions_and_along_seeds() {
        assert!(chi_squared((0..64_000).map(|position| uniform(7, position))) < 120.0);
        assert!(chi_squared((0..64_000).map(|seed| uniform(seed, 0))) < 120.0);
        // Neighbouring seeds at neighbouring positions must not repeat each other.
        assert!(
            chi_squared((0..64_000).map(|n| (uniform(n, 1) - uniform(n + 1, 0)).rem_euclid(1.0)))
                < 120.0
        );
    }
}
