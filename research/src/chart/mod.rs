//! Charts as SVG: panels in a grid with axes, bands, lines, dots and one legend.
//!
//! A [`Figure`] is plain data; [`Figure::svg`] draws it. Every text is escaped, every number rounded to a tenth of a
//! pixel, and the background is white, so that a figure reads the same in a dark page.

mod axis;
mod figure;
mod labels;
mod layer;
mod number;
pub mod palette;
mod panel;
mod svg;

pub use axis::{Axis, Format, Spacing};
pub use figure::{Entry, Figure};
pub use layer::{Layer, Shape};
pub use number::magnitude;
pub use panel::Panel;
pub(crate) use svg::escape;
