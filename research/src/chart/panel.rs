//! One panel: a plot with its axes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::axis::Axis;
use super::labels;
use super::layer::{Layer, Shape};
use super::palette::{GREY, GRID, INK};
use super::svg::{Svg, Text};

/// A plot.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// A remark at the right of the title.
    pub note: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the lowest first.
    pub layers: Vec<Layer>,
}

/// Where a panel's plot lies in a figure, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// Whether the axes' labels are written, horizontal and vertical.
    pub(super) labels: (bool, bool),
}

impl Panel {
    pub(super) fn draw(&self, svg: &mut Svg, id: &str, place: Place) {
        self.draw_grid(svg, place);
        let Place {
            left,
            top,
            width,
            height,
            ..
        } = place;
        // Dots at the edge are drawn whole.
        svg.clip(id, (left - 6.0, top - 6.0, width + 12.0, height + 12.0));
        for layer in &self.layers {
            self.draw_layer(svg, layer, place);
        }
        svg.end_clip();
    }

    /// The pixel of a point.
    fn pixel(&self, (x, y): (f64, f64), place: Place) -> Option<(f64, f64)> {
        let (x, y) = (self.x.place(x)?, self.y.place(y)?);
        // Far outside, only the direction matters; huge numbers would not be valid in SVG.
        let (x, y) = (x.clamp(-9.0, 9.0), y.clamp(-9.0, 9.0));
        Some((
            place.left + x * place.width,
            place.top + (1.0 - y) * place.height,
        ))
    }

    fn draw_grid(&self, svg: &mut Svg, place: Place) {
        let Place {
            left,
            top,
            width,
            height,
            ..
        } = place;
        let (right, bottom) = (left + width, top + height);
        let mut grid = String::new();
        let mut names = Vec::new();
        let ticks = self.x.ticks(width / 48.0);
        for &tick in &ticks {
            if let Some((x, _)) = self.pixel((tick, self.y.low), place) {
                let _ = write!(grid, "M{x:.1} {top:.1}V{bottom:.1}");
                names.push((x, bottom + 13.0, "middle", self.x.write(tick, &ticks)));
            }
        }
        let ticks = self.y.ticks(height / 34.0);
        for &tick in &ticks {
            if let Some((_, y)) = self.pixel((self.x.low, tick), place) {
                let _ = write!(grid, "M{left:.1} {y:.1}H{right:.1}");
                names.push((left - 5.0, y + 3.5, "end", self.y.write(tick, &ticks)));
            }
        }
        svg.path(
            &grid,
            &format!("stroke=\"{GRID}\" stroke-width=\"0.8\" fill=\"none\""),
        );
        let frame = format!("M{left:.1} {top:.1}V{bottom:.1}H{right:.1}");
        svg.path(
            &frame,
            &format!("stroke=\"{GREY}\" stroke-width=\"0.8\" fill=\"none\""),
        );
        let plain = |x, y, size, anchor, colour| Text {
            x,
            y,
            size,
            anchor,
            colour,
            bold: false,
            upright: false,
        };
        for (x, y, anchor, name) in names {
            svg.text(&name, &plain(x, y, 9.5, anchor, GREY));
        }
        let title = Text {
            bold: true,
            ..plain(left, top - 8.0, 11.5, "start", INK)
        };
        svg.text(&self.title, &title);
        if !self.note.is_empty() {
            svg.text(&self.note, &plain(right, top - 8.0, 9.5, "end", GREY));
        }
        if place.labels.0 {
            let middle = left + 0.5 * width;
            svg.text(
                &self.x.label,
                &plain(middle, bottom + 28.0, 10.5, "middle", INK),
            );
        }
        if place.labels.1 {
            let label = plain(left - 38.0, top + 0.5 * height, 10.5, "middle", INK);
            svg.text(
                &self.y.label,
                &Text {
                    upright: true,
                    ..label
                },
            );
        }
    }

    fn draw_layer(&self, svg: &mut Svg, layer: &Layer, place: Place) {
        match layer {
            Layer::Band { points, colour } => {
                let upper = points.iter().map(|&(x, _, high)| (x, high));
                let lower = points.iter().rev().map(|&(x, low, _)| (x, low));
                let outline = self.through(upper.chain(lower), place);
                svg.path(
                    &outline,
                    &format!("fill=\"{colour}\" fill-opacity=\"0.16\""),
                );
            }
            Layer::Line {
                points,
                colour,
                width,
                dashed,
            } => {
                let dash = if *dashed {
                    " stroke-dasharray=\"4 3\""
                } else {
                    ""
                };
                let style = format!(
                    "fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}"
                );
                svg.path(&self.through(points.iter().copied(), place), &style);
            }
            Layer::Dots {
                points,
                colour,
                radius,
                shape,
            } => {
                self.draw_dots(svg, points, (colour, *radius, *shape), place);
            }
            Layer::Interval {
                x,
                low,
                high,
                colour,
            } => {
                let ends = self
                    .pixel((*x, *low), place)
                    .zip(self.pixel((*x, *high), place));
                if let Some(((x, low), (_, high))) = ends {
                    let (left, right) = (x - 3.0, x + 3.0);
                    let data = format!(
                        "M{x:.1} {low:.1}V{high:.1}M{left:.1} {low:.1}H{right:.1}M{left:.1} {high:.1}H{right:.1}"
                    );
                    svg.path(
                        &data,
                        &format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\""),
                    );
                }
            }
            Layer::Names(names) => self.draw_names(svg, names, place),
        }
    }

    fn draw_names(&self, svg: &mut Svg, names: &[((f64, f64), String)], place: Place) {
        let seen = names
            .iter()
            .filter_map(|(at, name)| Some((self.pixel(*at, place)?, name.as_str())));
        let (points, names): (Vec<(f64, f64)>, Vec<&str>) = seen.unzip();
        let room = (place.left, place.left + place.width);
        for (label, name) in labels::place(&points, &names, room).iter().zip(names) {
            let style = Text {
                x: label.left,
                y: label.baseline(),
                size: 9.5,
                anchor: "start",
                colour: INK,
                bold: false,
                upright: false,
            };
            svg.text(name, &style);
        }
    }

    fn through(&self, points: impl Iterator<Item = (f64, f64)>, place: Place) -> String {
        let mut data = String::new();
        for (x, y) in points.filter_map(|point| self.pixel(point, place)) {
            let command = if data.is_empty() { 'M' } else { 'L' };
            let _ = write!(data, "{command}{x:.1} {y:.1}");
        }
        data
    }

    /// Dots as one path; of discs that lie within half a pixel of each other one is drawn.
    fn draw_dots(
        &self,
        svg: &mut Svg,
        points: &[(f64, f64)],
        (colour, radius, shape): (&str, f64, Shape),
        place: Place,
    ) {
        let pixels = points.iter().filter_map(|point| self.pixel(*point, place));
        if shape == Shape::Star {
            let stars: String = pixels.map(|centre| star(centre, radius)).collect();
            let style = "stroke=\"#fff\" stroke-width=\"0.7\" stroke-linejoin=\"round\"";
            svg.path(&stars, &format!("fill=\"{colour}\" {style}"));
            return;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a pixel's number")]
        let cells: BTreeSet<(i64, i64)> = pixels
            .map(|(x, y)| ((2.0 * x).round() as i64, (2.0 * y).round() as i64))
            .collect();
        let mut data = String::new();
        for (x, y) in cells {
            #[expect(clippy::cast_precision_loss, reason = "a pixel's number")]
            let (x, y) = (0.5 * x as f64, 0.5 * y as f64);
            // A line of no length with round ends is a disc.
            let _ = write!(data, "M{x} {y}h0");
        }
        let cap = "fill=\"none\" stroke-linecap=\"round\"";
        let outer = 2.0 * radius;
        svg.path(
            &data,
            &format!("{cap} stroke=\"{colour}\" stroke-width=\"{outer}\""),
        );
        if shape == Shape::Ring {
            let inner = 2.0 * (radius - 1.4).max(0.5);
            svg.path(
                &data,
                &format!("{cap} stroke=\"#fff\" stroke-width=\"{inner}\""),
            );
        }
    }
}

/// The outline of a five-pointed star.
pub(super) fn star((x, y): (f64, f64), radius: f64) -> String {
    let mut data = String::new();
    for corner in 0..10 {
        let reach = if corner % 2 == 0 {
            radius
        } else {
            0.45 * radius
        };
        let angle = std::f64::consts::PI * (f64::from(corner) / 5.0 - 0.5);
        let command = if corner == 0 { 'M' } else { 'L' };
        let (x, y) = (x + reach * angle.cos(), y + reach * angle.sin());
        let _ = write!(data, "{command}{x:.1} {y:.1}");
    }
    data.push('Z');
    data
}
