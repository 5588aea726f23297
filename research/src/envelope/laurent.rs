//! Sparse trigonometric polynomials as Laurent polynomials in `w = exp(iu)`.
//!
//! Everything the family needs (lines, cusp and infinity conditions) is a sum of a dozen frequencies, whether `p` and
//! `q` are 3 and 2 or 99 and 98, so terms are kept by frequency. The same code runs over floats and over rationals.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Neg, Sub};

use num_bigint::BigInt;
use num_rational::BigRational;

/// A coefficient: a float, or a rational for exact answers.
pub trait Scalar:
    Clone
    + PartialEq
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// A whole number.
    fn whole(value: i64) -> Self;
    /// Half of a number.
    fn half(&self) -> Self;
    /// Whether it is exactly zero.
    fn vanishes(&self) -> bool;
}

impl Scalar for f64 {
    fn whole(value: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "frequencies are far below 2^53")]
        let value = value as f64;
        value
    }
    fn half(&self) -> Self {
        self / 2.0
    }
    fn vanishes(&self) -> bool {
        *self == 0.0
    }
}

impl Scalar for BigRational {
    fn whole(value: i64) -> Self {
        Self::from_integer(BigInt::from(value))
    }
    fn half(&self) -> Self {
        self / BigInt::from(2)
    }
    fn vanishes(&self) -> bool {
        num_traits::Zero::is_zero(self)
    }
}

/// A complex coefficient, `re + i im`.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficient<T> {
    /// Real part.
    pub re: T,
    /// Imaginary part.
    pub im: T,
}

/// A sum of terms `c_k w^k` with `w = exp(iu)`: a complex function of the angle `u`.
#[derive(Clone, Debug, PartialEq)]
pub struct Laurent<T> {
    terms: BTreeMap<i64, Coefficient<T>>,
}

impl<T: Scalar> Laurent<T> {
    /// The function `(re + i im) exp(iku)`.
    pub fn term(frequency: i64, re: T, im: T) -> Self {
        let mut sum = Self {
            terms: BTreeMap::new(),
        };
        sum.accumulate(frequency, Coefficient { re, im });
        sum
    }

    /// The terms that are not zero, by rising frequency.
    pub fn terms(&self) -> impl Iterator<Item = (i64, &Coefficient<T>)> {
        self.terms
            .iter()
            .map(|(&frequency, coefficient)| (frequency, coefficient))
    }

    /// The largest absolute frequency; 0 for constants and for zero.
    pub fn degree(&self) -> u64 {
        self.terms
            .keys()
            .map(|frequency| frequency.unsigned_abs())
            .max()
            .unwrap_or(0)
    }

    /// Whether no term is left.
    pub fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// The complex conjugate, as a function of real `u`.
    pub fn conjugate(&self) -> Self {
        let terms = self.terms.iter().map(|(&frequency, c)| {
            let conjugate = Coefficient {
                re: c.re.clone(),
                im: -c.im.clone(),
            };
            (-frequency, conjugate)
        });
        Self {
            terms: terms.collect(),
        }
    }

    /// The derivative by `u`.
    pub fn derivative(&self) -> Self {
        let mut sum = Self {
            terms: BTreeMap::new(),
        };
        for (&frequency, c) in &self.terms {
            let k = T::whole(frequency);
            let turned = Coefficient {
                re: -(k.clone() * c.im.clone()),
                im: k * c.re.clone(),
            };
            sum.accumulate(frequency, turned);
        }
        sum
    }

    /// The real part.
    pub fn real(&self) -> Self {
        (self.clone() + self.conjugate()).halved()
    }

    /// The imaginary part.
    pub fn imaginary(&self) -> Self {
        // Dividing by 2i turns re + i im into (im - i re) / 2.
        let mut difference = (self.clone() - self.conjugate()).halved();
        for c in difference.terms.values_mut() {
            *c = Coefficient {
                re: c.im.clone(),
                im: -c.re.clone(),
            };
        }
        difference
    }

    /// The cross product of two vectors of the plane, `Im(conj(self) other)`.
    pub fn cross(&self, other: &Self) -> Self {
        (&self.conjugate() * other).imaginary()
    }

    fn halved(mut self) -> Self {
        for c in self.terms.values_mut() {
            *c = Coefficient {
                re: c.re.half(),
                im: c.im.half(),
            };
        }
        self
    }

    fn accumulate(&mut self, frequency: i64, c: Coefficient<T>) {
        let sum = match self.terms.remove(&frequency) {
            Some(old) => Coefficient {
                re: old.re + c.re,
                im: old.im + c.im,
            },
            None => c,
        };
        if !(sum.re.vanishes() && sum.im.vanishes()) {
            self.terms.insert(frequency, sum);
        }
    }
}

impl<T: Scalar> Add for Laurent<T> {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        for (frequency, c) in other.terms {
            self.accumulate(frequency, c);
        }
        self
    }
}

impl<T: Scalar> Sub for Laurent<T> {
    type Output = Self;
    fn sub(mut self, other: Self) -> Self {
        for (frequency, c) in other.terms {
            self.accumulate(
                frequency,
                Coefficient {
                    re: -c.re,
                    im: -c.im,
                },
            );
        }
        self
    }
}

impl<T: Scalar> Mul for &Laurent<T> {
    type Output = Laurent<T>;
    fn mul(self, other: Self) -> Laurent<T> {
        let mut product = Laurent {
            terms: BTreeMap::new(),
        };
        for (&j, x) in &self.terms {
            for (&k, y) in &other.terms {
                let re = x.re.clone() * y.re.clone() - x.im.clone() * y.im.clone();
                let im = x.re.clone() * y.im.clone() + x.im.clone() * y.re.clone();
                product.accumulate(j + k, Coefficient { re, im });
            }
        }
        product
    }
}
