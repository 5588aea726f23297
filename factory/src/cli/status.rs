//! `swemill status`: what there is, what failed and why.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;
use swemill_store::candidates::CandidateOutcome;
use swemill_store::rollouts::summary::CampaignCount;
use swemill_store::{jobs, sources, status};

use super::output::{Output, counted};
use crate::service::Service;
use crate::settings::Settings;

pub(super) async fn run(settings: Settings, output: &Output) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    let counts = status::read(service.pool()).await?;
    let sources = sources::list(service.pool()).await?;
    let dead = jobs::dead(service.pool()).await?;
    service.close().await?;
    if output.is_json() {
        output.document(&json!({ "counts": counts, "sources": sources, "dead_jobs": dead }))?;
        return Ok(ExitCode::SUCCESS);
    }

    output.line(output.bold("Sources"));
    for source in &sources {
        let state = serde_json::to_value(source.state)?;
        let state = state.as_str().unwrap_or_default();
        let state = match &source.failure {
            Some(failure) => output.bad(format_args!(
                "{state} ({}): {}",
                failure.class, failure.reason
            )),
            None => state.to_owned(),
        };
        let rev = source
            .rev
            .as_deref()
            .map(|rev| format!(" at {rev}"))
            .unwrap_or_default();
        output.line(format_args!("  {}{rev}  {state}", source.spec));
    }
    if sources.is_empty() {
        output.line("  none; `swemill add SOURCE` queues one");
    }

    candidates(output, &counts);
    output.line(format_args!(
        "\n{}\n  {}",
        output.bold("Instances"),
        counts.instances
    ));

    section(output, "Rollouts", counts.campaigns.iter().map(campaign));
    let unfinished = counts
        .jobs
        .iter()
        .filter(|count| !matches!(count.state, jobs::JobState::Done));
    section(
        output,
        "Jobs",
        unfinished.map(|count| {
            let state = serde_json::to_value(count.state).unwrap_or_default();
            format!(
                "{} {} {}",
                count.count,
                count.kind,
                state.as_str().unwrap_or_default()
            )
        }),
    );
    for job in &dead {
        output.line(format_args!(
            "  dead: {} {} after {}: {}",
            job.kind,
            job.key,
            counted(job.attempts, "attempt"),
            job.last_error
        ));
    }
    section(
        output,
        "Workers",
        counts.workers.iter().map(|worker| {
            let silent = if worker.expired { ", silent" } else { "" };
            format!("{}: {}{silent}", worker.owner, counted(worker.jobs, "job"))
        }),
    );
    section(
        output,
        "Failures by class",
        counts
            .failures
            .iter()
            .map(|count| format!("{} {} ({})", count.count, count.class, count.what)),
    );
    Ok(ExitCode::SUCCESS)
}

/// What became of candidates, and what deciding them took.
fn candidates(output: &Output, counts: &status::Status) {
    let mut by_outcome = BTreeMap::<&str, i64>::new();
    for count in &counts.candidates {
        let outcome = count.outcome.map_or("undecided", CandidateOutcome::as_str);
        *by_outcome.entry(outcome).or_default() += count.count;
    }
    section(
        output,
        "Candidates",
        by_outcome
            .iter()
            .map(|(outcome, count)| format!("{count} {outcome}")),
    );
    if counts.decided_last_minute > 0 {
        output.line(format_args!(
            "  {} decided in the last minute",
            counts.decided_last_minute
        ));
    }
    section(
        output,
        "Validation",
        counts.validation.iter().map(|way| {
            format!(
                "{} {}: {} tests of {}, {:.1} CPU s, {:.1} of them in tests",
                way.count, way.way, way.tests, way.suite_tests, way.cpu_seconds, way.test_seconds
            )
        }),
    );
}

/// How far the attempts of a campaign have come.
fn campaign(count: &CampaignCount) -> String {
    let unfinished = count.queued + count.running + count.attempted;
    format!(
        "campaign {}, {} ({}): {} of {} resolved; {unfinished} unfinished: {} queued, {} running, {} to grade; {} \
         failed by the machinery",
        count.campaign_id,
        count.model,
        count.interface,
        count.resolved,
        counted(count.graded, "graded attempt"),
        count.queued,
        count.running,
        count.attempted,
        count.failed
    )
}

/// A heading with its lines; nothing when there are none.
fn section(output: &Output, heading: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        output.line(format_args!("\n{}", output.bold(heading)));
        lines.for_each(|line| output.line(format_args!("  {line}")));
    }
}
