//! `POST /v1/chat/completions`.

mod answer;
mod choice;
mod chunks;
mod request;
mod tools;

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};

use self::{chunks::ChatChunks, request::ChatRequest};
use super::{ApiError, Service, body::Json, choices::Choices, identity, service::aside, streaming};
use crate::{Host, engine::Request};

/// What every chunk and the whole answer say of themselves.
#[derive(Debug, Clone)]
struct Header {
    id: String,
    created: u64,
    model: String,
}

/// The names of the tools whose calls are looked for in the answer; none when calls stay text.
type Offered = Option<Vec<String>>;

/// Answers a conversation.
pub(super) async fn complete(
    State(service): State<Service>,
    Json(request): Json<ChatRequest>,
) -> Result<Response, ApiError> {
    let host = service.host(&request.model)?;
    let most = service.options().choices;
    request.parameters.check_choices(1, most)?;
    let streams = request.parameters.streams();
    let streams_usage = request.parameters.streams_usage();
    let header = Header {
        id: identity::name("chatcmpl-"),
        created: identity::now(),
        model: request.model.clone(),
    };
    let preparing = Arc::clone(&host);
    let (requests, calls) = aside(move || prepare(&preparing, &request)).await?;
    let choices = Choices::submit(&host, requests)?;
    if streams {
        let chunks = ChatChunks::new(header, &host, choices.count(), &calls, streams_usage);
        return Ok(streaming::respond(choices, chunks).await);
    }
    let answer = answer::whole(header, &host, choices, calls).await?;
    Ok(axum::Json(answer).into_response())
}

/// Everything that takes the processor: the template, tokens, the grammar. Also says which calls are to be looked for.
fn prepare(host: &Host, request: &ChatRequest) -> Result<(Vec<Request>, Offered), ApiError> {
    let plan = request.plan(host)?;
    let prompt = host.chat_prompt(&plan.conversation)?;
    let max_tokens = request.max_tokens();
    let logprobs = request.logprobs()?;
    let one = |choice| {
        let grammar = plan.constraint.as_ref();
        let grammar = grammar
            .map(|constraint| host.grammar(constraint))
            .transpose()
            .map_err(|error| ApiError::invalid(plan.field, error.to_string()))?;
        let mut one =
            request
                .parameters
                .request(prompt.clone(), max_tokens, logprobs, grammar, choice)?;
        one.stop.extend(plan.stop.map(str::to_owned));
        Ok(one)
    };
    let requests = (0..request.parameters.n()).map(one);
    Ok((requests.collect::<Result<_, ApiError>>()?, plan.calls))
}
