//! Long conversations: what is left out, when, and what stays as it was.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use swemill_agent::lm::Replay;
use swemill_agent::{
    Completion, ContextOptions, Dialect, Exit, Lm, LmError, Message, Query, Role, Unobserved, Usage,
};

use crate::support::{Repository, answers, bash, scripted, task};

/// Remembers what it is asked. It answers from a script, and bills a token for four bytes.
#[derive(Debug)]
struct Recorder {
    inner: Replay,
    queries: Mutex<Vec<Vec<Message>>>,
}

#[async_trait]
impl Lm for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }
    async fn complete(&self, query: Query<'_>) -> Result<Completion, LmError> {
        self.queries.lock().unwrap().push(query.messages.to_vec());
        let bytes: usize = query
            .messages
            .iter()
            .map(|message| message.content.len())
            .sum();
        let mut completion = self.inner.complete(query).await?;
        completion.usage = Usage {
            prompt_tokens: bytes as u64 / 4,
            completion_tokens: 10,
            cached_tokens: 0,
            cost: 0.01,
        };
        Ok(completion)
    }
}

const STEPS: usize = 40;

#[tokio::test]
async fn old_observations_are_left_out_in_blocks_and_the_beginning_stays_stable() {
    let dialect = Dialect::SweAgentXml;
    let commands: Vec<_> = (0..STEPS)
        .map(|step| bash(&format!("seq {step} {}", step + 500)))
        .collect();
    let recorder = Arc::new(Recorder {
        inner: Replay::new("script", answers(dialect, &commands)),
        queries: Mutex::default(),
    });
    let mut agent = scripted(dialect, Vec::new());
    agent.lm = recorder.clone();
    agent.limits.steps = STEPS;
    agent.context = ContextOptions {
        most_tokens: Some(8000),
        left: 0.5,
        kept_steps: 3,
    };
    let place = Repository::new();
    let place = place.place().await;
    let trajectory = agent
        .attempt(&task(), &place, &mut Unobserved)
        .await
        .unwrap();
    let queries = recorder.queries.lock().unwrap();
    let mut changes = 0;
    for pair in queries.windows(2) {
        let [before, after] = pair else {
            unreachable!()
        };
        if after[..before.len()] != before[..] {
            changes += 1;
        }
        let bytes: usize = after.iter().map(|message| message.content.len()).sum();
        assert!(bytes / 4 <= 8000, "{} tokens", bytes / 4);
        let kept = after
            .iter()
            .rev()
            .filter(|message| message.role == Role::User)
            .take(3);
        assert!(
            kept.filter(|message| message.content.starts_with("Old environment"))
                .count()
                == 0
        );
    }
    assert_eq!(changes, trajectory.elisions.len());
    assert!(
        (2..=8).contains(&changes),
        "{changes} changes in {STEPS} queries"
    );
    let last = queries.last().unwrap();
    assert_eq!(
        last[3].content,
        "Old environment output: (502 lines omitted)"
    );
    // The record has everything.
    assert!(trajectory.messages()[3].content.contains("\n499\n500"));
}

#[tokio::test]
async fn the_last_observations_are_kept_though_they_do_not_fit() {
    let dialect = Dialect::MiniToolCalls;
    let commands: Vec<_> = (0..6)
        .map(|step| bash(&format!("seq {step}00 {step}99")))
        .collect();
    let recorder = Arc::new(Recorder {
        inner: Replay::new("script", answers(dialect, &commands)),
        queries: Mutex::default(),
    });
    let mut agent = scripted(dialect, Vec::new());
    agent.lm = recorder.clone();
    agent.limits.steps = 6;
    agent.context = ContextOptions {
        most_tokens: Some(1),
        left: 0.5,
        kept_steps: 2,
    };
    let repository = Repository::new();
    let place = repository.place().await;
    agent
        .attempt(&task(), &place, &mut Unobserved)
        .await
        .unwrap();
    let queries = recorder.queries.lock().unwrap();
    let results = queries
        .last()
        .unwrap()
        .iter()
        .filter(|message| message.role == Role::Tool);
    let is_elided: Vec<bool> = results
        .map(|message| message.content.starts_with("Old environment output"))
        .collect();
    assert_eq!(is_elided, [true, true, true, false, false]);
}

#[tokio::test]
async fn each_limit_ends_an_attempt_with_its_own_word() {
    let dialect = Dialect::MiniFenced;
    let commands: Vec<_> = (0..9)
        .map(|step| bash(&format!("echo {step}; sleep 0.3")))
        .collect();
    let place = Repository::new();
    let place = place.place().await;
    for exit in [
        Exit::Steps,
        Exit::Cost,
        Exit::Tokens,
        Exit::Execution,
        Exit::Wall,
    ] {
        let mut agent = scripted(dialect, Vec::new());
        agent.lm = Arc::new(Recorder {
            inner: Replay::new("script", answers(dialect, &commands)),
            queries: Mutex::default(),
        });
        let short = std::time::Duration::from_millis(450);
        match exit {
            Exit::Steps => agent.limits.steps = 2,
            Exit::Cost => agent.limits.cost = Some(0.02),
            Exit::Tokens => agent.limits.tokens = Some(800),
            Exit::Execution => agent.limits.execution = short,
            _ => agent.limits.wall = short,
        }
        let trajectory = agent
            .attempt(&task(), &place, &mut Unobserved)
            .await
            .unwrap();
        assert_eq!(
            (trajectory.exit, trajectory.spent.steps),
            (exit, 2),
            "{:?}",
            trajectory.spent
        );
        assert_eq!(trajectory.model_patch(), "");
    }
}
