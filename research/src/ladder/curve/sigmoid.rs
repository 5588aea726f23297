use super::{Curve, FREE, logistic};
use crate::ladder::optimise::Bounds;

/// Acc(L) = a / (1 + e^(−k (L − L0))) + b: accuracy by loss (2412.04403, step 2).
///
/// With a in [−1, 0] it falls from b at low loss to a + b, the accuracy of guessing, at high loss.
#[derive(Debug)]
pub(crate) struct Sigmoid;

impl Curve<4> for Sigmoid {
    type At = f64;
    const NAME: &'static str = "sigmoid of loss";
    const PARAMETERS: [&'static str; 4] = ["a", "L0", "k", "b"];
    const BOUNDS: Bounds<4> = Bounds {
        lower: [-1.0, 0.0, 0.0, 0.0],
        upper: [0.0, FREE, FREE, 1.0],
    };
    const STARTS: Bounds<4> = Bounds {
        lower: [-1.0, 0.3, 1.0, 0.6],
        upper: [-0.3, 2.0, 12.0, 1.0],
    };

    fn evaluate(&[a, midpoint, k, b]: &[f64; 4], loss: f64) -> (f64, [f64; 4]) {
        let share = logistic(k * (loss - midpoint));
        let steep = a * share * (1.0 - share);
        let gradient = [share, -k * steep, (loss - midpoint) * steep, 1.0];
        (a * share + b, gradient)
    }
}

/// Where the fit starts in the authors' code: at a span down to `chance`, the accuracy of guessing.
pub(crate) fn start(chance: f64) -> [f64; 4] {
    [chance - 1.0, 0.9, 3.0, 1.0]
}
