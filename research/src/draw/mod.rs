//! Drawings: a small writer of SVG, its conversion to PNG, and pages that hold several.

mod page;
mod png;
mod svg;
mod view;

pub use page::page;
pub use png::{PngError, to_png};
pub use svg::{Mark, Stroke, Svg, TextStyle};
pub use view::View;
