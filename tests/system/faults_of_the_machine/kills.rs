//! Workers that are killed, asked to stop, or two at once.

use std::time::Duration;

use super::{Prepared, Source, Watched, same, undisturbed};

/// Pseudo-random waits below `longest`, the same in every run (Knuth's MMIX generator).
fn wait(state: &mut u64, longest: Duration) {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let share = u32::try_from(*state >> 32).unwrap();
    std::thread::sleep(longest.mul_f64(f64::from(share) / f64::from(u32::MAX)));
}

/// What a worker says on its way.
const WAY: &[&str] = &[
    "fetching",
    "building: reading",
    "running the untouched tests",
    "enumerating",
    " candidates",
];

/// At which step of the way a worker is killed, and how many milliseconds later at most: all stages, and no job
/// more often than it may be tried. `None`: at some moment after the start.
const MOMENTS: &[(Option<usize>, u64)] = &[
    (None, 400),
    (Some(0), 100),
    (Some(1), 2500),
    (Some(2), 1000),
    (Some(3), 50),
    (Some(4), 500),
    (None, 1500),
    (None, 2500),
];

#[test]
fn a_worker_killed_at_any_moment_loses_nothing_and_leaves_nothing_running() {
    let source = Source::new();
    let expected = undisturbed(&source);
    let prepared = Prepared::new(&source);
    let mut state = 20_261_123;
    let mut kills = 0;
    for (step, milliseconds) in MOMENTS {
        let mut worker = Watched::start(&mut prepared.worker());
        // A step that an earlier worker finished is not done again: the next one serves.
        if step.is_some_and(|step| !worker.says_any(&WAY[step..])) {
            assert_eq!(worker.ends(), Some(0), "{:#?}", worker.heard);
            continue;
        }
        wait(&mut state, Duration::from_millis(*milliseconds));
        worker.signal("-KILL");
        kills += usize::from(worker.ends().is_none());
        prepared.home.leaves_no_process();
    }
    assert!(kills >= 4, "only {kills} kills hit");
    assert!(Watched::start(&mut prepared.worker()).ends_well());
    prepared.home.did_everything_once();
    same(&prepared.home.exported(), &expected);
    prepared.home.leaves_nothing();
}

#[test]
fn two_workers_on_one_queue_share_it_and_do_nothing_twice() {
    let source = Source::new();
    let expected = undisturbed(&source);
    let prepared = Prepared::new(&source);
    let one = Watched::start(&mut prepared.worker());
    let other = Watched::start(&mut prepared.worker());
    assert!(one.ends_well() && other.ends_well());
    prepared.home.did_everything_once();
    let tried = prepared
        .home
        .rows("SELECT key, attempts FROM jobs WHERE attempts <> 1");
    assert!(tried.is_empty(), "{tried:?}");
    same(&prepared.home.exported(), &expected);
    prepared.home.leaves_nothing();
}

#[test]
fn a_worker_that_is_asked_to_stop_gives_its_jobs_back_uncounted() {
    let source = Source::new();
    let expected = undisturbed(&source);
    let prepared = Prepared::new(&source);
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
    same(&prepared.home.exported(), &expected);
    prepared.home.leaves_nothing();
}
