//! Attempts in a test's store, as rollouts leave them there: nothing is run.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgConnection;
use swemill_agent::lm::Usage;
use swemill_agent::{
    Action, Call, Dialect, Exit, Interface, Message, Observation, Patch, Policy, Spent, Step, Task,
    Trajectory,
};
use swemill_store::candidates::{self, NewCandidate};
use swemill_store::environments::{self, NewEnvironment};
use swemill_store::instances::{self, NewInstance};
use swemill_store::jobs::{self, Claim, NewJob};
use swemill_store::repositories::{self, NewRepository};
use swemill_store::rollouts::attempts::{self, NewRollout};
use swemill_store::rollouts::campaigns::{self, NewCampaign};
use swemill_store::rollouts::finish::{self, Attempted};
use swemill_store::rollouts::steps::{self, NewStep};
use swemill_store::rollouts::{RolloutOutcome, RolloutPolicy};
use swemill_store::sources::{self, NewSource};
use swemill_store::tests::{NewTest, TestStatus};
use swemill_store::{Store, StoreOptions};

use super::Home;

/// An attempt to be in the store.
#[derive(Clone)]
pub(crate) struct Recording {
    /// The name of the repository, of the owner `pypi`; its instance is `NAME.1`.
    pub(crate) repository: &'static str,
    pub(crate) policy: RolloutPolicy,
    pub(crate) attempt: i32,
    /// What the patch adds.
    pub(crate) added: &'static str,
    /// What the agent runs and what that prints.
    pub(crate) command: &'static str,
    pub(crate) output: String,
    /// None leaves it without a grade.
    pub(crate) outcome: Option<RolloutOutcome>,
}

impl Recording {
    /// A model's first attempt, which resolves its instance.
    pub(crate) fn resolved(repository: &'static str) -> Self {
        Self {
            repository,
            policy: RolloutPolicy::Model,
            attempt: 1,
            added: "return price * count",
            command: "cat shop.py",
            output: "return price + count\n".to_owned(),
            outcome: Some(RolloutOutcome::Resolved),
        }
    }

    fn instance(&self) -> String {
        format!("{}.1", self.repository)
    }

    /// The trajectory: one command, then the submission.
    fn trajectory(&self) -> Trajectory {
        let interface = Interface::new(Dialect::SweAgentFunctionCalling, "/testbed", None).unwrap();
        let task = Task {
            instance_id: self.instance(),
            problem_statement: format!("`total` of {} is wrong.", self.repository),
        };
        let command = Action::Bash {
            command: self.command.to_owned(),
        };
        let diff = format!(
            "diff --git a/shop.py b/shop.py\n--- a/shop.py\n+++ b/shop.py\n@@ -1 +1 @@\n-return price + count\n+{}\n",
            self.added
        );
        let steps = [
            (command, self.output.clone()),
            (Action::Submit, diff.clone()),
        ];
        let steps = steps.into_iter().enumerate();
        let steps = steps.map(|(index, (action, output))| step(&interface, index, action, output));
        Trajectory {
            model: self.policy.as_str().to_owned(),
            policy: match self.policy {
                RolloutPolicy::Model => Policy::Model,
                RolloutPolicy::Expert => Policy::Expert,
                RolloutPolicy::Replay => Policy::Replay,
            },
            dialect: interface.dialect(),
            root: interface.root().to_owned(),
            templates: interface.templates_digest().to_owned(),
            tools: interface.schemas().to_vec(),
            opening: interface.opening(&task).unwrap(),
            task,
            steps: steps.collect(),
            elisions: Vec::new(),
            exit: Exit::Submitted,
            spent: Spent::default(),
            patch: Patch {
                text: diff,
                ..Patch::default()
            },
            resolved: None,
        }
    }
}

fn step(interface: &Interface, index: usize, action: Action, output: String) -> Step {
    let id = format!("call_{index}");
    let mut completion = interface.write("Let me see.", &action, &id);
    completion.usage = Usage {
        prompt_tokens: 1000 * (index as u64 + 1),
        completion_tokens: 50,
        cached_tokens: 500,
        cost: 0.01,
    };
    let submitted = (action == Action::Submit).then(|| output.clone());
    let observation = Observation {
        submitted,
        ..Observation::said(output, 0)
    };
    let shown = interface.observation(&action, &observation, 60).unwrap();
    Step {
        index,
        thought: "Let me see.".to_owned(),
        malformed: None,
        calls: vec![Call {
            action,
            id: Some(id.clone()),
        }],
        observations: vec![observation],
        messages: vec![interface.answer(&completion), Message::tool(id, shown)],
        completion,
        lm_seconds: 1.5,
    }
}

impl Home {
    /// Puts attempts into the store; the repositories and instances that they need, too.
    pub(crate) fn record(&self, recordings: &[Recording]) {
        let options = StoreOptions {
            database_url: None,
            home: self.path().to_owned(),
            max_connections: 2,
            fetch_wheel: None,
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&options).await.unwrap();
            let mut known = Vec::new();
            for recording in recordings {
                if !known.contains(&recording.repository) {
                    known.push(recording.repository);
                    add_instance(&store, recording).await;
                }
                add(&store, recording).await;
            }
            store.close().await.unwrap();
        });
    }
}

async fn add_instance(store: &Store, recording: &Recording) {
    let (name, id) = (recording.repository, recording.instance());
    let mut transaction = store.begin().await.unwrap();
    let source = NewSource {
        spec: format!("pypi:{name}==1.0"),
        rev: None,
        options: json!({}),
    };
    let source = sources::add(&mut transaction, &source).await.unwrap().id;
    let repository = NewRepository {
        owner: "pypi".into(),
        name: name.into(),
        commit: "0123456789abcdef0123456789abcdef01234567".into(),
        tree: "tree".into(),
        spec: format!("pypi:{name}==1.0"),
        version: None,
        released: None,
        licence: None,
    };
    let repository = repositories::save(&mut transaction, &repository).await;
    let environment = add_environment(&mut transaction, repository.unwrap(), name).await;
    sources::begin(&mut transaction, source).await.unwrap();
    let candidate = NewCandidate {
        id: id.clone(),
        strategy: "op_swap".into(),
        file: "shop.py".into(),
        entity: "total".into(),
        line: 1,
        patch: "--- a/shop.py\n+++ b/shop.py\n@@ -1 +1 @@\n-return price * count\n+return price + count\n".into(),
        seed: 7,
    };
    let candidates = [candidate];
    let proposed = candidates::add(&mut transaction, source, environment, &candidates).await;
    proposed.unwrap();
    let instance = NewInstance {
        fail_to_pass: vec![0],
        pass_to_pass: vec![1],
        problem_statement: "It is broken.".into(),
        statement_style: "plain".into(),
        confirmations: 1,
        provenance: json!({}),
    };
    let accepted = instances::accept(&mut transaction, &id, &instance, None).await;
    accepted.unwrap();
    transaction.commit().await.unwrap();
}

async fn add_environment(connection: &mut PgConnection, repository: i64, name: &str) -> i64 {
    let environment = NewEnvironment {
        repository_id: repository,
        digest: format!("digest of {name}"),
        recipe: json!({}),
    };
    let tests: Vec<NewTest> = (0..2)
        .map(|number| NewTest {
            node_id: format!("tests/test_shop.py::test_{number}"),
            status: TestStatus::Passed,
            duration_ms: 1.0,
            flaky: false,
            evidence: None,
        })
        .collect();
    let built = environments::save_built(connection, &environment, &json!({}), &tests).await;
    built.unwrap()
}

async fn add(store: &Store, recording: &Recording) {
    let campaign = NewCampaign {
        policy: recording.policy,
        model: recording.policy.as_str().into(),
        interface: Dialect::SweAgentFunctionCalling.name().into(),
        options: json!({}),
    };
    let new = NewRollout {
        instance_id: recording.instance(),
        attempt: recording.attempt,
        seed: 0,
    };
    let job = |id: i64| NewJob::new("recorded", format!("rollout {id}"), json!({"id": id}));
    let mut transaction = store.begin().await.unwrap();
    let campaign = campaigns::add(&mut transaction, &campaign).await.unwrap();
    let added = attempts::add(&mut transaction, campaign, &[new], job).await;
    assert_eq!(added.unwrap().new, 1);
    transaction.commit().await.unwrap();
    let claim = Claim {
        kinds: &["recorded"],
        limit: 1,
        owner: "test",
        lease: Duration::from_mins(1),
    };
    let job = jobs::claim(store.pool(), claim).await.unwrap().remove(0);
    let id = job.payload["id"].as_i64().unwrap();
    let (pool, lease) = (store.pool(), &job.lease);
    attempts::begin(pool, id, lease).await.unwrap();
    let mut trajectory = recording.trajectory();
    for step in std::mem::take(&mut trajectory.steps) {
        let usage = step.completion.usage;
        let new = NewStep {
            index: step.index,
            content: serde_json::to_vec(&step).unwrap(),
            text: step.thought.clone(),
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            cached_tokens: usage.cached_tokens,
            cost: usage.cost,
            lm_seconds: step.lm_seconds,
            ..NewStep::default()
        };
        steps::add(pool, id, &new, lease).await.unwrap();
    }
    let end = Attempted {
        exit: "submitted".into(),
        trajectory: serde_json::to_vec(&trajectory).unwrap(),
        patch: trajectory.model_patch(),
        ..Attempted::default()
    };
    let mut transaction = store.begin().await.unwrap();
    assert!(finish::attempted(&mut transaction, id, &end).await.unwrap());
    if let Some(outcome) = recording.outcome {
        let grade: Value = json!({"outcome": outcome});
        let graded = finish::graded(&mut transaction, id, outcome, &grade).await;
        assert!(graded.unwrap());
    }
    jobs::complete(&mut transaction, lease).await.unwrap();
    transaction.commit().await.unwrap();
}
