//! The store: everything that swemill knows, in Postgres, and the queue of what is to be done.
//!
//! Postgres is the only state. A [`Store`] is a connection to one: the server that `DATABASE_URL` names, or a
//! private [`cluster`] in the data folder that starts and stops with the commands that use it. The functions
//! of the modules below take a connection, so that several make one transaction; a stage's result and its
//! job's completion are committed together:
//!
//! ```no_run
//! # use std::time::Duration;
//! # use swemill_store::{Store, StoreOptions, candidates, jobs};
//! # async fn example(verdict: candidates::Verdict) -> swemill_store::Result<()> {
//! let store = Store::open(&StoreOptions::from_environment("/var/lib/swemill")).await?;
//! let wanted = jobs::Claim { kinds: &["validate"], limit: 1, owner: "host:1", lease: Duration::from_secs(60) };
//! for job in jobs::claim(store.pool(), wanted).await? {
//!     // … the work, with `jobs::heartbeat` meanwhile …
//!     let mut transaction = store.begin().await?;
//!     candidates::decide(&mut transaction, &job.key, &verdict).await?;
//!     jobs::complete(&mut transaction, &job.lease).await?;
//!     transaction.commit().await?;
//! }
//! store.close().await
//! # }
//! ```
//!
//! # Why a queue of our own
//!
//! Of the queues kept for sqlx 0.9, `graphile_worker` and `apalis-postgres` acknowledge a job in a statement of their
//! own after the handler returns, so a result and its job's completion cannot commit together; and both
//! acknowledge by job and worker name, without a fence, so a worker that was given up can still write. What is
//! needed here is small: `docs/STORE.md` tells what was looked at.

mod error;
mod failure;
mod migrations;
mod store;
mod text;
mod transient;

pub mod cluster;

pub mod sources;

pub mod repositories;

pub mod environments;

pub mod reaches;

pub mod tests;

pub mod candidates;

pub mod instances;

pub mod grades;

pub mod rollouts;

pub mod jobs;

pub mod status;

pub use error::{Error, Result};
pub use failure::{Failure, FailureClass};
pub use store::{Store, StoreOptions, Transaction};
pub use transient::{is_transient, retry_transient};
