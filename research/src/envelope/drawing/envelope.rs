//! One envelope with its chords, circles, asymptotes, cusps and crossings.

use std::f64::consts::{PI, TAU};

use super::curve::pieces;
use super::palette as look;
use crate::draw::{Svg, View};
use crate::envelope::count::{float_counts, places};
use crate::envelope::family::{Family, MovingLine, OneCircle};
use crate::envelope::laurent::Scalar as _;
use crate::envelope::nodes::{Node, self_intersections};

/// What a picture of an envelope shows.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopePicture {
    /// Chords drawn; 0 for none.
    pub chords: u32,
    /// Whether asymptotes are drawn.
    pub asymptotes: bool,
    /// Half the side of the window; chosen to hold circles and singular points if not given.
    pub half: Option<f64>,
}

/// An envelope ready to be drawn in any window.
pub(super) struct Drawn {
    family: Family,
    reduced: Option<OneCircle>,
    cusps: Vec<f64>,
    infinity: Vec<f64>,
    nodes: Vec<[f64; 2]>,
}

impl Drawn {
    pub(super) fn new(family: Family) -> Self {
        let is_one = family.a == 0.0 && family.b == 0.0 && (family.r - 1.0).abs() < f64::EPSILON;
        if !is_one {
            let counts = float_counts(&family);
            let nodes = counts.nodes.nodes.iter().filter_map(Node::place);
            return Self {
                family,
                reduced: None,
                nodes: nodes.collect(),
                cusps: places(&counts.cusps),
                infinity: places(&counts.infinity),
            };
        }
        let reduced = OneCircle::new(family.multiplier);
        let turns = family.multiplier.difference().abs();
        let cusps: Vec<f64> = (0..turns)
            .map(|k| PI * f64::whole(2 * k + 1) / f64::whole(turns))
            .collect();
        let nodes = if turns == 0 || family.multiplier.p() == -family.multiplier.q() {
            Vec::new()
        } else {
            let found = self_intersections(&reduced, &cusps, 1.0);
            found.nodes.iter().filter_map(Node::place).collect()
        };
        Self {
            family,
            reduced: Some(reduced),
            cusps,
            infinity: Vec::new(),
            nodes,
        }
    }

    fn line(&self, u: f64) -> [f64; 3] {
        match &self.reduced {
            Some(reduced) => reduced.jet(u)[0],
            None => self.family.jet(u)[0],
        }
    }

    fn point(&self, u: f64) -> [f64; 2] {
        let [x, y, w] = match &self.reduced {
            Some(reduced) => reduced.contact(u),
            None => self.family.contact(u),
        };
        [x / w, y / w]
    }

    /// A window that holds the circles and what is not far from them.
    pub(super) fn half(&self) -> f64 {
        let family = &self.family;
        let circles = (family.a.abs() + family.r)
            .max(family.b.abs() + family.r)
            .max(1.0);
        let marks = self
            .cusps
            .iter()
            .map(|&u| self.point(u))
            .chain(self.nodes.iter().copied());
        let reach = marks
            .map(|[x, y]| x.abs().max(y.abs()))
            .filter(|reach| *reach < 3.5 * circles)
            .fold(circles, f64::max);
        1.12 * reach
    }

    pub(super) fn draw(
        &self,
        svg: &mut Svg,
        view: &View,
        chords: u32,
        asymptotes: bool,
        marks: f64,
    ) {
        let family = &self.family;
        svg.open_clip(view);
        let lines: Vec<Vec<[f64; 2]>> = (0..chords)
            .filter_map(|k| view.clip(self.line(TAU * (f64::from(k) + 0.5) / f64::from(chords))))
            .map(Vec::from)
            .collect();
        let opacity = (90.0 / f64::from(chords.max(1))).clamp(0.16, 0.5);
        svg.lines(view, &lines, look::CHORD.faint(opacity));
        svg.circle(view, [0.0, 0.0], 1.0, look::FIRST_CIRCLE);
        if self.reduced.is_none() {
            svg.circle(view, [family.a, family.b], family.r, look::SECOND_CIRCLE);
        }
        if asymptotes {
            let lines = self
                .infinity
                .iter()
                .filter_map(|&u| view.clip(self.line(u)));
            svg.lines(
                view,
                &lines.map(Vec::from).collect::<Vec<_>>(),
                look::ASYMPTOTE,
            );
        }
        let curve = match &self.reduced {
            Some(reduced) => pieces(reduced, &self.infinity, view, &self.cusps),
            None => pieces(family, &self.infinity, view, &self.cusps),
        };
        svg.lines(view, &curve, look::ENVELOPE);
        let sized = |mark: crate::draw::Mark| crate::draw::Mark {
            radius: mark.radius * marks,
            ..mark
        };
        for &node in self.nodes.iter().filter(|&&node| view.near(node, 1.0)) {
            svg.mark(view, node, sized(look::NODE));
        }
        for cusp in self.cusps.iter().map(|&u| self.point(u)) {
            if view.near(cusp, 1.0) {
                svg.mark(view, cusp, sized(look::CUSP));
            }
        }
        svg.close();
        svg.frame(view, look::FRAME);
    }

    pub(super) fn summary(&self) -> String {
        let counted = |number: usize, one: &str, many: &str| {
            format!("{number} {}", if number == 1 { one } else { many })
        };
        [
            counted(self.cusps.len(), "cusp", "cusps"),
            counted(self.nodes.len(), "crossing", "crossings"),
            counted(
                self.infinity.len(),
                "point at infinity",
                "points at infinity",
            ),
        ]
        .join(", ")
    }
}

/// A picture of one envelope.
pub fn draw_envelope(family: Family, title: &str, picture: EnvelopePicture) -> String {
    let drawn = Drawn::new(family);
    let mut svg = Svg::new(760.0, 830.0, look::PAPER);
    let half = picture.half.unwrap_or_else(|| drawn.half());
    let view = View::square([0.0, 0.0], half, [20.0, 60.0], 720.0);
    svg.text([20.0, 28.0], title, look::TITLE);
    svg.text([20.0, 48.0], &drawn.summary(), look::NOTE);
    drawn.draw(&mut svg, &view, picture.chords, picture.asymptotes, 1.0);
    legend(
        &mut svg,
        804.0,
        drawn.reduced.is_none(),
        picture.asymptotes && !drawn.infinity.is_empty(),
    );
    svg.finish()
}

/// What the marks mean.
fn legend(svg: &mut Svg, y: f64, second: bool, asymptotes: bool) {
    let unit = View::new([0.0, 760.0], [0.0, 830.0], [0.0, 0.0], [760.0, 830.0]);
    let at = |x: f64| [x, 830.0 - y];
    let mut x = 24.0;
    for (mark, words) in [(look::CUSP, "cusp"), (look::NODE, "crossing")] {
        svg.mark(&unit, at(x), mark);
        svg.text([x + 10.0, y + 4.5], words, look::NOTE);
        x += 100.0;
    }
    let strokes = [
        (look::ENVELOPE, "envelope", true),
        (look::FIRST_CIRCLE, "unit circle", true),
        (look::SECOND_CIRCLE, "second circle", second),
        (look::ASYMPTOTE, "asymptote", asymptotes),
    ];
    for (stroke, words, _) in strokes.into_iter().filter(|stroke| stroke.2) {
        svg.lines(&unit, &[vec![at(x), at(x + 22.0)]], stroke);
        svg.text([x + 29.0, y + 4.5], words, look::NOTE);
        x += 128.0;
    }
}
