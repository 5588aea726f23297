//! Swallowtails whose centres are known in closed form.

use std::f64::consts::PI;

use serde::Serialize;

use crate::envelope::laurent::Scalar as _;
use crate::envelope::parameters::Multiplier;

/// A line of swallowtails: for every radius r, the centre `base + slope r`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SwallowtailLine {
    /// The parameter of the singular point.
    pub u: f64,
    /// The centre for r = 0.
    pub base: [f64; 2],
    /// How the centre moves with r.
    pub slope: [f64; 2],
    /// Whether the singular point is the point P on the unit circle; otherwise it is Q on the second one.
    pub on_unit_circle: bool,
}

impl SwallowtailLine {
    /// The centre at a radius.
    pub fn centre(&self, r: f64) -> [f64; 2] {
        [
            self.base[0] + self.slope[0] * r,
            self.base[1] + self.slope[1] * r,
        ]
    }
}

/// The lines with the singular point on one of the circles, at `(p - q) u0 = pi/2` or `3 pi/2` up to whole turns.
pub fn rational_lines(multiplier: Multiplier) -> Vec<SwallowtailLine> {
    let (p, q) = (multiplier.p(), multiplier.q());
    if p == 0 || p == q {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for j in 0..2 * (p - q).abs() {
        let u = PI * (f64::whole(j) + 0.5) / f64::whole((p - q).abs());
        let sign = (f64::whole(p - q) * u).sin().signum();
        let (sine, cosine) = (f64::whole(q) * u).sin_cos();
        // exp(iqu0) (x + iy)
        let turn = |x: f64, y: f64| [x * cosine - y * sine, x * sine + y * cosine];
        let mut line = |base: f64, slope: f64, on_unit_circle| {
            lines.push(SwallowtailLine {
                u,
                base: turn(base, 0.0),
                slope: turn(0.0, slope),
                on_unit_circle,
            });
        };
        if p != 2 * q {
            line(f64::whole(p - 2 * q) / f64::whole(p), -sign, false);
        }
        if q != 2 * p {
            line(1.0, sign * f64::whole(2 * p - q) / f64::whole(q), true);
        }
    }
    lines
}
