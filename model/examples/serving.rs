//! Measures the server without a model: `cargo run --release -p swemill-model --example serving -- WHAT MODEL`.
//!
//! MODEL gives tokenizer and chat template; its place is taken by a stand-in that needs no time, so that what is left is the engine's
//! and the server's. WHAT is `overhead` (time to the first byte of a stream beyond the engine's first token), `streams` (500 open at
//! once) or `memory` (resident memory over 10,000 requests). Prints one JSON object.

use std::{collections::BTreeSet, io::Write as _, path::Path, time::Duration, time::Instant};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use swemill_model::{
    Host, Model, Options,
    engine::{self, Request, Settings, Step},
    host::Words,
    server::{ServerOptions, Service, serve},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Always wants the same token.
struct Instantly {
    vocabulary: usize,
    step: Duration,
}

impl engine::Model for Instantly {
    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn context(&self) -> usize {
        8192
    }

    fn step(&mut self, step: &Step<'_>) -> swemill_model::Result<Vec<f32>> {
        std::thread::sleep(self.step);
        let rows = step.batch.wanted_rows().map_or(0, |rows| rows.len());
        let mut logits = vec![0.0; rows * self.vocabulary];
        for row in logits.chunks_exact_mut(self.vocabulary) {
            row[1000] = 10.0;
        }
        Ok(logits)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, model] = arguments.as_slice() else {
        return Err("usage: serving overhead|streams|memory MODEL".into());
    };
    let streams = what == "streams";
    let settings = Settings {
        blocks: 16_384,
        sequences: if streams { STREAMS } else { 64 },
        guesses: 0,
        ..Settings::default()
    };
    let step = Duration::from_millis(if streams { 20 } else { 0 });
    let service = service(Path::new(model), settings, step)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/v1/chat/completions", listener.local_addr()?);
    let running = service.clone();
    tokio::spawn(async move { serve(listener, running, std::future::pending()).await });
    let client = reqwest::Client::builder().no_proxy().build()?;
    let row = match what.as_str() {
        "overhead" => overhead(&client, &url, &service).await?,
        "streams" => open_streams(&client, &url).await?,
        "memory" => memory(&client, &url).await?,
        other => return Err(format!("`{other}` is not measured here").into()),
    };
    writeln!(std::io::stdout(), "{row}")?;
    Ok(())
}

fn service(path: &Path, settings: Settings, step: Duration) -> Result<Service, Failure> {
    let model = Model::open(path, &Options::default())?;
    let stand_in = Instantly {
        vocabulary: model.decoder.config.vocabulary,
        step,
    };
    let words = Words {
        tokenizer: model.tokenizer,
        chat_template: model.chat_template,
        begin: model.begin_token,
        ends: model.end_tokens.into_iter().collect(),
    };
    let host = Host::new("model", Box::new(stand_in), words, settings)?;
    Ok(Service::new(
        vec![host],
        Vec::new(),
        ServerOptions::default(),
    ))
}

fn body(content: &str, max_tokens: usize, stream: bool) -> String {
    let messages = [json!({"role": "user", "content": content})];
    json!({"model": "model", "messages": messages, "max_tokens": max_tokens, "stream": stream, "temperature": 0, "ignore_eos": true}).to_string()
}

/// In turn: a stream over a connection until its first byte, and the same tokens given to the engine until the first comes back.
async fn overhead(
    client: &reqwest::Client,
    url: &str,
    service: &Service,
) -> Result<Value, Failure> {
    let mut rows = serde_json::Map::new();
    for (name, words) in [("short", 10), ("long", 1500)] {
        let (mut over, mut alone) = (Vec::new(), Vec::new());
        for run in 0..220 {
            // Every prompt is new from its first words on, for both.
            let content = format!("{run} {}", "word of a prompt ".repeat(words / 4));
            let begun = Instant::now();
            let response = client
                .post(url)
                .body(body(&content, 2, true))
                .send()
                .await?;
            let mut bytes = response.bytes_stream();
            bytes.next().await.ok_or("the stream is empty")??;
            let first_byte = begun.elapsed();
            while bytes.next().await.is_some() {}
            let host = &service.hosts()[0];
            let prompt = host.text_prompt(&format!("alone {content}"))?;
            let begun = Instant::now();
            let mut answer = host.engine().submit(Request::new(prompt, 2))?;
            answer.next().await.ok_or("the engine gave nothing")?;
            let first_token = begun.elapsed();
            while answer.next().await.is_some() {}
            if run >= 20 {
                over.push(first_byte.as_secs_f64() * 1e3);
                alone.push(first_token.as_secs_f64() * 1e3);
            }
        }
        let beyond: Vec<f64> = over
            .iter()
            .zip(&alone)
            .map(|(over, alone)| over - alone)
            .collect();
        rows.insert(
            name.to_owned(),
            json!({"beyond_ms": quantiles(beyond), "engine_ms": quantiles(alone)}),
        );
    }
    Ok(Value::Object(rows))
}

/// Median, and what 95 of 100 stay below.
fn quantiles(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |share: usize| values.get(values.len() * share / 100).copied();
    json!({"median": at(50), "p95": at(95)})
}

const STREAMS: usize = 500;

/// All are open before any ends: each waits for the others after its first byte.
async fn open_streams(client: &reqwest::Client, url: &str) -> Result<Value, Failure> {
    let begun = Instant::now();
    let together = std::sync::Arc::new(tokio::sync::Barrier::new(STREAMS));
    let tasks: Vec<_> = (0..STREAMS)
        .map(|number| {
            let request = client.post(url).body(body(&format!("{number}"), 100, true));
            let together = std::sync::Arc::clone(&together);
            tokio::spawn(async move {
                let response = request.send().await.map_err(|error| error.to_string())?;
                let status = response.status();
                let mut bytes = response.bytes_stream();
                let mut text = String::new();
                let mut waited = false;
                while let Some(part) = bytes.next().await {
                    let part = part.map_err(|error| error.to_string())?;
                    text.push_str(&String::from_utf8_lossy(&part));
                    if !std::mem::replace(&mut waited, true) {
                        together.wait().await;
                    }
                }
                let whole =
                    text.ends_with("data: [DONE]\n\n") && text.matches("\"delta\"").count() > 100;
                if status.is_success() && whole {
                    Ok(())
                } else {
                    Err(format!("{status}: {} bytes", text.len()))
                }
            })
        })
        .collect();
    let mut failures = BTreeSet::new();
    let mut failed = 0;
    for task in tasks {
        if let Err(failure) = task.await? {
            failed += 1;
            failures.insert(failure);
        }
    }
    Ok(
        json!({"streams": STREAMS, "failed": failed, "failures": failures, "seconds": begun.elapsed().as_secs_f64()}),
    )
}

/// Requests of many lengths, some of which leave early, eight at a time.
async fn memory(client: &reqwest::Client, url: &str) -> Result<Value, Failure> {
    let mut resident = Vec::new();
    for thousand in 0..10 {
        let requests = (0..1000usize).map(|number| {
            let content = format!("{thousand} {} {}", number % 97, "word ".repeat(number % 61));
            let request = client
                .post(url)
                .body(body(&content, 1 + number % 23, number % 2 == 0));
            async move {
                let response = request.send().await?;
                // Every seventh leaves without reading.
                if number % 7 != 0 {
                    response.bytes().await?;
                }
                Ok::<_, reqwest::Error>(())
            }
        });
        let mut running = futures_util::stream::iter(requests).buffer_unordered(8);
        while let Some(done) = running.next().await {
            done?;
        }
        resident.push(resident_megabytes()?);
    }
    Ok(
        json!({"requests": 10_000, "resident_mb": resident, "growth_mb_after_2000": resident[9] - resident[1]}),
    )
}

fn resident_megabytes() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmRSS")?;
    Ok(kilobytes.parse::<f64>()? / 1e3)
}
