//! All swallowtails: a cubic curve of singular points, and over each of its points lines of centres.
//!
//! In the frame with `u0 = 0` and `P = 1` the singular point (x, y) of a swallowtail lies on the cubic
//! `y^2 (p(p+q)x - p(p+q) + 3q^2) = -(x - 1) ((p+q)x - (p-2q)) (px - (p-2q))`. The second circle that belongs to it is
//! the kernel of four linear equations, so that its centre moves along a line as its radius grows: the surface of
//! swallowtails is ruled.

use std::f64::consts::{PI, TAU};

use serde::Serialize;

use crate::envelope::laurent::Scalar as _;
use crate::envelope::linear::kernel;
use crate::envelope::parameters::Multiplier;

/// A box of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Region {
    /// Range of a.
    pub a: [f64; 2],
    /// Range of b.
    pub b: [f64; 2],
    /// Range of r.
    pub r: [f64; 2],
}

impl Region {
    /// Whether a centre lies in it.
    pub fn holds(&self, [a, b]: [f64; 2]) -> bool {
        self.a[0] <= a && a <= self.a[1] && self.b[0] <= b && b <= self.b[1]
    }

    /// The stretch of radii on which a moving centre `base + slope r` is inside; `None` if it never is.
    pub fn clip(&self, base: [f64; 2], slope: [f64; 2]) -> Option<[f64; 2]> {
        let [mut low, mut high] = self.r;
        for (range, (base, slope)) in [self.a, self.b]
            .into_iter()
            .zip(base.into_iter().zip(slope))
        {
            if slope == 0.0 {
                if base < range[0] || base > range[1] {
                    return None;
                }
                continue;
            }
            let ends = range.map(|end| (end - base) / slope);
            low = low.max(ends[0].min(ends[1]));
            high = high.min(ends[0].max(ends[1]));
        }
        (low < high).then_some([low, high])
    }
}

/// A line of the surface of swallowtails: for every radius r, the centre `base + slope r`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Walk {
    /// The parameter of the singular point.
    pub u: f64,
    /// The singular point, which does not depend on r.
    pub point: [f64; 2],
    /// The centre for r = 0.
    pub base: [f64; 2],
    /// How the centre moves with r.
    pub slope: [f64; 2],
}

impl Walk {
    /// The centre at a radius.
    pub fn centre(&self, r: f64) -> [f64; 2] {
        [
            self.base[0] + self.slope[0] * r,
            self.base[1] + self.slope[1] * r,
        ]
    }
}

/// The lines of the surface in strips: neighbours in a strip are neighbours on the surface.
///
/// `samples` lines are taken for each branch of the cubic; there are `2 |p - q|` images of each strip.
pub fn swallowtail_surface(multiplier: Multiplier, samples: u32) -> Vec<Vec<Walk>> {
    let turns = multiplier.difference().abs();
    let mut strips = Vec::new();
    if turns == 0 || multiplier.p() == 0 {
        return strips;
    }
    for branch in cubic(multiplier, samples) {
        for j in 0..turns {
            for sign in [1.0, -1.0] {
                let mut strip: Vec<Walk> = Vec::new();
                let mut last: Option<f64> = None;
                for &place in &branch {
                    let Some((walk, angle)) = ruling(multiplier, place, j, sign, last) else {
                        continue;
                    };
                    last = Some(angle);
                    strip.push(walk);
                }
                strips.push(strip);
            }
        }
    }
    strips
}

/// The curve of swallowtails in the plane of centres for one radius.
pub fn swallowtail_curve(multiplier: Multiplier, r: f64, samples: u32) -> Vec<Vec<[f64; 2]>> {
    let strips = swallowtail_surface(multiplier, samples);
    let curves = strips
        .into_iter()
        .map(|strip| strip.iter().map(|walk| walk.centre(r)).collect());
    curves.collect()
}

/// The line of centres over one point of the cubic; also the angle of its second point, followed from the last one.
fn ruling(
    multiplier: Multiplier,
    [x, y]: [f64; 2],
    j: i64,
    sign: f64,
    last: Option<f64>,
) -> Option<(Walk, f64)> {
    let (p, q) = (f64::whole(multiplier.p()), f64::whole(multiplier.q()));
    let delta = p - q;
    // Rows (Im Y, -Re Y, Im V, -Re V) with Y0 = Z - 1, Yj = -(iq)^j, Vj = (-ip)^j Z - (-i delta)^j.
    let mut rows = Vec::with_capacity(4);
    for order in 0..4_i32 {
        let power = |base: f64| {
            let size = base.powi(order);
            match order {
                0 => (1.0, 0.0),
                1 => (0.0, size),
                2 => (-size, 0.0),
                _ => (0.0, -size),
            }
        };
        let first = if order == 0 {
            (x - 1.0, y)
        } else {
            let (re, im) = power(q);
            (-re, -im)
        };
        let (pr, pi) = power(-p);
        let (dr, di) = power(-delta);
        let second = (pr * x - pi * y - dr, pr * y + pi * x - di);
        rows.push(vec![first.1, -first.0, second.1, -second.0]);
    }
    let solution = kernel(rows);
    let [kx, ky, rx, ry] = solution.as_slice() else {
        return None;
    };
    let radius = rx.hypot(*ry);
    if radius < 1e-12 * kx.hypot(*ky) || !radius.is_finite() {
        return None;
    }
    // A kernel vector has no sign of its own: follow the one before.
    let mut angle = ry.atan2(*rx);
    let mut scale = 1.0 / radius;
    if let Some(last) = last
        && ((angle - last + PI / 2.0).rem_euclid(TAU)) > PI
    {
        angle += PI;
        scale = -scale;
    }
    if let Some(last) = last {
        angle = last + (angle - last + PI).rem_euclid(TAU) - PI;
    }
    let turned = angle + if sign > 0.0 { 0.0 } else { PI };
    let scale = scale * sign;
    let u = (turned + TAU * f64::whole(j)) / delta;
    let (sine, cosine) = (q * u).sin_cos();
    let turn = |x: f64, y: f64| [x * cosine - y * sine, x * sine + y * cosine];
    let walk = Walk {
        u: u.rem_euclid(TAU),
        point: turn(x, y),
        base: turn(x, y),
        slope: turn(kx * scale, ky * scale),
    };
    Some((walk, angle))
}

/// Points along the real branches of the cubic, denser where it turns.
fn cubic(multiplier: Multiplier, samples: u32) -> Vec<Vec<[f64; 2]>> {
    let (p, q) = (f64::whole(multiplier.p()), f64::whole(multiplier.q()));
    let sum = p + q;
    let ratio = |x: f64| {
        -(x - 1.0) * (sum * x - (p - 2.0 * q)) * (p * x - (p - 2.0 * q))
            / (p * sum * x - p * sum + 3.0 * q * q)
    };
    let mut marks = vec![1.0, (p - 2.0 * q) / p];
    if sum != 0.0 {
        marks.extend([(p - 2.0 * q) / sum, 1.0 - 3.0 * q * q / (p * sum)]);
    }
    marks.sort_by(f64::total_cmp);
    marks.dedup_by(|later, earlier| (*later - *earlier).abs() < 1e-12);
    let mut ranges = vec![(f64::NEG_INFINITY, marks[0])];
    ranges.extend(marks.windows(2).map(|pair| (pair[0], pair[1])));
    ranges.push((marks[marks.len() - 1], f64::INFINITY));

    let mut branches = Vec::new();
    for (low, high) in ranges {
        // One full turn of the angle runs along the upper half and back along the lower one.
        let at = |angle: f64| {
            let half = (angle / 2.0).sin().powi(2);
            let x = match (low.is_finite(), high.is_finite()) {
                (true, true) => low + (high - low) * half,
                (true, false) => low + (angle / 2.0).tan().powi(2),
                _ => high - (angle / 2.0).tan().powi(2),
            };
            let square = ratio(x);
            ((0.0..1e8).contains(&square) && x.abs() < 1e4)
                .then(|| [x, square.sqrt() * angle.sin().signum()])
        };
        let step = TAU / f64::from(samples.max(8));
        let mut branch = Vec::new();
        let mut flush = |branch: &mut Vec<[f64; 2]>| {
            if branch.len() > 1 {
                branches.push(std::mem::take(branch));
            }
            branch.clear();
        };
        for k in 0..=samples.max(8) {
            match at(step * (f64::from(k) + 1e-4) - PI) {
                Some(place) => branch.push(place),
                None => flush(&mut branch),
            }
        }
        flush(&mut branch);
    }
    branches
}
