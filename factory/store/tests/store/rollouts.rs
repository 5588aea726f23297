//! Rollouts: what was asked for, steps, ends.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use serde_json::json;
use swemill_store::instances;
use swemill_store::jobs::{self, Claim, Lease, NewJob};
use swemill_store::rollouts::attempts::{self, NewRollout, Queued};
use swemill_store::rollouts::campaigns::{self, NewCampaign};
use swemill_store::rollouts::finish::{self, Attempted};
use swemill_store::rollouts::steps::{self, NewStep};
use swemill_store::rollouts::{
    Overhead, RolloutFilter, RolloutOutcome, RolloutPolicy, RolloutState, read, summary,
};
use swemill_store::{Error, Failure, FailureClass};

use crate::support::{TestStore, add_candidates, new_instance, world};

fn campaign(model: &str) -> NewCampaign {
    NewCampaign {
        policy: RolloutPolicy::Model,
        model: model.into(),
        interface: "mini-fenced".into(),
        options: json!({"temperature": 0.5, "seed": 1}),
    }
}

fn job(id: i64) -> NewJob {
    NewJob::new(
        "rollout",
        format!("rollout {id}"),
        json!({ "rollout_id": id }),
    )
}

/// A store with the accepted instances `c1` and `c2`.
async fn store() -> TestStore {
    let store = TestStore::new().await;
    let world = world(&store, "one").await;
    add_candidates(&store, &world, &["c1", "c2"]).await;
    let instance = new_instance(&[0], &[1]);
    let mut transaction = store.begin().await.unwrap();
    for id in ["c1", "c2"] {
        let accepted = instances::accept(&mut transaction, id, &instance, None).await;
        accepted.unwrap();
    }
    transaction.commit().await.unwrap();
    store
}

async fn ask(store: &TestStore, model: &str, numbers: std::ops::RangeInclusive<i32>) -> Queued {
    let new: Vec<NewRollout> = numbers
        .flat_map(|attempt| {
            ["c1", "c2"].map(|id| NewRollout {
                instance_id: id.into(),
                attempt,
                seed: i64::from(attempt),
            })
        })
        .collect();
    let mut transaction = store.begin().await.unwrap();
    let id = campaigns::add(&mut transaction, &campaign(model)).await;
    let queued = attempts::add(&mut transaction, id.unwrap(), &new, job).await;
    transaction.commit().await.unwrap();
    queued.unwrap()
}

async fn claim(store: &TestStore, limit: u32) -> Vec<(i64, Lease)> {
    let wanted = Claim {
        kinds: &["rollout"],
        limit,
        owner: "test",
        lease: Duration::from_mins(1),
    };
    let claimed = jobs::claim(store.pool(), wanted).await.unwrap();
    let number = |job: &jobs::Job| job.payload["rollout_id"].as_i64().unwrap();
    let pairs = claimed.iter().map(|job| (number(job), job.lease.clone()));
    pairs.collect()
}

/// A rollout that is under way, with its first step.
async fn begun(store: &TestStore) -> (i64, Lease) {
    ask(store, "m", 1..=1).await;
    let (id, lease) = claim(store, 1).await.remove(0);
    attempts::begin(store.pool(), id, &lease).await.unwrap();
    steps::add(store.pool(), id, &step(0), &lease)
        .await
        .unwrap();
    (id, lease)
}

fn step(index: usize) -> NewStep {
    NewStep {
        index,
        content: format!("{{\"index\": {index}, \"output\": \"nul \0\"}}").into_bytes(),
        text: format!("I run pytest \0 number{index}"),
        prompt_tokens: 100,
        completion_tokens: 10,
        cached_tokens: 50,
        cost: 0.25,
        lm_seconds: 1.5,
        execution_seconds: 0.5,
        malformed: false,
    }
}

async fn finished(store: &TestStore, id: i64, lease: &Lease, steps: usize) {
    attempts::begin(store.pool(), id, lease).await.unwrap();
    for index in 0..steps {
        let added = steps::add(store.pool(), id, &step(index), lease).await;
        added.unwrap();
    }
    let end = Attempted {
        exit: "submitted".into(),
        trajectory: b"{\"model\": \"m\0\"}".to_vec(),
        patch: "diff \0".into(),
        overhead: Overhead {
            waiting_seconds: 0.5,
            processor_seconds: 0.25,
            ..Overhead::default()
        },
    };
    let mut transaction = store.begin().await.unwrap();
    assert!(finish::attempted(&mut transaction, id, &end).await.unwrap());
    jobs::complete(&mut transaction, lease).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn asking_for_the_same_again_adds_what_is_missing_and_nothing_twice() {
    let store = store().await;
    assert_eq!((ask(&store, "m", 1..=2).await).new, 4);
    assert_eq!((ask(&store, "m", 1..=3).await).new, 2);
    assert_eq!((ask(&store, "other", 1..=1).await).new, 2);
    let counted = summary::by_instance(store.pool(), None, Some("c1")).await;
    let counted = counted.unwrap();
    let attempts: Vec<_> = counted
        .iter()
        .map(|of| (of.model.as_str(), of.attempts))
        .collect();
    assert_eq!(attempts, [("m", 3), ("other", 1)]);
    assert_eq!(claim(&store, 100).await.len(), 8);
    store.remove().await;
}

#[tokio::test]
async fn only_the_holder_of_the_lease_writes_steps_and_none_is_written_twice() {
    let store = store().await;
    let (id, lease) = begun(&store).await;
    let other = NewStep {
        content: b"{}".to_vec(),
        ..step(0)
    };
    steps::add(store.pool(), id, &other, &lease).await.unwrap();
    let kept = steps::of(store.pool(), id).await.unwrap();
    assert_eq!(kept, [step(0).content]);
    let stale = Lease {
        fence: lease.fence - 1,
        ..lease.clone()
    };
    let refused = steps::add(store.pool(), id, &step(1), &stale).await;
    assert!(
        matches!(refused, Err(Error::LeaseLost { .. })),
        "{refused:?}"
    );
    let refused = attempts::begin(store.pool(), id, &stale).await;
    assert!(
        matches!(refused, Err(Error::LeaseLost { .. })),
        "{refused:?}"
    );
    let mut transaction = store.begin().await.unwrap();
    let refused = attempts::restart(&mut transaction, id, "why", &stale).await;
    assert!(
        matches!(refused, Err(Error::LeaseLost { .. })),
        "{refused:?}"
    );
    drop(transaction);
    assert_eq!(steps::count_of(store.pool(), id).await.unwrap(), 1);
    store.remove().await;
}

/// Queues a job as at the end of its lease.
async fn cut_off(store: &TestStore, lease: &Lease) -> String {
    sqlx::query("UPDATE jobs SET lease_expires_at = clock_timestamp() WHERE id = $1")
        .bind(lease.job)
        .execute(store.pool())
        .await
        .unwrap();
    jobs::reclaim_expired(store.pool()).await.unwrap();
    sqlx::query_scalar("SELECT state::text FROM jobs WHERE id = $1")
        .bind(lease.job)
        .fetch_one(store.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn attempts_that_get_on_are_cut_off_as_often_as_may_be_and_others_only_so_often() {
    let store = store().await;
    let (id, mut lease) = begun(&store).await;
    let tries = i32::from(job(id).max_attempts);
    for index in 1..20 {
        assert_eq!(cut_off(&store, &lease).await, "queued");
        lease = claim(&store, 1).await.remove(0).1;
        let added = steps::add(store.pool(), id, &step(index), &lease).await;
        added.unwrap();
    }
    for attempt in 2..=tries {
        assert_eq!(cut_off(&store, &lease).await, "queued");
        lease = claim(&store, 1).await.remove(0).1;
        assert_eq!(lease.attempt, attempt);
        // That one was stored before.
        let added = steps::add(store.pool(), id, &step(19), &lease).await;
        added.unwrap();
    }
    assert_eq!(cut_off(&store, &lease).await, "dead");
    store.remove().await;
}

#[tokio::test]
async fn an_attempt_that_begins_anew_again_and_again_comes_to_an_end() {
    let store = store().await;
    let (id, mut lease) = begun(&store).await;
    for attempt in 1..=i32::from(job(id).max_attempts) {
        assert_eq!(lease.attempt, attempt);
        let mut transaction = store.begin().await.unwrap();
        let restarted = attempts::restart(&mut transaction, id, "differs", &lease).await;
        restarted.unwrap();
        transaction.commit().await.unwrap();
        let added = steps::add(store.pool(), id, &step(0), &lease).await;
        added.unwrap();
        if cut_off(&store, &lease).await == "queued" {
            lease = claim(&store, 1).await.remove(0).1;
        }
    }
    assert!(claim(&store, 1).await.iter().all(|(other, _)| *other != id));
    store.remove().await;
}

#[tokio::test]
async fn a_rollout_that_begins_anew_forgets_its_steps_and_says_why() {
    let store = store().await;
    let (id, lease) = begun(&store).await;
    let mut transaction = store.begin().await.unwrap();
    let restarted = attempts::restart(&mut transaction, id, "step 0 differs", &lease).await;
    restarted.unwrap();
    transaction.commit().await.unwrap();
    steps::add(store.pool(), id, &step(0), &lease)
        .await
        .unwrap();
    attempts::begin(store.pool(), id, &lease).await.unwrap();
    let rollout = read::get(store.pool(), id).await.unwrap().unwrap();
    assert_eq!((rollout.restarts, rollout.resumes), (1, 1));
    assert_eq!(rollout.restart_reason.as_deref(), Some("step 0 differs"));
    store.remove().await;
}

#[tokio::test]
async fn trajectories_come_back_byte_for_byte_with_the_totals_of_their_steps() {
    let store = store().await;
    ask(&store, "m", 1..=1).await;
    let claimed = claim(&store, 2).await;
    finished(&store, claimed[0].0, &claimed[0].1, 3).await;
    let all = read::recorded(store.pool(), RolloutFilter::default());
    let all: Vec<_> = all.try_collect().await.unwrap();
    assert_eq!(all.len(), 1, "the other has no trajectory yet");
    let recorded = &all[0];
    assert_eq!(recorded.trajectory, b"{\"model\": \"m\0\"}");
    assert_eq!(
        recorded.steps,
        [step(0).content, step(1).content, step(2).content]
    );
    let rollout = &recorded.rollout;
    assert_eq!(rollout.state, RolloutState::Attempted);
    assert_eq!(rollout.patch.as_deref(), Some("diff \u{FFFD}"));
    let totals = rollout.totals;
    assert_eq!(
        (totals.steps, totals.prompt_tokens, totals.cached_tokens),
        (3, 300, 150)
    );
    assert!(
        (totals.cost, totals.lm_seconds) == (0.75, 4.5)
            && totals.overhead.waiting_seconds.to_bits() == 0.5_f64.to_bits()
            && totals.overhead.processor_seconds.to_bits() == 0.25_f64.to_bits(),
        "{totals:?}"
    );
    store.remove().await;
}

#[tokio::test]
async fn rollouts_are_found_by_the_words_of_their_steps() {
    let store = store().await;
    ask(&store, "m", 1..=1).await;
    let claimed = claim(&store, 2).await;
    finished(&store, claimed[0].0, &claimed[0].1, 2).await;
    finished(&store, claimed[1].0, &claimed[1].1, 1).await;
    let found = async |words: &str| {
        let filter = RolloutFilter {
            search: Some(words.into()),
            ..RolloutFilter::default()
        };
        let found = read::stream(store.pool(), filter).try_collect::<Vec<_>>();
        found.await.unwrap().len()
    };
    assert_eq!(found("\"run pytest\"").await, 2);
    assert_eq!(found("pytest number1").await, 1);
    assert_eq!(found("pytest -number0").await, 1);
    assert_eq!(found("absent").await, 0);
    store.remove().await;
}

#[tokio::test]
async fn a_grade_is_given_once_to_an_attempted_rollout_and_stays() {
    let store = store().await;
    ask(&store, "m", 1..=1).await;
    let (id, lease) = claim(&store, 1).await.remove(0);
    let mut connection = store.pool().acquire().await.unwrap();
    let grade = json!({"outcome": "resolved"});
    let resolved = RolloutOutcome::Resolved;
    let early = finish::graded(&mut connection, id, resolved, &grade).await;
    assert!(!early.unwrap(), "there is nothing to grade yet");
    finished(&store, id, &lease, 1).await;
    for is_first in [true, false] {
        let given = finish::graded(&mut connection, id, resolved, &grade).await;
        assert_eq!(given.unwrap(), is_first);
    }
    let changed = sqlx::query("UPDATE rollouts SET outcome = 'unresolved' WHERE id = $1");
    let changed = changed.bind(id).execute(&mut *connection).await;
    let error = Error::from(changed.unwrap_err());
    assert_eq!(error.constraint(), Some("rollouts_stay_graded"));
    let rollout = read::get(store.pool(), id).await.unwrap().unwrap();
    assert_eq!(rollout.resolved(), Some(true));
    drop(connection);
    store.remove().await;
}

#[tokio::test]
async fn what_the_machinery_failed_is_tried_again_when_asked_and_its_dead_job_does_not_fail_it_twice()
 {
    let store = store().await;
    ask(&store, "m", 1..=1).await;
    let (id, lease) = claim(&store, 1).await.remove(0);
    let failure = Failure::new(FailureClass::Infra, "the disk is full");
    let mut transaction = store.begin().await.unwrap();
    let failed = jobs::fail(&mut transaction, &lease, &failure, jobs::Next::Dead).await;
    failed.unwrap();
    let key = format!("rollout {id}");
    finish::failed(&mut *transaction, id, &key, &failure)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let rollout = read::get(store.pool(), id).await.unwrap().unwrap();
    assert_eq!(
        (rollout.state, rollout.failure),
        (RolloutState::Failed, Some(failure.clone()))
    );
    assert_eq!(
        (ask(&store, "m", 1..=1).await),
        Queued { new: 0, retried: 1 }
    );
    finish::failed(store.pool(), id, &key, &failure)
        .await
        .unwrap();
    let rollout = read::get(store.pool(), id).await.unwrap().unwrap();
    assert_eq!(
        (rollout.state, rollout.failure),
        (RolloutState::Queued, None)
    );
    store.remove().await;
}
