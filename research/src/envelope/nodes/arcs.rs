//! Cutting a curve into short convex arcs.

use std::f64::consts::TAU;

use crate::envelope::family::MovingLine;
use crate::envelope::vector::{Vec3, cross, dot, norm, scaled, sum, unit};

/// The curve at one parameter: a point and its tangent line, both of length one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) u: f64,
    pub(super) point: Vec3,
    pub(super) line: Vec3,
}

/// A curve of points and tangents, scaled so that it is of the size of the unit circle.
pub(super) struct Curve<'a, L: MovingLine> {
    pub(super) lines: &'a L,
    pub(super) scale: f64,
}

impl<L: MovingLine> Curve<'_, L> {
    pub(super) fn sample(&self, u: f64) -> Sample {
        let [l, l1, _] = self.jet(u);
        Sample {
            u,
            point: unit(cross(l, l1)),
            line: unit(l),
        }
    }

    /// The line with its derivatives, in coordinates divided by the scale.
    pub(super) fn jet(&self, u: f64) -> [Vec3; 3] {
        let s = self.scale;
        self.lines.jet(u).map(|[x, y, z]| [x * s, y * s, z])
    }
}

/// A piece between two parameters without a cusp inside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    pub(super) from: Sample,
    pub(super) to: Sample,
    /// Where the end tangents meet, on the side of the arc.
    pub(super) apex: Vec3,
    /// Middle of the arc, and the cosine and sine of the angle within which its triangle lies.
    pub(super) centre: Vec3,
    pub(super) reach: (f64, f64),
    /// How far point and tangent move, as angles on the sphere.
    pub(super) length: f64,
}

/// Arcs are cut until point and tangent each move by less than this angle.
const LONGEST: f64 = 0.45;
/// Parameters are not cut finer than this.
const NARROWEST: f64 = 1e-9;

impl Arc {
    pub(super) fn new(from: Sample, to: Sample) -> Self {
        let middle = unit(sum(from.point, to.point));
        let meeting = cross(from.line, to.line);
        let apex = if norm(meeting) < 1e-14 {
            middle
        } else if dot(meeting, middle) < 0.0 {
            unit(scaled(meeting, -1.0))
        } else {
            unit(meeting)
        };
        let cosine = [from.point, to.point, apex]
            .into_iter()
            .map(|corner| dot(corner, middle))
            .fold(1.0, f64::min);
        let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
        Self {
            from,
            to,
            apex,
            centre: middle,
            reach: (cosine, sine),
            length: angle(from.point, to.point) + angle(from.line, to.line),
        }
    }

    pub(super) fn width(&self) -> f64 {
        self.to.u - self.from.u
    }

    /// By how much the direction of the tangent turns; `None` if the arc meets the line at infinity.
    pub(super) fn turn(&self) -> Option<f64> {
        let [from, to] = [self.from.line, self.to.line];
        let (sine, cosine) = (
            from[0] * to[1] - from[1] * to[0],
            from[0] * to[0] + from[1] * to[1],
        );
        let finite = self.corners().map(|corner| corner[2] > 0.0);
        (finite[0] == finite[1] && finite[1] == finite[2]).then(|| sine.atan2(cosine).abs())
    }

    pub(super) fn halves<L: MovingLine>(&self, curve: &Curve<'_, L>) -> [Self; 2] {
        let middle = curve.sample(f64::midpoint(self.from.u, self.to.u));
        [Self::new(self.from, middle), Self::new(middle, self.to)]
    }

    /// Whether the triangles of two arcs may have a point in common.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        // |cos| of the angle between the centres against the sum of both reaches.
        let reach = self.reach.0 * other.reach.0 - self.reach.1 * other.reach.1;
        let cosine = dot(self.centre, other.centre);
        if self.reach.0 > 0.0 && other.reach.0 > 0.0 && cosine.abs() < reach - 1e-12 {
            return false;
        }
        let (mine, theirs) = (self.corners(), other.corners());
        // A point of the plane is a line through the origin: the other arc's triangle counts with both signs.
        let opposite = theirs.map(|corner| scaled(corner, -1.0));
        !separated(&mine, &theirs) || !separated(&mine, &opposite)
    }

    fn corners(&self) -> [Vec3; 3] {
        [self.from.point, self.apex, self.to.point]
    }
}

/// The arcs of a closed curve, cut at its cusps (rising, within one period).
pub(super) fn cut<L: MovingLine>(curve: &Curve<'_, L>, cusps: &[f64]) -> Vec<Arc> {
    let mut cuts: Vec<f64> = cusps.to_vec();
    // At least a few pieces, wherever the cusps are.
    let first = cuts.first().copied().unwrap_or(0.0);
    for k in 0..8 {
        cuts.push(first + TAU * f64::from(k) / 8.0 + 0.003 * f64::from(k.min(1)));
    }
    cuts.push(first + TAU);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup_by(|later, earlier| *later - *earlier < 1e-14);
    let samples: Vec<Sample> = cuts.iter().map(|&u| curve.sample(u)).collect();
    let mut arcs = Vec::new();
    for pair in samples.windows(2) {
        let mut open = vec![(pair[0], pair[1])];
        while let Some((from, to)) = open.pop() {
            let short =
                angle(from.point, to.point) < LONGEST && angle(from.line, to.line) < LONGEST;
            let wide = to.u - from.u > TAU / 8.0 + 0.01;
            // A long way round may end where it began: look at the middle too.
            let middle = curve.sample(f64::midpoint(from.u, to.u));
            let straight = angle(from.point, middle.point) < LONGEST
                && angle(from.line, middle.line) < LONGEST;
            if (short && straight && !wide) || to.u - from.u < NARROWEST {
                arcs.push(Arc::new(from, to));
            } else {
                open.push((middle, to));
                open.push((from, middle));
            }
        }
    }
    arcs
}

/// The angle between two unit vectors.
pub(super) fn angle(a: Vec3, b: Vec3) -> f64 {
    norm(cross(a, b)).atan2(dot(a, b))
}

/// Whether a plane through the origin and two corners of one cone has the cones on different sides.
fn separated(first: &[Vec3; 3], second: &[Vec3; 3]) -> bool {
    splits(first, second) || splits(second, first)
}

fn splits(edges: &[Vec3; 3], others: &[Vec3; 3]) -> bool {
    // Rounding of products of unit vectors.
    let slack = 1e-15;
    (0..3).any(|k| {
        let normal = cross(edges[k], edges[(k + 1) % 3]);
        let own = dot(normal, edges[(k + 2) % 3]);
        let sides = others.map(|corner| dot(normal, corner));
        if own >= 0.0 {
            sides.iter().all(|&side| side < -slack)
        } else {
            sides.iter().all(|&side| side > slack)
        }
    })
}
