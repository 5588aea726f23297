//! Storing twice is storing once, and what is read comes in an order that does not depend on how it came.

use futures_util::TryStreamExt;
use serde_json::json;
use swemill_store::candidates::{self, CandidateOutcome, Verdict};
use swemill_store::instances::{self, InstanceFilter, NewInstance};
use swemill_store::sources::{self, NewSource, SourceState};
use swemill_store::{Failure, FailureClass, repositories, status};

use crate::support::{TestStore, World, add_candidates, new_candidate, new_repository, world};

async fn accept(store: &TestStore, id: &str, fail_to_pass: &[i32]) {
    let instance = NewInstance {
        fail_to_pass: fail_to_pass.to_vec(),
        pass_to_pass: vec![4],
        problem_statement: "It is\0 broken.".into(),
        statement_style: "plain".into(),
        confirmations: 2,
        provenance: json!({"seed": 7}),
    };
    let mut transaction = store.begin().await.unwrap();
    assert!(
        instances::accept(&mut transaction, id, &instance, None)
            .await
            .unwrap()
    );
    transaction.commit().await.unwrap();
}

async fn ids(store: &TestStore, filter: InstanceFilter) -> Vec<String> {
    let streamed: Vec<String> = instances::stream(store.pool(), filter.clone())
        .map_ok(|instance| instance.id)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        streamed,
        instances::ids(store.pool(), &filter).await.unwrap()
    );
    streamed
}

#[tokio::test]
async fn the_same_request_is_one_source_whatever_the_order_of_its_options() {
    let store = TestStore::new().await;
    let request = |options: &str| NewSource {
        spec: "pypi:one==1.0".into(),
        rev: None,
        options: serde_json::from_str(options).unwrap(),
    };
    let mut connection = store.pool().acquire().await.unwrap();
    let first = sources::add(
        &mut connection,
        &request(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#),
    )
    .await
    .unwrap();
    let second = sources::add(
        &mut connection,
        &request(r#"{"b": {"d": 3, "c": 2}, "a": 1}"#),
    )
    .await
    .unwrap();
    assert!(first.queued && !second.queued);
    assert_eq!(first.id, second.id);
    let other = sources::add(
        &mut connection,
        &request(r#"{"a": 2, "b": {"c": 2, "d": 3}}"#),
    )
    .await
    .unwrap();
    assert_ne!(other.id, first.id);

    let failure = Failure::new(FailureClass::Environment, "there is no such package");
    sources::fail(&mut connection, first.id, &failure)
        .await
        .unwrap();
    let stored = sources::get(&mut *connection, first.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.state, stored.failure),
        (SourceState::Failed, Some(failure))
    );
    let again = sources::add(
        &mut connection,
        &request(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#),
    )
    .await
    .unwrap();
    assert!(
        again.queued && again.id == first.id,
        "a failed one is queued again"
    );
    let stored = sources::get(&mut *connection, first.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.state, stored.failure), (SourceState::Queued, None));
    drop(connection);
    store.remove().await;
}

#[tokio::test]
async fn a_repository_is_stored_once_and_what_was_missing_is_filled_in() {
    let store = TestStore::new().await;
    let mut connection = store.pool().acquire().await.unwrap();
    let mut new = new_repository("one");
    new.licence = None;
    let first = repositories::save(&mut connection, &new).await.unwrap();
    let second = repositories::save(&mut connection, &new_repository("one"))
        .await
        .unwrap();
    assert_eq!(first, second);
    let stored = repositories::list(&mut *connection).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].licence.as_deref(), Some("MIT"));
    drop(connection);
    store.remove().await;
}

#[tokio::test]
async fn a_candidate_that_two_sources_ask_for_is_one_candidate_of_both() {
    let store = TestStore::new().await;
    let world = world(&store, "one").await;
    let first = add_candidates(&store, &world, &["b", "a"]).await;
    assert_eq!(
        (first.new, first.undecided, first.taken),
        (2, vec!["a".into(), "b".into()], vec![])
    );
    let mut transaction = store.begin().await.unwrap();
    let request = NewSource {
        spec: "pypi:one==1.0".into(),
        rev: None,
        options: json!({"seed": 8}),
    };
    let other = sources::add(&mut transaction, &request).await.unwrap().id;
    let mut same_patch = new_candidate("a");
    same_patch.id = "another name for a".into();
    let new = [new_candidate("b"), same_patch, new_candidate("c")];
    let second = candidates::add(&mut transaction, other, world.environment, &new)
        .await
        .unwrap();
    assert_eq!(second.new, 1, "only c");
    assert_eq!(second.undecided, ["a", "b", "c"]);
    let mut impostor = new_candidate("a");
    impostor.patch = "another patch under the same id".into();
    let third = candidates::add(&mut transaction, other, world.environment, &[impostor])
        .await
        .unwrap();
    assert_eq!(
        (third.new, third.taken),
        (0, vec!["a".to_owned()]),
        "it is told, not dropped silently"
    );
    assert_eq!(
        candidates::sources(&mut *transaction, "a").await.unwrap(),
        [world.source, other]
    );
    transaction.commit().await.unwrap();
    store.remove().await;
}

#[tokio::test]
async fn a_source_is_done_when_its_last_candidate_is_decided() {
    let store = TestStore::new().await;
    let World { source, .. } = {
        let world = world(&store, "one").await;
        add_candidates(&store, &world, &["a", "b"]).await;
        world
    };
    for (id, expected) in [("a", vec![]), ("b", vec![source])] {
        let mut transaction = store.begin().await.unwrap();
        let survived = Verdict {
            outcome: CandidateOutcome::Survived,
            failure: None,
            evidence: None,
        };
        candidates::decide(&mut transaction, id, &survived)
            .await
            .unwrap();
        let asked = candidates::sources(&mut *transaction, id).await.unwrap();
        assert_eq!(
            sources::finish_decided(&mut transaction, &asked)
                .await
                .unwrap(),
            expected
        );
        transaction.commit().await.unwrap();
    }
    assert_eq!(
        sources::get(store.pool(), source)
            .await
            .unwrap()
            .unwrap()
            .state,
        SourceState::Done
    );
    store.remove().await;
}

#[tokio::test]
async fn instances_stream_by_id_through_every_filter() {
    let store = TestStore::new().await;
    let (one, two) = (world(&store, "one").await, world(&store, "two").await);
    add_candidates(&store, &one, &["b", "Z", "ä"]).await;
    let mut other = new_candidate("c");
    other.strategy = "lm_rewrite".into();
    let mut transaction = store.begin().await.unwrap();
    candidates::add(&mut transaction, two.source, two.environment, &[other])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    for (id, fail_to_pass) in [
        ("ä", &[0][..]),
        ("c", &[0, 1]),
        ("b", &[0, 1, 2]),
        ("Z", &[3]),
    ] {
        accept(&store, id, fail_to_pass).await;
    }
    let all = InstanceFilter::default;
    assert_eq!(
        ids(&store, all()).await,
        ["Z", "b", "c", "ä"],
        "in byte order, on any server"
    );
    let repository = |name: &str| InstanceFilter {
        repository: Some(name.into()),
        ..all()
    };
    for name in ["two", "pypi/two", "pypi:two==1.0"] {
        assert_eq!(ids(&store, repository(name)).await, ["c"]);
    }
    assert_eq!(ids(&store, repository("three")).await, [""; 0]);
    assert_eq!(
        ids(
            &store,
            InstanceFilter {
                strategy: Some("lm_rewrite".into()),
                ..all()
            }
        )
        .await,
        ["c"]
    );
    assert_eq!(
        ids(
            &store,
            InstanceFilter {
                min_f2p: Some(2),
                ..all()
            }
        )
        .await,
        ["b", "c"]
    );
    assert_eq!(
        ids(
            &store,
            InstanceFilter {
                max_f2p: Some(1),
                ..all()
            }
        )
        .await,
        ["Z", "ä"]
    );
    assert_eq!(
        ids(
            &store,
            InstanceFilter {
                source_id: Some(two.source),
                ..all()
            }
        )
        .await,
        ["c"]
    );
    assert_eq!(
        ids(
            &store,
            InstanceFilter {
                licences: Some(vec!["GPL-3.0-only".into()]),
                ..all()
            }
        )
        .await,
        [""; 0]
    );
    assert_eq!(
        ids(
            &store,
            InstanceFilter {
                ids: Some(vec!["b".into(), "?".into()]),
                ..all()
            }
        )
        .await,
        ["b"]
    );
    store.remove().await;
}

#[tokio::test]
async fn more_instances_than_a_page_stream_completely() {
    let store = TestStore::new().await;
    let world = world(&store, "one").await;
    let names: Vec<String> = (0..450).map(|number| format!("c{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    add_candidates(&store, &world, &names).await;
    let mut transaction = store.begin().await.unwrap();
    sqlx::query("UPDATE candidates SET outcome = 'accepted', decided_at = now()")
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO instances SELECT id, '{0}', '{1}', 'statement', 'plain', 1, '{}' FROM candidates")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(ids(&store, InstanceFilter::default()).await, names);
    store.remove().await;
}

#[tokio::test]
async fn status_counts_everything_by_what_became_of_it() {
    let store = TestStore::new().await;
    let world = world(&store, "one").await;
    add_candidates(&store, &world, &["a", "b", "c"]).await;
    accept(&store, "a", &[0]).await;
    let timeout = Verdict {
        outcome: CandidateOutcome::Timeout,
        failure: Some(Failure::new(FailureClass::Candidate, "no answer in 10 s")),
        evidence: None,
    };
    let mut connection = store.pool().acquire().await.unwrap();
    candidates::decide(&mut connection, "b", &timeout)
        .await
        .unwrap();
    drop(connection);
    let status = status::read(store.pool()).await.unwrap();
    assert_eq!(
        (
            status.repositories,
            status.instances,
            status.decided_last_minute
        ),
        (1, 1, 2)
    );
    let outcomes: Vec<_> = status
        .candidates
        .iter()
        .map(|count| (count.outcome, count.count))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Some(CandidateOutcome::Accepted), 1),
            (Some(CandidateOutcome::Timeout), 1),
            (None, 1)
        ]
    );
    let failures: Vec<_> = status
        .failures
        .iter()
        .map(|count| (count.what.as_str(), count.class, count.count))
        .collect();
    assert_eq!(failures, [("candidate", FailureClass::Candidate, 1)]);
    store.remove().await;
}

#[tokio::test]
async fn an_instance_carries_all_that_an_export_needs() {
    let store = TestStore::new().await;
    let one = world(&store, "one").await;
    add_candidates(&store, &one, &["b"]).await;
    accept(&store, "b", &[0, 1]).await;
    let b = instances::get(store.pool(), "b").await.unwrap().unwrap();
    assert_eq!(
        (b.spec.as_str(), b.licence.as_deref(), b.confirmations),
        ("pypi:one==1.0", Some("MIT"), 2)
    );
    assert_eq!(b.problem_statement, "It is\u{FFFD} broken.");
    store.remove().await;
}
