//! `swemill instances`: list instances, or show one.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use futures_util::TryStreamExt as _;
use serde_json::json;
use swemill_store::instances::{self, Instance, InstanceFilter};
use swemill_store::rollouts::summary;

use super::output::Output;
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Show this instance with its diff, tests and statement
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    filter: FilterArguments,
}

/// Which instances are meant; shared by every verb that reads them.
#[derive(Debug, Default, Args)]
pub(super) struct FilterArguments {
    /// Only of this source, owner/name or name
    #[arg(long, value_name = "SOURCE")]
    repository: Option<String>,
    /// Only of this strategy
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<String>,
    /// Only with at least N tests in `FAIL_TO_PASS`
    #[arg(long, value_name = "N")]
    min_f2p: Option<u32>,
    /// Only with at most N tests in `FAIL_TO_PASS`
    #[arg(long, value_name = "N")]
    max_f2p: Option<u32>,
    /// Only under these SPDX licences, comma-separated
    #[arg(long = "licenses", value_name = "LIST", value_delimiter = ',')]
    licences: Option<Vec<String>>,
}

impl FilterArguments {
    pub(super) fn into_filter(self) -> anyhow::Result<InstanceFilter> {
        if let (Some(min), Some(max)) = (self.min_f2p, self.max_f2p)
            && min > max
        {
            bail!("no instance has at least {min} and at most {max} tests in FAIL_TO_PASS");
        }
        Ok(InstanceFilter {
            repository: self.repository,
            strategy: self.strategy,
            min_f2p: self.min_f2p,
            max_f2p: self.max_f2p,
            licences: self.licences,
            ..InstanceFilter::default()
        })
    }

    /// The flags that say the same again.
    pub(super) fn as_flags(&self) -> String {
        let mut flags = String::new();
        let mut flag = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = write!(flags, " --{name} {value}");
            }
        };
        flag("repository", self.repository.clone());
        flag("strategy", self.strategy.clone());
        flag("min-f2p", self.min_f2p.map(|n| n.to_string()));
        flag("max-f2p", self.max_f2p.map(|n| n.to_string()));
        flag(
            "licenses",
            self.licences.as_ref().map(|list| list.join(",")),
        );
        flags
    }
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    match arguments.id {
        Some(id) => match instances::get(service.pool(), &id).await? {
            Some(instance) => {
                show(&instance, output)?;
                attempts(&service, &instance.id, output).await?;
            }
            None => bail!("there is no instance {id}; `swemill instances` lists all"),
        },
        None => list(&service, arguments.filter.into_filter()?, output).await?,
    }
    service.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn list(service: &Service, filter: InstanceFilter, output: &Output) -> anyhow::Result<()> {
    let mut stream = std::pin::pin!(instances::stream(service.pool(), filter));
    let mut rows = Vec::new();
    while let Some(instance) = stream.try_next().await? {
        if output.is_json() {
            rows.push(json!({
                "instance_id": instance.id,
                "repository": instance.spec,
                "strategy": instance.strategy,
                "file": instance.file,
                "entity": instance.entity,
                "line": instance.line,
                "fail_to_pass": instance.fail_to_pass.len(),
                "pass_to_pass": instance.pass_to_pass.len(),
                "confirmations": instance.confirmations,
            }));
        } else {
            output.line(format_args!(
                "{}  {}:{}  {} fail, {} pass",
                instance.id,
                instance.file,
                instance.line,
                instance.fail_to_pass.len(),
                instance.pass_to_pass.len()
            ));
        }
    }
    if output.is_json() {
        output.document(&rows)?;
    }
    Ok(())
}

/// What agents made of an instance, a line a campaign.
async fn attempts(service: &Service, id: &str, output: &Output) -> anyhow::Result<()> {
    let rows = summary::by_instance(service.pool(), None, Some(id)).await?;
    if rows.is_empty() || output.is_json() {
        return Ok(());
    }
    output.line(output.bold("Attempts"));
    for row in rows {
        output.line(format_args!(
            "  campaign {}, {} ({}): {} of {} graded attempts resolved it, {} unfinished, {} failed by the machinery",
            row.campaign_id,
            row.model,
            row.interface,
            row.resolved,
            row.graded,
            row.unfinished,
            row.failed
        ));
    }
    Ok(())
}

fn show(instance: &Instance, output: &Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.document(instance);
    }
    output.line(output.bold(&instance.id));
    output.line(format_args!(
        "{} at {} ({}), {} in {}, line {}",
        instance.spec,
        &instance.commit[..8],
        instance.licence.as_deref().unwrap_or("licence not found"),
        if instance.entity.is_empty() {
            "module level"
        } else {
            &instance.entity
        },
        instance.file,
        instance.line
    ));
    output.line("");
    for line in instance.patch.lines() {
        output.line(match line.as_bytes().first() {
            Some(b'+') => output.good(line),
            Some(b'-') => output.bad(line),
            _ => line.to_owned(),
        });
    }
    output.line(format_args!(
        "\n{} ({})",
        output.bold("FAIL_TO_PASS"),
        instance.fail_to_pass.len()
    ));
    for test in &instance.fail_to_pass {
        output.line(format_args!("  {test}"));
    }
    output.line(format_args!(
        "\n{} ({})",
        output.bold("PASS_TO_PASS"),
        instance.pass_to_pass.len()
    ));
    let shown = 10;
    for test in instance.pass_to_pass.iter().take(shown) {
        output.line(format_args!("  {test}"));
    }
    if let Some(more) = instance
        .pass_to_pass
        .len()
        .checked_sub(shown)
        .filter(|&more| more > 0)
    {
        output.line(format_args!("  … and {more} more (--json shows all)"));
    }
    output.line(format_args!(
        "\n{}\n\n{}",
        output.bold("Problem statement"),
        instance.problem_statement
    ));
    Ok(())
}
