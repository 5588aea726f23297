//! Real trigonometric polynomials in floats, and all their zeros with a guarantee.

use std::f64::consts::TAU;

use super::laurent::{Laurent, Scalar as _};

/// `sum of cosine_k cos(ku) + sine_k sin(ku)`.
#[derive(Clone, Debug)]
pub struct Trigonometric {
    terms: Vec<Term>,
    /// Bounds of the function and its first three derivatives.
    bounds: [f64; 4],
    /// What rounding may add to a value.
    noise: f64,
}

#[derive(Clone, Copy, Debug)]
struct Term {
    frequency: f64,
    cosine: f64,
    sine: f64,
}

/// Zeros found by [`Trigonometric::zeros`], in `[start, start + 2 pi)` and rising.
#[derive(Clone, Debug, Default)]
pub struct Zeros {
    /// Places where the function crosses zero, each isolated.
    pub simple: Vec<f64>,
    /// Places where it comes so near to zero that floats cannot tell how often it meets it.
    pub unresolved: Vec<Cluster>,
}

/// A stretch on which the function is zero as far as floats can tell.
#[derive(Clone, Copy, Debug)]
pub struct Cluster {
    /// Where it starts.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Whether the signs on both sides differ, so that it holds an odd number of zeros.
    pub crosses: bool,
}

impl Cluster {
    /// The middle of the stretch.
    pub fn middle(&self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

/// Where the search starts: no symmetry of a family puts a zero exactly here.
pub(super) const START: f64 = 0.012_345_678_9;
/// Intervals are not cut below this.
const NARROWEST: f64 = 1e-13;

impl Trigonometric {
    /// From a Laurent polynomial with real values.
    pub fn new(function: &Laurent<f64>) -> Self {
        let largest = function
            .terms()
            .map(|(_, c)| c.re.hypot(c.im))
            .fold(0.0, f64::max);
        let mut terms = Vec::new();
        for (frequency, c) in function.terms().filter(|(frequency, _)| *frequency >= 0) {
            let weight = if frequency == 0 { 1.0 } else { 2.0 };
            // What cancellation left of a term that is not there.
            if c.re.hypot(c.im) > 1e-15 * largest {
                terms.push(Term {
                    frequency: f64::whole(frequency),
                    cosine: weight * c.re,
                    sine: -weight * c.im,
                });
            }
        }
        let size = |term: &Term| term.cosine.hypot(term.sine);
        let bound = |order| {
            let terms = terms.iter();
            terms
                .map(|term| size(term) * term.frequency.powi(order))
                .sum()
        };
        let bounds = [bound(0), bound(1), bound(2), bound(3)];
        // An argument k u is rounded to k u 2^-53; coefficients carry a few roundings.
        let noise = 2e-15 * (2.0 * bounds[0] + bounds[1]);
        Self {
            terms,
            bounds,
            noise,
        }
    }

    /// The function and its first two derivatives.
    pub fn jet(&self, u: f64) -> [f64; 3] {
        let mut jet = [0.0; 3];
        for term in &self.terms {
            let k = term.frequency;
            let (sine, cosine) = (k * u).sin_cos();
            let value = term.cosine * cosine + term.sine * sine;
            let slope = term.sine * cosine - term.cosine * sine;
            jet[0] += value;
            jet[1] += k * slope;
            jet[2] -= k * k * value;
        }
        jet
    }

    /// The function.
    pub fn value(&self, u: f64) -> f64 {
        self.jet(u)[0]
    }

    /// A bound of the absolute value.
    pub fn bound(&self) -> f64 {
        self.bounds[0]
    }

    /// All zeros. Each interval is either shown to hold none, shown to be monotone, or cut; Taylor bounds make both
    /// certain up to rounding, and what rounding hides is returned as unresolved.
    pub fn zeros(&self) -> Zeros {
        let mut zeros = Zeros::default();
        if self.terms.is_empty() {
            return zeros;
        }
        let degree = self
            .terms
            .iter()
            .map(|term| term.frequency)
            .fold(1.0, f64::max);
        let pieces = 4.0 * degree;
        let step = TAU / pieces;
        let mut left = (START, self.value(START));
        let first = left.1;
        let mut piece = 1.0;
        while piece <= pieces {
            let right = if piece < pieces {
                let u = START + step * piece;
                (u, self.value(u))
            } else {
                // The same point as the first, so that the same sign.
                (START + TAU, first)
            };
            self.search(left, right, &mut zeros);
            left = right;
            piece += 1.0;
        }
        self.judge_clusters(&mut zeros);
        zeros
    }

    fn search(&self, left: (f64, f64), right: (f64, f64), zeros: &mut Zeros) {
        let half = (right.0 - left.0) / 2.0;
        let middle = left.0 + half;
        let [value, slope, curvature] = self.jet(middle);
        let bend = self.bounds[2].min(curvature.abs() + self.bounds[3] * half);
        let reach = slope.abs() * half + bend * half * half / 2.0;
        if value.abs() > reach + self.noise {
            return;
        }
        if slope.abs() > bend * half + self.noise * self.degree_of_noise() {
            if (left.1 < 0.0) != (right.1 < 0.0) {
                zeros.simple.push(self.polish(left, right));
            }
            return;
        }
        if value.abs() + reach < 8.0 * self.noise || half < NARROWEST {
            match zeros.unresolved.last_mut() {
                Some(cluster) if cluster.high >= left.0 => cluster.high = right.0,
                _ => zeros.unresolved.push(Cluster {
                    low: left.0,
                    high: right.0,
                    crosses: false,
                }),
            }
            return;
        }
        self.search(left, (middle, value), zeros);
        self.search((middle, value), right, zeros);
    }

    fn degree_of_noise(&self) -> f64 {
        self.bounds[1] / self.bounds[0]
    }

    /// Beside a cluster the function has a sign that can be trusted; crossings found inside belong to it.
    fn judge_clusters(&self, zeros: &mut Zeros) {
        for cluster in &mut zeros.unresolved {
            let mut width = (cluster.high - cluster.low).max(1e-12);
            // Single intervals beside it may have been resolved by chance of rounding: step out of the noise.
            for _ in 0..60 {
                let outside = [cluster.low - width, cluster.high + width].map(|u| self.value(u));
                if outside.iter().all(|value| value.abs() > 4.0 * self.noise) {
                    cluster.crosses = (outside[0] < 0.0) != (outside[1] < 0.0);
                    break;
                }
                width *= 1.5;
            }
            cluster.low -= width;
            cluster.high += width;
        }
        let mut merged: Vec<Cluster> = Vec::new();
        for cluster in zeros.unresolved.drain(..) {
            match merged.last_mut() {
                Some(last) if last.high >= cluster.low => {
                    last.high = last.high.max(cluster.high);
                    last.crosses = (self.value(last.low) < 0.0) != (self.value(last.high) < 0.0);
                }
                _ => merged.push(cluster),
            }
        }
        let inside = |u: f64| merged.iter().any(|c| c.low <= u && u <= c.high);
        zeros.simple.retain(|&u| !inside(u));
        zeros.unresolved = merged;
    }

    /// The zero between two places of different sign where the function is monotone: Newton, kept inside by bisection.
    fn polish(&self, left: (f64, f64), right: (f64, f64)) -> f64 {
        let (mut low, mut high) = (left.0, right.0);
        let rising = left.1 < right.1;
        let mut u = f64::midpoint(low, high);
        for _ in 0..80 {
            let [value, slope, _] = self.jet(u);
            if (value < 0.0) == rising {
                low = u;
            } else {
                high = u;
            }
            let newton = u - value / slope;
            let next = if newton > low && newton < high {
                newton
            } else {
                f64::midpoint(low, high)
            };
            if (next - u).abs() <= 4.0 * f64::EPSILON {
                return next;
            }
            u = next;
        }
        u
    }
}
