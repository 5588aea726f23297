//! `POST /v1/completions`: going on from texts.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ApiError, Service, body::Json, choices::Choices, identity, logprobs::CompletionLogProbs,
    parameters::Parameters, service::aside, streaming, streaming::Chunks, usage::UsageSum,
};
use crate::{
    Host,
    engine::{Event, Reason, Request, Token, Vocabulary},
};

/// `OpenAI`'s default length of a completion.
const MAX_TOKENS: usize = 16;

/// The body of a request.
#[derive(Debug, Deserialize)]
pub(super) struct CompletionRequest {
    model: String,
    prompt: Prompt,
    max_tokens: Option<usize>,
    logprobs: Option<usize>,
    echo: Option<bool>,
    suffix: Option<String>,
    best_of: Option<usize>,
    #[serde(flatten)]
    parameters: Parameters,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Prompt {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    Lists(Vec<Vec<u32>>),
}

/// Goes on from one prompt or several.
pub(super) async fn complete(
    State(service): State<Service>,
    Json(request): Json<CompletionRequest>,
) -> Result<Response, ApiError> {
    let host = service.host(&request.model)?;
    request.check(service.options().choices)?;
    let parameters = request.parameters.clone();
    let mut writing = Writing {
        id: identity::name("cmpl-"),
        created: identity::now(),
        model: request.model.clone(),
        vocabulary: Arc::clone(host.engine().vocabulary()),
        answers: parameters.n(),
        offsets: Vec::new(),
        usage: UsageSum::default(),
        streams_usage: parameters.streams_usage(),
    };
    let preparing = Arc::clone(&host);
    let requests = aside(move || request.prepare(&preparing)).await?;
    let choices = Choices::submit(&host, requests)?;
    writing.offsets = vec![0; choices.count()];
    if parameters.streams() {
        return Ok(streaming::respond(choices, writing).await);
    }
    let answer = writing.whole(choices).await?;
    Ok(axum::Json(answer).into_response())
}

impl CompletionRequest {
    fn check(&self, most: usize) -> Result<(), ApiError> {
        let unsupported = |param| {
            let message = format!("`{param}` is not supported by this server; leave it out");
            Err(ApiError::invalid(param, message))
        };
        if self.echo == Some(true) {
            return unsupported("echo");
        }
        if self.suffix.as_ref().is_some_and(|it| !it.is_empty()) {
            return unsupported("suffix");
        }
        if self.best_of.is_some_and(|it| it != self.parameters.n()) {
            return unsupported("best_of");
        }
        let prompts = match &self.prompt {
            Prompt::Texts(texts) => texts.len(),
            Prompt::Lists(lists) => lists.len(),
            Prompt::Text(_) | Prompt::Tokens(_) => 1,
        };
        if prompts == 0 {
            return Err(ApiError::invalid(
                "prompt",
                "the prompt is empty; give at least one text",
            ));
        }
        self.parameters.check_choices(prompts, most)
    }

    fn prepare(self, host: &Host) -> Result<Vec<Request>, ApiError> {
        let prompts = match self.prompt {
            Prompt::Text(text) => vec![host.text_prompt(&text)?],
            Prompt::Texts(texts) => texts
                .iter()
                .map(|text| host.text_prompt(text))
                .collect::<Result<_, _>>()?,
            Prompt::Tokens(tokens) => vec![tokens],
            Prompt::Lists(lists) => lists,
        };
        let max_tokens = self.max_tokens.unwrap_or(MAX_TOKENS);
        let mut requests = Vec::new();
        for prompt in prompts {
            for choice in 0..self.parameters.n() {
                requests.push(self.parameters.request(
                    prompt.clone(),
                    max_tokens,
                    self.logprobs,
                    None,
                    choice,
                )?);
            }
        }
        Ok(requests)
    }
}

/// Turns events into `text_completion`s.
struct Writing {
    id: String,
    created: u64,
    model: String,
    vocabulary: Arc<Vocabulary>,
    /// Answers that each prompt gets.
    answers: usize,
    /// Characters of each choice so far.
    offsets: Vec<usize>,
    usage: UsageSum,
    streams_usage: bool,
}

impl Writing {
    fn object(&self, choices: &[Value]) -> Value {
        json!({
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        })
    }

    fn log(&mut self, index: usize, token: &Token, into: &mut CompletionLogProbs) {
        into.push(token, self.offsets[index], &self.vocabulary);
        self.offsets[index] += token.text.chars().count();
    }

    async fn whole(mut self, mut choices: Choices) -> Result<Value, ApiError> {
        let mut texts = vec![String::new(); choices.count()];
        let mut finishes = vec![Value::Null; choices.count()];
        let mut logprobs: Vec<CompletionLogProbs> = Vec::new();
        logprobs.resize_with(choices.count(), CompletionLogProbs::default);
        while let Some((index, event)) = choices.next().await {
            match event {
                Event::Token(token) => {
                    self.log(index, &token, &mut logprobs[index]);
                    texts[index].push_str(&token.text);
                }
                Event::Done(done) => {
                    texts[index].push_str(&done.text);
                    finishes[index] = json!(finish(&done.reason));
                    self.usage
                        .add(done.usage, !index.is_multiple_of(self.answers));
                }
                Event::Failed(error) => return Err(error.into()),
            }
        }
        let parts = texts.into_iter().zip(finishes).zip(logprobs);
        let choices: Vec<Value> = (0usize..)
            .zip(parts)
            .map(|(index, ((text, finish), logprobs))| choice(index, &text, &logprobs, &finish))
            .collect();
        let mut answer = self.object(&choices);
        answer["usage"] = self.usage.json();
        Ok(answer)
    }
}

impl Chunks for Writing {
    fn of_event(&mut self, index: usize, event: Event) -> Vec<Value> {
        let mut logprobs = CompletionLogProbs::default();
        let (text, finish) = match event {
            Event::Token(token) => {
                self.log(index, &token, &mut logprobs);
                (token.text, Value::Null)
            }
            Event::Done(done) => {
                self.usage
                    .add(done.usage, !index.is_multiple_of(self.answers));
                (done.text, json!(finish(&done.reason)))
            }
            Event::Failed(_) => return Vec::new(),
        };
        let logs = logprobs.json();
        if text.is_empty() && finish.is_null() && logs.is_null() {
            return Vec::new();
        }
        let mut chunk = self.object(&[choice(index, &text, &logprobs, &finish)]);
        if self.streams_usage {
            chunk["usage"] = Value::Null;
        }
        vec![chunk]
    }

    fn last(&mut self) -> Option<Value> {
        let mut chunk = self.object(&[]);
        chunk["usage"] = self.usage.json();
        self.streams_usage.then_some(chunk)
    }
}

fn choice(index: usize, text: &str, logprobs: &CompletionLogProbs, finish: &Value) -> Value {
    json!({"index": index, "text": text, "logprobs": logprobs.json(), "finish_reason": finish})
}

fn finish(reason: &Reason) -> &'static str {
    match reason {
        Reason::Length => "length",
        _ => "stop",
    }
}
