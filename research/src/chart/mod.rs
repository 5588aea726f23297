//! Charts as SVG: axes, lines, bands, legends.

mod number;

pub use number::magnitude;
