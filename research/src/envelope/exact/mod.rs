//! Zeros of trigonometric polynomials with rational coefficients, counted with multiplicity and without error.

pub mod polynomial;
pub mod sturm;

use num_rational::BigRational;

use super::laurent::Laurent;
use polynomial::from_trigonometric;

/// How many real zeros in `[0, 2 pi)` have which multiplicity: index 0 counts the simple ones.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Multiplicities(pub Vec<usize>);

impl Multiplicities {
    /// Distinct zeros.
    pub fn distinct(&self) -> usize {
        self.0.iter().sum()
    }

    /// Zeros of one multiplicity.
    pub fn of(&self, multiplicity: usize) -> usize {
        let index = multiplicity.checked_sub(1);
        index
            .and_then(|index| self.0.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// Zeros at which the function changes its sign.
    pub fn sign_changes(&self) -> usize {
        self.0.iter().step_by(2).sum()
    }
}

/// Counts the zeros of a real trigonometric polynomial; `None` when it is zero everywhere.
///
/// With `t = tan(u/2)` it is a polynomial. Repeated division by the common divisor with the derivative peels
/// multiplicities off; a shortfall of the degree is the multiplicity of `u = pi`.
pub fn multiplicities(function: &Laurent<BigRational>) -> Option<Multiplicities> {
    let polynomial = from_trigonometric(function);
    let degree = polynomial.degree()?;
    let full = 2 * usize::try_from(function.degree()).expect("frequencies are small");
    let at_pi = full - degree;

    let mut at_least = Vec::new();
    let mut rest = polynomial;
    while rest.degree().is_some_and(|degree| degree > 0) {
        let count = sturm::count_real_zeros(&rest);
        at_least.push(count.distinct);
        rest = count.repeated.primitive();
    }
    let mut exactly: Vec<usize> = (0..at_least.len())
        .map(|k| at_least[k] - at_least.get(k + 1).copied().unwrap_or(0))
        .collect();
    if at_pi > 0 {
        if exactly.len() < at_pi {
            exactly.resize(at_pi, 0);
        }
        exactly[at_pi - 1] += 1;
    }
    while exactly.last() == Some(&0) {
        exactly.pop();
    }
    Some(Multiplicities(exactly))
}
