//! Counts that are known in closed form: one circle, and concentric circles.
//!
//! One circle: the envelope is the epicycloid or hypocycloid `Z = (p exp(iqu) + q exp(ipu)) / (p + q)`.
//! Concentric: with `C = cos((p - q) u)` the conditions factor, `W = p r^2 + q - (p + q) r C` and
//! `E = p q r sin((p - q) u) ((2p - q) r^2 + 2q - p - (p + q) r C)`.

use num_rational::BigRational;
use num_traits::{One as _, Signed as _};

use super::laurent::Scalar as _;
use super::parameters::{Multiplier, Parameters};

/// Counts of the one-circle family; m must not be 0 or -1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneCircleCounts {
    /// Cusps, and as many points where the envelope touches the circle.
    pub cusps: u64,
    /// Pairs of parameters with one point; all transversal.
    pub nodes: u64,
    /// Pairs of parameters with one line.
    pub bitangents: u64,
    /// Degree of the curve.
    pub degree: u64,
    /// Class of the curve: degree of its dual.
    pub class: u64,
}

/// The counts of one circle.
pub fn one_circle(multiplier: Multiplier) -> OneCircleCounts {
    let (p, q) = (multiplier.p().unsigned_abs(), multiplier.q().unsigned_abs());
    let difference = multiplier.difference().unsigned_abs();
    let sum = (multiplier.p() + multiplier.q()).unsigned_abs();
    if difference == 0 {
        // m = 1: the tangents of the circle.
        return OneCircleCounts {
            cusps: 0,
            nodes: 0,
            bitangents: 0,
            degree: 2,
            class: 2,
        };
    }
    OneCircleCounts {
        cusps: difference,
        nodes: difference * (p.min(q) - 1),
        bitangents: difference * (sum - 1) / 2,
        degree: 2 * p.max(q),
        class: p + q,
    }
}

/// Counts of concentric circles of different radii.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcentricCounts {
    /// Zeros of E, a multiple one counted once.
    pub cusps: u64,
    /// Zeros of W.
    pub infinity: u64,
    /// Zeros of W without those that a half turn maps to each other.
    pub directions: u64,
    /// Contacts with the unit circle.
    pub first_contacts: u64,
    /// Contacts with the second circle.
    pub second_contacts: u64,
    /// Simultaneous butterflies, at r equal to the butterfly radius.
    pub butterflies: u64,
    /// Simultaneous cusps at infinity, at r = |q/p|.
    pub cusps_at_infinity: u64,
}

/// The counts of concentric circles; `None` on one circle.
pub fn concentric(parameters: &Parameters) -> Option<ConcentricCounts> {
    if !parameters.is_concentric() || parameters.r.0.is_one() {
        return None;
    }
    let m = parameters.multiplier;
    let r = &parameters.r.0;
    let turns = m.difference().unsigned_abs();
    let radius = |numerator: i64, denominator: i64| {
        (denominator != 0)
            .then(|| BigRational::new(numerator.abs().into(), denominator.abs().into()))
    };
    let infinity_radius = radius(m.q(), m.p());
    let butterfly_radius = radius(2 * m.q() - m.p(), 2 * m.p() - m.q());
    let second_family = between_one_and(r, butterfly_radius.as_ref());
    let at_infinity = between_one_and(r, infinity_radius.as_ref());
    let opposite = m.p() % 2 != 0 && m.q() % 2 != 0;
    let infinity = if at_infinity { 2 * turns } else { 0 };
    // E vanishes twice as often, and W in pairs, exactly where a second zero of C comes to +1 or -1.
    let meets = butterfly_radius.as_ref() == Some(r);
    let touches = infinity_radius.as_ref() == Some(r);
    let infinity = if touches { turns } else { infinity };
    let inner = *r < BigRational::one();
    Some(ConcentricCounts {
        cusps: if second_family { 4 * turns } else { 2 * turns },
        infinity,
        directions: if opposite { infinity / 2 } else { infinity },
        first_contacts: if inner { 0 } else { 2 * turns },
        second_contacts: if inner { 2 * turns } else { 0 },
        butterflies: if meets { turns } else { 0 },
        cusps_at_infinity: if touches { turns } else { 0 },
    })
}

/// Whether r lies strictly between 1 and a limit; `None` is an infinite limit.
fn between_one_and(r: &BigRational, limit: Option<&BigRational>) -> bool {
    let one = BigRational::one();
    match limit {
        None => *r > one,
        Some(limit) => ((r - &one) * (r - limit)).is_negative(),
    }
}

/// The radius at which concentric circles have butterflies; `None` where there is none.
pub fn butterfly_radius(multiplier: Multiplier) -> Option<f64> {
    let (p, q) = (multiplier.p(), multiplier.q());
    let regular = p != 0 && p != q && p != -q && 2 * p != q && 2 * q != p;
    regular.then(|| (f64::whole(2 * q - p) / f64::whole(2 * p - q)).abs())
}
