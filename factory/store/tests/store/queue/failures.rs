//! What happens to jobs that are not finished.

use std::time::Duration;

use swemill_store::FailureClass;
use swemill_store::jobs::{self, Failed, Next};

use super::{claim, claim_one, enqueue, failure, job, make_due, wanted};
use crate::support::TestStore;

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
