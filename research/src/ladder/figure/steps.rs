//! The paper's three figures: loss by size and tokens, accuracy by loss, accuracy by size and tokens.

use super::style::{Rungs, feature_label, grid, is_over_compute, target_legend};
use crate::chart::{Axis, Entry, Figure, Format, Layer, Panel, Shape, Spacing, palette};
use crate::ladder::bootstrap::{Band, TaskSamples};
use crate::ladder::fit::{LadderFit, TaskFit};
use crate::ladder::method::Form;
use crate::ladder::model::Predicted;
use crate::ladder::points::Final;
use crate::ladder::scale::Scale;

/// Points on a curve.
const STEPS: u32 = 60;

/// Step 1: the feature over tokens (over compute, in that form), one curve a rung. Nothing in the single-step form.
pub fn first_step_figure(fits: &LadderFit, samples: Option<&[TaskSamples]>) -> Option<Figure> {
    let what = Scores {
        label: feature_label(&fits.method),
        format: Format::Plain,
        factor: 1.0,
        predicted: |predicted| predicted.feature,
        reached: |end| end.feature,
        band: |samples, scale| samples.bands(scale).0,
    };
    let title = format!("Step 1: {} by model size and training", what.label);
    (fits.method.form != Form::SingleStep).then(|| over_scale(fits, samples, title, &what))
}

/// Both steps chained: accuracy over tokens, one curve a rung.
pub fn chained_figure(fits: &LadderFit, samples: Option<&[TaskSamples]>) -> Figure {
    let what = Scores {
        label: "accuracy".to_owned(),
        format: Format::Percent,
        factor: 100.0,
        predicted: |predicted| Some(predicted.accuracy),
        reached: |end| end.accuracy,
        band: |samples, scale| samples.bands(scale).1,
    };
    let title = if fits.method.form == Form::SingleStep {
        "Accuracy by model size and training, in a single step"
    } else {
        "Chained: accuracy by model size and training"
    };
    over_scale(fits, samples, title.to_owned(), &what)
}

/// What is drawn over scale.
struct Scores {
    label: String,
    format: Format,
    factor: f64,
    predicted: fn(Predicted) -> Option<f64>,
    reached: fn(&Final) -> Option<f64>,
    band: fn(&TaskSamples, &Scale) -> Option<Band>,
}

fn over_scale(
    fits: &LadderFit,
    samples: Option<&[TaskSamples]>,
    title: String,
    what: &Scores,
) -> Figure {
    let rungs = Rungs::of(fits);
    let panels = fits.tasks.iter().enumerate().map(|(index, fit)| {
        let samples = samples.and_then(|all| all.get(index));
        scale_panel(fits, fit, samples, &rungs, what)
    });
    let panels = panels.collect();
    let mut legend = rungs.legend();
    legend.extend(target_legend(fits, samples.is_some()));
    grid(title, legend, panels)
}

fn scale_panel(
    fits: &LadderFit,
    fit: &TaskFit,
    samples: Option<&TaskSamples>,
    rungs: &Rungs,
    what: &Scores,
) -> Panel {
    let compute = is_over_compute(&fits.method);
    let abscissa = |scale: &Scale| if compute { scale.flops } else { scale.tokens };
    let ends = || fit.points.finals.iter().chain(&fit.points.targets);
    let along = ends().map(|end| abscissa(&end.scale));
    let (first, last) = along.fold((f64::INFINITY, 0.0_f64), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    // A curve of one model size over tokens, or the only one over compute.
    let curve = |parameters: f64, from: f64, to: f64| -> Vec<(f64, f64)> {
        let step = |index: u32| {
            let x = from * (to / from).powf(f64::from(index) / f64::from(STEPS));
            let scale = if compute {
                Scale::new(parameters, x / (6.0 * parameters)).with_flops(x)
            } else {
                Scale::new(parameters, x)
            };
            let value = (what.predicted)(fit.model.predict(&scale))?;
            Some((x, what.factor * value))
        };
        (0..=STEPS).filter_map(step).collect()
    };
    let mut layers = Vec::new();
    let mut lines = Vec::new();
    for target in &fit.points.targets {
        let points = curve(target.scale.parameters, first, last);
        layers.push(line(points.clone(), palette::GREY, 1.0, true));
        lines.extend(points);
    }
    for (rung, colour) in rungs.iter() {
        let of_rung = || Rungs::runs(fit, rung);
        if let Some(size) = of_rung().next().map(|end| end.scale.parameters) {
            let longest = of_rung()
                .map(|end| abscissa(&end.scale))
                .fold(0.0, f64::max);
            let points = curve(size, first, longest.max(first * 1.01));
            layers.push(line(points.clone(), colour, 1.5, false));
            lines.extend(points);
        }
        let value = |end: &Final| Some((abscissa(&end.scale), what.factor * (what.reached)(end)?));
        layers.push(dots(
            of_rung().filter_map(value).collect(),
            colour,
            2.6,
            Shape::Disc,
        ));
    }
    let mut values: Vec<f64> = lines.iter().map(|point| point.1).collect();
    values.extend(
        ends()
            .filter_map(what.reached)
            .map(|value| what.factor * value),
    );
    for target in &fit.points.targets {
        let x = abscissa(&target.scale);
        if let Some(band) = samples.and_then(|samples| (what.band)(samples, &target.scale)) {
            let (low, high) = (what.factor * band.low, what.factor * band.high);
            let colour = palette::PREDICTION.to_owned();
            layers.push(Layer::Interval {
                x,
                low,
                high,
                colour,
            });
            values.extend([low, high]);
        }
        let reached = (what.reached)(target).map(|value| (x, what.factor * value));
        layers.push(dots(
            reached.into_iter().collect(),
            palette::TRUTH,
            6.0,
            Shape::Star,
        ));
        let predicted = (what.predicted)(fit.model.predict(&target.scale));
        let predicted = predicted.map(|value| (x, what.factor * value));
        layers.push(dots(
            predicted.into_iter().collect(),
            palette::PREDICTION,
            3.2,
            Shape::Ring,
        ));
    }
    let label = if compute {
        "training compute (FLOPs)"
    } else {
        "training tokens"
    };
    let spacing = Spacing::Logarithmic;
    let format = if compute {
        Format::Plain
    } else {
        Format::Magnitude
    };
    let y = Axis::over(&what.label, Spacing::Linear, what.format, values);
    let is_share = what.format == Format::Percent;
    Panel {
        title: fit.points.task.clone(),
        note: error_note(fit, what),
        x: Axis::over(label, spacing, format, [first, last]),
        y: if is_share { y.within(0.0, 100.0) } else { y },
        layers,
    }
}

/// The mean size of the targets' errors, in points or as a share.
fn error_note(fit: &TaskFit, what: &Scores) -> String {
    let errors = fit.points.targets.iter().filter_map(|target| {
        let said = (what.predicted)(fit.model.predict(&target.scale))?;
        let was = (what.reached)(target)?;
        let is_share = what.format == Format::Percent;
        Some(100.0 * (said - was).abs() / if is_share { 1.0 } else { was })
    });
    let errors: Vec<f64> = errors.collect();
    if errors.is_empty() {
        return String::new();
    }
    let error = crate::ladder::statistics::mean(&errors);
    let unit = if what.format == Format::Percent {
        " points"
    } else {
        "%"
    };
    format!("off by {error:.1}{unit}")
}

/// Step 2: accuracy over the feature, the smoothed checkpoints of every run. Nothing in the single-step form.
pub fn second_step_figure(fits: &LadderFit, samples: Option<&[TaskSamples]>) -> Option<Figure> {
    if fits.method.form == Form::SingleStep {
        return None;
    }
    let rungs = Rungs::of(fits);
    let panels = fits.tasks.iter().enumerate().map(|(index, fit)| {
        let samples = samples.and_then(|all| all.get(index));
        link_panel(fits, fit, samples, &rungs)
    });
    let panels = panels.collect();
    let mut legend = rungs.legend();
    legend.push(Entry::Line {
        text: "fit".to_owned(),
        colour: palette::PREDICTION.to_owned(),
        dashed: false,
    });
    if samples.is_some() {
        let (text, colour) = ("its band".to_owned(), palette::PREDICTION.to_owned());
        legend.push(Entry::Area { text, colour });
    }
    legend.extend(target_legend(fits, false).into_iter().skip(1));
    let title = format!("Step 2: accuracy by {}", feature_label(&fits.method));
    Some(grid(title, legend, panels))
}

fn link_panel(
    fits: &LadderFit,
    fit: &TaskFit,
    samples: Option<&TaskSamples>,
    rungs: &Rungs,
) -> Panel {
    let mut layers = Vec::new();
    let trail = |rung: &str| -> Vec<(f64, f64)> {
        let all = fit.points.finals.iter().zip(&fit.points.trails);
        let of_rung = all.filter(|(end, _)| end.rung == rung);
        of_rung
            .flat_map(|(_, trail)| trail.iter().map(|&(x, y)| (x, 100.0 * y)))
            .collect()
    };
    let mut seen: Vec<(f64, f64)> = Vec::new();
    for (rung, colour) in rungs.iter() {
        let points = trail(rung);
        seen.extend(&points);
        layers.push(dots(points, colour, 1.3, Shape::Disc));
    }
    let reached = |end: &Final| Some((end.feature?, 100.0 * end.accuracy?));
    let targets: Vec<(f64, f64)> = fit.points.targets.iter().filter_map(reached).collect();
    seen.extend(&targets);
    let x = Axis::over(
        &feature_label(&fits.method),
        Spacing::Linear,
        Format::Plain,
        seen.iter().map(|point| point.0),
    );
    let at = |index: u32| x.low + (x.high - x.low) * f64::from(index) / f64::from(STEPS);
    if let Some(samples) = samples {
        let band = |index: u32| {
            let band = samples.band_at(at(index))?;
            Some((at(index), 100.0 * band.low, 100.0 * band.high))
        };
        let (points, colour) = (
            (0..=STEPS).filter_map(band).collect(),
            palette::PREDICTION.to_owned(),
        );
        layers.push(Layer::Band { points, colour });
    }
    let curve = |index: u32| Some((at(index), 100.0 * fit.model.accuracy_at(at(index))?));
    let curve: Vec<(f64, f64)> = (0..=STEPS).filter_map(curve).collect();
    seen.extend(&curve);
    layers.push(line(curve, palette::PREDICTION, 1.4, false));
    layers.push(dots(targets, palette::TRUTH, 6.0, Shape::Star));
    let accuracies = seen.iter().map(|point| point.1);
    let y = Axis::over("accuracy", Spacing::Linear, Format::Percent, accuracies);
    Panel {
        title: fit.points.task.clone(),
        note: String::new(),
        x,
        y: y.within(0.0, 100.0),
        layers,
    }
}

fn line(points: Vec<(f64, f64)>, colour: &str, width: f64, dashed: bool) -> Layer {
    Layer::Line {
        points,
        colour: colour.to_owned(),
        width,
        dashed,
    }
}

fn dots(points: Vec<(f64, f64)>, colour: &str, radius: f64, shape: Shape) -> Layer {
    Layer::Dots {
        points,
        colour: colour.to_owned(),
        radius,
        shape,
    }
}
