//! What answers look like.

use serde_json::{Value, json};

use super::support::{chat, json_of, plain};

#[tokio::test]
async fn a_chat_is_answered_in_openais_form_and_a_seed_repeats_it() {
    let server = plain(|_| ()).await;
    let drawn = || server.chat(json!({"temperature": 1.0, "seed": 7}));
    let (first, second) = (drawn().await, drawn().await);
    assert_eq!(first["object"], "chat.completion");
    assert_eq!(first["model"], "m");
    assert_ne!(first["id"], second["id"]);
    let choice = &first["choices"][0];
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["message"]["role"], "assistant");
    let text = choice["message"]["content"].as_str().unwrap();
    assert_eq!(text.len(), 12);
    assert_eq!(choice, &second["choices"][0]);
    let usage = &first["usage"];
    // "user: hello\n" and the mark.
    assert_eq!(usage["prompt_tokens"], 13);
    assert_eq!(usage["completion_tokens"], 12);
    assert_eq!(usage["total_tokens"], 25);
    let other = server.chat(json!({"temperature": 1.0, "seed": 8})).await;
    assert_ne!(choice["message"], other["choices"][0]["message"]);
}

#[tokio::test]
async fn a_stream_is_the_whole_answer_in_pieces() {
    let server = plain(|_| ()).await;
    let whole = server.chat(json!({})).await;
    let body = chat(json!({"stream_options": {"include_usage": true}}));
    let chunks = server.stream("/v1/chat/completions", body).await;
    let (last, chunks) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 12);
    assert_eq!(
        chunks[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": ""})
    );
    let pieces = chunks.iter().map(|chunk| {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["usage"], Value::Null);
        assert_eq!(chunk["id"], chunks[0]["id"]);
        chunk["choices"][0]["delta"]["content"]
            .as_str()
            .unwrap_or_default()
    });
    assert_eq!(
        pieces.collect::<String>(),
        whole["choices"][0]["message"]["content"].as_str().unwrap()
    );
    let finishes: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["finish_reason"])
        .collect();
    let (end, before) = finishes.split_last().unwrap();
    assert_eq!(*end, "length");
    assert!(before.iter().all(|finish| finish.is_null()));
}

#[tokio::test]
async fn several_choices_are_drawn_apart_and_the_prompt_is_counted_once() {
    let server = plain(|_| ()).await;
    let answer = server
        .chat(json!({"n": 3, "temperature": 1.0, "seed": 1}))
        .await;
    let texts: std::collections::BTreeSet<&str> = (0..3)
        .map(|index| {
            answer["choices"][index]["message"]["content"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(texts.len(), 3);
    assert_eq!(answer["usage"]["prompt_tokens"], 13);
    assert_eq!(answer["usage"]["completion_tokens"], 36);
    let body = chat(json!({"n": 3, "temperature": 1.0, "seed": 1}));
    let mut streamed = vec![String::new(); 3];
    for chunk in server.stream("/v1/chat/completions", body).await {
        let choice = &chunk["choices"][0];
        let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
        streamed[index] += choice["delta"]["content"].as_str().unwrap_or_default();
    }
    assert_eq!(
        streamed
            .iter()
            .map(String::as_str)
            .collect::<std::collections::BTreeSet<_>>(),
        texts
    );
}

#[tokio::test]
async fn a_conversation_that_is_sent_again_is_found_in_the_cache_but_not_from_another_salt() {
    let server = plain(|_| ()).await;
    let long = "word ".repeat(40);
    let ask = |salt: &'static str| {
        server.chat(json!({"messages": [{"role": "user", "content": long}], "cache_salt": salt}))
    };
    let cached = |answer: &Value| {
        answer["usage"]["prompt_tokens_details"]["cached_tokens"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(cached(&ask("a").await), 0);
    // 208 tokens: 13 blocks of 16, of which the last position is computed again.
    assert_eq!(cached(&ask("a").await), 207);
    assert_eq!(cached(&ask("b").await), 0);
}

#[tokio::test]
async fn a_stop_string_ends_the_answer_before_it() {
    let server = plain(|model| model.script = Some(b"one two three".to_vec())).await;
    let whole = server.chat(json!({"max_tokens": 50})).await;
    assert_eq!(whole["choices"][0]["message"]["content"], "one two three");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let cut = server
        .chat(json!({"max_tokens": 50, "stop": ["zzz", " three"]}))
        .await;
    assert_eq!(cut["choices"][0]["message"]["content"], "one two");
    assert_eq!(cut["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn characters_of_several_tokens_are_never_cut_in_a_stream() {
    let server =
        plain(|model| model.script = Some("é€𝄞 \u{ff}".bytes().chain([0xe2, 0x82]).collect()))
            .await;
    let chunks = server
        .stream("/v1/chat/completions", chat(json!({"max_tokens": 50})))
        .await;
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "é€𝄞 ÿ\u{fffd}");
}

#[tokio::test]
async fn log_probabilities_come_with_their_alternatives() {
    let server = plain(|_| ()).await;
    let answer = server
        .chat(json!({"logprobs": true, "top_logprobs": 2, "max_tokens": 3}))
        .await;
    let content = answer["choices"][0]["logprobs"]["content"]
        .as_array()
        .unwrap();
    assert_eq!(content.len(), 3);
    let text: String = content
        .iter()
        .map(|entry| entry["token"].as_str().unwrap())
        .collect();
    assert_eq!(answer["choices"][0]["message"]["content"], text);
    for entry in content {
        let top = entry["top_logprobs"].as_array().unwrap();
        assert_eq!(top.len(), 2);
        // Greedy: the chosen one is the likeliest.
        assert_eq!(
            (&top[0]["token"], &top[0]["logprob"]),
            (&entry["token"], &entry["logprob"])
        );
        assert!(entry["logprob"].as_f64().unwrap() < 0.0);
        assert_eq!(
            entry["bytes"],
            json!(entry["token"].as_str().unwrap().as_bytes())
        );
    }
    let chunks = server
        .stream(
            "/v1/chat/completions",
            chat(json!({"logprobs": true, "max_tokens": 3})),
        )
        .await;
    let streamed = chunks
        .iter()
        .filter(|chunk| !chunk["choices"][0]["logprobs"].is_null());
    assert_eq!(streamed.count(), 3);
}

#[tokio::test]
async fn completions_go_on_from_texts_and_tokens() {
    let server = plain(|_| ()).await;
    let body = |prompt: Value| json!({"model": "m", "prompt": prompt, "max_tokens": 5, "temperature": 0, "logprobs": 1});
    let ask = async |prompt| -> Value {
        let response = server.post("/v1/completions", &body(prompt)).await;
        assert_eq!(response.status(), 200);
        json_of(response).await
    };
    let text = ask(json!("ab")).await;
    assert_eq!(text["object"], "text_completion");
    let written = text["choices"][0]["text"].as_str().unwrap();
    assert_eq!(written.len(), 5);
    let logprobs = &text["choices"][0]["logprobs"];
    assert_eq!(logprobs["tokens"].as_array().unwrap().len(), 5);
    assert_eq!(logprobs["text_offset"], json!([0, 1, 2, 3, 4]));
    let tokens = ask(json!([97, 98])).await;
    assert_eq!(tokens["choices"][0]["text"], written);
    let several = ask(json!(["x", "ab"])).await;
    assert_eq!(several["choices"][1]["text"], written);
    assert_eq!(several["usage"]["prompt_tokens"], 3);
    let lists = ask(json!([[120], [97, 98]])).await;
    assert_eq!(lists["choices"], several["choices"]);
    let chunks = server.stream("/v1/completions", body(json!("ab"))).await;
    let streamed: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["text"].as_str())
        .collect();
    assert_eq!(streamed, written);
}

#[tokio::test]
async fn a_schema_shapes_the_answer() {
    let server = plain(|_| ()).await;
    let schema = json!({"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}, "count": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["colour", "count"], "additionalProperties": false});
    let format = json!({"type": "json_schema", "json_schema": {"name": "thing", "schema": schema}});
    let answer = server
        .chat(json!({"response_format": format, "max_tokens": 200}))
        .await;
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let thing: Value = serde_json::from_str(content).unwrap();
    assert!(
        thing["colour"] == "red" || thing["colour"] == "blue",
        "{thing}"
    );
    assert!((1..=9).contains(&thing["count"].as_i64().unwrap()));
}

#[tokio::test]
async fn models_health_and_metrics_are_told() {
    let server = plain(|_| ()).await;
    let json = async |path: &'static str| json_of(server.get(path).await).await;
    assert_eq!(json("/health").await["status"], "ok");
    let models = json("/v1/models").await;
    assert_eq!(models["data"][0]["id"], "m");
    assert_eq!(json("/v1/models/m").await, models["data"][0]);
    assert_eq!(
        json("/v1/models/other/x").await["error"]["code"],
        "model_not_found"
    );
    server.chat(json!({})).await;
    let page = server.get("/metrics").await.text().await.unwrap();
    for line in [
        "swemill_http_responses_total{path=\"/v1/chat/completions\",status=\"200\"} 1",
        "swemill_answer_tokens_total{model=\"m\"} 12",
        "swemill_first_token_seconds_count{model=\"m\"} 1",
        "swemill_first_token_seconds_bucket{model=\"m\",le=\"+Inf\"} 1",
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "{line} is not in\n{page}"
        );
    }
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            name.starts_with("swemill_") && value.parse::<f64>().is_ok(),
            "{line}"
        );
    }
}
