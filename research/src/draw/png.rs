//! SVG to PNG. Letters come from a font of our own, so that pictures are the same on machines without any.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Latin letters and a few signs of Inter (SIL Open Font License, see `font/LICENSE`).
const FONT: &[u8] = include_bytes!("font/inter-subset.ttf");

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The SVG could not be read.
    #[error("cannot read the SVG to make a PNG of it: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// The picture is too large, or empty.
    #[error(
        "a picture of {width} x {height} points cannot be made; choose a scale between 0.1 and 8"
    )]
    Size {
        /// Points across.
        width: f32,
        /// Points down.
        height: f32,
    },
    /// The PNG could not be written.
    #[error("cannot encode the PNG: {0}")]
    Encode(String),
}

/// Renders an SVG at a number of points for each of its units.
pub fn to_png(svg: &str, scale: f32) -> Result<Vec<u8>, PngError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    let options = Options {
        fontdb: Arc::new(fonts),
        font_family: "Inter".to_owned(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options)?;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    let wrong = PngError::Size { width, height };
    if !(1.0..=16_000.0).contains(&width) || !(1.0..=16_000.0).contains(&height) {
        return Err(wrong);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was just checked"
    )]
    let mut pixels = Pixmap::new(width.ceil() as u32, height.ceil() as u32).ok_or(wrong)?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    pixels
        .encode_png()
        .map_err(|error| PngError::Encode(error.to_string()))
}
