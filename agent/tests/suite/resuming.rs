//! Attempts that are cut off and go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use swemill_agent::observer::ObserverError;
use swemill_agent::{
    Action, AttemptError, Completion, Dialect, Exit, Lm, LmError, Observer, Place, Query,
    SandboxPlace, Step, Unobserved,
};
use swemill_sandbox::{Command, Output, Sandbox};

use crate::support::{Repository, answers, bash, replace, scripted, task};

/// Keeps steps, and is cut off after so many.
#[derive(Default)]
struct Keeper {
    steps: Vec<Step>,
    cut_off_at: Option<usize>,
}

#[async_trait]
impl Observer for Keeper {
    async fn recorded(&mut self) -> Result<Vec<Step>, ObserverError> {
        Ok(self.steps.clone())
    }

    async fn completed(&mut self, step: &Step) -> Result<(), ObserverError> {
        self.steps.push(step.clone());
        match self.cut_off_at {
            Some(at) if at == self.steps.len() => Err("the lease is lost".into()),
            _ => Ok(()),
        }
    }
}

fn script() -> Vec<Action> {
    vec![
        replace("price + count", "price - count"),
        bash("cd shop; export WHERE=here"),
        replace("price - count", "price * count"),
        Action::Edit(swemill_agent::Edit {
            command: "undo_edit".to_owned(),
            path: "/testbed/shop/price.py".to_owned(),
            ..swemill_agent::Edit::default()
        }),
        bash("grep -n 'price - count' price.py && echo $WHERE"),
        Action::Submit,
        Action::Submit,
    ]
}

#[tokio::test]
async fn an_attempt_that_is_cut_off_anywhere_goes_on_to_the_same_end() {
    let dialect = Dialect::SweAgentFunctionCalling;
    let agent = scripted(dialect, answers(dialect, &script()));
    let repository = Repository::new();
    let place = repository.place().await;
    let whole = agent
        .attempt(&task(), &place, &mut Unobserved)
        .await
        .unwrap();
    assert!(
        whole.steps[4].observations[0]
            .output
            .contains("return price - count\nhere\n")
    );
    for cut_off_at in 1..script().len() {
        let mut keeper = Keeper {
            cut_off_at: Some(cut_off_at),
            ..Keeper::default()
        };
        let error = agent
            .attempt(&task(), &place, &mut keeper)
            .await
            .unwrap_err();
        assert!(matches!(error, AttemptError::Observer(_)), "{error}");
        keeper.cut_off_at = None;
        let resumed = agent.attempt(&task(), &place, &mut keeper).await.unwrap();
        assert_eq!(resumed.messages(), whole.messages());
        assert_eq!(
            (resumed.exit, &resumed.patch),
            (Exit::Submitted, &whole.patch)
        );
        assert_eq!(
            keeper.steps.len(),
            script().len(),
            "a step was completed twice"
        );
    }
}

#[tokio::test]
async fn a_recording_that_does_not_repeat_is_told_apart() {
    let dialect = Dialect::MiniFenced;
    let agent = scripted(
        dialect,
        answers(dialect, &[bash("test -e /tmp/mark"), bash("true")]),
    );
    let repository = Repository::new();
    let place = repository.place().await;
    let mut keeper = Keeper {
        cut_off_at: Some(1),
        ..Keeper::default()
    };
    agent
        .attempt(&task(), &place, &mut keeper)
        .await
        .unwrap_err();
    keeper.steps[0].observations[0].returncode = 0;
    let error = agent
        .attempt(&task(), &place, &mut keeper)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            AttemptError::Diverged {
                step: 0,
                then: 0,
                now: 1
            }
        ),
        "{error}"
    );
}

/// Sandboxes of which the first few end at a command with `echo last`. A test double of a machine that fails.
#[derive(Debug)]
struct Failing {
    place: SandboxPlace,
    left: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct FailingSandbox {
    inner: Box<dyn Sandbox>,
    left: Arc<AtomicUsize>,
}

#[async_trait]
impl Place for Failing {
    async fn start(&self) -> swemill_sandbox::Result<Box<dyn Sandbox>> {
        Ok(Box::new(FailingSandbox {
            inner: self.place.start().await?,
            left: self.left.clone(),
        }))
    }
}

#[async_trait]
impl Sandbox for FailingSandbox {
    async fn exec(&self, command: Command) -> swemill_sandbox::Result<Output> {
        let is_last = command
            .argv
            .iter()
            .any(|word| word.to_string_lossy().contains("echo last"));
        let fails = is_last
            && self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_ok();
        if fails {
            return Err(swemill_sandbox::Error::Gone(
                "the machine was pulled".to_owned(),
            ));
        }
        self.inner.exec(command).await
    }
    async fn write(
        &self,
        path: &std::path::Path,
        bytes: &[u8],
        executable: bool,
    ) -> swemill_sandbox::Result<()> {
        self.inner.write(path, bytes, executable).await
    }
    async fn read(&self, path: &std::path::Path, limit: usize) -> swemill_sandbox::Result<Vec<u8>> {
        self.inner.read(path, limit).await
    }
    async fn fork(&self) -> swemill_sandbox::Result<Box<dyn Sandbox>> {
        self.inner.fork().await
    }
    async fn stop(self: Box<Self>) -> swemill_sandbox::Result<()> {
        self.inner.stop().await
    }
}

#[tokio::test]
async fn a_sandbox_that_ends_is_replaced_and_costs_the_agent_nothing() {
    let dialect = Dialect::SweAgentFunctionCalling;
    let actions = [
        bash("cd shop; echo x > made"),
        bash("ls made; echo last"),
        Action::Submit,
        Action::Submit,
    ];
    let agent = scripted(dialect, answers(dialect, &actions));
    let repository = Repository::new();
    for (failures, survives) in [(0, true), (3, true), (4, false)] {
        let place = Failing {
            place: repository.place().await,
            left: Arc::new(AtomicUsize::new(failures)),
        };
        let outcome = agent.attempt(&task(), &place, &mut Unobserved).await;
        match outcome {
            Ok(trajectory) => {
                assert!(survives);
                assert_eq!(
                    (trajectory.exit, trajectory.spent.steps),
                    (Exit::Submitted, 4)
                );
                assert_eq!(trajectory.steps[1].observations[0].output, "made\nlast\n");
            }
            Err(error) => assert!(
                !survives && matches!(error, AttemptError::Sandbox(_)),
                "{error}"
            ),
        }
    }
}

#[tokio::test]
async fn a_new_sandbox_does_not_let_the_editor_remember_edits_twice() {
    let dialect = Dialect::SweAgentFunctionCalling;
    let undo = Action::Edit(swemill_agent::Edit {
        command: "undo_edit".to_owned(),
        path: "/testbed/shop/price.py".to_owned(),
        ..swemill_agent::Edit::default()
    });
    let edit = replace("price + count", "price * count");
    let actions = [
        edit,
        bash("echo last"),
        undo.clone(),
        undo,
        Action::Submit,
        Action::Submit,
    ];
    let agent = scripted(dialect, answers(dialect, &actions));
    let repository = Repository::new();
    let place = Failing {
        place: repository.place().await,
        left: Arc::new(AtomicUsize::new(1)),
    };
    let trajectory = agent
        .attempt(&task(), &place, &mut Unobserved)
        .await
        .unwrap();
    let undone: Vec<i32> = [2, 3]
        .map(|step: usize| trajectory.steps[step].observations[0].returncode)
        .to_vec();
    assert_eq!(undone, [0, 18]);
}

/// A model that is not there for the first so many queries. A test double.
#[derive(Debug)]
struct Unsteady {
    failures: AtomicUsize,
    inner: swemill_agent::lm::Replay,
}

#[async_trait]
impl Lm for Unsteady {
    fn name(&self) -> &'static str {
        "unsteady"
    }
    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        if self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok()
        {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            return Err(LmError::Unavailable {
                model: "unsteady".to_owned(),
                attempts: 1,
                reason: "no route".to_owned(),
            });
        }
        self.inner.complete(query).await
    }
}

#[tokio::test]
async fn a_model_that_is_away_is_asked_again_and_its_absence_is_not_billed() {
    let dialect = Dialect::MiniFenced;
    let repository = Repository::new();
    let place = repository.place().await;
    for (failures, survives) in [(3, true), (4, false)] {
        let mut agent = scripted(dialect, Vec::new());
        let submit = bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT");
        agent.lm = Arc::new(Unsteady {
            failures: AtomicUsize::new(failures),
            inner: swemill_agent::lm::Replay::new("script", answers(dialect, &[submit])),
        });
        match agent.attempt(&task(), &place, &mut Unobserved).await {
            Ok(trajectory) => {
                assert!(survives);
                assert!(trajectory.spent.lm_seconds < 0.2, "{:?}", trajectory.spent);
                assert_eq!(trajectory.spent.steps, 1);
            }
            Err(error) => assert!(!survives && matches!(error, AttemptError::Lm(_)), "{error}"),
        }
    }
}
