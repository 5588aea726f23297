//! When the sandbox of an attempt starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use swemill_agent::interface::Dialect;
use swemill_agent::patch::Untouched;
use swemill_agent::{
    Agent, Completion, Exit, Lm, LmError, Place, Policy, Query, SandboxPlace, Unobserved,
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

/// A model that answers its first question when the sandbox is about to start.
#[derive(Debug)]
struct Met {
    lm: Arc<dyn Lm>,
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
        if query.step == 0 {
            self.both.wait().await;
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
