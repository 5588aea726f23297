//! `swemill rollouts ID`: a trajectory to read.

use std::fmt::Write as _;

use anyhow::bail;
use serde_json::json;
use swemill_agent::{Action, Step, Trajectory};
use swemill_store::rollouts::read;

use super::row;
use crate::cli::output::Output;
use crate::rollouts::trajectories;
use crate::service::Service;

/// Lines of an observation that are shown unless all are asked for.
const SHOWN: usize = 20;

pub(super) async fn run(
    id: i64,
    full: bool,
    service: &Service,
    output: &Output,
) -> anyhow::Result<()> {
    let Some(rollout) = read::get(service.pool(), id).await? else {
        bail!("there is no rollout {id}; `swemill rollouts` lists all");
    };
    let trajectory = trajectories::get(service.pool(), id).await?;
    if output.is_json() {
        return output.document(&json!({ "rollout": rollout, "trajectory": trajectory }));
    }
    output.line(row(&rollout, output));
    if let Some(reason) = &rollout.restart_reason {
        output.line(format_args!("begun anew: {reason}"));
    }
    let Some(trajectory) = trajectory else {
        output.line("it has no trajectory yet");
        return Ok(());
    };
    output.line(format_args!(
        "\n{}",
        trajectory.task.problem_statement.trim_end()
    ));
    for step in &trajectory.steps {
        show(step, &trajectory, full, output);
    }
    output.line(format_args!("\n{}", output.bold("Patch")));
    output.line(rollout.patch.as_deref().unwrap_or_default());
    for left in &trajectory.patch.left_out {
        let reason = json!(left.reason);
        output.line(format_args!(
            "left out: {} ({})",
            left.path,
            reason.as_str().unwrap_or_default()
        ));
    }
    Ok(())
}

fn show(step: &Step, trajectory: &Trajectory, full: bool, output: &Output) {
    let usage = &step.completion.usage;
    output.line(format_args!(
        "\n{} of {}  {} tokens in, {} out, {:.1} s",
        output.bold(format_args!("Step {}", step.index + 1)),
        trajectory.steps.len(),
        usage.prompt_tokens,
        usage.completion_tokens,
        step.lm_seconds
    ));
    if !step.thought.trim().is_empty() {
        output.line(step.thought.trim());
    }
    if let Some(malformed) = &step.malformed {
        output.line(output.bad(format_args!("not understood: {}", malformed.detail)));
        output.line(clipped(&step.completion.content, full));
    }
    let observations = step.observations.iter().map(Some);
    let observations = observations.chain(std::iter::repeat(None));
    for (call, observation) in step.calls.iter().zip(observations) {
        output.line(output.bold(format_args!("> {}", action(&call.action))));
        let Some(observation) = observation else {
            continue;
        };
        let text = observation
            .submitted
            .as_ref()
            .unwrap_or(&observation.output);
        if !text.trim().is_empty() {
            output.line(clipped(text, full));
        }
        if observation.returncode != 0 {
            output.line(output.bad(format_args!("exit status {}", observation.returncode)));
        }
    }
}

fn action(action: &Action) -> String {
    match action {
        Action::Bash { command } => command.trim_end().to_owned(),
        Action::Submit => "submit".to_owned(),
        Action::Edit(edit) => {
            let mut text = format!("{} {}", edit.command, edit.path);
            if let Some((first, last)) = edit.view_range {
                let _ = write!(text, " {first} to {last}");
            }
            for (mark, part) in [
                ('-', &edit.old_str),
                ('+', &edit.new_str),
                ('+', &edit.file_text),
            ] {
                for line in part.iter().flat_map(|part| part.lines()) {
                    let _ = write!(text, "\n{mark}{line}");
                }
            }
            text
        }
    }
}

/// The beginning of a long text.
fn clipped(text: &str, full: bool) -> String {
    let text = text.trim_end();
    let lines = text.lines().count();
    if full || lines <= SHOWN {
        return text.to_owned();
    }
    let shown: Vec<&str> = text.lines().take(SHOWN).collect();
    format!(
        "{}\n[… {} more lines; --full shows them]",
        shown.join("\n"),
        lines - SHOWN
    )
}
