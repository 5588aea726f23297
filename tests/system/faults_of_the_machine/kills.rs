//! Workers that are killed, asked to stop, or two at once.

use std::time::Duration;

use super::{Prepared, Watched, undisturbed};

/// Pseudo-random waits below `longest`, the same in every run (Knuth's MMIX generator).
fn wait(state: &mut u64, longest: Duration) {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let share = u32::try_from(*state >> 32).unwrap();
    std::thread::sleep(longest.mul_f64(f64::from(share) / f64::from(u32::MAX)));
}

/// After which words a worker is killed: all stages, and none more often than a job may be tried.
const MOMENTS: &[(&str, u64)] = &[
    ("", 400),
    ("fetching", 100),
    ("building: reading", 2000),
    ("building: installing", 1500),
    ("running the untouched tests", 1500),
    ("enumerating", 50),
    (" candidates", 500),
    ("", 1500),
    ("", 2500),
];

#[test]
fn a_worker_killed_at_any_moment_loses_nothing_and_leaves_nothing_running() {
    let expected = undisturbed();
    let prepared = Prepared::new();
    let mut state = 20_261_123;
    let mut kills = 0;
    for (words, milliseconds) in MOMENTS {
        let mut worker = Watched::start(&mut prepared.worker());
        // Where a stage was finished before, the kill comes at some moment after the start.
        if !words.is_empty() && !worker.says(words) {
            break;
        }
        wait(&mut state, Duration::from_millis(*milliseconds));
        worker.signal("-KILL");
        kills += usize::from(worker.ends().is_none());
        prepared.home.leaves_no_process();
    }
    assert!(kills >= 5, "only {kills} kills hit");
    assert!(Watched::start(&mut prepared.worker()).ends_well());
    prepared.home.did_everything_once();
    assert_eq!(prepared.home.exported(), expected);
    prepared.home.leaves_nothing();
}

#[test]
fn two_workers_on_one_queue_share_it_and_do_nothing_twice() {
    let expected = undisturbed();
    let prepared = Prepared::new();
    let one = Watched::start(&mut prepared.worker());
    let other = Watched::start(&mut prepared.worker());
    assert!(one.ends_well() && other.ends_well());
    prepared.home.did_everything_once();
    let tried = prepared
        .home
        .rows("SELECT key, attempts FROM jobs WHERE attempts <> 1");
    assert!(tried.is_empty(), "{tried:?}");
    assert_eq!(prepared.home.exported(), expected);
    prepared.home.leaves_nothing();
}

#[test]
fn a_worker_that_is_asked_to_stop_gives_its_jobs_back_uncounted() {
    let expected = undisturbed();
    let prepared = Prepared::new();
    for (words, signal) in [("building: ", "-INT"), (" candidates", "-TERM")] {
        let mut worker = Watched::start(&mut prepared.worker());
        assert!(worker.says(words));
        worker.signal(signal);
        assert_eq!(worker.ends(), Some(130), "{:#?}", worker.heard);
        let told = worker
            .heard
            .iter()
            .any(|line| line.contains("unfinished jobs went back to the queue"));
        assert!(told, "{:#?}", worker.heard);
        let taken = "SELECT key, state, attempts FROM jobs \
                     WHERE state = 'running' OR (state = 'queued' AND attempts > 0)";
        let taken = prepared.home.rows(taken);
        assert!(taken.is_empty(), "{taken:?}");
        prepared.home.leaves_nothing();
    }
    assert!(Watched::start(&mut prepared.worker()).ends_well());
    let tried = prepared
        .home
        .rows("SELECT key, attempts FROM jobs WHERE attempts <> 1");
    assert!(tried.is_empty(), "{tried:?}");
    prepared.home.did_everything_once();
    assert_eq!(prepared.home.exported(), expected);
    prepared.home.leaves_nothing();
}
