//! The plane of centres for one radius: regions by number of cusps, and the walls between them.

use std::collections::BTreeSet;

use super::palette as look;
use crate::draw::{Mark, Stroke, Svg, View};
use crate::envelope::slice::Slice;

/// A swallowtail whose singular point lies on one of the circles.
const ON_A_CIRCLE: Mark = Mark {
    fill: "#ffffff",
    rim: look::RED,
    radius: 3.2,
};

/// Tints for rising numbers of cusps.
const TINTS: [&str; 10] = [
    "#f4f1ea", "#dfe9f3", "#c3d9ec", "#a4c6e3", "#86b1d8", "#6b9bcb", "#5485bb", "#4170a8",
    "#325c93", "#26497b",
];

/// A picture of a slice.
pub fn draw_slice(slice: &Slice, title: &str) -> String {
    let mut svg = Svg::new(760.0, 860.0, look::PAPER);
    let (a, b) = (slice.request.a, slice.request.b);
    let view = View::new(a, b, [20.0, 60.0], [720.0, 720.0]);
    svg.text([20.0, 28.0], title, look::TITLE);
    svg.text(
        [20.0, 48.0],
        &format!(
            "centre of the second circle: a from {} to {}, b from {} to {}",
            a[0], a[1], b[0], b[1]
        ),
        look::NOTE,
    );
    svg.open_clip(&view);
    let levels: Vec<u16> = slice
        .cusps
        .iter()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let tint = |count: u16| {
        let level = levels.iter().position(|&level| level == count).unwrap_or(0);
        TINTS[level.min(TINTS.len() - 1)]
    };
    cells(&mut svg, slice, &view, &tint);
    svg.lines(
        &view,
        std::slice::from_ref(&slice.coincidence),
        Stroke::new(look::GREEN, 1.4).dashed(5.0, 4.0),
    );
    let far = 2.0 * (a[1] - a[0]).hypot(b[1] - b[0]) + view.centre[0].hypot(view.centre[1]);
    let across = |lines: &[[[f64; 2]; 2]]| -> Vec<Vec<[f64; 2]>> {
        let ends = lines.iter().map(|[point, along]| {
            [-far, far]
                .map(|t| [point[0] + t * along[0], point[1] + t * along[1]])
                .to_vec()
        });
        ends.collect()
    };
    svg.lines(
        &view,
        &across(&slice.common_tangents),
        Stroke::new(look::SOFT, 1.1),
    );
    svg.lines(
        &view,
        &across(&slice.cusps_at_infinity),
        Stroke::new(look::GOLD, 1.3).dashed(8.0, 5.0),
    );
    svg.lines(
        &view,
        &near(&slice.swallowtails, &view),
        Stroke::new(look::RED, 2.0),
    );
    for &point in &slice.rational_swallowtails {
        if view.near(point, 1.0) {
            svg.mark(&view, point, ON_A_CIRCLE);
        }
    }
    for &point in &slice.butterflies {
        if view.near(point, 1.0) {
            svg.mark(&view, point, look::BUTTERFLY);
        }
    }
    svg.close();
    svg.frame(&view, look::FRAME);
    legend(&mut svg, &levels, &tint);
    svg.finish()
}

/// The parts of curves near the window.
fn near(curves: &[Vec<[f64; 2]>], view: &View) -> Vec<Vec<[f64; 2]>> {
    let mut parts = Vec::new();
    for curve in curves {
        let mut part: Vec<[f64; 2]> = Vec::new();
        for &point in curve {
            if view.near(point, 3.0) {
                part.push(point);
            } else if !part.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
        }
        parts.push(part);
    }
    parts
}

/// Runs of equal cells in a row as one rectangle.
fn cells(svg: &mut Svg, slice: &Slice, view: &View, tint: &dyn Fn(u16) -> &'static str) {
    let [columns, rows] = slice.request.size;
    #[expect(clippy::cast_precision_loss, reason = "cells are few")]
    let share = |k: usize, of: usize, size: f64| size * k as f64 / of as f64;
    for row in 0..rows {
        let counts = &slice.cusps[row * columns..(row + 1) * columns];
        let mut start = 0;
        for run in counts.chunk_by(|one, other| one == other) {
            let end = start + run.len();
            let (left, right) = (
                share(start, columns, view.size[0]),
                share(end, columns, view.size[0]),
            );
            let (top, bottom) = (
                share(row, rows, view.size[1]),
                share(row + 1, rows, view.size[1]),
            );
            svg.rectangle(
                [view.corner[0] + left, view.corner[1] + top],
                // A hair more, so that no seam shows.
                [right - left + 0.3, bottom - top + 0.3],
                tint(run[0]),
            );
            start = end;
        }
    }
}

fn legend(svg: &mut Svg, levels: &[u16], tint: &dyn Fn(u16) -> &'static str) {
    let mut x = 20.0;
    for &level in levels.iter().take(10) {
        svg.rectangle([x, 796.0], [18.0, 14.0], tint(level));
        svg.text([x + 23.0, 808.0], &level.to_string(), look::NOTE);
        x += 56.0;
    }
    svg.text([x, 808.0], "cusps", look::NOTE);
    let unit = View::new([0.0, 760.0], [0.0, 860.0], [0.0, 0.0], [760.0, 860.0]);
    svg.mark(&unit, [x + 60.0, 860.0 - 803.5], ON_A_CIRCLE);
    svg.text(
        [x + 70.0, 808.0],
        "swallowtail on one of the circles",
        look::NOTE,
    );
    let at = |x: f64| [x, 860.0 - 836.0];
    let strokes = [
        (Stroke::new(look::RED, 2.0), "swallowtails (A3)"),
        (Stroke::new(look::SOFT, 1.1), "common tangent"),
        (
            Stroke::new(look::GREEN, 1.4).dashed(5.0, 4.0),
            "coincidence",
        ),
        (
            Stroke::new(look::GOLD, 1.3).dashed(8.0, 5.0),
            "cusp at infinity",
        ),
    ];
    let mut x = 20.0;
    for (stroke, words) in strokes {
        svg.lines(&unit, &[vec![at(x), at(x + 26.0)]], stroke);
        svg.text([x + 33.0, 840.5], words, look::NOTE);
        x += 148.0;
    }
    svg.mark(&unit, at(x + 4.0), look::BUTTERFLY);
    svg.text([x + 14.0, 840.5], "butterfly (A4)", look::NOTE);
}
