//! The colours of every picture.

use crate::draw::{Mark, Stroke, TextStyle};

pub(super) const PAPER: &str = "#fbfaf7";
pub(super) const INK: &str = "#1f2933";
pub(super) const SOFT: &str = "#7b8794";
pub(super) const BLUE: &str = "#2b6cb0";
pub(super) const RED: &str = "#c53030";
pub(super) const GOLD: &str = "#d69e2e";
pub(super) const GREEN: &str = "#2f855a";

pub(super) const CHORD: Stroke = Stroke::new("#5a7ca6", 0.6);
pub(super) const FIRST_CIRCLE: Stroke = Stroke::new("#3e4c59", 1.4);
pub(super) const SECOND_CIRCLE: Stroke = Stroke::new(GREEN, 1.4);
pub(super) const ENVELOPE: Stroke = Stroke::new("#b83227", 2.2);
pub(super) const ASYMPTOTE: Stroke = Stroke::new(GOLD, 1.2).dashed(7.0, 5.0);
pub(super) const FRAME: Stroke = Stroke::new("#cbd2d9", 1.0);

pub(super) const CUSP: Mark = Mark {
    fill: RED,
    rim: "#ffffff",
    radius: 4.4,
};
pub(super) const NODE: Mark = Mark {
    fill: "#ffffff",
    rim: BLUE,
    radius: 3.8,
};
pub(super) const BUTTERFLY: Mark = Mark {
    fill: GOLD,
    rim: INK,
    radius: 4.6,
};

pub(super) const TITLE: TextStyle = TextStyle {
    size: 17.0,
    colour: INK,
    anchor: "start",
};
pub(super) const NOTE: TextStyle = TextStyle {
    size: 13.0,
    colour: "#52606d",
    anchor: "start",
};
pub(super) const LABEL: TextStyle = TextStyle {
    size: 12.0,
    colour: SOFT,
    anchor: "middle",
};
