//! Proofs, for rational parameters, that a list of crossings is right and complete.
//!
//! A crossing is a pair of parameters, and the equations for it have some hundred complex solutions of which few are
//! real: eliminating a variable costs minutes. Instead the crossings that the float search found are proved one by one,
//! and everything else is proved to be free of them, in intervals rounded outwards ([`interval`], [`circle`], [`wave`]):
//!
//! - every pair found has a small square of parameters in which a crossing exists ([`arc`]);
//! - two pieces of the curve are apart, or meet at most once and hold one of those squares, or are cut ([`cover`]);
//! - pieces beside each other do not meet while the stretch of both turns by less than half a turn and has at most one
//!   cusp, seen in a chart where it is finite. If `rho` is the radius of curvature with its sign, a crossing would make
//!   the integral of `rho (cos, sin)` vanish; weighed with the sine of the angle from the cusp, it has one sign.
//!
//! Where the cusps are is proved too: the signs of E beside each, and by Sturm sequences that there are no more.
//!
//! Bitangents are crossings of the dual curve, which has no cusps: the same proof with points and lines exchanged.

mod arc;
mod circle;
mod cover;
mod interval;
mod wave;

use num_rational::BigRational;

use super::conditions::Conditions;
use super::exact::Multiplicities;
use super::laurent::Laurent;
use arc::EnclosedCurve;
use wave::{VectorWave, sign_changes};

/// The envelope of a family with rational parameters, as a curve of points and tangents and as its dual.
#[derive(Clone, Debug)]
pub struct Enclosure {
    curve: EnclosedCurve,
    cusps: Vec<[f64; 2]>,
}

impl Enclosure {
    /// Proves where E, with zeros of these `orders`, changes its sign, near the `cusps` that floats found; `None` if
    /// floats cannot tell.
    pub fn new(
        conditions: &Conditions<BigRational>,
        cusps: &[f64],
        orders: &Multiplicities,
    ) -> Option<Self> {
        let cusps = sign_changes(&conditions.cusp, cusps);
        (cusps.len() == orders.sign_changes()).then(|| Self {
            curve: EnclosedCurve {
                point: VectorWave::new(&contact(&conditions.line)),
                line: VectorWave::new(&conditions.line),
            },
            cusps,
        })
    }

    /// Whether the envelope crosses itself at these pairs of parameters, and nowhere else; `false` is no answer.
    pub fn crosses_only_at(&self, pairs: &[[f64; 2]]) -> bool {
        cover::proves(&self.curve, &self.cusps, pairs)
    }

    /// Whether the same line belongs to these pairs of parameters, and to no others; `false` is no answer.
    pub fn touches_twice_only_at(&self, pairs: &[[f64; 2]]) -> bool {
        let dual = EnclosedCurve {
            point: self.curve.line.clone(),
            line: self.curve.point.clone(),
        };
        cover::proves(&dual, &[], pairs)
    }

    /// Whether the envelope is in the plane, not at infinity, around a parameter; `false` is no answer.
    pub fn is_finite_near(&self, u: f64) -> bool {
        arc::Arc::new(&self.curve, u - cover::REACHES[0], u + cover::REACHES[0]).is_finite()
    }
}

/// The point of the envelope, `l x l'`.
fn contact(line: &[Laurent<BigRational>; 3]) -> [Laurent<BigRational>; 3] {
    let slope = line.each_ref().map(Laurent::derivative);
    [(1, 2), (2, 0), (0, 1)].map(|(i, j)| &line[i] * &slope[j] - &line[j] * &slope[i])
}
