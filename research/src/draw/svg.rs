//! A writer of SVG: strokes, dots, cells and words, in the order in which they are laid down.

use std::fmt::Write as _;

use super::view::View;

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    /// Colour, as CSS writes it.
    pub colour: &'static str,
    /// Width in picture units.
    pub width: f64,
    /// Between 0 and 1.
    pub opacity: f64,
    /// Lengths of dash and gap; `None` for a full line.
    pub dash: Option<[f64; 2]>,
}

impl Stroke {
    /// A full line.
    pub const fn new(colour: &'static str, width: f64) -> Self {
        Self {
            colour,
            width,
            opacity: 1.0,
            dash: None,
        }
    }

    /// The same line, fainter.
    pub const fn faint(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    /// The same line, dashed.
    pub const fn dashed(self, dash: f64, gap: f64) -> Self {
        Self {
            dash: Some([dash, gap]),
            ..self
        }
    }

    fn attributes(&self) -> String {
        let mut text = format!(
            "fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"",
            self.colour, self.width
        );
        if self.opacity < 1.0 {
            let _ = write!(text, " stroke-opacity=\"{}\"", self.opacity);
        }
        if let Some([dash, gap]) = self.dash {
            let _ = write!(text, " stroke-dasharray=\"{dash} {gap}\"");
        }
        text
    }
}

/// A dot.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Colour inside.
    pub fill: &'static str,
    /// Colour of the rim.
    pub rim: &'static str,
    /// Radius in picture units.
    pub radius: f64,
}

/// How words are set.
#[derive(Clone, Copy, Debug)]
pub struct TextStyle {
    /// Size in picture units.
    pub size: f64,
    /// Colour.
    pub colour: &'static str,
    /// `start`, `middle` or `end`.
    pub anchor: &'static str,
}

/// A picture being written.
#[derive(Clone, Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
    clips: usize,
}

impl Svg {
    /// An empty picture with a background.
    pub fn new(width: f64, height: f64, background: &str) -> Self {
        let body = format!("<rect width=\"{width}\" height=\"{height}\" fill=\"{background}\"/>\n");
        Self {
            width,
            height,
            body,
            clips: 0,
        }
    }

    /// Opens a group that shows nothing outside the rectangle of a view.
    pub fn open_clip(&mut self, view: &View) {
        let ([x, y], [width, height]) = (view.corner, view.size);
        let id = self.clips;
        self.clips += 1;
        let _ = writeln!(
            self.body,
            "<clipPath id=\"c{id}\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/></clipPath>\n<g clip-path=\"url(#c{id})\">"
        );
    }

    /// Closes the group opened last.
    pub fn close(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// Many pieces of lines in one stroke; each in plane coordinates.
    pub fn lines(&mut self, view: &View, lines: &[Vec<[f64; 2]>], stroke: Stroke) {
        let mut path = String::new();
        for line in lines.iter().filter(|line| line.len() > 1) {
            for (k, &point) in line.iter().enumerate() {
                let [x, y] = view.place(point);
                let letter = if k == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{letter}{x:.2} {y:.2}");
            }
        }
        if !path.is_empty() {
            let _ = writeln!(
                self.body,
                "<path d=\"{path}\" {} stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
                stroke.attributes()
            );
        }
    }

    /// A filled shape.
    pub fn shape(&mut self, view: &View, corners: &[[f64; 2]], fill: &str, opacity: f64) {
        let mut points = String::new();
        for &corner in corners {
            let [x, y] = view.place(corner);
            let _ = write!(points, "{x:.2},{y:.2} ");
        }
        let _ = writeln!(
            self.body,
            "<polygon points=\"{}\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>",
            points.trim_end()
        );
    }

    /// A circle of the plane.
    pub fn circle(&mut self, view: &View, centre: [f64; 2], radius: f64, stroke: Stroke) {
        let [x, y] = view.place(centre);
        let [rx, ry] = [0, 1].map(|k| radius / view.half[k] * view.size[k] / 2.0);
        let _ = writeln!(
            self.body,
            "<ellipse cx=\"{x:.2}\" cy=\"{y:.2}\" rx=\"{rx:.2}\" ry=\"{ry:.2}\" {}/>",
            stroke.attributes()
        );
    }

    /// A dot at a point of the plane.
    pub fn mark(&mut self, view: &View, point: [f64; 2], mark: Mark) {
        let [x, y] = view.place(point);
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.2\"/>",
            mark.radius, mark.fill, mark.rim
        );
    }

    /// A rectangle in picture coordinates.
    pub fn rectangle(&mut self, corner: [f64; 2], size: [f64; 2], fill: &str) {
        let ([x, y], [width, height]) = (corner, size);
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\"/>"
        );
    }

    /// The frame of a view.
    pub fn frame(&mut self, view: &View, stroke: Stroke) {
        let ([x, y], [width, height]) = (view.corner, view.size);
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {}/>",
            stroke.attributes()
        );
    }

    /// Words, in picture coordinates.
    pub fn text(&mut self, [x, y]: [f64; 2], words: &str, style: TextStyle) {
        let words = words
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-family=\"Inter, Helvetica, Arial, sans-serif\" font-size=\"{}\" fill=\"{}\" text-anchor=\"{}\">{words}</text>",
            style.size, style.colour, style.anchor
        );
    }

    /// The whole document.
    pub fn finish(&self) -> String {
        let (width, height) = (self.width, self.height);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n{}</svg>\n",
            self.body
        )
    }
}
