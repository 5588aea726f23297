//! Requests that make no sense, one by one: each gets `OpenAI`'s form of error, and the server goes on.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::support::{chat, json_of, plain, settings, start};
use crate::server::ServerOptions;

async fn error(response: reqwest::Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = json_of(response).await;
    let error = &body["error"];
    assert!(
        error["message"].as_str().is_some_and(|it| !it.is_empty()),
        "{body}"
    );
    assert!(error["type"].is_string(), "{body}");
    (status, error.clone())
}

#[tokio::test]
async fn fields_of_chats_that_make_no_sense_are_refused_by_name() {
    let server = plain(|_| ()).await;
    let tool = |name: &str| json!([{"type": "function", "function": {"name": name}}]);
    for (more, param) in [
        (json!({"messages": []}), "messages"),
        (
            json!({"messages": [{"role": "king", "content": "x"}]}),
            "messages",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}),
            "messages",
        ),
        (json!({"temperature": -1}), "temperature"),
        (json!({"temperature": 1e30}), "temperature"),
        (json!({"top_p": 0}), "top_p"),
        (json!({"min_p": 2}), "min_p"),
        (json!({"repetition_penalty": 0}), "repetition_penalty"),
        (json!({"presence_penalty": 9}), "presence_penalty"),
        (json!({"frequency_penalty": -9}), "frequency_penalty"),
        (json!({"logit_bias": {"5": 500}}), "logit_bias"),
        (json!({"logit_bias": {"five": 1}}), "logit_bias"),
        (json!({"logit_bias": {"99999": 1}}), "logit_bias"),
        (
            json!({"logprobs": true, "top_logprobs": 50}),
            "top_logprobs",
        ),
        (json!({"top_logprobs": 2}), "top_logprobs"),
        (json!({"n": 0}), "n"),
        (json!({"n": 100_000}), "n"),
        (json!({"max_tokens": 0}), "max_tokens"),
        (json!({"stop": ["", "x"]}), "stop"),
        (json!({"stop": vec!["x"; 40]}), "stop"),
        (json!({"tools": [{"type": "magic"}]}), "tools"),
        (
            json!({"tools": [{"type": "function", "function": {}}]}),
            "tools",
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": 3}}]}),
            "tools",
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "nonsense"}}}], "tool_choice": "required"}),
            "tools",
        ),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (
            json!({"tools": tool("f"), "tool_choice": "sometimes"}),
            "tool_choice",
        ),
        (
            json!({"tools": tool("f"), "tool_choice": {"type": "function", "function": {"name": "g"}}}),
            "tool_choice",
        ),
        (
            json!({"tools": tool("f"), "response_format": {"type": "json_object"}}),
            "response_format",
        ),
        (
            json!({"response_format": {"type": "xml"}}),
            "response_format",
        ),
        (
            json!({"response_format": {"type": "json_schema"}}),
            "response_format",
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "nonsense"}}}}),
            "response_format",
        ),
        (json!({"functions": []}), "functions"),
    ] {
        let response = server
            .post("/v1/chat/completions", &chat(more.clone()))
            .await;
        let (status, error) = error(response).await;
        assert_eq!(
            (status, &error["param"]),
            (StatusCode::BAD_REQUEST, &json!(param)),
            "{more}: {error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    server.chat(json!({})).await;
}

#[tokio::test]
async fn fields_of_completions_that_make_no_sense_are_refused_by_name() {
    let server = plain(|_| ()).await;
    for (more, param) in [
        (json!({"prompt": ""}), "prompt"),
        (json!({"prompt": []}), "prompt"),
        (json!({"prompt": [[]]}), "prompt"),
        (json!({"prompt": [4000]}), "prompt"),
        (json!({"prompt": "x", "echo": true}), "echo"),
        (json!({"prompt": "x", "suffix": "y"}), "suffix"),
        (json!({"prompt": "x", "best_of": 4}), "best_of"),
    ] {
        let mut body = json!({"model": "m"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let (status, error) = error(server.post("/v1/completions", &body).await).await;
        assert_eq!(
            (status, &error["param"]),
            (StatusCode::BAD_REQUEST, &json!(param)),
            "{more}: {error}"
        );
    }
    server.chat(json!({})).await;
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let server = plain(|_| ()).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [&[u8]; 8] = [
        b"",
        b"not json",
        b"{\"model\": \"m\", \"messages\": [",
        b"[]",
        b"{\"model\": \"m\"}",
        b"{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"\xff\xfe\"}]}",
        b"{\"model\": \"m\", \"messages\": [], \"max_tokens\": -3}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let url = format!("http://{}/v1/chat/completions", server.address);
        let response = server
            .client
            .post(url)
            .body(body.to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(error(response).await.0, StatusCode::BAD_REQUEST);
    }
    server.chat(json!({})).await;
}

#[tokio::test]
async fn other_models_paths_and_methods_are_told_apart() {
    let server = plain(|_| ()).await;
    let (status, unknown) = error(
        server
            .post("/v1/chat/completions", &chat(json!({"model": "gpt-4"})))
            .await,
    )
    .await;
    assert_eq!(
        (status, &unknown["code"]),
        (StatusCode::NOT_FOUND, &json!("model_not_found"))
    );
    let (status, unknown) = error(
        server
            .post("/v1/embeddings", &json!({"model": "m", "input": "x"}))
            .await,
    )
    .await;
    assert_eq!(
        (status, &unknown["code"]),
        (StatusCode::NOT_FOUND, &json!("model_not_found"))
    );
    assert_eq!(
        error(server.get("/v2/nothing").await).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        error(server.get("/v1/completions").await).await.0,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn a_prompt_beyond_the_context_has_openais_code_for_it() {
    let server = plain(|_| ()).await;
    let long = "x".repeat(5000);
    let body = chat(json!({"messages": [{"role": "user", "content": long}]}));
    let (status, error) = error(server.post("/v1/chat/completions", &body).await).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(error["code"], "context_length_exceeded");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("maximum context length is 4096") && message.contains("5008"),
        "{message}"
    );
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_the_client_hears_why() {
    let server = plain(|_| ()).await;
    let body = chat(json!({"messages": [{"role": "user", "content": "x".repeat(10_000_000)}]}));
    let (status, error) = error(server.post("/v1/chat/completions", &body).await).await;
    assert_eq!(
        (status, &error["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("request_too_large"))
    );
    server.chat(json!({})).await;
}

#[tokio::test]
async fn without_the_key_only_health_and_metrics_answer() {
    let options = ServerOptions {
        api_key: super::super::http::Key::new("secret"),
        ..ServerOptions::default()
    };
    let server = start(settings(), options, |_| ()).await;
    let (status, refused) =
        error(server.post("/v1/chat/completions", &chat(json!({}))).await).await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::UNAUTHORIZED, &json!("invalid_api_key"))
    );
    let models = async |key: &str| {
        let url = format!("http://{}/v1/models", server.address);
        let request = server
            .client
            .get(url)
            .header("authorization", format!("Bearer {key}"));
        request.send().await.unwrap().status()
    };
    assert_eq!(models("Secret").await, StatusCode::UNAUTHORIZED);
    assert_eq!(models("secret").await, StatusCode::OK);
    assert_eq!(server.get("/health").await.status(), StatusCode::OK);
    assert_eq!(server.get("/metrics").await.status(), StatusCode::OK);
}
