//! What the database itself refuses, and that its schema comes to be in any order of events.

use serde_json::json;
use swemill_store::candidates::{self, CandidateOutcome, Verdict};
use swemill_store::environments::{self, EnvironmentState};
use swemill_store::instances::{self, NewInstance};
use swemill_store::repositories;
use swemill_store::{Error, Failure, FailureClass, Result};

use crate::support::{
    FAILING, FLAKY, TestStore, World, add_candidates, new_environment, new_instance,
    new_repository, new_tests, world,
};

async fn prepared() -> (TestStore, World) {
    let store = TestStore::new().await;
    let world = world(&store, "one").await;
    add_candidates(&store, &world, &["c1", "c2"]).await;
    (store, world)
}

async fn accept(store: &TestStore, instance: &NewInstance) -> Result<bool> {
    let mut transaction = store.begin().await?;
    let accepted = instances::accept(&mut transaction, "c1", instance, None).await?;
    transaction.commit().await?;
    Ok(accepted)
}

/// The store refuses this instance, for breaking this constraint.
async fn refuses(instance: NewInstance, constraint: &str) {
    let (store, _) = prepared().await;
    let error = accept(&store, &instance)
        .await
        .expect_err("the instance must be refused");
    assert_eq!(error.constraint(), Some(constraint), "{error}");
    let candidate = candidates::get(store.pool(), "c1").await.unwrap().unwrap();
    assert_eq!(candidate.outcome, None, "nothing of it is stored");
    store.remove().await;
}

/// The database refuses this statement, for breaking this constraint.
async fn refuses_sql(store: &TestStore, sql: &'static str, constraint: &str) {
    let refused = async {
        let mut transaction = store.begin().await?;
        sqlx::query(sql).execute(&mut *transaction).await?;
        Ok::<_, Error>(transaction.commit().await?)
    };
    let error = refused.await.expect_err(sql);
    assert_eq!(error.constraint(), Some(constraint), "{sql}: {error}");
}

#[tokio::test]
async fn a_sound_instance_is_accepted_once() {
    let (store, _) = prepared().await;
    assert!(
        accept(&store, &new_instance(&[1, 0], &[4, 2, 3]))
            .await
            .unwrap()
    );
    assert!(
        !accept(&store, &new_instance(&[2], &[3])).await.unwrap(),
        "the first decision stays"
    );
    let stored = instances::get(store.pool(), "c1").await.unwrap().unwrap();
    assert_eq!(
        stored.fail_to_pass,
        [
            "tests/test_a.py::test_0[ä b]",
            "tests/test_a.py::test_1[ä b]"
        ]
    );
    assert_eq!(stored.pass_to_pass.len(), 3);
    store.remove().await;
}

#[tokio::test]
async fn an_instance_without_a_broken_test_is_refused() {
    refuses(new_instance(&[], &[1]), "instances_break_a_test").await;
}

#[tokio::test]
async fn an_instance_without_a_test_that_still_passes_is_refused() {
    refuses(new_instance(&[1], &[]), "instances_keep_a_test").await;
}

#[tokio::test]
async fn an_instance_with_a_test_in_both_lists_is_refused() {
    refuses(new_instance(&[1], &[2, 1]), "instances_list_a_test_once").await;
}

#[tokio::test]
async fn an_instance_with_a_test_twice_in_one_list_is_refused() {
    refuses(new_instance(&[1, 1], &[2]), "instances_list_a_test_once").await;
}

#[tokio::test]
async fn an_instance_with_an_unknown_test_is_refused() {
    refuses(new_instance(&[99], &[2]), "instances_list_known_tests").await;
    refuses(new_instance(&[1], &[-1]), "instances_list_known_tests").await;
}

#[tokio::test]
async fn an_instance_with_a_flaky_test_is_refused() {
    refuses(
        new_instance(&[1], &[2, FLAKY]),
        "instances_list_stable_passing_tests",
    )
    .await;
}

#[tokio::test]
async fn an_instance_with_a_test_that_never_passed_is_refused() {
    refuses(
        new_instance(&[FAILING], &[2]),
        "instances_list_stable_passing_tests",
    )
    .await;
}

#[tokio::test]
async fn an_instance_that_was_not_confirmed_is_refused() {
    let mut unconfirmed = new_instance(&[1], &[2]);
    unconfirmed.confirmations = 0;
    refuses(unconfirmed, "instances_are_confirmed").await;
}

#[tokio::test]
async fn a_candidate_is_accepted_exactly_when_it_has_an_instance() {
    let (store, _) = prepared().await;
    let both = "accepted_candidates_are_instances";
    refuses_sql(
        &store,
        "UPDATE candidates SET outcome = 'accepted', decided_at = now() WHERE id = 'c1'",
        both,
    )
    .await;
    refuses_sql(
        &store,
        "INSERT INTO instances VALUES ('c1', '{1}', '{2}', 'statement', 'plain', 1, '{}')",
        both,
    )
    .await;
    accept(&store, &new_instance(&[1], &[2])).await.unwrap();
    refuses_sql(&store, "DELETE FROM instances", both).await;
    refuses_sql(
        &store,
        "UPDATE candidates SET outcome = 'survived' WHERE id = 'c1'",
        both,
    )
    .await;
    store.remove().await;
}

#[tokio::test]
async fn what_a_verdict_rests_on_cannot_change() {
    let (store, _) = prepared().await;
    refuses_sql(
        &store,
        "UPDATE tests SET flaky = true",
        "tests_of_built_environments_stay",
    )
    .await;
    refuses_sql(
        &store,
        "DELETE FROM tests WHERE ordinal = 1",
        "tests_of_built_environments_stay",
    )
    .await;
    refuses_sql(
        &store,
        "UPDATE environments SET digest = 'other'",
        "environments_stay_built",
    )
    .await;
    refuses_sql(
        &store,
        "UPDATE candidates SET patch = patch || 'x'",
        "candidates_keep_their_content",
    )
    .await;
    store.remove().await;
}

#[tokio::test]
async fn a_failure_without_a_reason_is_refused() {
    let (store, _) = prepared().await;
    refuses_sql(
        &store,
        "UPDATE sources SET state = 'failed'",
        "failed_sources_say_why",
    )
    .await;
    refuses_sql(
        &store,
        "UPDATE candidates SET outcome = 'timeout', decided_at = now() WHERE id = 'c1'",
        "unusable_candidates_say_why",
    )
    .await;
    refuses_sql(
        &store,
        "INSERT INTO jobs (kind, key, payload, max_attempts, state, finished_at) VALUES ('k', 'k', '1', 1, 'dead', now())",
        "dead_jobs_say_why",
    )
    .await;
    store.remove().await;
}

#[tokio::test]
async fn a_rejected_environment_has_no_candidates_and_may_be_built_later() {
    let store = TestStore::new().await;
    let mut transaction = store.begin().await.unwrap();
    let repository = repositories::save(&mut transaction, &new_repository("one"))
        .await
        .unwrap();
    let new = new_environment(repository, "digest");
    let failure = Failure::new(FailureClass::Environment, "2 of 900 tests pass");
    let rejected =
        environments::save_rejected(&mut transaction, &new, &failure, None, &new_tests()[..2])
            .await
            .unwrap();
    transaction.commit().await.unwrap();
    let refused = sqlx::query("INSERT INTO candidates VALUES ('c', 1, 's', 'f', '', 1, 'p', 7)")
        .execute(store.pool())
        .await
        .map_err(Error::from)
        .unwrap_err();
    assert_eq!(
        refused.constraint(),
        Some("candidates_need_a_built_environment")
    );

    let mut transaction = store.begin().await.unwrap();
    let built = environments::save_built(&mut transaction, &new, &json!({"runs": 3}), &new_tests())
        .await
        .unwrap();
    let again = environments::save_rejected(&mut transaction, &new, &failure, None, &[])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!((built, again), (rejected, rejected));
    let environment = environments::get(store.pool(), built)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (environment.state, environment.failure),
        (EnvironmentState::Built, None)
    );
    assert_eq!(
        swemill_store::tests::list(store.pool(), built)
            .await
            .unwrap()
            .len(),
        7
    );
    store.remove().await;
}

#[tokio::test]
async fn an_infra_outcome_is_no_decision_and_any_other_is() {
    let (store, _) = prepared().await;
    let verdict = |outcome, failure: Option<&str>| Verdict {
        outcome,
        failure: failure.map(|reason| Failure::new(FailureClass::Infra, reason)),
        evidence: Some(json!({"output": "a\0b"})),
    };
    let mut connection = store.pool().acquire().await.unwrap();
    let infra = verdict(CandidateOutcome::Infra, Some("disk full"));
    assert!(
        candidates::decide(&mut connection, "c1", &infra)
            .await
            .unwrap()
    );
    let survived = verdict(CandidateOutcome::Survived, None);
    assert!(
        candidates::decide(&mut connection, "c1", &survived)
            .await
            .unwrap()
    );
    assert!(
        !candidates::decide(&mut connection, "c1", &infra)
            .await
            .unwrap()
    );
    let stored = candidates::get(store.pool(), "c1").await.unwrap().unwrap();
    assert_eq!(
        (stored.outcome, stored.failure_class),
        (Some(CandidateOutcome::Survived), None)
    );
    drop(connection);
    store.remove().await;
}

#[tokio::test]
async fn several_commands_may_bring_one_empty_database_up_to_date_at_once() {
    let store = TestStore::new().await;
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .execute(store.pool())
        .await
        .unwrap();
    let (one, two, three) = tokio::join!(store.another(), store.another(), store.another());
    let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
        .fetch_one(one.pool())
        .await
        .unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let is_sql = |path: &std::path::Path| path.extension().is_some_and(|ending| ending == "sql");
    let migrations = files.filter(|file| is_sql(&file.path())).count();
    assert_eq!(usize::try_from(applied).unwrap(), migrations);
    for other in [one, two, three] {
        other.close().await.unwrap();
    }
    store.remove().await;
}

#[tokio::test]
async fn an_older_swemill_works_beside_a_newer_schema() {
    let store = TestStore::new().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', true, '', 0)",
    )
    .execute(store.pool())
    .await
    .unwrap();
    store.another().await.close().await.unwrap();
    store.remove().await;
}
