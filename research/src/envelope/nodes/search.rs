//! Finding the pairs of arcs that meet.

use std::f64::consts::{PI, TAU};

use super::arcs::{Arc, Curve, cut};
use crate::envelope::family::MovingLine;
use crate::envelope::vector::{Vec3, cross, dot, scaled, sum, unit};

/// Two parameters with the same point of the envelope.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Node {
    /// The smaller parameter, in one period.
    pub u: f64,
    /// The larger parameter.
    pub v: f64,
    /// The point in homogeneous coordinates, of length one.
    pub point: Vec3,
    /// Sine of the angle between both tangents; small near a self-tangency.
    pub sine: f64,
}

impl Node {
    /// Whether it lies on the line at infinity, as far as floats can tell.
    pub fn is_at_infinity(&self) -> bool {
        self.point[2].abs() < 1e-9
    }

    /// The point in the plane, `None` at infinity.
    pub fn place(&self) -> Option<[f64; 2]> {
        let [x, y, w] = self.point;
        (!self.is_at_infinity()).then(|| [x / w, y / w])
    }
}

/// What the search found.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    /// All nodes, each once.
    pub nodes: Vec<Node>,
    /// Places that the search could not decide: almost tangent branches.
    pub undecided: Vec<[f64; 2]>,
}

/// Pairs of arcs looked at before giving up: some, and more for every arc. Only branches that almost touch need many.
const MOST_STEPS: [usize; 2] = [4_000_000, 1_000];
/// Arcs beside each other are not compared while point and tangent have moved by less than this.
const NEAR: f64 = 1.0;
/// Crossings flatter than this are called undecided.
const FLAT: f64 = 1e-4;
/// Newton's steps end here: flat crossings are no better determined.
const SETTLED: f64 = 1e-11;

/// The self-intersections of the envelope of moving lines.
///
/// `cusps` are its parameters of cusps within one period, rising; `scale` is the size of the picture.
pub fn self_intersections<L: MovingLine>(lines: &L, cusps: &[f64], scale: f64) -> Nodes {
    let curve = Curve { lines, scale };
    let arcs = cut(&curve, cusps);
    let is_cusp: Vec<bool> = arcs
        .iter()
        .map(|arc| cusps.iter().any(|&cusp| (cusp - arc.from.u).abs() < 1e-13))
        .collect();
    let mut search = Search {
        curve,
        found: Nodes::default(),
        steps: 0,
        most_steps: MOST_STEPS[0] + MOST_STEPS[1] * arcs.len(),
    };
    let count = arcs.len();
    let mut first_far = Vec::with_capacity(count);
    for start in 0..count {
        first_far.push(reach(&arcs, &is_cusp, start));
    }
    for i in 0..count {
        for j in i + first_far[i]..count {
            // The way round the other end of the list must be far as well.
            if i + count - j >= first_far[j] && arcs[i].may_meet(&arcs[j]) {
                search.pair(arcs[i], arcs[j]);
            }
        }
    }
    let scale = search.curve.scale;
    search.finish(scale)
}

/// How many arcs on from `start` the first one is that may meet it: before that, the stretch of both and all between
/// has at most one cusp and turns by less than half a turn, in the plane or, when short, in some other chart.
fn reach(arcs: &[Arc], is_cusp: &[bool], start: usize) -> usize {
    let mut length = arcs[start].length;
    let mut turn = arcs[start].turn();
    let mut cusps = 0;
    for step in 1..arcs.len() {
        let next = (start + step) % arcs.len();
        length += arcs[next].length;
        turn = turn
            .zip(arcs[next].turn())
            .map(|(so_far, more)| so_far + more);
        cusps += usize::from(is_cusp[next]);
        let same_side = arcs[start].from.point[2] * arcs[next].from.point[2] > 0.0;
        let half_turn = !(same_side && turn.is_some_and(|turn| turn < PI - 1e-6));
        if cusps > 1 || (half_turn && length > NEAR && step > 1) {
            return step;
        }
    }
    arcs.len()
}

struct Search<'a, L: MovingLine> {
    curve: Curve<'a, L>,
    found: Nodes,
    steps: usize,
    most_steps: usize,
}

impl<L: MovingLine> Search<'_, L> {
    fn pair(&mut self, first: Arc, second: Arc) {
        let mut open = vec![(first, second)];
        while let Some((one, two)) = open.pop() {
            self.steps += 1;
            if self.steps > self.most_steps {
                self.found.undecided.push([one.from.u, two.from.u]);
                return;
            }
            let cross_once = tangents_differ(&one, &two);
            if cross_once && let Some(node) = self.newton(&one, &two) {
                self.found.nodes.push(node);
                continue;
            }
            if one.width().max(two.width()) < 1e-8 {
                // Ends that only touch by rounding point in different directions; branches that touch do not.
                if !cross_once {
                    self.found.undecided.push([one.from.u, two.from.u]);
                }
                continue;
            }
            let longer_first = one.length * one.width().sqrt() > two.length * two.width().sqrt();
            let parts: [(Arc, Arc); 2] = if longer_first {
                one.halves(&self.curve).map(|half| (half, two))
            } else {
                two.halves(&self.curve).map(|half| (one, half))
            };
            open.extend(parts.into_iter().filter(|(one, two)| one.may_meet(two)));
        }
    }

    /// Newton's method for `N(u) = N(v)` in the plane that touches the sphere between both arcs.
    fn newton(&self, one: &Arc, two: &Arc) -> Option<Node> {
        let origin = one.centre;
        let [across, up] = basis(origin);
        let place = |u: f64| {
            let [l, l1, l2] = self.curve.jet(u);
            let (point, motion) = (cross(l, l1), cross(l, l2));
            let depth = dot(point, origin);
            let sink = dot(motion, origin);
            [across, up].map(|axis| {
                let value = dot(point, axis) / depth;
                (value, (dot(motion, axis) - value * sink) / depth)
            })
        };
        let (mut u, mut v) = (
            f64::midpoint(one.from.u, one.to.u),
            f64::midpoint(two.from.u, two.to.u),
        );
        let margin = |arc: &Arc| 1e-6 * arc.width() + SETTLED;
        for _ in 0..25 {
            let [(x, x1), (y, y1)] = place(u);
            let [(s, s1), (t, t1)] = place(v);
            let determinant = -x1 * t1 + y1 * s1;
            let (dx, dy) = (x - s, y - t);
            let (du, dv) = (
                (dx * t1 - dy * s1) / determinant,
                (y1 * dx - x1 * dy) / determinant,
            );
            if !du.is_finite() || !dv.is_finite() {
                return None;
            }
            u += du;
            v += dv;
            let lost =
                |u: f64, arc: &Arc| u < arc.from.u - arc.width() || u > arc.to.u + arc.width();
            if lost(u, one) || lost(v, two) {
                return None;
            }
            if du.abs().max(dv.abs()) < SETTLED {
                let within = |u: f64, arc: &Arc| {
                    u >= arc.from.u - margin(arc) && u <= arc.to.u + margin(arc)
                };
                return (within(u, one) && within(v, two)).then(|| self.node(u, v));
            }
        }
        None
    }

    fn node(&self, u: f64, v: f64) -> Node {
        let (at_u, at_v) = (self.curve.sample(u), self.curve.sample(v));
        let (first, second) = (u.rem_euclid(TAU), v.rem_euclid(TAU));
        Node {
            u: first.min(second),
            v: first.max(second),
            point: at_u.point,
            sine: dot(cross(at_u.line, at_v.line), at_u.point).abs(),
        }
    }

    fn finish(mut self, scale: f64) -> Nodes {
        let nodes = &mut self.found.nodes;
        nodes.sort_by(|x, y| {
            (x.u, x.v)
                .partial_cmp(&(y.u, y.v))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut kept: Vec<Node> = Vec::with_capacity(nodes.len());
        for node in nodes.drain(..) {
            // Both ends of one period are one parameter.
            let twin = kept.iter().any(|other| {
                let near = |x: f64, y: f64| {
                    let gap = (x - y).abs();
                    gap.min(TAU - gap) < 1e-8
                };
                (near(node.u, other.u) && near(node.v, other.v))
                    || (near(node.u, other.v) && near(node.v, other.u))
            });
            if !twin {
                kept.push(node);
            }
        }
        for node in &mut kept {
            if node.sine < FLAT {
                self.found.undecided.push([node.u, node.v]);
            }
            let [x, y, w] = node.point;
            node.point = unit([x * scale, y * scale, w]);
        }
        self.found.nodes = kept;
        self.found
    }
}

/// Whether no tangent direction of one arc is one of the other: then they meet at most once.
fn tangents_differ(one: &Arc, two: &Arc) -> bool {
    let origin = one.centre;
    let [across, up] = basis(origin);
    // The direction, in that plane, of the line of a sample.
    let direction = |line: Vec3| (-dot(line, across)).atan2(dot(line, up));
    let spread = |arc: &Arc| {
        let (from, to) = (direction(arc.from.line), direction(arc.to.line));
        let half = wrap(to - from) / 2.0;
        (from + half, half.abs())
    };
    let reversed = dot(two.centre, origin).abs();
    if reversed < 0.5 {
        return false;
    }
    let (first, first_half) = spread(one);
    let (second, second_half) = spread(two);
    wrap(first - second).abs() > (first_half + second_half) * 1.0001 + 1e-12
}

/// An angle between lines, brought to `[-pi/2, pi/2)`.
fn wrap(angle: f64) -> f64 {
    (angle + PI / 2.0).rem_euclid(PI) - PI / 2.0
}

/// Two unit vectors across a third.
fn basis(normal: Vec3) -> [Vec3; 2] {
    let [x, y, z] = normal.map(f64::abs);
    let away = if x <= y && x <= z {
        [1.0, 0.0, 0.0]
    } else if y <= z {
        [0.0, 1.0, 0.0]
    } else {
        [0.0, 0.0, 1.0]
    };
    let across = unit(sum(away, scaled(normal, -dot(away, normal))));
    [across, cross(normal, across)]
}
