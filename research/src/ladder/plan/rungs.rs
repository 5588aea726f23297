//! The rungs that a plan weighs.

use crate::ladder::fit::LadderFit;
use crate::ladder::scale::Scale;

/// Ratios of tokens to parameters that are tried; a ladder of more is thinned.
const RATIOS: usize = 8;

/// Sizes by steps of √2 from the ladder's smallest up to a quarter of the target, each with the first one, two, … of
/// the ladder's ratios of tokens to parameters.
pub(super) fn candidates(fits: &LadderFit, target: &Scale) -> Vec<Vec<Scale>> {
    let finals = || fits.tasks.iter().flat_map(|fit| &fit.points.finals);
    let sizes = finals().map(|end| end.scale.parameters);
    let smallest = sizes.fold(f64::INFINITY, f64::min);
    let ratios = ratios(
        finals()
            .map(|end| end.scale.tokens / end.scale.parameters)
            .collect(),
    );
    let sizes = (0..60).map(|half| smallest * 2_f64.powf(0.5 * f64::from(half)));
    // The margin lets a quarter that is an even step be one in spite of rounding.
    let sizes = sizes.take_while(|size| *size <= 0.2501 * target.parameters);
    let rung = |size: f64| {
        let ratios = &ratios;
        let runs = move |count: usize| -> Vec<Scale> {
            let runs = ratios[..count].iter();
            runs.map(|ratio| Scale::new(size, size * ratio)).collect()
        };
        (1..=ratios.len()).map(runs).collect::<Vec<_>>()
    };
    sizes.flat_map(rung).collect()
}

/// The different ratios, in order; those within a twentieth differ by the rounding to whole batches.
fn ratios(mut all: Vec<f64>) -> Vec<f64> {
    all.sort_by(f64::total_cmp);
    all.dedup_by(|next, kept| *next < 1.05 * *kept);
    let step = all.len().div_ceil(RATIOS).max(1);
    all.into_iter().step_by(step).collect()
}
