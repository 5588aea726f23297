use super::{Curve, FREE};
use crate::ladder::optimise::Bounds;
use crate::ladder::scale::LogScale;

/// L(N, D) = e^a / N^α + e^b / D^β + E: a task's loss by model size and tokens (2412.04403, step 1; the form of
/// Hoffmann et al., 2203.15556). Every parameter is at least zero, as in the authors' code.
#[derive(Debug)]
pub(crate) struct PowerLaw;

impl Curve<5> for PowerLaw {
    type At = LogScale;
    const NAME: &'static str = "power law of size and tokens";
    const PARAMETERS: [&'static str; 5] = ["a", "b", "alpha", "beta", "E"];
    const BOUNDS: Bounds<5> = Bounds {
        lower: [0.0; 5],
        upper: [FREE; 5],
    };
    const STARTS: Bounds<5> = Bounds {
        lower: [0.0, 0.0, 0.05, 0.05, 0.0],
        upper: [15.0, 15.0, 0.8, 0.8, 1.5],
    };

    fn evaluate(&[a, b, alpha, beta, e]: &[f64; 5], at: LogScale) -> (f64, [f64; 5]) {
        let size = (a - alpha * at.parameters).exp();
        let data = (b - beta * at.tokens).exp();
        let gradient = [size, data, -size * at.parameters, -data * at.tokens, 1.0];
        (size + data + e, gradient)
    }
}

/// Where the fit starts in the authors' code.
pub(crate) const START: [f64; 5] = [3.0, 6.0, 0.1, 0.2, 1.0];
