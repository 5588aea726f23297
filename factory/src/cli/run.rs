//! `swemill run`: queue sources, work until they are done, sum up.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use swemill_store::candidates::{self, CandidateOutcome};
use swemill_store::sources::{self, SourceState};

use super::add::RequestArguments;
use super::output::Output;
use super::{exit, work};
use crate::service::{Queued, Service};
use crate::settings::Settings;
use crate::worker::Stopped;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    request: RequestArguments,
    #[command(flatten)]
    workers: work::WorkerArguments,
}

impl Arguments {
    pub(super) fn overrides(&self) -> Vec<String> {
        let mut overrides = self.request.overrides();
        overrides.extend(self.workers.overrides());
        overrides
    }
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let requests = arguments.request.requests(&settings)?;
    let service = Service::open(settings).await?;
    let mut queued = Vec::new();
    for request in &requests {
        queued.push(service.add(request).await?);
    }
    if work::until(&service, work::Jobs::All, true, output).await? == Stopped::Interrupted {
        service.close().await?;
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    let all_yielded = summary(&service, &queued, output).await?;
    service.close().await?;
    Ok(if all_yielded {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::DISAPPOINTED)
    })
}

/// Says what each source yielded; true when each yielded something.
async fn summary(service: &Service, queued: &[Queued], output: &Output) -> anyhow::Result<bool> {
    let mut all_yielded = true;
    let mut documents = Vec::new();
    for Queued { source_id, .. } in queued {
        let Some(source) = sources::get(service.pool(), *source_id).await? else {
            continue;
        };
        let candidates = candidates::of_source(service.pool(), *source_id).await?;
        let mut outcomes = std::collections::BTreeMap::<&str, usize>::new();
        for candidate in &candidates {
            let outcome = candidate
                .outcome
                .map_or("undecided", CandidateOutcome::as_str);
            *outcomes.entry(outcome).or_default() += 1;
        }
        let accepted = outcomes.get("accepted").copied().unwrap_or_default();
        let reason = match (&source.failure, source.state) {
            (Some(failure), _) => Some(format!("{} ({})", failure.reason, failure.class)),
            (None, SourceState::Done) if accepted == 0 => Some(
                "none of its candidates is seen by a test without breaking too much".to_owned(),
            ),
            (None, SourceState::Done) => None,
            (None, _) => Some("it is not finished; `swemill status` shows its jobs".to_owned()),
        };
        all_yielded &= reason.is_none();
        let counts: Vec<String> = outcomes
            .iter()
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        output.line(match &reason {
            None => format!(
                "{}: {} of {} candidates ({})",
                source.spec,
                output.good(format_args!("{accepted} instances")),
                candidates.len(),
                counts.join(", ")
            ),
            Some(reason) => format!("{}: {}: {reason}", source.spec, output.bad("nothing")),
        });
        documents.push(json!({
            "source": source.spec,
            "id": source.id,
            "state": source.state,
            "instances": accepted,
            "candidates": outcomes,
            "failure": source.failure,
            "reason": reason,
        }));
    }
    if output.is_json() {
        output.document(&documents)?;
    }
    Ok(all_yielded)
}
