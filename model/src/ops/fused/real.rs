//! The two number formats that fused operations compute in.

use std::iter::Sum;

use candle_core::WithDType;

use crate::product::Element;

/// Single precision, for work; double precision, for checks.
pub(crate) trait Real: WithDType + Element + Sum {
    /// `e^x`. In single precision a polynomial that compiles to vector code, within two units in the last place; a NaN stays one,
    /// and what would be below the smallest normal number is that number.
    fn exponential(self) -> Self;

    /// A constant.
    fn constant(value: f64) -> Self {
        <Self as WithDType>::from_f64(value)
    }
}

impl Real for f64 {
    fn exponential(self) -> Self {
        self.exp()
    }
}

impl Real for f32 {
    #[inline(always)]
    fn exponential(self) -> Self {
        /// Adding it rounds to an integer, which is then in the low bits.
        const ROUND: f32 = 12_582_912.0;
        /// ln 2 in two parts, so that taking multiples of it away is exact.
        const LN_2_HIGH: f32 = 0.693_359_4;
        const LN_2_LOW: f32 = -2.121_944_4e-4;
        let x = self.clamp(-87.336_54, 88.0);
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let whole = shifted - ROUND;
        let rest = x - whole * LN_2_HIGH - whole * LN_2_LOW;
        // The Taylor series' first terms, the last ones adjusted to the interval (Cephes, expf.c).
        let mut sum = 1.987_569_1e-4_f32;
        for coefficient in [
            1.398_199_9e-3,
            8.333_452e-3,
            4.166_579_6e-2,
            1.666_666_5e-1,
            0.5,
        ] {
            sum = sum * rest + coefficient;
        }
        let value = sum * rest * rest + rest + 1.0;
        let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
        value * power
    }
}

/// Runs a loop with the widest vector instructions that this processor has.
#[inline]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_two_units_in_the_last_place() {
        for step in -87_000..=88_000_i32 {
            let x = f64::from(step) / 1000.0;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "single precision is under test"
            )]
            let single = x as f32;
            let (found, exact) = (f64::from(single.exponential()), f64::from(single).exp());
            assert!(
                ((found - exact) / exact).abs() < 2.4e-7,
                "e^{x}: {found} and not {exact}"
            );
        }
    }

    #[test]
    fn a_nan_stays_one_and_minus_infinity_gives_almost_nothing() {
        assert!(f32::NAN.exponential().is_nan());
        assert!(f32::NEG_INFINITY.exponential() < 1.2e-38);
    }
}
