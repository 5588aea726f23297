//! A grid of panels under one title and one legend.

use super::layer::Shape;
use super::palette::INK;
use super::panel::{Panel, Place, star};
use super::svg::{Svg, Text};

/// One entry of a legend.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A line.
    Line {
        /// What it stands for.
        text: String,
        /// Its colour.
        colour: String,
        /// Whether it is broken.
        dashed: bool,
    },
    /// A dot.
    Dot {
        /// What it stands for.
        text: String,
        /// Its colour.
        colour: String,
        /// Its shape.
        shape: Shape,
    },
    /// An area.
    Area {
        /// What it stands for.
        text: String,
        /// Its colour.
        colour: String,
    },
}

/// A figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The title.
    pub title: String,
    /// What the signs mean.
    pub legend: Vec<Entry>,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// How many panels stand side by side.
    pub columns: usize,
    /// The size of each plot in pixels.
    pub size: (f64, f64),
}

const LEFT: f64 = 52.0;
const GAP: f64 = 46.0;
const ROW_GAP: f64 = 52.0;
const LEGEND_ROW: f64 = 18.0;

impl Figure {
    /// The figure as an SVG document.
    #[expect(clippy::cast_precision_loss, reason = "a few panels")]
    pub fn svg(&self) -> String {
        let columns = self.columns.clamp(1, self.panels.len().max(1));
        let rows = self.panels.len().div_ceil(columns);
        let (wide, high) = self.size;
        let width = LEFT + columns as f64 * (wide + GAP) - GAP + 22.0;
        let (places, legend_height) = self.legend_places(width - 28.0);
        let top = 34.0 + legend_height + 26.0;
        let height = top + rows as f64 * (high + ROW_GAP) - ROW_GAP + 40.0;
        let mut svg = Svg::new(width, height, &self.title);
        let title = Text {
            x: 14.0,
            y: 23.0,
            size: 14.0,
            anchor: "start",
            colour: INK,
            bold: true,
            upright: false,
        };
        svg.text(&self.title, &title);
        for (entry, (x, y)) in self.legend.iter().zip(places) {
            entry.draw(&mut svg, 14.0 + x, 42.0 + y);
        }
        for (index, panel) in self.panels.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            let place = Place {
                left: LEFT + column as f64 * (wide + GAP),
                top: top + row as f64 * (high + ROW_GAP),
                width: wide,
                height: high,
                labels: (index + columns >= self.panels.len(), column == 0),
            };
            panel.draw(&mut svg, &format!("plot{index}"), place);
        }
        svg.finish()
    }

    /// Where the legend's entries stand, in as many rows as they need, and how high they are together.
    fn legend_places(&self, room: f64) -> (Vec<(f64, f64)>, f64) {
        let (mut x, mut y) = (0.0, 0.0);
        let mut places = Vec::new();
        for entry in &self.legend {
            #[expect(clippy::cast_precision_loss, reason = "a short text")]
            let width = 34.0 + 6.0 * entry.text().chars().count() as f64;
            if x > 0.0 && x + width > room {
                (x, y) = (0.0, y + LEGEND_ROW);
            }
            places.push((x, y));
            x += width;
        }
        let height = if places.is_empty() { -LEGEND_ROW } else { y };
        (places, height + LEGEND_ROW)
    }
}

impl Entry {
    fn text(&self) -> &str {
        match self {
            Self::Line { text, .. } | Self::Dot { text, .. } | Self::Area { text, .. } => text,
        }
    }

    fn draw(&self, svg: &mut Svg, x: f64, y: f64) {
        let line = format!("M{x:.1} {y:.1}h18");
        let disc = format!("M{:.1} {y:.1}h0", x + 9.0);
        match self {
            Self::Line { colour, dashed, .. } => {
                let dash = if *dashed {
                    " stroke-dasharray=\"4 3\""
                } else {
                    ""
                };
                svg.path(
                    &line,
                    &format!("stroke=\"{colour}\" stroke-width=\"1.8\"{dash}"),
                );
            }
            Self::Area { colour, .. } => {
                let style =
                    format!("stroke=\"{colour}\" stroke-width=\"10\" stroke-opacity=\"0.16\"");
                svg.path(&line, &style);
            }
            Self::Dot { colour, shape, .. } => match shape {
                Shape::Star => {
                    svg.path(&star((x + 9.0, y), 6.5), &format!("fill=\"{colour}\""));
                }
                Shape::Disc | Shape::Ring => {
                    let cap = "stroke-linecap=\"round\"";
                    svg.path(
                        &disc,
                        &format!("{cap} stroke=\"{colour}\" stroke-width=\"7\""),
                    );
                    if *shape == Shape::Ring {
                        svg.path(
                            &disc,
                            &format!("{cap} stroke=\"#fff\" stroke-width=\"4.2\""),
                        );
                    }
                }
            },
        }
        let style = Text {
            x: x + 23.0,
            y: y + 3.8,
            size: 10.5,
            anchor: "start",
            colour: INK,
            bold: false,
            upright: false,
        };
        svg.text(self.text(), &style);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Format, Layer, Spacing};
    use super::*;

    fn figure(title: &str, y: f64) -> Figure {
        let axis = |label: &str| Axis::over(label, Spacing::Linear, Format::Plain, [0.0, 1.0]);
        let panel = Panel {
            title: title.to_owned(),
            note: "note".to_owned(),
            x: axis("x"),
            y: axis("y"),
            layers: vec![
                Layer::Dots {
                    points: vec![(0.5, y); 100],
                    colour: INK.to_owned(),
                    radius: 2.0,
                    shape: Shape::Disc,
                },
                Layer::Names(vec![((0.1, y), "<&>".to_owned())]),
                Layer::Band {
                    points: vec![(0.0, y, 1.0), (1.0, 0.0, y)],
                    colour: INK.to_owned(),
                },
            ],
        };
        Figure {
            title: title.to_owned(),
            legend: vec![Entry::Dot {
                text: "runs".to_owned(),
                colour: INK.to_owned(),
                shape: Shape::Star,
            }],
            panels: vec![panel; 3],
            columns: 2,
            size: (200.0, 140.0),
        }
    }

    #[test]
    fn a_figure_is_valid_svg_whatever_its_texts_and_values() {
        for y in [0.5, f64::NAN, f64::INFINITY, -1e300] {
            let svg = figure("a <b> & \"c\"\u{1}", y).svg();
            let tree = resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default());
            assert!(tree.is_ok(), "{tree:?}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn dots_in_the_same_place_are_drawn_once() {
        let svg = figure("t", 0.5).svg();
        let dots = svg
            .lines()
            .filter(|line| line.contains("stroke-width=\"4\""));
        assert!(dots.into_iter().all(|line| line.matches("h0").count() == 1));
    }
}
