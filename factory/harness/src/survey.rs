//! Getting ready for the fast way of judging changes: what each test executes, and whether it does the same when it
//! is run in a copy of a waiting process.

use std::time::Duration;

use crate::stability::Instability;
use crate::trace::{Trace, trace};
use crate::warm::{Allowance, Copy, Outcome, Stage, Warm};
use crate::{Baseline, Error, Reach, Result, Status, Suite};

/// The longest that a trace may take: every test has a process to itself, and is watched.
const LONGEST: Duration = Duration::from_hours(1);

/// How many times a test's own time it may take when it is watched, and how much more in any case.
const WATCHED: f64 = 50.0;
const LEAST_SECONDS: f64 = 30.0;

/// Finds out which lines each test executes. Tests that do not pass alone are from here on in no list: the
/// baseline is told why. [`Error::Reach`] says why nothing is known.
pub async fn survey(suite: Suite<'_>, baseline: &mut Baseline, files: &[String]) -> Result<Reach> {
    let slowest = baseline
        .tests
        .values()
        .map(|test| test.seconds)
        .fold(0.0, f64::max);
    let test_timeout = Duration::from_secs_f64(LEAST_SECONDS + WATCHED * slowest);
    let sandbox = suite.backend.start(suite.environment, suite.limits).await?;
    let traced = trace(
        sandbox.as_ref(),
        suite.command,
        baseline,
        files,
        LONGEST,
        test_timeout,
    )
    .await;
    sandbox.stop().await?;
    let Trace { run, mut reach } = traced?;
    let mut alone_only = Vec::new();
    for id in baseline.passing() {
        match run.status(id) {
            Status::Passed | Status::Missing => {}
            alone => alone_only.push((id.to_owned(), alone)),
        }
    }
    for (id, alone) in alone_only {
        if let Some(test) = baseline.tests.get_mut(&id) {
            test.instability = Some(Instability::NeedsOthers {
                ordered: test.status,
                alone,
            });
        }
        reach.forget(&id);
    }
    let warm = Warm::start(suite, baseline, files, Stage::Collected).await?;
    let copy = Copy {
        changes: &[],
        tests: None,
        allowance: Allowance {
            factor: WATCHED,
            seconds: LEAST_SECONDS,
        },
        most_failures: None,
        compare: true,
        reach: None,
        repeat: Vec::new(),
        timeout: baseline.timeout,
    };
    let outcome = warm.run(baseline, &copy).await;
    warm.stop().await?;
    match outcome? {
        Outcome::Ran { run, left } if run.ending.is_complete() => {
            reach.compare_with_copy(&run, left);
        }
        Outcome::Ran { run, .. } => {
            return Err(Error::Reach(format!(
                "the untouched tests do not complete in a copy of their process: {}",
                run.ending
            )));
        }
        Outcome::Unfit(reason) => return Err(Error::Reach(reason)),
    }
    Ok(reach)
}
