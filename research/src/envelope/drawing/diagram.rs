//! For concentric circles: at which parameters u, for each radius r, cusps and points at infinity lie.

use std::f64::consts::{PI, TAU};

use super::palette as look;
use crate::draw::{Stroke, Svg, TextStyle, View};
use crate::envelope::closed_form::butterfly_radius;
use crate::envelope::laurent::Scalar as _;
use crate::envelope::parameters::Multiplier;

/// The diagram of r (across) and u (up), with pitchforks at the butterfly radius.
pub fn diagram(multiplier: Multiplier, title: &str) -> String {
    let (p, q) = (f64::whole(multiplier.p()), f64::whole(multiplier.q()));
    let delta = p - q;
    let butterfly = butterfly_radius(multiplier);
    let last = [1.3, butterfly.unwrap_or(0.0) * 1.15, (q / p).abs() * 1.15]
        .into_iter()
        .fold(0.0, f64::max);
    let mut svg = Svg::new(860.0, 640.0, look::PAPER);
    let view = View::new(
        [0.0, last.min(4.0)],
        [0.0, TAU],
        [64.0, 56.0],
        [760.0, 490.0],
    );
    svg.text([64.0, 32.0], title, look::TITLE);
    svg.open_clip(&view);
    let across = |u: f64| vec![[0.0, u], [last, u]];
    let first: Vec<_> = (0..=2 * multiplier.difference().abs())
        .map(|k| across(PI * f64::whole(k) / delta.abs()))
        .collect();
    svg.lines(&view, &first, Stroke::new(look::RED, 2.0));
    // Both further families are given by C = cos(delta u) as a function of r.
    let cusp = |r: f64| ((2.0 * p - q) * r * r + 2.0 * q - p) / ((p + q) * r);
    let infinity = |r: f64| (p * r * r + q) / ((p + q) * r);
    svg.lines(
        &view,
        &level_curves(multiplier, last, &cusp),
        Stroke::new(look::BLUE, 2.4),
    );
    svg.lines(
        &view,
        &level_curves(multiplier, last, &infinity),
        Stroke::new(look::GOLD, 2.0).dashed(8.0, 5.0),
    );
    let upright = |r: f64| vec![[r, 0.0], [r, TAU]];
    svg.lines(
        &view,
        &[upright(1.0)],
        Stroke::new(look::SOFT, 1.0).dashed(3.0, 4.0),
    );
    if let Some(r) = butterfly {
        svg.lines(
            &view,
            &[upright(r)],
            Stroke::new(look::INK, 0.8).dashed(3.0, 4.0),
        );
        // exp(i delta u) is 1 or -1 there.
        let ends = i64::from(!(0.5..2.0).contains(&(p / q)));
        for k in 0..=multiplier.difference().abs() {
            let u = PI * f64::whole(2 * k + ends) / delta.abs();
            svg.mark(&view, [r, u], look::BUTTERFLY);
        }
    }
    svg.close();
    svg.frame(&view, look::FRAME);
    axes(&mut svg, &view, butterfly);
    svg.finish()
}

/// The curves `cos(delta u) = level(r)`.
fn level_curves(
    multiplier: Multiplier,
    last: f64,
    level: &dyn Fn(f64) -> f64,
) -> Vec<Vec<[f64; 2]>> {
    let delta = f64::whole(multiplier.difference().abs());
    let mut curves = Vec::new();
    if multiplier.p() + multiplier.q() == 0 {
        return curves;
    }
    for [low, high] in stretches(last, level) {
        for k in 0..=multiplier.difference().abs() {
            for side in [1.0, -1.0] {
                // Denser at both ends, where the curves rise upright.
                let curve = (0..=90).map(|step| {
                    let share = (1.0 - (PI * f64::from(step) / 90.0).cos()) / 2.0;
                    let r = low + (high - low) * share;
                    let angle = level(r).clamp(-1.0, 1.0).acos();
                    [r, (TAU * f64::whole(k) + side * angle) / delta]
                });
                curves.push(curve.collect());
            }
        }
    }
    curves
}

/// The stretches of radii on which a level is between -1 and 1, each end found by bisection.
fn stretches(last: f64, level: &dyn Fn(f64) -> f64) -> Vec<[f64; 2]> {
    let inside = |r: f64| level(r).abs() <= 1.0;
    let steps = 2000;
    let at = |step: i32| last * f64::from(step.max(0)) / f64::from(steps) + 1e-9;
    let mut ends = Vec::new();
    for step in 0..steps {
        let (mut low, mut high) = (at(step), at(step + 1));
        if inside(low) == inside(high) {
            continue;
        }
        let starts = inside(high);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if inside(middle) == starts {
                high = middle;
            } else {
                low = middle;
            }
        }
        ends.push(high);
    }
    if inside(at(0)) {
        ends.insert(0, at(0));
    }
    if ends.len() % 2 == 1 {
        ends.push(last);
    }
    ends.chunks_exact(2)
        .map(|pair| [pair[0], pair[1]])
        .collect()
}

fn axes(svg: &mut Svg, view: &View, butterfly: Option<f64>) {
    let bottom = view.corner[1] + view.size[1];
    let width = 2.0 * view.half[0];
    let step = if width > 2.2 { 0.5 } else { 0.25 };
    let mut r = 0.0;
    while r <= width + 1e-9 {
        svg.text(
            [view.place([r, 0.0])[0], bottom + 18.0],
            &format!("{r}"),
            look::LABEL,
        );
        r += step;
    }
    svg.text(
        [view.corner[0] + view.size[0] / 2.0, bottom + 36.0],
        "radius r of the second circle",
        look::LABEL,
    );
    let side = TextStyle {
        anchor: "end",
        ..look::LABEL
    };
    for (k, words) in ["0", "90°", "180°", "270°", "360°"].iter().enumerate() {
        let u = f64::whole(k.try_into().unwrap_or(0)) * PI / 2.0;
        svg.text(
            [view.corner[0] - 8.0, view.place([0.0, u])[1] + 4.0],
            words,
            side,
        );
    }
    let note = butterfly.map_or_else(String::new, |r| format!("; butterflies at r = {r:.4}"));
    svg.text(
        [view.corner[0], bottom + 60.0],
        &format!("red and blue: cusps (both factors of E); gold: points at infinity{note}"),
        look::NOTE,
    );
}
