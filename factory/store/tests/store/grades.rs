//! What grading remembers.

use serde_json::json;
use swemill_store::grades::{self, TripwireSite};
use swemill_store::instances;

use crate::support::{TestStore, add_candidates, new_instance, world};

#[tokio::test]
async fn a_grade_is_remembered_by_its_key_and_a_newer_one_replaces_it() {
    let store = TestStore::new().await;
    let world = world(&store, "one").await;
    add_candidates(&store, &world, &["c1"]).await;
    let instance = new_instance(&[0], &[1]);
    let mut transaction = store.begin().await.unwrap();
    instances::accept(&mut transaction, "c1", &instance, None)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let (key, other) = ("a".repeat(64), "b".repeat(64));
    assert_eq!(grades::get(store.pool(), &key).await.unwrap(), None);
    for outcome in ["unresolved", "nul \0 in it"] {
        let grade = json!({ "outcome": outcome });
        grades::put(store.pool(), &key, "c1", &grade).await.unwrap();
    }
    let known = grades::get(store.pool(), &key).await.unwrap();
    assert_eq!(known, Some(json!({"outcome": "nul \u{FFFD} in it"})));
    assert_eq!(grades::get(store.pool(), &other).await.unwrap(), None);
    // Neither a grade of no instance nor a key that is no digest.
    let grade = json!({});
    assert!(
        grades::put(store.pool(), &other, "c2", &grade)
            .await
            .is_err()
    );
    assert!(
        grades::put(store.pool(), "short", "c1", &grade)
            .await
            .is_err()
    );
    store.remove().await;
}

#[tokio::test]
async fn what_is_known_of_tripwires_stays_and_is_apart_by_harness() {
    let store = TestStore::new().await;
    let world = world(&store, "one").await;
    let id = world.environment;
    let usable = TripwireSite::Usable(json!({"folder": "tests"}));
    let unusable = TripwireSite::Unusable("no place".into());
    for site in [&usable, &unusable] {
        grades::put_tripwire_site(store.pool(), id, "h1", site)
            .await
            .unwrap();
    }
    grades::put_tripwire_site(store.pool(), id, "h2", &unusable)
        .await
        .unwrap();
    let known = |harness: &'static str| grades::tripwire_site(store.pool(), id, harness);
    assert_eq!(known("h1").await.unwrap(), Some(usable));
    assert_eq!(known("h2").await.unwrap(), Some(unusable));
    assert_eq!(known("h3").await.unwrap(), None);
    store.remove().await;
}
