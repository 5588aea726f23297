//! `swemill rollouts`: what agents did.

mod export;
mod filter;
mod report;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use futures_util::TryStreamExt as _;
use serde_json::json;
use swemill_store::rollouts::{
    Rollout, RolloutFilter, RolloutOutcome, RolloutState, read, summary,
};

pub(super) use filter::FilterArguments;

use super::output::{Output, counted};
use crate::rollouts::accounts::{self, Account};
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Show this rollout with its trajectory
    #[arg(value_name = "ID")]
    id: Option<i64>,
    /// Show whole observations
    #[arg(long, requires = "id")]
    full: bool,
    #[command(flatten)]
    filter: FilterArguments,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write trajectories in a format that others read
    Export(export::Arguments),
    /// Write one page of HTML: outcomes, curves, trajectories to read
    Report(report::Arguments),
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    let done = match (arguments.verb, arguments.id) {
        (Some(Verb::Export(export)), _) => export::run(export, &service, output).await,
        (Some(Verb::Report(report)), _) => report::run(report, &service, output).await,
        (None, Some(id)) => show::run(id, arguments.full, &service, output).await,
        (None, None) => list(arguments.filter.into_filter(), &service, output).await,
    };
    service.close().await?;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(filter: RolloutFilter, service: &Service, output: &Output) -> anyhow::Result<()> {
    let campaign_id = filter.campaign_id;
    let rollouts = read::stream(service.pool(), filter);
    if output.is_json() {
        let rollouts: Vec<Rollout> = rollouts.try_collect().await?;
        let rows = summary::by_instance(service.pool(), campaign_id, None).await?;
        let accounts = accounts::by_campaign(&rows);
        return output.document(&json!({ "rollouts": rollouts, "accounts": accounts }));
    }
    let mut rollouts = std::pin::pin!(rollouts);
    let mut count = 0;
    while let Some(rollout) = rollouts.try_next().await? {
        output.line(row(&rollout, output));
        count += 1;
    }
    if count == 0 {
        output.line("no rollouts; `swemill rollout` queues some");
        return Ok(());
    }
    let rows = summary::by_instance(service.pool(), campaign_id, None).await?;
    output.line("");
    show_accounts(&accounts::by_campaign(&rows), output);
    Ok(())
}

/// A rollout in one line.
pub(super) fn row(rollout: &Rollout, output: &Output) -> String {
    let word = match (rollout.outcome, &rollout.failure) {
        (Some(RolloutOutcome::Resolved), _) => output.good("resolved"),
        (Some(outcome), _) => output.bad(outcome.as_str()),
        (None, Some(failure)) => output.bad(format_args!(
            "failed ({}): {}",
            failure.class, failure.reason
        )),
        (None, None) => rollout.state.as_str().to_owned(),
    };
    let ended = match rollout.state {
        RolloutState::Attempted | RolloutState::Graded => format!(
            ", {} after {}, {} tokens",
            rollout.exit.as_deref().unwrap_or_default(),
            counted(rollout.totals.steps, "step"),
            rollout.totals.prompt_tokens + rollout.totals.completion_tokens
        ),
        _ => String::new(),
    };
    let anew = match rollout.restarts {
        0 => String::new(),
        times => format!(", begun anew {}", counted(times, "time")),
    };
    format!(
        "{}  {} #{}  {}: {word}{ended}{anew}",
        rollout.id, rollout.instance_id, rollout.attempt, rollout.model
    )
}

/// A few lines a campaign.
pub(super) fn show_accounts(accounts: &[Account], output: &Output) {
    for account in accounts {
        let totals = &account.totals;
        output.line(format_args!(
            "{}: {} of {} resolved, {} unfinished, {} failed by the machinery",
            output.bold(format_args!(
                "campaign {}, {} ({})",
                account.campaign_id, account.model, account.interface
            )),
            account.resolved,
            counted(account.graded, "graded attempt"),
            account.unfinished,
            account.failed
        ));
        output.line(format_args!(
            "  {}; tokens: {} in ({} cached), {} out; {:.1} s model, {:.1} s commands; ${:.4}",
            counted(totals.steps, "step"),
            totals.prompt_tokens,
            totals.cached_tokens,
            totals.completion_tokens,
            totals.lm_seconds,
            totals.execution_seconds,
            totals.cost
        ));
        let overhead = &totals.overhead;
        output.line(format_args!(
            "  beside them: {:.1} s waiting, {:.1} s sealing, {:.1} s sandboxes, {:.1} s harness; {:.1} s of this program's \
             processor time",
            overhead.waiting_seconds,
            overhead.sealing_seconds,
            overhead.sandbox_seconds,
            overhead.harness_seconds,
            overhead.processor_seconds
        ));
        for pass in &account.pass_at_k {
            output.line(format_args!(
                "  pass@{}: {:.1} % (95 %: {:.1} to {:.1}) over {}",
                pass.k,
                100.0 * pass.estimate,
                100.0 * pass.low,
                100.0 * pass.high,
                counted(pass.instances, "instance")
            ));
        }
    }
}
