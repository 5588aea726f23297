use super::{Curve, FREE, logistic};
use crate::ladder::optimise::Bounds;

/// Acc(x) = 1 − a ln σ(−k (x − x0)): accuracy by task cross-entropy (a comparison in 2412.04403),
/// with a at most zero as in the authors' code.
#[derive(Debug)]
pub(crate) struct LogSigmoid;

impl Curve<3> for LogSigmoid {
    type At = f64;
    const NAME: &'static str = "log-sigmoid of cross-entropy";
    const PARAMETERS: [&'static str; 3] = ["a", "x0", "k"];
    const BOUNDS: Bounds<3> = Bounds {
        lower: [-FREE, 0.0, 0.0],
        upper: [0.0, FREE, FREE],
    };
    const STARTS: Bounds<3> = Bounds {
        lower: [-1.0, 0.3, 1.0],
        upper: [-0.02, 2.0, 10.0],
    };

    fn evaluate(&[a, midpoint, k]: &[f64; 3], at: f64) -> (f64, [f64; 3]) {
        let z = k * (at - midpoint);
        // ln σ(−z) without overflow: −ln(1 + e^z).
        let log = -(z.max(0.0) + (-z.abs()).exp().ln_1p());
        let steep = a * logistic(z);
        (1.0 - a * log, [-log, -k * steep, (at - midpoint) * steep])
    }
}

/// Where the fit starts in the authors' code.
pub(crate) const START: [f64; 3] = [-0.1, 0.9, 3.0];
