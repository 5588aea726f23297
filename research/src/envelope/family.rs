//! One family of lines in floats: points, lines, the envelope.

use super::conditions::Conditions;
use super::laurent::Scalar as _;
use super::parameters::Multiplier;
use super::vector::{Vec3, cross};

/// The lines through `P = exp(iqu)` and `Q = c + r exp(ipu)`, for `u` from 0 to `2 pi`.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The multiplier `p/q`.
    pub multiplier: Multiplier,
    /// Centre of the second circle, first coordinate.
    pub a: f64,
    /// Centre of the second circle, second coordinate.
    pub b: f64,
    /// Radius of the second circle.
    pub r: f64,
}

/// A moving line `l` with its first two derivatives by `u`, in homogeneous coordinates.
pub type LineJet = [Vec3; 3];

/// A closed one-parameter family of lines.
pub trait MovingLine: Sync {
    /// The line at `u` and its derivatives; `l` itself must be continuous in `u` up to a sign after `2 pi`.
    fn jet(&self, u: f64) -> LineJet;

    /// The point of the envelope, `l x l'`.
    fn contact(&self, u: f64) -> Vec3 {
        let [l, l1, _] = self.jet(u);
        cross(l, l1)
    }
}

impl Family {
    /// A family; nothing is checked.
    pub fn new(multiplier: Multiplier, a: f64, b: f64, r: f64) -> Self {
        Self {
            multiplier,
            a,
            b,
            r,
        }
    }

    /// `p` and `q` as floats.
    pub fn frequencies(&self) -> (f64, f64) {
        (
            f64::whole(self.multiplier.p()),
            f64::whole(self.multiplier.q()),
        )
    }

    /// The point on the unit circle.
    pub fn first_point(&self, u: f64) -> [f64; 2] {
        let (sine, cosine) = (self.frequencies().1 * u).sin_cos();
        [cosine, sine]
    }

    /// The point on the second circle.
    pub fn second_point(&self, u: f64) -> [f64; 2] {
        let (sine, cosine) = (self.frequencies().0 * u).sin_cos();
        [self.a + self.r * cosine, self.b + self.r * sine]
    }

    /// The point of the envelope in the plane; not finite where the envelope is at infinity.
    pub fn envelope_point(&self, u: f64) -> [f64; 2] {
        let [x, y, w] = self.contact(u);
        [x / w, y / w]
    }

    /// The functions whose zeros are counted.
    pub fn conditions(&self) -> Conditions<f64> {
        Conditions::new(
            self.multiplier.p(),
            self.multiplier.q(),
            &self.a,
            &self.b,
            &self.r,
        )
    }

    /// A length that the whole picture has.
    pub fn scale(&self) -> f64 {
        (1.0 + self.r + self.a.hypot(self.b)).max(1.0)
    }
}

impl MovingLine for Family {
    fn jet(&self, u: f64) -> LineJet {
        let (p, q) = self.frequencies();
        let (sp, cp) = (p * u).sin_cos();
        let (sq, cq) = (q * u).sin_cos();
        // Derivatives of P and Q as [value, first, second].
        let px = [cq, -q * sq, -q * q * cq];
        let py = [sq, q * cq, -q * q * sq];
        let r = self.r;
        let qx = [self.a + r * cp, -p * r * sp, -p * p * r * cp];
        let qy = [self.b + r * sp, p * r * cp, -p * p * r * sp];
        let cross = |i: usize, j: usize| px[i] * qy[j] - py[i] * qx[j];
        [
            [py[0] - qy[0], qx[0] - px[0], cross(0, 0)],
            [py[1] - qy[1], qx[1] - px[1], cross(1, 0) + cross(0, 1)],
            [
                py[2] - qy[2],
                qx[2] - px[2],
                cross(2, 0) + 2.0 * cross(1, 1) + cross(0, 2),
            ],
        ]
    }
}

/// The family of one circle, where both points run on the unit circle, divided by `2 sin((p - q) u / 2)`:
/// `x cos(su) + y sin(su) = cos(du)` with `s = (p + q)/2` and `d = (p - q)/2`.
#[derive(Clone, Copy, Debug)]
pub struct OneCircle {
    sum: f64,
    difference: f64,
}

impl OneCircle {
    /// The family with this multiplier.
    pub fn new(multiplier: Multiplier) -> Self {
        Self {
            sum: f64::whole(multiplier.p() + multiplier.q()) / 2.0,
            difference: f64::whole(multiplier.difference()) / 2.0,
        }
    }
}

impl MovingLine for OneCircle {
    fn jet(&self, u: f64) -> LineJet {
        let (s, d) = (self.sum, self.difference);
        let (ss, cs) = (s * u).sin_cos();
        let (sd, cd) = (d * u).sin_cos();
        [
            [cs, ss, -cd],
            [-s * ss, s * cs, d * sd],
            [-s * s * cs, -s * s * ss, d * d * cd],
        ]
    }
}
