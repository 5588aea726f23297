//! The queue: jobs in the same Postgres as what they make.
//!
//! A job is enqueued in the caller's transaction, claimed under a lease, and completed in the transaction that
//! writes its result. Whoever claims it gets a new fence; [`complete`] refuses a lease whose fence or time has
//! passed, so a worker that was thought dead cannot commit. All times are the database's.

mod backoff;
mod claim;
mod enqueue;
mod finish;
mod inspect;
mod wake;

pub use backoff::backoff;
pub use claim::{Claim, Job, Lease, claim, heartbeat, reclaim_expired};
pub use enqueue::{NewJob, enqueue, enqueue_many};
pub use finish::{Failed, Next, complete, fail, release, retry_dead};
pub use inspect::{DeadJob, JobCount, JobState, Worker, counts, dead, unfinished, workers};
pub use wake::Wakeups;
