//! From a source to a repository: plain files pinned to one commit, under an admitted licence.

use sqlx::PgConnection;
use swemill_source::{LicencePolicy, require_python};
use swemill_store::jobs;
use swemill_store::repositories::{self, NewRepository};
use swemill_store::sources::{self, Source};

use super::{BUILD, Done, of_source};
use crate::events::Event;
use crate::failure::StageError;
use crate::machine::Machine;
use crate::request::Options;

/// A source that was pinned.
#[derive(Debug)]
pub struct Fetched {
    source_id: i64,
    repository: NewRepository,
}

pub(super) async fn run(machine: &Machine, source: &Source) -> Result<Done, StageError> {
    machine.step(&source.spec, "fetching");
    let options = Options::from_stored(&source.options)
        .map_err(|error| StageError::infra(error.to_string()))?;
    let fetched = machine.fetch(&source.spec, source.rev.as_deref()).await?;
    let policy: LicencePolicy = options.licenses.parse()?;
    policy
        .admits(&fetched.licence)
        .map_err(StageError::environment)?;
    require_python(&source.spec, &fetched.tree)?;
    Ok(Done::Fetched(Fetched {
        source_id: source.id,
        repository: NewRepository {
            owner: fetched.owner,
            name: fetched.name,
            commit: fetched.commit,
            tree: fetched.tree_digest,
            spec: fetched.spec,
            version: fetched.version,
            released: fetched.released,
            licence: fetched.licence.expression,
        },
    }))
}

impl Fetched {
    pub(super) async fn commit(&self, transaction: &mut PgConnection) -> swemill_store::Result<()> {
        let repository_id = repositories::save(transaction, &self.repository).await?;
        sources::begin(transaction, self.source_id).await?;
        sources::set_repository(transaction, self.source_id, repository_id).await?;
        jobs::enqueue(transaction, &of_source(BUILD, self.source_id)).await?;
        Ok(())
    }

    pub(super) fn event(&self) -> Event {
        let licence = self
            .repository
            .licence
            .as_deref()
            .unwrap_or("licence not found");
        Event::Stage {
            what: self.repository.spec.clone(),
            line: format!(
                "fetched, commit {}, {licence}",
                &self.repository.commit[..8]
            ),
        }
    }
}
