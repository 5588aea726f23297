//! Trigonometric polynomials with enclosed coefficients, and their Taylor polynomials with a rigorous remainder.

use num_rational::BigRational;

use super::circle::Turn;
use super::interval::{Interval, dot};
use crate::envelope::laurent::{Laurent, Scalar as _};

/// `sum of cosine_k cos(ku) + sine_k sin(ku)` with coefficients in intervals.
#[derive(Clone, Debug)]
struct Wave {
    terms: Vec<Term>,
    /// A bound of the third derivative.
    third: f64,
}

#[derive(Clone, Copy, Debug)]
struct Term {
    multiple: usize,
    frequency: Interval,
    cosine: Interval,
    sine: Interval,
}

impl Wave {
    fn new(function: &Laurent<BigRational>) -> Self {
        let terms: Vec<Term> = function
            .terms()
            .filter(|(frequency, _)| *frequency >= 0)
            .map(|(frequency, c)| {
                let weight = Interval::point(if frequency == 0 { 1.0 } else { 2.0 });
                Term {
                    multiple: usize::try_from(frequency).expect("it is not negative"),
                    frequency: Interval::point(f64::whole(frequency)),
                    cosine: weight * Interval::around(&c.re),
                    sine: -weight * Interval::around(&c.im),
                }
            })
            .collect();
        let third = terms.iter().fold(Interval::point(0.0), |sum, term| {
            let k = term.frequency;
            let size = term.cosine.magnitude() + term.sine.magnitude();
            sum + k * k * k * Interval::new(0.0, size.next_up())
        });
        Self {
            terms,
            third: third.magnitude(),
        }
    }

    fn degree(&self) -> usize {
        self.terms
            .iter()
            .map(|term| term.multiple)
            .max()
            .unwrap_or(0)
    }

    /// The function and its first two derivatives where the turns are those of the angle.
    fn jet(&self, turns: &[Turn]) -> [Interval; 3] {
        let mut jet = [Interval::point(0.0); 3];
        for term in &self.terms {
            let (cosine, sine) = turns[term.multiple];
            let value = term.cosine * cosine + term.sine * sine;
            let slope = term.sine * cosine - term.cosine * sine;
            jet[0] = jet[0] + value;
            jet[1] = jet[1] + term.frequency * slope;
            jet[2] = jet[2] - term.frequency * term.frequency * value;
        }
        jet
    }
}

/// A vector of three trigonometric polynomials: a moving point, or a moving line.
#[derive(Clone, Debug)]
pub(super) struct VectorWave([Wave; 3]);

impl VectorWave {
    /// Encloses the coefficients.
    pub(super) fn new(functions: &[Laurent<BigRational>; 3]) -> Self {
        Self(functions.each_ref().map(Wave::new))
    }

    /// The largest frequency.
    pub(super) fn degree(&self) -> usize {
        self.0.iter().map(Wave::degree).max().unwrap_or(0)
    }

    /// The Taylor polynomial about the angle of `turns`.
    pub(super) fn taylor(&self, turns: &[Turn]) -> Taylor {
        let jets = self.0.each_ref().map(|wave| wave.jet(turns));
        Taylor {
            orders: [0, 1, 2].map(|order| jets.map(|jet| jet[order])),
            third: self.0.each_ref().map(|wave| wave.third),
        }
    }
}

/// A moving vector near one angle: value, first and second derivative there, and a bound of the third everywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taylor {
    orders: [[Interval; 3]; 3],
    third: [f64; 3],
}

impl Taylor {
    /// The value at the angle itself.
    pub(super) fn value(&self) -> [Interval; 3] {
        self.orders[0]
    }

    /// The first derivative there.
    pub(super) fn slope(&self) -> [Interval; 3] {
        self.orders[1]
    }

    /// All values of `weights . vector` within `half` of the angle.
    pub(super) fn along(&self, weights: [Interval; 3], half: f64) -> Interval {
        let [value, slope, bend] = self.orders.map(|order| dot(weights, order));
        let step = Interval::within(half);
        let square = Interval::point(half) * Interval::point(half);
        let half_square = Interval::new(0.0, square.magnitude() / 2.0);
        let third = dot(
            weights.map(|weight| Interval::new(0.0, weight.magnitude())),
            self.third.map(|bound| Interval::new(0.0, bound)),
        );
        let rest = (third * square * Interval::point(half)).magnitude() / 6.0;
        value + slope * step + bend * half_square + Interval::within(rest.next_up())
    }

    /// All values of the three components within `half` of the angle.
    pub(super) fn components(&self, half: f64) -> [Interval; 3] {
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
            .map(|axis| self.along(axis.map(Interval::point), half))
    }
}

/// Places of certain sign changes of a function, narrow intervals near those that floats found, rising; what cannot be
/// told is left out.
pub(super) fn sign_changes(function: &Laurent<BigRational>, near: &[f64]) -> Vec<[f64; 2]> {
    let wave = Wave::new(function);
    let sign_at = |u: f64| {
        let value = wave.jet(&super::circle::turns(u, wave.degree()))[0];
        value.excludes_zero().then(|| value.is_positive())
    };
    let mut found: Vec<[f64; 2]> = near
        .iter()
        .filter_map(|&u| {
            // The flatter the function is there, the further one must go to see its sign.
            let mut widths = (0..9).map(|step| 1e-10 * 8.0_f64.powi(step));
            widths.find_map(|width| {
                let ends = [u - width, u + width];
                let [before, after] = ends.map(sign_at);
                (before? != after?).then_some(ends)
            })
        })
        .collect();
    found.sort_by(|one, other| one[0].total_cmp(&other[0]));
    found.dedup_by(|later, earlier| later[0] <= earlier[1]);
    found
}
