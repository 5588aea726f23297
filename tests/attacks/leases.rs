//! A worker that lives on after its lease has run out.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::ledger::{Factory, REQUEST};
use crate::support::ENDED;

/// Leases shorter than the worker will sleep.
const SETTINGS: &[&str] = &["--set", "lease_seconds=3", "--set", "baseline_runs=2"];

fn worker(factory: &Factory, log: &std::path::Path) -> Child {
    let arguments = [&["work", "--until-idle", "--workers", "1"], SETTINGS].concat();
    let mut command = factory.home.command(&arguments);
    command
        .env("SWEMILL_LOG", "warn,swemill=info,sqlx=error")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(log).unwrap());
    let worker = command.spawn().unwrap();
    ENDED.lock().unwrap().insert(worker.id());
    worker
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..2400 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} never came");
}

#[test]
fn a_worker_that_slept_past_its_lease_finds_the_work_done_and_writes_nothing() {
    let undisturbed = Factory::with_instances(6);
    let factory = Factory::new();
    let add = ["add", &factory.repository(), "--max-candidates", "6"];
    factory.home.succeed(&[&add, REQUEST].concat());
    let logs = tempfile::tempdir().unwrap();
    let (one, other) = (logs.path().join("one"), logs.path().join("other"));
    let text = |log: &std::path::Path| std::fs::read_to_string(log).unwrap_or_default();

    // Asleep in the middle of the build, with its sandboxes running on.
    let mut sleeper = worker(&factory, &one);
    until("the build", || text(&one).contains("building: "));
    signal(&sleeper, "-STOP");
    std::thread::sleep(Duration::from_secs(4));
    let mut successor = worker(&factory, &other);
    assert!(successor.wait().unwrap().success(), "{}", text(&other));
    signal(&sleeper, "-CONT");
    assert!(sleeper.wait().unwrap().success(), "{}", text(&one));

    factory.home.did_everything_once();
    let taken = factory
        .home
        .rows("SELECT key, attempts FROM jobs WHERE attempts > 1");
    assert_eq!(taken.len(), 1, "the build was taken over: {taken:?}");
    let data = |factory: &Factory| {
        let text = String::from_utf8(factory.home.exported()).unwrap();
        // The rows name where the repository lies.
        text.replace(&factory.repository(), "")
    };
    assert_eq!(data(&factory), data(&undisturbed));
    factory.leaves_nothing();
    undisturbed.leaves_nothing();
}
