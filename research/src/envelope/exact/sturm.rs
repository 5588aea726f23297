//! Counting real zeros without error: signed remainder sequences (Sturm) with subresultant coefficients.

use num_bigint::{BigInt, Sign};
use num_traits::{One, Signed};

use super::polynomial::Polynomial;

/// What a signed remainder sequence of `f` and `f'` tells.
#[derive(Clone, Debug)]
pub struct SturmCount {
    /// Distinct real zeros of `f`.
    pub distinct: usize,
    /// The greatest common divisor of `f` and `f'`: its zeros are the multiple zeros of `f`, once less each.
    pub repeated: Polynomial,
}

/// Counts the distinct real zeros of a polynomial that is not zero.
pub fn count_real_zeros(polynomial: &Polynomial) -> SturmCount {
    let derivative = polynomial.derivative();
    if derivative.degree().is_none() {
        return SturmCount {
            distinct: 0,
            repeated: Polynomial::new(vec![BigInt::one()]),
        };
    }
    let mut signs = Signs::default();
    signs.push(polynomial);
    signs.push(&derivative);
    let repeated = last_of_sequence(polynomial.clone(), derivative, |remainder| {
        signs.push(remainder);
    });
    SturmCount {
        distinct: signs.below.saturating_sub(signs.above),
        repeated,
    }
}

/// The greatest common divisor, up to a factor.
pub fn greatest_common_divisor(first: &Polynomial, second: &Polynomial) -> Polynomial {
    let (high, low) = if first.degree() >= second.degree() {
        (first, second)
    } else {
        (second, first)
    };
    if low.degree().is_none() {
        return high.clone();
    }
    last_of_sequence(high.clone(), low.clone(), |_| ())
}

/// Walks the signed remainder sequence, shows every remainder, and returns the last one that is not zero.
///
/// Brown and Traub's divisors keep the coefficients as small as subresultants are; only absolute values are divided
/// by, so that every remainder has the sign that Sturm's theorem asks for.
fn last_of_sequence(
    mut high: Polynomial,
    mut low: Polynomial,
    mut show: impl FnMut(&Polynomial),
) -> Polynomial {
    let (mut g, mut h) = (BigInt::one(), BigInt::one());
    while let (Some(top), Some(bottom)) = (high.degree(), low.degree()) {
        let gap = u32::try_from(top - bottom).expect("degrees are small");
        let remainder = high.pseudo_remainder(&low);
        if remainder.degree().is_none() {
            break;
        }
        let leading = low.leading().cloned().unwrap_or_default();
        let flips = leading.is_negative() && (gap + 1) % 2 == 1;
        let remainder = remainder.divided_by_number(&(&g * h.pow(gap)));
        let next = if flips {
            remainder
        } else {
            remainder.negated()
        };
        show(&next);
        g = leading.abs();
        h = match gap {
            0 => h,
            1 => g.clone(),
            _ => g.pow(gap) / h.pow(gap - 1),
        };
        high = std::mem::replace(&mut low, next);
    }
    low
}

/// Sign changes of a sequence of polynomials far to the left (`below`) and far to the right (`above`).
#[derive(Default)]
struct Signs {
    below: usize,
    above: usize,
    last: Option<(bool, bool)>,
}

impl Signs {
    fn push(&mut self, polynomial: &Polynomial) {
        let (Some(degree), Some(leading)) = (polynomial.degree(), polynomial.leading()) else {
            return;
        };
        let above = leading.sign() == Sign::Plus;
        let below = above == (degree % 2 == 0);
        if let Some((was_below, was_above)) = self.last {
            self.below += usize::from(was_below != below);
            self.above += usize::from(was_above != above);
        }
        self.last = Some((below, above));
    }
}
