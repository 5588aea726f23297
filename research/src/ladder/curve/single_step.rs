use super::{Curve, FREE, logistic};
use crate::ladder::optimise::Bounds;
use crate::ladder::scale::LogScale;

/// Acc(N, D) = a' σ(e^a / N^α + e^b / D^β + E) + b': accuracy by size and tokens without a loss between
/// (a comparison in 2412.04403). The inner loss has no unit, so E may be negative. It stops at −10: some tasks would
/// have β → 0 and E → −∞ together, the power of D turning into its logarithm, and no optimum at all.
#[derive(Debug)]
pub(crate) struct SingleStep;

impl Curve<7> for SingleStep {
    type At = LogScale;
    const NAME: &'static str = "single-step sigmoid of size and tokens";
    const PARAMETERS: [&'static str; 7] = ["a", "b", "alpha", "beta", "E", "span", "top"];
    const BOUNDS: Bounds<7> = Bounds {
        lower: [0.0, 0.0, 0.0, 0.0, -10.0, -1.0, 0.0],
        upper: [FREE, FREE, FREE, FREE, FREE, 0.0, 1.0],
    };
    const STARTS: Bounds<7> = Bounds {
        lower: [2.0, 2.0, 0.1, 0.1, -2.0, -0.9, 0.8],
        upper: [14.0, 14.0, 0.7, 0.7, 0.5, -0.4, 1.0],
    };

    fn evaluate(&[a, b, alpha, beta, e, span, top]: &[f64; 7], at: LogScale) -> (f64, [f64; 7]) {
        let size = (a - alpha * at.parameters).exp();
        let data = (b - beta * at.tokens).exp();
        let share = logistic(size + data + e);
        let steep = span * share * (1.0 - share);
        // An inner loss that overflows is past all influence; 0 · ∞ must not make it a NaN.
        let (size, data) = if steep == 0.0 {
            (0.0, 0.0)
        } else {
            (size, data)
        };
        let gradient = [
            steep * size,
            steep * data,
            -steep * size * at.parameters,
            -steep * data * at.tokens,
            steep,
            share,
            1.0,
        ];
        (span * share + top, gradient)
    }
}

/// Where the fit starts in the authors' code.
pub(crate) fn start(chance: f64) -> [f64; 7] {
    [3.0, 5.0, 0.2, 0.3, 0.0, chance - 1.0, 1.0]
}
