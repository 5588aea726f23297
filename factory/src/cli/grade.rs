//! `swemill grade`: judge predictions and write SWE-bench's reports.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use swemill_store::instances::{self, InstanceFilter};

use super::instances::FilterArguments;
use super::output::Output;
use super::progress::Progress;
use super::{exit, work};
use crate::grading::grade::{Grade, Outcome};
use crate::grading::predictions::{self, Prediction};
use crate::grading::report::{self, RunReport};
use crate::grading::{Grader, gold};
use crate::machine::Machine;
use crate::service::Service;
use crate::settings::Settings;

/// How many problems of a file are shown.
const SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Predictions: SWE-bench's JSON lines, a JSON list of the same, or an object by instance
    #[arg(value_name = "PREDICTIONS", required_unless_present = "gold")]
    predictions: Option<PathBuf>,
    /// Grade the reverse of each instance's break instead: all have to be resolved
    #[arg(long, conflicts_with = "predictions")]
    gold: bool,
    /// Write reports and logs into this folder, as SWE-bench names them
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The run's name in what --out writes
    #[arg(long, value_name = "NAME", default_value = "swemill")]
    run_id: String,
    /// Run the tests of submissions that were graded before as well
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    workers: work::WorkerArguments,
}

impl Arguments {
    pub(super) fn overrides(&self) -> Vec<String> {
        self.workers.overrides()
    }
}

/// A prediction with its grade.
type Graded = (Prediction, Grade);

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let read = arguments.predictions.as_deref().map(read).transpose()?;
    let service = Service::open(settings).await?;
    let data_set = instances::ids(service.pool(), &arguments.filter.into_filter()?).await?;
    let predictions = match read {
        Some(predictions) => {
            let known = instances::ids(service.pool(), &InstanceFilter::default()).await?;
            refuse_unknown(&predictions, &known)?;
            let admits =
                |prediction: &Prediction| data_set.binary_search(&prediction.instance_id).is_ok();
            let (admitted, others): (Vec<_>, Vec<_>) = predictions.into_iter().partition(admits);
            if !others.is_empty() {
                let count = others.len();
                output.note(format_args!(
                    "{count} predictions are for instances that the filter leaves out"
                ));
            }
            admitted
        }
        None => gold_of(&service, &data_set).await?,
    };
    if data_set.is_empty() {
        bail!("there are no instances to grade; `swemill run SOURCE` makes some");
    }
    let progress = Arc::new(Progress::new(output));
    let machine = Machine::open(&service, progress.clone()).await?;
    let judge = Grader::new(&machine, !arguments.no_cache);
    let bar = progress.bar("grading", predictions.len() as u64);
    let (judge, bar, pool) = (&judge, &bar, machine.pool());
    let graded: Vec<Graded> = stream::iter(predictions)
        .map(|prediction| async move {
            let id = &prediction.instance_id;
            let instance = instances::get(pool, id)
                .await?
                .with_context(|| format!("instance {id} vanished from the store"))?;
            let grade = judge.grade(&instance, prediction.patch.as_deref()).await;
            bar.inc(1);
            anyhow::Ok((prediction, grade))
        })
        .buffered(service.settings.workers)
        .try_collect()
        .await?;
    progress.finish();
    let reports = reports(&data_set, &graded);
    if let Some(folder) = &arguments.out {
        write(folder, &arguments.run_id, &reports, &graded)?;
    }
    if output.is_json() {
        output.document(&document(&reports, &graded))?;
    } else {
        show(&reports, &graded, output);
    }
    drop(machine);
    service.close().await?;
    let failed = graded
        .iter()
        .any(|(_, grade)| grade.outcome == Outcome::Failed);
    let short = arguments.gold
        && graded
            .iter()
            .any(|(_, grade)| grade.outcome != Outcome::Resolved);
    Ok(if failed || short {
        ExitCode::from(exit::DISAPPOINTED)
    } else {
        ExitCode::SUCCESS
    })
}

fn read(path: &std::path::Path) -> anyhow::Result<Vec<Prediction>> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read the predictions in {}", path.display()))?;
    predictions::read(&bytes).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(
            "the predictions in {} cannot be graded:{}\nnothing was graded; mend these and try again",
            path.display(),
            listed(&problems)
        )
    })
}

fn refuse_unknown(predictions: &[Prediction], known: &[String]) -> anyhow::Result<()> {
    let unknown: BTreeSet<String> = predictions
        .iter()
        .map(|prediction| prediction.instance_id.clone())
        .filter(|id| known.binary_search(id).is_err())
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let unknown: Vec<String> = unknown.into_iter().collect();
    bail!(
        "{} predictions are for instances that are not here:{}\nnothing was graded; `swemill instances` lists what is \
         here",
        unknown.len(),
        listed(&unknown)
    );
}

fn listed(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines.iter().take(SHOWN) {
        text.push_str("\n  ");
        text.push_str(line);
    }
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(text, "\n  … and {more} more");
    }
    text
}

async fn gold_of(service: &Service, ids: &[String]) -> anyhow::Result<Vec<Prediction>> {
    let mut predictions = Vec::new();
    for id in ids {
        let instance = instances::get(service.pool(), id).await?;
        let instance =
            instance.with_context(|| format!("instance {id} vanished from the store"))?;
        predictions.push(Prediction {
            instance_id: id.clone(),
            model: "gold".to_owned(),
            patch: Some(gold(&instance)?),
        });
    }
    Ok(predictions)
}

/// A run report a model.
fn reports(data_set: &[String], graded: &[Graded]) -> BTreeMap<String, RunReport> {
    let mut by_model: BTreeMap<String, Vec<&Grade>> = BTreeMap::new();
    for (prediction, grade) in graded {
        by_model
            .entry(prediction.model.clone())
            .or_default()
            .push(grade);
    }
    by_model
        .into_iter()
        .map(|(model, grades)| (model, RunReport::new(data_set, &grades)))
        .collect()
}

fn write(
    folder: &std::path::Path,
    run: &str,
    reports: &BTreeMap<String, RunReport>,
    graded: &[Graded],
) -> anyhow::Result<()> {
    for (model, run_report) in reports {
        let own = graded
            .iter()
            .filter(|(prediction, _)| prediction.model == *model)
            .map(|(prediction, grade)| {
                let id = prediction.instance_id.as_str();
                (id, (grade, prediction.patch.as_deref()))
            })
            .collect();
        report::write(folder, run, model, run_report, &own)
            .with_context(|| format!("cannot write the reports into {}", folder.display()))?;
    }
    Ok(())
}

/// Everything as one document: SWE-bench's reports by model, and what swemill knows beyond them.
fn document(reports: &BTreeMap<String, RunReport>, graded: &[Graded]) -> Value {
    let mut failures: BTreeMap<String, usize> = BTreeMap::new();
    for class in graded.iter().filter_map(|(_, grade)| grade.class) {
        let name = json!(class).as_str().unwrap_or_default().to_owned();
        *failures.entry(name).or_default() += 1;
    }
    let rows: Vec<Value> = graded
        .iter()
        .map(|(prediction, grade)| {
            let mut shown = json!(grade);
            shown["model_name_or_path"] = json!(prediction.model);
            shown["report"] = report::of_instance(grade);
            shown
        })
        .collect();
    json!({ "reports": reports, "failures": failures, "grades": rows })
}

fn show(reports: &BTreeMap<String, RunReport>, graded: &[Graded], output: &Output) {
    for (prediction, grade) in graded {
        let word = grade.outcome.as_str();
        let word = match grade.outcome {
            Outcome::Resolved => output.good(word),
            _ => output.bad(word),
        };
        let reason = match (&grade.class, &grade.reason) {
            (Some(class), Some(reason)) => format!(" ({}: {reason})", class.as_str()),
            _ => String::new(),
        };
        output.line(format_args!("{}: {word}{reason}", prediction.instance_id));
        for refused in &grade.refused {
            let reason = json!(refused.reason);
            let reason = reason.as_str().unwrap_or_default();
            output.line(format_args!("  not applied: {} ({reason})", refused.path));
        }
        for finding in &grade.audit {
            output.line(format_args!(
                "  audit: {}:{} {}",
                finding.path, finding.line, finding.what
            ));
        }
    }
    for (model, report) in reports {
        output.line(format_args!(
            "{}: {} of {} resolved, {} unresolved, {} empty, {} in error ({} of the data set)",
            output.bold(model),
            report.resolved_instances,
            report.submitted_instances,
            report.unresolved_instances,
            report.empty_patch_instances,
            report.error_instances,
            report.total_instances
        ));
    }
}
