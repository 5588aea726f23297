//! The fast way: only the tests that the change can reach, in a copy of a process that has collected them all; or
//! the whole suite in a copy of one that has imported nothing of the repository. Where neither can be exact by
//! construction, the slow way is left.

use std::collections::BTreeSet;
use std::time::Duration;

use swemill_harness::warm::{Allowance, Copy, Outcome};
use swemill_harness::{
    Comparison, Ending, Error as HarnessError, Reach, Reached, Stage, Suite, TestRun, Warm,
    compare, compare_reached,
};
use swemill_mutation::Touched;

use super::Judge;
use super::changes::Change;
use super::evidence::{Clock, Way};
use crate::failure::StageError;

/// What a test may take of the processor.
const ALLOWANCE: Allowance = Allowance {
    factor: 10.0,
    seconds: 0.3,
};

/// Wall time of a run beside the tests' own: machines are busy.
const WALL_MORE: f64 = 5.0;
const WALL_SLOWER: f64 = 5.0;

/// Tests that together take longer are not repeated in a copy, but in further runs: ten rounds would take too long.
const MOST_SECONDS_REPEATED: f64 = 0.2;

/// What a copy repeats if a test fails.
#[derive(Clone, Copy)]
enum Repeat {
    Nothing,
    /// The tests of which chance has a part.
    Chance,
}

/// A run and the lists that it gives.
pub(super) struct Judged {
    pub(super) run: TestRun,
    pub(super) lists: Comparison,
}

impl Judge<'_> {
    /// Runs the tests that the changes can reach, in the quickest way that is exact. `None` when they reach none.
    pub(super) async fn run_reached(
        &self,
        changes: &[Change],
        clock: &mut Clock,
    ) -> Result<Option<Judged>, StageError> {
        let Some(reach) = &self.environment.reach else {
            return self
                .run_whole(changes, "what the tests execute is not known", clock)
                .await
                .map(Some);
        };
        let places = match reached(reach, changes) {
            Reached::Tests(places) => places,
            Reached::All(reason) => return self.run_whole(changes, &reason, clock).await.map(Some),
        };
        if places.is_empty() {
            clock.went(Way::Unreached, "no test executes what is changed");
            return Ok(None);
        }
        if let Some(place) = places.iter().find(|place| reach.unfit.contains_key(place)) {
            let reason = format!("{} is no test for copies", reach.tests[*place as usize]);
            return self.run_whole(changes, &reason, clock).await.map(Some);
        }
        let ids: Vec<String> = places
            .iter()
            .map(|place| reach.tests[*place as usize].clone())
            .collect();
        match self
            .run_copy(changes, Stage::Collected, Some(&ids), Repeat::Chance, clock)
            .await?
        {
            Ok(Outcome::Ran { run, left }) => {
                // A run that broke off is refused as it is.
                if run.ending.is_complete() {
                    if run.late_garbage > 0 {
                        let reason = "exceptions come up while garbage is collected";
                        return self.run_whole(changes, reason, clock).await.map(Some);
                    }
                    if let Some(name) = left_changed(reach, left) {
                        let reason = format!("tests leave {name} changed");
                        return self.run_all(changes, &reason, clock).await.map(Some);
                    }
                }
                clock.went(Way::Reached, &format!("{} tests can be reached", ids.len()));
                Ok(Some(self.judged(*run, &ids)))
            }
            Ok(Outcome::Unfit(reason)) | Err(reason) => {
                self.run_whole(changes, &reason, clock).await.map(Some)
            }
        }
    }

    /// The lists of a run of these tests only.
    fn judged(&self, run: TestRun, ids: &[String]) -> Judged {
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let lists = compare_reached(&self.environment.baseline, &run, &|id| ids.contains(id));
        Judged { run, lists }
    }

    /// Runs those of the reached tests once more of which chance has a part; all of them where that cannot be done.
    pub(super) async fn run_chance(
        &self,
        reach: &Reach,
        changes: &[Change],
        clock: &mut Clock,
    ) -> Result<Judged, StageError> {
        let name = |place: u32| &reach.tests[place as usize];
        let ids: Vec<String> = match reached(reach, changes) {
            Reached::Tests(places) => places
                .into_iter()
                .filter(|place| !reach.unfit.contains_key(place) && reach.is_chance(name(*place)))
                .map(|place| name(place).clone())
                .collect(),
            Reached::All(_) => Vec::new(),
        };
        if !ids.is_empty()
            && let Ok(Outcome::Ran { run, .. }) = self
                .run_copy(
                    changes,
                    Stage::Collected,
                    Some(&ids),
                    Repeat::Nothing,
                    clock,
                )
                .await?
        {
            return Ok(self.judged(*run, &ids));
        }
        self.run_whole(changes, "chance has a part in it", clock)
            .await
    }

    /// Runs all tests in a copy that has collected them and in which the change can be put in place, as is known.
    async fn run_all(
        &self,
        changes: &[Change],
        reason: &str,
        clock: &mut Clock,
    ) -> Result<Judged, StageError> {
        let reach = self.environment.reach.as_ref();
        // In such a copy some tests may do something else than in a process of their own.
        if reach.is_none_or(|reach| !reach.unfit.is_empty()) {
            return self.run_whole(changes, reason, clock).await;
        }
        match self
            .run_copy(changes, Stage::Collected, None, Repeat::Chance, clock)
            .await?
        {
            Ok(Outcome::Ran { run, .. }) => {
                clock.went(Way::Whole, reason);
                let lists = compare(&self.environment.baseline, &run);
                Ok(Judged { run: *run, lists })
            }
            Ok(Outcome::Unfit(_)) | Err(_) => self.run_whole(changes, reason, clock).await,
        }
    }

    /// Runs the whole suite, in a copy where that can be done.
    async fn run_whole(
        &self,
        changes: &[Change],
        reason: &str,
        clock: &mut Clock,
    ) -> Result<Judged, StageError> {
        let run = match self
            .run_copy(changes, Stage::Configured, None, Repeat::Chance, clock)
            .await?
        {
            Ok(Outcome::Ran { run, .. }) => {
                clock.went(Way::Whole, reason);
                *run
            }
            Ok(Outcome::Unfit(why)) | Err(why) => {
                clock.went(Way::Fresh, &format!("{reason}; {why}"));
                clock.count(self.run_fresh(changes).await?)
            }
        };
        let lists = compare(&self.environment.baseline, &run);
        Ok(Judged { run, lists })
    }

    /// Runs tests in a copy of a template; an inner error says why there can be none.
    async fn run_copy(
        &self,
        changes: &[Change],
        stage: Stage,
        ids: Option<&[String]>,
        repeat: Repeat,
        clock: &mut Clock,
    ) -> Result<Result<Outcome, String>, StageError> {
        let baseline = &self.environment.baseline;
        let warm = match self.template(stage).await? {
            Ok(warm) => warm,
            Err(reason) => return Ok(Err(reason)),
        };
        let testbed = &self.environment.testbed;
        let changes: Vec<_> = changes
            .iter()
            .map(|change| change.to_changed(testbed))
            .collect();
        let seconds = |id: &String| baseline.tests.get(id).map_or(0.0, |test| test.seconds);
        let together: f64 = match ids {
            Some(ids) => ids.iter().map(seconds).sum(),
            None => baseline.tests.keys().map(seconds).sum(),
        };
        let reach = self.environment.reach.as_ref();
        let is_chance = |id: &&String| reach.is_some_and(|reach| reach.is_chance(id));
        let mut repeat: Vec<String> = match (repeat, ids) {
            (Repeat::Nothing, _) => Vec::new(),
            (Repeat::Chance, Some(ids)) => ids.iter().filter(is_chance).cloned().collect(),
            // Of these the copy repeats those that fail.
            (Repeat::Chance, None) => baseline.tests.keys().filter(is_chance).cloned().collect(),
        };
        if ids.is_some() && repeat.iter().map(seconds).sum::<f64>() > MOST_SECONDS_REPEATED {
            repeat.clear();
        }
        let timeout = Duration::from_secs_f64(WALL_MORE + WALL_SLOWER * together);
        let mut copy = Copy {
            changes: &changes,
            tests: ids.map(<[String]>::to_vec),
            allowance: ALLOWANCE,
            reach,
            most_failures: Some(self.most_failures()),
            compare: false,
            repeat,
            timeout: timeout.min(baseline.timeout),
        };
        let mut outcome = warm.run(baseline, &copy).await;
        if let Ok(Outcome::Ran { run, .. }) = &outcome
            && matches!(run.ending, Ending::TimedOut { .. })
            && run.cpu < run.wall / 2
        {
            // It did not get the processor for half of its time: that says little on a busy machine.
            clock.add(run);
            copy.timeout *= 3;
            outcome = warm.run(baseline, &copy).await;
        }
        match outcome {
            Ok(outcome) => {
                self.warm.put(self.environment_id, warm).await;
                if let Outcome::Ran { run, .. } = &outcome {
                    clock.add(run);
                }
                Ok(Ok(outcome))
            }
            // It died with its copy, or does not answer any more: the next run makes a new one.
            Err(HarnessError::Sandbox(error)) => {
                Ok(Err(format!("the waiting process was lost: {error}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A waiting process, from those that are idle or a new one; the inner error says why there can be none.
    async fn template(&self, stage: Stage) -> Result<Result<Warm, String>, StageError> {
        if let Some(reason) = self.environment.cold(stage) {
            return Ok(Err(reason));
        }
        if let Some(warm) = self.warm.take(self.environment_id, stage).await {
            return Ok(Ok(warm));
        }
        let files = self
            .environment
            .reach
            .as_ref()
            .map_or(&[][..], |reach| &reach.files);
        let suite = Suite {
            backend: self.backend,
            environment: &self.environment.environment,
            limits: self.limits,
            command: &self.environment.command,
        };
        match Warm::start(suite, &self.environment.baseline, files, stage).await {
            Ok(warm) => Ok(Ok(warm)),
            Err(
                error @ (HarnessError::Reach(_)
                | HarnessError::Sandbox(swemill_sandbox::Error::Unsupported { .. })),
            ) => {
                let reason = error.to_string();
                self.environment.set_cold(stage, &reason);
                Ok(Err(reason))
            }
            Err(HarnessError::Sandbox(
                error @ (swemill_sandbox::Error::Gone(_) | swemill_sandbox::Error::Unresponsive(_)),
            )) => Ok(Err(format!("no waiting process can be made: {error}"))),
            Err(error) => Err(error.into()),
        }
    }
}

/// What tests left changed that they never do without the change: others could do something else after them.
fn left_changed(reach: &Reach, left: Option<BTreeSet<String>>) -> Option<String> {
    left.unwrap_or_default()
        .into_iter()
        .find(|name| !reach.leaves(name))
}

/// What all changed files together can reach.
fn reached(reach: &Reach, changes: &[Change]) -> Reached {
    let mut all = BTreeSet::new();
    for change in changes {
        match &change.touched {
            Touched::Everything(reason) => return Reached::All((*reason).to_owned()),
            Touched::Lines { lines, defaults } => match reach.of(&change.path, lines, *defaults) {
                Reached::Tests(places) => all.extend(places),
                everything @ Reached::All(_) => return everything,
            },
        }
    }
    Reached::Tests(all.into_iter().collect())
}
