//! What can be drawn in a panel.

/// The shape of a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A filled disc.
    Disc,
    /// A circle, white inside.
    Ring,
    /// A star of five points.
    Star,
}

/// One thing that is drawn; later ones lie over earlier ones. Points without a place on the axes are left out.
#[derive(Debug, Clone)]
pub enum Layer {
    /// An area between two values at each x.
    Band {
        /// (x, low, high), in order of x.
        points: Vec<(f64, f64, f64)>,
        /// Its colour.
        colour: String,
    },
    /// A line through points.
    Line {
        /// (x, y), in order.
        points: Vec<(f64, f64)>,
        /// Its colour.
        colour: String,
        /// Its width in pixels.
        width: f64,
        /// Whether it is broken.
        dashed: bool,
    },
    /// Dots of one kind.
    Dots {
        /// (x, y).
        points: Vec<(f64, f64)>,
        /// Their colour.
        colour: String,
        /// Their radius in pixels.
        radius: f64,
        /// Their shape.
        shape: Shape,
    },
    /// A vertical interval with caps.
    Interval {
        /// Where it stands.
        x: f64,
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
        /// Its colour.
        colour: String,
    },
    /// Names of points, each put where it covers no other and no point, as far as that can be.
    Names(Vec<((f64, f64), String)>),
}
