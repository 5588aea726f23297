//! Intervals of floats, rounded outwards: whatever lies in the operands, the result lies in the result.

use std::ops::{Add, Div, Mul, Neg, Sub};

use num_rational::BigRational;
use num_traits::ToPrimitive as _;

/// All numbers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    /// A single number.
    pub(super) const fn point(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// Between two numbers, the smaller first.
    pub(super) const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Everything up to a size, of both signs.
    pub(super) const fn within(size: f64) -> Self {
        Self {
            low: -size,
            high: size,
        }
    }

    /// The narrowest float interval around a rational number that is easy to find.
    pub(super) fn around(value: &BigRational) -> Self {
        let nearest = value.to_f64().unwrap_or(f64::NAN);
        let (mut low, mut high) = (nearest, nearest);
        while BigRational::from_float(low).is_some_and(|exact| exact > *value) {
            low = low.next_down();
        }
        while BigRational::from_float(high).is_some_and(|exact| exact < *value) {
            high = high.next_up();
        }
        Self { low, high }
    }

    /// The largest absolute value.
    pub(super) fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// The middle, rounded.
    pub(super) fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    /// Whether every number is above zero. Not-a-number ends make this false, like all questions here.
    pub(super) fn is_positive(self) -> bool {
        self.low > 0.0
    }

    /// Whether every number is below zero.
    pub(super) fn is_negative(self) -> bool {
        self.high < 0.0
    }

    /// Whether zero is not among them.
    pub(super) fn excludes_zero(self) -> bool {
        self.is_positive() || self.is_negative()
    }

    /// Whether two intervals have no number in common.
    pub(super) fn is_apart_from(self, other: Self) -> bool {
        self.high < other.low || other.high < self.low
    }
}

impl Neg for Interval {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            low: -self.high,
            high: -self.low,
        }
    }
}

impl Add for Interval {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            low: (self.low + other.low).next_down(),
            high: (self.high + other.high).next_up(),
        }
    }
}

impl Sub for Interval {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let products = [
            self.low * other.low,
            self.low * other.high,
            self.high * other.low,
            self.high * other.high,
        ];
        // Zero times infinity: nothing is known. `min` and `max` would pass over it.
        if products.iter().any(|product| product.is_nan()) {
            return Self::within(f64::INFINITY);
        }
        Self {
            low: products
                .into_iter()
                .fold(f64::INFINITY, f64::min)
                .next_down(),
            high: products
                .into_iter()
                .fold(f64::NEG_INFINITY, f64::max)
                .next_up(),
        }
    }
}

impl Div for Interval {
    type Output = Self;
    /// The quotient; everything if the divisor may be zero.
    fn div(self, other: Self) -> Self {
        if !other.excludes_zero() {
            return Self::within(f64::INFINITY);
        }
        let inverse = Self {
            low: (1.0 / other.high).next_down(),
            high: (1.0 / other.low).next_up(),
        };
        self * inverse
    }
}

/// The dot product.
pub(super) fn dot(one: [Interval; 3], other: [Interval; 3]) -> Interval {
    one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
}

/// The cross product.
pub(super) fn cross(one: [Interval; 3], other: [Interval; 3]) -> [Interval; 3] {
    [
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_operands_lies_in_the_result() {
        let third = BigRational::new(1.into(), 3.into());
        let interval = Interval::around(&third);
        assert!(interval.low < interval.high, "a third is no float");
        let ninth = interval * interval;
        let exact = &third * &third;
        assert!(BigRational::from_float(ninth.low).unwrap() < exact);
        assert!(BigRational::from_float(ninth.high).unwrap() > exact);
        let mixed = Interval::new(-2.0, 3.0) * Interval::new(-5.0, 1.0);
        assert!(mixed.low <= -15.0 && mixed.high >= 10.0 && mixed.high < 10.1);
        let one = interval / interval;
        assert!(one.low < 1.0 && one.high > 1.0 && one.high - one.low < 1e-14);
    }

    #[test]
    fn a_quotient_by_what_may_be_zero_answers_no_question() {
        let quotient = Interval::point(1.0) / Interval::new(-1.0, 1.0);
        assert!(!quotient.excludes_zero());
        let nothing = Interval::point(0.0) * quotient;
        assert!(!nothing.excludes_zero() && !nothing.is_apart_from(Interval::point(5.0)));
    }
}
