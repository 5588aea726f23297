//! A strip of pictures through a transition, each with an inset at the singular point.

use super::envelope::Drawn;
use super::palette as look;
use crate::draw::{Svg, View};
use crate::envelope::family::Family;
use crate::envelope::laurent::Scalar as _;

/// What a strip shows.
#[derive(Clone, Debug)]
pub struct Strip {
    /// The families, from left to right, with their captions.
    pub families: Vec<(Family, String)>,
    /// Where the inset looks.
    pub focus: [f64; 2],
    /// Half the side of the inset's window.
    pub inset: f64,
    /// Chords in each picture.
    pub chords: u32,
}

/// A picture of a strip.
pub fn draw_strip(strip: &Strip, title: &str) -> String {
    let side = 300.0;
    let gap = 16.0;
    let panels: Vec<Drawn> = strip
        .families
        .iter()
        .map(|(family, _)| Drawn::new(*family))
        .collect();
    let half = panels.iter().map(Drawn::half).fold(1.0, f64::max);
    let mut svg = Svg::new(
        (side + gap) * f64::whole(panels.len().try_into().unwrap_or(1)) + gap,
        2.0 * side + 3.0 * gap + 78.0,
        look::PAPER,
    );
    svg.text([gap, 28.0], title, look::TITLE);
    let mut x = gap;
    for (panel, (_, caption)) in panels.iter().zip(&strip.families) {
        let whole = View::square([0.0, 0.0], half, [x, 44.0], side);
        panel.draw(&mut svg, &whole, strip.chords, false, 0.6);
        let box_corners = [
            [-1.0, -1.0],
            [1.0, -1.0],
            [1.0, 1.0],
            [-1.0, 1.0],
            [-1.0, -1.0],
        ];
        let outline = box_corners.map(|[s, t]| {
            [
                strip.focus[0] + s * strip.inset,
                strip.focus[1] + t * strip.inset,
            ]
        });
        svg.lines(
            &whole,
            &[outline.to_vec()],
            crate::draw::Stroke::new(look::INK, 1.0),
        );
        let inset = View::square(strip.focus, strip.inset, [x, 44.0 + side + gap], side);
        panel.draw(&mut svg, &inset, strip.chords * 6, false, 0.7);
        let below = 44.0 + 2.0 * side + gap;
        svg.text([x, below + 20.0], caption, look::NOTE);
        svg.text([x, below + 38.0], &panel.summary(), look::NOTE);
        x += side + gap;
    }
    svg.finish()
}
