//! Everything on one self-contained HTML page.

use std::fmt::Write as _;

use super::table::Table;
use super::tables::{
    averages_table, candidates_table, exclusions_table, parameters_table, predictions_table,
    subsets_table, task_plans_table, variance_table, without_rung_table,
};
use crate::chart::{Figure, escape, magnitude};
use crate::ladder::bootstrap::TaskSamples;
use crate::ladder::figure::{
    chained_figure, compute_figure, first_step_figure, plan_figure, second_step_figure,
    variance_figure,
};
use crate::ladder::fit::LadderFit;
use crate::ladder::plan::Plan;
use crate::ladder::prediction::{Prediction, average_errors};
use crate::ladder::subsets::{Subset, WithoutRung};
use crate::ladder::variance::Variance;

/// The parts of a page; those that are missing or empty are left out.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Where the data is from.
    pub source: &'a str,
    /// The fits.
    pub fits: &'a LadderFit,
    /// Their bootstraps.
    pub samples: Option<&'a [TaskSamples]>,
    /// Predictions.
    pub predictions: &'a [Prediction],
    /// The variance analysis.
    pub variance: Option<&'a Variance>,
    /// Smaller ladders.
    pub subsets: &'a [Subset],
    /// The ladder without each rung.
    pub without: &'a [WithoutRung],
    /// Next rungs.
    pub plan: Option<&'a Plan>,
}

const STYLE: &str = "body{font:15px/1.5 Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;color:#24292f;\
    background:#fff;max-width:1120px;margin:2rem auto;padding:0 1rem}h1{font-size:1.6rem}h2{font-size:1.2rem;\
    margin-top:2.5rem;border-bottom:1px solid #d8dee4;padding-bottom:.3rem}h3{font-size:1rem}p{max-width:75ch}\
    svg{max-width:100%;height:auto}.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;\
    font-variant-numeric:tabular-nums;margin:.7rem 0}th,td{padding:.25rem .7rem;text-align:right;\
    border-bottom:1px solid #e6e9ec;white-space:nowrap}th{color:#6e7781;font-weight:600}\
    th:first-child,td:first-child{text-align:left}.bad{color:#d1242f}";

impl Report<'_> {
    /// The page.
    pub fn html(&self) -> String {
        let mut page = Page(String::new());
        let _ = write!(
            page.0,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>Model ladder</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <h1>Model ladder</h1>\n"
        );
        let runs = self
            .fits
            .tasks
            .iter()
            .map(|fit| fit.points.finals.len())
            .max();
        page.paragraph(&format!(
            "{} tasks over {} runs of {}.",
            self.fits.tasks.len(),
            runs.unwrap_or(0),
            self.source
        ));
        self.write_predictions(&mut page);
        self.write_fits(&mut page);
        self.write_analyses(&mut page);
        self.write_plan(&mut page);
        self.write_left_out(&mut page);
        page.0.push_str("</body>\n</html>\n");
        page.0
    }

    fn write_predictions(&self, page: &mut Page) {
        if self.predictions.is_empty() {
            return;
        }
        page.heading("Predictions");
        let averages = average_errors(self.predictions);
        if !averages.is_empty() {
            page.table(&averages_table(&averages));
        }
        page.figure(Some(&chained_figure(self.fits, self.samples)));
        page.table(&predictions_table(self.predictions));
        if self.samples.is_some() {
            page.paragraph(
                "Bands are of refits to resampled runs: they show how much the runs decide, and cannot show that the \
                 curves are wrong for a task.",
            );
        }
    }

    fn write_fits(&self, page: &mut Page) {
        page.heading("Fits");
        let figures = [
            first_step_figure(self.fits, self.samples),
            second_step_figure(self.fits, self.samples),
        ];
        for (step, figure) in figures.iter().enumerate() {
            page.figure(figure.as_ref());
            if let Some((curve, table)) = parameters_table(self.fits, step) {
                let _ = writeln!(page.0, "<h3>Parameters of the {}</h3>", escape(curve));
                page.table(&table);
            }
        }
    }

    fn write_analyses(&self, page: &mut Page) {
        if let Some(variance) = self.variance {
            page.heading("Variance");
            page.figure(variance_figure(variance).as_ref());
            page.table(&variance_table(variance));
        }
        if !self.subsets.is_empty() {
            page.heading("Compute against error");
            page.figure(compute_figure(self.subsets).as_ref());
            page.table(&subsets_table(self.subsets));
        }
        if !self.without.is_empty() {
            page.heading("Without one rung");
            page.table(&without_rung_table(self.without));
        }
    }

    fn write_plan(&self, page: &mut Page) {
        let Some(plan) = self.plan else { return };
        page.heading("Next rungs");
        if let Some(best) = &plan.recommended {
            page.paragraph(&format!(
                "Within {}% of the target's compute, {} runs of {} parameters narrow the prediction most: by {:.0}%, for \
                 {:.2}% of the compute.",
                plan.budget,
                best.tokens.len(),
                magnitude(best.parameters),
                best.narrowing,
                best.share
            ));
        }
        page.figure(Some(&plan_figure(plan)));
        page.table(&candidates_table(plan));
        page.table(&task_plans_table(plan));
    }

    fn write_left_out(&self, page: &mut Page) {
        let (failures, exclusions) = (&self.fits.failures, &self.fits.exclusions);
        if failures.is_empty() && exclusions.is_empty() {
            return;
        }
        page.heading("Left out");
        for failure in failures {
            let _ = writeln!(page.0, "<p class=\"bad\">{}</p>", escape(&failure.problem));
        }
        if !exclusions.is_empty() {
            page.table(&exclusions_table(exclusions));
        }
    }
}

struct Page(String);

impl Page {
    fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "<h2>{}</h2>", escape(text));
    }

    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.0, "<p>{}</p>", escape(text));
    }

    fn table(&mut self, table: &Table) {
        self.0.push_str(&table.html());
    }

    /// A figure; its clip paths get names of their own, since a page has many figures.
    fn figure(&mut self, figure: Option<&Figure>) {
        if let Some(figure) = figure {
            let own = format!("plot-{}-", self.0.len());
            let svg = figure.svg();
            let svg = svg.replace("id=\"plot", &format!("id=\"{own}"));
            self.0
                .push_str(&svg.replace("url(#plot", &format!("url(#{own}")));
        }
    }
}
