//! Writing SVG text.

use std::fmt::Write as _;

/// An SVG document that grows.
pub(super) struct Svg {
    body: String,
}

/// Where a text stands by its point, and how.
pub(super) struct Text<'a> {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) size: f64,
    pub(super) anchor: &'static str,
    pub(super) colour: &'a str,
    pub(super) bold: bool,
    pub(super) upright: bool,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let mut body = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\" \
             role=\"img\">\n"
        );
        let _ = writeln!(body, "<title>{}</title>", escape(title));
        let _ = writeln!(body, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        Self { body }
    }

    /// One path; `attributes` are written as they are.
    pub(super) fn path(&mut self, data: &str, attributes: &str) {
        if !data.is_empty() {
            let _ = writeln!(self.body, "<path d=\"{data}\" {attributes}/>");
        }
    }

    pub(super) fn text(&mut self, text: &str, style: &Text<'_>) {
        let Text {
            x,
            y,
            size,
            anchor,
            colour,
            ..
        } = style;
        let weight = if style.bold {
            " font-weight=\"600\""
        } else {
            ""
        };
        let turn = if style.upright {
            format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"")
        } else {
            String::new()
        };
        let text = escape(text);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\" \
             fill=\"{colour}\"{weight}{turn}>{text}</text>"
        );
    }

    /// Starts a group whose content is cut to a rectangle.
    pub(super) fn clip(&mut self, id: &str, (x, y, width, height): (f64, f64, f64, f64)) {
        let _ = writeln!(
            self.body,
            "<clipPath id=\"{id}\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>\
             </clipPath>\n<g clip-path=\"url(#{id})\">"
        );
    }

    pub(super) fn end_clip(&mut self) {
        self.body.push_str("</g>\n");
    }

    pub(super) fn finish(mut self) -> String {
        self.body.push_str("</svg>\n");
        self.body
    }
}

/// Text that means itself inside XML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            // XML knows no other control characters, not even escaped.
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
