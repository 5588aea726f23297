//! mini-swe-agent's `<instance>.traj.json`, format `mini-swe-agent-1.1`: what its inspector opens.

use serde_json::{Value, json};

use super::printed;
use crate::limits::Exit;
use crate::message::{Message, Role};
use crate::trajectory::{Step, Trajectory};

/// Makes the document. It has no times of day: trajectories of equal attempts are equal.
pub fn trajectory(trajectory: &Trajectory) -> Value {
    let mut messages: Vec<Value> = trajectory.opening.iter().map(Message::to_openai).collect();
    for step in &trajectory.steps {
        messages.extend(step_messages(step));
    }
    let status = trajectory.exit.mini();
    let submission = trajectory.model_patch();
    messages.push(json!({
        "role": "exit",
        "content": match trajectory.exit {
            Exit::Submitted => submission.as_str(),
            _ => status,
        },
        "extra": {"exit_status": status, "submission": submission},
    }));
    json!({
        "info": {
            "model_stats": {
                "instance_cost": trajectory.spent.usage.cost,
                "api_calls": trajectory.spent.steps,
            },
            "config": {
                "agent": {"templates_sha256": trajectory.templates, "dialect": trajectory.dialect},
                "agent_type": "swemill",
                "model": {"model_name": super::predictions::name(trajectory)},
                "model_type": format!("swemill.{}", trajectory.policy.as_str()),
                "environment": {"cwd": trajectory.root},
                "environment_type": "swemill.sandbox",
            },
            "mini_version": "2",
            "exit_status": status,
            "submission": submission,
        },
        "messages": messages,
        "trajectory_format": "mini-swe-agent-1.1",
        "instance_id": trajectory.task.instance_id,
        "swemill": super::atif::marks(trajectory),
    })
}

/// A step's messages with what mini-swe-agent keeps beside them.
fn step_messages(step: &Step) -> Vec<Value> {
    let mut results = step.observations.iter();
    let messages = step.messages.iter();
    messages
        .map(|message| {
            let mut value = message.to_openai();
            value["extra"] = match (message.role, &step.malformed) {
                (Role::Assistant, None) => json!({
                    "actions": actions(step),
                    "cost": step.completion.usage.cost,
                    "response": step.completion,
                }),
                (Role::Assistant, Some(_)) => json!({"actions": []}),
                (_, Some(malformed)) => json!({
                    "interrupt_type": "FormatError",
                    "n_actions": malformed.found,
                    "model_response": step.completion.content,
                    "response": step.completion,
                    "cost": step.completion.usage.cost,
                }),
                (_, None) => match results.next() {
                    Some(result) => json!({
                        "raw_output": result.output,
                        "returncode": result.returncode,
                        "exception_info": result.exception.as_deref().unwrap_or_default(),
                    }),
                    None => json!({"raw_output": printed(step)}),
                },
            };
            value
        })
        .collect()
}

fn actions(step: &Step) -> Vec<Value> {
    let calls = step.calls.iter();
    calls
        .map(|call| {
            let command = crate::interface::render::shell(&call.action);
            match &call.id {
                Some(id) => json!({"command": command, "tool_call_id": id}),
                None => json!({"command": command}),
            }
        })
        .collect()
}
