//! The ruled surface of swallowtails in the space of (a, b, r), with its straight edges of butterflies.

use super::palette as look;
use crate::draw::{Stroke, Svg, View};
use crate::envelope::parameters::Multiplier;
use crate::envelope::singularity::{Region, Walk, butterfly_lines, swallowtail_surface};

/// Turns space into the picture's plane: seen from the side and from above.
struct Camera {
    turn: f64,
    rise: f64,
}

impl Camera {
    /// Place in the plane, and distance towards the eye.
    fn see(&self, [a, b, r]: [f64; 3]) -> ([f64; 2], f64) {
        let (sine, cosine) = self.turn.sin_cos();
        let (up, flat) = self.rise.sin_cos();
        let (x, depth) = (a * cosine - b * sine, a * sine + b * cosine);
        ([x, r * flat + depth * up], r * up - depth * flat)
    }
}

/// One patch between two neighbouring lines of the surface.
struct Patch {
    corners: [[f64; 2]; 4],
    depth: f64,
    /// From 0, bright, to 1.
    shade: f64,
}

/// Tints of the light side and of the dark one.
const SHADES: [[f64; 3]; 2] = [[246.0, 208.0, 188.0], [150.0, 74.0, 52.0]];
/// Pieces that every line is cut into.
const PIECES: u32 = 8;

/// A picture of the surface in a region; heights are doubled so that the radius is seen.
pub fn draw_surface(multiplier: Multiplier, region: Region, title: &str) -> String {
    let camera = Camera {
        turn: 0.62,
        rise: 0.42,
    };
    let middle = [region.a, region.b, region.r].map(|range| f64::midpoint(range[0], range[1]));
    let stretch = (region.a[1] - region.a[0]) / (region.r[1] - region.r[0]).max(1e-9) * 0.8;
    let see = |[a, b]: [f64; 2], r: f64| {
        camera.see([a - middle[0], b - middle[1], (r - middle[2]) * stretch])
    };
    let mut patches = Vec::new();
    for strip in swallowtail_surface(multiplier, 130) {
        for pair in strip.windows(2) {
            patch(&region, pair, &see, &mut patches);
        }
    }
    patches.sort_by(|one, other| one.depth.total_cmp(&other.depth));

    let mut svg = Svg::new(860.0, 780.0, look::PAPER);
    let half = 0.88 * (region.a[1] - region.a[0]).hypot(region.b[1] - region.b[0]) / 2.0;
    let view = View::new(
        [-half, half],
        [-half * 0.86, half * 0.86],
        [20.0, 50.0],
        [820.0, 705.0],
    );
    svg.text([20.0, 30.0], title, look::TITLE);
    svg.open_clip(&view);
    cage(&mut svg, &view, &region, &see);
    for patch in &patches {
        svg.shape(&view, &patch.corners, &tint(patch.shade), 0.82);
    }
    for line in butterfly_lines(multiplier) {
        if let Some(radii) = region.clip(line.base, line.slope) {
            let ends = radii.map(|r| see(line.centre(r), r).0);
            svg.lines(&view, &[ends.to_vec()], Stroke::new(look::INK, 2.2));
        }
    }
    svg.close();
    svg.text(
        [20.0, 768.0],
        "swallowtails over the plane of centres, radius upwards; dark lines: butterflies",
        look::NOTE,
    );
    svg.finish()
}

/// The colour of a shade; sixteen steps, so that equal colours are written once.
fn tint(shade: f64) -> String {
    let dark_part = (shade * 16.0).round() / 16.0;
    let [light, dark] = SHADES;
    let [red, green, blue] = [0, 1, 2].map(|k| light[k] + dark_part * (dark[k] - light[k]));
    format!("rgb({red:.0},{green:.0},{blue:.0})")
}

fn patch(
    region: &Region,
    pair: &[Walk],
    see: &dyn Fn([f64; 2], f64) -> ([f64; 2], f64),
    patches: &mut Vec<Patch>,
) {
    let (one, other) = (&pair[0], &pair[1]);
    let [low, high] = region.r;
    let size = (region.a[1] - region.a[0]) / 4.0;
    for piece in 0..PIECES {
        let at = |k: u32| low + (high - low) * f64::from(k) / f64::from(PIECES);
        let radii = [at(piece), at(piece + 1)];
        let corners = [
            (one.centre(radii[0]), radii[0]),
            (one.centre(radii[1]), radii[1]),
            (other.centre(radii[1]), radii[1]),
            (other.centre(radii[0]), radii[0]),
        ];
        if corners.iter().any(|(centre, _)| !region.holds(*centre)) {
            continue;
        }
        let (near, far) = (corners[0].0, corners[3].0);
        if (near[0] - far[0]).hypot(near[1] - far[1]) > size {
            continue;
        }
        let seen = corners.map(|(centre, r)| see(centre, r));
        let depth = seen.iter().map(|(_, depth)| depth).sum::<f64>() / 4.0;
        // Light falls along a: the patch is as bright as its wall faces it.
        let along = [far[0] - near[0], far[1] - near[1]];
        let facing =
            (along[0] * 0.5 + along[1] * 0.866).abs() / along[0].hypot(along[1]).max(1e-12);
        patches.push(Patch {
            corners: seen.map(|(place, _)| place),
            depth,
            shade: facing,
        });
    }
}

/// The edges of the region, with the ranges at its corners.
fn cage(
    svg: &mut Svg,
    view: &View,
    region: &Region,
    see: &dyn Fn([f64; 2], f64) -> ([f64; 2], f64),
) {
    let corner = |i: usize, j: usize, k: usize| see([region.a[i], region.b[j]], region.r[k]).0;
    let mut edges = Vec::new();
    for i in 0..2 {
        for j in 0..2 {
            edges.push(vec![corner(i, j, 0), corner(i, j, 1)]);
            edges.push(vec![corner(i, 0, j), corner(i, 1, j)]);
            edges.push(vec![corner(0, i, j), corner(1, i, j)]);
        }
    }
    svg.lines(view, &edges, Stroke::new("#b8c0c8", 1.0));
    let labels = [
        (
            corner(0, 0, 0),
            format!("a = {}, b = {}", region.a[0], region.b[0]),
        ),
        (corner(1, 0, 0), format!("a = {}", region.a[1])),
        (corner(0, 1, 0), format!("b = {}", region.b[1])),
        (corner(0, 0, 1), format!("r = {}", region.r[1])),
    ];
    for (place, words) in labels {
        let [x, y] = view.place(place);
        svg.text([x, y + 16.0], &words, look::LABEL);
    }
}
