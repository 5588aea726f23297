//! Too much at once, models that fail, and ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Server, chat, chunks, json_of, plain, settings, start};
use crate::{engine::Settings, server::ServerOptions};

#[tokio::test]
async fn a_request_that_would_wait_behind_too_many_is_told_when_to_come_again() {
    let crowded = Settings {
        sequences: 1,
        queue: 2,
        ..settings()
    };
    let slow = Duration::from_millis(5);
    let server = start(crowded, ServerOptions::default(), |model| {
        model.delay = slow;
    })
    .await;
    let body = chat(json!({"max_tokens": 400}));
    let ask = || server.post("/v1/chat/completions", &body);
    let running = |server: &Server| server.metrics().running() == 1;
    let two_wait = |server: &Server| server.metrics().waiting() == 2;
    let (one, two, three, four) = tokio::join!(
        ask(),
        async {
            server.until("the first runs", running).await;
            ask().await
        },
        async {
            server.until("the first runs", running).await;
            ask().await
        },
        async {
            server.until("two wait", two_wait).await;
            ask().await
        }
    );
    for response in [one, two, three] {
        assert_eq!(response.status(), 200);
    }
    assert_eq!(four.status(), 429);
    let wait: u64 = four.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait));
    let error: Value = json_of(four).await;
    assert_eq!(error["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn a_model_that_gives_nan_fails_the_one_request_and_not_the_server() {
    let server = plain(|model| model.not_a_number = Some(u32::from(b'!'))).await;
    let bad = json!({"model": "m", "prompt": "wow!", "max_tokens": 3});
    for stream in [false, true] {
        let mut bad = bad.clone();
        bad["stream"] = json!(stream);
        let response = server.post("/v1/completions", &bad).await;
        // Nothing has been sent yet, so even a stream fails with a status.
        assert_eq!(response.status(), 500);
        let error: Value = json_of(response).await;
        assert_eq!(error["error"]["type"], "server_error");
        assert!(
            error["error"]["message"].as_str().unwrap().contains("NaN"),
            "{error}"
        );
    }
    server.chat(json!({})).await;
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_stream_is_told_in_the_stream() {
    let server = plain(|model| {
        model.script = Some(b"fine! never".to_vec());
        model.not_a_number = Some(u32::from(b'!'));
    })
    .await;
    let mut body = chat(json!({}));
    body["stream"] = json!(true);
    let response = server.post("/v1/chat/completions", &body).await;
    assert_eq!(response.status(), 200);
    let chunks = chunks(&response.text().await.unwrap());
    let (error, before) = chunks.split_last().unwrap();
    assert!(
        error["error"]["message"].as_str().unwrap().contains("NaN"),
        "{error}"
    );
    let text: String = before
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "fine!");
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_finishes_what_it_began_and_takes_nothing_more() {
    let slow = Duration::from_millis(5);
    let mut server = start(settings(), ServerOptions::default(), |model| {
        model.delay = slow;
    })
    .await;
    let mut body = chat(json!({"max_tokens": 300}));
    body["stream"] = json!(true);
    let running = server.post("/v1/chat/completions", &body).await;
    server.tell_to_stop();
    let engine = server.service.hosts()[0].engine().clone();
    server
        .until("the engine takes no more", |_| {
            engine
                .submit(crate::engine::Request::new(vec![1], 1))
                .is_err()
        })
        .await;
    // It is refused while the first answer still runs, not because all is over.
    assert_eq!(server.metrics().running(), 1);
    let chunks = chunks(&running.text().await.unwrap());
    assert_eq!(
        chunks.last().unwrap()["choices"][0]["finish_reason"],
        "length"
    );
    let (address, client) = (server.address, server.client.clone());
    assert!(server.ended().await);
    assert!(
        client
            .get(format!("http://{address}/health"))
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_answer_that_takes_too_long_after_the_stop_is_cut_off() {
    let options = ServerOptions {
        drain: Duration::from_millis(100),
        ..ServerOptions::default()
    };
    let slow = Duration::from_millis(20);
    let mut server = start(settings(), options, |model| model.delay = slow).await;
    let mut body = chat(json!({"max_tokens": 3000}));
    body["stream"] = json!(true);
    let _running = server.post("/v1/chat/completions", &body).await;
    server.tell_to_stop();
    assert!(!server.ended().await);
}
