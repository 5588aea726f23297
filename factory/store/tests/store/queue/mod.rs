//! The queue: who gets a job, who may finish it, and what happens to the rest.

mod claims;
mod failures;
mod leases;

use std::time::Duration;

use serde_json::json;
use swemill_store::jobs::{self, Claim, Job, JobState, NewJob};
use swemill_store::{Failure, FailureClass, Store};

const LONG: Duration = Duration::from_mins(1);

fn wanted(limit: u32, lease: Duration) -> Claim<'static> {
    Claim {
        kinds: &["validate", "build"],
        limit,
        owner: "tester",
        lease,
    }
}

fn job(key: &str) -> NewJob {
    NewJob::new("validate", key, json!({"key": key}))
}

async fn enqueue(store: &Store, jobs: &[NewJob]) -> Vec<i64> {
    let mut transaction = store.begin().await.unwrap();
    let ids = jobs::enqueue_many(&mut transaction, jobs).await.unwrap();
    transaction.commit().await.unwrap();
    ids
}

async fn claim(store: &Store, limit: u32) -> Vec<Job> {
    jobs::claim(store.pool(), wanted(limit, LONG))
        .await
        .unwrap()
}

async fn claim_one(store: &Store) -> Job {
    claim(store, 1).await.pop().expect("a job is due")
}

async fn state(store: &Store, id: i64) -> JobState {
    sqlx::query_scalar("SELECT state FROM jobs WHERE id = $1")
        .bind(id)
        .fetch_one(store.pool())
        .await
        .unwrap()
}

async fn make_due(store: &Store) {
    sqlx::query("UPDATE jobs SET run_at = now() WHERE state = 'queued'")
        .execute(store.pool())
        .await
        .unwrap();
}

fn failure(reason: &str) -> Failure {
    Failure::new(FailureClass::Infra, reason)
}
