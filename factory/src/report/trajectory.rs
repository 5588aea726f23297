//! A trajectory as the page's template takes it: texts, clipped where they are long.

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;
use swemill_agent::{Step, Trajectory};
use swemill_store::rollouts::Rollout;

use super::outcomes::word;

/// Characters of one text that are shown.
const MOST: usize = 20_000;
/// Characters of an action that stand beside its step.
const MOST_TITLE: usize = 100;

/// A rollout and what it did.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    id: i64,
    campaign: i64,
    instance: String,
    repository: String,
    attempt: i32,
    model: String,
    policy: String,
    outcome: String,
    exit: String,
    tokens: i64,
    cost: f64,
    problem: String,
    steps: Vec<ToldStep>,
    patch: Vec<DiffLine>,
    left_out: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ToldStep {
    number: usize,
    /// The beginning of its first action.
    title: String,
    thought: String,
    malformed: Option<String>,
    actions: Vec<ToldAction>,
    tokens_in: u64,
    tokens_out: u64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct ToldAction {
    action: String,
    output: Option<String>,
    status: i32,
}

#[derive(Debug, Serialize)]
struct DiffLine {
    kind: &'static str,
    text: String,
}

/// What the template needs.
pub(super) fn told(rollout: &Rollout, trajectory: &Trajectory) -> Value {
    let left_out = trajectory.patch.left_out.iter();
    let told = Told {
        id: rollout.id,
        campaign: rollout.campaign_id,
        instance: rollout.instance_id.clone(),
        repository: rollout.repository.clone(),
        attempt: rollout.attempt,
        model: rollout.model.clone(),
        policy: rollout.policy.as_str().to_owned(),
        outcome: word(rollout).to_owned(),
        exit: rollout.exit.clone().unwrap_or_default(),
        tokens: rollout.totals.prompt_tokens + rollout.totals.completion_tokens,
        cost: rollout.totals.cost,
        problem: clipped(&trajectory.task.problem_statement),
        steps: trajectory.steps.iter().map(step).collect(),
        patch: diff(rollout.patch.as_deref().unwrap_or_default()),
        left_out: left_out.map(|left| left.path.clone()).collect(),
    };
    Value::from(Serde(told))
}

fn step(step: &Step) -> ToldStep {
    let observations = step.observations.iter().map(Some);
    let observations = observations.chain(std::iter::repeat(None));
    let actions = step.calls.iter().zip(observations);
    let actions = actions.map(|(call, observation)| ToldAction {
        action: clipped(&call.action.to_shell()),
        output: observation.map(|seen| clipped(seen.submitted.as_ref().unwrap_or(&seen.output))),
        status: observation.map_or(0, |seen| seen.returncode),
    });
    let malformed = step.malformed.as_ref().map(|malformed| {
        let (detail, content) = (&malformed.detail, &step.completion.content);
        clipped(&format!("{detail}\n\n{content}"))
    });
    ToldStep {
        number: step.index + 1,
        title: title(step),
        thought: clipped(step.thought.trim()),
        malformed,
        actions: actions.collect(),
        tokens_in: step.completion.usage.prompt_tokens,
        tokens_out: step.completion.usage.completion_tokens,
        seconds: step.lm_seconds,
    }
}

fn title(step: &Step) -> String {
    let Some(call) = step.calls.first() else {
        return "not understood".to_owned();
    };
    let action = call.action.to_shell();
    let line = action.lines().next().unwrap_or_default();
    match line.char_indices().nth(MOST_TITLE) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

fn diff(patch: &str) -> Vec<DiffLine> {
    let shown = clipped(patch);
    let kind = |line: &str| match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', ..] => "file",
        [b'+', ..] => "added",
        [b'-', ..] => "removed",
        [b'@', ..] => "place",
        _ => "same",
    };
    let lines = shown.lines().map(|line| DiffLine {
        kind: kind(line),
        text: line.to_owned(),
    });
    lines.collect()
}

/// The beginning of a long text, and how much is missing.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => {
            let missing = text[end..].chars().count();
            format!("{}\n[… {missing} more characters]", &text[..end])
        }
    }
}

#[cfg(test)]
impl Told {
    /// Says the same everywhere.
    pub(super) fn saying(text: &str) -> Self {
        let all = || text.to_owned();
        Self {
            id: 1,
            campaign: 1,
            instance: all(),
            repository: all(),
            attempt: 1,
            model: all(),
            policy: all(),
            outcome: all(),
            exit: all(),
            tokens: 0,
            cost: 0.0,
            problem: all(),
            steps: vec![ToldStep {
                number: 1,
                title: all(),
                thought: all(),
                malformed: Some(all()),
                actions: vec![ToldAction {
                    action: all(),
                    output: Some(all()),
                    status: 1,
                }],
                tokens_in: 0,
                tokens_out: 0,
                seconds: 0.0,
            }],
            patch: diff(text),
            left_out: vec![all()],
        }
    }
}
