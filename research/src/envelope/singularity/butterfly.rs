//! Butterflies: straight lines in the space of (a, b, r).

use std::f64::consts::PI;

use serde::Serialize;

use crate::envelope::laurent::Scalar as _;
use crate::envelope::parameters::Multiplier;

/// A line of butterflies: for every radius r, the centre `base + slope r`.
///
/// At `u0 = k pi / (p - q)` with `e = (-1)^k`: `a + ib = exp(iqu0) ((p - 2q) + (2p - q) e r) / (p + q)`, and the singular
/// point `exp(iqu0) (p - 2q) / (p + q)` does not depend on r.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ButterflyLine {
    /// Counts the lines from 0.
    pub index: i64,
    /// The parameter of the singular point.
    pub u: f64,
    /// The centre for r = 0.
    pub base: [f64; 2],
    /// How the centre moves with r.
    pub slope: [f64; 2],
    /// The singular point.
    pub point: [f64; 2],
    /// The radius at which the point is not finite and the line is interrupted, if it is positive.
    pub excluded_radius: Option<f64>,
}

impl ButterflyLine {
    /// The centre at a radius.
    pub fn centre(&self, r: f64) -> [f64; 2] {
        [
            self.base[0] + self.slope[0] * r,
            self.base[1] + self.slope[1] * r,
        ]
    }
}

/// All lines of butterflies: `2 |p - q|` of them, or none for m in 0, 1, -1, 2, 1/2.
pub fn butterfly_lines(multiplier: Multiplier) -> Vec<ButterflyLine> {
    let (p, q) = (multiplier.p(), multiplier.q());
    if p == 0 || p == q || p == -q || p == 2 * q || q == 2 * p {
        return Vec::new();
    }
    let sum = f64::whole(p + q);
    let (constant, factor) = (f64::whole(p - 2 * q) / sum, f64::whole(2 * p - q) / sum);
    let lines = (0..2 * (p - q).abs()).map(|index| {
        let u = PI * f64::whole(index) / f64::whole((p - q).abs());
        let sign = if index % 2 == 0 { 1.0 } else { -1.0 };
        let (sine, cosine) = (f64::whole(q) * u).sin_cos();
        let along = |length: f64| [length * cosine, length * sine];
        let excluded = sign * f64::whole(q) / f64::whole(p);
        ButterflyLine {
            index,
            u,
            base: along(constant),
            slope: along(factor * sign),
            point: along(constant),
            excluded_radius: (excluded > 0.0).then_some(excluded),
        }
    });
    lines.collect()
}
