//! Who gets a job.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use swemill_store::jobs::{self, JobState, NewJob, Wakeups};

use super::{LONG, claim, claim_one, enqueue, job, wanted};
use crate::support::TestStore;

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
