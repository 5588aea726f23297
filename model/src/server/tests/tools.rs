//! Tools.

use serde_json::{Value, json};

use super::support::{chat, plain};

const CALLS: &[u8] = b"I look.\n<tool_call>\n{\"name\": \"bash\", \"arguments\": {\"command\": \"ls\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"done\", \"arguments\": {}}\n</tool_call>";

fn tools() -> Value {
    json!([
        {"type": "function", "function": {"name": "bash", "parameters": {"type": "object", "properties": {"command": {"enum": ["ls", "cat"]}}, "required": ["command"], "additionalProperties": false}}},
        {"type": "function", "function": {"name": "done"}},
    ])
}

#[tokio::test]
async fn calls_are_taken_out_of_the_text() {
    let server = plain(|model| model.script = Some(CALLS.to_vec())).await;
    let answer = server
        .chat(json!({"tools": tools(), "max_tokens": 500}))
        .await;
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], "I look.");
    let calls = choice["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["type"], "function");
    assert_eq!(
        calls[0]["function"],
        json!({"name": "bash", "arguments": "{\"command\":\"ls\"}"})
    );
    assert_ne!(calls[0]["id"], calls[1]["id"]);
}

#[tokio::test]
async fn a_stream_brings_each_call_by_name_and_then_arguments() {
    let server = plain(|model| model.script = Some(CALLS.to_vec())).await;
    let body = chat(json!({"tools": tools(), "max_tokens": 500}));
    let chunks = server.stream("/v1/chat/completions", body).await;
    let deltas: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"])
        .collect();
    let text: String = deltas
        .iter()
        .filter_map(|delta| delta["content"].as_str())
        .collect();
    assert_eq!(text, "I look.");
    let calls: Vec<&Value> = deltas
        .iter()
        .filter_map(|delta| delta["tool_calls"].get(0))
        .collect();
    assert_eq!(calls.len(), 4);
    assert_eq!(
        calls[0]["function"],
        json!({"name": "bash", "arguments": ""})
    );
    assert_eq!(
        calls[1]["function"],
        json!({"arguments": "{\"command\":\"ls\"}"})
    );
    let indices: Vec<&Value> = calls.iter().map(|call| &call["index"]).collect();
    assert_eq!(indices, [0, 0, 1, 1]);
    assert_eq!(
        chunks.last().unwrap()["choices"][0]["finish_reason"],
        "tool_calls"
    );
}

#[tokio::test]
async fn without_parallel_calls_the_answer_ends_after_the_first() {
    let server = plain(|model| model.script = Some(CALLS.to_vec())).await;
    let answer = server
        .chat(json!({"tools": tools(), "parallel_tool_calls": false, "max_tokens": 500}))
        .await;
    let calls = answer["choices"][0]["message"]["tool_calls"]
        .as_array()
        .unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() < CALLS.len() as u64);
}

#[tokio::test]
async fn with_no_choice_the_model_hears_of_no_tools_and_its_words_stay_words() {
    let server = plain(|model| model.script = Some(CALLS.to_vec())).await;
    let answer = server
        .chat(json!({"tools": tools(), "tool_choice": "none", "max_tokens": 500}))
        .await;
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"].as_str().unwrap().as_bytes(), CALLS);
    assert_eq!(message["tool_calls"], Value::Null);
    assert_eq!(answer["usage"]["prompt_tokens"], 13);
}

/// The stand-in writes letters at random: only the grammar makes calls of them.
#[tokio::test]
async fn a_call_that_is_asked_for_is_always_made_and_always_fits_its_schema() {
    let server = plain(|_| ()).await;
    let named = json!({"type": "function", "function": {"name": "bash"}});
    for seed in 0..4 {
        for choice in [json!("required"), named.clone()] {
            let answer = server
                .chat(json!({"tools": tools(), "tool_choice": choice, "parallel_tool_calls": false, "seed": seed, "temperature": 1.5, "max_tokens": 400}))
                .await;
            let calls = answer["choices"][0]["message"]["tool_calls"]
                .as_array()
                .unwrap();
            assert_eq!(calls.len(), 1, "{answer}");
            let function = &calls[0]["function"];
            if choice == named {
                assert_eq!(function["name"], "bash");
            }
            if function["name"] == "bash" {
                let arguments: Value =
                    serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
                assert!(
                    arguments["command"] == "ls" || arguments["command"] == "cat",
                    "{arguments}"
                );
            }
        }
    }
}
