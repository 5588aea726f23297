//! Families that have no envelope, or none that can be counted: named, never counted.

use num_rational::BigRational;
use num_traits::{One as _, Zero as _};
use serde::Serialize;

use super::conditions::Conditions;
use super::exact::polynomial::from_trigonometric;
use super::exact::sturm::{count_real_zeros, greatest_common_divisor};
use super::family::Family;
use super::laurent::Scalar as _;
use super::parameters::Parameters;

/// Why a family has no envelope to count.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Degenerate {
    /// All lines pass through one point.
    Pencil {
        /// The point.
        point: [f64; 2],
        /// Why.
        because: &'static str,
    },
    /// All lines are parallel.
    Parallel {
        /// Why.
        because: &'static str,
    },
    /// The two points coincide for some `u`, where no line is defined.
    Coincidence {
        /// How many such `u` there are.
        places: usize,
    },
}

impl std::fmt::Display for Degenerate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pencil {
                point: [x, y],
                because,
            } => write!(f, "all lines pass through ({x}, {y}): {because}"),
            Self::Parallel { because } => write!(f, "all lines are parallel: {because}"),
            Self::Coincidence { places } => write!(
                f,
                "both points meet at {places} angle(s), where no line is defined; move a, b or r a little"
            ),
        }
    }
}

/// The exact answer; `None` for families with an envelope. One circle is not degenerate unless m is 0 or -1.
pub fn degenerate(parameters: &Parameters) -> Option<Degenerate> {
    let (p, q) = (parameters.multiplier.p(), parameters.multiplier.q());
    let [a, b, r] = [&parameters.a, &parameters.b, &parameters.r].map(|number| &number.0);
    let (x, y) = (parameters.a.to_f64(), parameters.b.to_f64());
    let radius = parameters.r.to_f64();
    if p == 0 {
        return Some(Degenerate::Pencil {
            point: [x + radius, y],
            because: "m = 0, so that the second point stands still",
        });
    }
    if r.is_zero() {
        return Some(Degenerate::Pencil {
            point: [x, y],
            because: "r = 0, so that the second circle is a point",
        });
    }
    if parameters.is_one_circle() {
        return (p == -q).then_some(Degenerate::Parallel {
            because: "m = -1 on one circle",
        });
    }
    if p == q {
        if r.is_one() {
            return Some(Degenerate::Parallel {
                because: "m = 1 and both circles have the same radius",
            });
        }
        return Some(Degenerate::Pencil {
            point: [x / (1.0 - radius), y / (1.0 - radius)],
            because: "m = 1, so that all lines pass through the centre of similitude",
        });
    }
    if p == 2 * q && a == r && b.is_zero() {
        return Some(Degenerate::Pencil {
            point: [0.0, 0.0],
            because: "m = 2 and the centre is (r, 0)",
        });
    }
    if q == 2 * p && *a == -BigRational::one() && b.is_zero() {
        return Some(Degenerate::Pencil {
            point: [-1.0, 0.0],
            because: "m = 1/2 and the centre is (-1, 0)",
        });
    }
    let places = coincidences(&Conditions::new(p, q, a, b, r));
    (places > 0).then_some(Degenerate::Coincidence { places })
}

/// How many angles make both points coincide, exactly: common zeros of both parts of `D`.
fn coincidences(conditions: &Conditions<BigRational>) -> usize {
    let chord = &conditions.chord;
    let parts = [chord.real(), chord.imaginary()];
    // Raising both to the same degree keeps a common zero at u = pi visible as a common shortfall.
    let shortfall = |part: &super::laurent::Laurent<BigRational>| {
        let polynomial = from_trigonometric(part);
        let full = 2 * usize::try_from(part.degree()).unwrap_or(0);
        (polynomial.degree().map(|degree| full - degree), polynomial)
    };
    let [(first_gap, first), (second_gap, second)] = parts.each_ref().map(shortfall);
    // A part that is zero everywhere vanishes at pi as well.
    let at_pi = first_gap != Some(0) && second_gap != Some(0);
    let common = greatest_common_divisor(&first, &second).primitive();
    count_real_zeros(&common).distinct + usize::from(at_pi)
}

/// How near a family in floats comes to a coincidence: the smallest `|D|`.
pub fn nearest_coincidence(family: &Family) -> f64 {
    let (a, b, r) = (family.a, family.b, family.r);
    // |Q - P| is smallest where P is nearest to the second circle and in step; a scan with refinement finds it.
    let gap = |u: f64| {
        let (p, q) = (family.first_point(u), family.second_point(u));
        (q[0] - p[0]).hypot(q[1] - p[1])
    };
    let distance = a.hypot(b);
    let apart = (distance - 1.0 - r).max((r - distance - 1.0).max(1.0 - distance - r));
    if apart > 1e-3 {
        return apart;
    }
    let degree = family.multiplier.p().abs().max(family.multiplier.q().abs());
    let samples = 16 * degree;
    let step = std::f64::consts::TAU / f64::whole(samples);
    let mut best = f64::INFINITY;
    for k in 0..samples {
        let u = step * f64::whole(k);
        if gap(u) < gap(u - step).min(gap(u + step)) + step * 1e-3 {
            best = best.min(golden_minimum(&gap, u - step, u + step));
        }
    }
    best
}

fn golden_minimum(function: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..60 {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if function(left) < function(right) {
            high = right;
        } else {
            low = left;
        }
    }
    function(f64::midpoint(low, high))
}
