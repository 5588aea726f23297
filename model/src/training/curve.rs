//! The losses of a run as a picture.

use std::fmt::Write;

use super::report::Record;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 400.0;
/// Room for the labels.
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 40.0;
const MARGIN: f64 = 15.0;

/// An SVG of training and evaluation losses over steps. Records whose loss is no number are left out.
pub fn svg(records: &[Record]) -> String {
    let training = points(records, |record| Some(record.report.loss));
    let evaluation = points(records, |record| record.evaluation);
    let all = || training.iter().chain(&evaluation);
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let low = all().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = all().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low < high {
        (low, high)
    } else if low.is_finite() {
        (low - 0.5, low + 0.5)
    } else {
        (0.0, 1.0)
    };
    let x = |step: f64| LEFT + (WIDTH - LEFT - MARGIN) * step / last;
    let y = |loss: f64| MARGIN + (HEIGHT - BOTTOM - MARGIN) * (high - loss) / (high - low);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    for part in 0..=4 {
        let share = f64::from(part) / 4.0;
        let (loss, step) = (low + (high - low) * share, last * share);
        let (line, column) = (y(loss), x(step));
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {line:.1}H{:.1}\" stroke=\"#ddd\"/>",
            WIDTH - MARGIN
        );
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{loss:.3}</text>",
            LEFT - 6.0,
            line + 4.0
        );
        let _ = writeln!(
            out,
            "<text x=\"{column:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{step:.0}</text>",
            HEIGHT - 20.0
        );
    }
    for (name, points, colour, at) in [
        ("training", &training, "#1f77b4", 0.0),
        ("evaluation", &evaluation, "#d62728", 90.0),
    ] {
        if points.is_empty() {
            continue;
        }
        let line: Vec<String> = points
            .iter()
            .map(|&(step, loss)| format!("{:.1},{:.1}", x(step), y(loss)))
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            line.join(" ")
        );
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
            LEFT + at,
            HEIGHT - 4.0
        );
    }
    out.push_str("</svg>\n");
    out
}

#[expect(clippy::cast_precision_loss, reason = "steps of a picture")]
fn points(records: &[Record], loss: impl Fn(&Record) -> Option<f64>) -> Vec<(f64, f64)> {
    let with_loss = records
        .iter()
        .filter_map(|record| Some((record.report.step as f64, loss(record)?)));
    with_loss.filter(|point| point.1.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::record;
    use super::*;

    #[test]
    fn falling_losses_are_drawn_downwards_and_no_number_is_left_out() {
        let records = [record(1, 4.0), record(2, f64::NAN), record(4, 2.0)];
        let picture = svg(&records);
        assert!(
            picture.contains("points=\"241.2,15.0 785.0,360.0\""),
            "{picture}"
        );
    }

    #[test]
    fn nothing_to_draw_is_an_empty_picture() {
        assert!(svg(&[]).ends_with("</svg>\n") && !svg(&[]).contains("NaN"));
        assert!(!svg(&[record(1, 2.0)]).contains("NaN"));
    }
}
