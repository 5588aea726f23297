//! From an environment to candidates: every site of every operator, sampled by the request's seed.

use sqlx::PgConnection;
use swemill_mutation::Identity;
use swemill_store::candidates::{self, NewCandidate};
use swemill_store::jobs::{self, NewJob};
use swemill_store::sources::{self, Source};

use super::{Done, OfCandidate, VALIDATE};
use crate::events::Event;
use crate::failure::StageError;
use crate::machine::Machine;
use crate::request::Options;

/// A source whose candidates are enumerated.
#[derive(Debug)]
pub struct Proposed {
    source_id: i64,
    spec: String,
    environment_id: i64,
    candidates: Vec<NewCandidate>,
    confirmations: usize,
    max_broken_share: f64,
}

pub(super) async fn run(machine: &Machine, source: &Source) -> Result<Done, StageError> {
    machine.step(&source.spec, "enumerating candidates");
    let options = Options::from_stored(&source.options)
        .map_err(|error| StageError::infra(error.to_string()))?;
    let environment_id = source
        .environment_id
        .ok_or_else(|| StageError::infra("the source has no environment yet"))?;
    let repository = machine.repository_of(source).await?;
    let tree = machine.tree(&repository).await?;
    let identity = Identity {
        owner: repository.owner.clone(),
        name: repository.name.clone(),
        commit: repository.commit.clone(),
    };
    let mutation = options
        .mutation(identity)
        .map_err(|error| StageError::environment(error.to_string()))?;
    let found = tokio::task::spawn_blocking(move || {
        let mut candidates = Vec::new();
        let mut keep = |candidate: swemill_mutation::Candidate| {
            candidates.push(NewCandidate {
                id: candidate.id,
                strategy: candidate.strategy,
                file: candidate.file,
                entity: candidate.entity,
                line: u32::try_from(candidate.line).unwrap_or(u32::MAX),
                patch: candidate.patch,
                seed: candidate.seed,
            });
        };
        swemill_mutation::mutate(&tree, &mutation, &mut keep).map(|_| candidates)
    });
    let candidates = found
        .await
        .map_err(|error| StageError::infra(format!("enumerating candidates broke off: {error}")))?
        .map_err(|error| StageError::environment(error.to_string()))?;
    if candidates.is_empty() {
        let reason = "no code that the strategies could break was found; \
                      `swemill mutate FOLDER` tells which files were passed over and why";
        return Err(StageError::environment(reason));
    }
    Ok(Done::Proposed(Proposed {
        source_id: source.id,
        spec: source.spec.clone(),
        environment_id,
        candidates,
        confirmations: options.confirmations,
        max_broken_share: options.max_broken_share,
    }))
}

impl Proposed {
    pub(super) async fn commit(&self, transaction: &mut PgConnection) -> swemill_store::Result<()> {
        let proposed = candidates::add(
            transaction,
            self.source_id,
            self.environment_id,
            &self.candidates,
        )
        .await?;
        let job = |candidate_id: &String| {
            let payload = serde_json::json!(OfCandidate {
                candidate_id: candidate_id.clone(),
                confirmations: self.confirmations,
                max_broken_share: self.max_broken_share,
            });
            NewJob::new(VALIDATE, candidate_id, payload)
        };
        let validations: Vec<_> = proposed.undecided.iter().map(job).collect();
        jobs::enqueue_many(transaction, &validations).await?;
        // All known and decided already: the source is done.
        sources::finish_decided(transaction, &[self.source_id]).await?;
        Ok(())
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let candidates = self.candidates.len();
        vec![
            Event::Stage {
                what: self.spec.clone(),
                line: format!("{candidates} candidates"),
            },
            Event::Expected {
                candidates: candidates as u64,
            },
        ]
    }
}
