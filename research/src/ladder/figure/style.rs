//! What the figures have in common.

use crate::chart::{Entry, Figure, Shape, palette};
use crate::ladder::fit::{LadderFit, TaskFit};
use crate::ladder::method::{Form, Method};
use crate::ladder::points::Final;

/// The rungs of a fit, the smallest first, each with its colour.
pub(super) struct Rungs(Vec<(String, String)>);

impl Rungs {
    pub(super) fn of(fits: &LadderFit) -> Self {
        let finals = fits.tasks.iter().flat_map(|fit| &fit.points.finals);
        let mut rungs: Vec<(f64, &String)> = finals
            .map(|end| (end.scale.parameters, &end.rung))
            .collect();
        rungs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut names: Vec<&String> = Vec::new();
        for (_, rung) in rungs {
            if !names.contains(&rung) {
                names.push(rung);
            }
        }
        let count = names.len();
        let coloured = names.into_iter().enumerate();
        let coloured = coloured.map(|(index, name)| (name.clone(), palette::ordered(index, count)));
        Self(coloured.collect())
    }

    /// Names and colours, the smallest rung first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, colour)| (name.as_str(), colour.as_str()))
    }

    /// The ends of the runs of one rung.
    pub(super) fn runs<'a>(fit: &'a TaskFit, rung: &'a str) -> impl Iterator<Item = &'a Final> {
        fit.points.finals.iter().filter(move |end| end.rung == rung)
    }

    pub(super) fn legend(&self) -> Vec<Entry> {
        let entry = |(name, colour): (&str, &str)| Entry::Dot {
            text: name.to_owned(),
            colour: colour.to_owned(),
            shape: Shape::Disc,
        };
        self.iter().map(entry).collect()
    }
}

/// The legend's entries for targets, where there are any.
pub(super) fn target_legend(fits: &LadderFit, has_bands: bool) -> Vec<Entry> {
    let mut targets = fits.tasks.iter().flat_map(|fit| &fit.points.targets);
    if targets.next().is_none() {
        return Vec::new();
    }
    let predicted = if has_bands {
        "predicted, with its band"
    } else {
        "predicted"
    };
    let dot = |text: &str, colour: &str, shape| Entry::Dot {
        text: text.to_owned(),
        colour: colour.to_owned(),
        shape,
    };
    vec![
        dot(predicted, palette::PREDICTION, Shape::Ring),
        dot("reached", palette::TRUTH, Shape::Star),
    ]
}

/// A grid of panels, one a task, that stays wider than high.
pub(super) fn grid(title: String, legend: Vec<Entry>, panels: Vec<crate::chart::Panel>) -> Figure {
    Figure {
        title,
        legend,
        columns: panels.len().min(4),
        panels,
        size: (210.0, 150.0),
    }
}

/// What the feature is called on an axis.
pub(super) fn feature_label(method: &Method) -> String {
    method
        .feature
        .clone()
        .unwrap_or_else(|| "task loss".to_owned())
}

/// Whether curves are drawn over compute rather than tokens.
pub(super) fn is_over_compute(method: &Method) -> bool {
    method.form == Form::Compute
}
