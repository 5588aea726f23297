//! Figures of the analyses: variance, compute against error, next rungs.

use crate::chart::{Axis, Entry, Figure, Format, Layer, Panel, Shape, Spacing, magnitude, palette};
use crate::ladder::plan::Plan;
use crate::ladder::subsets::Subset;
use crate::ladder::variance::Variance;

/// Deviation at the end of a run against the second step's error, one panel a target. Nothing without outcomes.
pub fn variance_figure(variance: &Variance) -> Option<Figure> {
    let panel = |correlation: &crate::ladder::variance::Correlation| {
        let points: Vec<(f64, f64, &str)> = variance
            .tasks
            .iter()
            .filter_map(|task| {
                let (_, error) = task
                    .errors
                    .iter()
                    .find(|(name, _)| *name == correlation.target)?;
                Some((task.feature_deviation, *error, task.task.as_str()))
            })
            .collect();
        let x = points.iter().map(|point| point.0);
        let x = Axis::over(
            "deviation of the feature",
            Spacing::Linear,
            Format::Plain,
            x,
        );
        let y = points.iter().map(|point| point.1);
        let y = Axis::over(
            "relative error of step 2",
            Spacing::Linear,
            Format::Percent,
            y,
        );
        let mut layers = vec![Layer::Dots {
            points: points.iter().map(|&(x, y, _)| (x, y)).collect(),
            colour: palette::ordered(1, 4),
            radius: 3.2,
            shape: Shape::Disc,
        }];
        let names = points.iter().map(|&(x, y, task)| ((x, y), task.to_owned()));
        layers.push(Layer::Names(names.collect()));
        Panel {
            title: correlation.target.clone(),
            note: format!("r = {:.3}, p = {:.4}", correlation.r, correlation.p),
            x,
            y,
            layers,
        }
    };
    let panels: Vec<Panel> = variance.correlations.iter().map(panel).collect();
    (!panels.is_empty()).then(|| Figure {
        title: format!(
            "Wavering over the last {} checkpoints of {}, and error",
            variance.last, variance.run
        ),
        legend: Vec::new(),
        columns: panels.len().min(2),
        panels,
        size: (360.0, 240.0),
    })
}

/// Average error of smaller ladders by their share of the target's compute, one panel a target. Nothing without
/// outcomes.
pub fn compute_figure(subsets: &[Subset]) -> Option<Figure> {
    let targets = subsets
        .first()?
        .errors
        .iter()
        .map(|error| error.target.clone());
    let mut rungs: Vec<(usize, &str)> = subsets
        .iter()
        .map(|subset| (subset.rungs, subset.largest_rung.as_str()))
        .collect();
    rungs.sort_unstable();
    rungs.dedup();
    let colour = |index: usize| palette::ordered(index, rungs.len());
    let panel = |target: String| {
        let mut layers = Vec::new();
        let mut all: Vec<(f64, f64)> = Vec::new();
        for (index, (count, _)) in rungs.iter().enumerate() {
            let of_rung = subsets.iter().filter(|subset| subset.rungs == *count);
            let point = |subset: &Subset| {
                let share = subset.shares.iter().find(|(name, _)| *name == target)?.1;
                let error = subset.errors.iter().find(|error| error.target == target)?;
                Some((share, error.relative))
            };
            let points: Vec<(f64, f64)> = of_rung.filter_map(point).collect();
            all.extend(&points);
            layers.push(Layer::Line {
                points: points.clone(),
                colour: colour(index),
                width: 1.5,
                dashed: false,
            });
            layers.push(Layer::Dots {
                points,
                colour: colour(index),
                radius: 3.2,
                shape: Shape::Disc,
            });
        }
        let x = all.iter().map(|point| point.0);
        let y = all.iter().map(|point| point.1);
        let label = "ladder's share of the target's compute";
        Panel {
            title: target,
            note: String::new(),
            x: Axis::over(label, Spacing::Logarithmic, Format::Percent, x),
            y: Axis::over("mean relative error", Spacing::Linear, Format::Percent, y).from(0.0),
            layers,
        }
    };
    let panels: Vec<Panel> = targets.map(panel).collect();
    let entry = |(index, (_, rung)): (usize, &(usize, &str))| Entry::Line {
        text: format!("rungs up to {rung}"),
        colour: colour(index),
        dashed: false,
    };
    (!panels.is_empty()).then(|| Figure {
        title: "Compute against error: smaller ladders".to_owned(),
        legend: rungs.iter().enumerate().map(entry).collect(),
        columns: panels.len().min(2),
        panels,
        size: (360.0, 220.0),
    })
}

/// The standard error that each candidate rung would leave, by its compute.
pub fn plan_figure(plan: &Plan) -> Figure {
    let mut sizes: Vec<f64> = plan.candidates.iter().map(|one| one.parameters).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let colour = |size: f64| {
        let index = sizes
            .iter()
            .position(|known| known.total_cmp(&size).is_eq());
        palette::ordered(index.unwrap_or(0), sizes.len())
    };
    let mut layers = Vec::new();
    let shares = plan.candidates.iter().map(|candidate| candidate.share);
    let x = Axis::over(
        "share of the target's compute",
        Spacing::Logarithmic,
        Format::Percent,
        shares,
    );
    layers.push(Layer::Line {
        points: vec![(x.low, plan.deviation), (x.high, plan.deviation)],
        colour: palette::GREY.to_owned(),
        width: 1.2,
        dashed: true,
    });
    let efficient = plan
        .candidates
        .iter()
        .filter(|candidate| candidate.is_efficient);
    layers.push(Layer::Line {
        points: efficient
            .map(|candidate| (candidate.share, candidate.deviation))
            .collect(),
        colour: palette::GREY.to_owned(),
        width: 1.2,
        dashed: false,
    });
    for &size in &sizes {
        let of_size = plan
            .candidates
            .iter()
            .filter(|one| one.parameters.total_cmp(&size).is_eq());
        layers.push(Layer::Dots {
            points: of_size
                .map(|candidate| (candidate.share, candidate.deviation))
                .collect(),
            colour: colour(size),
            radius: 3.2,
            shape: Shape::Disc,
        });
    }
    if let Some(best) = &plan.recommended {
        layers.push(Layer::Dots {
            points: vec![(best.share, best.deviation)],
            colour: palette::TRUTH.to_owned(),
            radius: 7.0,
            shape: Shape::Star,
        });
    }
    let deviations = plan.candidates.iter().map(|candidate| candidate.deviation);
    let y = Axis::over(
        "standard error (points)",
        Spacing::Linear,
        Format::Plain,
        deviations.chain([plan.deviation]),
    );
    let legend = plan_legend(plan, &sizes, colour);
    let target = plan.target;
    Figure {
        title: format!(
            "Next rungs for a model of {} parameters and {} tokens",
            magnitude(target.parameters),
            magnitude(target.tokens)
        ),
        legend,
        panels: vec![Panel {
            title: String::new(),
            note: String::new(),
            x,
            y,
            layers,
        }],
        columns: 1,
        size: (620.0, 280.0),
    }
}

fn plan_legend(plan: &Plan, sizes: &[f64], colour: impl Fn(f64) -> String) -> Vec<Entry> {
    let mut legend: Vec<Entry> = sizes
        .iter()
        .map(|&size| Entry::Dot {
            text: magnitude(size),
            colour: colour(size),
            shape: Shape::Disc,
        })
        .collect();
    let line = |text: &str, dashed| Entry::Line {
        text: text.to_owned(),
        colour: palette::GREY.to_owned(),
        dashed,
    };
    legend.extend([line("now", true), line("most for its compute", false)]);
    legend.push(Entry::Dot {
        text: format!("most within {}% of the compute", plan.budget),
        colour: palette::TRUTH.to_owned(),
        shape: Shape::Star,
    });
    legend
}
