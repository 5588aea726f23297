//! The numbers that choose a family, as fractions or decimals.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, ToPrimitive as _, Zero as _};

use super::error::EnvelopeError;
use super::family::Family;

/// The largest numerator and denominator of a multiplier.
pub const LARGEST_TERM: i64 = 200;
/// The longest number that is read, in characters.
const LONGEST: usize = 60;
/// The largest power of ten in a decimal.
const LARGEST_EXPONENT: u32 = 40;

/// A rational number, read from `-7/3`, `0.25` or `2.5e-3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(pub BigRational);

impl Number {
    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        // Numerators and denominators are too short to overflow.
        self.0.to_f64().unwrap_or(f64::NAN)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(BigRational::from_integer(value.into()))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Number {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, EnvelopeError> {
        let wrong = |reason| EnvelopeError::Number {
            text: text.chars().take(LONGEST).collect(),
            reason,
        };
        if text.len() > LONGEST {
            return Err(wrong("it is too long"));
        }
        let Some((numerator, denominator)) = text.split_once('/') else {
            return decimal(text.trim()).map(Self).map_err(wrong);
        };
        let numerator = decimal(numerator.trim()).map_err(wrong)?;
        let denominator = decimal(denominator.trim()).map_err(wrong)?;
        if denominator.is_zero() {
            return Err(wrong("it divides by zero"));
        }
        Ok(Self(numerator / denominator))
    }
}

fn decimal(text: &str) -> Result<BigRational, &'static str> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().map_err(|_| "its exponent is no number")?;
            (mantissa, exponent)
        }
        None => (text, 0),
    };
    if exponent.unsigned_abs() > LARGEST_EXPONENT {
        return Err("its exponent is out of range");
    }
    let (sign, digits) = match mantissa.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => (-1, digits),
        None => (1, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it has something other than digits");
    }
    let value: BigInt = all
        .parse()
        .map_err(|_| "it has something other than digits")?;
    let ten = |power: u32| BigInt::from(10).pow(power);
    let places = u32::try_from(fraction.len()).map_err(|_| "it is too long")?;
    let value = BigRational::new(value * sign, ten(places));
    let scale = BigRational::from_integer(ten(exponent.unsigned_abs()));
    Ok(if exponent < 0 {
        value / scale
    } else {
        value * scale
    })
}

/// A multiplier `m = p/q` in lowest terms, `q > 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    p: i64,
    q: i64,
}

impl Multiplier {
    /// The multiplier `p/q`, brought to lowest terms.
    pub fn new(p: i64, q: i64) -> Result<Self, EnvelopeError> {
        if q == 0 {
            return Err(EnvelopeError::Number {
                text: format!("{p}/{q}"),
                reason: "it divides by zero",
            });
        }
        Self::from_rational(&BigRational::new(p.into(), q.into()))
    }

    fn from_rational(value: &BigRational) -> Result<Self, EnvelopeError> {
        let within = |part: &BigInt| part.to_i64().filter(|part| part.abs() <= LARGEST_TERM);
        match (within(value.numer()), within(value.denom())) {
            (Some(p), Some(q)) => Ok(Self { p, q }),
            _ => Err(EnvelopeError::Multiplier {
                text: value.to_string().chars().take(LONGEST).collect(),
                limit: LARGEST_TERM,
            }),
        }
    }

    /// The numerator, with the sign.
    pub fn p(self) -> i64 {
        self.p
    }

    /// The denominator.
    pub fn q(self) -> i64 {
        self.q
    }

    /// `p - q`, the turns that Q gains on P in one period.
    pub fn difference(self) -> i64 {
        self.p - self.q
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.q == 1 {
            write!(f, "{}", self.p)
        } else {
            write!(f, "{}/{}", self.p, self.q)
        }
    }
}

impl FromStr for Multiplier {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, EnvelopeError> {
        Self::from_rational(&text.parse::<Number>()?.0)
    }
}

/// A family with rational parameters: everything exact is computed from these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The multiplier `m = p/q`.
    pub multiplier: Multiplier,
    /// Centre of the second circle, first coordinate.
    pub a: Number,
    /// Centre of the second circle, second coordinate.
    pub b: Number,
    /// Radius of the second circle, not negative.
    pub r: Number,
}

impl Parameters {
    /// Checks the radius.
    pub fn new(
        multiplier: Multiplier,
        a: Number,
        b: Number,
        r: Number,
    ) -> Result<Self, EnvelopeError> {
        if r.0.is_negative() {
            return Err(EnvelopeError::Radius {
                text: r.to_string(),
            });
        }
        Ok(Self {
            multiplier,
            a,
            b,
            r,
        })
    }

    /// Whether both circles are the unit circle about the origin.
    pub fn is_one_circle(&self) -> bool {
        self.is_concentric() && self.r.0.is_one()
    }

    /// Whether both circles have the same centre.
    pub fn is_concentric(&self) -> bool {
        self.a.0.is_zero() && self.b.0.is_zero()
    }

    /// The family in floats.
    pub fn family(&self) -> Family {
        Family::new(
            self.multiplier,
            self.a.to_f64(),
            self.b.to_f64(),
            self.r.to_f64(),
        )
    }
}
