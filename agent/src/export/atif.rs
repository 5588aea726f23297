//! ATIF, the agent trajectory interchange format of Harbor, version 1.7.

use serde_json::{Value, json};

use crate::message::{Message, Role};
use crate::trajectory::{Step, Trajectory};

/// The version that is written.
pub const SCHEMA: &str = "ATIF-v1.7";

/// Makes the document. `session` names the attempt.
pub fn trajectory(trajectory: &Trajectory, session: &str) -> Value {
    let opening = trajectory.opening.iter().map(|message| {
        let source = match message.role {
            Role::System => "system",
            _ => "user",
        };
        json!({"source": source, "message": message.content})
    });
    let steps = trajectory
        .steps
        .iter()
        .flat_map(|step| step_documents(trajectory, step));
    let numbered = opening.chain(steps).enumerate().map(|(index, mut step)| {
        step["step_id"] = json!(index + 1);
        step
    });
    let steps: Vec<Value> = numbered.collect();
    let usage = &trajectory.spent.usage;
    json!({
        "schema_version": SCHEMA,
        "session_id": session,
        "agent": {
            "name": "swemill",
            "version": env!("CARGO_PKG_VERSION"),
            "model_name": super::predictions::name(trajectory),
            "tool_definitions": trajectory.tools,
            "extra": marks(trajectory),
        },
        "final_metrics": {
            "total_prompt_tokens": usage.prompt_tokens,
            "total_completion_tokens": usage.completion_tokens,
            "total_cached_tokens": usage.cached_tokens,
            "total_cost_usd": usage.cost,
            "total_steps": steps.len(),
        },
        "steps": steps,
        "extra": {
            "instance_id": trajectory.task.instance_id,
            "exit": trajectory.exit,
            "patch": trajectory.model_patch(),
            "resolved": trajectory.resolved,
        },
    })
}

/// An answer with what came of it; what was told of a malformed one is the user's step.
fn step_documents(trajectory: &Trajectory, step: &Step) -> Vec<Value> {
    let usage = &step.completion.usage;
    let mut answer = json!({
        "source": "agent",
        "model_name": super::predictions::name(trajectory),
        "message": step.completion.content,
        "metrics": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
            "cost_usd": usage.cost,
        },
        "extra": {"trained_on": step.malformed.is_none()},
    });
    if let Some(malformed) = &step.malformed {
        answer["extra"]["malformed"] = json!(malformed);
        let told = step.messages.last().map(|message| message.content.as_str());
        return vec![answer, json!({"source": "user", "message": told})];
    }
    let id = |index: usize| {
        let call = step.calls.get(index).and_then(|call| call.id.clone());
        call.unwrap_or_else(|| format!("call_{}_{index}", step.index))
    };
    let calls = step.calls.iter().enumerate().map(|(index, call)| {
        let (name, arguments) = crate::interface::render::tool(&call.action);
        let arguments: serde_json::Map<String, Value> = arguments
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        json!({"tool_call_id": id(index), "function_name": name, "arguments": arguments})
    });
    answer["tool_calls"] = calls.collect();
    let is_result = |message: &&Message| message.role != Role::Assistant;
    let results = step.messages.iter().filter(is_result).enumerate();
    let results = results
        .map(|(index, message)| json!({"source_call_id": id(index), "content": message.content}));
    let results: Vec<Value> = results.collect();
    if !results.is_empty() {
        answer["observation"] = json!({"results": results});
    }
    vec![answer]
}

/// What every export says of its origin.
pub(super) fn marks(trajectory: &Trajectory) -> Value {
    json!({
        "policy": trajectory.policy.as_str(),
        "dialect": trajectory.dialect,
        "templates_sha256": trajectory.templates,
        "exit": trajectory.exit,
        "resolved": trajectory.resolved,
        "elisions": trajectory.elisions,
        "patch_left_out": trajectory.patch.left_out,
        "loss_spans": trajectory.loss_spans(),
    })
}
