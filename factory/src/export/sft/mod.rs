//! Attempts to learn from, streamed out of the store: rows by side, a card, and a count of what was left out and why.
//!
//! Which attempts those are is [`swemill_agent::sft`]'s to say. Models' attempts come before the experts' and the replays'
//! of the same instance, each in the order of their numbers, so the same store gives the same bytes.

pub mod benchmarks;
mod card;
mod columns;
mod files;
mod levels;
mod parquet;
pub mod tokenizer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use serde::Serialize;
use sqlx::PgPool;
use swemill_agent::sft::{Options, Origin, Reason, Selection, Split, Summary};
use swemill_store::rollouts::{
    Rollout, RolloutFilter, RolloutOutcome, RolloutPolicy, RolloutState, read,
};

use self::files::Files;
use crate::rollouts::trajectories;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FileFormat {
    /// A JSON object a line
    Jsonl,
    /// Parquet
    Parquet,
}

/// What is told of an export besides its rows.
#[derive(Clone, Debug)]
pub struct Told {
    /// The command, for the card.
    pub command: String,
    /// The tokenizer, as it was named.
    pub tokenizer: Option<String>,
    /// The files of benchmarks.
    pub benchmarks: Vec<String>,
}

/// What one side has.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// The rows' file.
    pub file: PathBuf,
    /// Attempts.
    pub attempts: u64,
    /// Instances.
    pub instances: usize,
    /// Repositories, sorted.
    pub repositories: Vec<String>,
    /// Attempts by `policy`.
    pub policies: BTreeMap<String, u64>,
    /// Tokens, where a tokenizer was named.
    pub tokens: Option<i64>,
}

/// What an export wrote, and what it did not; the content of `summary.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// All attempts that passed the filter.
    pub considered: u64,
    /// Those in the export, by side.
    pub kept: BTreeMap<&'static str, Side>,
    /// Those that are not, by the first reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// The tokenizer, as it was named.
    pub tokenizer: Option<String>,
    /// Texts of benchmarks that attempts were compared with.
    pub benchmark_texts: usize,
    /// Texts of benchmarks that were too short for that.
    pub benchmark_texts_too_short: usize,
}

/// Writes the attempts that pass the filter and are worth learning from into `folder`. Files appear under their names when
/// they are whole.
pub async fn export(
    pool: &PgPool,
    filter: &RolloutFilter,
    options: Options,
    format: FileFormat,
    folder: &Path,
    told: Told,
) -> anyhow::Result<Written> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let texts = (options.benchmarks.texts(), options.benchmarks.short());
    let mut selection = Selection::new(options);
    let mut files = Files::new(folder, format);
    for policy in by_worth(filter.policy) {
        let filter = RolloutFilter {
            policy: Some(policy),
            ..filter.clone()
        };
        let mut rollouts = std::pin::pin!(read::stream(pool, filter));
        while let Some(rollout) = rollouts.try_next().await? {
            consider(pool, rollout, &mut selection, &mut files).await?;
        }
    }
    let written = Written {
        benchmark_texts: texts.0,
        benchmark_texts_too_short: texts.1,
        ..written(&selection.finish(), &files, told.tokenizer.clone())
    };
    files.finish(&written, &told)?;
    Ok(written)
}

fn by_worth(only: Option<RolloutPolicy>) -> Vec<RolloutPolicy> {
    let all = [
        RolloutPolicy::Model,
        RolloutPolicy::Expert,
        RolloutPolicy::Replay,
    ];
    let wanted = all
        .into_iter()
        .filter(|policy| only.is_none_or(|only| only == *policy));
    wanted.collect()
}

async fn consider(
    pool: &PgPool,
    rollout: Rollout,
    selection: &mut Selection,
    files: &mut Files,
) -> anyhow::Result<()> {
    if let Some(reason) = at_once(&rollout) {
        selection.leave_out(reason);
        return Ok(());
    }
    let Some(trajectory) = trajectories::get(pool, rollout.id).await? else {
        anyhow::bail!(
            "rollout {} has been graded and has no trajectory: the store was changed by other means",
            rollout.id
        );
    };
    let origin = Origin {
        repository: &rollout.repository,
        attempt: &format!("{}-{}", rollout.campaign_id, rollout.attempt),
    };
    if let Some(kept) = selection.consider(&trajectory, origin)? {
        files.write(kept.row, kept.split)?;
    }
    Ok(())
}

/// Why an attempt is left out, as far as that shows without its trajectory.
fn at_once(rollout: &Rollout) -> Option<Reason> {
    match (rollout.state, rollout.outcome) {
        (RolloutState::Queued | RolloutState::Running, _) => Some(Reason::Unfinished),
        (RolloutState::Failed, _) => Some(Reason::MachineryFailed),
        (_, None) => Some(Reason::Ungraded),
        (_, Some(RolloutOutcome::Resolved)) => None,
        (_, Some(RolloutOutcome::Unresolved)) => Some(Reason::Unresolved),
        (_, Some(RolloutOutcome::Empty)) => Some(Reason::Empty),
        (_, Some(RolloutOutcome::NotApplied)) => Some(Reason::NotApplied),
        (_, Some(RolloutOutcome::Tampered)) => Some(Reason::Tampered),
    }
}

fn written(summary: &Summary, files: &Files, tokenizer: Option<String>) -> Written {
    let side = |split: Split| {
        let taken = summary.of(split);
        Side {
            file: files.path(split),
            attempts: taken.attempts,
            instances: taken.instances.len(),
            repositories: taken.repositories.into_iter().collect(),
            policies: taken.policies,
            tokens: tokenizer.is_some().then_some(taken.tokens),
        }
    };
    Written {
        considered: summary.considered(),
        kept: (summary.kept.keys())
            .map(|split| (split.as_str(), side(*split)))
            .collect(),
        dropped: (summary.dropped.iter())
            .map(|(reason, count)| (reason.as_str(), *count))
            .collect(),
        tokenizer,
        benchmark_texts: 0,
        benchmark_texts_too_short: 0,
    }
}
