//! Who may finish a job.

use std::time::Duration;

use swemill_store::Error;
use swemill_store::jobs::{self, JobState, Next};

use super::{LONG, claim, claim_one, enqueue, failure, job, state, wanted};
use crate::support::TestStore;

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
