//! Where the names of points stand.

/// Height of a line of text and mean width of a character, in pixels.
const LINE: f64 = 11.0;
const CHARACTER: f64 = 5.6;
/// From a point to its name.
const GAP: f64 = 6.0;

/// A name's box by its upper left corner, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabelBox {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
}

impl LabelBox {
    /// How much of two boxes lies over each other, in square pixels.
    fn overlap(&self, other: &Self) -> f64 {
        let wide =
            (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let high = LINE - (self.top - other.top).abs();
        wide.max(0.0) * high.max(0.0)
    }

    /// The baseline of the text.
    pub(super) fn baseline(&self) -> f64 {
        self.top + 0.8 * LINE
    }
}

/// Puts every name beside its point: to the right, the left, above or below, whichever covers least of the names
/// before it, of the points and of what lies beyond `width`.
pub(super) fn place(points: &[(f64, f64)], names: &[&str], width: (f64, f64)) -> Vec<LabelBox> {
    let mut placed: Vec<LabelBox> = Vec::new();
    for (&(x, y), name) in points.iter().zip(names) {
        #[expect(clippy::cast_precision_loss, reason = "a short text")]
        let wide = CHARACTER * name.chars().count() as f64;
        let at = |left: f64, top: f64| LabelBox {
            left,
            top,
            width: wide,
        };
        let choices = [
            at(x + GAP, y - 0.5 * LINE),
            at(x - GAP - wide, y - 0.5 * LINE),
            at(x - 0.5 * wide, y - GAP - LINE),
            at(x - 0.5 * wide, y + GAP),
        ];
        let cost = |choice: &LabelBox| {
            let names: f64 = placed.iter().map(|other| choice.overlap(other)).sum();
            let dot = |&(x, y): &(f64, f64)| LabelBox {
                left: x - 4.0,
                top: y - 0.5 * LINE,
                width: 8.0,
            };
            let dots: f64 = points.iter().map(|point| choice.overlap(&dot(point))).sum();
            let outside =
                (width.0 - choice.left).max(0.0) + (choice.left + wide - width.1).max(0.0);
            names + dots + 100.0 * outside
        };
        // The first of equals: names stand to the right where they can.
        let best = choices
            .into_iter()
            .min_by(|a, b| cost(a).total_cmp(&cost(b)));
        placed.extend(best);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_close_points_do_not_cover_each_other() {
        let points = [(100.0, 50.0), (104.0, 50.0), (101.0, 54.0)];
        let boxes = place(&points, &["first", "second", "third"], (0.0, 300.0));
        for (index, one) in boxes.iter().enumerate() {
            for other in &boxes[..index] {
                assert!(one.overlap(other) < 1e-9, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_name_at_the_edge_turns_inwards() {
        let boxes = place(&[(295.0, 50.0)], &["winogrande"], (0.0, 300.0));
        assert!(boxes[0].left + boxes[0].width <= 295.0);
    }
}
