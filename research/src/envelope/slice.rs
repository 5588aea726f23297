//! Slices: the plane of centres (a, b) for one radius, with the regions of equal counts and the walls between them.

use std::f64::consts::TAU;

use rayon::prelude::*;
use serde::Serialize;

use super::conditions::Conditions;
use super::error::EnvelopeError;
use super::laurent::{Laurent, Scalar as _};
use super::parameters::Multiplier;
use super::singularity::{butterfly_lines, rational_lines, swallowtail_curve};
use super::trigonometric::Trigonometric;

/// What a slice shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SliceRequest {
    /// The multiplier.
    #[serde(skip)]
    pub multiplier: Multiplier,
    /// The radius of the second circle.
    pub r: f64,
    /// Range of a.
    pub a: [f64; 2],
    /// Range of b.
    pub b: [f64; 2],
    /// Columns and rows.
    pub size: [usize; 2],
}

/// Counts and walls of a slice.
#[derive(Clone, Debug, Serialize)]
pub struct Slice {
    /// What was asked.
    pub request: SliceRequest,
    /// Cusps at the centre of each cell, row by row from the largest b; none for a window without cells.
    pub cusps: Vec<u16>,
    /// Points at infinity, likewise.
    pub points_at_infinity: Vec<u16>,
    /// Curves of swallowtails.
    pub swallowtails: Vec<Vec<[f64; 2]>>,
    /// Butterflies.
    pub butterflies: Vec<[f64; 2]>,
    /// Swallowtails with a closed form.
    pub rational_swallowtails: Vec<[f64; 2]>,
    /// Centres with coinciding points: a trochoid.
    pub coincidence: Vec<[f64; 2]>,
    /// Centres for which a chord touches both circles: lines, as a point and a direction each.
    pub common_tangents: Vec<[[f64; 2]; 2]>,
    /// Centres with a cusp at infinity: inflectional tangents, as a point and a direction each.
    pub cusps_at_infinity: Vec<[[f64; 2]; 2]>,
}

/// The most cells of a slice.
const MOST_CELLS: usize = 16_000_000;

/// Computes a slice; `progress` is told of every row.
pub fn slice(request: SliceRequest, progress: &(dyn Fn() + Sync)) -> Result<Slice, EnvelopeError> {
    let [columns, rows] = request.size;
    let cells = columns.checked_mul(rows);
    if cells.is_none_or(|cells| cells > MOST_CELLS) {
        return Err(EnvelopeError::Range(format!(
            "a slice of {columns} x {rows} cells; choose at most {MOST_CELLS} cells"
        )));
    }
    let m = request.multiplier;
    if m.p() == 0 || m.difference() == 0 || request.r <= 0.0 {
        return Err(EnvelopeError::Degenerate {
            action: "slice",
            reason: "for m = 0, m = 1 or r = 0 all lines pass through one point".to_owned(),
        });
    }
    for range in [request.a, request.b] {
        if range[0].partial_cmp(&range[1]) != Some(std::cmp::Ordering::Less) {
            return Err(EnvelopeError::Range(format!(
                "the range {} to {} is empty; give the smaller end first",
                range[0], range[1]
            )));
        }
    }
    let plane = Plane::new(m, request.r);
    let counts: Vec<[u16; 2]> = (0..rows)
        .into_par_iter()
        .flat_map_iter(|row| {
            let at = |range: [f64; 2], k: usize, of: usize| {
                #[expect(clippy::cast_precision_loss, reason = "cells are few")]
                let share = (k as f64 + 0.5) / of as f64;
                range[0] + (range[1] - range[0]) * share
            };
            let b = at([request.b[1], request.b[0]], row, rows);
            let line: Vec<[u16; 2]> = (0..columns)
                .map(|column| plane.counts(at(request.a, column, columns), b))
                .collect();
            progress();
            line
        })
        .collect();
    Ok(Slice {
        request,
        cusps: counts.iter().map(|counts| counts[0]).collect(),
        points_at_infinity: counts.iter().map(|counts| counts[1]).collect(),
        swallowtails: swallowtail_curve(m, request.r, 1200),
        butterflies: butterfly_lines(m)
            .iter()
            .map(|line| line.centre(request.r))
            .collect(),
        rational_swallowtails: rational_lines(m)
            .iter()
            .map(|line| line.centre(request.r))
            .collect(),
        coincidence: coincidence(m, request.r),
        common_tangents: common_tangents(m, request.r),
        cusps_at_infinity: cusps_at_infinity(m, request.r),
    })
}

/// E and W as functions of the centre: E is of degree 2 in (a, b), W of degree 1.
struct Plane {
    cusp: [Laurent<f64>; 6],
    infinity: [Laurent<f64>; 3],
}

impl Plane {
    fn new(multiplier: Multiplier, r: f64) -> Self {
        let at = |a: f64, b: f64| Conditions::new(multiplier.p(), multiplier.q(), &a, &b, &r);
        let [o, a, b] = [at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0)];
        let [minus_a, minus_b, both] = [at(-1.0, 0.0), at(0.0, -1.0), at(1.0, 1.0)];
        let half = Laurent::term(0, 0.5, 0.0);
        let even = |plus: &Conditions<f64>, minus: &Conditions<f64>| {
            &half * &(plus.cusp.clone() + minus.cusp.clone()) - o.cusp.clone()
        };
        let odd = |plus: &Conditions<f64>, minus: &Conditions<f64>| {
            &half * &(plus.cusp.clone() - minus.cusp.clone())
        };
        let (aa, bb) = (even(&a, &minus_a), even(&b, &minus_b));
        let (a1, b1) = (odd(&a, &minus_a), odd(&b, &minus_b));
        let ab = both.cusp - o.cusp.clone() - aa.clone() - bb.clone() - a1.clone() - b1.clone();
        Self {
            infinity: [
                o.infinity.clone(),
                a.infinity - o.infinity.clone(),
                b.infinity - o.infinity,
            ],
            cusp: [o.cusp, a1, b1, aa, ab, bb],
        }
    }

    fn counts(&self, a: f64, b: f64) -> [u16; 2] {
        let count = |parts: &[Laurent<f64>], weights: &[f64]| {
            let zero = Laurent::term(0, 0.0, 0.0);
            let parts = parts.iter().zip(weights);
            let sum = parts.fold(zero, |sum, (part, &weight)| {
                sum + &Laurent::term(0, weight, 0.0) * part
            });
            let zeros = Trigonometric::new(&sum).zeros();
            u16::try_from(zeros.simple.len() + zeros.unresolved.len()).unwrap_or(u16::MAX)
        };
        [
            count(&self.cusp, &[1.0, a, b, a * a, a * b, b * b]),
            count(&self.infinity, &[1.0, a, b]),
        ]
    }
}

/// Centres at which the points at `u` coincide: `c = exp(iqu) - r exp(ipu)`.
fn coincidence(multiplier: Multiplier, r: f64) -> Vec<[f64; 2]> {
    let (p, q) = (f64::whole(multiplier.p()), f64::whole(multiplier.q()));
    let steps = 400.0 * (p.abs().max(q) + 1.0);
    let mut curve = Vec::new();
    let mut k = 0.0;
    while k <= steps {
        let u = TAU * k / steps;
        curve.push([
            (q * u).cos() - r * (p * u).cos(),
            (q * u).sin() - r * (p * u).sin(),
        ]);
        k += 1.0;
    }
    curve
}

/// Centres for which the chord at `u = k pi / (p - q)` touches both circles: `n c = 1 - (-1)^k r`, `n = exp(iqu)`.
///
/// There the line is stationary (`l` and `l'` are parallel), two cusps appear or vanish, and so does a bitangent.
pub fn common_tangents(multiplier: Multiplier, r: f64) -> Vec<[[f64; 2]; 2]> {
    let q = f64::whole(multiplier.q());
    let turns = multiplier.difference().abs();
    let lines = (0..2 * turns).map(|k| {
        let u = std::f64::consts::PI * f64::whole(k) / f64::whole(turns);
        let offset = if k % 2 == 0 { 1.0 - r } else { 1.0 + r };
        let (sine, cosine) = (q * u).sin_cos();
        [[offset * cosine, offset * sine], [-sine, cosine]]
    });
    lines.collect()
}

/// Centres with a cusp at infinity: the negated inflectional tangents of `R(u) = r exp(ipu) - exp(iqu)`.
fn cusps_at_infinity(multiplier: Multiplier, r: f64) -> Vec<[[f64; 2]; 2]> {
    let (p, q) = (f64::whole(multiplier.p()), f64::whole(multiplier.q()));
    let cosine = (r * r * p.powi(3) + q.powi(3)) / (p * q * (p + q) * r);
    if cosine.is_nan() || cosine.abs() >= 1.0 {
        return Vec::new();
    }
    let delta = p - q;
    let mut tangents = Vec::new();
    for j in 0..multiplier.difference().abs() {
        for sign in [1.0, -1.0] {
            let u = (sign * cosine.acos() + TAU * f64::whole(j)) / delta;
            let point = [
                (q * u).cos() - r * (p * u).cos(),
                (q * u).sin() - r * (p * u).sin(),
            ];
            let along = [
                -q * (q * u).sin() + r * p * (p * u).sin(),
                q * (q * u).cos() - r * p * (p * u).cos(),
            ];
            let length = along[0].hypot(along[1]);
            tangents.push([point, [along[0] / length, along[1] / length]]);
        }
    }
    tangents
}
