//! The client of OpenAI-compatible servers against a small real HTTP server: a double of a model, named as one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use swemill_agent::lm::openai::{Key, OpenAiOptions, Prices};
use swemill_agent::lm::{Class, OpenAi};
use swemill_agent::{Lm, LmError, Message, Query, Role, ToolCall};

/// One answer of the double.
#[derive(Clone)]
enum Reply {
    Says(Value),
    Fails(u16, Option<&'static str>, &'static str),
    Hangs,
}

type Seen = Vec<(Instant, HeaderMap, Value)>;

/// A server that gives prepared answers, and then the last one for ever.
#[derive(Clone)]
struct Double {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Seen>>,
}

async fn reply(State(double): State<Double>, headers: HeaderMap, body: String) -> Response {
    let body = serde_json::from_str(&body).unwrap();
    double
        .seen
        .lock()
        .unwrap()
        .push((Instant::now(), headers, body));
    let reply = {
        let mut replies = double.replies.lock().unwrap();
        match replies.len() {
            1 => replies[0].clone(),
            _ => replies.pop_front().unwrap(),
        }
    };
    match reply {
        Reply::Says(value) => value.to_string().into_response(),
        Reply::Fails(status, wait, text) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), text).into_response();
            if let Some(wait) = wait {
                response
                    .headers_mut()
                    .insert("retry-after", wait.parse().unwrap());
            }
            response
        }
        Reply::Hangs => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            StatusCode::OK.into_response()
        }
    }
}

async fn double(replies: &[Reply]) -> (Double, OpenAiOptions) {
    let double = Double {
        replies: Arc::new(Mutex::new(replies.iter().cloned().collect())),
        seen: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = axum::Router::new()
        .route("/v1/chat/completions", post(reply))
        .with_state(double.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut options = OpenAiOptions::new(format!("http://{address}/v1/"), "double");
    options.first_wait = Duration::from_millis(10);
    options.retries = 2;
    (double, options)
}

fn says(content: &str) -> Reply {
    Reply::Says(json!({
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 400}},
    }))
}

async fn ask(options: OpenAiOptions) -> Result<swemill_agent::Completion, LmError> {
    let messages = [Message::new(Role::User, "Hello?")];
    let query = Query {
        messages: &messages,
        tools: &[],
        step: 0,
        max_tokens: Some(77),
    };
    OpenAi::new(options).unwrap().complete(query).await
}

#[tokio::test]
async fn a_request_carries_the_conversation_the_tools_the_options_and_the_key() {
    let (double, mut options) = double(&[Reply::Says(json!({
        "choices": [{"message": {"content": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"}},
            {"function": {"name": "bash", "arguments": {"command": "pwd"}}},
        ]}, "finish_reason": "tool_calls"}],
    }))]).await;
    options.key = Some(Key("secret".to_owned()));
    options.temperature = Some(0.5);
    options.seed = Some(7);
    options.stop = vec!["</function>".to_owned()];
    options.extra.insert("top_p".to_owned(), json!(0.9));
    assert!(!format!("{options:?}").contains("secret"));
    let call = ToolCall {
        id: "c0".to_owned(),
        name: "bash".to_owned(),
        arguments: "{}".to_owned(),
    };
    let messages = [
        Message {
            tool_calls: vec![call],
            ..Message::new(Role::Assistant, "So?")
        },
        Message::tool("c0", "nothing"),
    ];
    let tools = [json!({"type": "function"})];
    let query = Query {
        messages: &messages,
        tools: &tools,
        step: 0,
        max_tokens: Some(77),
    };
    let completion = OpenAi::new(options).unwrap().complete(query).await.unwrap();
    let calls: Vec<(&str, &str)> = completion
        .tool_calls
        .iter()
        .map(|call| (call.id.as_str(), call.arguments.as_str()))
        .collect();
    assert_eq!(
        calls,
        [
            ("c1", r#"{"command": "ls"}"#),
            ("call_1", r#"{"command":"pwd"}"#)
        ]
    );
    let seen = double.seen.lock().unwrap();
    assert_eq!(seen[0].1["authorization"], "Bearer secret");
    assert_eq!(
        seen[0].2,
        json!({
            "model": "double", "temperature": 0.5, "seed": 7, "stop": ["</function>"], "top_p": 0.9, "max_tokens": 77,
            "tools": [{"type": "function"}],
            "messages": [
                {"role": "assistant", "content": "So?", "tool_calls": [{"id": "c0", "type": "function", "function": {"name": "bash", "arguments": "{}"}}]},
                {"role": "tool", "content": "nothing", "tool_call_id": "c0"},
            ],
        })
    );
}

#[tokio::test]
async fn tokens_are_counted_and_priced() {
    let (_, mut options) = double(&[says("Hello.")]).await;
    options.prices = Prices {
        prompt: 10.0,
        cached: 1.0,
        completion: 100.0,
    };
    let usage = ask(options).await.unwrap().usage;
    assert_eq!(
        (
            usage.prompt_tokens,
            usage.cached_tokens,
            usage.completion_tokens
        ),
        (1000, 400, 10)
    );
    assert!(
        (usage.cost - (600.0 * 10.0 + 400.0 + 10.0 * 100.0) / 1e6).abs() < 1e-12,
        "{usage:?}"
    );
}

#[tokio::test]
async fn failures_that_pass_are_retried_and_the_time_of_the_last_try_alone_is_told() {
    let (double, options) = double(&[
        Reply::Fails(500, None, "oops"),
        Reply::Fails(429, Some("0.5"), "slow down"),
        says("Hello."),
    ])
    .await;
    let begun = Instant::now();
    let completion = ask(options).await.unwrap();
    assert_eq!(completion.content, "Hello.");
    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert!(completion.seconds.unwrap() < 0.4, "{completion:?}");
    let seen = double.seen.lock().unwrap();
    assert!(
        seen[2].0 - seen[1].0 >= Duration::from_millis(500),
        "the server's wish was not heard"
    );
}

#[tokio::test]
async fn every_failure_has_its_type_and_its_class() {
    let cases = [
        (Reply::Fails(503, None, "away"), 3, Class::Infra),
        (
            Reply::Fails(401, None, r#"{"error": {"message": "no such key"}}"#),
            1,
            Class::Infra,
        ),
        (
            Reply::Fails(
                400,
                None,
                r#"{"error": {"message": "long", "code": "context_length_exceeded"}}"#,
            ),
            1,
            Class::Agent,
        ),
        (
            Reply::Fails(
                400,
                None,
                r#"{"object": "error", "message": "This model's maximum context length is 8 tokens"}"#,
            ),
            1,
            Class::Agent,
        ),
        (Reply::Says(json!({"choices": []})), 3, Class::Infra),
        (Reply::Hangs, 3, Class::Infra),
    ];
    for (index, (reply, tries, class)) in cases.into_iter().enumerate() {
        let (double, mut options) = double(&[reply]).await;
        options.timeout = Duration::from_millis(200);
        let error = ask(options).await.unwrap_err();
        assert_eq!(
            (error.class(), double.seen.lock().unwrap().len()),
            (class, tries),
            "{error}"
        );
        let is_right = match index {
            0 => {
                matches!(error, LmError::Unavailable { attempts: 3, .. })
                    && error.to_string().contains("status 503: away")
            }
            1 => {
                matches!(&error, LmError::Refused { status: 401, reason, .. } if reason == "no such key")
            }
            2 | 3 => matches!(error, LmError::ContextOverflow { .. }),
            4 => matches!(error, LmError::Unreadable { .. }),
            _ => matches!(error, LmError::TimedOut { .. }),
        };
        assert!(is_right, "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_so() {
    let (_, mut options) = double(&[says("")]).await;
    options.base_url = "http://127.0.0.1:9/v1".to_owned();
    let error = ask(options).await.unwrap_err();
    assert!(
        matches!(&error, LmError::Unavailable { attempts: 3, reason, .. } if reason.to_lowercase().contains("refused")),
        "{error}"
    );
}

#[tokio::test]
async fn requests_keep_to_their_pace() {
    let (double, mut options) = double(&[says("Hello.")]).await;
    options.requests_a_minute = Some(600);
    let client = OpenAi::new(options).unwrap();
    let messages = [Message::new(Role::User, "Hello?")];
    let query = Query {
        messages: &messages,
        tools: &[],
        step: 0,
        max_tokens: None,
    };
    let (one, two, three) = tokio::join!(
        client.complete(query),
        client.complete(query),
        client.complete(query)
    );
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    let seen = double.seen.lock().unwrap();
    assert!(
        seen[2].0 - seen[0].0 >= Duration::from_millis(190),
        "three requests came at once"
    );
}
