//! The private cluster: shared, stopped, killed, in awkward places.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use swemill_store::jobs::{self, Claim, NewJob};
use swemill_store::{Store, StoreOptions};

use crate::command::Holder;

const NOBODY: u32 = 65534;
const NONE: [i32; 0] = [];

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// The processes with this word in their command line.
fn processes(word: &Path, program: &str) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<String> = line
            .split(|&byte| byte == 0)
            .map(|word| String::from_utf8_lossy(word).into())
            .collect();
        if words.iter().any(|other| Path::new(other) == word)
            && words.iter().any(|other| other.ends_with(program))
        {
            found.push(pid);
        }
    }
    found
}

fn servers(home: &Path) -> Vec<i32> {
    processes(
        &fs::canonicalize(home).unwrap().join("postgres/data"),
        "/postgres",
    )
}

fn guards(home: &Path) -> Vec<i32> {
    processes(
        &fs::canonicalize(home).unwrap().join("postgres"),
        "swemill-guard",
    )
}

fn signal(pid: i32, name: &str) {
    let sent = std::process::Command::new("kill")
        .args([name, &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} took more than 30 s");
        sleep(Duration::from_millis(20));
    }
}

fn private(home: &Path) -> StoreOptions {
    StoreOptions {
        database_url: None,
        home: home.to_owned(),
        max_connections: 4,
        fetch_wheel: None,
    }
}

#[test]
fn two_commands_at_once_share_one_server_and_the_last_one_stops_it() {
    let home = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (Holder::spawn(home.path()), Holder::spawn(home.path()));
    assert_eq!((one.answer(), two.answer()), ("open".into(), "open".into()));
    assert_eq!(servers(home.path()).len(), 1);
    assert_eq!(one.ask("add"), "added");
    one.finish();
    assert_eq!(
        two.ask("count"),
        "1",
        "the server still runs for the other command"
    );
    two.finish();
    assert_eq!(
        servers(home.path()),
        NONE,
        "the server must be gone when the last command is"
    );
    wait_until("the guard's end", || guards(home.path()).is_empty());
}

#[test]
fn after_kill_9_of_the_only_command_the_guard_stops_the_server_and_nothing_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let mut one = Holder::spawn(home.path());
    assert_eq!(one.answer(), "open");
    assert_eq!(one.ask("add"), "added");
    one.kill();
    wait_until("the guard", || {
        servers(home.path()).is_empty() && guards(home.path()).is_empty()
    });
    let mut two = Holder::spawn(home.path());
    assert_eq!(two.answer(), "open");
    assert_eq!(two.ask("count"), "1");
    two.finish();
}

#[test]
fn a_server_that_was_left_behind_is_joined_and_stopped() {
    let home = tempfile::tempdir().unwrap();
    let mut one = Holder::spawn(home.path());
    assert_eq!(one.answer(), "open");
    for guard in guards(home.path()) {
        signal(guard, "-KILL");
    }
    let left = servers(home.path());
    one.kill();
    sleep(Duration::from_millis(300));
    assert_eq!(
        servers(home.path()),
        left,
        "without its guard it is left behind"
    );
    let mut two = Holder::spawn(home.path());
    assert_eq!(two.answer(), "open");
    assert_eq!(
        servers(home.path()),
        left,
        "the same server, not a second one"
    );
    two.finish();
    assert_eq!(servers(home.path()), NONE);
}

#[test]
fn a_killed_server_whose_number_another_process_has_got_is_started_again() {
    let home = tempfile::tempdir().unwrap();
    let mut one = Holder::spawn(home.path());
    assert_eq!(one.answer(), "open");
    assert_eq!(one.ask("add"), "added");
    let server = servers(home.path())[0];
    signal(server, "-KILL");
    one.kill();
    let file = home.path().join("postgres/data/postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replacen(&server.to_string(), &std::process::id().to_string(), 1),
    )
    .unwrap();
    let mut two = Holder::spawn(home.path());
    assert_eq!(two.answer(), "open");
    assert_eq!(two.ask("count"), "1");
    two.finish();
}

#[tokio::test]
async fn a_queue_goes_on_when_postgres_is_stopped_or_killed_in_mid_run() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&private(home.path())).await.unwrap();
    sqlx::query("CREATE TABLE results (key text PRIMARY KEY)")
        .execute(store.pool())
        .await
        .unwrap();
    let all: Vec<NewJob> = (0..60)
        .map(|number| NewJob::new("k", number.to_string(), json!(null)))
        .collect();
    let mut transaction = store.begin().await.unwrap();
    jobs::enqueue_many(&mut transaction, &all).await.unwrap();
    transaction.commit().await.unwrap();
    let wanted = Claim {
        kinds: &["k"],
        limit: 1,
        owner: "worker",
        lease: Duration::from_secs(2),
    };
    let patience = Duration::from_mins(1);
    let mut attempts = 0;
    loop {
        match attempts {
            20 => signal(servers(home.path())[0], "-INT"),
            40 => signal(servers(home.path())[0], "-KILL"),
            _ => {}
        }
        attempts += 1;
        let claimed = store
            .retry(patience, async || jobs::claim(store.pool(), wanted).await)
            .await
            .unwrap();
        let Some(job) = claimed.into_iter().next() else {
            let left = store
                .retry(patience, async || {
                    jobs::unfinished(store.pool(), &["k"]).await
                })
                .await
                .unwrap();
            if left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let stored = store
            .retry(patience, async || {
                let mut transaction = store.begin().await?;
                sqlx::query("INSERT INTO results VALUES ($1)")
                    .bind(&job.key)
                    .execute(&mut *transaction)
                    .await?;
                jobs::complete(&mut transaction, &job.lease).await?;
                Ok(transaction.commit().await?)
            })
            .await;
        if let Err(error) = stored {
            // The commit went through although its answer was lost; or the lease ran out while Postgres was away.
            println!("job {} was not stored: {error}", job.key);
        }
    }
    let results: i64 = sqlx::query_scalar("SELECT count(*) FROM results")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!(results, 60);
    store.close().await.unwrap();
    assert_eq!(servers(home.path()), NONE);
}

#[tokio::test]
async fn the_data_folder_may_be_deep_below_a_folder_that_only_the_caller_can_enter() {
    let closed = tempfile::tempdir().unwrap();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let home = closed.path().join("päth with spaces").join("x".repeat(150));
    let store = Store::open(&private(&home)).await.unwrap();
    let one: i32 = sqlx::query_scalar("SELECT 1")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!(one, 1);
    let listens: String = sqlx::query_scalar("SHOW listen_addresses")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!(listens, "", "no TCP");
    let durable: String = sqlx::query_scalar("SHOW fsync")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!(durable, "on");
    drop(store);
    wait_until("the server's end", || servers(&home).is_empty());
}

/// A folder that everyone can enter, with a copy of this program in it.
fn open_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = folder.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, program)
}

#[test]
fn an_ordinary_user_has_a_cluster_and_root_can_use_it_later_without_taking_it_over() {
    if !is_root() {
        return; // Every other test runs as an ordinary user then.
    }
    let (folder, program) = open_folder();
    let home = folder.path().join("home");
    let mut user = Holder::spawn_as(NOBODY, &program, &home);
    assert_eq!(user.answer(), "open");
    assert_eq!(user.ask("add"), "added");
    user.finish();
    let mut root = Holder::spawn(&home);
    assert_eq!(root.answer(), "open");
    assert_eq!(root.ask("count"), "1");
    root.finish();
    assert_eq!(servers(&home), NONE);
    let mut user = Holder::spawn_as(NOBODY, &program, &home);
    assert_eq!(user.answer(), "open", "root has left the folder as it was");
    user.finish();
}

#[test]
fn an_interrupted_initdb_leaves_nothing_that_is_taken_for_data() {
    let home = tempfile::tempdir().unwrap();
    let unfinished = home.path().join("postgres/data.unfinished");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let mut one = Holder::spawn(home.path());
    assert_eq!(one.answer(), "open");
    one.finish();
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn data_of_a_version_that_is_not_installed_are_left_alone_with_advice() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("postgres/data")).unwrap();
    fs::write(home.path().join("postgres/data/PG_VERSION"), "7\n").unwrap();
    let error = Store::open(&private(home.path()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("written by PostgreSQL 7") && error.contains("install PostgreSQL 7 again"),
        "{error}"
    );
    assert_eq!(
        fs::read_to_string(home.path().join("postgres/data/PG_VERSION")).unwrap(),
        "7\n"
    );
}
