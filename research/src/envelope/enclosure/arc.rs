//! Pieces of a moving line and its point, with everything that can be proved about a pair of them.

use super::circle::turns;
use super::interval::{Interval, cross, dot};
use super::wave::{Taylor, VectorWave};
use crate::envelope::vector::{self, Vec3, scaled, sum, unit};

/// A curve of points and its tangent lines.
#[derive(Clone, Debug)]
pub(super) struct EnclosedCurve {
    /// The moving point.
    pub point: VectorWave,
    /// The moving tangent.
    pub line: VectorWave,
}

/// All parameters from `low` to `high`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    pub(super) low: f64,
    pub(super) high: f64,
    half: f64,
    point: Taylor,
    line: Taylor,
    /// Unit vectors near the middle of the arc; where exactly does not matter for any proof.
    middle_point: Vec3,
    middle_line: Vec3,
    /// How far point and line move, about.
    pub(super) size: f64,
}

impl Arc {
    pub(super) fn new(curve: &EnclosedCurve, low: f64, high: f64) -> Self {
        let centre = f64::midpoint(low, high);
        let half = (high - centre).max(centre - low).next_up();
        let turned = turns(centre, curve.point.degree().max(curve.line.degree()));
        let (point, line) = (curve.point.taylor(&turned), curve.line.taylor(&turned));
        let speed = |motion: &Taylor| {
            let [value, slope] = [motion.value(), motion.slope()].map(middle);
            vector::norm(vector::cross(unit(value), slope)) / vector::norm(value)
        };
        Self {
            low,
            high,
            half,
            size: half * (speed(&point) + speed(&line)),
            middle_point: unit(middle(point.value())),
            middle_line: unit(middle(line.value())),
            point,
            line,
        }
    }

    /// Whether point and line stay within a quarter turn of the middle of `start`: then, seen in a chart in which all
    /// of it is finite, a stretch of such arcs turns by less than half a turn.
    pub(super) fn stays_with(&self, start: &Self) -> bool {
        let direction = exact(start.middle_line);
        let across = exact(vector::cross(start.middle_point, start.middle_line));
        // The line at infinity of that chart passes through the direction without any rounding.
        let infinity = cross(direction, across);
        self.point.along(infinity, self.half).is_positive()
            && self.line.along(direction, self.half).is_positive()
    }

    /// Whether no point of one is a point of the other, for certain.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        let Some(view) = View::of(self, other) else {
            return false;
        };
        let bisector = sum(self.middle_point, scaled(other.middle_point, -view.sign));
        let (here, there) = view.heights(self, other, bisector);
        if here.is_positive() && there.is_negative() {
            return true;
        }
        [self.middle_line, other.middle_line]
            .into_iter()
            .any(|line| {
                let (here, there) = view.heights(self, other, line);
                (here / view.depths.0).is_apart_from(there / view.depths.1)
            })
    }

    /// Whether no tangent of one is parallel to one of the other in a chart where both are finite. Arcs without a cusp
    /// inside then meet at most once: chords of one lie in the cone of its directions, and so do the other's.
    pub(super) fn meets_at_most_once(&self, other: &Self) -> bool {
        View::of(self, other).is_some_and(|view| {
            let (here, there) = (
                self.line.components(self.half),
                other.line.components(other.half),
            );
            dot(exact(view.towards), cross(here, there)).excludes_zero()
        })
    }

    /// Whether the third coordinate of the point is never zero.
    pub(super) fn is_finite(&self) -> bool {
        let [_, _, depth] = self.point.components(self.half);
        depth.excludes_zero()
    }

    /// All values of `point . line` for the point at the end of this and the lines of another.
    fn point_on_lines(&self, other: &Self) -> Interval {
        other.line.along(self.point.value(), other.half)
    }
}

/// Whether a square of parameters about `(u, v)` certainly holds a pair with one point.
///
/// With `F = (N(u) . l(v), N(v) . l(u))` both points lie on both lines where F vanishes, and lines that differ have one
/// point in common. F has opposite signs on opposite sides of the square (Poincare and Miranda).
pub(super) fn holds_a_crossing(curve: &EnclosedCurve, [u, v]: [f64; 2], reach: f64) -> bool {
    let around = |x: f64| Arc::new(curve, x - reach, x + reach);
    let (first, second) = (around(u), around(v));
    let opposite = |x: f64, lines: &Arc| {
        let [before, after] =
            [x - reach, x + reach].map(|end| Arc::new(curve, end, end).point_on_lines(lines));
        (before.is_positive() && after.is_negative())
            || (before.is_negative() && after.is_positive())
    };
    first.meets_at_most_once(&second) && opposite(u, &second) && opposite(v, &first)
}

/// A chart in which two arcs are both finite.
struct View {
    towards: Vec3,
    /// Whether the second arc's points must be turned to the side of the first.
    sign: f64,
    depths: (Interval, Interval),
}

impl View {
    fn of(one: &Arc, other: &Arc) -> Option<Self> {
        let sign = if vector::dot(one.middle_point, other.middle_point) < 0.0 {
            -1.0
        } else {
            1.0
        };
        let mut view = Self {
            towards: unit(sum(one.middle_point, scaled(other.middle_point, sign))),
            sign,
            depths: (Interval::point(0.0), Interval::point(0.0)),
        };
        view.depths = view.heights(one, other, view.towards);
        (view.depths.0.is_positive() && view.depths.1.is_positive()).then_some(view)
    }

    fn heights(&self, one: &Arc, other: &Arc, axis: Vec3) -> (Interval, Interval) {
        let there = other.point.along(exact(axis), other.half);
        (
            one.point.along(exact(axis), one.half),
            Interval::point(self.sign) * there,
        )
    }
}

fn exact(vector: Vec3) -> [Interval; 3] {
    vector.map(Interval::point)
}

fn middle(vector: [Interval; 3]) -> Vec3 {
    vector.map(Interval::middle)
}
