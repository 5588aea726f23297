//! Lines that touch the envelope twice: pairs of parameters with one line.
//!
//! A line meets each circle twice, so a second parameter `v` has either the same point `P` and the other `Q`
//! (`v = u + 2 pi k / q`), the same `Q` and the other `P` (`v = u + 2 pi k / p`), or both others. In the last case both
//! normals agree, which fixes `(u + v)/2 = pi j / (p - q)` and leaves one equation for the half difference `h`:
//! `cos qh - (-1)^j r cos ph = n c`, with `n` the normal and `c` the centre.

use std::f64::consts::{PI, TAU};

use super::conditions::second_point;
use super::family::Family;
use super::laurent::{Laurent, Scalar as _};
use super::trigonometric::{START, Trigonometric, Zeros};

/// The bitangents, and whether every one was isolated.
#[derive(Clone, Debug, PartialEq)]
pub struct Bitangents {
    /// Unordered pairs of parameters, each once; not brought to one period.
    pub pairs: Vec<[f64; 2]>,
    /// Whether no zero was too flat to be sure.
    pub isolated: bool,
}

impl Bitangents {
    /// How many there are.
    pub fn count(&self) -> u64 {
        u64::try_from(self.pairs.len()).unwrap_or(u64::MAX)
    }
}

/// Finds the bitangents of a family of two different circles.
pub fn bitangents(family: &Family) -> Bitangents {
    let mut pairs = Vec::new();
    let mut isolated = true;
    let (p, q) = (family.multiplier.p(), family.multiplier.q());
    let second = second_point(p, &family.a, &family.b, &family.r);
    let first = Laurent::term(q, 1.0, 0.0);
    for (moving, fixed, period) in [(&second, &first, q), (&first, &second, p.abs())] {
        // k and period - k are the same pairs.
        for k in 1..=period / 2 {
            let angle = TAU * f64::whole(k) / f64::whole(period);
            let here = moving.clone() - fixed.clone();
            let there = shifted(moving, angle) - fixed.clone();
            let zeros = Trigonometric::new(&here.cross(&there)).zeros();
            // Half a turn on, a pair is found again from its other end.
            let once = |u: &f64| 2 * k != period || (u - START).rem_euclid(TAU) < PI;
            let found = zeros.simple.iter().copied().filter(once);
            pairs.extend(found.map(|u| [u, u + angle]));
            isolated &= zeros.unresolved.is_empty();
        }
    }
    for j in 0..family.multiplier.difference().abs() {
        let (zeros, touching) = both_others(family, j);
        let middle = PI * f64::whole(j) / f64::whole(family.multiplier.difference());
        // The half differences h and -h are one pair.
        let halves = zeros.simple.iter().copied().filter(|half| half.sin() > 0.0);
        pairs.extend(halves.map(|half| [middle + half, middle - half]));
        isolated &= zeros.unresolved.is_empty() && !touching;
    }
    Bitangents { pairs, isolated }
}

/// Zeros of the equation for the half difference: each pair twice, at `h` and `-h`.
fn both_others(family: &Family, j: i64) -> (Zeros, bool) {
    let (p, q) = (family.multiplier.p(), family.multiplier.q());
    let normal = f64::whole(q) * PI * f64::whole(j) / f64::whole(p - q);
    let offset = family.a * normal.cos() + family.b * normal.sin();
    let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
    let equation = Laurent::term(q, 1.0, 0.0)
        - Laurent::term(p, sign * family.r, 0.0)
        - Laurent::term(0, offset, 0.0);
    let mut zeros = Trigonometric::new(&equation.real()).zeros();
    // At h = 0 and h = pi both parameters are one: no bitangent, but a place where one may vanish.
    let at_end = |u: f64| u.sin().abs() < 1e-9;
    let before = zeros.simple.len() + zeros.unresolved.len();
    zeros.simple.retain(|&u| !at_end(u));
    zeros
        .unresolved
        .retain(|cluster| !at_end(cluster.middle()) && cluster.middle().sin().abs() > 1e-6);
    let touching = before != zeros.simple.len() + zeros.unresolved.len();
    (zeros, touching)
}

/// The function a step further on: `f(u + angle)`.
fn shifted(function: &Laurent<f64>, angle: f64) -> Laurent<f64> {
    let zero = Laurent::term(0, 0.0, 0.0);
    function.terms().fold(zero, |sum, (frequency, c)| {
        let (sine, cosine) = (f64::whole(frequency) * angle).sin_cos();
        sum + Laurent::term(
            frequency,
            c.re * cosine - c.im * sine,
            c.re * sine + c.im * cosine,
        )
    })
}
