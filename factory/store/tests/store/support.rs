//! A store for a test: a database of its own in a private cluster that all tests share.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use swemill_store::candidates::{self, NewCandidate};
use swemill_store::cluster::Cluster;
use swemill_store::environments::{self, NewEnvironment};
use swemill_store::instances::NewInstance;
use swemill_store::repositories::{self, NewRepository};
use swemill_store::sources::{self, NewSource};
use swemill_store::tests::{NewTest, TestStatus};
use swemill_store::{Store, StoreOptions};

/// Joins the cluster that the tests share; the last test to end stops it.
pub(crate) async fn shared_cluster() -> Cluster {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("store-tests");
    Cluster::start(&home, None)
        .await
        .expect("the tests' cluster starts")
}

/// A store in a new database of the shared cluster.
pub(crate) struct TestStore {
    store: Store,
    pub(crate) url: String,
    name: String,
    cluster: Cluster,
}

impl std::ops::Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let cluster = shared_cluster().await;
        let name = format!(
            "t_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let mut admin = PgConnection::connect_with(&cluster.connect_options())
            .await
            .unwrap();
        for sql in [
            format!("DROP DATABASE IF EXISTS {name}"),
            format!("CREATE DATABASE {name}"),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut admin)
                .await
                .unwrap();
        }
        let url = url(&cluster, &name);
        let store = Store::open(&options(&url)).await.unwrap();
        Self {
            store,
            url,
            name,
            cluster,
        }
    }

    pub(crate) async fn another(&self) -> Store {
        Store::open(&options(&self.url)).await.unwrap()
    }

    /// Removes the database.
    pub(crate) async fn remove(self) {
        self.store.close().await.unwrap();
        let mut admin = PgConnection::connect_with(&self.cluster.connect_options())
            .await
            .unwrap();
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut admin)
            .await
            .unwrap();
        admin.close().await.unwrap();
        self.cluster.stop().await.unwrap();
    }
}

pub(crate) fn options(url: &str) -> StoreOptions {
    StoreOptions {
        database_url: Some(url.to_owned()),
        home: "/nonexistent".into(),
        max_connections: 5,
        fetch_wheel: None,
    }
}

fn url(cluster: &Cluster, database: &str) -> String {
    let socket = cluster
        .connect_options()
        .get_socket()
        .unwrap()
        .display()
        .to_string();
    format!(
        "postgres://swemill@localhost/{database}?host={}",
        socket.replace('/', "%2F")
    )
}

/// A small world: one source, its repository and a built environment with seven tests. The first five pass;
/// then come a failing one and a flaky one.
pub(crate) struct World {
    pub(crate) source: i64,
    pub(crate) environment: i64,
}

pub(crate) const FAILING: i32 = 5;
pub(crate) const FLAKY: i32 = 6;

pub(crate) fn new_repository(name: &str) -> NewRepository {
    NewRepository {
        owner: "pypi".into(),
        name: name.into(),
        commit: "0123456789abcdef0123456789abcdef01234567".into(),
        tree: "tree".into(),
        spec: format!("pypi:{name}==1.0"),
        version: Some("1.0".into()),
        released: Some("2024-05-01".into()),
        licence: Some("MIT".into()),
    }
}

pub(crate) fn new_tests() -> Vec<NewTest> {
    (0..7)
        .map(|ordinal| NewTest {
            node_id: format!("tests/test_a.py::test_{ordinal}[ä b]"),
            status: if ordinal == FAILING {
                TestStatus::Failed
            } else {
                TestStatus::Passed
            },
            duration_ms: 1.5,
            flaky: ordinal == FLAKY,
            evidence: None,
        })
        .collect()
}

pub(crate) fn new_environment(repository: i64, digest: &str) -> NewEnvironment {
    NewEnvironment {
        repository_id: repository,
        digest: digest.into(),
        recipe: json!({"python": "3.13"}),
    }
}

pub(crate) async fn world(store: &Store, name: &str) -> World {
    let mut transaction = store.begin().await.unwrap();
    let source = sources::add(
        &mut transaction,
        &NewSource {
            spec: format!("pypi:{name}==1.0"),
            rev: None,
            options: json!({"seed": 7}),
        },
    )
    .await
    .unwrap()
    .id;
    let repository = repositories::save(&mut transaction, &new_repository(name))
        .await
        .unwrap();
    let new = new_environment(repository, &format!("digest of {name}"));
    let environment =
        environments::save_built(&mut transaction, &new, &json!({"runs": 3}), &new_tests())
            .await
            .unwrap();
    sources::begin(&mut transaction, source).await.unwrap();
    sources::set_repository(&mut transaction, source, repository)
        .await
        .unwrap();
    sources::set_environment(&mut transaction, source, environment)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    World {
        source,
        environment,
    }
}

pub(crate) fn new_candidate(id: &str) -> NewCandidate {
    NewCandidate {
        id: id.into(),
        strategy: "func_pm_op_change".into(),
        file: "a.py".into(),
        entity: "f".into(),
        line: 3,
        patch: format!("--- a/a.py\n+++ b/a.py\n{id}\n"),
        seed: 7,
    }
}

pub(crate) fn new_instance(fail_to_pass: &[i32], pass_to_pass: &[i32]) -> NewInstance {
    NewInstance {
        fail_to_pass: fail_to_pass.to_vec(),
        pass_to_pass: pass_to_pass.to_vec(),
        problem_statement: "It is broken.".into(),
        statement_style: "plain".into(),
        confirmations: 1,
        provenance: json!({"version": "0.1.0"}),
    }
}

pub(crate) async fn add_candidates(
    store: &Store,
    world: &World,
    ids: &[&str],
) -> candidates::Proposed {
    let new: Vec<NewCandidate> = ids.iter().map(|id| new_candidate(id)).collect();
    let mut transaction = store.begin().await.unwrap();
    let proposed = candidates::add(&mut transaction, world.source, world.environment, &new)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    proposed
}
