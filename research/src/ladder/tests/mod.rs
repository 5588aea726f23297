//! What a fit makes of ladders whose curves are known.

use super::*;

mod bands;
mod plans;
mod recovery;
mod refusals;
mod report;

fn ladder(synthetic: &Synthetic) -> Ladder {
    collect(synthetic.observations()).unwrap()
}

fn without_noise() -> (Synthetic, LadderFit) {
    let synthetic = Synthetic::example();
    let fits = fit(&ladder(&synthetic), &[], &exact()).unwrap();
    (synthetic, fits)
}

/// The averages over checkpoints and the ideal point that real data needs would bend exact curves.
fn exact() -> Method {
    Method {
        window: 1,
        ideal_point: false,
        ..Method::default()
    }
}
