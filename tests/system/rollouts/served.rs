//! Attempts by a real model behind a real server that is killed in the middle.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::home;
use crate::model_serving::{self, MODEL};
use crate::support::{Home, finish};

const INSTANCES: u64 = 3;
const ANSWER_TOKENS: u64 = 24;
/// How long the first answer may take: tests of many crates run at one time.
const PATIENCE: Duration = Duration::from_mins(5);

#[test]
fn a_server_that_is_killed_in_the_middle_is_waited_for_and_its_answers_are_accounted() {
    let Some(models) = model_serving::home() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    // A port that is free now: the server comes back where it was.
    let port = free_port().to_string();
    let first = serve(&models, &port);
    let endpoint = format!("http://127.0.0.1:{port}/v1");
    let (instances, tokens) = (INSTANCES.to_string(), ANSWER_TOKENS.to_string());
    let rollouts = home
        .command(&[
            "rollout",
            "--model",
            MODEL,
            "--endpoint",
            &endpoint,
            "--interface",
            "mini-fenced",
            "--limit",
            &instances,
            "--answer-tokens",
            &tokens,
            "--max-steps",
            "3",
            "--in-flight",
            "1",
            "--until-idle",
            "--json",
        ])
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while home.rows("SELECT FROM rollout_steps LIMIT 1").is_empty() {
        assert!(begun.elapsed() < PATIENCE, "no step was stored");
        std::thread::sleep(Duration::from_millis(100));
    }
    kill(first);
    std::thread::sleep(Duration::from_secs(2));
    let second = serve(&models, &port);
    let said = finish(rollouts);
    kill(second);
    assert_eq!(said.code, Some(0), "{}", said.text());
    let account = &said.json()["accounts"][0];
    let number = |name: &str| account[name].as_u64().unwrap();
    assert_eq!(
        (number("graded"), number("failed")),
        (INSTANCES, 0),
        "{account}"
    );
    let answered = number("completion_tokens");
    assert!(
        answered > 0 && answered <= ANSWER_TOKENS * number("steps"),
        "{account}"
    );
    // The second query of an attempt begins with its first.
    let cached = number("cached_tokens");
    assert!(cached > 0 && cached < number("prompt_tokens"), "{account}");
    let waited = account["waiting_seconds"].as_f64().unwrap();
    assert!(waited > 1.0, "failed tries are no model's time: {account}");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A server of the model that takes requests.
fn serve(models: &Home, port: &str) -> Child {
    let mut command = models.command(&["model", "serve", "--model", MODEL, "--port", port]);
    let mut server = command.stderr(Stdio::inherit()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains(port), "{line:?}");
    server
}

fn kill(mut server: Child) {
    server.kill().unwrap();
    server.wait().unwrap();
}
