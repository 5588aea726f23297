//! Clients that do not behave.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::support::{Server, chat, plain, settings, start};
use crate::{engine::Settings, server::ServerOptions};

/// Sends a request by hand, so that the test decides what is read and when.
async fn by_hand(server: &Server, body: &str, length: usize) -> TcpStream {
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body.as_bytes()).await.unwrap();
    connection
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_request_whether_it_streams_or_not() {
    let slow = Duration::from_millis(5);
    let server = start(settings(), ServerOptions::default(), |model| {
        model.delay = slow;
    })
    .await;
    for (count, stream) in [(1, false), (2, true)] {
        let body = chat(json!({"max_tokens": 3000, "stream": stream})).to_string();
        let connection = by_hand(&server, &body, body.len()).await;
        server
            .until("the request runs", |server| server.metrics().running() == 1)
            .await;
        drop(connection);
        server
            .until("it is cancelled", |server| {
                server.metrics().cancelled.get() == count
            })
            .await;
    }
    server
        .until("its blocks are free", |server| {
            server.metrics().occupancy().used == 0
        })
        .await;
    assert_eq!(server.metrics().completed.get(), 0);
}

#[tokio::test]
async fn a_client_that_stops_reading_is_held_up_alone_and_then_given_up() {
    let impatient = Settings {
        channel: 4,
        stall: Duration::from_millis(500),
        ..settings()
    };
    let server = start(impatient, ServerOptions::default(), |_| ()).await;
    // Log-probabilities make the answer larger than what the two ends of a connection hold back for a reader.
    let body = chat(
        json!({"max_tokens": 4000, "stream": true, "logprobs": true, "top_logprobs": 20, "n": 8}),
    )
    .to_string();
    let silent = by_hand(&server, &body, body.len()).await;
    server
        .until("it is being answered", |server| {
            server.metrics().answer_tokens.get() > 0
        })
        .await;
    // Others are answered meanwhile.
    for _ in 0..3 {
        server.chat(json!({})).await;
    }
    server
        .until("it is given up", |server| server.metrics().failed.get() > 0)
        .await;
    server
        .until("its blocks are free", |server| {
            server.metrics().occupancy().used == 0
        })
        .await;
    drop(silent);
    server.chat(json!({})).await;
}

#[tokio::test]
async fn a_request_that_never_arrives_whole_is_given_up() {
    let options = ServerOptions {
        body_time: Duration::from_millis(200),
        ..ServerOptions::default()
    };
    let server = start(settings(), options, |_| ()).await;
    let mut connection = by_hand(&server, "{\"model\": ", 1000).await;
    let mut answer = vec![0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
    server.chat(json!({})).await;
}

#[tokio::test]
async fn bytes_that_are_no_http_disturb_nobody() {
    let server = plain(|_| ()).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection
        .write_all(&[0x16, 0x03, 0xff, 0x00, b'\r', b'\n'])
        .await
        .unwrap();
    let mut answer = Vec::new();
    // Whether it says something or just hangs up, it ends.
    let _ = connection.read_to_end(&mut answer).await;
    server.chat(json!({})).await;
}
