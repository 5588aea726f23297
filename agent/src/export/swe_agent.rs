//! SWE-agent's `<instance>.traj`: what its inspector, its trajectory tools and SWE-smith's collector read.

use serde_json::{Value, json};

use super::{actions, printed, shown};
use crate::message::{Message, Role};
use crate::trajectory::{Step, Trajectory};

/// Makes the document, in the form of SWE-agent 1.1 and later (`query` instead of `messages`).
pub fn trajectory(trajectory: &Trajectory) -> Value {
    let history = history(trajectory);
    let mut queried = trajectory.opening.len();
    let steps = trajectory.steps.iter().map(|step| {
        let query = &history[..queried];
        queried += step.messages.len();
        json!({
            "action": actions(step),
            "observation": printed_or_told(step),
            "response": step.completion.content,
            "thought": thought(step),
            "execution_time": step.observations.iter().map(|result| result.seconds).sum::<f64>(),
            "state": {"working_dir": trajectory.root},
            "query": query,
            "extra_info": {},
        })
    });
    let steps: Vec<Value> = steps.collect();
    json!({
        "trajectory": steps,
        "history": history,
        "info": {
            "model_stats": {
                "instance_cost": trajectory.spent.usage.cost,
                "tokens_sent": trajectory.spent.usage.prompt_tokens,
                "tokens_received": trajectory.spent.usage.completion_tokens,
                "api_calls": trajectory.spent.steps,
            },
            "exit_status": trajectory.swe_agent_exit_status(),
            "submission": trajectory.model_patch(),
            "swemill": super::atif::marks(trajectory),
        },
        // A JSON document as text: SWE-agent reads it so.
        "replay_config": json!({
            "agent": {"model": {"name": super::predictions::name(trajectory)}},
            "problem_statement": {
                "type": "text",
                "id": trajectory.task.instance_id,
                "text": trajectory.task.problem_statement,
            },
        })
        .to_string(),
        "environment": "swemill",
    })
}

fn thought(step: &Step) -> &str {
    match step.malformed {
        Some(_) => &step.completion.content,
        None => &step.thought,
    }
}

fn printed_or_told(step: &Step) -> String {
    match step.malformed {
        Some(_) => shown(step),
        None => printed(step),
    }
}

/// The conversation in SWE-agent's history items, of which queries are made, too. Content of observations is a list of
/// parts and answers have their thought and action apart, as SWE-smith's converters want it.
fn history(trajectory: &Trajectory) -> Vec<Value> {
    let mut items: Vec<Value> = trajectory
        .opening
        .iter()
        .map(|message| {
            let mut item = item(message);
            if message.role == Role::System {
                item["message_type"] = json!("system_prompt");
            } else {
                item["content"] = parts(&message.content);
                item["message_type"] = json!("observation");
            }
            item
        })
        .collect();
    for step in &trajectory.steps {
        for message in &step.messages {
            let mut item = item(message);
            if message.role == Role::Assistant {
                item["message_type"] = json!("action");
                item["thought"] = json!(thought(step));
                item["action"] = json!(actions(step));
            } else {
                item["content"] = parts(&message.content);
                item["message_type"] = json!("observation");
                if let Some(id) = &message.tool_call_id {
                    item["tool_call_ids"] = json!([id]);
                }
            }
            items.push(item);
        }
    }
    items
}

fn item(message: &Message) -> Value {
    let mut item = message.to_openai();
    item["agent"] = json!("main");
    item
}

fn parts(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}
