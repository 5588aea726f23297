//! `POST /v1/step`: carry out what the policy answered.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use swemill_agent::{Observation, Step, Usage};
use utoipa::ToSchema;

use super::Failure;
use super::message::{AssistantMessage, ChatMessage, told};
use super::refusals::Refusals;
use crate::episodes::{Answer, Broken, StepAsked, Stepped};
use crate::serve::ApiError;
use crate::serve::body::Body;
use crate::serve::state::Served;

/// Steps to take at one time, each in another episode.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct StepRequest {
    steps: Vec<StepWanted>,
}

/// An answer of the policy: a `message`, or a raw `command`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepWanted {
    /// The episode
    episode_id: String,
    /// The assistant's message, read in the notation of the episode's interface
    #[serde(default)]
    message: Option<AssistantMessage>,
    /// A command for bash instead; it is written in the notation first, as a model would have
    #[serde(default)]
    command: Option<String>,
    /// Why the answer ended, as the model's server says (`stop`, `length`, `tool_calls`)
    #[serde(default)]
    finish_reason: Option<String>,
    /// Seconds that the answer took; they count toward `wall_seconds` (0)
    #[serde(default)]
    seconds: f64,
    /// Tokens of the query; they count toward `tokens` (0)
    #[serde(default)]
    prompt_tokens: u64,
    /// Tokens of the answer; they count toward `tokens` (0)
    #[serde(default)]
    completion_tokens: u64,
}

/// What came of the steps, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct StepResponse {
    steps: Vec<StepTaken>,
}

/// What came of a step.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct StepTaken {
    /// The episode
    episode_id: String,
    /// Steps that the episode has taken; 0 if the machinery failed
    step: usize,
    /// What the conversation gained: add it as it is. The assistant's own message comes first, unless the interface forgets
    /// it (mini-swe-agent does so with malformed ones)
    messages: Vec<ChatMessage>,
    /// What was carried out
    actions: Vec<ActionTaken>,
    /// Why the answer was not understood. It cost a step, and `messages` tell the policy
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed: Option<MalformedAnswer>,
    /// Whether the episode is over
    done: bool,
    /// How it ended: `submitted`, a limit (`steps`, `wall`, `tokens`, `malformed`, `command_timeouts`, `execution`,
    /// `repeated`), or `infra` if the machinery failed
    reason: Option<String>,
    /// Seconds that commands took
    execution_seconds: f64,
    /// What happened to the machinery
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// An action that was carried out.
#[derive(Debug, Serialize, ToSchema)]
struct ActionTaken {
    /// As a line for a shell
    command: String,
    /// The exit status; negative when there was none
    returncode: i32,
    /// Whether it was ended at the time limit
    timed_out: bool,
    /// Seconds that it took
    seconds: f64,
}

/// An answer that was not understood.
#[derive(Debug, Serialize, ToSchema)]
struct MalformedAnswer {
    /// The kind: `missing`, `multiple`, `invalid_command`, `invalid_json`, `missing_arg`, `unexpected_arg`, `syntax`, `blocked`
    fault: &'static str,
    /// What is wrong
    detail: String,
}

/// Take a step in each of many episodes
///
/// All steps are taken at one time, as far as there are processors. A step that was begun is taken to its end though the
/// client leaves; `GET /v1/episodes/{episode_id}` shows it. Malformed answers, circles, limits and dead sandboxes are handled as
/// in rollouts: docs/ROLLOUTS.md.
#[utoipa::path(post, path = "/v1/step", tag = "episodes", request_body = StepRequest,
    responses((status = 200, description = "What came of the steps, in the order of the request", body = StepResponse), Refusals))]
pub(in crate::serve) async fn step(
    State(served): State<Served>,
    Body(request): Body<StepRequest>,
) -> Result<Json<StepResponse>, ApiError> {
    let asked: Result<Vec<StepAsked>, ApiError> =
        request.steps.into_iter().map(StepWanted::asked).collect();
    let taken = served.episodes.step(asked?).await?;
    let steps = taken.into_iter().map(|taken| match taken {
        Ok(stepped) => StepTaken::from(&stepped),
        Err(broken) => StepTaken::from(broken),
    });
    Ok(Json(StepResponse {
        steps: steps.collect(),
    }))
}

impl StepWanted {
    fn asked(self) -> Result<StepAsked, ApiError> {
        if !(self.seconds.is_finite() && self.seconds >= 0.0) {
            let message = format!("`seconds` is no time: {}", self.seconds);
            return Err(ApiError::invalid("seconds", message));
        }
        let answer = match (self.message, self.command) {
            (Some(message), None) => {
                let mut completion = message.into_completion()?;
                completion.finish_reason = self.finish_reason.unwrap_or_default();
                completion.usage = Usage {
                    prompt_tokens: self.prompt_tokens,
                    completion_tokens: self.completion_tokens,
                    ..Usage::default()
                };
                Answer::Message(completion)
            }
            (None, Some(command)) => Answer::Command(command),
            _ => {
                let message = "a step has either `message` or `command`";
                return Err(ApiError::invalid("message", message));
            }
        };
        Ok(StepAsked {
            episode_id: self.episode_id,
            answer,
            seconds: self.seconds,
        })
    }
}

impl From<&Stepped> for StepTaken {
    fn from(stepped: &Stepped) -> Self {
        let Stepped {
            episode_id,
            step,
            exit,
        } = stepped;
        Self {
            episode_id: episode_id.clone(),
            step: step.index + 1,
            messages: told(&step.messages),
            actions: actions(step),
            malformed: step.malformed.as_ref().map(|malformed| MalformedAnswer {
                fault: malformed.fault.code(),
                detail: malformed.detail.clone(),
            }),
            done: exit.is_some(),
            reason: exit.and_then(|exit| json!(exit).as_str().map(str::to_owned)),
            execution_seconds: step.execution_seconds(),
            error: None,
        }
    }
}

impl From<Broken> for StepTaken {
    fn from(broken: Broken) -> Self {
        Self {
            episode_id: broken.episode_id,
            done: true,
            reason: Some("infra".to_owned()),
            error: Some(Failure::infra(broken.reason)),
            ..Self::default()
        }
    }
}

fn actions(step: &Step) -> Vec<ActionTaken> {
    let taken = step.calls.iter().zip(&step.observations);
    taken
        .map(|(call, observation)| {
            let Observation {
                returncode,
                timed_out,
                seconds,
                ..
            } = *observation;
            ActionTaken {
                command: call.action.to_shell(),
                returncode,
                timed_out,
                seconds,
            }
        })
        .collect()
}
