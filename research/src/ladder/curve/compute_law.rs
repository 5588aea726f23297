use super::{Curve, FREE};
use crate::ladder::optimise::Bounds;
use crate::ladder::scale::LogScale;

/// L(C) = e^a / C^α + E: a task's loss by training compute alone (a comparison in 2412.04403), α at most 1.
#[derive(Debug)]
pub(crate) struct ComputeLaw;

impl Curve<3> for ComputeLaw {
    type At = LogScale;
    const NAME: &'static str = "power law of compute";
    const PARAMETERS: [&'static str; 3] = ["a", "alpha", "E"];
    const BOUNDS: Bounds<3> = Bounds {
        lower: [0.0; 3],
        upper: [FREE, 1.0, FREE],
    };
    const STARTS: Bounds<3> = Bounds {
        lower: [0.0, 0.02, 0.0],
        upper: [20.0, 0.5, 1.5],
    };

    fn evaluate(&[a, alpha, e]: &[f64; 3], at: LogScale) -> (f64, [f64; 3]) {
        let part = (a - alpha * at.flops).exp();
        (part + e, [part, -part * at.flops, 1.0])
    }
}

/// Where the fit starts in the authors' code.
pub(crate) const START: [f64; 3] = [3.0, 0.1, 1.0];
