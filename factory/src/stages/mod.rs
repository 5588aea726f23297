//! The stages of a source's way: each turns a job into a result, which is committed with the job's completion.
//!
//! [`fetch`] pins a source to a commit, [`build`] makes its environment and baseline, [`mutate`] proposes
//! candidates, [`validate`] decides one. A stage reads the store and writes nothing to it: what it found is a
//! [`Done`], whose [`commit`](Done::commit) runs in the worker's transaction and queues what comes next.

mod build;
mod fetch;
mod mutate;
mod validate;

pub use build::Built;
pub use fetch::Fetched;
pub use mutate::Proposed;
pub use validate::Decided;

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use swemill_store::jobs::{Job, NewJob};
use swemill_store::rollouts::finish;
use swemill_store::sources::{self, Source};
use swemill_store::{Failure, candidates};

use crate::events::Event;
use crate::failure::StageError;
use crate::machine::Machine;
use crate::rollouts::{self, Attempted, GRADE, Graded, OfRollout, ROLLOUT};

/// The kinds of jobs, in the order of a source's way.
pub const KINDS: &[&str] = &[FETCH, BUILD, MUTATE, VALIDATE];
/// Those, and the grading of rollouts: all that wants a processor for itself.
pub const ALL: &[&str] = &[FETCH, BUILD, MUTATE, VALIDATE, GRADE];
const FETCH: &str = "fetch";
const BUILD: &str = "build";
const MUTATE: &str = "mutate";
const VALIDATE: &str = "validate";

/// Earlier stages go first, so that all workers soon have candidates to share.
const EARLY: i32 = 10;

/// What a job of the stages before validation is about.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct OfSource {
    source_id: i64,
}

/// What a validation job is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OfCandidate {
    candidate_id: String,
    confirmations: usize,
    max_broken_share: f64,
}

/// The job that begins a source's way.
pub fn first_job(source_id: i64) -> NewJob {
    of_source(FETCH, source_id)
}

fn of_source(kind: &str, source_id: i64) -> NewJob {
    let payload = serde_json::json!(OfSource { source_id });
    NewJob::new(kind, format!("source {source_id}"), payload).priority(EARLY)
}

/// What a stage found.
#[derive(Debug)]
pub enum Done {
    /// The source is pinned to a commit.
    Fetched(Fetched),
    /// The environment stands, with a sound baseline.
    Built(Box<Built>),
    /// The candidates are enumerated.
    Proposed(Proposed),
    /// A candidate is decided.
    Decided(Box<Decided>),
    /// An agent's attempt ended.
    Attempted(Box<Attempted>),
    /// A rollout is graded.
    Graded(Box<Graded>),
    /// The source yields nothing, and no other try would change that.
    Refused(Refused),
}

/// A source that yields nothing.
#[derive(Debug)]
pub struct Refused {
    source_id: i64,
    what: String,
    failure: Failure,
}

impl Done {
    /// Writes the result and queues what comes next. May run again if the transaction has to be repeated.
    pub async fn commit(&self, transaction: &mut PgConnection) -> swemill_store::Result<()> {
        match self {
            Self::Fetched(done) => done.commit(transaction).await,
            Self::Built(done) => done.commit(transaction).await,
            Self::Proposed(done) => done.commit(transaction).await,
            Self::Decided(done) => done.commit(transaction).await,
            Self::Attempted(done) => done.commit(transaction).await,
            Self::Graded(done) => done.commit(transaction).await,
            Self::Refused(done) => sources::fail(transaction, done.source_id, &done.failure).await,
        }
    }

    /// What the user hears once it is committed.
    pub fn events(&self) -> Vec<Event> {
        match self {
            Self::Fetched(done) => vec![done.event()],
            Self::Built(done) => vec![done.event()],
            Self::Proposed(done) => done.events(),
            Self::Decided(done) => vec![done.event()],
            Self::Attempted(done) => vec![done.event()],
            Self::Graded(done) => vec![done.event()],
            Self::Refused(done) => vec![Event::Stage {
                what: done.what.clone(),
                line: format!("failed ({}): {}", done.failure.class, done.failure.reason),
            }],
        }
    }
}

/// Does a job's stage.
pub async fn run(machine: &Machine, job: &Job) -> Result<Done, StageError> {
    if job.kind == VALIDATE {
        return validate::run(machine, &job.payload()?).await;
    }
    match job.kind.as_str() {
        ROLLOUT => return rollouts::attempt(machine, job).await,
        GRADE => return rollouts::grade(machine, job).await,
        _ => {}
    }
    let OfSource { source_id } = job.payload()?;
    let source = machine.source(source_id).await?;
    let result = match job.kind.as_str() {
        FETCH => fetch::run(machine, &source).await,
        BUILD => build::run(machine, &source).await,
        MUTATE => mutate::run(machine, &source).await,
        kind => Err(StageError::infra(format!(
            "this swemill knows no jobs of kind {kind}; a newer one queued it"
        ))),
    };
    match result {
        // Trying again would not help: the source ends here.
        Err(error) if !error.retry => Ok(Done::Refused(refused(&source, error.failure))),
        other => other,
    }
}

fn refused(source: &Source, failure: Failure) -> Refused {
    Refused {
        source_id: source.id,
        what: source.spec.clone(),
        failure,
    }
}

/// Settles what a dead job was about, so that nothing waits for it: its source or rollout fails, or its candidate is
/// decided as `infra`. Does nothing where that is settled already.
pub async fn settle_dead(
    transaction: &mut PgConnection,
    kind: &str,
    payload: &serde_json::Value,
    failure: &Failure,
) -> swemill_store::Result<()> {
    if kind == ROLLOUT || kind == GRADE {
        if let Ok(OfRollout { rollout_id }) = OfRollout::deserialize(payload) {
            let key = rollouts::key(rollout_id);
            finish::failed(transaction, rollout_id, &key, failure).await?;
        }
    } else if kind == VALIDATE {
        if let Ok(of) = OfCandidate::deserialize(payload) {
            let verdict = candidates::Verdict {
                outcome: candidates::CandidateOutcome::Infra,
                failure: Some(failure.clone()),
                evidence: None,
            };
            candidates::decide(transaction, &of.candidate_id, &verdict).await?;
            validate::finish_sources(transaction, &of.candidate_id).await?;
        }
    } else if let Ok(of) = OfSource::deserialize(payload) {
        let source = sources::get(&mut *transaction, of.source_id).await?;
        if source.is_some_and(|source| {
            source.state == sources::SourceState::Running
                || source.state == sources::SourceState::Queued
        }) {
            sources::fail(transaction, of.source_id, failure).await?;
        }
    }
    Ok(())
}
