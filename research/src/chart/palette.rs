//! Colours that stay apart for every kind of colour vision, in print too.

/// Text and axes.
pub const INK: &str = "#24292f";
/// Secondary text.
pub const GREY: &str = "#6e7781";
/// Grid lines.
pub const GRID: &str = "#e6e9ec";
/// What was measured where a prediction was made.
pub const TRUTH: &str = "#d1242f";
/// What was predicted.
pub const PREDICTION: &str = "#24292f";

/// Five colours of the ordered map viridis (van der Walt and Smith, 2015), its palest end left out.
const ORDERED: [(f64, f64, f64); 5] = [
    (68.0, 1.0, 84.0),
    (59.0, 82.0, 139.0),
    (33.0, 145.0, 140.0),
    (94.0, 201.0, 98.0),
    (200.0, 190.0, 20.0),
];

/// The colour of place `index` among `count` things that have an order, such as sizes.
pub fn ordered(index: usize, count: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a few colours")]
    let place = if count > 1 {
        4.0 * index.min(count - 1) as f64 / (count - 1) as f64
    } else {
        1.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 3"
    )]
    let low = (place.floor() as usize).min(3);
    #[expect(clippy::cast_precision_loss, reason = "from 0 to 3")]
    let part = place - low as f64;
    let mix = |a: f64, b: f64| a + part * (b - a);
    let (a, b) = (ORDERED[low], ORDERED[low + 1]);
    let (red, green, blue) = (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2));
    format!("rgb({red:.0},{green:.0},{blue:.0})")
}
