//! `swemill add`: queue sources.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::output::Output;
use super::sampling::SamplingArguments;
use crate::request::Request;
use crate::service::Service;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) request: RequestArguments,
}

/// What is asked of each source; shared by `add` and `run`.
#[derive(Debug, Args)]
pub(super) struct RequestArguments {
    /// Git URLs or paths, pypi:NAME==VERSION, or plain folders
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    /// Branch, tag or commit of git sources
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
    #[command(flatten)]
    sampling: SamplingArguments,
    /// Admitted licences: SPDX identifiers, `permissive` or `any`
    #[arg(long, value_name = "LIST")]
    licenses: Option<String>,
    /// Runs that must agree on an instance's lists
    #[arg(long, value_name = "N")]
    confirmations: Option<u32>,
}

impl RequestArguments {
    /// The flags that are settings too.
    pub(super) fn overrides(&self) -> Vec<String> {
        let licenses = self.licenses.iter().map(|list| format!("licenses={list}"));
        let confirmations = self
            .confirmations
            .iter()
            .map(|n| format!("confirmations={n}"));
        licenses.chain(confirmations).collect()
    }

    /// One request a source; wrong words are said before anything is queued.
    pub(super) fn requests(&self, settings: &Settings) -> anyhow::Result<Vec<Request>> {
        self.sampling.selection()?;
        let request = |source: &String| {
            let mut request = Request::new(source, self.rev.as_deref(), settings)?;
            request
                .options
                .strategies
                .clone_from(&self.sampling.strategies);
            request.options.max_candidates = self.sampling.max_candidates;
            request.options.per_file = self.sampling.per_file;
            request.options.per_entity = self.sampling.per_entity;
            request.options.seed = self.sampling.seed;
            Ok(request)
        };
        self.sources.iter().map(request).collect()
    }
}

pub(super) async fn run(
    arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let requests = arguments.request.requests(&settings)?;
    let service = Service::open(settings).await?;
    let mut added = Vec::new();
    for request in &requests {
        let queued = service.add(request).await?;
        output.line(if queued.is_new {
            format!("queued {} as source {}", request.spec, queued.source_id)
        } else {
            format!(
                "{} is source {} already, with these options",
                request.spec, queued.source_id
            )
        });
        added.push(json!({ "source": request.spec, "id": queued.source_id, "new": queued.is_new }));
    }
    if output.is_json() {
        output.document(&added)?;
    }
    service.close().await?;
    Ok(ExitCode::SUCCESS)
}
