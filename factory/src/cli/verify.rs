//! `swemill verify`: prove instances once more, the slow, clean way.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use swemill_store::instances::{self, InstanceFilter};

use super::output::Output;
use super::progress::Progress;
use super::{exit, work};
use crate::machine::Machine;
use crate::service::Service;
use crate::settings::Settings;
use crate::verification::{Checked, check, sample};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Verify these instances
    #[arg(value_name = "ID", required_unless_present_any = ["sample", "all"])]
    ids: Vec<String>,
    /// Verify N instances, drawn by --seed
    #[arg(long, value_name = "N", conflicts_with_all = ["ids", "all"])]
    sample: Option<usize>,
    /// Verify every instance
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Decides which instances are drawn
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    workers: work::WorkerArguments,
}

impl Arguments {
    pub(super) fn overrides(&self) -> Vec<String> {
        self.workers.overrides()
    }
}

#[derive(Debug, Serialize)]
struct Report {
    verified: usize,
    agreed: usize,
    disagreements: Vec<Checked>,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    let at_once = service.settings.workers;
    let ids = chosen(&arguments, &service).await?;
    let progress = Arc::new(Progress::new(output));
    let machine = Machine::open(&service, progress.clone()).await?;
    let bar = progress.bar("verifying", ids.len() as u64);
    let (machine, bar) = (&machine, &bar);
    let checked: Vec<Checked> = stream::iter(&ids)
        .map(|id| async move {
            let instance = instances::get(machine.pool(), id).await?.with_context(|| {
                format!("there is no instance {id}; `swemill instances` lists all")
            })?;
            let checked = check(machine, instance).await?;
            bar.inc(1);
            anyhow::Ok(checked)
        })
        .buffered(at_once)
        .try_collect()
        .await?;
    progress.finish();
    let verified = checked.len();
    let disagreements: Vec<Checked> = checked
        .into_iter()
        .filter(|checked| !checked.agrees())
        .collect();
    for checked in &disagreements {
        output.line(format_args!(
            "{}: {}",
            output.bad(&checked.instance_id),
            checked.disagreements.join("; ")
        ));
    }
    let report = Report {
        verified,
        agreed: verified - disagreements.len(),
        disagreements,
    };
    if output.is_json() {
        output.document(&report)?;
    }
    output.line(format_args!(
        "{} of {} instances agree",
        report.agreed, report.verified
    ));
    service.close().await?;
    Ok(if report.disagreements.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::DISAPPOINTED)
    })
}

async fn chosen(arguments: &Arguments, service: &Service) -> anyhow::Result<Vec<String>> {
    if !arguments.ids.is_empty() {
        return Ok(arguments.ids.clone());
    }
    let all = instances::ids(service.pool(), &InstanceFilter::default()).await?;
    if all.is_empty() {
        bail!("there are no instances yet; `swemill run SOURCE` makes some");
    }
    Ok(match arguments.sample {
        Some(count) => sample(all, count, arguments.seed),
        None => all,
    })
}
