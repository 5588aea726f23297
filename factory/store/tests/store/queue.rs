//! The queue: who gets a job, who may finish it, and what happens to the rest.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use swemill_store::jobs::{self, Claim, Failed, Job, JobState, NewJob, Next, Wakeups};
use swemill_store::{Error, Failure, FailureClass, Store};

use crate::support::TestStore;

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

#[tokio::test]
async fn jobs_come_by_priority_and_then_in_order() {
    let store = TestStore::new().await;
    enqueue(
        &store,
        &[
            job("a"),
            job("b"),
            job("urgent").priority(5),
            job("c"),
            job("late").priority(-1),
        ],
    )
    .await;
    let keys: Vec<String> = claim(&store, 10)
        .await
        .into_iter()
        .map(|job| job.key)
        .collect();
    assert_eq!(keys, ["urgent", "a", "b", "c", "late"]);
    store.remove().await;
}

#[tokio::test]
async fn only_the_kinds_asked_for_are_claimed() {
    let store = TestStore::new().await;
    enqueue(&store, &[NewJob::new("other", "a", json!(null))]).await;
    assert_eq!(claim(&store, 10).await, []);
    store.remove().await;
}

#[tokio::test]
async fn an_unfinished_job_is_unique_by_kind_and_key() {
    let store = TestStore::new().await;
    let first = enqueue(
        &store,
        &[job("a"), job("a"), NewJob::new("build", "a", json!(null))],
    )
    .await;
    assert_eq!(
        first.len(),
        2,
        "the second of the same kind and key is left out"
    );
    let claimed = claim_one(&store).await;
    assert_eq!(
        enqueue(&store, &[job("a")]).await,
        [0; 0],
        "a running job is unfinished too"
    );
    let mut transaction = store.begin().await.unwrap();
    jobs::complete(&mut transaction, &claimed.lease)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        enqueue(&store, &[job("a")]).await.len(),
        1,
        "a finished job may be asked for again"
    );
    store.remove().await;
}

#[tokio::test]
async fn a_job_exists_only_if_the_transaction_that_adds_it_commits() {
    let store = TestStore::new().await;
    let mut transaction = store.begin().await.unwrap();
    jobs::enqueue(&mut transaction, &job("a")).await.unwrap();
    assert_eq!(
        claim(&store, 1).await,
        [],
        "nobody sees it before the commit"
    );
    transaction.rollback().await.unwrap();
    assert_eq!(jobs::counts(store.pool()).await.unwrap(), []);
    store.remove().await;
}

#[tokio::test]
async fn two_workers_never_get_the_same_job() {
    let store = TestStore::new().await;
    let all: Vec<NewJob> = (0..300).map(|number| job(&number.to_string())).collect();
    enqueue(&store, &all).await;
    let workers = (0..4).map(|_| {
        let pool = store.pool().clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = jobs::claim(&pool, wanted(3, LONG)).await.unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|job| job.lease.job));
            }
        })
    });
    let mut claimed = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        claimed.extend(worker.await.unwrap());
    }
    assert_eq!(claimed.len(), 300);
    assert_eq!(
        claimed.iter().collect::<BTreeSet<_>>().len(),
        300,
        "a job was given out twice"
    );
    store.remove().await;
}

#[tokio::test]
async fn a_result_and_its_completion_commit_together() {
    let store = TestStore::new().await;
    sqlx::query("CREATE TABLE results (job bigint)")
        .execute(store.pool())
        .await
        .unwrap();
    enqueue(&store, &[job("a")]).await;
    let claimed = claim_one(&store).await;
    for commit in [false, true] {
        let mut transaction = store.begin().await.unwrap();
        sqlx::query("INSERT INTO results VALUES ($1)")
            .bind(claimed.lease.job)
            .execute(&mut *transaction)
            .await
            .unwrap();
        jobs::complete(&mut transaction, &claimed.lease)
            .await
            .unwrap();
        if commit {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        let results: i64 = sqlx::query_scalar("SELECT count(*) FROM results")
            .fetch_one(store.pool())
            .await
            .unwrap();
        let expected = if commit {
            (1, JobState::Done)
        } else {
            (0, JobState::Running)
        };
        assert_eq!((results, state(&store, claimed.lease.job).await), expected);
    }
    store.remove().await;
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_cannot_commit_even_before_another_takes_the_job() {
    let store = TestStore::new().await;
    enqueue(&store, &[job("a")]).await;
    let late = jobs::claim(store.pool(), wanted(1, Duration::from_millis(50)))
        .await
        .unwrap()
        .remove(0);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut transaction = store.begin().await.unwrap();
    let refused = jobs::complete(&mut transaction, &late.lease).await;
    assert!(
        matches!(refused, Err(Error::LeaseLost { job }) if job == late.lease.job),
        "{refused:?}"
    );
    drop(transaction);
    let refused = jobs::fail(
        &mut store.begin().await.unwrap(),
        &late.lease,
        &failure("x"),
        Next::Dead,
    )
    .await;
    assert!(
        matches!(refused, Err(Error::LeaseLost { .. })),
        "{refused:?}"
    );
    store.remove().await;
}

#[tokio::test]
async fn a_job_of_a_silent_worker_goes_to_another_and_the_fence_shuts_the_first_out() {
    let store = TestStore::new().await;
    enqueue(&store, &[job("a")]).await;
    let first = jobs::claim(store.pool(), wanted(1, Duration::from_millis(50)))
        .await
        .unwrap()
        .remove(0);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = claim_one(&store).await;
    assert_eq!(second.lease.job, first.lease.job);
    assert!(second.lease.fence > first.lease.fence);
    assert_eq!(second.lease.attempt, 2);
    let lost = jobs::heartbeat(store.pool(), std::slice::from_ref(&first.lease), LONG)
        .await
        .unwrap();
    assert_eq!(
        lost,
        std::slice::from_ref(&first.lease),
        "the first learns of it"
    );
    let mut transaction = store.begin().await.unwrap();
    assert!(matches!(
        jobs::complete(&mut transaction, &first.lease).await,
        Err(Error::LeaseLost { .. })
    ));
    drop(transaction);
    let mut transaction = store.begin().await.unwrap();
    jobs::complete(&mut transaction, &second.lease)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(state(&store, first.lease.job).await, JobState::Done);
    store.remove().await;
}

#[tokio::test]
async fn a_heartbeat_keeps_a_lease_beyond_its_first_end() {
    let store = TestStore::new().await;
    enqueue(&store, &[job("a")]).await;
    let lease = Duration::from_millis(400);
    let claimed = jobs::claim(store.pool(), wanted(1, lease))
        .await
        .unwrap()
        .remove(0);
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let lost = jobs::heartbeat(store.pool(), std::slice::from_ref(&claimed.lease), lease)
            .await
            .unwrap();
        assert_eq!(lost, []);
    }
    assert_eq!(claim(&store, 1).await, [], "it is still held after 600 ms");
    store.remove().await;
}

#[tokio::test]
async fn a_failed_job_comes_back_after_a_while_and_is_dead_after_its_last_attempt() {
    let store = TestStore::new().await;
    enqueue(&store, &[job("a").max_attempts(2)]).await;
    let first = claim_one(&store).await;
    let mut connection = store.pool().acquire().await.unwrap();
    let failed = jobs::fail(
        &mut connection,
        &first.lease,
        &failure("no\0 network"),
        Next::Retry,
    )
    .await
    .unwrap();
    assert_eq!(failed, Failed::RetryIn(jobs::backoff(first.lease.job, 1)));
    assert_eq!(claim(&store, 1).await, [], "it is not due yet");
    make_due(&store).await;
    let second = claim_one(&store).await;
    let failed = jobs::fail(
        &mut connection,
        &second.lease,
        &failure("no network"),
        Next::Retry,
    )
    .await
    .unwrap();
    assert_eq!(failed, Failed::Dead);
    let dead = jobs::dead(store.pool()).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (
            dead[0].key.as_str(),
            dead[0].attempts,
            dead[0].last_error.as_str(),
            dead[0].failure_class
        ),
        ("a", 2, "no network", FailureClass::Infra)
    );
    drop(connection);
    store.remove().await;
}

#[tokio::test]
async fn the_dead_can_be_retried_unless_their_work_is_queued_again() {
    let store = TestStore::new().await;
    enqueue(&store, &[job("a"), job("b")]).await;
    let mut connection = store.pool().acquire().await.unwrap();
    for claimed in claim(&store, 2).await {
        let failed = jobs::fail(
            &mut connection,
            &claimed.lease,
            &failure("broken"),
            Next::Dead,
        )
        .await
        .unwrap();
        assert_eq!(failed, Failed::Dead);
    }
    enqueue(&store, &[job("b")]).await;
    assert_eq!(jobs::retry_dead(&mut *connection, None).await.unwrap(), 1);
    let dead: Vec<String> = jobs::dead(store.pool())
        .await
        .unwrap()
        .into_iter()
        .map(|job| job.key)
        .collect();
    assert_eq!(dead, ["b"]);
    let again = claim(&store, 5).await;
    assert_eq!(again.len(), 2);
    assert_eq!(again[0].lease.attempt, 1, "its attempts are counted anew");
    drop(connection);
    store.remove().await;
}

#[tokio::test]
async fn a_worker_that_dies_in_every_attempt_makes_the_job_dead() {
    let store = TestStore::new().await;
    enqueue(&store, &[job("a").max_attempts(2)]).await;
    for _ in 0..2 {
        assert_eq!(
            jobs::claim(store.pool(), wanted(1, Duration::from_millis(10)))
                .await
                .unwrap()
                .len(),
            1
        );
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert_eq!(claim(&store, 1).await, []);
    let dead = jobs::dead(store.pool()).await.unwrap();
    assert_eq!(
        dead[0].last_error,
        "worker tester went silent during attempt 2 of 2"
    );
    store.remove().await;
}

#[tokio::test]
async fn a_released_job_is_due_at_once_and_its_attempt_does_not_count() {
    let store = TestStore::new().await;
    enqueue(&store, &[job("a")]).await;
    let first = claim_one(&store).await;
    assert_eq!(
        jobs::release(store.pool(), std::slice::from_ref(&first.lease))
            .await
            .unwrap(),
        1
    );
    let second = claim_one(&store).await;
    assert_eq!(second.lease.attempt, 1);
    assert_eq!(
        jobs::release(store.pool(), &[first.lease]).await.unwrap(),
        0,
        "the first lease is no longer good"
    );
    store.remove().await;
}

#[tokio::test]
async fn a_sleeping_worker_is_woken_by_a_new_job_of_its_kinds_only() {
    let store = TestStore::new().await;
    let mut wakeups = Wakeups::listen(store.pool(), &["validate"]).await;
    enqueue(&store, &[NewJob::new("other", "a", json!(null))]).await;
    assert!(
        !wakeups.wait(Duration::from_millis(200)).await,
        "another kind does not wake it"
    );
    let pool = store.another().await;
    let adding = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let added = Instant::now();
        enqueue(&pool, &[job("a")]).await;
        pool.close().await.unwrap();
        added
    });
    assert!(wakeups.wait(Duration::from_secs(20)).await);
    let latency = adding.await.unwrap().elapsed();
    println!("woken {latency:?} after the job was sent");
    assert!(latency < Duration::from_secs(2), "{latency:?}");
    drop(wakeups);
    store.remove().await;
}

#[tokio::test]
async fn counts_and_workers_tell_what_the_queue_does() {
    let store = TestStore::new().await;
    enqueue(
        &store,
        &[job("a"), job("b"), NewJob::new("build", "c", json!(null))],
    )
    .await;
    claim(&store, 2).await;
    let counts: Vec<_> = jobs::counts(store.pool())
        .await
        .unwrap()
        .into_iter()
        .map(|count| (count.kind, count.state, count.count))
        .collect();
    assert_eq!(
        counts,
        [
            ("build".to_owned(), JobState::Queued, 1),
            ("validate".to_owned(), JobState::Running, 2)
        ]
    );
    let workers = jobs::workers(store.pool()).await.unwrap();
    assert_eq!(
        (
            workers[0].owner.as_str(),
            workers[0].jobs,
            workers[0].expired
        ),
        ("tester", 2, false)
    );
    assert_eq!(
        jobs::unfinished(store.pool(), &["build", "validate"])
            .await
            .unwrap(),
        3
    );
    store.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: run it with --ignored --nocapture"]
async fn throughput_of_claim_and_complete_with_four_connections() {
    const JOBS: u32 = 4000;
    let store = TestStore::new().await;
    let all: Vec<NewJob> = (0..JOBS).map(|number| job(&number.to_string())).collect();
    let began = Instant::now();
    enqueue(&store, &all).await;
    println!(
        "enqueued {:.0} jobs/s",
        f64::from(JOBS) / began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    let workers = (0..4).map(|_| {
        let pool = store.pool().clone();
        tokio::spawn(async move {
            while let Some(job) = jobs::claim(&pool, wanted(1, LONG)).await.unwrap().pop() {
                let mut transaction = pool.begin().await.unwrap();
                jobs::complete(&mut transaction, &job.lease).await.unwrap();
                transaction.commit().await.unwrap();
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    println!(
        "claimed and completed {:.0} jobs/s",
        f64::from(JOBS) / began.elapsed().as_secs_f64()
    );
    assert_eq!(
        jobs::unfinished(store.pool(), &["validate"]).await.unwrap(),
        0
    );
    store.remove().await;
}
