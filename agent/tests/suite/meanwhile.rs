//! What is done while the model answers: the sandbox starts, steps are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use swemill_agent::interface::Dialect;
use swemill_agent::observer::ObserverError;
use swemill_agent::patch::Untouched;
use swemill_agent::{
    Agent, AttemptError, Completion, Exit, Lm, LmError, Observer, Place, Policy, Query,
    SandboxPlace, Step, Unobserved,
};
use swemill_sandbox::Sandbox;
use tokio::sync::Barrier;

use crate::support::{Repository, answers, bash, scripted, task};

/// Enough for a sandbox to start beside tests of many crates.
const PATIENCE: Duration = Duration::from_mins(1);

/// A place whose first sandbox starts when the model was asked.
#[derive(Debug)]
struct Meeting {
    place: SandboxPlace,
    both: Arc<Barrier>,
    has_met: AtomicBool,
    untouched: Untouched,
}

#[async_trait]
impl Place for Meeting {
    async fn start(&self) -> swemill_sandbox::Result<Box<dyn Sandbox>> {
        if !self.has_met.swap(true, Ordering::Relaxed) {
            self.both.wait().await;
        }
        self.place.start().await
    }

    fn untouched(&self) -> Option<&Untouched> {
        Some(&self.untouched)
    }
}

/// A model that answers one of its questions, or fails at it, when something else is done.
#[derive(Debug)]
struct Met {
    lm: Arc<dyn Lm>,
    step: usize,
    fails: bool,
    both: Arc<Barrier>,
}

#[async_trait]
impl Lm for Met {
    fn name(&self) -> &str {
        self.lm.name()
    }

    fn policy(&self) -> Policy {
        self.lm.policy()
    }

    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        if query.step == self.step {
            self.both.wait().await;
            if self.fails {
                return Err(LmError::Refused {
                    model: "met".to_owned(),
                    status: 401,
                    reason: "no more".to_owned(),
                });
            }
        }
        self.lm.complete(query).await
    }
}

#[tokio::test]
async fn the_sandbox_starts_while_the_model_is_asked_for_the_first_time() {
    let repository = Repository::new();
    let both = Arc::new(Barrier::new(2));
    let place = Meeting {
        place: repository.place().await,
        both: both.clone(),
        has_met: AtomicBool::new(false),
        untouched: Untouched::default(),
    };
    let change = bash("echo '# seen' >> shop/price.py; git diff > patch.txt");
    let submit = bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt");
    let agent = scripted(
        Dialect::MiniToolCalls,
        answers(Dialect::MiniToolCalls, &[change, submit]),
    );
    let agent = Agent {
        lm: Arc::new(Met {
            lm: agent.lm.clone(),
            step: 0,
            fails: false,
            both,
        }),
        ..agent
    };
    let task = task();
    let mut observer = Unobserved;
    let attempt = agent.attempt(&task, &place, &mut observer);
    let attempt = tokio::time::timeout(PATIENCE, attempt).await;
    let trajectory = attempt.expect("neither waits for the other's end").unwrap();
    assert_eq!(trajectory.exit, Exit::Submitted);
    assert!(trajectory.model_patch().contains("+# seen"));
}

/// Keeps steps in the time that the model has for its next answer, and takes longer than it.
struct Slow {
    both: Arc<Barrier>,
    kept: Vec<(usize, Duration)>,
}

#[async_trait]
impl Observer for Slow {
    async fn completed(&mut self, step: &Step) -> Result<(), ObserverError> {
        if step.index == 0 {
            self.both.wait().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        self.kept.push((step.index, now));
        Ok(())
    }
}

#[tokio::test]
async fn a_step_is_kept_while_the_model_is_asked_again_and_before_its_answer_is_carried_out() {
    let dialect = Dialect::MiniToolCalls;
    let repository = Repository::new();
    let place = repository.place().await;
    let actions = [
        bash("true"),
        bash("date +%s%N"),
        bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"),
    ];
    for fails in [false, true] {
        let both = Arc::new(Barrier::new(2));
        let agent = scripted(dialect, answers(dialect, &actions));
        let agent = Agent {
            lm: Arc::new(Met {
                lm: agent.lm.clone(),
                step: 1,
                fails,
                both: both.clone(),
            }),
            ..agent
        };
        let mut slow = Slow {
            both,
            kept: Vec::new(),
        };
        let task = task();
        let attempt = agent.attempt(&task, &place, &mut slow);
        let attempt = tokio::time::timeout(PATIENCE, attempt).await;
        let ended = attempt.expect("neither waits for the other's end");
        let kept: Vec<usize> = slow.kept.iter().map(|(index, _)| *index).collect();
        match ended {
            Ok(trajectory) => {
                assert!(!fails);
                assert_eq!(kept, [0, 1, 2]);
                let carried_out = trajectory.steps[1].observations[0].output.trim();
                let carried_out = Duration::from_nanos(carried_out.parse().unwrap());
                assert!(carried_out > slow.kept[0].1, "{carried_out:?}");
            }
            Err(error) => {
                assert!(fails && matches!(error, AttemptError::Lm(_)), "{error}");
                assert_eq!(kept, [0]);
            }
        }
    }
}
