//! Polynomials with whole coefficients of any size.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use crate::envelope::laurent::Laurent;

/// A polynomial in one variable; the coefficient of `t^k` at index `k`, the last one not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polynomial {
    coefficients: Vec<BigInt>,
}

impl Polynomial {
    /// From coefficients by rising power.
    pub fn new(mut coefficients: Vec<BigInt>) -> Self {
        while coefficients.last().is_some_and(Zero::is_zero) {
            coefficients.pop();
        }
        Self { coefficients }
    }

    /// The coefficients by rising power.
    pub fn coefficients(&self) -> &[BigInt] {
        &self.coefficients
    }

    /// The degree; `None` for zero.
    pub fn degree(&self) -> Option<usize> {
        self.coefficients.len().checked_sub(1)
    }

    /// The coefficient of the highest power; `None` for zero.
    pub fn leading(&self) -> Option<&BigInt> {
        self.coefficients.last()
    }

    /// The derivative.
    pub fn derivative(&self) -> Self {
        let terms = self.coefficients.iter().enumerate().skip(1);
        Self::new(terms.map(|(power, c)| c * BigInt::from(power)).collect())
    }

    /// The same polynomial without the common factor of its coefficients.
    pub fn primitive(mut self) -> Self {
        let content = self
            .coefficients
            .iter()
            .fold(BigInt::zero(), |content, c| gcd_of_integers(&content, c));
        if !content.is_zero() && !content.is_one() {
            for c in &mut self.coefficients {
                *c /= &content;
            }
        }
        self
    }

    /// Multiplies all coefficients by -1.
    pub fn negated(mut self) -> Self {
        for c in &mut self.coefficients {
            *c = -std::mem::take(c);
        }
        self
    }

    /// Divides all coefficients by a number that divides them.
    pub fn divided_by_number(mut self, divisor: &BigInt) -> Self {
        for c in &mut self.coefficients {
            *c /= divisor;
        }
        self
    }

    /// The remainder of `leading(divisor)^(deg self - deg divisor + 1) * self` by `divisor`, which is whole.
    ///
    /// The divisor must not be zero, nor of a higher degree.
    pub fn pseudo_remainder(&self, divisor: &Self) -> Self {
        let (Some(high), Some(low), Some(leading)) =
            (self.degree(), divisor.degree(), divisor.leading())
        else {
            return self.clone();
        };
        let mut rest = self.coefficients.clone();
        for top in (low..=high).rev() {
            let head = rest.pop().unwrap_or_default();
            for c in &mut rest {
                *c *= leading;
            }
            if !head.is_zero() {
                let lower = divisor.coefficients.iter().take(low);
                for (slot, c) in rest[top - low..].iter_mut().zip(lower) {
                    *slot -= &head * c;
                }
            }
        }
        Self::new(rest)
    }
}

/// The polynomial in `t = tan(u/2)` that a real trigonometric polynomial of degree `n` is, times `(1 + t^2)^n` and a
/// positive number. Its degree falls short of `2n` by the multiplicity of the zero at `u = pi`.
pub fn from_trigonometric(function: &Laurent<BigRational>) -> Polynomial {
    let degree = usize::try_from(function.degree()).expect("frequencies are small");
    let mut denominator = BigInt::one();
    for (_, c) in function.terms() {
        for part in [&c.re, &c.im] {
            let shared = gcd_of_integers(&denominator, part.denom());
            denominator = denominator / shared * part.denom();
        }
    }
    let mut sum = vec![BigInt::zero(); 2 * degree + 1];
    // The terms of k and -k are conjugates: twice the real part of one of them.
    for (frequency, c) in function.terms().filter(|(frequency, _)| *frequency >= 0) {
        let whole = |part: &BigRational| (part * &denominator).to_integer();
        let (re, im) = (whole(&c.re), whole(&c.im));
        let weight = if frequency == 0 { 1 } else { 2 };
        let frequency = usize::try_from(frequency).expect("it is not negative");
        // c w^k (1 + t^2)^n = c (1 + it)^(2k) (1 + t^2)^(n - k)
        let (real, imaginary) = power_of_one_plus_it(2 * frequency);
        let part: Vec<BigInt> = real
            .iter()
            .zip(&imaginary)
            .map(|(x, y)| (&re * x - &im * y) * weight)
            .collect();
        let filler = power_of_one_plus_square(degree - frequency);
        for (i, x) in part.iter().enumerate().filter(|(_, x)| !x.is_zero()) {
            for (j, y) in filler.iter().enumerate() {
                sum[i + 2 * j] += x * y;
            }
        }
    }
    Polynomial::new(sum).primitive()
}

/// Real and imaginary coefficients of `(1 + it)^n` by rising power of `t`.
fn power_of_one_plus_it(exponent: usize) -> (Vec<BigInt>, Vec<BigInt>) {
    let turned = |(power, c): (usize, BigInt)| match power % 4 {
        0 => (c, BigInt::zero()),
        1 => (BigInt::zero(), c),
        2 => (-c, BigInt::zero()),
        _ => (BigInt::zero(), -c),
    };
    power_of_one_plus_square(exponent)
        .into_iter()
        .enumerate()
        .map(turned)
        .unzip()
}

/// Coefficients of `(1 + s)^n` by rising power of `s`.
fn power_of_one_plus_square(exponent: usize) -> Vec<BigInt> {
    let mut row = vec![BigInt::one()];
    for k in 1..=exponent {
        let next = &row[k - 1] * BigInt::from(exponent + 1 - k) / BigInt::from(k);
        row.push(next);
    }
    row
}

/// The greatest common divisor, not negative.
fn gcd_of_integers(a: &BigInt, b: &BigInt) -> BigInt {
    let (mut a, mut b) = (a.abs(), b.abs());
    while !b.is_zero() {
        (a, b) = (b.clone(), a % b);
    }
    a
}
