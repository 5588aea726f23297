//! Grading that is killed.

use std::process::Stdio;
use std::time::Duration;

use crate::ledger::Factory;
use crate::support::ENDED;

/// Milliseconds after its start at which the command is killed: before, during and after its first runs.
const MOMENTS: &[u64] = &[150, 500, 900, 1400, 2000, 2800];

#[test]
fn grading_that_is_killed_leaves_nothing_and_comes_to_the_same_grades() {
    let factory = Factory::with_instances(14);
    let mut killed = 0;
    for moment in MOMENTS {
        let mut command = factory.home.command(&["grade", "--gold", "--workers", "2"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut grading = command.spawn().unwrap();
        ENDED.lock().unwrap().insert(grading.id());
        std::thread::sleep(Duration::from_millis(*moment));
        let _ = grading.kill();
        killed += usize::from(grading.wait().unwrap().code().is_none());
        factory.home.leaves_no_process();
    }
    assert!(killed >= 3, "only {killed} kills hit");
    let report = factory
        .home
        .succeed(&["grade", "--gold", "--json", "--workers", "2"])
        .json();
    let gold = &report["reports"]["gold"];
    let count = factory.instances().len();
    assert_eq!(gold["resolved_instances"], count, "{gold:#}");
    assert_eq!(gold["submitted_instances"], count);
    // Whatever the killed ones remembered is true.
    let afresh = ["grade", "--gold", "--json", "--no-cache", "--workers", "2"];
    let afresh = factory.home.succeed(&afresh).json();
    assert_eq!(report["reports"], afresh["reports"]);
    factory.leaves_nothing();
}
